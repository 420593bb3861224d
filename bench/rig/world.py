"""The universe that benches of whole paths run: every control of RISK.md on, a chain of four levels
(sub-account, owner group of 20, shared master, firm), margin checked at two of them."""

import sys
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).parents[1]))

from flow import day
from verdict_world import FAST

from tidegate import topology
from tidegate.native.records import Level
from tidegate.run_dir import RunDir
from tidegate.topology import FUSED
from tidegate.universe import (
    Gateway,
    Lane,
    Placement,
    Reconciliation,
    Session,
    Snapshots,
    Supervisor,
    Universe,
    Venue,
)

VENUE = "BENCH"
# Nobody's heartbeat falls into a measurement; a session is lost after three.
HEARTBEAT_NS = 60_000_000_000
UNLIMITED = 1_000_000_000


def sub_accounts(content: Universe) -> list[int]:
    """Handles of the accounts that trade."""
    return [row.handle for row in content.accounts if row.level == Level.SUB_ACCOUNT]


def universe_in(
    run_dir: RunDir,
    *,
    accounts: int,
    instruments: int,
    cl_ord_ids: int,
    sessions: int = 1,
    outbox: int = 1 << 16,
    retained: int = topology.RETAINED,
    segment_records: int = 1 << 20,
    lanes: str = "ipc",
    placement: Placement | None = None,
) -> Universe:
    """Made and written into the run directory; the sub-accounts are dealt out to the sessions.

    lanes "shm": every hop from client to venue and back is a ring in shared memory.
    """
    is_shm = lanes == "shm"
    base = day(accounts, instruments, cl_ord_ids=cl_ord_ids)
    handles = sub_accounts(base)
    content = msgspec.structs.replace(
        base,
        venues=(_venue(run_dir, is_shm=is_shm),),
        sessions=tuple(
            Session(
                handle=at + 1,
                name=f"session-{at + 1}",
                accounts=tuple(handles[at::sessions]),
                public_key=None,
                heartbeat_ns=HEARTBEAT_NS,
                order_rate=FAST,
                replace_rate=FAST,
                cancel_rate=FAST,
                shm=is_shm,
            )
            for at in range(sessions)
        ),
        lanes={
            name: Lane(
                endpoint=topology.default_lane(run_dir, name, FUSED if is_shm else ""),
                hwm=topology.HWM,
                retained=retained,
            )
            for name in topology.LANE_NAMES
        },
        gateway=Gateway(
            endpoints=(topology.default_front(run_dir),), secret_key_file=None, outbox=outbox
        ),
        supervisor=Supervisor(restarts_max=0, backoff_ms=1, ready_timeout_ms=60_000),
        snapshots=Snapshots(keep=0),
        reconciliation=Reconciliation(every_seconds=0),
        segment_records=segment_records,
        placement=placement or Placement(),
    )
    run_dir.create()
    run_dir.write_universe(content)
    return content


def _venue(run_dir: RunDir, *, is_shm: bool) -> Venue:
    return Venue(
        handle=1,
        name=VENUE,
        kind="simulated",
        endpoint=topology.default_channel(run_dir, VENUE),
        md_endpoint=topology.default_md(run_dir, VENUE),
        tape=None,
        speed=1.0,
        seed=1,
        latency_us=(0, 0),
        reject_ppm=0,
        message_rate=UNLIMITED,
        message_burst=UNLIMITED,
        mark_interval_ms=1000,
        start="immediately",
        shm=is_shm,
    )
