"""The table of deliberate bugs fits the code, and bugs of plain Python are caught."""

import shutil
from pathlib import Path

import mutants
import pytest

ROWS = {row["name"]: row for row in mutants.mutants()}
# The others are built: `make mutants`.
IN_PYTHON = ("session-number-not-kept", "client-takes-duplicates")


@pytest.mark.parametrize("name", ROWS)
def test_a_deliberate_bug_still_fits_the_code(name: str) -> None:
    for file, old, new in ROWS[name]["edits"]:
        assert (mutants.ROOT / file).read_text().count(old) == 1
        assert old != new


def test_there_are_many_deliberate_bugs_with_names_of_their_own() -> None:
    assert len(ROWS) == len(mutants.mutants()) >= 20


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", IN_PYTHON)
def test_a_bug_in_python_is_caught(name: str, tmp_path: Path) -> None:
    shutil.copytree(
        mutants.ROOT / "engine", tmp_path / "engine", copy_function=linked, dirs_exist_ok=True
    )
    row = ROWS[name]
    for file, _, _ in row["edits"]:
        patched = tmp_path / file
        text = patched.read_text()
        patched.unlink()
        patched.write_text(text)
    mutants.apply(tmp_path, row)
    seeds = dict.fromkeys((row.get("seed", 1), *range(1, 9)))
    assert mutants.hunt(tmp_path, seeds, steps=10_000) is not None


def linked(source: str, target: str) -> None:
    """The original, not a copy of it: what is built is large."""
    Path(target).symlink_to(source)
