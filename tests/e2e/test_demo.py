"""The demo as a process, once; then its proofs on what it left, whole and tampered with."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from e2e_rig import ENVIRONMENT, command

from tidegate.backend import NAMES, why_missing
from tidegate.native.records import RECORD_SIZE
from tidegate.native.tables import DTYPES
from tidegate.region import Region
from tidegate.replay import replay
from tidegate.run_dir import RunDir

DEMO_S = 110.0
JOURNAL_HEADER = 4096
LEGS = {"sequenced", "decided", "routed", "venue", "back", "answered", "denied", "reported"}


class Played(NamedTuple):
    """A demo that has ended."""

    ended: "subprocess.CompletedProcess[str]"
    run_dir: RunDir
    result: dict[str, Any]


def demo(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command("demo", *arguments),
        env={**ENVIRONMENT, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=DEMO_S,
    )


@pytest.fixture(scope="module")
def played(place: Path) -> Played:
    run_dir, result = place / "run", place / "result.json"
    backend = "native" if why_missing("fpga") else "fpga"
    ended = demo("--json", result, "--run-dir", run_dir, "--backend", backend)
    assert result.exists(), ended.stdout + ended.stderr
    return Played(ended, RunDir(run_dir), json.loads(result.read_text()))


@contextmanager
def tampered(path: Path, offset: int) -> Iterator[None]:
    """One bit of a file is another meanwhile."""
    with path.open("r+b") as file:
        file.seek(offset)
        [byte] = file.read(1)
        for value in (byte ^ 1, byte):
            file.seek(offset)
            file.write(bytes([value]))
            file.flush()
            if value != byte:
                yield


def test_the_demo_ends_well_and_every_proof_holds(played: Played) -> None:
    against = [proof for proof in played.result["proofs"] if proof["against"]]
    assert against == []
    assert played.ended.returncode == 0, played.ended.stderr
    assert len(played.result["proofs"]) == 8
    assert played.ended.stdout.count(" holds ") == 8, played.ended.stdout


@pytest.mark.skipif(
    why_missing("fpga") != "", reason="built without the FPGA backend: no verilator there"
)
def test_the_card_passed_most_orders_and_its_journal_replays_on_both_backends(
    played: Played,
) -> None:
    counted = played.result["card"]
    assert counted["passed"] > counted["to_rules"] > 0
    assert counted["is_out"] == 0
    assert "passed by the card" in played.ended.stdout
    found = [replay(played.run_dir.journal, decided_by=name) for name in NAMES]
    assert found[0].state_hash == found[1].state_hash
    assert found[1].card["passed"] == counted["passed"]


def test_the_result_has_counts_and_the_latency_of_each_leg(played: Played) -> None:
    outcomes = played.result["outcomes"]
    risk = {row["count of"]: row["value"] for row in played.result["risk"]}
    assert len(outcomes) == 6
    assert all(each["sent"] == each["final"] > 0 and not each["doubled"] for each in outcomes)
    assert risk["accepted"] > 0
    assert risk["fills"] == sum(each["fills"] for each in outcomes) > 0
    assert sum(each["cancels"] for each in outcomes) > 0
    latency = {row["leg"]: row for row in played.result["latency"]}
    assert set(latency) == LEGS
    for row in latency.values():
        assert row["count"] > 0
        assert 0 < row["p50_ns"] <= row["p99_ns"] <= row["p999_ns"] <= row["worst_ns"]


def test_the_one_that_misbehaves_is_denied_for_each_of_its_sins(played: Played) -> None:
    denied = {row["count of"] for row in played.result["risk"]}
    for reason in ("ORDER_SIZE", "NOT_PERMITTED", "ORDER_RATE", "DUPLICATE_CL_ORD_ID"):
        assert f"denied {reason}" in denied
    assert any(each["refused_here"].get("PriceError") for each in played.result["outcomes"])


def test_a_kept_run_is_proved_again(played: Played) -> None:
    again = demo("--prove", played.run_dir.path)
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.count(" holds ") == 8


def test_a_changed_journal_fails_the_demo(played: Played) -> None:
    segment = min(played.run_dir.journal.glob("*.journal"))
    with tampered(segment, JOURNAL_HEADER + 1000 * RECORD_SIZE + 40):
        ended = demo("--prove", played.run_dir.path)
    assert ended.returncode == 1, ended.stderr
    assert "against replaying " in ended.stdout
    assert "row 1000 (sequence 1001) is damaged" in ended.stdout


def field_offset(run_dir: RunDir, table: str, field: str) -> int:
    """Where the first row that has this field not zero keeps it, in the table's file."""
    region = Region.attach(run_dir.region(table), DTYPES[table])
    row = int(np.flatnonzero(region.rows[field])[0])
    fields = DTYPES[table].fields
    assert fields is not None
    size = run_dir.region(table).stat().st_size
    start = size - region.capacity * DTYPES[table].itemsize
    region.close()
    return int(start + row * DTYPES[table].itemsize + fields[field][1])


@pytest.mark.parametrize(
    ("table", "field", "claim"),
    [
        ("balances", "cash", "holds equal their recomputation"),
        ("pairs", "bought_qty", "holds equal their recomputation"),
        ("risk", "accepted", "risk saw every order that was sent, once"),
    ],
)
def test_a_changed_region_fails_the_demo(
    played: Played, table: str, field: str, claim: str
) -> None:
    with tampered(played.run_dir.region(table), field_offset(played.run_dir, table, field)):
        ended = demo("--prove", played.run_dir.path)
    assert ended.returncode == 1, ended.stderr
    assert f"against {claim}" in ended.stdout
    assert "against replaying " in ended.stdout


def test_proving_what_is_no_demo_is_refused(place: Path) -> None:
    ended = demo("--prove", place)
    assert ended.returncode == 2
    assert f"--prove {place}: no statements.json there; expected the --run-dir" in ended.stderr
