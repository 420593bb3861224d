"""The risk stage as a process: its tables, its journal, its lanes, its agent.

At start it takes the newest good snapshot and replays its own journal from there, so a stage that
was killed comes back with the positions, holds and cl_ord_ids that it had. One risk process a run
directory: the regions and the journal are locked by their writer.
"""

import sys
from collections.abc import Callable

import zmq

from tidegate import recovery, replay, topology
from tidegate.counters import Counters
from tidegate.native import clock
from tidegate.native import region as native
from tidegate.native.journal import Journal
from tidegate.native.lane import LaneSource, LaneTarget
from tidegate.native.poll import Poller
from tidegate.native.risk_agent import RiskAgent
from tidegate.run_dir import RunDir
from tidegate.stopping import on_stop
from tidegate.universe import Universe

RUN_MS = 100


class Risk:
    """Everything the stage owns; made in the order of start, closed in reverse."""

    def __init__(
        self, universe: Universe, run_dir: RunDir, context: zmq.Context[zmq.Socket[bytes]]
    ) -> None:
        replay.keep_universe(run_dir.journal, universe)
        found, self.regions = recovery.in_regions(universe, run_dir)
        self.tables = found.tables
        replay.catch_up(self.tables, run_dir.journal)
        native.end(self.regions["risk"])
        self.recovery = found.report()
        self.journal = open_journal(
            universe, run_dir, int(self.tables.arrays["risk"]["sequence"][0])
        )
        # A clock that was set back while the stage was down does not take the step's time back.
        clock.not_before(int(self.tables.arrays["risk"]["now_ns"][0]))
        self.sources = {
            name: LaneSource(
                context,
                topology.endpoint(universe, name),
                hwm=topology.hwm(universe, name),
                numbered=name != "control",
            )
            for name in ("executions", "control", "orders")
        }
        self.targets = {
            name: LaneTarget(
                context, topology.endpoint(universe, name), hwm=topology.hwm(universe, name)
            )
            for name in ("routes", "reports")
        }
        self.drop_copy = LaneTarget(
            context,
            topology.endpoint(universe, "drop_copy"),
            bind=True,
            hwm=topology.hwm(universe, "drop_copy"),
            socket_type=zmq.PUB,
        )
        self.poller = Poller(context)
        for source in self.sources.values():
            self.poller.add_source(source)
        for target in self.targets.values():
            self.poller.add_target(target)
        self.agent = RiskAgent(
            tables=self.tables,
            region=self.regions["risk"],
            journal=self.journal,
            executions=self.sources["executions"],
            control=self.sources["control"],
            orders=self.sources["orders"],
            routes=self.targets["routes"],
            reports=self.targets["reports"],
            drop_copy=self.drop_copy,
            poller=self.poller,
        )
        self.counters = Counters(run_dir, "risk")
        self.counters.publish("recovery", self.recovery)

    def serve(self) -> None:
        """Run the agent until it is stopped."""
        self.journal.assist()
        while self.agent.run(RUN_MS) and not self.poller.stopped:
            self.journal.settle()
            self.publish()

    def publish(self) -> None:
        """Write the stage's counters for `inspect`."""
        for name, end in (self.sources | self.targets).items():
            self.counters.publish(name, end.counters)
        self.counters.publish("agent", self.agent.counters)
        self.counters.publish("journal", self.journal.counters)
        self.counters.publish("clock", {"set_back": clock.back_count()})

    def close(self) -> None:
        """Flush what the lanes take and release everything."""
        self.publish()
        self.poller.close()
        for end in (self.targets | self.sources).values():
            end.close()
        self.drop_copy.close()
        self.journal.close()
        for region in (*self.regions.values(), self.counters.region):
            region.close()


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
