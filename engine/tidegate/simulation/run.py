"""One simulated run: who works next is drawn, until enough records were run; then all is checked.

A step is one record run by a stage: taken or delivered by the gateway, run by risk, routed or
reported by the router, served by a venue, sent or taken by a client.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any, Literal

import msgspec

from tidegate.run_dir import RunDir
from tidegate.simulation.beside import Beside, MarginHost, ReconcileHost, SnapshotHost
from tidegate.simulation.client_link import ClientLink
from tidegate.simulation.client_restart import Return
from tidegate.simulation.faults import Faults
from tidegate.simulation.hosts import GatewayHost, Host, RiskHost, RouterHost, VenueHost
from tidegate.simulation.lanes import Lane
from tidegate.simulation.operator import Operator
from tidegate.simulation.question_link import QuestionLink
from tidegate.simulation.spoiling import Spoiled
from tidegate.simulation.timeline import Timeline
from tidegate.simulation.trader import Trader
from tidegate.simulation.truth import Truth
from tidegate.simulation.venue_link import VenueLink
from tidegate.simulation.world import START_NS, has_rolls, make_universe

LANES = ("orders", "control", "reports", "routes", "executions")
# Who asks risk for something besides the gateway, over a lane of his own to the same end.
ASKING = ("reconcile", "margin")
LATE_ORDERS_MIN = 1024
# Heartbeats and answers come in time all the same.
ROUND_NS = 25_000_000


class World:
    """Everything of a run, wired; `turn()` lets one of them work."""

    def __init__(
        self,
        seed: int,
        directory: Path,
        without: frozenset[str] = frozenset(),
        backend: Literal["native", "fpga"] = "native",
    ) -> None:
        self.seed = seed
        self.run_dir = RunDir(directory)
        self.run_dir.create()
        made = make_universe(seed, self.run_dir)
        self.universe = msgspec.structs.replace(made, backend=backend)
        self.draw = Random(seed * 7919 + 1)
        self.timeline = Timeline(START_NS)
        self.elapsed_ns = 0
        if self.universe.journaling.durability != "power":
            without |= {"power_loss"}
        if self.universe.capacity.orders < LATE_ORDERS_MIN:
            # An order's row is soon another's there, and who is late is an orphan.
            without |= {"late_fills"}
        self.faults = Faults(Random(seed * 104_729 + 2), without)
        self.truth = Truth(len(self.universe.venues))
        self.lanes = {name: Lane(name, self.faults, self.draw) for name in LANES}
        for name in ASKING:
            self.lanes[name] = Lane("control", self.faults, self.draw)
        self.links = [
            VenueLink(venue, self.faults, self.draw, self.truth) for venue in self.universe.venues
        ]
        questions = [QuestionLink(venue) for venue in self.universe.venues]
        self.spoiled = Spoiled(self.run_dir.journal, self.faults.draw)
        own = self.universe, self.run_dir, self.timeline
        self.gateway = GatewayHost(*own, self.lanes)
        self.risk = RiskHost(*own, self.lanes, self.spoiled)
        self.router = RouterHost(*own, self.lanes, self.links)
        self.venues = [
            VenueHost(*own, link, question, Random(seed + at), self.faults)
            for at, (link, question) in enumerate(zip(self.links, questions, strict=True))
        ]
        self.beside: list[Beside] = [
            SnapshotHost(*own),
            ReconcileHost(*own, self.lanes["reconcile"], questions),
            MarginHost(*own, self.lanes["margin"]),
        ]
        self._beside_ns = 0
        self.hosts: list[Host] = [
            *self.venues, self.router, self.risk, *self.beside, self.gateway
        ]  # fmt: skip
        self.traders: list[Trader] = []
        self.operator = self._clients()
        self.operator.look = self._tables
        self._all_clients = self.clients
        self.returning: list[Return] = []
        self.steps = 0
        self.turns = 0
        self.is_trading = True
        self.trace = hashlib.blake2b(digest_size=8)

    def _clients(self) -> Operator:
        operators = []
        for session in self.universe.sessions:
            link = ClientLink(self.faults)
            draw = Random(self.draw.randrange(1 << 30))
            if session.role == "operator":
                operators.append(Operator(self.universe, self.run_dir, session, link, draw))
            else:
                self.traders.append(Trader(self.universe, session, link, draw))
        operators[0].may_roll = self._may_roll
        for trader in self.traders:
            trader.desk = operators[0]
        return operators[0]

    def _tables(self) -> Mapping[str, Any] | None:
        """Risk's, between two of its turns; None while it is down."""
        return None if self.risk.stage is None else self.risk.stage.tables.arrays

    def _may_roll(self) -> bool:
        """No day ends while an order is asked about: risk knows an id for a day after its order.

        Days are hours in truth, and a question takes seconds at most.
        """
        return has_rolls(self.seed) and not any(trader.book.is_asking for trader in self.traders)

    @property
    def clients(self) -> list[Trader | Operator]:
        """All sessions, the operator last."""
        return [*self.traders, self.operator]

    def start(self) -> None:
        """All stages, in the order in which the supervisor starts them."""
        for host in self.hosts:
            self.up(host)

    def kill_client(self, client: Trader | Operator, until_ns: int) -> None:
        """A client's process ends; another follows."""
        if not client.link.is_dead and all(each.client is not client for each in self.returning):
            self.returning.append(Return(client, until_ns))

    def up(self, host: Host) -> None:
        """Start a stage that is down."""
        host.up()
        self._note_stages()
        if isinstance(host, GatewayHost):
            assert host.place is not None
            for client in self.clients:
                client.link.gateway_up(host.place)

    def down(self, host: Host, *, is_mute: bool = False) -> None:
        """Kill a stage; mute = before anything of its last turn has left."""
        if isinstance(host, GatewayHost):
            for client in self.clients:
                client.link.gateway_down()
        host.down(is_mute=is_mute)
        self._note_stages()

    def _note_stages(self) -> None:
        """As the supervisor does it, while risk or router is not there: reconcile asks nobody."""
        stages = {
            host.name: {"pid": os.getpid(), "is_ready": host.is_up}
            for host in (self.risk, self.router)
        }
        if self.risk.is_up and self.router.is_up:
            self.run_dir.stages.unlink(missing_ok=True)
        else:
            self.run_dir.stages.write_text(json.dumps(stages))

    def problems(self) -> list[str]:
        """What clients have seen that cannot be, so far."""
        seen = [what for trader in self.traders for what in trader.book.problems]
        return seen + self.risk.problems

    def is_quiet(self) -> bool:
        """Nothing works, nothing is under way, and everybody is there."""
        if not all(host.is_up for host in self.hosts):
            return False
        stage = self.risk.stage
        assert stage is not None
        return (
            all(client.core.is_logged_on for client in self.clients)
            and not any(trader.book.is_waiting for trader in self.traders)
            and not self.operator.waits()
            and all(lane.is_empty for lane in self.lanes.values())
            and not int(stage.tables.arrays["risk"]["open_orders"][0])
            and not any(venue.agent.exchange.working for venue in self.venues if venue.agent)
        )

    def close(self) -> None:
        """Kill what runs and give the system its clock back."""
        for host in self.hosts:
            self.down(host)
        self.timeline.close()

    def turn(self) -> None:
        """Time goes on a little, and somebody works."""
        draw = self.draw
        self.turns += 1
        self._pass_time()
        dice = int(draw.random() * 12)
        if dice < 2:
            count = self.risk.turn()
        elif dice < 4:
            count = self.gateway.turn()
        elif dice < 6:
            count = self.router.turn()
        elif dice < 8:
            count = self.venues[dice - 6].turn()
        else:
            client = self._all_clients[dice - 8]
            count = self._client_turn(client)
        if self.elapsed_ns >= self._beside_ns:
            self._beside_turn()
        self.steps += count
        self.trace.update(b"%d %d %d;" % (dice, count, self.timeline.now_ns))

    def round(self) -> None:
        """A while passes in which everybody works once, beginning where orders end."""
        self.elapsed_ns += ROUND_NS
        self.timeline.advance(ROUND_NS)
        for host in (*self.beside, *self.venues, self.router, self.risk, self.gateway):
            self.steps += host.turn()
        for client in self.clients:
            self.steps += self._client_turn(client)

    def _client_turn(self, client: Trader | Operator) -> int:
        if client.link.is_dead:
            return 0
        count = client.work(self.timeline.now_ns, is_trading=self.is_trading)
        if self.returning:
            self.returning = [each for each in self.returning if not each.is_over()]
        return count

    def _beside_turn(self) -> None:
        for host in self.beside:
            host.turn_if_due(self.elapsed_ns)
        self._beside_ns = min(host.due_ns for host in self.beside)

    def _pass_time(self) -> None:
        """Between two microseconds and some milliseconds, mostly little."""
        draw = self.draw
        by_ns = int(2000 * 2 ** (draw.random() * 12))
        self.elapsed_ns += by_ns
        self.timeline.advance(by_ns)
