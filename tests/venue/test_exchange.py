"""The exchange: answers to requests, every reason a venue gives, and what must add up."""

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from venue_requests import REPLACE, assert_consistent, event, named, request
from venue_rig import BUY, GOLD, SELL

from tidegate.native.records import (
    NO_PRICE,
    ExecType,
    Flag,
    Kind,
    OrdType,
    Reason,
    TimeInForce,
)
from tidegate.tape.events import TapeKind
from tidegate.venue import exchange as exchange_module
from tidegate.venue import wire
from tidegate.venue.exchange import Exchange
from tidegate.venue.ledger import Security, fee
from tidegate.venue.wire import Row


@pytest.fixture
def exchange() -> Exchange:
    """Gold, open, bid 100, ask 102, ten lots each, limits 50 and 150."""
    found = Exchange((GOLD,), first_id=1000)
    found.books[1].is_open = True
    found.tape(event(TapeKind.QUOTE, BUY, 100, 10))
    found.tape(event(TapeKind.QUOTE, SELL, 102, 10))
    found.tape(event(TapeKind.LOWER_LIMIT, price=50))
    found.tape(event(TapeKind.UPPER_LIMIT, price=150))
    return found


def only(rows: list[Row]) -> dict[str, int]:
    assert len(rows) == 1
    return named(rows[0])


# What is asked before, what is asked, and the reason for which it is refused.
REFUSALS: list[tuple[list[Row], Row, Reason]] = [
    ([], request(1, order_qty=0), Reason.VENUE_MALFORMED),
    ([], request(1, order_qty=-3), Reason.VENUE_MALFORMED),
    ([], request(1, order_qty=1 << 40), Reason.VENUE_MALFORMED),
    ([], request(1, instrument=2), Reason.VENUE_MALFORMED),
    ([], request(0), Reason.VENUE_MALFORMED),
    ([], request(1, price=NO_PRICE), Reason.VENUE_MALFORMED),
    ([], request(1, price=151), Reason.VENUE_PRICE_LIMIT),
    ([], request(1, price=102, flags=Flag.POST_ONLY), Reason.VENUE_POST_ONLY),
    ([request(1)], request(1), Reason.VENUE_DUPLICATE),
    ([request(1, price=151)], request(1), Reason.VENUE_DUPLICATE),
    ([], request(1, Kind.CANCEL_REQUEST), Reason.VENUE_UNKNOWN_ORDER),
    ([], request(1, REPLACE), Reason.VENUE_UNKNOWN_ORDER),
    ([request(1)], request(1, Kind.CANCEL_REQUEST, account=2), Reason.VENUE_UNKNOWN_ORDER),
    ([request(1, price=102)], request(1, Kind.CANCEL_REQUEST), Reason.VENUE_TOO_LATE),
    ([request(1, price=102)], request(1, REPLACE), Reason.VENUE_TOO_LATE),
    ([request(1)], request(1, REPLACE, price=151), Reason.VENUE_PRICE_LIMIT),
    ([request(1)], request(1, REPLACE, order_qty=0), Reason.VENUE_MALFORMED),
    ([request(1)], request(1, REPLACE, price=NO_PRICE), Reason.VENUE_MALFORMED),
    (
        [request(1, flags=Flag.POST_ONLY)],
        request(1, REPLACE, price=102),
        Reason.VENUE_POST_ONLY,
    ),
]


@pytest.mark.parametrize(("before", "asked", "reason"), REFUSALS)
def test_a_request_is_refused_for_its_reason(
    exchange: Exchange, before: list[Row], asked: Row, reason: Reason
) -> None:
    for row in before:
        exchange.request(row)
    held = len(exchange.books[1].orders())
    answer = only(exchange.request(asked))
    assert answer["reason"] == reason
    assert answer["cl_ord_id"] == asked[wire.CL_ORD_ID]
    if asked[wire.KIND] == Kind.NEW_ORDER_SINGLE:
        assert answer["exec_type"] == ExecType.EXEC_REJECTED
        assert (answer["cum_qty"], answer["last_qty"]) == (0, 0)
    else:
        assert answer["kind"] == Kind.CANCEL_REJECT
        assert answer["ref_kind"] == asked[wire.KIND]
    assert len(exchange.books[1].orders()) == held, "a refusal changes nothing"


def test_every_reason_of_a_venue_is_produced_by_a_test() -> None:
    venue = {reason for reason in Reason if 160 <= reason < 192}
    elsewhere = {Reason.VENUE_CLOSED, Reason.VENUE_REJECTED}
    assert {reason for _, _, reason in REFUSALS} | elsewhere == venue


def test_a_closed_session_rejects_orders_and_replaces_but_cancels(exchange: Exchange) -> None:
    lasting = TimeInForce.GOOD_TILL_CANCEL
    exchange.request(request(1, time_in_force=lasting))
    exchange.request(request(2))
    expired = only(exchange.tape(event(TapeKind.SESSION_CLOSE)))
    assert (expired["exec_type"], expired["cl_ord_id"]) == (ExecType.EXEC_EXPIRED, 2)
    assert only(exchange.request(request(3)))["reason"] == Reason.VENUE_CLOSED
    assert only(exchange.request(request(1, REPLACE, price=98)))["reason"] == Reason.VENUE_CLOSED
    canceled = only(exchange.request(request(1, Kind.CANCEL_REQUEST)))
    assert canceled["exec_type"] == ExecType.EXEC_CANCELED


def test_a_full_order_table_rejects(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange_module, "ORDERS_MAX", 1)
    exchange.request(request(1))
    assert only(exchange.request(request(2)))["reason"] == Reason.VENUE_REJECTED


def test_what_an_ioc_leaves_expires(exchange: Exchange) -> None:
    ioc = TimeInForce.IMMEDIATE_OR_CANCEL
    rows = [
        named(row)
        for row in exchange.request(request(1, price=102, order_qty=12, time_in_force=ioc))
    ]
    assert [row["exec_type"] for row in rows] == [
        ExecType.EXEC_NEW,
        ExecType.EXEC_TRADE,
        ExecType.EXEC_EXPIRED,
    ]
    assert [row["cum_qty"] for row in rows] == [0, 10, 10]


def test_an_unfilled_fok_expires_without_a_trade(exchange: Exchange) -> None:
    fok = TimeInForce.FILL_OR_KILL
    rows = [
        named(row)
        for row in exchange.request(request(1, price=102, order_qty=12, time_in_force=fok))
    ]
    assert [row["exec_type"] for row in rows] == [ExecType.EXEC_NEW, ExecType.EXEC_EXPIRED]


@pytest.mark.parametrize(
    ("time_in_force", "ends", "filled"),
    [
        (TimeInForce.DAY, ExecType.EXEC_CANCELED, 10),
        (TimeInForce.IMMEDIATE_OR_CANCEL, ExecType.EXEC_CANCELED, 10),
        (TimeInForce.FILL_OR_KILL, ExecType.EXEC_EXPIRED, 0),
    ],
)
def test_a_market_order_with_a_price_stops_there(
    exchange: Exchange, time_in_force: TimeInForce, ends: ExecType, filled: int
) -> None:
    exchange.tape(event(TapeKind.LEVEL, SELL, 104, 5))
    market = request(1, ord_type=OrdType.MARKET, price=103, order_qty=12)
    rows = [
        named(row) for row in exchange.request(_with(market, wire.TIME_IN_FORCE, time_in_force))
    ]
    assert (rows[-1]["exec_type"], rows[-1]["cum_qty"]) == (ends, filled)
    is_stopped = ends == ExecType.EXEC_CANCELED
    assert rows[-1]["reason"] == (Reason.VENUE_PRICE_LIMIT if is_stopped else 0)
    assert all(row["last_px"] <= 103 for row in rows if row["last_qty"])


def test_a_market_order_that_finds_no_more_within_its_price_expires(exchange: Exchange) -> None:
    rows = exchange.request(request(1, ord_type=OrdType.MARKET, price=103, order_qty=12))
    last = named(rows[-1])
    assert (last["exec_type"], last["cum_qty"], last["reason"]) == (ExecType.EXEC_EXPIRED, 10, 0)


def test_both_reports_of_one_match_carry_its_number_and_no_other_does(exchange: Exchange) -> None:
    exchange.request(request(1, price=101, side=SELL))
    exchange.request(request(2, price=101, side=SELL))
    rows = [named(row) for row in exchange.request(request(3, price=102, order_qty=8))]
    trades = [row for row in rows if row["exec_type"] == ExecType.EXEC_TRADE]
    meetings: dict[int, list[tuple[int, int]]] = {}
    for row in trades:
        meetings.setdefault(row["trd_match_id"], []).append((row["cl_ord_id"], row["last_qty"]))
    assert sorted(meetings.values()) == [[(3, 2)], [(3, 3), (1, 3)], [(3, 3), (2, 3)]]
    assert 0 not in meetings
    exchange.request(request(4))
    (passive,) = exchange.tape(event(TapeKind.TRADE, SELL, 98, 3))
    assert named(passive)["trd_match_id"] not in {0, *meetings}


def _with(row: Row, place: int, value: int) -> Row:
    return (*row[:place], int(value), *row[place + 1 :])


def test_a_replace_reports_the_new_total_before_the_trades_it_causes(exchange: Exchange) -> None:
    exchange.request(request(1))
    rows = [named(row) for row in exchange.request(request(1, REPLACE, price=102, order_qty=5))]
    assert [(row["exec_type"], row["order_qty"], row["price"], row["cum_qty"]) for row in rows] == [
        (ExecType.EXEC_REPLACED, 5, 102, 0),
        (ExecType.EXEC_TRADE, 5, 102, 5),
    ]


def test_a_replace_to_what_is_filled_or_less_ends_the_order_with_canceled(
    exchange: Exchange,
) -> None:
    exchange.request(request(1, price=102, order_qty=12))
    answer = only(exchange.request(request(1, REPLACE, price=102, order_qty=10)))
    assert (answer["exec_type"], answer["cum_qty"]) == (ExecType.EXEC_CANCELED, 10)
    assert not exchange.working


def test_the_fee_is_by_lot_and_by_value_rounded_up_for_each_fill() -> None:
    security = Security(
        security_id=1,
        code="X",
        currency="USD",
        tick_size=Decimal(1),
        tick_value=10,
        fee_lot=5,
        fee_ppm=3,
    )
    assert fee(security, 2, 7) == 5 * 2 + 1
    assert fee(security, 2, -7) == 5 * 2 + 1
    assert fee(security, 1, 0) == 5
    assert fee(security, 1, 100_000) == 5 + 3


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1 << 32))
def test_reports_alone_give_the_orders_ends_and_the_statement(seed: int) -> None:
    draw = Random(seed)
    exchange = Exchange((GOLD,), first_id=1000)
    exchange.books[1].is_open = True
    rows: list[Row] = []
    for number in range(1, 200):
        side, qty = draw.choice((BUY, SELL)), draw.randint(1, 6)
        price = draw.randint(100, 103) - (2 if side == BUY else 0)
        key, account = draw.randint(max(1, number - 20), number), draw.randint(1, 2)
        fields = {"side": side, "price": price, "order_qty": qty, "account": account}
        tif = draw.choice(list(TimeInForce))
        rows += draw.choice(
            (
                lambda f=fields, n=number, t=tif: exchange.request(
                    request(n, time_in_force=t, **f)
                ),
                lambda f=fields, n=number: exchange.request(request(n, **f)),
                lambda f=fields, k=key: exchange.request(request(k, Kind.CANCEL_REQUEST, **f)),
                lambda f=fields, k=key: exchange.request(request(k, REPLACE, **f)),
                lambda s=side, p=price, q=qty: exchange.tape(event(TapeKind.LEVEL, s, p, q)),
                lambda s=side, p=price, q=qty: exchange.tape(event(TapeKind.TRADE, s, p, q)),
            )
        )()
    rows += exchange.cancel_all(frozenset((1, 2)))
    assert_consistent(exchange, [named(row) for row in rows])
