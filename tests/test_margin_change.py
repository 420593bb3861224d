"""An intraday change of SPAN arrays: from a file to what risk holds and the stage gives back."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import zmq
from margin_rig import SMALL, Desk, exact

from tidegate.cli.margin_file import ArrayChange, keep
from tidegate.client.operator import MarginRate, next_epoch
from tidegate.errors import MarginError, SessionError
from tidegate.native.records import Kind, Reason

NETS = {("GA", "202512"): 4, ("GA", "202602"): -3, ("SI", "202512"): -5}
SLIPS = {
    "half a file": (None, "the file is cut"),
    "no such contract": (("202602", "202603"), "has no risk array for GA 202602"),
    "another currency": (("CC-AU 0USD", "CC-AU 0EUR"), "margins CC-AU in EUR; expected that"),
    "another unit": (
        ("CC-AU 0USD", "CC-AU 1USD"),
        "instrument GAZ5, unit: 10, but 1 is in use; expected that, for the unit cannot change "
        "intraday",
    ),
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with zmq.Context() as context:
        found = Desk(tmp_path, context)
        yield found
        found.stage.close()
        found.control.close()
        for region in found.regions.values():
            region.close()


def dearer(path: Path) -> Path:
    """The file with gold's losses a third higher."""
    lines = SMALL.read_text(encoding="latin-1").splitlines(keepends=True)
    for index, line in enumerate(lines):
        if line.startswith(("81DEMGA        GA ", "82DEMGA        GA ")):
            for old, new in (("03000", 4000), ("06000", 8000), ("09000", 12000), ("08910", 11880)):
                line = line.replace(old, f"{new:05}")
            lines[index] = line
    (path / "dearer.pa2").write_text("".join(lines), encoding="latin-1")
    return path / "dearer.pa2"


def trade(desk: Desk) -> None:
    for instrument, lots in enumerate(NETS.values(), 1):
        desk.fill(instrument, lots)


def settle(desk: Desk) -> int:
    """Let the stage work, and risk take what it says; the margin after it."""
    desk.stage.work()
    for row in desk.told():
        desk.take(row)
    return int(desk.balance["margin"])


def test_a_new_file_is_held_by_at_once_and_then_to_the_exact_figure(
    desk: Desk, tmp_path: Path
) -> None:
    trade(desk)
    before = settle(desk)
    assert before == exact(NETS)
    file = dearer(tmp_path)
    change = ArrayChange(desk.run_dir, file)
    assert change.carry_out(desk.operator(), "a test").is_done
    epoch = int(desk.tables.arrays["risk"]["margin_epoch"][0])
    assert desk.run_dir.margin_file(epoch).read_bytes() == file.read_bytes()
    assert desk.tables.arrays["instruments"]["scan"][1].tolist()[10] == -12_000
    held = int(desk.balance["margin"])
    assert int(desk.balance["margin_credit"]) == 0
    after = settle(desk)
    assert before < after == exact(NETS, file) < held
    assert desk.stage.work() == 0


def test_the_stage_says_for_which_file_it_has_computed(desk: Desk, tmp_path: Path) -> None:
    trade(desk)
    ArrayChange(desk.run_dir, dearer(tmp_path)).carry_out(desk.operator(), "a test")
    desk.stage.work()
    epoch = int(desk.tables.arrays["risk"]["margin_epoch"][0])
    rows = desk.told()
    assert [int(row["cl_ord_id"][0]) for row in rows] == [epoch]
    assert rows[0]["kind"][0] == Kind.MARGIN_CREDIT


def test_arrays_without_a_file_are_held_by_in_full(desk: Desk, tmp_path: Path) -> None:
    trade(desk)
    settle(desk)
    arrays = ArrayChange(desk.run_dir, dearer(tmp_path)).arrays
    assert desk.operator().margin_arrays(arrays, epoch=next_epoch(), why="a test").is_done
    assert desk.stage.work() == 0
    assert desk.stage.counts["unusable_files"] == 0
    assert int(desk.balance["margin_credit"]) == 0


@pytest.mark.parametrize("content", [None, "no file of margins\n"])
def test_a_file_that_risk_does_not_hold_by_is_not_computed_from(
    desk: Desk, tmp_path: Path, content: str | None
) -> None:
    trade(desk)
    epoch = next_epoch()
    other = SMALL
    if content is not None:
        other = tmp_path / "other.pa2"
        other.write_text(content)
    keep(desk.run_dir, other, epoch)
    arrays = ArrayChange(desk.run_dir, dearer(tmp_path)).arrays
    assert desk.operator().margin_arrays(arrays, epoch=epoch, why="a test").is_done
    assert desk.stage.work() == 0
    assert desk.stage.counts["unusable_files"] == 1


def test_a_change_that_risk_refuses_leaves_no_file(desk: Desk, tmp_path: Path) -> None:
    rates = {"GAZ5": MarginRate("1", "1")}
    later = next_epoch() + 1000
    operator = desk.operator()
    first = ArrayChange(desk.run_dir, SMALL)
    assert operator.margin_arrays(first.arrays, epoch=later, why="a test").is_done
    answer = ArrayChange(desk.run_dir, dearer(tmp_path)).carry_out(operator, "a test")
    assert answer.reason == Reason.CONTROL_REFUSED
    assert list(desk.run_dir.margin.iterdir()) == []
    assert not operator.margin_rates(rates, why="a test").is_done


def test_a_kept_file_is_never_written_over(desk: Desk, tmp_path: Path) -> None:
    kept = keep(desk.run_dir, SMALL, 5)
    with pytest.raises(MarginError, match="another change was asked for in this second"):
        keep(desk.run_dir, dearer(tmp_path), 5)
    assert list(desk.run_dir.margin.iterdir()) == [kept]
    assert kept.read_bytes() == SMALL.read_bytes()


@pytest.mark.parametrize("slip", SLIPS)
def test_a_file_that_does_not_fit_is_refused_in_one_sentence(
    slip: str, desk: Desk, tmp_path: Path
) -> None:
    change, expected = SLIPS[slip]
    text = SMALL.read_text(encoding="latin-1")
    bad = tmp_path / "bad.pa2"
    bad.write_text(text[: len(text) // 2] if change is None else text.replace(*change))
    with pytest.raises(MarginError) as refusal:
        ArrayChange(desk.run_dir, bad)
    assert expected in str(refusal.value)
    assert str(bad) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_array_is_twenty_values_that_fit(desk: Desk) -> None:
    with pytest.raises(SessionError, match="19 values; expected 20"):
        desk.operator().margin_arrays({"GAZ5": [1] * 19}, epoch=1, why="a test")
    with pytest.raises(SessionError, match="GAZ5 value"):
        desk.operator().margin_arrays({"GAZ5": [-(2**31)] + [1] * 19}, epoch=1, why="a test")
    assert np.count_nonzero(desk.tables.arrays["staged"]["is_staged"]) == 0
