"""Restart of risk: python bench/restart.py [--records N] [--tail N] [--accounts N] [--keep DIR].

A journal of N records leads to a snapshot of accounts x positions, and a tail follows it. First
the phases of a start in one fresh process, then the downtime of the real stage: from SIGKILL to
ready, --kills times. A supervisor adds supervisor.backoff_ms, 100 by default.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np
from flow import Flow, day
from rig.bench import Bench

from tidegate import recovery, replay, snapshot, topology
from tidegate.errors import StageError
from tidegate.native.journal import Journal
from tidegate.native.pretrade import Pretrade
from tidegate.native.tables import Tables
from tidegate.run_dir import RunDir
from tidegate.stage import READY_FD
from tidegate.universe import Gateway, Lane, Snapshots, Supervisor, Universe

INSTRUMENTS = 100
CHUNK = 1 << 17
SEED = 7
PHASES = """
import json, sys, time
began, began_cpu, laps = time.perf_counter(), time.process_time(), []
def lap(name):
    global began, began_cpu
    now, cpu = time.perf_counter(), time.process_time()
    laps.append((name, (now - began) * 1000, (cpu - began_cpu) * 1000))
    began, began_cpu = time.perf_counter(), time.process_time()
import zmq
lap("import zmq")
import numpy
lap("import numpy")
from tidegate import recovery, replay, risk, snapshot
from tidegate.run_dir import RunDir
lap("import tidegate.risk")
run_dir = RunDir(sys.argv[1])
content = run_dir.read_universe()
lap("read the universe")
replay.keep_universe(run_dir.journal, content)
lap("compare it with the journal's")
found, regions = recovery.in_regions(content, run_dir)
arrays = found.tables.arrays
lap("regions, snapshot loaded")
replay.catch_up(found.tables, run_dir.journal)
sequence = int(arrays["risk"]["sequence"][0])
lap("replay the tail")
journal = risk.Journal(run_dir.journal, append=True, first_sequence=sequence + 1)
lap("open the journal")
assert journal.next_sequence == sequence + 1
taken = found.taken.sequence if found.taken else 0
print(json.dumps([laps, taken, sequence, found.tables.state_hash()]))
"""
COLUMNS = {"wall": ".1f", "processor": ".1f"}
DOWNTIME = {"p50": ".0f", "least": ".0f", "most": ".0f"}


def universe_of(run_dir: RunDir, accounts: int, cl_ord_ids: int) -> Universe:
    """The bench's universe with lanes that real stages can bind."""
    content = day(accounts, INSTRUMENTS, cl_ord_ids=cl_ord_ids)
    return msgspec.structs.replace(
        content,
        lanes={
            name: Lane(endpoint=topology.default_lane(run_dir, name), hwm=topology.HWM)
            for name in topology.LANE_NAMES
        },
        gateway=Gateway(
            endpoints=(topology.default_front(run_dir),), secret_key_file=None, outbox=4096
        ),
        supervisor=Supervisor(restarts_max=1000, backoff_ms=1, ready_timeout_ms=60_000),
        snapshots=Snapshots(every_records=1 << 40, every_s=86_400, keep=3),
    )


def build(run_dir: RunDir, content: Universe, records: int, tail: int, *, seed: int = SEED) -> None:
    """The journal, and a snapshot `tail` records before its end."""
    run_dir.create()
    run_dir.write_universe(content)
    replay.keep_universe(run_dir.journal, content)
    journal = Journal(run_dir.journal, segment_records=content.segment_records)
    flow = Flow(content, each=INSTRUMENTS, seed=seed, marks=0)
    tables = recovery.in_memory(content, run_dir.journal).tables
    step = Pretrade(tables)
    run_dir.snapshots.mkdir(mode=0o700)
    while flow.sequence < records + tail:
        end = records if flow.sequence < records else records + tail
        rows = journal.append_rows(flow.chunk(min(CHUNK, end - flow.sequence)))
        if flow.sequence <= records:
            step.replay(rows)
        if flow.sequence == records:
            write(run_dir, content, tables, int(rows["checksum"][-1]))
    journal.close()


def write(run_dir: RunDir, content: Universe, tables: Tables, record_checksum: int) -> None:
    snapshot.write(
        run_dir.snapshots,
        tables.arrays,
        universe_digest=snapshot.universe_hash(content),
        state_hash=tables.state_hash(),
        record_checksum=record_checksum,
    )


def start(run_dir: RunDir) -> "subprocess.Popen[bytes]":
    """The real stage, once it has said that it takes input; StageError when it does not."""
    source, target = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "tidegate.stage", "risk", str(run_dir.path)],
        env={**os.environ, READY_FD: str(target)},
        pass_fds=(target,),
    )
    os.close(target)
    with os.fdopen(source, "rb") as said:
        if said.readline() != b"ready\n":
            raise StageError(f"risk did not start: {process.wait()}")
    return process


def downtime(run_dir: RunDir, kills: int) -> list[float]:
    """Seconds from SIGKILL of risk to its being ready again when it is started at once."""
    taken = []
    process = start(run_dir)
    try:
        for _ in range(kills):
            began = time.perf_counter()
            process.kill()
            process.wait()
            process = start(run_dir)
            taken.append(time.perf_counter() - began)
    finally:
        process.kill()
        process.wait()
    return taken


def phases(bench: Bench, run_dir: RunDir) -> None:
    """Where the time of one start in a fresh process goes, and the state that it ends in."""
    began = time.perf_counter()
    command = [sys.executable, "-c", PHASES, str(run_dir.path)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    whole = (time.perf_counter() - began) * 1000
    laps, taken, sequence, state = json.loads(said)
    bench.table("a start in a fresh process", "ms", COLUMNS)
    for name, *ms in laps:
        bench.row(name, dict(zip(COLUMNS, ms, strict=True)))
    bench.row("all, with the interpreter", {"wall": whole})
    bench.line("from", f"the snapshot of {taken:,} to record {sequence:,}")
    bench.line("result", state)


def main() -> None:
    """Build the run directory, or take a kept one; the phases, then the downtime."""
    bench = Bench("restart", __doc__, seed=SEED)
    bench.parser.add_argument("--records", type=int, default=10_000_000)
    bench.parser.add_argument("--tail", type=int, default=100_000)
    bench.parser.add_argument("--accounts", type=int, default=2_000)
    bench.parser.add_argument("--cl-ord-ids", type=int, default=1 << 23)
    bench.parser.add_argument("--kills", type=int, default=5)
    bench.parser.add_argument(
        "--keep", type=Path, help="the run directory; made if it is not there"
    )
    options = bench.begin()
    if options.small:
        options.records, options.tail, options.accounts, options.kills = 20_000, 1_000, 40, 2
        options.cl_ord_ids = 1 << 16
    bench.line("pinning", "none")
    bench.line("flow", f"{options.accounts:,} accounts in {INSTRUMENTS} instruments, generated")
    with tempfile.TemporaryDirectory(prefix="tg") as place:
        run_dir = RunDir(options.keep or Path(place) / "run")
        if not run_dir.universe.exists():
            content = universe_of(run_dir, options.accounts, options.cl_ord_ids)
            build(run_dir, content, options.records, options.tail, seed=options.seed)
        phases(bench, run_dir)
        ms = np.array(downtime(run_dir, options.kills)) * 1000
        bench.table("from a SIGKILL of risk to its being ready", "ms", DOWNTIME)
        middle = float(np.median(ms))
        values = (middle, float(ms.min()), float(ms.max()))
        bench.row(f"{options.kills} kills", dict(zip(DOWNTIME, values, strict=True)))
    bench.end()


if __name__ == "__main__":
    main()
