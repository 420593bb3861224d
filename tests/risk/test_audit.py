"""The auditor finds every kind of corruption, and nothing in a state that is right."""

from typing import Any

import numpy as np
import pytest
from audit_workload import FIRST_DAY, Workload
from holding_rig import NET
from risk_rig import (
    CNY,
    GOLD,
    INDEX,
    MILLION,
    RATIO,
    SUB,
    USD,
    Step,
    cash,
    control,
    instrument,
    mark,
    order,
    trade,
    universe,
)

from tidegate.audit import Ledger, audit
from tidegate.native.records import CashPhase, Kind
from tidegate.native.tables import DTYPES

# What follows from orders, positions and parameters, field by field: one more of it is found.
RECOMPUTED = {
    "risk": "pair_count group_count side_count scan_count day_count order_slots_used free_first "
    "free_last open_orders cl_ord_id_count open_lists fills break_count",
    "currencies": "asset_rate liability_rate",
    "instruments": "lot_notional collar_low collar_high margin_long margin_short "
    "margin_long_today margin_short_today exchange_long exchange_short exchange_long_today "
    "exchange_short_today first_pair",
    "accounts": "all.buy_credit all.sell_credit all.gross_credit all.order_credit all.max_long "
    "all.max_short all.max_gross all.max_open_orders converted_free fill_count breaks",
    "breaks": "account is_dismissed",
    "products": "scan all.buy_credit all.sell_credit all.gross_credit all.order_credit "
    "all.max_long all.max_short all.max_gross all.max_open_orders margin_longs margin_shorts "
    "margin account product",
    "scans": "worst intra_longs intra_shorts delivery short_options",
    "pairs": "account instrument parent product balance next sides day all.buy_credit "
    "all.sell_credit all.gross_credit all.order_credit all.max_long all.max_short all.max_gross "
    "all.max_open_orders net margin open_cost unrealised bought_qty fill_count "
    "reduce_only_orders state side_lock is_permitted max_order_qty watched",
    "sides": "long_today long_yesterday short_today short_yesterday frozen_long_today "
    "frozen_long_yesterday frozen_short_today frozen_short_yesterday charged_long_today "
    "charged_short_today short_cost long_today_cost short_today_cost",
    "days": "first_order trades",
    "balances": "cash initial_cash margin fee_held premium_held cash_held unrealised fees "
    "notional converted",
    "cash_holds": "amount",
    "orders": "order_id order_qty cum_qty held_qty account instrument pair next previous "
    "next_of_group previous_of_group session side",
    "cl_ord_ids": "order_id session",
    "sessions": "first_order open_orders cl_ord_ids list_id",
    "pair_index": "",
    "product_index": "",
}
# Of pairs that were used since anything changed.
FOLDED = ("state", "side_lock", "is_permitted", "max_order_qty", "watched")
# One more of these is found in some rows alone: where it decides something.
SOMETIMES = {
    ("currencies", "asset_rate"),
    ("currencies", "liability_rate"),
    ("pairs", "next"),
    ("sides", "long_yesterday"),
    ("sides", "short_yesterday"),
    ("sides", "long_today_cost"),
    ("sides", "short_today_cost"),
    ("accounts", "converted_free"),
    ("balances", "converted"),
    ("cl_ord_ids", "order_id"),
    ("orders", "order_qty"),
    *(("pairs", name) for name in FOLDED),
}
ROWS_TRIED = 12


@pytest.fixture(scope="module")
def state() -> dict[str, np.ndarray[Any, Any]]:
    """What a few hundred random records leave, with something of everything."""
    work = Workload(7)
    work.run(250)
    work.step.run(
        control(
            Kind.BREAK,
            account=12,
            currency=USD,
            amount=5,
            order_qty=int(work.step.tables.arrays["accounts"]["fill_count"][12]),
        )
    )
    work.leave_working(25)
    step = work.step
    step.run(
        control(
            Kind.CASH,
            cl_ord_id=99,
            account=14,
            currency=USD,
            amount=-1000,
            cash_phase=int(CashPhase.CASH_PENDING),
        )
    )
    step.run(order(9001, account=5, instrument=NET, list_id=3, list_seq_no=1, tot_no_orders=2))
    return {name: step.tables.arrays[name] for name in DTYPES}


def used_rows(state: dict[str, np.ndarray[Any, Any]], table: str) -> list[int]:
    """Rows that hold something."""
    rows = state[table]
    counts = {
        "risk": range(1),
        "products": range(1, int(state["risk"]["group_count"][0]) + 1),
        "scans": range(1, int(state["risk"]["scan_count"][0]) + 1),
        "pairs": range(1, int(state["risk"]["pair_count"][0]) + 1),
        "sides": range(1, int(state["risk"]["side_count"][0]) + 1),
        "days": range(1, int(state["risk"]["day_count"][0]) + 1),
    }
    if table == "balances":
        return [index for index in range(3, len(rows)) if index % 3]
    keys = {"cash_holds": "request", "cl_ord_ids": "session", "breaks": "account"}
    if table == "orders":
        return [index for index in range(1, len(rows)) if rows["ord_status"][index] in b"A01"]
    if table in keys:
        return [index for index in range(1, len(rows)) if rows[keys[table]][index]]
    if table.endswith("_index"):
        return [index for index in range(len(rows)) if rows[index]]
    return list(counts.get(table, range(1, len(rows))))


def fields() -> list[Any]:
    return [
        pytest.param(table, name, id=f"{table}.{name}")
        for table, names in RECOMPUTED.items()
        for name in names.split() or [""]
    ]


def column(rows: np.ndarray[Any, Any], field: str) -> np.ndarray[Any, Any]:
    for name in field.split(".") if field else []:
        rows = rows[name]
    return rows


def test_a_state_that_is_right_has_nothing_to_say(
    state: dict[str, np.ndarray[Any, Any]],
) -> None:
    assert audit(state) == []
    assert state["risk"]["fills"][0] > 50
    statuses = set(bytes(state["orders"]["ord_status"][1:]))
    assert set(b"A014") <= statuses
    assert state["orders"]["is_replace_pending"].any()
    assert state["orders"]["is_staged"].any()
    assert state["orders"]["frozen_today"].any()


@pytest.mark.parametrize(("table", "field"), fields())
def test_one_more_of_what_can_be_recomputed_is_found(
    state: dict[str, np.ndarray[Any, Any]], table: str, field: str
) -> None:
    rows = column(state[table], field)
    found, silent = 0, []
    used = used_rows(state, table)
    for index in used[:: -(-len(used) // ROWS_TRIED)]:
        before = rows[index].copy()
        rows[index] += 1
        try:
            sentences = audit(state)
        finally:
            rows[index] = before
        if sentences:
            found += 1
        else:
            silent.append(index)
    assert found
    if (table, field) not in SOMETIMES:
        assert silent == []
    assert audit(state) == []


@pytest.mark.parametrize("name", ["max_order_qty", "max_market_qty", "max_notional"])
def test_a_folded_limit_that_is_not_the_least_of_all_is_found(name: str) -> None:
    step = Step()
    step.accept(order(1))
    pairs = step.tables.arrays["pairs"]
    pairs[name][int((pairs["account"] == SUB).argmax())] -= 1
    assert any(f"{name} is" in sentence for sentence in audit(step.tables.arrays))


def test_a_premium_too_small_is_found() -> None:
    step = premium_step()
    orders = step.tables.arrays["orders"]
    for change in (-1, 1):
        orders["premium_held"][1] += change
        assert audit(step.tables.arrays) != []
        orders["premium_held"][1] -= change
    assert audit(step.tables.arrays) == []


def premium_step() -> Step:
    """Gold is an option that is paid at the fill; three are being bought."""
    option = instrument(GOLD, "GC", right="C", is_premium_paid=True)
    step = Step(universe(instruments=(option, instrument(INDEX, "IF"), instrument(RATIO, "RT"))))
    step.run(order(1, order_qty=3))
    return step


def test_a_fee_below_what_its_price_needs_is_found() -> None:
    step = Step()
    step.run(order(1, order_qty=3))
    step.tables.arrays["orders"]["fee_held"][1] -= 1
    assert any("fee_held" in sentence for sentence in audit(step.tables.arrays))


def test_sentences_say_where_what_and_what_was_expected() -> None:
    step = Step()
    step.fill(order(1, order_qty=3))
    step.tables.arrays["balances"]["margin"][SUB * 3 + USD] += 5
    assert audit(step.tables.arrays) == [
        "account 6 in currency 1: margin is 264000005; recomputed 264000000"
    ]


@pytest.mark.parametrize("seed", range(6))
def test_random_records_leave_every_table_explained_and_all_money_conserved(seed: int) -> None:
    work = Workload(seed)
    work.run(250)
    assert work.step.risk("fills") > 20


@pytest.mark.parametrize("seed", range(6))
def test_days_that_end_and_differences_that_are_decided_leave_all_explained_too(seed: int) -> None:
    work = Workload(seed)
    work.run(200, days=True)
    assert work.step.risk("fills") > 20
    assert work.step.risk("business_day") > FIRST_DAY + 2


def test_money_from_nowhere_is_found_at_the_record_that_made_it() -> None:
    step = Step()
    ledger = Ledger(step.tables.arrays)
    row = mark(GOLD, 13_010)
    step.run(row)
    assert ledger.take(row) == []
    step.tables.arrays["balances"]["cash"][SUB * 3 + USD] += 7
    assert ledger.take(row) == [
        "account 6 in currency 1: change of traded value is 7; recomputed 0"
    ]


def test_a_deposit_of_another_amount_than_was_said_is_found() -> None:
    step = Step()
    ledger = Ledger(step.tables.arrays)
    row = cash(SUB, CNY, MILLION)
    step.run(row)
    row.view(np.int64)[96 // 8] = 1
    assert ledger.take(row) == [
        f"account 6 in currency 2: change of deposits is {MILLION}; recomputed 1"
    ]


def test_a_fill_booked_to_one_level_twice_is_found() -> None:
    step = Step()
    order_id = step.accept(order(1, order_qty=2))
    ledger = Ledger(step.tables.arrays)
    row = trade(order_id, 1, 1, 13_000)
    step.run(row)
    level = step.tables.arrays["balances"][SUB * 3 + USD]
    level["cash"] -= 23_200
    level["fees"] += 23_200
    assert any("change of fees" in sentence for sentence in ledger.take(row))


def test_a_row_that_names_what_is_not_there_is_said_before_all_else() -> None:
    step = Step()
    step.run(order(1))
    step.tables.arrays["pairs"]["product"][1] = 1_000
    assert audit(step.tables.arrays) == ["pair 1: product is 1000; expected below 5"]
