"""Statements of a day against numbers computed by hand."""

from decimal import Decimal
from pathlib import Path

import pytest
from day_rig import CLOSE, OPEN, adjustment, pooled, sides_universe
from risk_rig import (
    BUY,
    FIRM,
    GOLD,
    GROUP,
    INDEX,
    MASTER,
    MILLION,
    RATIO,
    SELL,
    SISTER,
    SUB,
    USD,
    account,
    accounts,
    cash,
    control,
    instrument,
    mark,
    order,
    universe,
)
from statement_rig import FIRST, SECOND_DAY, Journaled, amounts, of

from tidegate.errors import ReplayError, StatementError
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import Kind, Level
from tidegate.replay import read_universe, replay
from tidegate.retention import remove_below
from tidegate.statement import make, sums
from tidegate.statement.collect import Collector

D = Decimal


def traded(run_dir: Path) -> Journaled:
    """Gold: 2 bought at 1,300.0 and 1 sold at 1,301.0 for 2.32 each; 10 USD a tick."""
    step = Journaled(run_dir)
    step.run(cash(SUB, USD, 5_000_000))
    step.fill(order(1, order_qty=2))
    step.fill(order(2, side=SELL), 13_010)
    return step


def test_a_net_position_is_realised_charged_and_settled(tmp_path: Path) -> None:
    step = traded(tmp_path)
    step.end_day({GOLD: 13_005})
    found = step.statement(SUB)
    assert amounts(of(found)) == {
        "opening_cash": D("1000000"),
        "deposits": D("500"),
        "realised": D("100"),
        "variation": D("50"),
        "fees": D("-6.96"),
        "closing_cash": D("1000643.04"),
    }
    assert (of(found).margin, of(found).equity) == (D("8800"), D("1000643.04"))
    assert [(one.side, one.qty, str(one.price), one.realised, one.fee) for one in found.fills] == [
        ("BUY", 2, "1300.0", 0, D("4.64")),
        ("SELL", 1, "1301.0", 100, D("2.32")),
    ]
    assert [(one.kind, one.amount) for one in found.moves] == [("deposit", D("500"))]
    (position,) = found.positions
    assert (position.long, position.short, position.long_today) == (1, 0, None)
    assert (str(position.price), position.price_kind) == ("1300.5", "settlement")
    assert (position.worth, position.variation) == (D("130050"), D("50"))
    assert (found.day, found.provisional) == ("2026-11-22", False)


def test_each_line_names_the_record_that_it_is_from(tmp_path: Path) -> None:
    step = traded(tmp_path)
    step.end_day({GOLD: 13_005})
    found = step.statement(SUB)
    records = {}
    for batch in JournalReader(step.directory).batches():
        records |= {int(row["sequence"]): int(row["kind"]) for row in batch}
    assert [records[one.sequence] for one in found.fills] == [Kind.EXECUTION_REPORT] * 2
    assert [records[one.sequence] for one in found.moves] == [Kind.CASH]
    assert records[found.closing_sequence] == Kind.DAY_ROLL
    assert [(one.cl_ord_id, one.exec_id != 0) for one in found.fills] == [(1, True), (2, True)]


def test_the_next_day_opens_with_what_the_last_one_closed(tmp_path: Path) -> None:
    step = traded(tmp_path)
    step.end_day({GOLD: 13_005})
    step.fill(order(3, side=SELL))
    step.end_day({GOLD: 12_990}, SECOND_DAY)
    found = step.statement(SUB, SECOND_DAY)
    assert amounts(of(found)) == {
        "opening_cash": D("1000643.04"),
        "realised": D("-50"),
        "fees": D("-2.32"),
        "closing_cash": D("1000590.72"),
    }
    assert found.positions == ()
    assert found.opening_sequence == step.statement(SUB).closing_sequence


def test_closing_todays_lots_has_its_own_fee_and_yesterdays_another(tmp_path: Path) -> None:
    """Fees of 0.0001 to open, 0.0010 to close, 0.0100 to close today; RISK.md 4.4."""
    step = Journaled(tmp_path, sides_universe())
    step.fill(order(1, order_qty=3, position_effect=OPEN))
    step.fill(order(2, side=SELL, position_effect=CLOSE), 13_010)
    step.end_day({GOLD: 13_000})
    first = step.statement(SUB)
    assert [one.fee for one in first.fills] == [D("0.0003"), D("0.0100")]
    assert [(one.long, one.long_today) for one in first.positions] == [(2, 2)]
    step.fill(order(3, side=SELL, position_effect=CLOSE), 13_020)
    step.end_day({GOLD: 13_007}, SECOND_DAY)
    found = step.statement(SUB, SECOND_DAY)
    assert [(one.fee, one.realised) for one in found.fills] == [(D("0.0010"), 200)]
    assert [(one.long, one.long_today, one.variation) for one in found.positions] == [(1, 0, 70)]
    assert of(found).closing_cash == D("1000000") + 100 + 200 + 70 - D("0.0113")


def test_a_member_of_a_pool_has_its_own_result_alone(tmp_path: Path) -> None:
    step = Journaled(tmp_path, pooled())
    step.fill(order(1, order_qty=2))
    step.fill(order(2, account=SISTER, order_qty=5))
    step.end_day({GOLD: 13_010})
    assert amounts(of(step.statement(SUB))) == {
        "variation": D("200"),
        "fees": D("-4.64"),
        "closing_cash": D("195.36"),
    }


def test_a_pool_has_the_results_of_its_members_and_its_own_moves(tmp_path: Path) -> None:
    """One is long 2 from 1,300.0, the other short 1 from 1,301.0; 10 USD a tick."""
    slice_ = {"pool": SUB, "credit_line": {USD: MILLION}, "max_position": 50}
    strategies = tuple(account(handle, Level.STRATEGY, SUB, **slice_) for handle in (9, 10))
    step = Journaled(tmp_path, universe(accounts=(*accounts(), *strategies)))
    step.run(cash(SUB, USD, 10_000))
    step.fill(order(1, account=9, order_qty=2))
    step.fill(order(2, account=10, side=SELL, price=13_010))
    step.end_day({GOLD: 13_005})
    assert amounts(of(step.statement(SUB))) == {
        "opening_cash": D("1000000"),
        "deposits": D("1"),
        "variation": D("150"),
        "fees": D("-6.96"),
        "closing_cash": D("1000144.04"),
    }
    assert [of(step.statement(one)).variation for one in (9, 10)] == [100, 50]


def test_a_premium_is_paid_at_the_fill_and_stays_worth_something(tmp_path: Path) -> None:
    option = instrument(GOLD, "GC", right="C", is_premium_paid=True)
    rows = (option, instrument(INDEX, "IF"), instrument(RATIO, "RT"))
    step = Journaled(tmp_path, universe(instruments=rows))
    step.fill(order(1, order_qty=2))
    step.end_day({GOLD: 13_005})
    found = step.statement(SUB)
    assert amounts(of(found)) == {
        "opening_cash": D("1000000"),
        "premium": D("-260000"),
        "fees": D("-4.64"),
        "closing_cash": D("739995.36"),
    }
    assert of(found).equity == D("739995.36") + D("260100")


def test_each_currency_adds_up_by_itself(tmp_path: Path) -> None:
    """The index pays 6 CNY a tick and 23 ppm of 24,000.00."""
    step = Journaled(tmp_path)
    step.fill(order(1))
    step.fill(order(2, instrument=INDEX, price=4_000))
    step.end_day({GOLD: 13_000, INDEX: 4_003})
    found = step.statement(SUB)
    assert amounts(of(found)) == {
        "opening_cash": D("1000000"),
        "fees": D("-2.32"),
        "closing_cash": D("999997.68"),
    }
    assert amounts(of(found, "CNY")) == {
        "opening_cash": D("1000000"),
        "variation": D("18"),
        "fees": D("-0.552"),
        "closing_cash": D("1000017.448"),
    }
    assert {one.currency for one in found.fills} == {"USD", "CNY"}


def test_transfers_withdrawals_and_adjustments_are_told_apart(tmp_path: Path) -> None:
    step = Journaled(tmp_path)
    give = {"account": SUB, "to_account": SISTER, "currency": USD, "amount": 70_000}
    step.run(control(Kind.TRANSFER, **give))
    step.run(cash(SUB, USD, -30_000))
    step.run(adjustment(instrument=0, currency=USD, amount=-20_000))
    step.run(adjustment(side=BUY, order_qty=2, price=12_990))
    step.run(adjustment(side=SELL, order_qty=2, price=13_000))
    step.end_day({})
    found = step.statement(SUB)
    assert amounts(of(found)) == {
        "opening_cash": D("1000000"),
        "transfers": D("-7"),
        "withdrawals": D("-3"),
        "adjustments": D("198"),
        "closing_cash": D("1000188"),
    }
    assert [(one.kind, one.counterparty) for one in found.moves] == [
        ("transfer out", "account-7"),
        ("withdrawal", ""),
        ("adjustment", ""),
    ]
    assert [(one.is_adjustment, one.exec_id) for one in found.fills] == [(True, 0)] * 2
    assert of(step.statement(SISTER)).transfers == 7


def test_a_level_above_has_the_sums_of_its_sub_accounts(tmp_path: Path) -> None:
    step = traded(tmp_path)
    step.fill(order(3, account=SISTER, side=SELL, price=12_995), 13_020)
    step.end_day({GOLD: 13_005})
    for level in (MASTER, GROUP):
        found = step.statement(level)
        assert [part.account for part in found.accounts] == ["account-6", "account-7"]
        assert of(found).closing_cash == D("1000643.04") + D("1000147.68")
        assert of(found).variation == 50 + 150
    assert len(step.statement(FIRM).accounts) == 3


def test_the_open_day_is_provisional_and_valued_at_the_mark(tmp_path: Path) -> None:
    step = traded(tmp_path)
    step.run(mark(GOLD, 13_020))
    found = step.statement(SUB, 0)
    assert (found.day, found.provisional) == ("open", True)
    assert of(found).closing_cash == D("1000593.04")
    assert of(found).equity == D("1000593.04") + 200
    assert [(str(one.price), one.price_kind) for one in found.positions] == [("1302.0", "mark")]


def test_a_refused_roll_ends_no_day(tmp_path: Path) -> None:
    step = traded(tmp_path)
    step.run(control(Kind.DAY_ROLL, amount=FIRST, actor=2))
    assert step.statement(SUB, 0).positions[0].price_kind == "mark"
    with pytest.raises(StatementError, match="2026-11-22 never ended with a DAY_ROLL; ended are n"):
        step.statement(SUB)
    step.end_day({GOLD: 13_005})
    assert of(step.statement(SUB)).closing_cash == D("1000643.04")
    with pytest.raises(StatementError, match=r"2026-11-23 never ended.*ended are 2026-11-22"):
        step.statement(SUB, SECOND_DAY)


def test_an_unknown_account_and_a_missing_journal_are_said(tmp_path: Path) -> None:
    step = traded(tmp_path)
    with pytest.raises(StatementError, match="account 'nobody': expected one of account-1, acc"):
        make(step.directory, "nobody", 0)
    with pytest.raises(ReplayError, match=r"no universe\.json there"):
        make(tmp_path / "elsewhere", "account-6", 0)


def test_days_are_made_from_a_snapshot_where_the_journals_beginning_is_gone(tmp_path: Path) -> None:
    step = traded(tmp_path)
    for number in range(3, 70):
        step.run(mark(GOLD, 13_000 + number))
    step.keep_snapshot()
    step.end_day({GOLD: 13_005})
    step.fill(order(3, side=SELL))
    step.end_day({GOLD: 12_990}, SECOND_DAY)
    whole = step.statement(SUB, SECOND_DAY)
    assert remove_below(step.directory, 64) == 1
    assert step.statement(SUB, SECOND_DAY) == whole
    assert step.statement(SUB, 0).money[0].opening_cash == whole.money[0].closing_cash
    with pytest.raises(StatementError, match="the opening of day 2026-11-22 has been removed"):
        step.statement(SUB)


@pytest.mark.parametrize(
    ("item", "said"),
    [("deposits", "closing cash"), ("fees", "closing cash"), ("variation", "closing cash")],
)
def test_a_sum_that_does_not_hold_is_an_error(tmp_path: Path, item: str, said: str) -> None:
    step = traded(tmp_path)
    step.end_day({GOLD: 13_005})
    content = read_universe(step.directory)
    collector = Collector(content, replay(step.directory, until=0).tables, [SUB])
    for batch in JournalReader(step.directory).batches():
        collector.run(batch)
    collector.close(is_over=True)
    book = collector.books[SUB]
    sums.prove(content, book, "that day", is_over=True)
    book.sums[USD, item] += 1
    with pytest.raises(StatementError, match=f"account-6 on that day: {said} in USD is"):
        sums.prove(content, book, "that day", is_over=True)
    # Booked to the wrong line, the total is right and the proof from prices is not.
    book.sums[USD, "realised"] -= 1
    with pytest.raises(StatementError, match="account-6 on that day:"):
        sums.prove(content, book, "that day", is_over=True)


def test_a_fill_that_is_left_out_is_an_error(tmp_path: Path) -> None:
    step = traded(tmp_path)
    step.end_day({GOLD: 13_005})
    content = read_universe(step.directory)
    collector = Collector(content, replay(step.directory, until=0).tables, [SUB])
    for batch in JournalReader(step.directory).batches():
        collector.run(batch)
    collector.close(is_over=True)
    collector.books[SUB].fills.pop()
    with pytest.raises(StatementError, match="cash less cost in USD"):
        sums.prove(content, collector.books[SUB], "that day", is_over=True)
