"""The compiled step against its slow twin: verdicts, numbers, routes and state, each record."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twin import compare
from twin_desk import Desk
from twin_records import VIEWS, Record
from twin_rig import Both, run
from twin_themes import DAYS, THEMES

from tidegate.native.records import ORDER_RECORD, Kind, Reason

SEEDS = range(30)
RECORDS = 300
# Tables are compared after each so many: most of the time goes there.
COMPARED = 10
# No record of a strategy or a control leads to these: a journal or a gateway does.
ELSEWHERE = {Reason.JOURNAL_UNAVAILABLE, Reason.CONTROL_NOT_ALLOWED}
EDGES = (0, 1, -1, 2, (1 << 31) - 1, 1 << 31, 1 << 53, (1 << 53) + 1, 1 << 58, 1 << 60)
EDGES += ((1 << 61) - 1, 1 << 61, (1 << 61) + 1, (1 << 63) - 1)
# A venue's fills are taken as they are, and a sequence is the step's own.
NEVER = {"kind", "layout_version", "checksum", "sequence", "pad", "last_px", "last_qty", "order_id"}


def with_edge(rng: Random, row: Record) -> Record:
    """One field of the record at an edge of its type or of what can be expressed."""
    view = row.view(VIEWS.get(Kind(int(row["kind"][0])), ORDER_RECORD))
    names = [name for name in view.dtype.names or () if name not in NEVER]
    plain = [name for name in names if view.dtype[name].kind in "iu"]
    name = rng.choice(plain)
    size = view.dtype[name].itemsize * 8
    value = rng.choice(EDGES) * rng.choice((1, -1)) & ((1 << size) - 1)
    if view.dtype[name].kind == "i" and value >> (size - 1):
        value -= 1 << size
    if name == "received_ns" and 1 << 61 <= value < 4 * 10**18:
        value = (1 << 63) - 1
    view[name] = value
    return row


@pytest.mark.timeout(900)
def test_a_seeded_workload_reaches_every_reason_and_both_agree() -> None:
    reached: Counter[str] = Counter()
    days = 0
    for seed in SEEDS:
        both = run(seed, RECORDS, COMPARED)
        reached += both.reasons
        days = max(days, both.days)
    for name, count in reached.most_common():
        print(f"{count:7} {name}")
    missing = {reason for reason in Reason if 0 < reason < 96 and not reached[reason.name]}
    assert missing - ELSEWHERE == set()
    assert days > 2


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(100, 1 << 32))
def test_the_step_and_its_twin_agree_in_every_record(seed: int) -> None:
    run(seed, 60)


@settings(max_examples=10, deadline=None)
@given(place=st.integers(20, 1 << 30))
def test_they_agree_over_several_days(place: int) -> None:
    """Settlements, rolls, yesterday's lots closed, differences raised, dismissed and adjusted."""
    run(place * len(THEMES) + THEMES.index(DAYS), 120, COMPARED)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_they_agree_at_the_edges_of_int64_too(seed: int) -> None:
    """Extreme values in every field of a strategy and an operator, never a wrong accept."""
    both = Both(seed)
    desk = Desk(seed, both.twin)
    for row in desk.opening():
        both.run(row)
    for _ in range(40):
        row = desk.next()
        both.run(with_edge(desk.rng, row) if desk.rng.random() < 0.6 else row)


WORDS = {
    "risk": ("now_ns", "open_orders", "denied", "fills", "business_day", "break_count"),
    "instruments": ("mark_px", "collar_low", "margin_long", "lot_notional", "is_settled"),
    "accounts": ("trading_state", "day_orders", "executions", "breaks", "fill_count"),
    "pairs": ("net", "open_cost", "bought_qty", "margin", "fill_count"),
    "products": ("margin", "protection_qty"),
    "days": ("orders", "replaces", "cancels", "trades"),
    "balances": ("cash", "margin", "fee_held", "unrealised", "fees", "peak", "notional"),
    "orders": ("held_qty", "fee_held", "order_qty", "frozen_today"),
    "cl_ord_ids": ("order_qty", "cum_qty", "reason"),
    "limits": ("max_long", "max_gross"),
    "sessions": ("open_orders",),
}


def test_compare_finds_a_change_in_each_word_and_credit() -> None:
    both = run(4, 150)
    arrays = both.tables.arrays
    pairs, fields = arrays["pairs"], ("buy_credit", "sell_credit", "gross_credit", "order_credit")
    places = [(pairs["all"], field, 1) for field in fields]
    places += [(arrays["accounts"]["all"], field, 8) for field in fields]
    working = int((arrays["orders"]["held_qty"] > 0).argmax())
    first = {"risk": 0, "balances": 8 * 4 + 1, "orders": working, "limits": -1, "cl_ord_ids": -1}
    for name, names in WORDS.items():
        row = first.get(name, 1)
        if row < 0:
            row = int((arrays[name][arrays[name].dtype.names[0]] != 0).argmax())
        places += [(arrays[name], field, row) for field in names]
    for table, field, row in places:
        before = table[field][row].item()
        table[field][row] = before + 1
        assert compare(both.twin, arrays) != [], (field, row)
        table[field][row] = before
    assert compare(both.twin, arrays) == []
