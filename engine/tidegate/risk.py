"""The risk stage as a process: its tables, its journal, its lanes, its agent.

At start it takes the newest good snapshot and replays its own journal from there, so a stage that
was killed comes back with the positions, holds and cl_ord_ids that it had. One risk process a run
directory: the regions and the journal are locked by their writer. What the journal gives and its
lanes' rings do not have is put out then.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import zmq

from tidegate import card as cards
from tidegate import lane_ends, recovery, replay, topology
from tidegate.counters import Counters
from tidegate.lane_ends import Losses, Ring
from tidegate.native import clock
from tidegate.native import region as native
from tidegate.native.backend import Backend
from tidegate.native.journal import Journal
from tidegate.native.lane import LaneTarget
from tidegate.native.link import Link
from tidegate.native.poll import Poller
from tidegate.native.pretrade import Pretrade
from tidegate.native.risk_agent import RiskAgent
from tidegate.run_dir import RunDir
from tidegate.stopping import on_stop
from tidegate.universe import Universe

RUN_MS = 100
# In the order of risk.taken.
LANES_IN = ("executions", "control", "orders")
Rows = np.ndarray[Any, Any]


class Risk:
    """Everything the stage owns; made in the order of start, closed in reverse."""

    def __init__(
        self,
        universe: Universe,
        run_dir: RunDir,
        context: zmq.Context[zmq.Socket[bytes]],
        *,
        poller: Poller | None = None,
    ) -> None:
        """poller: the one that it shares with other stages of its process."""
        replay.keep_universe(run_dir.journal, universe)
        is_embedded = topology.is_embedded(universe)
        self.rings = {
            "routes": Ring(universe, run_dir, context, "routes", given=True),
            "reports": Ring(
                universe, run_dir, None if is_embedded else context, "reports", given=True
            ),
        }
        self.targets = {name: ring.target for name, ring in self.rings.items()}
        found, self.regions = recovery.in_regions(universe, run_dir, self._goes_on)
        self.tables = found.tables
        left = self._catch_up(run_dir)
        native.end(self.regions["risk"])
        self.recovery = found.report()
        self.card: cards.Watch | None = None
        self.watch_card(cards.attach(self.tables, universe.backend))
        self.journal = open_journal(
            universe, run_dir, int(self.tables.arrays["risk"]["sequence"][0])
        )
        if universe.journaling.durability == "power":
            # What is left to put out follows from records that may not be on the disk yet.
            self.journal.commit()
        # A clock that was set back while the stage was down does not take the step's time back.
        clock.not_before(int(self.tables.arrays["risk"]["now_ns"][0]))
        self.sources = {
            name: lane_ends.source(universe, context, name, taken)
            for name, taken in zip(LANES_IN, self._taken(), strict=True)
            if not (is_embedded and name == "orders")
        }
        self.drop_copy = drop_copy(universe, context)
        self.poller = poller or lane_ends.poller(universe, context)
        for source in self.sources.values():
            self.poller.add_source(source.lane)
        self.agent = RiskAgent(
            tables=self.tables,
            region=self.regions["risk"],
            journal=self.journal,
            router_link=Link(self.targets["routes"], self.sources["executions"]),
            **self._towards_clients(),
            drop_copy=self.drop_copy,
            poller=self.poller,
        )
        self.agent.resume(*left)
        self.losses = Losses("risk")
        self.shortage = Shortage(run_dir)
        self.counters = Counters(run_dir, "risk")
        self.counters.publish("recovery", self.recovery)

    def serve(self) -> None:
        """Run the agent until it is stopped."""
        self.journal.assist()
        while self.agent.run(RUN_MS) and not self.poller.stopped:
            self.settle()

    def settle(self) -> None:
        """What is done between the agent's runs."""
        self.journal.settle()
        if self.counters.is_due():
            self.publish()

    def _towards_clients(self) -> dict[str, Any]:
        """Embedded, reports are taken from their ring, and control comes from other tools alone."""
        reports, control = self.targets["reports"], self.sources["control"]
        if "orders" not in self.sources:
            return {"reports": reports, "control": control}
        return {"gateway_link": Link(reports, self.sources["orders"], second_source=control)}

    def _goes_on(self, risk: Any) -> bool:
        """Whether all that was given before a snapshot is in the rings; what came later is not."""
        return all(
            ring.is_new or not is_later(int(given), ring.target.given)
            for ring, given in zip(self.rings.values(), risk["given"], strict=True)
        )

    def _catch_up(self, run_dir: RunDir) -> list[Rows]:
        """Run the journal on; the (routes, reports) that it gives and that were never put out.

        A ring that is not there any more goes on from the journal's end: what was in it is gone.
        """
        step = Pretrade(self.tables)
        step.collect_after(*(target.given for target in self.targets.values()))
        replay.catch_up(self.tables, run_dir.journal, step=step)
        left = list(step.left())
        given = self.tables.arrays["risk"]["given"][0]
        for index, ring in enumerate(self.rings.values()):
            if ring.is_new and given[index]:
                ring.target.skip_to(int(given[index]))
                left[index] = left[index][:0]
        return left

    def _taken(self) -> list[int]:
        """The last record of each lane whose effect stands: journaled, or denied for want of it."""
        taken = [int(number) for number in self.tables.arrays["risk"]["taken"][0]]
        answered = self.targets["reports"].answered
        if is_later(answered, taken[-1]):
            taken[-1] = answered
        return taken

    def watch_card(self, card: Backend | None) -> None:
        """Look after a card that is attached to the tables."""
        self.card = None if card is None else cards.Watch(card)

    def publish(self) -> None:
        """Write the stage's counters for `inspect`."""
        self.losses.look(self.sources)
        self.shortage.look(self.agent.counters, self.journal.counters)
        for name, end in (self.sources | self.targets).items():
            self.counters.publish(name, end.counters)
        self.counters.publish("agent", self.agent.counters)
        self.counters.publish("journal", self.journal.counters)
        if self.card is not None:
            self.counters.publish("card", self.card.look(self.agent))
        self.counters.publish("clock", {"set_back": clock.back_count()})

    def close(self) -> None:
        """Flush what the lanes take and release everything."""
        self.publish()
        self.poller.close()
        for ring in self.rings.values():
            ring.close()
        for source in self.sources.values():
            source.close()
        self.drop_copy.close()
        self.journal.close()
        for region in (*self.regions.values(), self.counters.region):
            region.close()


class Shortage:
    """Says once that the journal takes no new orders, and once that it does again."""

    def __init__(self, run_dir: RunDir) -> None:
        self._journal = run_dir.journal
        self._denied = 0
        self._is_short = False

    def look(self, agent: dict[str, int], journal: dict[str, int]) -> None:
        """Compare with the last look."""
        denied = agent["unjournaled"]
        if denied > self._denied and not self._is_short:
            self._is_short = True
            why = os.strerror(journal["error"]) if journal["error"] else "the disk is slow"
            self._say(f"cannot be written on ({why}); new orders are denied until it can")
        elif self._is_short and journal["prepared"] and denied == self._denied:
            self._is_short = False
            self._say(f"is written again; {denied} requests were refused so far")
        self._denied = denied

    def _say(self, text: str) -> None:
        print(f"{self._journal}: {text}", file=sys.stderr, flush=True)


def drop_copy(universe: Universe, context: zmq.Context[zmq.Socket[bytes]]) -> LaneTarget:
    """The lane to whoever subscribes."""
    return LaneTarget(
        context,
        topology.endpoint(universe, "drop_copy"),
        bind=True,
        hwm=topology.hwm(universe, "drop_copy"),
        socket_type=zmq.PUB,
    )


def open_journal(universe: Universe, run_dir: RunDir, sequence: int) -> Journal:
    """The journal, to go on after `sequence`; stderr says what of its end was cut off."""
    journal = Journal(
        run_dir.journal,
        append=True,
        segment_records=universe.segment_records,
        durable=universe.journaling.durability == "power",
        reserve_records=universe.journaling.reserve_records,
        slow_ms=universe.journaling.slow_ms,
        first_sequence=sequence + 1,
    )
    end = journal.recovered
    if end is not None and end.cut:
        print(
            f"{run_dir.journal}: cut {end.cut} records after sequence {end.next_sequence - 1}: "
            "they were not whole, and nothing that followed from them had left",
            file=sys.stderr,
        )
    return journal


def is_later(number: int, other: int) -> bool:
    """Of two numbers of a lane, which wrap; 0 is before all."""
    return number != other and (other == 0 or (number - other) % 2**32 < 2**31)


def main(universe: Universe, run_dir: RunDir, ready: Callable[[], None]) -> int:
    """Run risk until SIGTERM or SIGINT."""
    with zmq.Context() as context:
        stage = Risk(universe, run_dir, context)
        on_stop(stage.poller.stop)
        ready()
        try:
            stage.serve()
        finally:
            stage.close()
    return 0
