"""The other stage's ends of retained lanes, played by a test: what it takes counts at once."""

from typing import Any

import numpy as np
import numpy.typing as npt
import zmq

from tidegate import topology
from tidegate.native.clock import elapsed_ns
from tidegate.native.link import Link
from tidegate.native.numbered import NumberedSource
from tidegate.native.records import RECORD
from tidegate.native.retained import RetainedTarget
from tidegate.universe import Universe

Rows = npt.NDArray[Any]


RETAINED = 16_384


class FarLink:
    """All lane ends of a stage towards another one; every call tends them."""

    def __init__(
        self,
        context: zmq.Context[Any],
        universe: Universe,
        *,
        targets: tuple[str, ...],
        sources: tuple[str, ...],
        ack_every: int = 2048,
    ) -> None:
        self.targets = {
            name: RetainedTarget(
                context,
                topology.endpoint(universe, name),
                np.zeros(RETAINED + 1, RECORD),
                hwm=topology.hwm(universe, name),
            )
            for name in targets
        }
        self.sources = {
            name: NumberedSource(
                context,
                topology.endpoint(universe, name),
                ack_every=ack_every,
                hwm=topology.hwm(universe, name),
            )
            for name in sources
        }
        self.lanes = (*targets, *sources)
        outward, inward = list(self.targets.values()), list(self.sources.values())
        self.link = Link(
            outward[0],
            inward[0],
            second_target=outward[1] if len(outward) > 1 else None,
            second_source=inward[1] if len(inward) > 1 else None,
        )

    def tend(self) -> None:
        self.link.tend_at(elapsed_ns())

    def put(self, lane: str, rows: Rows) -> int:
        """How many fitted; they leave as the socket takes them."""
        fitted = self.targets[lane].put_rows(rows)
        self.tend()
        return fitted

    def take(self, lane: str, limit: int = 256) -> Rows:
        """What has come, at most `limit`; its sender is told in time."""
        rows = self.sources[lane].take_rows(limit)
        if len(rows) and rows["msg_seq_num"][-1]:
            self.sources[lane].note_taken(int(rows["msg_seq_num"][-1]))
        self.tend()
        return rows

    def close(self) -> None:
        for end in (*self.targets.values(), *self.sources.values()):
            end.close()
