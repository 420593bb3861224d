"""Any record is explained by replaying to it; any order can be tried without sending it."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner
from risk_rig import (
    GOLD,
    SELL,
    START_NS,
    SUB,
    USD,
    cancel,
    cash,
    mark,
    order,
    record,
    tick,
    trade,
    universe,
)

from tidegate import replay, risk_state
from tidegate.cli import main
from tidegate.errors import ConfigError, PriceError, ReplayError
from tidegate.explain import explanation, whatif
from tidegate.explain.sentences import SENTENCES, Compared, sentence
from tidegate.explain.units import Speaker
from tidegate.native.journal import Journal
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import NOTE_RECORD, Kind, Reason
from tidegate.run_dir import RunDir

ACCEPTED, DENIED, FILL, CANCELED, CASHED = 3, 4, 5, 6, 8


def letters(text: bytes) -> np.ndarray[Any, Any]:
    """A NOTE's text: 32 single bytes."""
    return np.frombuffer(text.ljust(32, b"\0"), "S1")


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    """An order that passes, one too large, a fill, a late cancel, a deposit with a note."""
    found = RunDir(tmp_path)
    found.create()
    found.write_universe(universe())
    replay.keep_universe(found.journal, universe())
    journal = Journal(found.journal, segment_records=32)
    note = record(NOTE_RECORD, Kind.NOTE, cl_ord_id=77, text=letters(b"wire of this morning"))
    money = cash(SUB, USD, 5_000)
    money["cl_ord_id"] = 77
    order_id = (1 << 32) + 1
    rows = (tick(START_NS), mark(GOLD, 13_000), order(1), order(2, order_qty=21))
    rows += (trade(order_id, 1, 1, 13_000), cancel(3, 1), note, money, order(9, session=2))
    for sequence, row in enumerate(rows, 1):
        row["sequence"] = sequence
        journal.append_rows(row)
    journal.close()
    return found


def test_an_accepted_order_shows_every_check_and_what_it_held(run_dir: RunDir) -> None:
    found = explanation.explain(run_dir.journal, ACCEPTED)
    assert not any(check.failed for check in found.checks)
    assert len(found.checks) >= 40
    assert len(found.routes) == 1
    held = {(change.row, change.field): change.text for change in found.changes}
    assert held["account-6 USD", "margin"] == "0 -> 8,800"
    assert held["account-6 USD", "fee_held"] == "0 -> 2.32"
    assert "passed every check" in found.sentence


def test_a_denied_order_says_what_was_compared(run_dir: RunDir) -> None:
    found = explanation.explain(run_dir.journal, DENIED)
    assert [check.reason for check in found.checks if check.failed] == ["ORDER_SIZE"]
    assert found.verdict == 1 << 63 | 1 << Reason.ORDER_SIZE
    assert "21 lots are more than the 20 lots allowed" in found.sentence


def test_a_fill_shows_what_it_booked_and_released(run_dir: RunDir) -> None:
    found = explanation.explain(run_dir.journal, FILL)
    held = {(change.row, change.field): change.text for change in found.changes}
    assert held["account-6 GC", "net"] == "0 -> 1"
    assert held["account-6 USD", "fee_held"] == "2.32 -> 0"
    assert held["account-6 USD", "cash"] == "1,000,000 -> 999,997.68"
    assert found.sentence.startswith("account-6: the fill of 1 GC at 1,300 was booked")


def test_a_refused_cancel_says_why(run_dir: RunDir) -> None:
    assert "already over" in explanation.explain(run_dir.journal, CANCELED).sentence


def test_an_operators_record_shows_its_note(run_dir: RunDir) -> None:
    found = explanation.explain(run_dir.journal, CASHED)
    assert found.why == "wire of this morning"
    assert any(change.field == "cash" for change in found.changes)


def explained(*rows: np.ndarray[Any, Any]) -> explanation.Explanation:
    """The last of these records, explained after those before it."""
    tables = risk_state.in_memory(universe())
    step = Pretrade(tables)
    for sequence, row in enumerate(rows, 1):
        row["sequence"] = sequence
    for row in rows[:-1]:
        step.step(row)
    return explanation.explain_record(universe(), tables, step, rows[-1])


def test_a_refused_operators_record_is_not_called_booked() -> None:
    found = explained(tick(START_NS), cash(SUB, USD, -(10**15)))
    assert not found.changes
    assert found.sentence == "Cash was refused whole; it changed nothing."


def test_a_cancel_on_its_way_was_neither_checked_nor_held() -> None:
    found = explained(tick(START_NS), mark(GOLD, 13_000), order(1), cancel(2, 1))
    assert len(found.routes) == 1
    assert "held on all levels" not in found.sentence
    assert "stays held until" in found.sentence


def test_what_is_not_stated_is_said_in_words() -> None:
    found = explained(tick(START_NS), mark(GOLD, 13_000))
    assert {row.field: row.text for row in found.changes}["mark_px"] == "none -> 1,300"


def test_beyond_the_end_is_refused(run_dir: RunDir) -> None:
    with pytest.raises(ReplayError, match="ends at sequence 9; expected 12"):
        explanation.explain(run_dir.journal, 12)


def test_the_command_finds_a_cl_ord_id(run_dir: RunDir) -> None:
    done = CliRunner().invoke(main, ["explain", str(run_dir.path), "--cl-ord-id", "2", "--json"])
    assert done.exit_code == 0, done.output
    found = msgspec.json.decode(done.output)
    assert found["sequence"] == DENIED
    assert found["changes"]
    text = CliRunner().invoke(main, ["explain", str(run_dir.path), "--sequence", str(DENIED)])
    assert "FAILED  ORDER_SIZE" in text.output
    assert text.output.rstrip().endswith(found["sentence"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give one of"),
        (["--cl-ord-id", "1", "--sequence", "2"], "give one of"),
        (["--cl-ord-id", "999"], "no request with cl_ord_id 999"),
        (["--cl-ord-id", "1", "--session", "nobody"], "expected one of session-1, session-2"),
        (["--sequence", "0"], "0 is not in the range"),
    ],
)
def test_the_command_refuses_what_it_cannot_find(
    run_dir: RunDir, arguments: list[str], said: str
) -> None:
    done = CliRunner().invoke(main, ["explain", str(run_dir.path), *arguments])
    assert done.exit_code != 0
    assert said in done.output


def test_every_reason_of_a_verdict_has_a_sentence() -> None:
    speaker = Speaker(universe())
    for reason in Reason:
        if 0 < reason < 64:
            assert reason in SENTENCES, reason.name
            said = sentence(speaker, reason, Compared(1, 2, 3, 4, 3), GOLD)
            assert said.endswith(".")
            assert "{" not in said


def test_only_a_limit_may_be_none() -> None:
    compared = Compared(20, 0, 2**31 - 1, 4, 3)
    said = sentence(Speaker(universe()), Reason.ORDER_SIZE, compared, GOLD)
    assert said.startswith("The order's 2,147,483,647 lots are more than the 20 lots")


def test_whatif_gives_the_verdict_and_leaves_the_regions_alone(tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path)
    run_dir.create()
    tables, regions = risk_state.in_regions(universe(), run_dir)
    step = Pretrade(tables)
    for sequence, row in enumerate((tick(START_NS), mark(GOLD, 13_000), order(1)), 1):
        row["sequence"] = sequence
        step.step(row)
    before = tables.state_hash()
    for text, reason in (("SELL 3", None), ("BUY 21", Reason.ORDER_SIZE)):
        side, qty = text.split()
        asked = whatif.order_record(
            universe(),
            account="account-6",
            side=side,
            order_qty=int(qty),
            symbol="GC",
            price="1300.0",
        )
        found = whatif.what_if(universe(), whatif.copy_live(run_dir), asked)
        failed = [check.reason for check in found.checks if check.failed]
        assert failed == ([] if reason is None else [reason.name])
    assert tables.state_hash() == before
    for region in regions.values():
        region.close()


def test_whatif_tries_any_id_and_copies_the_rows_in_use(tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path)
    run_dir.create()
    tables, regions = risk_state.in_regions(universe(), run_dir)
    step = Pretrade(tables)
    rows = (tick(START_NS), mark(GOLD, 13_000), order(1), order(2**64 - 1))
    for sequence, row in enumerate(rows, 1):
        row["sequence"] = sequence
        step.step(row)
    copied = whatif.copy_live(run_dir).arrays
    for name, rows_there in tables.arrays.items():
        if name != "cl_ord_ids":
            assert copied[name].tobytes() == rows_there.tobytes(), name
    asked = whatif.order_record(
        universe(), account="account-6", side="buy", order_qty=1, symbol="GC", price="1300.0"
    )
    assert whatif.what_if(universe(), whatif.copy_live(run_dir), asked).routes
    for region in regions.values():
        region.close()


def test_whatif_at_the_start_of_a_day_takes_settlement_as_mark() -> None:
    tables = whatif.from_config(universe(), START_NS)
    asked = whatif.order_record(
        universe(), account="account-6", side="sell", order_qty=2, symbol="GC", price="1300.0"
    )
    assert int(asked["side"][0]) == SELL
    found = whatif.what_if(universe(), tables, asked)
    assert found.routes
    assert found.sentence.endswith(
        "would pass every check, be held on all levels and go to the venue."
    )


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"account": "nobody"}, ConfigError),
        ({"symbol": "XX"}, ConfigError),
        ({"side": "hold"}, ConfigError),
        ({"effect": "open-close"}, ConfigError),
        ({"price": "1300.05"}, PriceError),
        ({"price": "nan"}, PriceError),
    ],
)
def test_whatif_refuses_what_is_no_order(changed: dict[str, str], error: type[Exception]) -> None:
    asked = {"account": "account-6", "side": "buy", "symbol": "GC", "price": "1300.0"} | changed
    with pytest.raises(error):
        whatif.order_record(universe(), order_qty=1, **asked)
