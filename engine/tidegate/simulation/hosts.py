"""The stages as processes of a simulation: made, given turns, killed, made again.

A kill drops the stage's objects as they are: sockets end without a word, files stay, locks go with
their descriptors. Nothing of a stage is closed in order, for a killed process closes nothing.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from io import StringIO
from random import Random
from typing import Protocol

from msgspec import structs

from tidegate import snapshot
from tidegate.gateway import Gateway
from tidegate.native import mortal
from tidegate.native.numbered import NumberedSource
from tidegate.risk import LANES_IN, Risk
from tidegate.router import Router
from tidegate.run_dir import RunDir
from tidegate.simulation.faults import Faults as FaultPlan
from tidegate.simulation.lanes import Lane
from tidegate.simulation.market import Market
from tidegate.simulation.question_link import QuestionLink
from tidegate.simulation.sockets import Place
from tidegate.simulation.spoiling import Spoiled
from tidegate.simulation.timeline import Timeline
from tidegate.simulation.venue_link import VenueLink
from tidegate.simulation.world import MID
from tidegate.universe import Universe
from tidegate.venue import remembered
from tidegate.venue.agent import VenueAgent
from tidegate.venue.faults import Faults
from tidegate.venue.memory import Memory
from tidegate.venue.settings import settings_of

TEND_NS = 5_000_000
PUBLISH_NS = 100_000_000
# What risk says of a snapshot behind which its rings have not come yet.
TOO_LATE = "of a moment that this stage cannot go on from"


class Wire(Protocol):
    """Something that carries frames to or from a stage."""

    def move(self, now_ns: int) -> int:
        """Carry what is there; how much."""


class Host:
    """What all have: lanes on either side, a context, and a share of virtual time."""

    def __init__(
        self, name: str, timeline: Timeline, sends: Sequence[Lane], takes: Sequence[Lane]
    ) -> None:
        self.name = name
        self.place: Place | None = None
        self.starts = 0
        # What it told people of its last start, a line each.
        self.said: list[str] = []
        self._timeline = timeline
        self._sends = sends
        self._takes = takes
        # Connections that carry both ways.
        self._wires: list[Wire] = []

    @property
    def is_up(self) -> bool:
        """Whether it runs."""
        return self.place is not None

    def up(self) -> None:
        """Start it; the clock is its own while it is made."""
        place = Place()
        self._timeline.hand_to(self.name)
        with redirect_stderr(StringIO()) as said:
            self.make(place)
        self.said = said.getvalue().splitlines()
        self._timeline.give_back(self.name)
        for lane in self._sends:
            lane.sender_up(place)
        for lane in self._takes:
            lane.receiver_up(place)
        self.place = place
        self.starts += 1

    def turn(self) -> int:
        """One duty cycle; how many records it ran."""
        if self.place is None:
            return 0
        at_ns = self._timeline.now_ns
        self._bring(at_ns)
        now_ns = self._timeline.hand_to(self.name)
        count = self.work(now_ns)
        self._timeline.give_back(self.name)
        for lane in self._sends:
            lane.move(at_ns)
        for wire in self._wires:
            wire.move(at_ns)
        return count

    def last_turn(self) -> None:
        """A duty cycle of which nothing leaves, for it dies before it is over."""
        if self.place is None:
            return
        self._bring(self._timeline.now_ns)
        now_ns = self._timeline.hand_to(self.name)
        self.work(now_ns)
        self._timeline.give_back(self.name)

    def die_within(self, number: int) -> bool:
        """A duty cycle that ends at its number-th crash point; False = it has not so many."""
        mortal.die_within(number)
        self.last_turn()
        return mortal.die_within(0) == 0

    def _bring(self, at_ns: int) -> None:
        """What is there for it to take."""
        assert self.place is not None
        for lane in self._takes:
            lane.move(at_ns)
        for wire in self._wires:
            wire.move(at_ns)
        self.place.settle()

    def down(self, *, is_mute: bool = False) -> None:
        """Kill it; mute = before anything of its last turn has left."""
        if self.place is None:
            return
        for lane in self._sends:
            lane.sender_down(is_mute=is_mute)
        for lane in self._takes:
            lane.receiver_down()
        self.drop()
        self.place.end()
        self.place = None
        self._timeline.forget(self.name)

    def make(self, place: Place) -> None:
        """Construct the stage in `place`."""
        raise NotImplementedError

    def work(self, now_ns: int) -> int:
        """The stage's own duty cycle."""
        raise NotImplementedError

    def drop(self) -> None:
        """Forget the stage's objects."""
        raise NotImplementedError


class GatewayHost(Host):
    """The gateway and its desk."""

    def __init__(
        self, universe: Universe, run_dir: RunDir, timeline: Timeline, lanes: dict[str, Lane]
    ) -> None:
        super().__init__(
            "gateway", timeline, (lanes["orders"], lanes["control"]), (lanes["reports"],)
        )
        self._universe = universe
        self._run_dir = run_dir
        self.stage: Gateway | None = None
        self._records = 0

    def make(self, place: Place) -> None:
        self.stage = Gateway(self._universe, self._run_dir, place)
        self._records = self._counted()

    def work(self, _now_ns: int) -> int:
        assert self.stage is not None
        self.stage.work()
        before, self._records = self._records, self._counted()
        return self._records - before

    def drop(self) -> None:
        self.stage = None

    def sources(self) -> list[tuple[str, NumberedSource]]:
        """The lanes that it takes from."""
        assert self.stage is not None
        reports = self.stage._reports
        return [] if reports is None else [("reports", reports)]

    def _counted(self) -> int:
        assert self.stage is not None
        row = self.stage.counted[0]
        return int(row["records"]) + int(row["reports"])


class RiskHost(Host):
    """Risk, which must come back with the state that it had."""

    def __init__(
        self,
        universe: Universe,
        run_dir: RunDir,
        timeline: Timeline,
        lanes: Mapping[str, Lane],
        spoiled: Spoiled,
    ) -> None:
        super().__init__(
            "risk",
            timeline,
            (lanes["routes"], lanes["reports"]),
            [lane for lane in lanes.values() if lane.name in LANES_IN],
        )
        self._universe = universe
        self._run_dir = run_dir
        self.stage: Risk | None = None
        self.problems: list[str] = []
        # How often it began with a snapshot, and how often with an older one than the newest.
        self.begun: Counter[str] = Counter()
        # After power loss: the sequence that had been made safe; 0 = none was lost.
        self.loses_more_than = 0
        self._spoiled = spoiled
        self._before = (0, "")
        self._is_torn = False
        self._prepare_ns = 0

    def make(self, place: Place) -> None:
        self.stage = Risk(self._universe, self._run_dir, place)
        if self.loses_more_than:
            # What was not yet on the disk may be lost, and nothing else.
            if self.sequence < self.loses_more_than:
                self.problems.append(
                    f"power: risk is at {self.sequence}, {self.loses_more_than} was on the disk"
                )
            self.loses_more_than = 0
        elif self._before[0] and self._state() != self._before:
            self.problems.append(f"restart: risk was {self._before}, is {self._state()}")

    def up(self) -> None:
        super().up()
        assert self.stage is not None
        self._note_snapshots(self.stage.recovery)

    def _note_snapshots(self, recovered: Mapping[str, int]) -> None:
        """Risk goes on from the newest good snapshot, unless that is of a moment too late."""
        taken = recovered["snapshot_sequence"]
        path = snapshot.path_of(self._run_dir.snapshots, taken)
        if taken and self._spoiled.has(path):
            self.problems.append(f"snapshot: risk went on from {path.name}, which is spoiled")
        self.begun["from_snapshot"] += taken > 0
        self.begun["from_older_snapshot"] += taken > 0 and recovered["snapshots_refused"] > 0
        newer = [each for each in snapshot.paths(path.parent) if int(each.stem) > taken]
        for each in newer:
            line = next((said for said in self.said if each.name in said), "nobody said why")
            if not self._spoiled.has(each) and TOO_LATE not in line:
                self.problems.append(f"snapshot: {each.name} is good and was not taken: {line}")

    def work(self, now_ns: int) -> int:
        assert self.stage is not None
        count = self.stage.agent.work()
        if now_ns >= self._prepare_ns:
            self._prepare_ns = now_ns + PUBLISH_NS
            self.stage.journal.settle()
            self.stage.publish()
        return count

    def die_within(self, number: int) -> bool:
        self._is_torn = super().die_within(number)
        return self._is_torn

    def drop(self) -> None:
        # Half of a step may be in the tables: the journal alone says what state there is.
        self._before = (0, "") if self._is_torn else self._state()
        self._is_torn = False
        self.stage = None

    def sources(self) -> list[tuple[str, NumberedSource]]:
        """The lanes that it takes from."""
        assert self.stage is not None
        return list(self.stage.sources.items())

    def _state(self) -> tuple[int, str]:
        assert self.stage is not None
        return self.sequence, self.stage.tables.state_hash()

    @property
    def sequence(self) -> int:
        """Of the last record that was run."""
        assert self.stage is not None
        return int(self.stage.tables.arrays["risk"]["sequence"][0])


class RouterHost(Host):
    """The router with its channels."""

    def __init__(
        self,
        universe: Universe,
        run_dir: RunDir,
        timeline: Timeline,
        lanes: Mapping[str, Lane],
        links: Sequence[VenueLink],
    ) -> None:
        super().__init__("router", timeline, (lanes["executions"],), (lanes["routes"],))
        self._universe = universe
        self._run_dir = run_dir
        self._links = links
        self._wires += links
        self.stage: Router | None = None
        self._tend_ns = 0

    def make(self, place: Place) -> None:
        for link in self._links:
            link.router_up(place)
        self.stage = Router(self._universe, self._run_dir, place)
        self._tend_ns = 0

    def work(self, now_ns: int) -> int:
        assert self.stage is not None
        if not self._tend_ns - TEND_NS <= now_ns < self._tend_ns:
            self._tend_ns = now_ns + TEND_NS
            self.stage.tend()
        return self.stage.agent.work()

    def sources(self) -> list[tuple[str, NumberedSource]]:
        """The lanes that it takes from."""
        assert self.stage is not None
        return [("routes", self.stage.source)]

    def drop(self) -> None:
        for link in self._links:
            link.router_down()
        self.stage = None


class VenueHost(Host):
    """A venue; killed, it forgets its orders, and its trades too where it keeps no memory."""

    def __init__(
        self,
        universe: Universe,
        run_dir: RunDir,
        timeline: Timeline,
        link: VenueLink,
        question: QuestionLink,
        draw: Random,
        faults: FaultPlan,
    ) -> None:
        super().__init__(f"venue:{link.venue.name}", timeline, (), ())
        self._plain = settings_of(universe, link.venue.name)
        self._settings = structs.replace(self._plain, **faults.venue_settings())
        self._run_dir = run_dir
        self._counted: Counter[str] = Counter()
        self._link = link
        self._question = question
        self._wires += [link, question]
        self._draw = draw
        self._faults = faults
        self.accounts = self._plain.accounts
        self.agent: VenueAgent | None = None
        self._memory: Memory | None = None
        self._requests = 0

    def make(self, place: Place) -> None:
        securities = self._settings.securities
        codes = {security.code: security.security_id for security in securities}
        sizes = (security.tick_size for security in securities)
        market = Market(Random(self._draw.randrange(1 << 30)), codes, sizes, MID)
        now_ns = self._timeline.now_ns
        self._memory = remembered(self._run_dir, self._settings, now_ns)
        self.agent = VenueAgent(self._settings, market, place, now_ns, self._memory)
        self._counted.clear()
        self._requests = 0
        self._link.venue_up(place)
        self._question.venue_up(place)

    def work(self, now_ns: int) -> int:
        assert self.agent is not None
        self.agent.do_work(now_ns)
        requests = self.agent.request_count
        count, self._requests = requests - self._requests, requests
        for name in self._faults.of_venues:
            happened = self.agent.faults.counters[name]
            self._faults.happened[name] += happened - self._counted[name]
            self._counted[name] = happened
        return count

    def heal(self) -> None:
        """From now on it does nothing amiss, and neither do those after it."""
        self._settings = self._plain
        if self.agent is not None:
            self.agent.faults = Faults(self._plain, Random(0), self._timeline.now_ns)

    def drop(self) -> None:
        self._link.venue_down()
        self._question.venue_down()
        if self._memory is None:
            self._link.venue_forgets()
        else:
            # Of what was noted, only what was written stays.
            os.close(self._memory.fd)
        self.agent = None
