"""How a venue is reached and how it behaves: its part of the universe, in the venue's own terms."""

from typing import Any, Literal

import msgspec
import zmq

from tidegate import topology
from tidegate.errors import VenueError
from tidegate.native.records import Level
from tidegate.universe import Universe
from tidegate.venue.ledger import Security

# Frames that wait for a slow peer; a channel with more is taken as lost.
HWM = 10_000
# Of the rings, as the router opens them.
HWM_RINGS = 1_000


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """`accounts` are the masters' numbers at this venue, by name.

    What makes a bad venue of it, 0 = never: orders that it rejects for nothing, reports that it
    gives twice, cancels that are followed by a fill, and how often it hangs up.
    """

    name: str
    endpoint: str
    md_endpoint: str
    # Of the requests and of the reports of the channel that shares memory with it.
    rings: tuple[str, str] | None = None
    accounts: dict[str, int]
    securities: tuple[Security, ...]
    tape: str | None
    speed: float
    seed: int
    latency_us: tuple[int, int]
    reject_ppm: int
    mark_interval_ms: int
    start: Literal["immediately", "on_request"]
    cancel_on_disconnect: bool = True
    persist: bool = True
    resend_ppm: int = 0
    late_fill_ppm: int = 0
    disconnect_every_ms: int = 0


def settings_of(universe: Universe, name: str) -> Settings:
    """What the universe says of the venue called `name`."""
    found = [venue for venue in universe.venues if venue.name == name]
    if not found:
        known = ", ".join(venue.name for venue in universe.venues)
        raise VenueError(f"no venue {name!r}; expected one of {known}")
    venue = found[0]
    masters = [
        account.name
        for account in universe.accounts
        if account.level == Level.MASTER and account.venue in (0, venue.handle)
    ]
    listed = [each for each in universe.instruments if each.venue == venue.handle]
    return Settings(
        name=name,
        endpoint=venue.endpoint,
        md_endpoint=venue.md_endpoint,
        rings=topology.venue_rings(venue),
        accounts={master: number for number, master in enumerate(masters, 1)},
        securities=tuple(
            Security(
                security_id=security_id,
                code=instrument.venue_code,
                currency=universe.currencies[instrument.currency - 1].code,
                tick_size=instrument.tick_size,
                tick_value=instrument.tick_value,
                fee_lot=instrument.fee_lot,
                fee_ppm=instrument.fee_ppm,
            )
            for security_id, instrument in enumerate(listed, 1)
        ),
        tape=venue.tape,
        speed=venue.speed,
        seed=venue.seed,
        latency_us=venue.latency_us,
        reject_ppm=venue.reject_ppm,
        mark_interval_ms=venue.mark_interval_ms,
        start=venue.start,
        cancel_on_disconnect=venue.cancel_on_disconnect,
        persist=venue.persist,
        resend_ppm=venue.resend_ppm,
        late_fill_ppm=venue.late_fill_ppm,
        disconnect_every_ms=venue.disconnect_every_ms,
    )


def bind(context: zmq.Context[Any], kind: int, endpoint: str) -> zmq.Socket[Any]:
    """A socket of the venue at its endpoint, or a VenueError that says why not."""
    socket: zmq.Socket[Any] = context.socket(kind)
    socket.linger = 0
    socket.sndhwm = socket.rcvhwm = HWM
    if kind == zmq.ROUTER:
        # A vanished peer is told at the next send, not at its third heartbeat.
        socket.router_mandatory = True
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        socket.close(0)
        raise VenueError(f"{endpoint}: cannot bind: {error}; expected a free endpoint") from None
    return socket
