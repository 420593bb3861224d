"""Each control that a card has, at its edge: it denies where the rules do, and passes beside it."""

from typing import Any

import numpy as np
import pytest
from control_rig import OPERATOR
from msgspec import structs
from risk_rig import (
    BUY,
    FIRM,
    GOLD,
    MASTER,
    RATIO,
    SECOND,
    SELL,
    START_NS,
    SUB,
    USD,
    cancel,
    cash,
    changed,
    control,
    execution,
    limit_change,
    mark,
    order,
    replace,
    state,
    tick,
    trade,
    universe,
)

from tidegate import risk_state
from tidegate.card import attach_card
from tidegate.native.card import Card, Op
from tidegate.native.card_page import CardMemory, Register
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import ExecType, Kind, LimitKind, OrdType, Reason, TradingState
from tidegate.universe import Scan, Universe

Row = np.ndarray[Any, Any]
MARGIN = 88_000_000
HALTED, REDUCING, ACTIVE = TradingState.HALTED, TradingState.REDUCING, TradingState.ACTIVE


class Beside:
    """The rules with a card and the rules alone, on the same records."""

    def __init__(self, content: Universe) -> None:
        self.memory = CardMemory()
        self.tables = risk_state.in_memory(content)
        self.step = Pretrade(self.tables)
        self.card = attach_card(self.tables, self.memory, Card())
        self.plain = Pretrade(risk_state.in_memory(content))
        self.sequence = 0

    def run(self, row: Row) -> None:
        """Both give the same, byte for byte."""
        self.sequence += 1
        row["sequence"] = self.sequence
        given, expected = self.step.step(row.copy()), self.plain.step(row.copy())
        assert [rows.tobytes() for rows in given] == [rows.tobytes() for rows in expected]
        assert self.step.verdict == self.plain.verdict
        self.routes = given[0]

    def decide(self, row: Row) -> tuple[set[Reason], bool]:
        """What failed, and whether the card passed it; it must have been asked."""
        before = self.card.counters
        self.run(row)
        after = self.card.counters
        assert after["asked"] == before["asked"] + 1, after
        failed = {reason for reason in Reason if self.step.verdict >> reason & 1 and reason < 63}
        return failed, after["passed"] > before["passed"]


def begun(content: Universe | None = None) -> Beside:
    beside = Beside(content or universe())
    beside.run(tick(START_NS))
    beside.run(mark(GOLD, 13_000))
    return beside


def locked(lock: int, account: int) -> Row:
    return control(Kind.SIDE_LOCK, account=account, side_lock=lock, actor=OPERATOR)


def killed(**scope: int) -> Row:
    return control(Kind.KILL, actor=OPERATOR, **scope)


OF_STATE = {
    "the firm is killed": ([killed()], Reason.KILL_SWITCH),
    "the master is killed": ([killed(account=MASTER)], Reason.KILL_SWITCH),
    "the instrument is killed": ([killed(instrument=GOLD)], Reason.KILL_SWITCH),
    "the session is killed": ([killed(session=1)], Reason.KILL_SWITCH),
    "the account is halted": ([state(HALTED, account=SUB)], Reason.HALTED_STATE),
    "the firm is halted": ([state(HALTED, account=FIRM)], Reason.HALTED_STATE),
    "the instrument is halted": ([state(HALTED, instrument=GOLD)], Reason.HALTED_STATE),
    "the master only reduces": ([state(REDUCING, account=MASTER)], Reason.REDUCING_STATE),
    "the instrument only reduces": ([state(REDUCING, instrument=GOLD)], Reason.REDUCING_STATE),
    "no buys": ([locked(1, MASTER)], Reason.SIDE_LOCKED),
    "neither side": ([locked(1, SUB), locked(2, MASTER)], Reason.RESTRICTED),
    "the mark is old": ([tick(START_NS + 10 * SECOND + 1)], Reason.REFERENCE_STALE),
}
BESIDE = {
    "another session is killed": [killed(session=2)],
    "the firm was killed": [killed(), state(ACTIVE, account=FIRM)],
    "the session was killed": [killed(session=1), state(ACTIVE, session=1)],
    "no sells": [locked(2, SUB)],
    "the mark is as old as it may be": [tick(START_NS + 10 * SECOND)],
}


@pytest.mark.parametrize("name", OF_STATE)
def test_a_state_that_stands_in_the_way_is_seen_by_the_card(name: str) -> None:
    rows, reason = OF_STATE[name]
    beside = begun()
    assert beside.decide(order(1)) == (set(), True)
    for row in rows:
        beside.run(row.copy())
    assert beside.decide(order(2)) == ({reason}, False)


@pytest.mark.parametrize("name", BESIDE)
def test_a_state_that_does_not_stand_in_the_way_is_passed_by_the_card(name: str) -> None:
    beside = begun()
    for row in BESIDE[name]:
        beside.run(row.copy())
    assert beside.decide(order(1)) == (set(), True)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"price": 13_200}, None),
        ({"price": 13_201}, Reason.PRICE_COLLAR),
        ({"price": 12_800}, None),
        ({"price": 12_799}, Reason.PRICE_COLLAR),
        ({"order_qty": 20}, None),
        ({"order_qty": 21}, Reason.ORDER_SIZE),
        ({"order_qty": 10, "price": 12_900}, None),
        ({"order_qty": 10, "price": 12_901}, Reason.ORDER_NOTIONAL),
    ],
)
def test_size_and_price_are_compared_to_the_unit(
    fields: dict[str, int], reason: Reason | None
) -> None:
    beside = begun()
    if fields.get("order_qty") == 10:
        most = 10 * 12_900 * 100_000
        beside.run(limit_change(SUB, LimitKind.LIMIT_MAX_NOTIONAL, most, currency=0))
    assert beside.decide(order(1, **fields)) == (
        (set(), True) if reason is None else ({reason}, False)
    )


def test_no_mark_and_no_limit_are_denied() -> None:
    beside = Beside(universe(accounts=changed(SUB, max_position=None)))
    beside.run(tick(START_NS))
    failed, is_passed = beside.decide(order(1))
    assert {Reason.REFERENCE_MISSING, Reason.LIMIT_MISSING} <= failed
    assert not is_passed


def test_a_position_limit_is_used_up_given_back_and_changed() -> None:
    beside = begun(universe(accounts=changed(SUB, max_position=10)))
    assert beside.decide(order(1, order_qty=6)) == (set(), True)
    first = int(beside.routes["order_id"][0])
    assert beside.decide(order(2, order_qty=5)) == ({Reason.POSITION_LIMIT}, False)
    assert beside.decide(order(3, order_qty=4)) == (set(), True)
    beside.run(cancel(4, 1))
    beside.run(execution(first, ExecType.EXEC_CANCELED))
    assert beside.decide(order(5, order_qty=7)) == ({Reason.POSITION_LIMIT}, False)
    assert beside.decide(order(6, order_qty=6)) == (set(), True)
    beside.run(limit_change(SUB, LimitKind.LIMIT_MAX_LONG, 12, instrument=GOLD, actor=OPERATOR))
    assert Op.OP_RELEASE in beside.memory.commands["op"]
    assert beside.decide(order(7, order_qty=3)) == ({Reason.POSITION_LIMIT}, False)
    assert beside.decide(order(8, order_qty=2)) == (set(), True)


def test_a_fill_frees_the_other_side_and_a_close_passes_what_only_reduces() -> None:
    beside = begun()
    assert beside.decide(order(1, order_qty=5)) == (set(), True)
    beside.run(trade(int(beside.routes["order_id"][0]), 1, 5, 13_000))
    beside.run(state(REDUCING, account=SUB))
    assert beside.decide(order(2, side=SELL, order_qty=6)) == ({Reason.REDUCING_STATE}, False)
    assert Op.OP_FILL in beside.memory.commands["op"]
    assert beside.decide(order(3, side=SELL, order_qty=3)) == (set(), True)
    assert beside.decide(order(4, side=SELL, order_qty=3)) == ({Reason.REDUCING_STATE}, False)
    assert beside.decide(order(5, side=SELL, order_qty=2)) == (set(), True)


def test_rates_of_the_account_are_counted_and_forgotten_with_their_limit() -> None:
    beside = begun(universe(accounts=changed(SUB, order_rate=1, order_burst=2)))
    assert [beside.decide(order(number)) for number in (1, 2)] == [(set(), True)] * 2
    assert beside.decide(order(3)) == ({Reason.ORDER_RATE}, False)
    beside.run(tick(START_NS + SECOND))
    assert beside.decide(order(4)) == (set(), True)
    assert beside.decide(order(5)) == ({Reason.ORDER_RATE}, False)
    beside.run(limit_change(SUB, LimitKind.LIMIT_ORDER_RATE, -1, actor=OPERATOR))
    assert beside.decide(order(6)) == (set(), True)


def test_money_is_compared_to_the_unit_and_the_fee_is_the_rules_own() -> None:
    beside = begun(universe(accounts=changed(SUB, cash={USD: 2 * MARGIN + 23_200})))
    # The first holds its fee too, so the second has its margin and no fee.
    assert beside.decide(order(1)) == (set(), True)
    assert beside.decide(order(2)) == ({Reason.FEE}, True)
    beside.run(cash(SUB, USD, -1))
    assert beside.decide(order(3)) == ({Reason.MARGIN}, False)
    beside.run(cash(SUB, USD, 23_201))
    assert beside.decide(order(4)) == (set(), True)


def test_the_card_is_stricter_than_the_larger_side_and_costs_no_order() -> None:
    beside = begun(universe(accounts=changed(SUB, cash={USD: 6 * MARGIN})))
    assert beside.decide(order(1, side=SELL, order_qty=5, price=13_100)) == (set(), True)
    # Buys add nothing below what the sells hold; the card adds them.
    assert beside.decide(order(2, side=BUY, order_qty=4)) == (set(), False)


def scanned(intra_rate: int = 0) -> Universe:
    """Gold and a ratio that gains where gold loses, of one product margined by SPAN; 200,000."""
    losses = tuple(range(-7, 9))
    scans = [
        Scan(unit=10_000, losses=losses, delta=10_000, intra_rate=intra_rate),
        Scan(unit=10_000, losses=losses[::-1], delta=10_000, intra_rate=intra_rate),
    ]
    made = universe(accounts=changed(SUB, cash={USD: 200_000}))
    rows = {
        handle: structs.replace(
            made.instruments[handle - 1],
            product="GC",
            product_index=0,
            margin_model="span",
            scan=scan,
            tick_value=7,
            fee_lot=0,
            fee_ppm=0,
        )
        for handle, scan in zip((GOLD, RATIO), scans, strict=True)
    }
    instruments = tuple(rows.get(row.handle, row) for row in made.instruments)
    return structs.replace(made, instruments=instruments)


def test_span_s_scenarios_are_compared_to_the_unit() -> None:
    """A lot of either loses 80,000 at worst, and both 10,000: what one loses the other gains."""
    beside = begun(scanned())
    beside.run(mark(RATIO, 13_000))
    assert beside.decide(order(1, order_qty=2)) == (set(), True)
    assert beside.decide(order(2)) == ({Reason.MARGIN}, False)
    assert beside.decide(order(3, side=SELL)) == (set(), True)
    # Working orders may all fill: the other leg offsets nothing until it is a position.
    beside.run(cash(SUB, USD, 40_000))
    assert beside.decide(order(4)) == (set(), True)
    assert beside.decide(order(5)) == ({Reason.MARGIN}, False)
    assert beside.decide(order(6, instrument=RATIO)) == (set(), True)


def test_the_card_adds_span_s_charges_as_if_nothing_offset_them() -> None:
    beside = begun(scanned(intra_rate=5))
    assert beside.decide(order(1)) == (set(), True)
    # The lesser of long and short charges counts, here none: the card counts each lot's.
    assert beside.decide(order(2)) == (set(), False)


def test_what_the_card_cannot_look_at_is_decided_by_the_rules() -> None:
    beside = begun()
    assert beside.decide(order(1, order_qty=5)) == (set(), True)
    beside.run(replace(2, 1, 4, 13_001))
    beside.run(order(3, ord_type=OrdType.MARKET, price=np.iinfo(np.int64).min))
    counted = beside.card.counters
    assert (counted["alone_no_lots"], counted["alone_market"]) == (1, 1)


def test_a_replace_is_asked_with_the_lots_that_it_adds() -> None:
    beside = begun(universe(accounts=changed(SUB, max_position=10)))
    assert beside.decide(order(1, order_qty=6)) == (set(), True)
    assert beside.decide(replace(2, 1, 11, 13_000)) == ({Reason.POSITION_LIMIT}, False)
    assert beside.decide(replace(3, 1, 10, 13_000)) == (set(), True)


def test_the_card_is_given_what_changed_and_nothing_else() -> None:
    beside = begun()
    beside.decide(order(1))
    before = beside.card.counters["commands"]
    beside.decide(order(2))
    # The fee of the first, and the order.
    assert beside.card.counters["commands"] - before == 2
    assert beside.memory.read(Register.REG_ORDERS) == 2
