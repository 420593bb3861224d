"""Stamps and the legs that are counted from them; plots; what stamps must not change."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner

from tidegate import latency, recovery, replay
from tidegate.cli import main
from tidegate.config import load_universe
from tidegate.errors import RegionError, TidegateError
from tidegate.native.histogram import HISTOGRAM
from tidegate.native.journal_reader import JournalReader
from tidegate.native.legs import NAMES, Legs
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import LAYOUT_VERSION, RECORD, ExecType, Flag, Kind
from tidegate.region import Region
from tidegate.run_dir import RunDir

ROOT = Path(__file__).parent.parent
GOLDEN = ROOT / f"tests/replay/golden/layout-{LAYOUT_VERSION}"
STAMPS = ("sequenced_delta", "decided_delta", "routed_delta", "venue_delta")
NOW = 10**18
LATE = 2**32 - 1


def report(*stamps: int, received_ns: int = NOW - 5_000, **fields: int) -> npt.NDArray[Any]:
    row = np.zeros(1, RECORD)
    row["kind"], row["exec_type"] = Kind.EXECUTION_REPORT, ExecType.EXEC_NEW
    row["received_ns"] = received_ns
    for name, value in zip(STAMPS, stamps, strict=True):
        row[name] = value
    for name, value in fields.items():
        row[name] = value
    return row


def counted(*rows: npt.NDArray[Any]) -> dict[str, tuple[int, int]]:
    """Of each leg that counted anything: how much, and the highest."""
    table = np.zeros(len(NAMES), HISTOGRAM)
    Legs(table).stamp_rows(np.concatenate(rows), NOW)
    return {
        name: (int(row["count"]), int(row["high_ns"]))
        for name, row in zip(NAMES, table, strict=True)
        if row["count"]
    }


def test_an_answer_has_each_leg_between_its_stamps() -> None:
    row = report(100, 300, 1_000, 4_000)
    legs = {"sequenced": 100, "decided": 200, "routed": 700, "venue": 3_000, "back": 1_000}
    assert counted(row) == {name: (1, ns) for name, ns in (legs | {"answered": 5_000}).items()}
    table = np.zeros(len(NAMES), HISTOGRAM)
    Legs(table).stamp_rows(row, NOW)
    assert row["back_delta"][0] == 5_000


def test_what_risk_refuses_ends_there() -> None:
    found = counted(report(100, 300, 0, 0, kind=Kind.DENIED))
    assert found == {"sequenced": (1, 100), "decided": (1, 200), "denied": (1, 5_000)}
    assert counted(report(100, 300, 0, 0, kind=Kind.CANCEL_REJECT)) == found


def test_a_report_that_answers_nothing_counts_from_the_router_alone() -> None:
    fill = report(0, 0, 0, 1, exec_type=ExecType.EXEC_TRADE)
    assert counted(fill) == {"reported": (1, 4_999)}


def test_an_end_that_no_venue_has_told_has_no_legs() -> None:
    assert counted(report(100, 300, 1_000, 0, exec_type=ExecType.EXEC_CANCELED)) == {}
    refused = counted(report(100, 300, 0, 0, exec_type=ExecType.EXEC_REJECTED))
    assert set(refused) == {"sequenced", "decided", "denied"}


@pytest.mark.parametrize("flag", [Flag.POSS_DUP, Flag.POSS_RESEND])
def test_what_is_sent_again_counts_once(flag: Flag) -> None:
    first = report(100, 300, 1_000, 4_000)
    assert counted(first, report(100, 300, 1_000, 4_000, flags=flag)) == counted(first)


def test_an_answer_after_the_longest_stamp_has_its_whole_and_no_leg_that_is_not_known() -> None:
    found = counted(report(100, 300, 1_000, LATE, received_ns=NOW - 60 * 10**9))
    assert found["answered"] == (1, 60 * 10**9)
    assert found["venue"] == (1, LATE - 1_000)
    assert "back" not in found


def test_stamps_change_no_state_that_a_replay_gives() -> None:
    content = replay.read_universe(GOLDEN)
    hashes = set()
    for seed in (None, 1, 2):
        tables = recovery.in_memory(content, GOLDEN, from_beginning=True).tables
        for batch in JournalReader(GOLDEN).batches():
            rows = batch.copy()
            if seed is not None:
                draw = np.random.Generator(np.random.PCG64(seed))
                for name in (*STAMPS, "back_delta"):
                    rows[name] = draw.integers(0, 2**32, len(rows))
                back = rows["kind"] == Kind.EXECUTION_REPORT
                rows["received_ns"][back] += draw.integers(0, 10**9, int(back.sum()))
            Pretrade(tables).replay(rows)
        hashes.add(tables.state_hash())
    assert len(hashes) == 1


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    """A run with two answers."""
    made = RunDir(tmp_path / "run")
    made.create()
    made.write_universe(load_universe(ROOT / "configs/dev.toml", made))
    region = Region.keep(made.region("latency"), HISTOGRAM, len(NAMES))
    for fields in ((100, 300, 1_000, 4_000), (200, 400, 2_000, 3_000)):
        Legs(region.rows).stamp_rows(report(*fields), NOW)
    region.close()
    return made


def run(*words: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["latency", *map(str, words)])
    return done.exit_code, done.output


def test_the_command_prints_the_legs(run_dir: RunDir) -> None:
    code, text = run(run_dir.path, "--json")
    rows = {row["leg"]: row for row in json.loads(text)["latency"]}
    assert (code, tuple(rows)) == (0, NAMES)
    assert (rows["venue"]["count"], rows["venue"]["worst_ns"]) == (2, 3_000)
    code, text = run(run_dir.path, "--once")
    assert code == 0
    for column in ("count", "p50 us", "p90 us", "p99 us", "p99.9 us", "worst us"):
        assert column in text


def test_plots_are_written_as_png_and_svg(run_dir: RunDir, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="an optional extra: tidegate[plot]")
    code, text = run(run_dir.path, "--plot", tmp_path / "legs")
    assert (code, text.count("written: ")) == (0, 2)
    assert (tmp_path / "legs.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "legs.svg").read_text().count("<svg") == 1


def test_without_matplotlib_one_sentence_says_so(
    run_dir: RunDir, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(TidegateError, match=r"^matplotlib is not installed, .*'tidegate\[plot\]'$"):
        latency.plot(run_dir, tmp_path / "legs.png")


def test_a_plot_of_another_kind_or_of_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TidegateError, match=r"legs\.pdf: expected a name that ends in"):
        latency.plot(RunDir(tmp_path), tmp_path / "legs.pdf")
    with pytest.raises(RegionError, match="latency"):
        latency.read_curves(RunDir(tmp_path))
