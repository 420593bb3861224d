"""Operators at a real gateway: who may send what, what risk gets, how the answer comes back."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from gateway_rig import House

from tidegate import Client, NewOrder, aio
from tidegate.client.operator import MarginRate, Operator
from tidegate.client.report import ControlAnswer
from tidegate.errors import SessionError
from tidegate.native.records import (
    CONTROL_RECORD,
    MARGIN_RECORD,
    NO_PRICE,
    NOTE_RECORD,
    RATE_RECORD,
    CashPhase,
    Grade,
    Kind,
    LimitKind,
    PositionEffect,
    Reason,
    Side,
    TradingState,
)

OPS, DEV_1, DEV_2, GOLD, USD = 3, 4, 5, 1, 1
WHY = "a fat finger at the open"
Words = Callable[[Operator[ControlAnswer]], ControlAnswer]


def asked(house: House, words: Words, count: int = 2) -> tuple[np.ndarray[Any, Any], ControlAnswer]:
    """What reaches risk when an operator says this, NOTE included, and the answer: done."""
    with Client(house.front, "ops") as client, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(words, client.operator)
        rows = house.risk.take_controls(count)
        kind = rows["kind"][-1]
        last = rows[-1:].view(RATE_RECORD if kind == Kind.CURRENCY_RATE else CONTROL_RECORD)
        house.risk.answer(last[0])
        return rows, answer.result(10)


# What an operator says, and the fields of the record that follows from it.
SAYINGS: list[tuple[Words, dict[str, int]]] = [
    (
        lambda operator: operator.halt(account="dev-1", why=WHY),
        {"kind": Kind.TRADING_STATE, "account": DEV_1, "trading_state": TradingState.HALTED},
    ),
    (
        lambda operator: operator.reduce(instrument="GCZ3", why=WHY),
        {"kind": Kind.TRADING_STATE, "instrument": GOLD, "trading_state": TradingState.REDUCING},
    ),
    (
        lambda operator: operator.resume(session="two", why=WHY),
        {"kind": Kind.TRADING_STATE, "session": 2, "trading_state": TradingState.ACTIVE},
    ),
    (lambda operator: operator.kill(venue="SIM", why=WHY), {"kind": Kind.KILL, "venue": 1}),
    (lambda operator: operator.kill(why=WHY), {"kind": Kind.KILL}),
    (
        lambda operator: operator.limit("max_long", "dev-1", 7, instrument="GCZ3", why=WHY),
        {
            "kind": Kind.LIMIT_CHANGE,
            "limit_kind": LimitKind.LIMIT_MAX_LONG,
            "account": DEV_1,
            "instrument": GOLD,
            "amount": 7,
        },
    ),
    (
        lambda operator: operator.limit("max_loss", "dev-1", "2500.5", currency="USD", why=WHY),
        {
            "kind": Kind.LIMIT_CHANGE,
            "limit_kind": LimitKind.LIMIT_MAX_LOSS,
            "account": DEV_1,
            "currency": USD,
            "amount": 25_005_000,
        },
    ),
    (
        lambda operator: operator.limit("order_rate", "dev-1", 50, burst=9, why=WHY),
        {
            "kind": Kind.LIMIT_CHANGE,
            "limit_kind": LimitKind.LIMIT_ORDER_RATE,
            "account": DEV_1,
            "amount": 50,
            "order_qty": 9,
        },
    ),
    (
        lambda operator: operator.limit("max_gross", "dev-1", None, product="GC", why=WHY),
        {
            "kind": Kind.LIMIT_CHANGE,
            "limit_kind": LimitKind.LIMIT_MAX_GROSS,
            "account": DEV_1,
            "product": 1,
            "amount": -1,
        },
    ),
    (
        lambda operator: operator.cash("dev-1", "USD", "-12.34", why=WHY),
        {"kind": Kind.CASH, "account": DEV_1, "currency": USD, "amount": -123_400},
    ),
    (
        lambda operator: operator.transfer("dev-1", "dev-2", "USD", 5, why=WHY),
        {
            "kind": Kind.TRANSFER,
            "account": DEV_1,
            "to_account": DEV_2,
            "currency": USD,
            "amount": 50_000,
        },
    ),
    (
        lambda operator: operator.cash_phase(
            CashPhase.CASH_VOID, "dev-1", "USD", -1, request_id=77, why=WHY
        ),
        {
            "kind": Kind.CASH,
            "account": DEV_1,
            "currency": USD,
            "amount": -10_000,
            "cash_phase": CashPhase.CASH_VOID,
            "cl_ord_id": 77,
        },
    ),
    (
        lambda operator: operator.re_enable("dev-1", why=WHY),
        {"kind": Kind.RE_ENABLE, "account": DEV_1},
    ),
    (
        lambda operator: operator.protection_reset("dev-1", "GC", why=WHY),
        {"kind": Kind.PROTECTION_RESET, "account": DEV_1, "product": 1},
    ),
    (
        lambda operator: operator.lock("sells", account="dev-1", instrument="GCZ3", why=WHY),
        {"kind": Kind.SIDE_LOCK, "account": DEV_1, "instrument": GOLD, "side_lock": 2},
    ),
    (
        lambda operator: operator.settlement("GCZ3", "1313.5", why=WHY),
        {"kind": Kind.SETTLEMENT, "instrument": GOLD, "price": 13_135},
    ),
    (
        lambda operator: operator.day_roll(20_261_122, why=WHY),
        {"kind": Kind.DAY_ROLL, "amount": 20_261_122},
    ),
    (
        lambda operator: operator.adjust.lots(
            "dev-1", "GCZ3", "sell", 3, "1313.5", effect="close", why=WHY
        ),
        {
            "kind": Kind.ADJUSTMENT,
            "account": DEV_1,
            "instrument": GOLD,
            "side": Side.SELL,
            "order_qty": 3,
            "price": 13_135,
            "position_effect": PositionEffect.CLOSE,
        },
    ),
    (
        lambda operator: operator.adjust.cash("dev-1", "USD", "-2.5", why=WHY),
        {"kind": Kind.ADJUSTMENT, "account": DEV_1, "currency": USD, "amount": -25_000},
    ),
    (
        lambda operator: operator.adjust.order(
            2**64 - 1, account="dev-1", instrument="GCZ3", why=WHY
        ),
        {
            "kind": Kind.ADJUSTMENT,
            "account": DEV_1,
            "instrument": GOLD,
            "order_id": 2**64 - 1,
        },
    ),
    (
        lambda operator: operator.adjust.dismiss("dev-1", currency="USD", why=WHY),
        {"kind": Kind.ADJUSTMENT, "account": DEV_1, "currency": USD},
    ),
]


@pytest.mark.parametrize(("words", "expected"), SAYINGS)
def test_what_an_operator_says_reaches_risk_signed_and_with_its_reason(
    gateway: House, words: Words, expected: dict[str, int]
) -> None:
    rows, answer = asked(gateway, words)
    note, record = rows.view(NOTE_RECORD)[0], rows.view(CONTROL_RECORD)[1]
    assert (note["kind"], note["text"].tobytes().rstrip(b"\0")) == (Kind.NOTE, WHY.encode())
    assert note["session"] == OPS
    assert note["cl_ord_id"] == record["cl_ord_id"] != 0
    assert record["received_ns"] > 0
    filled = {"actor": OPS, "price": NO_PRICE, **expected}
    ours = ("checksum", "layout_version", "received_ns", "msg_seq_num", "cl_ord_id")
    for name in CONTROL_RECORD.names or ():
        if name not in ours or name in filled:
            assert record[name] == filled.get(name, 0), name
    assert answer.is_done
    assert (answer.ref_kind, answer.request_id) == (record["kind"], record["cl_ord_id"])


def test_an_override_says_when_it_ends(gateway: House) -> None:
    rows, _ = asked(
        gateway, lambda operator: operator.override("max_short", "dev-1", 3, seconds=60, why=WHY)
    )
    record = rows.view(CONTROL_RECORD)[1]
    assert record["limit_kind"] == LimitKind.LIMIT_MAX_SHORT
    assert 55 * 10**9 < record["expires_ns"] - record["received_ns"] <= 60 * 10**9


def test_margin_rates_are_staged_and_committed_under_one_number(gateway: House) -> None:
    rates = {"GCZ3": MarginRate("4400.5", "4500", 10, 20)}
    rows, answer = asked(gateway, lambda operator: operator.margin_rates(rates, why=WHY), 3)
    staged, commit = rows.view(MARGIN_RECORD)[1], rows.view(CONTROL_RECORD)[2]
    assert (staged["kind"], commit["kind"]) == (Kind.MARGIN_RATES, Kind.MARGIN_COMMIT)
    assert (staged["instrument"], staged["session"]) == (GOLD, OPS)
    assert (staged["margin_long_lot"], staged["margin_short_lot"]) == (44_005_000, 45_000_000)
    assert (staged["margin_long_ppm"], staged["margin_short_ppm"]) == (10, 20)
    assert (commit["order_qty"], commit["amount"]) == (staged["epoch"], 1)
    assert answer.is_done


def test_a_currency_rate_is_exact_to_a_billionth(gateway: House) -> None:
    rows, _ = asked(
        gateway,
        lambda operator: operator.currency_rate(
            "USD", "0.999999999", "1.25", haircut_ppm=7, why=WHY
        ),
    )
    record = rows.view(RATE_RECORD)[1]
    assert (record["bid_rate"], record["ask_rate"]) == (999_999_999, 1_250_000_000)
    assert (record["haircut_ppm"], record["currency"], record["actor"]) == (7, USD, OPS)


def test_a_long_reason_is_sent_in_several_notes_without_cutting_a_character(
    gateway: House,
) -> None:
    why = "überschuß " * 5
    rows, _ = asked(gateway, lambda operator: operator.kill(why=why), 3)
    notes = rows.view(NOTE_RECORD)[:2]
    parts = [note["text"].tobytes().rstrip(b"\0").decode() for note in notes]
    assert "".join(parts) == why.strip()


def test_a_refusal_carries_the_numbers(gateway: House) -> None:
    with Client(gateway.front, "ops") as client, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.operator.cash, "dev-1", "USD", -100, why=WHY)
        row = gateway.risk.take_controls(2).view(CONTROL_RECORD)[1]
        numbers = {"limit_value": 900, "used_value": 10, "asked_value": 1_000_000}
        gateway.risk.answer(row, Reason.CONTROL_REFUSED, **numbers)
        found = answer.result(10)
    assert not found.is_done
    assert (found.reason, found.limit, found.asked) == (Reason.CONTROL_REFUSED, 900, 1_000_000)
    assert str(found).endswith("CONTROL_REFUSED (limit 900, used 10, asked 1000000)")


def test_the_asyncio_client_has_the_same_operator(gateway: House) -> None:
    async def halt() -> ControlAnswer:
        async with aio.Client(gateway.front, "ops") as client:
            answer = asyncio.ensure_future(client.operator.halt(account="dev-2", why=WHY))
            rows = await asyncio.to_thread(gateway.risk.take_controls, 2)
            assert rows.view(CONTROL_RECORD)[1]["account"] == DEV_2
            gateway.risk.answer(rows.view(CONTROL_RECORD)[1])
            return await answer

    assert asyncio.run(halt()).is_done


def test_a_strategy_may_not_send_what_an_operator_may(gateway: House) -> None:
    with Client(gateway.front, "one") as client:
        with pytest.raises(SessionError, match=r"currency 'USD' is unknown; there are none"):
            client.operator.cash("dev-1", "USD", 1, why=WHY)
        answer = client.operator.kill(account="dev-1", why=WHY)
        assert (answer.reason, answer.ref_kind) == (Reason.CONTROL_NOT_ALLOWED, Kind.KILL)
        # Its numbers were used up and its session goes on.
        client.submit(account="dev-1", instrument="GCZ3", side="BUY", order_qty=1, price="1")
        gateway.risk.take()
        assert gateway.risk.nothing()
    assert gateway.count("refused", Reason.CONTROL_NOT_ALLOWED) == 2


def test_an_operator_may_not_trade(gateway: House) -> None:
    with Client(gateway.front, "ops") as client:
        order = client.submit(
            account="dev-1", instrument="GCZ3", side="BUY", order_qty=1, price="1"
        )
        report = next(client.reports(timeout=5))
    assert (report.kind, report.reason) == (Kind.SESSION_REJECT, Reason.CONTROL_NOT_ALLOWED)
    assert (order.ord_status, order.reason) == ("Rejected", Reason.CONTROL_NOT_ALLOWED)
    assert gateway.count("refused", Reason.CONTROL_NOT_ALLOWED) == 1


def test_an_operator_gives_a_reason_or_nothing_is_sent(gateway: House) -> None:
    with Client(gateway.front, "ops") as client:
        for why in ("", "  ", "x" * 1025, "a\0b"):
            with pytest.raises(SessionError, match="why is needed"):
                client.operator.kill(why=why)
        with pytest.raises(SessionError, match=r"limit 'speed' is unknown; expected one of max_or"):
            client.operator.limit("speed", "dev-1", 1, why=WHY)
        with pytest.raises(SessionError, match="more than four decimals"):
            client.operator.cash("dev-1", "USD", "0.00001", why=WHY)
        with pytest.raises(SessionError, match="venue 'MOON' is unknown; there are SIM"):
            client.operator.halt(venue="MOON", why=WHY)
        with pytest.raises(SessionError, match="need the request_id"):
            client.operator.cash_phase(CashPhase.CASH_POST, "dev-1", "USD", -1, why=WHY)
    rows, _ = asked(gateway, lambda operator: operator.halt(account="dev-1", why=WHY))
    assert list(rows["kind"]) == [Kind.NOTE, Kind.TRADING_STATE]


def test_an_operator_may_ask_about_every_account(gateway: House) -> None:
    with (
        Client(gateway.front, "ops") as client,
        pytest.raises(SessionError, match="risk's tables cannot be read"),
    ):
        client.account("dev-2")


def test_alerts_reach_their_session_and_nobodys_are_counted(gateway: House) -> None:
    with Client(gateway.front, "one") as client:
        gateway.risk.alert(0, reason=Reason.MARGIN)
        fields = {"reason": Reason.MARGIN, "grade": Grade.GRADE_SLOW, "account": DEV_1}
        gateway.risk.alert(1, limit_value=800, used_value=810, **fields)
        alert = next(client.alerts(timeout=5))
        assert (alert.reason, alert.grade) == (Reason.MARGIN, Grade.GRADE_SLOW)
        assert str(alert) == "ALERT MARGIN SLOW dev-1 - (limit 800, used 810, asked 0)"
        assert list(client.alerts()) == []
        assert list(client.reports(timeout=0)) == []
    assert gateway.count("reports_unroutable") == 1


def test_alerts_missed_while_away_come_with_the_next_logon(gateway: House) -> None:
    gateway.risk.alert(1, reason=Reason.CANCEL_RATE)
    with Client(gateway.front, "one", resume=True) as client:
        assert next(client.alerts(timeout=5)).reason == Reason.CANCEL_RATE


def test_a_list_goes_through_whole_in_order_and_numbered(gateway: House) -> None:
    def leg(side: str) -> NewOrder:
        return NewOrder(
            account="dev-1",
            instrument="GCZ3",
            side=side,
            order_qty=2,
            price="1313.5",
            position_effect=PositionEffect.CLOSE_TODAY,
        )

    with Client(gateway.front, "one") as client:
        client.submit_list([leg("BUY"), leg("SELL"), leg("BUY")])
        first = gateway.risk.take(3)
        client.submit_list([leg("SELL")])
        second = gateway.risk.take(1)
        with pytest.raises(SessionError, match="a list of 256 orders; 1 to 255"):
            client.submit_list([leg("BUY")] * 256)
    assert list(first["list_seq_no"]) == [1, 2, 3]
    assert set(first["tot_no_orders"]) == {3}
    assert len(set(first["list_id"])) == 1
    assert 0 not in first["list_id"]
    assert second["list_id"][0] not in {0, first["list_id"][0]}
    assert set(first["position_effect"]) == {PositionEffect.CLOSE_TODAY}
