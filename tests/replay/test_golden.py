"""Tiny journals of each layout: what an older one says, this build refuses by name."""

from pathlib import Path

import pytest

from tidegate.config import load_universe
from tidegate.errors import JournalError
from tidegate.native.journal import JournalReader
from tidegate.replay import keep_universe
from tidegate.run_dir import RunDir

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden"
REFUSAL = r"00000001\.journal: layout_version is 1; expected 2"


def test_a_journal_of_layout_1_is_refused_by_its_version() -> None:
    with pytest.raises(JournalError, match=REFUSAL):
        list(JournalReader(GOLDEN / "layout-1").batches())


def test_a_run_over_a_journal_of_layout_1_is_refused_by_its_version(tmp_path: Path) -> None:
    universe = load_universe(ROOT / "configs/dev.toml", RunDir(tmp_path))
    with pytest.raises(JournalError, match=REFUSAL):
        keep_universe(GOLDEN / "layout-1", universe)
    assert sorted(path.name for path in (GOLDEN / "layout-1").iterdir()) == ["00000001.journal"]
