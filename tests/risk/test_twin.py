"""The compiled step against its slow twin: verdicts, numbers, reports and state, each record."""

from random import Random
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from risk_rig import (
    GOLD,
    INDEX,
    LAYOUT_VERSION,
    MILLION,
    RATIO,
    SISTER,
    START_NS,
    STRANGER,
    SUB,
    USD,
    Step,
    as_dicts,
    cancel,
    cancel_reject,
    cash,
    changed,
    execution,
    mark,
    order,
    record,
    replace,
    settlement,
    state,
    tick,
    trade,
    universe,
)
from risk_twin_inputs import FullTwin

from tidegate.native.records import (
    CONTROL_RECORD,
    DENIAL_RECORD,
    EXECUTION_RECORD,
    NO_PRICE,
    ORDER_RECORD,
    RECORD,
    ExecType,
    Flag,
    Kind,
    OrdType,
    Reason,
    Side,
)
from tidegate.universe import Capacity

Record = np.ndarray[Any, Any]
PRICES = {GOLD: 13_000, INDEX: 4_000, RATIO: 900}
EDGES = (0, 1, -1, 2, (1 << 31) - 1, 1 << 31, 1 << 53, -(1 << 53) - 1, 1 << 61, (1 << 63) - 1)
EDGES += (-(1 << 63), -(1 << 63) + 1, -(1 << 61))
FAR = 2_000_000_000_000
DTYPES_IN = {
    Kind.EXECUTION_REPORT: EXECUTION_RECORD,
    Kind.CANCEL_REJECT: DENIAL_RECORD,
    **dict.fromkeys((Kind.SETTLEMENT, Kind.TRADING_STATE, Kind.CASH), CONTROL_RECORD),
}


def as_input(row: Record) -> dict[str, Any]:
    view = row.view(DTYPES_IN.get(Kind(int(row["kind"][0])), ORDER_RECORD))
    return {name: view[name][0].tolist() for name in view.dtype.names or () if name != "pad"}


class Pair:
    """Native and twin side by side; run() asserts that they agree in everything."""

    def __init__(self) -> None:
        content = universe(
            accounts=changed(SISTER, order_rate=50, order_burst=4, cash={USD: MILLION // 8}),
            capacity=Capacity(orders=512, pairs=40, cl_ord_ids=4096),
        )
        self.twin = FullTwin(content)
        self.step = Step(content, marks={})
        self.twin.run(as_input(tick(START_NS)))
        self.numbers: dict[int, int] = {}
        self.native_ids: dict[int, int] = {}
        for handle, price in PRICES.items():
            self.run(mark(handle, price))

    def run(self, row: Record) -> None:
        seen = as_input(row)
        if seen["kind"] in (Kind.EXECUTION_REPORT, Kind.CANCEL_REJECT):
            seen["order_id"] = self.numbers.get(seen["order_id"], 0)
        expected = self.twin.run(seen)
        routes, reports = self.step.run(row)
        for route, other in zip(routes, expected.routes, strict=True):
            self.numbers.setdefault(route["order_id"], other["order_id"])
            self.native_ids.setdefault(other["order_id"], route["order_id"])
        assert self.step.verdict == expected.bits, self.explain(expected.bits)
        self.same(routes, expected.routes)
        self.same(reports, expected.reports)
        self.same_state()

    def explain(self, bits: int) -> str:
        names = [reason.name for reason in Reason if reason < 63]
        differ = self.step.verdict ^ bits
        return str([name for index, name in enumerate(names) if differ >> index & 1])

    def same(self, found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
        assert len(found) == len(expected)
        for row, other in zip(found, expected, strict=True):
            seen = {name: row[name] for name in other}
            if "order_id" in seen:
                seen["order_id"] = self.numbers[seen["order_id"]]
            assert seen == other

    def same_state(self) -> None:
        twin, step = self.twin, self.step
        for account in twin.accounts:
            for instrument in twin.instruments:
                book = twin.book(account, instrument)
                row = step.pair(account, instrument)
                assert (row["net"], row["open_cost"]) == (book.net, book.cost)
                assert (row["bought_qty"], row["sold_qty"]) == (book.bought, book.sold)
                assert row["open_buy"] == twin.working(account, instrument, True)
                assert row["open_sell"] == twin.working(account, instrument, False)
                assert row["margin"] == twin.requirement(account, instrument)
            for currency in (1, 2):
                row = step.balance(account, currency)
                key = account, currency
                assert row["cash"] == twin.cash.get(key, 0)
                assert row["fees"] == twin.fees.get(key, 0)
                assert row["fee_held"] == twin.fee_held(*key)
                assert row["unrealised"] == twin.unrealised(*key)
        rows = step.tables.arrays["orders"]
        for number, other in twin.orders.items():
            found = rows[self.native_ids[number] & 0xFFFFFFFF]
            assert chr(found["ord_status"]) == other.status
            assert (found["held_qty"], found["fee_held"]) == (other.held, other.fee)
        assert {name: step.risk(name) for name in twin.counts} == twin.counts


class Desk:
    """Makes records that mostly make sense, from a seed."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.pair = Pair()
        self.next_id = 1
        self.exec_id = 0
        self.now = START_NS

    def price(self, instrument: int) -> int:
        width = {GOLD: 210, INDEX: 60, RATIO: 11}[instrument]
        return PRICES[instrument] + self.rng.randint(-width, width)

    def fresh(self) -> int:
        self.next_id += 1
        return self.next_id if self.rng.random() < 0.95 else self.rng.randint(1, self.next_id)

    def new(self) -> Record:
        rng = self.rng
        instrument = rng.choice((GOLD, INDEX, RATIO))
        is_market = rng.random() < 0.1
        flags = rng.choice((0, 0, 0, 0, Flag.REDUCE_ONLY, Flag.POSS_RESEND))
        return order(
            self.fresh(),
            session=rng.choice((1, 1, 2)),
            account=rng.choice((SUB, SUB, SISTER, STRANGER)),
            instrument=instrument,
            side=int(rng.choice(tuple(Side))),
            order_qty=rng.choice((1, 2, 3, 5, 8, 13, 21)),
            ord_type=int(OrdType.MARKET if is_market else OrdType.LIMIT),
            price=NO_PRICE if is_market else self.price(instrument),
            flags=int(flags),
            position_effect=rng.choice((0, 0, 0, 0, 0, 79, 67, 1)),
            stop_px=rng.random() < 0.02,
        )

    def some_order(self) -> Any:
        orders = list(self.pair.twin.orders.values())[-12:]
        return self.rng.choice(orders) if orders else None

    def request(self) -> Record:
        rng, other = self.rng, self.some_order()
        if other is None or rng.random() < 0.05:
            return cancel(self.fresh(), rng.randint(1, 200))
        if rng.random() < 0.4:
            return cancel(self.fresh(), other.cl_ord_id, session=other.session)
        price = NO_PRICE if other.price == NO_PRICE else self.price(other.instrument)
        return replace(
            self.fresh(),
            other.cl_ord_id,
            max(0, other.qty + rng.randint(-4, 6)),
            price,
            session=other.session,
        )

    def answer(self) -> Record:
        rng, other = self.rng, self.some_order()
        if other is None:
            return trade(77, 1, 1, 1)
        number = self.pair.native_ids[other.number]
        self.exec_id += rng.random() < 0.95
        if rng.random() < 0.5:
            most = max(1, other.left) + (rng.random() < 0.05)
            qty = rng.choice((rng.randint(1, most), most))
            return trade(number, self.exec_id, qty, self.price(other.instrument))
        if rng.random() < 0.25:
            kind = rng.choice((Kind.CANCEL_REQUEST, Kind.CANCEL_REPLACE_REQUEST, Kind.TICK))
            why = rng.choice((Reason.VENUE_TOO_LATE, Reason.VENUE_UNKNOWN_ORDER))
            return cancel_reject(number, int(kind), int(why))
        kinds = [*ExecType, ExecType.EXEC_NEW, ExecType.EXEC_REPLACED, ExecType.EXEC_REPLACED]
        reason = int(rng.choice((0, Reason.VENUE_CLOSED)))
        return execution(number, rng.choice(kinds), exec_id=self.exec_id, reason=reason)

    def control(self) -> Record:
        rng = self.rng
        pick, instrument = rng.random(), rng.choice((GOLD, INDEX, RATIO))
        if pick < 0.4:
            self.now += rng.choice((0, 10**6, 10**8, 10**9))
            return tick(self.now)
        if pick < 0.65:
            return mark(instrument, self.price(instrument))
        if pick < 0.75:
            return settlement(instrument, self.price(instrument))
        if pick < 0.85:
            where = rng.choice(({"account": rng.randint(1, 9)}, {"instrument": rng.randint(1, 4)}))
            return state(rng.choice((1, 1, 1, 1, 2, 3, 0)), **where)
        if pick < 0.93:
            amount = rng.randint(-MILLION // 4, MILLION // 4)
            return cash(rng.randint(1, 9), rng.randint(0, 3), amount)
        return record(
            ORDER_RECORD,
            Kind.MASS_CANCEL_REQUEST,
            session=rng.randint(0, 3),
            account=rng.choice((0, SUB, SISTER)),
            instrument=rng.choice((0, 0, GOLD)),
            mass_cancel_type=rng.choice(b"7d1"),
        )

    def run(self, count: int) -> None:
        makers = (self.new, self.new, self.request, self.answer, self.answer, self.control)
        for _ in range(count):
            self.pair.run(self.rng.choice(makers)())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_the_step_and_its_twin_agree_in_every_record(seed: int) -> None:
    Desk(seed).run(60)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_they_agree_at_the_edges_of_int64_too(seed: int) -> None:
    """Extreme values in every field of a strategy and of control; none is wrongly accepted."""
    desk = Desk(seed)
    desk.run(10)
    for _ in range(25):
        row = desk.rng.choice((desk.new, desk.request, desk.control))()
        view = row.view(
            CONTROL_RECORD if int(row["kind"][0]) in (Kind.SETTLEMENT, Kind.CASH) else ORDER_RECORD
        )
        names = ("order_qty", "price", "account", "instrument", "session", "cl_ord_id")
        name = desk.rng.choice((*names, "side", "ord_type", "time_in_force", "received_ns"))
        if "amount" in (view.dtype.names or ()):
            name = desk.rng.choice(("amount", "price"))
        size = view.dtype[name].itemsize * 8
        value = desk.rng.choice(EDGES) & ((1 << size) - 1)
        if view.dtype[name].kind == "i" and value >> (size - 1):
            value -= 1 << size
        if name == "received_ns" and value > START_NS * 2:
            value = (1 << 63) - 1
        view[name] = value
        desk.pair.run(row)


@settings(max_examples=100, deadline=None)
@given(px=st.sampled_from(EDGES), qty=st.sampled_from(EDGES), cum=st.sampled_from(EDGES))
def test_a_fill_of_another_world_is_counted_and_halts_but_never_crashes(
    px: int, qty: int, cum: int
) -> None:
    step = Step()
    number = step.accept(order(1, order_qty=5))
    step.audited = abs(px) < FAR and 0 < qty < 3
    row = trade(number, 1, qty, px)
    row.view(EXECUTION_RECORD)["cum_qty"] = cum
    step.run(row)
    booked = 0 < qty < 1 << 31 and px != NO_PRICE
    assert step.pair(SUB, GOLD)["net"] == (qty if booked else 0)
    if step.risk("unbookable") and booked:
        assert Reason(step.refuse(order(2))["reason"]) is Reason.ACCOUNT_HALTED


def test_layout_of_inputs_is_this_version() -> None:
    assert int(as_dicts(order(1))[0]["layout_version"]) == LAYOUT_VERSION
    assert order(1).dtype == RECORD
