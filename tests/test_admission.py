"""Whether a run may begin in a run directory: what `check` says of it, and `run` refuses."""

import os
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from tidegate import admission
from tidegate.adoption import started_at
from tidegate.cli import main
from tidegate.config import load_universe
from tidegate.errors import ReplayError
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

CONFIGS = Path(__file__).parent.parent / "configs"


def of_layout(run_dir: RunDir, layout: str) -> Universe:
    universe = load_universe(CONFIGS / "dev.toml", run_dir)
    placement = msgspec.structs.replace(universe.placement, layout=layout)
    return msgspec.structs.replace(universe, placement=placement)


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    """A directory in which a run of configs/dev.toml has been."""
    found = RunDir(tmp_path / "run")
    found.create()
    admission.begin(of_layout(found, "processes"), found)
    return found


def refusals(run_dir: RunDir, layout: str = "processes") -> str:
    """What is said, in lines; nothing in the directory has changed."""
    universe = of_layout(run_dir, layout)
    before = {path: path.stat().st_mtime_ns for path in run_dir.path.rglob("*")}
    said = "\n".join(admission.refusals(universe, run_dir))
    assert {path: path.stat().st_mtime_ns for path in run_dir.path.rglob("*")} == before
    return said


def test_a_run_may_begin_where_nothing_is_and_where_it_was(tmp_path: Path, run_dir: RunDir) -> None:
    assert refusals(RunDir(tmp_path / "new")) == ""
    assert not (tmp_path / "new").exists()
    assert refusals(run_dir) == refusals(run_dir, "fused") == ""


def test_files_of_others_are_named(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").touch()
    assert "has files of others, such as letter.txt" in refusals(RunDir(tmp_path))


def test_who_has_the_directory_is_named_and_what_else_is_wrong_too(run_dir: RunDir) -> None:
    lock = run_dir.lock()
    said = refusals(run_dir, "embedded").splitlines()
    os.close(lock)
    assert f"{run_dir.path}: in use by process {os.getpid()}; stop that run or" in said[0]
    assert 'placement.layout was "processes", the config now has "embedded"' in said[1]
    assert len(said) == 2


def test_an_engine_that_runs_there_is_named(tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path / "run")
    run_dir.create()
    admission.begin(of_layout(run_dir, "embedded"), run_dir)
    lock = run_dir.lock_stage("risk")
    said = refusals(run_dir, "embedded")
    os.close(lock)
    assert f"stage risk is run by process {os.getpid()}" in said
    assert refusals(run_dir, "embedded") == ""


def test_stages_that_outlived_another_run_are_named(run_dir: RunDir) -> None:
    row = {"pid": os.getpid(), "started": started_at(os.getpid()), "is_ready": True}
    run_dir.stages.write_bytes(msgspec.json.encode({"risk": row}))
    assert f"another run are still there (risk as process {os.getpid()})" in refusals(run_dir)


def test_a_journal_of_another_layout_is_refused(run_dir: RunDir) -> None:
    (run_dir.journal / "00000001.journal").write_bytes(bytes(8192))
    assert "00000001.journal: " in refusals(run_dir)


@pytest.mark.parametrize("was", ["processes", "fused"])
def test_a_placement_is_named_as_the_last_run_had_it(run_dir: RunDir, was: str) -> None:
    admission.begin(of_layout(run_dir, was), run_dir)
    with pytest.raises(ReplayError, match=f'layout was "{was}", the config now has "embedded"'):
        admission.begin(of_layout(run_dir, "embedded"), run_dir)


def test_a_fused_config_is_called_so_for_an_embedded_directory(tmp_path: Path) -> None:
    run_dir = RunDir(tmp_path)
    run_dir.create()
    admission.begin(of_layout(run_dir, "embedded"), run_dir)
    assert 'was "embedded", the config now has "fused"' in refusals(run_dir, "fused")


def test_a_run_that_is_not_up_is_not_reconciled_and_says_so(run_dir: RunDir) -> None:
    for row in ({}, {"pid": os.getpid(), "started": 1, "is_ready": True}):
        run_dir.stages.write_bytes(msgspec.json.encode({"risk": row}))
        done = CliRunner().invoke(main, ["reconcile", str(run_dir.path)])
        assert done.exit_code == 1
        assert done.stderr.startswith(f"{run_dir.path}: is not up, none of its stages runs; ")
