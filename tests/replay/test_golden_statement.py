"""Statements of the golden journal's days: what was once written must give the same lines."""

from decimal import Decimal
from pathlib import Path

import pytest

from tidegate import replay
from tidegate.errors import StatementError
from tidegate.statement import make

GOLDEN = Path(__file__).parent / "golden" / "layout-3"
DAY = 20231114
USD = 1
SUBS = ("dev-1", "dev-2")


def test_the_golden_day_has_its_fill_its_withdrawal_and_its_adjusted_lot() -> None:
    found = make(GOLDEN, "dev-1", DAY)
    assert [(one.qty, str(one.price), one.fee, one.is_adjustment) for one in found.fills] == [
        (1, "1325.0", Decimal("2.32"), False),
        (1, "1324.5", Decimal(0), True),
    ]
    assert [(one.kind, one.amount) for one in found.moves] == [("withdrawal", Decimal("-12.34"))]
    assert found.money[0].variation == -110
    assert [(one.long, one.short) for one in found.positions] == [(2, 0)]


@pytest.mark.parametrize("name", SUBS)
def test_the_days_of_the_golden_journal_lead_to_its_state(name: str) -> None:
    over, present = make(GOLDEN, name, DAY), make(GOLDEN, name, 0)
    tables = replay.replay(GOLDEN).tables
    content = replay.read_universe(GOLDEN)
    handle = next(row.handle for row in content.accounts if row.name == name)
    row = tables.arrays["balances"][handle * (len(content.currencies) + 1) + USD]
    money = {row.currency: row for row in present.money}["USD"]
    assert money.opening_cash == over.money[0].closing_cash
    assert money.closing_cash * 10_000 == int(row["cash"])
    assert -(money.fees + over.money[0].fees) * 10_000 == int(row["fees"])


def test_a_master_is_the_sum_of_what_is_below_it() -> None:
    above = make(GOLDEN, "sim-master", DAY)
    below = [make(GOLDEN, name, DAY) for name in SUBS]
    assert list(above.accounts) == below
    assert above.money[0].closing_cash == sum(one.money[0].closing_cash for one in below)


def test_a_day_that_never_ended_is_refused() -> None:
    with pytest.raises(StatementError, match=r"0000-00-07 never ended.*ended are 2023-11-14"):
        make(GOLDEN, "dev-1", 7)
