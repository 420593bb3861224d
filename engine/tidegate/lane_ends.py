"""The ends of retained lanes as a stage has them, over rings in its run directory."""

import sys
from collections.abc import Mapping
from typing import Any

import zmq

from tidegate import topology
from tidegate.native.numbered import NumberedSource
from tidegate.native.poll import Poller
from tidegate.native.records import RECORD
from tidegate.native.retained import RetainedTarget
from tidegate.native.shm_ring import SHM, ring_records
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.universe import Universe


class Ring:
    """A lane's sending end, and the region that keeps what it has sent."""

    def __init__(
        self,
        universe: Universe,
        run_dir: RunDir,
        context: zmq.Context[Any] | None,
        lane: str,
        *,
        given: bool = False,
    ) -> None:
        """RegionError when the ring there has another size or another process writes it.

        Without a context it has no socket: whoever takes from it is in this process.
        """
        path = run_dir.region(f"lane-{lane}")
        self.is_new = not path.exists()
        self.region = Region.keep(path, RECORD, topology.retained(universe, lane) + 1)
        self.target = RetainedTarget(
            context,
            topology.endpoint(universe, lane),
            self.region.rows,
            given=given,
            hwm=topology.hwm(universe, lane),
        )

    def close(self) -> None:
        """Flush what the socket takes; the rest stays in the region."""
        self.target.close()
        self.region.close()


def source(universe: Universe, context: zmq.Context[Any], lane: str, taken: int) -> NumberedSource:
    """A lane's receiving end behind record `taken`, 0 = nothing was ever taken."""
    endpoint = topology.endpoint(universe, lane)
    hwm = topology.hwm(universe, lane)
    ack_every = topology.retained(universe, lane) // 8
    if endpoint.startswith(SHM):
        # Before the way is full its sender hears that it has room again.
        ack_every = min(ack_every, ring_records(hwm) // 4)
    others = [place for place in topology.controllers(universe).values() if place != endpoint]
    return NumberedSource(
        context,
        endpoint,
        taken=taken,
        ack_every=max(ack_every, 1),
        hwm=hwm,
        others=others if lane == "control" else (),
    )


def poller(universe: Universe, context: zmq.Context[Any]) -> Poller:
    """What a stage of the path waits with, in the way that [placement] says."""
    how = universe.placement
    return Poller(context, spin_ns=how.spin_us * 1000, yields=how.yields)


class Losses:
    """Says once for each loss what a sender no longer had; it is in the counters too."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._said: dict[str, int] = {}

    def look(self, sources: Mapping[str, NumberedSource]) -> None:
        """Compare with the last look."""
        for lane, end in sources.items():
            lost = end.counters["lost"]
            if lost > self._said.get(lane, 0):
                more = lost - self._said.get(lane, 0)
                self._said[lane] = lost
                print(
                    f"{self._stage}: {more} records on lane {lane} are lost: their sender no "
                    "longer had them",
                    file=sys.stderr,
                    flush=True,
                )
