"""One simulated run: who works next is drawn, until enough records were run; then all is checked.

A step is one record run by a stage: taken or delivered by the gateway, run by risk, routed or
reported by the router, served by a venue, sent or taken by a client.
"""

import hashlib
from pathlib import Path
from random import Random

from tidegate.run_dir import RunDir
from tidegate.simulation.client_link import ClientLink
from tidegate.simulation.faults import Faults
from tidegate.simulation.hosts import GatewayHost, Host, RiskHost, RouterHost, VenueHost
from tidegate.simulation.lanes import Lane
from tidegate.simulation.operator import Operator
from tidegate.simulation.timeline import Timeline
from tidegate.simulation.trader import Trader
from tidegate.simulation.truth import Truth
from tidegate.simulation.venue_link import VenueLink
from tidegate.simulation.world import START_NS, has_rolls, make_universe

LANES = ("orders", "control", "reports", "routes", "executions")
LATE_ORDERS_MIN = 1024


class World:
    """Everything of a run, wired; `turn()` lets one of them work."""

    def __init__(self, seed: int, directory: Path, without: frozenset[str] = frozenset()) -> None:
        self.seed = seed
        self.run_dir = RunDir(directory)
        self.run_dir.create()
        self.universe = make_universe(seed, self.run_dir)
        self.draw = Random(seed * 7919 + 1)
        self.timeline = Timeline(START_NS)
        self.elapsed_ns = 0
        if self.universe.journaling.durability != "power":
            without |= {"power_loss"}
        small = min(self.universe.capacity.orders, self.universe.gateway.outbox)
        if small < LATE_ORDERS_MIN:
            # An order's row is soon another's there, and who is late is an orphan; or the report
            # of a late fill may be lost for good, and nobody asks about an order that is over.
            without |= {"late_fills"}
        self.faults = Faults(Random(seed * 104_729 + 2), without)
        self.truth = Truth(len(self.universe.venues))
        self.lanes = {name: Lane(name, self.faults, self.draw) for name in LANES}
        self.links = [
            VenueLink(venue, self.faults, self.draw, self.truth) for venue in self.universe.venues
        ]
        self.gateway = GatewayHost(self.universe, self.run_dir, self.timeline, self.lanes)
        self.risk = RiskHost(self.universe, self.run_dir, self.timeline, self.lanes)
        self.router = RouterHost(self.universe, self.run_dir, self.timeline, self.lanes, self.links)
        self.venues = [
            VenueHost(
                self.universe, self.run_dir, link, self.timeline, Random(seed + at), self.faults
            )
            for at, link in enumerate(self.links)
        ]
        self.hosts: list[Host] = [*self.venues, self.router, self.risk, self.gateway]
        self.traders: list[Trader] = []
        self.operator = self._clients()
        self._all_clients = self.clients
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
                operators.append(Operator(self.universe, session, link, draw))
            else:
                self.traders.append(Trader(self.universe, session, link, draw))
                self.traders[-1].repeats = not has_rolls(self.seed)
        operators[0].rolls = has_rolls(self.seed)
        return operators[0]

    @property
    def clients(self) -> list[Trader | Operator]:
        """All sessions, the operator last."""
        return [*self.traders, self.operator]

    def start(self) -> None:
        """All stages, in the order in which the supervisor starts them."""
        for host in self.hosts:
            self.up(host)

    def up(self, host: Host) -> None:
        """Start a stage that is down."""
        host.up()
        if isinstance(host, GatewayHost):
            assert host.place is not None
            for client in self.clients:
                client.link.gateway_up(host.place)

    def down(self, host: Host) -> None:
        """Kill a stage."""
        if isinstance(host, GatewayHost):
            for client in self.clients:
                client.link.gateway_down()
        host.down()

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
            and not any(trader.book.working for trader in self.traders)
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
            count = client.work(self.timeline.now_ns, is_trading=self.is_trading)
        self.steps += count
        self.trace.update(b"%d %d %d;" % (dice, count, self.timeline.now_ns))

    def _pass_time(self) -> None:
        """Between two microseconds and some milliseconds, mostly little."""
        draw = self.draw
        by_ns = int(2000 * 2 ** (draw.random() * 12))
        self.elapsed_ns += by_ns
        self.timeline.advance(by_ns)
