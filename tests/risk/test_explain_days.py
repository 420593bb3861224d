"""What explain says of a day's end and of differences with a venue."""

from pathlib import Path
from typing import Any

import pytest
from control_rig import by_operator
from risk_rig import (
    BUY,
    GOLD,
    MASTER,
    SELL,
    START_NS,
    SUB,
    USD,
    control,
    mark,
    settlement,
    tick,
    universe,
)

from tidegate import replay
from tidegate.explain import explanation
from tidegate.explain.days import describe_day
from tidegate.explain.units import Speaker
from tidegate.native.journal import Journal
from tidegate.native.records import Kind

DAY = 20_261_122
LOTS = by_operator(
    Kind.ADJUSTMENT, account=SUB, instrument=GOLD, side=BUY, order_qty=2, price=13_000
)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (by_operator(Kind.DAY_ROLL, amount=DAY), "The end of day 20261122"),
        (
            control(Kind.BREAK, account=MASTER, instrument=GOLD, amount=3),
            "account-2: the venue's figure of GC, +3 beside ours,",
        ),
        (
            control(Kind.BREAK, account=MASTER, currency=USD, amount=-25_000),
            "account-2: the venue's figure of USD, -2.5 beside ours,",
        ),
        (
            control(Kind.BREAK, account=MASTER, instrument=GOLD, order_id=7, amount=-1),
            "account-2: the venue's figure of order 7 in GC, -1 beside ours,",
        ),
        (LOTS, "account-6: the adjustment, bought 2 GC at 1,300,"),
        (
            by_operator(
                Kind.ADJUSTMENT, account=SUB, instrument=GOLD, side=SELL, order_qty=1, price=-5
            ),
            "account-6: the adjustment, sold 1 GC at -0.5,",
        ),
        (
            by_operator(Kind.ADJUSTMENT, account=SUB, currency=USD, amount=70_000),
            "account-6: the adjustment of USD by +7",
        ),
        (by_operator(Kind.ADJUSTMENT, order_id=9), "The adjustment of order 9"),
        (
            by_operator(Kind.ADJUSTMENT, account=MASTER, instrument=GOLD),
            "account-2: the dismissal of the difference in GC",
        ),
    ],
)
def test_a_record_is_said_in_words(row: Any, said: str) -> None:
    assert describe_day(row, Speaker(universe())) == said


def test_what_a_day_s_end_and_a_difference_change_is_shown(tmp_path: Path) -> None:
    replay.keep_universe(tmp_path, universe())
    journal = Journal(tmp_path, segment_records=32)
    difference = {"account": MASTER, "instrument": GOLD, "order_qty": 1}
    rows = [tick(START_NS), mark(GOLD, 13_000), LOTS, settlement(GOLD, 13_010)]
    rows += [control(Kind.BREAK, **difference, amount=amount) for amount in (2, 0)]
    rows += [by_operator(Kind.DAY_ROLL, amount=day) for day in (DAY, DAY)]
    for sequence, row in enumerate(rows, 1):
        row["sequence"] = sequence
        journal.append_rows(row)
    journal.close()
    for sequence, text in ((5, "0 -> 2"), (6, "2 -> 0")):
        found = explanation.explain(tmp_path, sequence)
        changed = {(each.row, each.field): each.text for each in found.changes}
        assert changed["account-2 GC", "amount"] == text
    found = explanation.explain(tmp_path, 7)
    changed = {(each.row, each.field): each.text for each in found.changes}
    assert changed["account-6 USD", "cash"] == "1,000,000 -> 1,000,200"
    assert changed["account-6 USD", "unrealised"] == "0 -> -200"
    assert found.sentence.startswith("The end of day 20261122 was booked;")
    assert explanation.explain(tmp_path, 8).sentence == (
        "The end of day 20261122 was refused whole; it changed nothing."
    )
