"""The port to a venue: what the router needs of a channel, whatever protocol it speaks.

A channel owns its connection, its logon and its numbering on the wire. It is given requests in
the router's records (see RECORDS.md): instrument and account are the venue's own numbers as its
listing told them, cl_ord_id is the key of the order. It gives back EXECUTION_REPORT,
CANCEL_REJECT and MARK in the same names, with order_id = the venue's own, each once and in order.

So that nothing is lost or doubled when the router, the channel or the venue dies, a channel
- submits a request at once or says False, and never sends it later. msg_seq_num is its number on
  this channel; of the next logon the listing says from which number on (next_expected) the venue
  has none: these are refused, all before them count as received;
- gives, after a logon, every report from Progress.next_report on that the venue has made. A
  report has the venue's own number of it in msg_seq_num, rising, or 0 where the venue has none:
  then all reports of the day come again after a restart, and exec_id alone tells them apart;
- gives exec_ids that rise from report to report of one channel, never again for another report;
  a CANCEL_REJECT has the number of the request that it refuses in ref_seq_num, if it is known;
- changes incarnation only when the venue has forgotten every order from before;
- lists, if the venue can tell, its working orders as they stand when all reports below
  Listing.next_report are in. None = it cannot: then nothing is resolved by a listing.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, Protocol

import msgspec
import numpy.typing as npt

from tidegate.native.routing import ChannelState
from tidegate.native.venue_channel import VenueChannel

__all__ = [
    "Channel",
    "ChannelState",
    "Incarnation",
    "Listing",
    "Number",
    "Progress",
    "Security",
    "Working",
]

# 0 = none, and a record has 32 bits for it.
Number = Annotated[int, msgspec.Meta(ge=1, le=2**32 - 1)]

# 0 = none yet.
Incarnation = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]


Quantity = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """A contract as the venue names and numbers it."""

    code: str
    security_id: Number
    tick_size: Decimal


class Working(msgspec.Struct, frozen=True, kw_only=True):
    """An order that works at the venue: cl_ord_id is our order_id, order_id the venue's own."""

    cl_ord_id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    order_id: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    account: Number
    security_id: Number
    leaves_qty: Quantity
    cum_qty: Quantity


class Progress(NamedTuple):
    """How far the router is on a channel, from its region: it survives a kill.

    next_report counts in this incarnation of the venue: in another one it is 1.
    """

    next_sending: int
    next_report: int
    incarnation: int


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue told at logon.

    next_expected is the number of the first request that it has not got; incarnation differs
    when it was started anew: it has forgotten all orders and may give exec_ids again. working =
    the orders that work there when all reports below next_report are in; None = it cannot tell.
    """

    incarnation: Incarnation
    next_expected: int
    accounts: Mapping[str, int]
    securities: tuple[Security, ...]
    next_report: int = 0
    working: tuple[Working, ...] | None = None


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
    def next_report(self) -> int:
        """The number of the first report that poll has not given; compared with the listing's."""

    @property
    def counters(self) -> dict[str, int]:
        """What it counted, by name."""

    def submit(self, request: npt.NDArray[Any]) -> bool:
        """Send one request now; False = it was not and never will be sent."""

    def poll(self) -> npt.NDArray[Any]:
        """The reports and marks that have come, at most 256."""

    def tend(self, now_ns: int, progress: Progress) -> None:
        """Keep the session: log on, send heartbeats, notice silence. Called many times a second."""

    def close(self) -> None:
        """Give the connection up."""
