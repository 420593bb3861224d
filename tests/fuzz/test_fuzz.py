"""Every input of the corpus, seeds and what fuzzing has found, goes through its target quietly."""

import subprocess
from pathlib import Path

import pytest
from targets import TARGETS

FUZZ_ONE = Path(__file__).parents[2] / ".ci" / "fuzz-one"
CORPUS = Path(__file__).parent / "corpus"
INPUTS = sorted(path for path in CORPUS.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_an_input_of_the_corpus_is_taken_or_refused(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


def test_every_target_has_a_seed() -> None:
    assert {path.parent.name for path in INPUTS} == set(TARGETS)


def test_a_target_that_is_ended_anywhere_leaves_no_directory(tmp_path: Path) -> None:
    (tmp_path / "build" / "fuzz").mkdir(parents=True)
    # In place of Python: notes where its files would be, and is gone.
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nmkdir "$TMPDIR/kept" && echo "$TMPDIR" >place\nkill -9 $$\n')
    python.chmod(0o755)
    done = subprocess.run([FUZZ_ONE, python, "config", "1"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 137
    place = Path((tmp_path / "place").read_text().strip())
    assert place.name.startswith("tidegate-fuzz-")
    assert not place.exists()
