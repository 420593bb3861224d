"""What an engine reads in its own tables, between two steps: it is the one that writes them.

And in the router's, whether a channel is up.
"""

from decimal import Decimal

from tidegate.errors import SessionError
from tidegate.native.records import NO_PRICE
from tidegate.native.routing import CHANNEL_ROW, ChannelState
from tidegate.native.tables import Tables
from tidegate.prices import to_price
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.universe import Session, Universe


def session_of(universe: Universe, name: str, role: str) -> Session:
    """The session of that name; SessionError when it is not there or of another role."""
    for session in universe.sessions:
        if session.name == name:
            if session.role == role:
                return session
            raise SessionError(f"session {name!r} is of role {session.role}; expected {role}")
    known = ", ".join(session.name for session in universe.sessions)
    raise SessionError(f"there is no session {name!r}; the config has {known}")


def has_orders(tables: Tables, session: int) -> bool:
    """Whether some order of the session works."""
    return bool(tables.arrays["sessions"]["first_order"][session])


def has_cancels(tables: Tables, session: int) -> bool:
    """Whether the cancel of some order of the session is not answered."""
    orders = tables.arrays["orders"]
    slot = int(tables.arrays["sessions"]["first_order"][session])
    while slot:
        if orders["is_cancel_pending"][slot]:
            return True
        slot = int(orders["next"][slot])
    return False


def mark_of(tables: Tables, instrument: int, tick_size: Decimal, now_ns: int) -> Decimal | None:
    """The mark of an instrument; None before the first, and where it is stale (REFERENCE_STALE)."""
    row = tables.arrays["instruments"][instrument]
    ticks = int(row["mark_px"])
    if not row["mark_ns"] or ticks == NO_PRICE or now_ns - row["mark_ns"] > row["stale_ns"]:
        return None
    return to_price(ticks, tick_size)


class ChannelStates:
    """The router's region "channels", mapped once for each file that it is."""

    def __init__(self, run_dir: RunDir) -> None:
        self._path = run_dir.region("channels")
        self._inode = 0
        self._region: Region | None = None

    def is_down(self, venue: int) -> bool:
        """Whether the router says that a venue's channel is not up; where none has been, no."""
        try:
            inode = self._path.stat().st_ino
        except FileNotFoundError:
            return False
        if self._region is None or inode != self._inode:
            self.close()
            self._region = Region.attach(self._path, CHANNEL_ROW)
            self._inode = inode
        return bool(self._region.rows["state"][venue] != ChannelState.CHANNEL_UP)

    def close(self) -> None:
        """Lets go of the region."""
        if self._region is not None:
            self._region.close()
            self._region = None
