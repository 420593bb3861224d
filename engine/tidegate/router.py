"""The router stage as a process: its lanes, its channels, its order map.

The order map outlives the process, so that a router that was killed still knows which requests
are pending; what the venues sent it asks for again, and risk knows each exec_id it has booked.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import zmq

from tidegate import topology
from tidegate.channel import Channel, ChannelState, Listing
from tidegate.counters import Counters
from tidegate.errors import RegionError
from tidegate.native import region as seqlock
from tidegate.native.clock import wall_ns
from tidegate.native.lane import LaneSource, LaneTarget
from tidegate.native.order_map import ROUTE_ROW
from tidegate.native.poll import Poller
from tidegate.native.records import CONTROL_RECORD, Kind, Level, TradingState
from tidegate.native.router_agent import RouterAgent
from tidegate.native.routing import CHANNEL_ROW, Routing
from tidegate.native.venue_codes import VenueCodes
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.stopping import on_stop
from tidegate.universe import Universe, Venue
from tidegate.venue_session import VenueSession

RUN_MS = 40
# Nothing wakes the router when a channel written in Python has something.
PYTHON_RUN_MS = 1
# Counters are never older than a run, which its last wait may double, and this.
PUBLISH_S = 0.02
LOST_MAX = 256
COUNTERS_SHARED = 64
COUNTERS_A_CHANNEL = 64
_NAMES = CHANNEL_ROW.names or ()
# A channel's row ends with its counters.
COUNTED = _NAMES[_NAMES.index("submitted") :]


class Ready(Protocol):
    """Tells that the stage takes input."""

    def __call__(self) -> None: ...


class Link:
    """A venue, its channel, and what the router has made known of it."""

    def __init__(self, venue: Venue, channel: Channel) -> None:
        self.venue = venue
        self.channel = channel
        self.is_up = False
        self.listing: Listing | None = None
        # What risk is yet to be told; only the latest state counts.
        self.news: npt.NDArray[Any] | None = None


class Router:
    """Everything the stage owns. `channels` replaces those of the universe's simulated venues."""

    def __init__(
        self,
        universe: Universe,
        run_dir: RunDir,
        context: zmq.Context[zmq.Socket[bytes]],
        channels: Mapping[str, Channel] | None = None,
    ) -> None:
        self.universe = universe
        self.routes, self.channels = tables(
            run_dir, orders=universe.capacity.orders + 1, channels=len(universe.venues) + 1
        )
        self.codes = VenueCodes(
            [0, *(instrument.venue for instrument in universe.instruments)],
            len(universe.venues) + 1,
            len(universe.accounts) + 1,
        )
        self.routing = Routing(self.routes.rows, self.channels.rows, self.codes)
        self.source = LaneSource(
            context, topology.endpoint(universe, "routes"), hwm=topology.hwm(universe, "routes")
        )
        self.target = LaneTarget(
            context,
            topology.endpoint(universe, "executions"),
            hwm=topology.hwm(universe, "executions"),
        )
        self.poller = Poller(context)
        self.poller.add_source(self.source)
        self.poller.add_target(self.target)
        self.agent = RouterAgent(
            routing=self.routing,
            region=self.routes,
            routes=self.source,
            executions=self.target,
            poller=self.poller,
        )
        self.run_ms = RUN_MS
        self.links = [self._link(venue, context, channels or {}) for venue in universe.venues]
        self.counters = Counters(
            run_dir, "router", capacity=COUNTERS_SHARED + COUNTERS_A_CHANNEL * len(self.links)
        )
        self.published_at = 0.0

    def serve(self) -> None:
        """Run the agent until it is stopped."""
        self.tend()
        while self.agent.run(self.run_ms):
            self.tend()
            self.publish()

    def tend(self) -> None:
        """Keep each channel's session, and follow what became of it."""
        for index, link in enumerate(self.links, 1):
            now_ns = wall_ns()
            link.channel.tend(now_ns, int(self.channels.rows[index]["next_sending"]))
            self._follow(index, link, now_ns)
            if link.news is not None and self.agent.put(link.news):
                link.news = None

    def publish(self) -> None:
        """Write the stage's counters for `inspect`, not at each heartbeat or logon."""
        now = monotonic()  # nondeterministic: how often people are shown counters
        if now - self.published_at < PUBLISH_S:
            return
        self.published_at = now
        self.counters.publish("routes", self.source.counters)
        self.counters.publish("executions", self.target.counters)
        self.counters.publish("agent", self.agent.counters)
        for index, link in enumerate(self.links, 1):
            row = self.channels.rows[index]
            self._publish_some("routing", link, {name: int(row[name]) for name in COUNTED})
            self._publish_some("channel", link, link.channel.counters)

    def close(self) -> None:
        """Flush what the lanes take and release everything."""
        self.published_at = 0.0
        self.publish()
        self.poller.close()
        for link in self.links:
            link.channel.close()
        self.target.close()
        self.source.close()
        for region in (self.routes, self.channels, self.counters.region):
            region.close()

    def _publish_some(self, group: str, link: Link, counted: Mapping[str, int]) -> None:
        """What has happened at all: most of a channel's counters stay 0."""
        happened = {name: value for name, value in counted.items() if value}
        self.counters.publish(f"{group}-{link.venue.name}", happened)

    def _link(
        self,
        venue: Venue,
        context: zmq.Context[zmq.Socket[bytes]],
        channels: Mapping[str, Channel],
    ) -> Link:
        channel = channels.get(venue.name)
        if channel is None:
            channel = VenueSession(context, venue, masters(self.universe, venue))
        index = self.agent.add_channel(channel.native or channel)
        if index != venue.handle:
            raise ValueError(f"venue {venue.name} has handle {venue.handle}, expected {index}")
        self.routing.open_channel(index, venue.message_rate, venue.message_burst)
        if channel.native is None:
            self.run_ms = PYTHON_RUN_MS
        else:
            self.poller.add_socket(channel.native.socket)
        return Link(venue, channel)

    def _follow(self, index: int, link: Link, now_ns: int) -> None:
        """Lets requests through only while the channel is up under a listing that was learnt."""
        listing = link.channel.listing
        is_up = link.channel.state == ChannelState.CHANNEL_UP and listing is not None
        if link.is_up and not (is_up and listing is link.listing):
            link.is_up = False
            link.news = channel_state(link.venue, TradingState.HALTED, now_ns)
        if not link.is_up:
            self.routing.set_state(index, min(link.channel.state, ChannelState.CHANNEL_LOGGING_ON))
        if not is_up or link.is_up or listing is None:
            return
        if not self._answer_lost(index, listing):
            return
        self.codes.learn(
            index,
            securities(self.universe, link.venue, listing),
            account_numbers(self.universe, listing),
        )
        self.routing.set_next_sending(index, listing.next_expected)
        self.routing.set_state(index, ChannelState.CHANNEL_UP)
        link.is_up = True
        link.listing = listing
        link.news = channel_state(link.venue, TradingState.ACTIVE, now_ns)

    def _answer_lost(self, index: int, listing: Listing) -> bool:
        """Answers what the venue does not have; False = the lane to risk is full, try again."""
        if int(self.channels.rows[index]["incarnation"]) == listing.incarnation:
            return self._put_all(partial(self.routing.lost, index, listing.next_expected))
        # What was sent to another incarnation is lost with it, taken or not.
        if not (
            self._put_all(partial(self.routing.forgotten, index))
            and self._put_all(partial(self.routing.lost, index, 1))
        ):
            return False
        self.routing.set_incarnation(index, listing.incarnation)
        return True

    def _put_all(self, step: Callable[[int], npt.NDArray[Any]]) -> bool:
        """Puts what a step over the order map gives until it gives no more."""
        while self.agent.has_room():
            seqlock.begin(self.routes)
            answers = step(LOST_MAX)
            seqlock.end(self.routes)
            if not len(answers):
                return True
            self.agent.put(answers)
        return False


def main(universe: Universe, run_dir: RunDir, ready: Ready) -> int:
    """Run the router until SIGTERM or SIGINT."""
    with zmq.Context() as context:
        stage = Router(universe, run_dir, context)
        on_stop(stage.poller.stop)
        ready()
        try:
            stage.serve()
        finally:
            stage.close()
    return 0


def tables(run_dir: RunDir, *, orders: int, channels: int) -> tuple[Region, Region]:
    """The order map and the channels of the router before this one, or both fresh."""
    shapes = (("routes", ROUTE_ROW, orders), ("channels", CHANNEL_ROW, channels))
    kept: list[Region] = []
    for name, dtype, capacity in shapes:
        path = run_dir.region(name)
        try:
            kept.append(Region.resume(path, dtype))
            if kept[-1].capacity != capacity:
                raise RegionError(f"{path}: {kept[-1].capacity} rows, expected {capacity}")
        except RegionError as error:
            if path.exists():
                print(f"the order map starts empty: {error}", file=sys.stderr)
            break
    else:
        return kept[0], kept[1]
    for region in kept:
        region.close()
    routes, rows = (
        Region.create(run_dir.region(name), dtype, capacity) for name, dtype, capacity in shapes
    )
    for region in (routes, rows):
        region.header["count"] = region.capacity
    return routes, rows


def masters(universe: Universe, venue: Venue) -> Sequence[str]:
    """The accounts that the venue itself knows."""
    return [
        account.name
        for account in universe.accounts
        if account.level == Level.MASTER and account.venue in (0, venue.handle)
    ]


def securities(universe: Universe, venue: Venue, listing: Listing) -> dict[int, int]:
    """security_id by our handle, of what the venue lists with the tick size that we count in."""
    listed = {security.code: security for security in listing.securities}
    found = {}
    for instrument in universe.instruments:
        security = listed.get(instrument.venue_code)
        if instrument.venue != venue.handle or security is None:
            continue
        if security.tick_size == instrument.tick_size:
            found[instrument.handle] = security.security_id
        else:
            print(
                f"venue {venue.name} lists {security.code} with tick_size {security.tick_size}, "
                f"expected {instrument.tick_size}: its orders are refused",
                file=sys.stderr,
            )
    return found


def account_numbers(universe: Universe, listing: Listing) -> dict[int, int]:
    """The venue's account number by our handle: that of the master which each is below."""
    numbers: dict[int, int] = {}
    for account in universe.accounts:
        if account.level == Level.MASTER:
            number = listing.accounts.get(account.name)
        else:
            number = numbers.get(account.parent)
        if number is not None:
            numbers[account.handle] = number
    return numbers


def channel_state(venue: Venue, state: TradingState, now_ns: int) -> npt.NDArray[Any]:
    """CHANNEL_STATE: actor = the venue's handle, ACTIVE = up, HALTED = down."""
    row = np.zeros(1, CONTROL_RECORD)
    row["kind"] = Kind.CHANNEL_STATE
    row["received_ns"] = now_ns
    row["actor"] = venue.handle
    row["trading_state"] = state
    return row
