"""Restart of risk: python bench/restart.py [--records N] [--tail N] [--accounts N] [--keep DIR].

A journal of N records leads to a snapshot of accounts x positions, and a tail follows it. First
the phases of a start in one fresh process, then the downtime of the real stage: from SIGKILL to
ready, --kills times. A supervisor adds supervisor.backoff_ms, 100 by default.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import numpy as np
from flow import Flow, day
from rig import host

from tidegate import recovery, replay, snapshot, topology
from tidegate.errors import StageError
from tidegate.native.build import PROFILE
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
import sys, time
began = time.perf_counter()
began_cpu = time.process_time()
def lap(name):
    global began, began_cpu
    now, cpu = time.perf_counter(), time.process_time()
    taken = f"{(now - began) * 1000:9.1f} ms  {(cpu - began_cpu) * 1000:9.1f} ms of processor"
    print(f"{name:28} {taken}", flush=True)
    began, began_cpu = now, cpu
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
print(f"  of sequence {found.taken.sequence if found.taken else 0}")
replay.catch_up(found.tables, run_dir.journal)
sequence = int(arrays["risk"]["sequence"][0])
lap("replay the tail")
print(f"  to sequence {sequence}")
journal = risk.Journal(run_dir.journal, append=True, first_sequence=sequence + 1)
lap("open the journal")
assert journal.next_sequence == sequence + 1
"""


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


def build(run_dir: RunDir, content: Universe, records: int, tail: int) -> None:
    """The journal, and a snapshot `tail` records before its end."""
    run_dir.create()
    run_dir.write_universe(content)
    replay.keep_universe(run_dir.journal, content)
    journal = Journal(run_dir.journal, segment_records=content.segment_records)
    flow = Flow(content, each=INSTRUMENTS, seed=SEED, marks=0)
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
    began = time.perf_counter()
    path = snapshot.write(
        run_dir.snapshots,
        tables.arrays,
        universe_digest=snapshot.universe_hash(content),
        state_hash=tables.state_hash(),
        record_checksum=record_checksum,
    )
    pairs = tables.arrays["pairs"]
    held = np.count_nonzero(pairs["net"])
    print(
        f"snapshot of {path.stat().st_size / 1e6:.0f} MB ({held} positions on all levels) written "
        f"in {(time.perf_counter() - began) * 1000:.0f} ms"
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


def main() -> None:
    """Build the run directory, or take a kept one; print the phases and the downtime."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=10_000_000)
    parser.add_argument("--tail", type=int, default=100_000)
    parser.add_argument("--accounts", type=int, default=2_000)
    parser.add_argument("--cl-ord-ids", type=int, default=1 << 23)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    if PROFILE != "release":
        parser.error(f"this is the {PROFILE} build; only release is worth timing")
    print(f"machine {host.line()}; build {PROFILE}; seed {SEED}")
    print(f"{options.records} records behind the snapshot, {options.tail} after it")
    with tempfile.TemporaryDirectory(prefix="tg") as place:
        run_dir = RunDir(options.keep or Path(place) / "run")
        if not run_dir.universe.exists():
            content = universe_of(run_dir, options.accounts, options.cl_ord_ids)
            build(run_dir, content, options.records, options.tail)
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", PHASES, str(run_dir.path)], check=True)
        print(f"{'all, in a fresh process':28} {(time.perf_counter() - began) * 1000:9.1f} ms")
        taken = sorted(downtime(run_dir, options.kills))
        middle, most = taken[len(taken) // 2], taken[-1]
        print(f"downtime of risk, {len(taken)} kills: median {middle:.3f} s, most {most:.3f} s")


if __name__ == "__main__":
    main()
