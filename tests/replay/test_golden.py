"""Tiny journals of each layout: what an older one says, this build refuses by name."""

from pathlib import Path

import numpy as np
import pytest
from make_golden import BUSINESS_DAY, Day, golden_universe, trade

from tidegate.audit import audit
from tidegate.config import load_universe
from tidegate.errors import JournalError
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import LAYOUT_VERSION, Reason
from tidegate.replay import keep_universe, replay
from tidegate.run_dir import RunDir

LAYOUT = f"layout-{LAYOUT_VERSION}"
ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
OLDER = range(1, LAYOUT_VERSION)


def refusal(layout: int) -> str:
    return rf"00000001\.journal: layout_version is {layout}; expected {LAYOUT_VERSION}"


@pytest.mark.parametrize("layout", OLDER)
def test_a_journal_of_an_older_layout_is_refused_by_its_version(layout: int) -> None:
    with pytest.raises(JournalError, match=refusal(layout)):
        list(JournalReader(GOLDEN / f"layout-{layout}").batches())


@pytest.mark.parametrize("layout", OLDER)
def test_a_run_over_a_journal_of_an_older_layout_is_refused_by_its_version(
    layout: int, tmp_path: Path
) -> None:
    universe = load_universe(ROOT / "configs/dev.toml", RunDir(tmp_path))
    directory = GOLDEN / f"layout-{layout}"
    with pytest.raises(JournalError, match=refusal(layout)):
        keep_universe(directory, universe)
    assert sorted(path.name for path in directory.iterdir()) == ["00000001.journal"]


def test_the_golden_journal_of_this_layout_gives_the_state_that_it_gave() -> None:
    done = replay(GOLDEN / LAYOUT)
    assert (
        f"{done.state_hash} after {done.sequence} records\n"
        == (GOLDEN / LAYOUT / "state").read_text()
    )
    assert audit(done.tables.arrays) == []


def test_the_golden_journal_has_something_of_everything() -> None:
    risk = replay(GOLDEN / LAYOUT).tables.arrays["risk"][0]
    assert risk["refused_records"] == risk["unbookable"] == risk["orphan_reports"] == 0
    assert (risk["accepted"], risk["denied"], risk["fills"]) == (5, 2, 2)
    assert (risk["business_day"], risk["break_count"]) == (BUSINESS_DAY, 1)
    assert risk["override_count"] == 0, "the override has gone back"
    denied = np.flatnonzero(risk["denied_by_reason"])
    assert set(denied) == {Reason.ORDER_SIZE}


def test_the_golden_journal_is_what_its_script_writes(tmp_path: Path) -> None:
    day = Day(tmp_path, golden_universe())
    trade(day)
    day.close()
    name = "00000001.journal"
    assert (tmp_path / name).read_bytes() == (GOLDEN / LAYOUT / name).read_bytes()
