"""What a run directory's next run may have otherwise, and how the rest is refused."""

from datetime import date
from pathlib import Path

import pytest

from tidegate import admission, replay, snapshot, universe_change
from tidegate.config import load_universe
from tidegate.errors import ReplayError
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

DEV = Path(__file__).parent.parent / "configs" / "dev.toml"
SETTINGS = """
[journal]
durability = "power"
keep = "snapshots"
slow_ms = 9

[snapshots]
every_s = 1
keep = 2

[supervisor]
orphans = "adopt"

[reconciliation]
every_seconds = 0
"""


def loaded(place: Path, old: str = "", new: str = "", more: str = "") -> Universe:
    text = DEV.read_text()
    assert old in text
    config = place / "dev.toml"
    tape = f'tape = "{DEV.parent}/'
    config.write_text(text.replace('tape = "', tape).replace(old, new) + more)
    return load_universe(config, RunDir(place / "run"))


def test_how_stages_run_may_change_between_two_runs(tmp_path: Path) -> None:
    before, after = loaded(tmp_path), loaded(tmp_path, more=SETTINGS)
    assert before != after
    assert universe_change.difference(before, after) == ""
    assert snapshot.universe_hash(before) == snapshot.universe_hash(after)


def test_another_directory_is_no_difference(tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    assert universe_change.difference(loaded(tmp_path), loaded(tmp_path / "moved")) == ""


@pytest.mark.parametrize(
    ("old", "new", "more", "said"),
    [
        ("position = 50", "position = 60", "", 'accounts[3] "dev-1".max_position was 50,'),
        ("", "", "[capacity]\norders = 64\n", "capacity.orders was 65536, the config now has 64"),
        ("", "", "[risk]\norder_age_ms_max = 0\n", "order_age_ms_max was 5000, the config now has"),
        ("GCZ3", "GCG4", "", 'instruments[0] was "GCZ3", the config now has "GCG4"'),
    ],
)
def test_what_the_state_follows_from_is_refused_by_name(
    tmp_path: Path, old: str, new: str, more: str, said: str
) -> None:
    kept = loaded(tmp_path)
    run_dir = RunDir(tmp_path / "run")
    run_dir.create()
    admission.begin(kept, run_dir)
    other = loaded(tmp_path, old, new, more)
    assert snapshot.universe_hash(kept) != snapshot.universe_hash(other)
    with pytest.raises(ReplayError, match="put that back, or move the run directory") as refused:
        admission.begin(other, run_dir)
    assert said in str(refused.value)
    assert run_dir.read_universe() == kept


def test_calendars_begin_on_the_day_of_the_directory_s_first_run(tmp_path: Path) -> None:
    config = DEV.parent / "demo" / "demo.toml"
    run_dir = RunDir(tmp_path)
    run_dir.create()
    first = load_universe(config, run_dir, date(2024, 5, 6))
    assert first.calendar_day == 20240506
    replay.keep_universe(run_dir.journal, first)
    assert load_universe(config, run_dir) == first
    assert load_universe(config, RunDir(tmp_path / "other")) != first
