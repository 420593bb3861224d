"""Which stages there are, in which order they start, and which lanes connect them.

    clients <-front-> GATEWAY --orders--> RISK --routes--> ROUTER <-channel-> VENUE --md--> clients
                         ^--------reports---|^---executions--|
                                   control --^--drop_copy--> anyone

The receiver of a lane binds, the senders connect; drop_copy is a PUB socket that risk binds. Every
endpoint is ipc in the run directory unless the config says otherwise, a fused process's lanes shm;
resolve.py writes them into the universe, stages read them there.
"""

from typing import NamedTuple

from tidegate.native.shm_ring import SHM
from tidegate.run_dir import RunDir
from tidegate.universe import Universe, Venue

HWM = 1000
RETAINED = 16_384


class LaneEnds(NamedTuple):
    """A lane and the stages at its ends; anyone may send on "control" and read "drop_copy"."""

    name: str
    sender: str
    receiver: str


LANES = (
    LaneEnds("orders", "gateway", "risk"),
    LaneEnds("routes", "risk", "router"),
    LaneEnds("executions", "router", "risk"),
    LaneEnds("reports", "risk", "gateway"),
    LaneEnds("control", "anyone", "risk"),
    LaneEnds("drop_copy", "risk", "anyone"),
)
# Who else sends on "control": beside the gateway's records, whose numbers the lane keeps.
CONTROLLERS = ("margin", "reconcile")
# Stages that every order passes; the three of them in one process; and those that none passes.
PATH = ("gateway", "risk", "router")
FUSED = "fused"
# Whose cores a config may say, by layout; embedded, risk and perhaps the router are threads.
PLACED = {"processes": PATH, FUSED: (FUSED,), "embedded": ("router",)}
BESIDE = ("margin", "snapshot", "reconcile")
LANE_NAMES = tuple(lane.name for lane in LANES)


def stages(universe: Universe) -> tuple[str, ...]:
    """The stages in the order they start; they stop in the reverse order.

    Embedded, risk is no stage: it runs in the program that trades, which needs no gateway. Nor is
    the router where it is a thread of that program. Fused, the three of the path are one.
    """
    venues = (f"venue:{venue.name}" for venue in universe.venues)
    is_span = any(row.margin_model == "span" for row in universe.instruments)
    beside = [
        *(["margin"] if is_span else []),
        *(["snapshot"] if universe.snapshots.keep else []),
        *(["reconcile"] if universe.reconciliation.every_seconds else []),
    ]
    if is_embedded(universe):
        router = () if has_router_thread(universe) else ("router",)
        return (*venues, *router, *beside)
    if universe.placement.layout == "fused":
        return (*venues, FUSED, *beside)
    return (*venues, "router", "risk", *beside, "gateway")


def is_embedded(universe: Universe) -> bool:
    """Risk runs in the process that opens tidegate.Engine."""
    return universe.placement.layout == "embedded"


def has_router_thread(universe: Universe) -> bool:
    """The router runs there too."""
    return is_embedded(universe) and universe.placement.channels == "thread"


def endpoint(universe: Universe, lane: str) -> str:
    """Where a lane is."""
    return universe.lanes[lane].endpoint


def controllers(universe: Universe) -> dict[str, str]:
    """Where each of CONTROLLERS sends: in shared memory a ring has one sender."""
    control = endpoint(universe, "control")
    return {
        name: f"{control}.{name}" if control.startswith(SHM) else control for name in CONTROLLERS
    }


def hwm(universe: Universe, lane: str) -> int:
    """How many frames may wait in a lane on either side."""
    return universe.lanes[lane].hwm


def retained(universe: Universe, lane: str) -> int:
    """How many records the sender of a lane keeps until they are taken; a power of two."""
    return universe.lanes[lane].retained


def venue(universe: Universe, name: str) -> Venue:
    """The venue called `name`; KeyError when there is none."""
    for found in universe.venues:
        if found.name == name:
            return found
    raise KeyError(name)


def default_lane(run_dir: RunDir, lane: str, layout: str = "processes") -> str:
    """The endpoint of a lane that the config does not place."""
    return run_dir.ring(lane) if layout == FUSED and lane != "drop_copy" else run_dir.ipc(lane)


def default_front(run_dir: RunDir) -> str:
    """The endpoint at which clients of this host log on."""
    return run_dir.ipc("front")


def front_path(universe: Universe) -> str:
    """Of the gateway's first ipc endpoint; beside it are the rings of sessions that have some."""
    return universe.gateway.endpoints[0].removeprefix("ipc://")


def default_channel(run_dir: RunDir, venue_name: str) -> str:
    """The endpoint at which a simulated venue takes orders."""
    return run_dir.ipc(f"venue-{venue_name}")


def venue_rings(found: Venue) -> tuple[str, str] | None:
    """Where the router puts requests for a venue that shares memory with it, and takes reports."""
    if not found.shm:
        return None
    path = found.endpoint.removeprefix("ipc://")
    return f"{path}.in.ring", f"{path}.out.ring"


def default_md(run_dir: RunDir, venue_name: str) -> str:
    """The endpoint at which a simulated venue publishes market data."""
    return run_dir.ipc(f"md-{venue_name}")
