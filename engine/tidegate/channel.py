"""The port to a venue: what the router needs of a channel, whatever protocol it speaks.

A channel owns its connection, its logon and its numbering on the wire. It is given requests in
the router's records (see RECORDS.md): instrument and account are the venue's own numbers as its
listing told them, cl_ord_id is the key of the order. It gives back EXECUTION_REPORT,
CANCEL_REJECT and MARK in the same names, with order_id = the venue's own, each once and in order.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Protocol

import msgspec
import numpy.typing as npt

from tidegate.native.routing import ChannelState
from tidegate.native.venue_channel import VenueChannel

__all__ = ["Channel", "ChannelState", "Incarnation", "Listing", "Number", "Security"]

# 0 = none, and a record has 32 bits for it.
Number = Annotated[int, msgspec.Meta(ge=1, le=2**32 - 1)]

# 0 = none yet.
Incarnation = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """A contract as the venue names and numbers it."""

    code: str
    security_id: Number
    tick_size: Decimal


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue told at logon.

    next_expected is the number of the first request that it has not got; incarnation differs
    when it was started anew: it has forgotten all orders and may give exec_ids again.
    """

    incarnation: Incarnation
    next_expected: int
    accounts: Mapping[str, int]
    securities: tuple[Security, ...]


class Channel(Protocol):
    """A venue as the router's agent drives it: nothing here blocks."""

    @property
    def native(self) -> VenueChannel | None:
        """Its compiled part, which the agent then calls without the GIL; or None."""

    @property
    def state(self) -> int:
        """A ChannelState; requests are submitted in CHANNEL_UP only."""

    @property
    def listing(self) -> Listing | None:
        """Of the last logon; there is one when the state is CHANNEL_UP."""

    @property
    def counters(self) -> dict[str, int]:
        """What it counted, by name."""

    def submit(self, request: npt.NDArray[Any]) -> bool:
        """Send one request now; False = it was not and never will be sent."""

    def poll(self) -> npt.NDArray[Any]:
        """The reports and marks that have come, at most 256."""

    def tend(self, now_ns: int, next_sending: int) -> None:
        """Keep the session: log on, send heartbeats, notice silence. Called many times a second."""

    def close(self) -> None:
        """Give the connection up."""
