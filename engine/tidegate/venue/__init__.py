"""The simulated venue: one process with a matching exchange that plays a tape."""

from collections.abc import Callable
from threading import Event
from time import sleep

import zmq

from tidegate.errors import VenueError
from tidegate.native.clock import wall_ns
from tidegate.run_dir import RunDir
from tidegate.stopping import on_stop
from tidegate.tape.format import TapeReader
from tidegate.universe import Universe
from tidegate.venue.agent import VenueAgent
from tidegate.venue.feed import Feed
from tidegate.venue.memory import Memory
from tidegate.venue.settings import Settings, settings_of

__all__ = ["main"]

MS = 1_000_000
# How often a venue on a full disk looks whether there is room.
FULL_S = 0.1


def main(universe: Universe, run_dir: RunDir, ready: Callable[[], None], name: str) -> int:
    """Runs the venue called `name` until SIGTERM or SIGINT; `ready` is called once it serves."""
    stopped = Event()
    on_stop(stopped.set)
    settings = settings_of(universe, name)
    feed = feed_of(settings)
    with zmq.Context() as context:
        now_ns = wall_ns()
        memory = remembered(run_dir, settings, now_ns)
        agent = VenueAgent(settings, feed, context, now_ns, memory)
        ready()
        try:
            while not stopped.is_set():
                now_ns = wall_ns()
                agent.do_work(now_ns)
                _wait(agent, now_ns)
        finally:
            agent.close()
    return 0


def remembered(run_dir: RunDir, settings: Settings, now_ns: int) -> Memory | None:
    """What the venue before this one has left, if this one is to remember; else none is kept."""
    path = run_dir.venue_memory(settings.name)
    if not settings.persist:
        path.unlink(missing_ok=True)
        return None
    path.parent.mkdir(mode=0o700, exist_ok=True)
    return Memory(path, settings, now_ns)


def feed_of(settings: Settings) -> Feed | None:
    """The venue's tape, checked against its securities; None = nobody else trades here."""
    if settings.tape is None:
        return None
    codes = {security.code: security.security_id for security in settings.securities}
    with TapeReader(settings.tape) as reader:
        feed = Feed(reader, codes, settings.speed)
    for security in settings.securities:
        tick_size = feed.contracts[security.security_id].tick_size
        if tick_size != security.tick_size:
            raise VenueError(
                f"{settings.tape}: {security.code} has tick_size {tick_size};"
                f" expected {security.tick_size} as the config says"
            )
    return feed


def _wait(agent: VenueAgent, now_ns: int) -> None:
    """Waits for a message or for what is due next, whichever is first."""
    wait_ns = agent.wait_ns(now_ns)
    if agent.is_full:
        sleep(FULL_S)
    elif wait_ns >= MS:
        agent.front.wait(wait_ns // MS)
    elif wait_ns and not agent.front.wait(0):
        # Finer than the milliseconds of a poll; a message waits at most as long.
        sleep(wait_ns / 1e9)
