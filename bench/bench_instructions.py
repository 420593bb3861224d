"""The hot path costs as many instructions as is committed, and allocates nothing."""

import json
import shutil
import sys

import instructions
import numpy as np
import pytest
from flow import day

from tidegate import risk_state
from tidegate.native.pretrade import Pretrade

HAS_VALGRIND = shutil.which("valgrind") is not None


@pytest.mark.skipif(
    not HAS_VALGRIND, reason="instructions are counted by valgrind, which is missing"
)
@pytest.mark.timeout(600)
def test_hot_path_costs_what_is_committed_and_step_runs_nothing_that_allocates() -> None:
    figures, wrong = instructions.count(instructions.profile())
    assert min(figures.values()) > 0
    assert wrong == []
    known = json.loads(instructions.FIGURES.read_text())
    moved = instructions.compare(figures, known)
    assert moved == [], "if it is meant: python bench/instructions.py --write"


def test_counts_that_have_moved_are_noticed() -> None:
    key = instructions.built_by()
    assert instructions.compare({"step": 103.0}, {key: {"step": 100.0}})
    assert instructions.compare({"step": 97.0}, {key: {"step": 100.0}})
    assert instructions.compare({"step": 101.0}, {key: {"step": 100.0}}) == []
    other = f"gcc 0, {key.split()[2]}"
    assert instructions.compare({"step": 120.0}, {other: {"step": 100.0}}) == []
    assert instructions.compare({"step": 130.0}, {other: {"step": 100.0}})


def test_steps_leave_no_python_block_behind() -> None:
    content = day(20, 10, cl_ord_ids=1 << 13)
    rows = instructions.day_rows()
    step = Pretrade(risk_state.in_memory(content))
    step.replay(rows[:1_000])
    batches = [np.ascontiguousarray(rows[first : first + 1_000]) for first in (1_000, 2_000)]
    before = sys.getallocatedblocks()
    for batch in batches:
        step.replay(batch)
    # Views of the two batches; of 2,000 records there would be thousands.
    assert sys.getallocatedblocks() - before < 10
