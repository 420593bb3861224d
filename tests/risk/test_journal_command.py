"""`tidegate journal`: what is whole, what is in it, and the same as a table."""

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result
from snapshot_rig import RECORDS, SEGMENT_RECORDS, flip, write_day

from tidegate.cli import main
from tidegate.journal import export
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import NO_PRICE, RECORD_SIZE, Kind
from tidegate.run_dir import RunDir

HEADER_SIZE = 4096


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return write_day(tmp_path_factory.mktemp("day") / "run")[0]


@pytest.fixture
def copied(day: RunDir, tmp_path: Path) -> RunDir:
    shutil.copytree(day.path, tmp_path / "run")
    return RunDir(tmp_path / "run")


def run(command: str, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["journal", command, *map(str, arguments)])


def rows_of(run_dir: RunDir) -> np.ndarray[Any, Any]:
    return np.concatenate(list(JournalReader(run_dir.journal).batches()))


def at_row(sequence: int) -> int:
    return HEADER_SIZE + (sequence - 1) % SEGMENT_RECORDS * RECORD_SIZE


def test_verify_reads_every_segment(day: RunDir) -> None:
    done = run("verify", day.path)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "00000001.journal  32 records, 1 to 32, process"
    assert lines[3] == "00000004.journal  24 records, 97 to 120, process"
    assert lines[-1] == f"whole: {RECORDS} records"


def test_verify_names_each_damage_and_says_so_by_its_exit_status(copied: RunDir) -> None:
    first, _, third, _ = sorted(copied.journal.glob("*.journal"))
    flip(first, at_row(7) + 60)
    flip(third, 24)
    done = run("verify", copied.path)
    assert done.exit_code == 1
    assert "row 6 (sequence 7) is damaged" in done.stderr
    assert "00000003.journal: checksum is" in done.stderr
    assert [line.endswith("DAMAGED") for line in done.stdout.splitlines()] == [
        *(True, False, True, False)
    ]
    third.unlink()
    assert (
        "00000004.journal: begins with sequence 97; expected 65"
        in run("verify", copied.path).stderr
    )


def test_a_torn_tail_is_said_and_no_damage(copied: RunDir) -> None:
    flip(max(copied.journal.glob("*.journal")), at_row(120) + 60)
    done = run("verify", copied.path)
    assert done.exit_code == 0
    assert "ends torn: the next start cuts 1 records that are not whole" in done.stdout


def test_show_prints_what_is_asked_for(day: RunDir) -> None:
    rows = rows_of(day)
    lines = run("show", day.path, "--from", 50, "--count", 5).stdout.splitlines()
    assert [int(line.split()[0]) for line in lines] == [50, 51, 52, 53, 54]
    assert [line.split()[2] for line in lines] == [Kind(kind).name for kind in rows["kind"][49:54]]
    orders = run("show", day.path, "--kind", "new_order_single", "--count", 1000, "--json")
    found = [json.loads(line) for line in orders.stdout.splitlines()]
    wanted = rows[rows["kind"] == Kind.NEW_ORDER_SINGLE]
    assert [one["sequence"] for one in found] == wanted["sequence"].tolist()
    assert all("buy" in one["text"] or "sell" in one["text"] for one in found)
    assert found[0]["fields"]["cl_ord_id"] == int(wanted["cl_ord_id"][0])
    assert "expected one of NEW_ORDER_SINGLE" in run("show", day.path, "--kind", "nothing").stderr


def test_stat_counts_all_records_by_kind(day: RunDir) -> None:
    rows = rows_of(day)
    found = json.loads(run("stat", day.path, "--json").stdout)
    assert (found["records"], found["segments"], found["last_sequence"]) == (RECORDS, 4, RECORDS)
    kinds, counts = np.unique(rows["kind"], return_counts=True)
    assert found["kinds"] == {
        Kind(kind).name: count for kind, count in zip(kinds, counts.tolist(), strict=True)
    }
    times = rows["received_ns"][rows["received_ns"] > 0]
    assert (found["first_ns"], found["last_ns"]) == (times.min(), times.max())
    assert f"{RECORDS} records in 4 segments" in run("stat", day.path).stdout


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_export_of_a_damaged_journal_leaves_no_part_of_it(copied: RunDir, form: str) -> None:
    file = copied.path / "all"
    file.write_text("of yesterday")
    flip(max(copied.journal.glob("*.journal")), 24)
    assert run("export", copied.path, file, "--format", form).exit_code == 1
    assert file.read_text() == "of yesterday"
    assert [path.name for path in copied.path.glob("all*")] == ["all"]


def test_csv_and_parquet_have_every_field_of_every_record(day: RunDir, tmp_path: Path) -> None:
    rows = rows_of(day)
    assert run("export", day.path, tmp_path / "a.csv", "--format", "csv").exit_code == 0
    assert run("export", day.path, tmp_path / "a.parquet", "--format", "parquet").exit_code == 0
    with (tmp_path / "a.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    table = pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert len(lines) == len(table) == RECORDS
    for line, row in zip(lines, table, strict=True):
        assert line == {name: "" if value is None else str(value) for name, value in row.items()}
    for name in ("sequence", "cl_ord_id", "order_qty", "account", "received_ns", "msg_seq_num"):
        assert [row[name] for row in table] == rows[name].tolist()
    prices = [None if price == NO_PRICE else price for price in rows["price"].tolist()]
    assert [row["price"] for row in table] == prices
    reports = rows[rows["kind"] == Kind.EXECUTION_REPORT].view(export.VIEWS[Kind.EXECUTION_REPORT])
    exported = [row for row in table if row["kind_name"] == "EXECUTION_REPORT"]
    assert [row["exec_id"] for row in exported] == reports["exec_id"].tolist()
    assert all(row["exec_id"] is None for row in table if row["kind_name"] == "TICK")
    assert {str(dtype) for dtype in export.columns().values()} <= {
        *("uint8", "uint16", "uint32", "uint64", "int32", "int64", "|S32")
    }


def test_without_pyarrow_parquet_is_refused_in_one_sentence(day: RunDir, tmp_path: Path) -> None:
    program = """
import sys
sys.modules["pyarrow"] = None
from tidegate.cli import main
main()
"""
    done = subprocess.run(
        [
            *(sys.executable, "-c", program, "journal", "export", str(day.path)),
            *(str(tmp_path / "a.parquet"), "--format", "parquet"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "pyarrow is not installed, which writes Parquet; pip install 'tidegate[parquet]', or "
        "export as csv\n"
    )
