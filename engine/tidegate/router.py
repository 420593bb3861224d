"""The router stage as a process: its lanes, its channels, its order map.

Its regions outlive the process: a router that is killed, in the middle of a change too, is
followed by one that finishes or forgets its last step, knows which requests are pending, and asks
each venue for the reports that are missing. After a logon nothing is guessed: what the venue
lists as working is compared with the order map before requests go out again.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import zmq

from tidegate import lane_ends
from tidegate.channel import Channel, ChannelState, Listing, Progress, Working
from tidegate.counters import Counters
from tidegate.errors import RegionError, RegionInUseError
from tidegate.lane_ends import Losses, Ring
from tidegate.native import link as lanes
from tidegate.native import region as seqlock
from tidegate.native.clock import wall_ns
from tidegate.native.order_map import ROUTE_ROW
from tidegate.native.poll import Poller
from tidegate.native.records import (
    CONTROL_RECORD,
    ORDER_RECORD,
    RECORD,
    Kind,
    Level,
    TradingState,
)
from tidegate.native.resolving import unknown
from tidegate.native.router_agent import RouterAgent
from tidegate.native.routing import CHANNEL_ROW, ROUTER_ROW, Routing
from tidegate.native.venue_codes import VenueCodes
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.stopping import on_stop
from tidegate.universe import Universe, Venue
from tidegate.venue_session import VenueSession

RUN_MS = 100
# Nothing wakes the router when a channel written in Python has something.
PYTHON_RUN_MS = 1
NOTHING = np.zeros(1, np.uint64)
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
        # The one that the router works by; None = not logged on.
        self.listing: Listing | None = None
        # What the venue has and the order map has not, still to be canceled; None = not compared.
        self.unknown: list[Working] | None = None
        # What risk is yet to be told; only the latest state counts.
        self.news: npt.NDArray[Any] | None = None


class Router:
    """Everything the stage owns. `channels` replaces those of the universe's simulated venues.

    poller: the one that it shares with other stages of its process.
    """

    def __init__(
        self,
        universe: Universe,
        run_dir: RunDir,
        context: zmq.Context[zmq.Socket[bytes]],
        channels: Mapping[str, Channel] | None = None,
        *,
        poller: Poller | None = None,
    ) -> None:
        self.universe = universe
        self.routes, self.channels, self.own = tables(
            run_dir, orders=universe.capacity.orders + 1, channels=len(universe.venues) + 1
        )
        self.codes = VenueCodes(
            [0, *(instrument.venue for instrument in universe.instruments)],
            len(universe.venues) + 1,
            len(universe.accounts) + 1,
        )
        self.routing = Routing(
            self.routes.rows,
            self.channels.rows,
            self.own.rows,
            self.codes,
            order_age_ms_max=universe.order_age_ms_max,
        )
        self.ring = Ring(universe, run_dir, context, "executions")
        self.routing.recover(self.ring.target.next_number)
        seqlock.end(self.routes)
        taken = int(self.own.rows["taken"][0])
        self.source = lane_ends.source(universe, context, "routes", taken)
        self.losses = Losses("router")
        self.poller = poller or lane_ends.poller(universe, context)
        self.poller.add_source(self.source.lane)
        self.agent = RouterAgent(
            routing=self.routing,
            region=self.routes,
            link=lanes.Link(self.ring.target, self.source),
            poller=self.poller,
        )
        self.run_ms = RUN_MS
        self.links = [self._link(venue, context, channels or {}) for venue in universe.venues]
        self.counters = Counters(
            run_dir, "router", capacity=COUNTERS_SHARED + COUNTERS_A_CHANNEL * len(self.links)
        )

    def serve(self) -> None:
        """Run the agent until it is stopped."""
        self.tend()
        while self.agent.run(self.run_ms):
            self.settle()

    def settle(self) -> None:
        """What is done between the agent's runs."""
        self.tend()
        if self.counters.is_due():
            self.publish()

    def tend(self) -> None:
        """Keep each channel's session, and follow what became of it."""
        for index, link in enumerate(self.links, 1):
            now_ns = wall_ns()
            row = self.channels.rows[index]
            link.channel.tend(now_ns, Progress(*(int(row[name]) for name in Progress._fields)))
            self._follow(index, link, now_ns)
            if link.news is not None and self.agent.put(link.news):
                link.news = None

    def publish(self) -> None:
        """Write the stage's counters for `inspect`."""
        self.counters.publish("routes", self.source.counters)
        self.counters.publish("executions", self.ring.target.counters)
        self.losses.look({"routes": self.source})
        self.counters.publish("agent", self.agent.counters)
        for index, link in enumerate(self.links, 1):
            row = self.channels.rows[index]
            self._publish_some("routing", link, {name: int(row[name]) for name in COUNTED})
            self._publish_some("channel", link, link.channel.counters)

    def close(self) -> None:
        """Flush what the lanes take and release everything."""
        self.publish()
        self.poller.close()
        for index, link in enumerate(self.links, 1):
            self.routing.set_state(index, ChannelState.CHANNEL_DOWN)
            link.channel.close()
        self.ring.close()
        self.source.close()
        for region in (self.routes, self.channels, self.own, self.counters.region):
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
        return Link(venue, channel)

    def _follow(self, index: int, link: Link, now_ns: int) -> None:
        """Lets requests through only under a listing that was learnt and resolved."""
        listing = link.channel.listing
        is_up = link.channel.state == ChannelState.CHANNEL_UP and listing is not None
        if link.is_up and not (is_up and listing is link.listing):
            link.is_up = False
            link.news = channel_state(link.venue, TradingState.HALTED, now_ns)
        if not is_up or listing is None:
            link.listing = None
            state = min(link.channel.state, ChannelState.CHANNEL_LOGGING_ON)
            self.routing.set_state(index, state)
            return
        if link.listing is not listing:
            self.routing.set_state(index, ChannelState.CHANNEL_LOGGING_ON)
            if not self._learn(index, link, listing):
                return
            link.listing, link.unknown = listing, None
            self.routing.set_state(index, ChannelState.CHANNEL_RESOLVING)
        if link.is_up or not self._resolve(index, link, listing, now_ns):
            return
        self.routing.set_state(index, ChannelState.CHANNEL_UP)
        link.is_up = True
        link.news = channel_state(link.venue, TradingState.ACTIVE, now_ns)

    def _learn(self, index: int, link: Link, listing: Listing) -> bool:
        """Answers what the venue never got; False = the lane to risk is full, try again."""
        if int(self.channels.rows[index]["incarnation"]) != listing.incarnation:
            # What was sent to another incarnation is lost with it, taken or not.
            if not (self.agent.put_missing(index, NOTHING) and self.agent.put_lost(index, 1)):
                return False
            self.routing.set_incarnation(index, listing.incarnation)
        if not self.agent.put_lost(index, listing.next_expected):
            return False
        self.codes.learn(
            index,
            securities(self.universe, link.venue, listing),
            account_numbers(self.universe, listing),
        )
        self.routing.set_next_sending(index, listing.next_expected)
        return True

    def _resolve(self, index: int, link: Link, listing: Listing, now_ns: int) -> bool:
        """Whether the order map says what the venue says; no request goes out before it does."""
        if listing.working is None:
            return True
        if link.unknown is None:
            if link.channel.next_report < listing.next_report:
                return False
            order_ids = np.array([order.cl_ord_id for order in listing.working], np.uint64)
            if not self.agent.put_missing(index, np.append(np.sort(order_ids), NOTHING)):
                return False
            cum_qtys = [order.cum_qty for order in listing.working]
            places = unknown(self.routing, index, order_ids, cum_qtys)
            link.unknown = [listing.working[place] for place in places]
        while link.unknown:
            row = cancel_of(link.unknown[-1], now_ns)
            row["msg_seq_num"] = self.routing.number_cancel(index, now_ns)
            if not link.channel.submit(row):
                self.routing.withdraw_cancel(index)
                return False
            link.unknown.pop()
        return True


def main(
    universe: Universe,
    run_dir: RunDir,
    ready: Ready,
    *,
    stopped_by: Callable[[Callable[[], None]], None] = on_stop,
) -> int:
    """Run the router until SIGTERM or SIGINT, or whoever is given its stop() calls that."""
    with zmq.Context() as context:
        stage = Router(universe, run_dir, context)
        stopped_by(stage.poller.stop)
        ready()
        try:
            stage.serve()
        finally:
            stage.close()
    return 0


def tables(run_dir: RunDir, *, orders: int, channels: int) -> tuple[Region, Region, Region]:
    """The order map, channels and row of the router before this one, or all three fresh.

    They may be in the middle of a change: Routing.recover() puts them right.
    """
    shapes = (
        ("routes", ROUTE_ROW, orders),
        ("channels", CHANNEL_ROW, channels),
        ("router", ROUTER_ROW, 1),
    )
    kept: list[Region] = []
    for name, dtype, capacity in shapes:
        path = run_dir.region(name)
        try:
            kept.append(Region.resume(path, dtype, repairs=True))
            if kept[-1].capacity != capacity:
                raise RegionError(f"{path}: {kept[-1].capacity} rows, expected {capacity}")
        except RegionInUseError:
            # Another router lives: nothing of it is touched.
            for region in kept:
                region.close()
            raise
        except RegionError as error:
            if path.exists():
                print(f"the order map starts empty: {error}", file=sys.stderr)
            break
    else:
        return kept[0], kept[1], kept[2]
    for region in kept:
        region.close()
    # The router's own row last: without it the other two count for nothing.
    run_dir.region("router").unlink(missing_ok=True)
    fresh = [
        Region.create(run_dir.region(name), dtype, capacity) for name, dtype, capacity in shapes
    ]
    for region in fresh:
        region.header["count"] = region.capacity
    fresh[2].rows["born_ns"] = wall_ns()
    return fresh[0], fresh[1], fresh[2]


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


def cancel_of(order: Working, now_ns: int) -> npt.NDArray[Any]:
    """A cancel, in the venue's own names, of an order that only the venue knows."""
    row = np.zeros(1, ORDER_RECORD)
    row["kind"] = Kind.CANCEL_REQUEST
    row["received_ns"] = now_ns
    row["cl_ord_id"] = order.cl_ord_id
    row["order_id"] = order.order_id
    row["account"] = order.account
    row["instrument"] = order.security_id
    return row.view(RECORD)
