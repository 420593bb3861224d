"""The compiled step against its slow twin: verdicts, numbers, routes and state, each record."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twin_rig import run

from tidegate.native.records import Reason

SEEDS = range(24)
RECORDS = 500
# No record of a strategy or a control leads to these: a journal or a gateway does.
ELSEWHERE = {Reason.JOURNAL_UNAVAILABLE, Reason.CONTROL_NOT_ALLOWED}


@pytest.mark.timeout(900)
def test_a_seeded_workload_reaches_every_reason_and_both_agree() -> None:
    reached: Counter[str] = Counter()
    for seed in SEEDS:
        reached += run(seed, RECORDS).reasons
    for name, count in reached.most_common():
        print(f"{count:7} {name}")
    missing = {reason for reason in Reason if 0 < reason < 96 and not reached[reason.name]}
    assert missing - ELSEWHERE == set()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(100, 1 << 32))
def test_the_step_and_its_twin_agree_in_every_record(seed: int) -> None:
    run(seed, 60)
