"""Margin parameters over positions and working orders: settlement, rates, arrays, SPAN's credit."""

from typing import Any

import msgspec
import pytest
from control_rig import by_operator, changed_tables, copies, done, refused
from risk_rig import (
    GOLD,
    INDEX,
    MASTER,
    RATIO,
    SELL,
    SISTER,
    SUB,
    USD,
    Step,
    changed,
    mark,
    order,
    record,
    settlement,
    universe,
)

from tidegate.native.records import ARRAY_RECORD, MARGIN_RECORD, Kind
from tidegate.universe import Scan, Universe

MONEY_MAX = 1 << 61
PARTS = (0, 6, 12, 18)


def rates(instrument: int, epoch: int, *, lots: int = 0, ppm: int = 0, **fields: int) -> Any:
    both = {"margin_long_lot": lots, "margin_short_lot": lots}
    both |= {"margin_long_ppm": ppm, "margin_short_ppm": ppm}
    return record(
        MARGIN_RECORD,
        Kind.MARGIN_RATES,
        **({"instrument": instrument, "epoch": epoch} | both | fields),
    )


def array(instrument: int, epoch: int, first: int, values: list[int]) -> Any:
    row = record(ARRAY_RECORD, Kind.MARGIN_ARRAY, instrument=instrument, epoch=epoch, first=first)
    row.view(ARRAY_RECORD)["values"][0] = values
    return row


def commit(epoch: int, count: int) -> Any:
    return by_operator(Kind.MARGIN_COMMIT, order_qty=epoch, amount=count)


def taken(step: Step, row: Any) -> None:
    """Run a record that nobody is told of, and that must be taken."""
    count = step.risk("refused_records")
    step.run(row)
    assert step.risk("refused_records") == count


def not_taken(step: Step, row: Any) -> None:
    count = step.risk("refused_records")
    before = copies(step)
    step.run(row)
    assert step.risk("refused_records") == count + 1
    after = copies(step)
    for name in ("staged", "instruments", "balances", "pairs"):
        assert before[name].tobytes() == after[name].tobytes()


def busy() -> Step:
    """Positions and working orders of both sides in gold and the ratio."""
    step = Step()
    step.fill(order(1, order_qty=5))
    step.accept(order(2, order_qty=3))
    step.accept(order(3, side=SELL, order_qty=12))
    step.fill(order(4, account=SISTER, side=SELL, order_qty=2))
    step.accept(order(5, account=SISTER, instrument=RATIO, price=900, order_qty=4))
    return step


def requirement(step: Step, account: int, instrument: int) -> int:
    """max(mL * max(0, worst long), mS * max(0, worst short)), from the instrument's row."""
    pair, row = step.pair(account, instrument), step.tables.arrays["instruments"][instrument]
    prefix = "exchange" if account == MASTER else "margin"
    return max(
        int(row[f"{prefix}_long"]) * max(0, pair["net"] + pair["open_buy"]),
        int(row[f"{prefix}_short"]) * max(0, pair["open_sell"] - pair["net"]),
    )


def assert_margins_are_recomputed(step: Step) -> None:
    for account in (SUB, SISTER, MASTER):
        parts = {name: requirement(step, account, name) for name in (GOLD, RATIO)}
        for instrument, part in parts.items():
            assert step.pair(account, instrument)["margin"] == part
        assert step.balance(account, USD)["margin"] == sum(parts.values())


def test_a_commit_cuts_over_positions_and_working_orders_at_every_level_in_one_step() -> None:
    step = busy()
    taken(step, rates(GOLD, 1, lots=7, ppm=50_001))
    taken(step, rates(RATIO, 1, lots=11))
    before = step.balance(SUB)["margin"]
    assert_margins_are_recomputed(step)
    done(step, commit(1, 2))
    assert step.balance(SUB)["margin"] != before
    lot = 7 + -(-13_000 * 100_000 * 50_001 // 1_000_000)
    assert step.pair(SUB, GOLD)["margin"] == lot * 8
    assert step.pair(SISTER, RATIO)["margin"] == 11 * 4
    assert_margins_are_recomputed(step)
    assert (step.risk("margin_epoch"), step.risk("staged_count")) == (1, 0)


def test_a_settlement_changes_holds_of_all_pairs_in_one_step() -> None:
    step = busy()
    taken(step, rates(GOLD, 1, ppm=100_000))
    done(step, commit(1, 1))
    step.run(settlement(GOLD, 10_000))
    assert step.pair(SUB, GOLD)["margin"] == 10_000 * 100_000 // 10 * 8
    step.run(settlement(GOLD, -10_001))
    assert step.pair(SUB, GOLD)["margin"] == 10_001 * 100_000 // 10 * 8
    assert_margins_are_recomputed(step)


def test_a_commit_of_another_number_of_records_or_another_epoch_is_refused() -> None:
    step = busy()
    taken(step, rates(GOLD, 2, lots=7))
    answer = refused(step, commit(2, 2))
    assert (answer["limit_value"], answer["asked_value"]) == (1, 2)
    refused(step, commit(1, 1))
    refused(step, commit(3, 1))
    refused(step, commit(2, 0))
    done(step, commit(2, 1))
    refused(step, commit(2, 0))


def test_a_record_staged_twice_counts_once_and_the_later_epoch_wins() -> None:
    step = busy()
    taken(step, rates(GOLD, 1, lots=7))
    taken(step, rates(GOLD, 1, lots=9))
    assert step.risk("staged_count") == 1
    taken(step, rates(GOLD, 2, lots=11))
    assert step.risk("staged_count") == 1
    not_taken(step, rates(GOLD, 1, lots=7))
    done(step, commit(2, 1))
    assert step.tables.arrays["instruments"]["margin_long"][GOLD] == 11
    not_taken(step, rates(GOLD, 2, lots=7))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"margin_long_lot": 1},
        {"lots": -1},
        {"ppm": 1_000_001},
        {"lots": MONEY_MAX + 1},
        {"lots": -(1 << 63)},
        {"lots": 1, "instrument": 0},
        {"lots": 1, "instrument": 4},
        {"lots": 1, "epoch": 0},
    ],
)
def test_a_rate_of_zero_or_over_all_it_is_worth_is_refused(fields: dict[str, int]) -> None:
    not_taken(busy(), rates(**({"instrument": GOLD, "epoch": 1} | fields)))


def test_a_commit_that_one_instrument_cannot_express_changes_none() -> None:
    step = busy()
    taken(step, rates(GOLD, 1, lots=7))
    taken(step, rates(RATIO, 1, lots=MONEY_MAX))
    refused(step, commit(1, 2))
    assert_margins_are_recomputed(step)
    taken(step, rates(RATIO, 1, lots=9))
    done(step, commit(1, 2))
    assert_margins_are_recomputed(step)


def test_the_venue_s_own_rates_stay_where_they_are_not_the_client_s() -> None:
    content = universe()
    step = Step(
        msgspec.structs.replace(
            content,
            instruments=tuple(
                msgspec.structs.replace(row, exchange_long_lot=70_000_000)
                if row.handle == GOLD
                else row
                for row in content.instruments
            ),
        )
    )
    step.accept(order(1, order_qty=2))
    taken(step, rates(GOLD, 1, lots=90_000_000))
    done(step, commit(1, 1))
    assert step.pair(SUB, GOLD)["margin"] == 180_000_000
    assert step.pair(MASTER, GOLD)["margin"] == 140_000_000


def spanned() -> Universe:
    """Gold and the ratio under SPAN; the losses of long gold lie between -160 and 160."""
    content = universe()
    scans = {
        GOLD: Scan(unit=1_000_000, losses=tuple(range(-160, 160, 20)), delta=10_000),
        RATIO: Scan(unit=1_000_000, losses=(0,) * 16, delta=0),
    }
    return msgspec.structs.replace(
        content,
        instruments=tuple(
            msgspec.structs.replace(row, margin_model="span", scan=scans[row.handle])
            if row.handle in scans
            else row
            for row in content.instruments
        ),
    )


def test_arrays_are_committed_whole_over_positions_and_working_orders() -> None:
    step = Step(spanned())
    step.fill(order(1, order_qty=2))
    step.accept(order(2, side=SELL, order_qty=5))
    assert step.balance(SUB)["margin"] == (2 * -160 + 5 * 160) * 1_000_000
    values = [*range(0, 320, 20), 10_000, 0, 0, 0, 0, 0, 0, 0]
    for first in PARTS[:-1]:
        taken(step, array(GOLD, 1, first, values[first : first + 6]))
    refused(step, commit(1, 3))
    taken(step, array(GOLD, 1, 18, values[18:]))
    done(step, commit(1, 4))
    assert step.balance(SUB)["margin"] == 2 * 300 * 1_000_000
    assert step.balance(MASTER)["margin"] == 2 * 300 * 1_000_000


@pytest.mark.parametrize(
    ("instrument", "first", "values"),
    [
        (INDEX, 0, [1] * 6),
        (GOLD, 1, [1] * 6),
        (GOLD, 24, [0] * 6),
        (GOLD, 18, [-1, 0, 0, 0, 0, 0]),
        (GOLD, 18, [0, 0, 1, 0, 0, 0]),
        (GOLD, 0, [-(1 << 31), 0, 0, 0, 0, 0]),
    ],
)
def test_an_array_out_of_range_is_refused(instrument: int, first: int, values: list[int]) -> None:
    not_taken(Step(spanned()), array(instrument, 1, first, values))


def credit(amount: int, fills: int, **fields: int) -> Any:
    where = {"account": SUB, "currency": USD} | fields
    return by_operator(Kind.MARGIN_CREDIT, amount=amount, order_qty=fills, **where)


def test_span_s_exact_figure_lowers_what_is_held_until_the_next_fill() -> None:
    step = Step(spanned())
    step.fill(order(1, order_qty=2))
    held = step.balance(SUB)["margin"]
    fills = step.account(SUB)["fill_count"]
    done(step, credit(100, fills))
    assert (step.balance(SUB)["margin"], step.balance(SUB)["margin_credit"]) == (held - 100, 100)
    done(step, credit(10 * held, fills))
    assert (step.balance(SUB)["margin"], step.balance(SUB)["margin_credit"]) == (0, held)
    done(step, credit(0, fills))
    assert step.balance(SUB)["margin"] == held
    done(step, credit(100, fills))
    step.fill(order(2))
    assert step.balance(SUB)["margin_credit"] == 0
    before = step.balance(SUB)["margin"]
    done(step, credit(100, fills))
    assert (step.risk("stale_credits"), step.balance(SUB)["margin"]) == (1, before)
    refused(step, credit(-1, fills + 1))
    refused(step, credit(1, -1))


def test_a_mark_that_a_pool_cannot_bear_is_refused_though_each_member_can() -> None:
    members = {SUB, SISTER}
    rows = tuple(
        msgspec.structs.replace(row, pool=MASTER, cash={USD: 0}, credit_line={USD: MONEY_MAX // 8})
        if row.handle in members
        else row
        for row in changed(MASTER, cash={USD: MONEY_MAX // 4}, is_shared=False)
    )
    content = universe(accounts=rows)
    gold = msgspec.structs.replace(
        content.instruments[0], tick_value=1 << 46, collar_ticks=None, fee_lot=0
    )
    step = Step(
        msgspec.structs.replace(content, instruments=(gold, *content.instruments[1:])),
        marks={GOLD: 0},
    )
    step.fill(order(1, price=0))
    step.fill(order(2, price=0, account=SISTER))
    before = step.balance(MASTER)
    step.run(mark(GOLD, 12_000))
    assert step.balance(MASTER)["unrealised"] == 24_000 << 46
    count = step.risk("refused_records")
    state = copies(step)
    # Each member, and every other level, can still be valued there.
    step.run(mark(GOLD, 13_500))
    assert step.risk("refused_records") == count + 1
    assert changed_tables(step, state) == []
    step.run(mark(GOLD, 0))
    assert step.balance(MASTER)["unrealised"] == before["unrealised"] == 0
