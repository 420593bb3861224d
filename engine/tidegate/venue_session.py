"""A simulated venue's channel: its logon in JSON, its heartbeats, and the hot part below.

Down, it connects anew each second; a venue that is silent for three heartbeats is down.
"""

import sys
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import zmq

from tidegate import topology
from tidegate.channel import (
    ChannelState,
    Incarnation,
    Listing,
    Number,
    Progress,
    Security,
    Working,
)
from tidegate.native.records import SESSION_RECORD, Kind
from tidegate.native.venue_channel import VenueChannel
from tidegate.universe import Venue

HEARTBEAT_NS = 1_000_000_000
SILENCE_NS_MAX = 3 * HEARTBEAT_NS
CONNECT_NS = 1_000_000_000
NAME = "router"


class Welcome(msgspec.Struct, frozen=True):
    """The JSON of the venue's LOGON."""

    venue: str
    incarnation: Incarnation
    accounts: dict[str, Number]
    securities: tuple[Security, ...]
    next_report: int = 0
    working: tuple[Working, ...] | None = None


class VenueSession:
    """Keeps one VenueChannel logged on."""

    def __init__(self, context: zmq.Context[Any], venue: Venue, accounts: Sequence[str]) -> None:
        self.native = VenueChannel(context, venue.endpoint, topology.venue_rings(venue))
        self.listing: Listing | None = None
        self._venue = venue.name
        self._accounts = tuple(accounts)
        self._connect_ns = 0
        self._counts = dict.fromkeys(("logons", "refused_logons", "silences", "lost"), 0)
        self._problem = ""

    @property
    def state(self) -> int:
        """A ChannelState."""
        return self.native.state

    @property
    def next_report(self) -> int:
        """The number of the first report that has not been polled."""
        return self.native.next_expected

    @property
    def counters(self) -> dict[str, int]:
        """Of the session, then of its two lane ends."""
        return self._counts | self.native.counters

    def submit(self, request: npt.NDArray[Any]) -> bool:
        """Send one request now; the router's agent calls the hot part instead."""
        return self.native.submit_rows(request)

    def poll(self) -> npt.NDArray[Any]:
        """The reports and marks that have come; the router's agent calls the hot part instead."""
        return self.native.poll_rows()

    def tend(self, now_ns: int, progress: Progress) -> None:
        """Log on, send heartbeats, notice silence."""
        if self.native.state == ChannelState.CHANNEL_UP:
            self._keep(now_ns, progress.next_sending)
        elif self.native.state == ChannelState.CHANNEL_LOGGING_ON:
            self._take_answers(now_ns, progress)
        elif self._connect_ns and now_ns - self._connect_ns < CONNECT_NS:
            self._put_logon(now_ns, progress)
        else:
            self._connect_ns = now_ns
            self.native.connect()
            self._put_logon(now_ns, progress)

    def close(self) -> None:
        """Close at once."""
        self.native.close()

    def _keep(self, now_ns: int, next_sending: int) -> None:
        if self.native.silence_ns(now_ns) > SILENCE_NS_MAX:
            self._counts["silences"] += 1
            self._drop()
        elif self.native.is_refused() or not self._beat(now_ns, next_sending):
            self._counts["lost"] += 1
            self._drop()

    def _beat(self, now_ns: int, next_sending: int) -> bool:
        """Sends the heartbeat that is due, if one is; False = the venue did not take it."""
        is_due = self.native.rest_ns(now_ns) >= HEARTBEAT_NS
        return not is_due or self.native.put_heartbeat(next_sending, now_ns)

    def _drop(self) -> None:
        self.native.disconnect()
        self._connect_ns = 0

    def _put_logon(self, now_ns: int, progress: Progress) -> None:
        row = np.zeros(1, SESSION_RECORD)
        row["kind"] = Kind.LOGON
        row["next_sending"] = progress.next_sending
        row["next_expected"] = progress.next_report
        row["heartbeat_ns"] = HEARTBEAT_NS
        asked = {
            "channel": NAME,
            "accounts": self._accounts,
            "incarnation": progress.incarnation,
            "rings": self.native.has_rings,
        }
        self.native.put_logon(row, msgspec.json.encode(asked), now_ns)

    def _take_answers(self, now_ns: int, progress: Progress) -> None:
        while (answer := self.native.take_answer()) is not None:
            row, attachment = answer
            if row["kind"][0] == Kind.LOGON and attachment is not None:
                self._log_on(row, attachment, now_ns, progress)
                return
            if row["kind"][0] == Kind.SESSION_REJECT:
                self._refuse((attachment or b"no reason given").decode(errors="replace"), now_ns)
                return
        if self.native.silence_ns(now_ns) > SILENCE_NS_MAX:
            self._counts["silences"] += 1
            self._drop()

    def _log_on(
        self, row: npt.NDArray[Any], attachment: bytes, now_ns: int, progress: Progress
    ) -> None:
        try:
            welcome = msgspec.json.decode(attachment, type=Welcome)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self._refuse(f"its logon says {error}", now_ns)
            return
        answer = row.view(SESSION_RECORD)
        next_sending = int(answer["next_expected"][0])
        if next_sending == 0:
            self._refuse("its logon says next_expected 0, expected 1 or more", now_ns)
            return
        # A venue that was started anew numbers its reports from 1, and we have seen none of them.
        is_known = welcome.incarnation == progress.incarnation
        next_expected = progress.next_report if is_known else 1
        self.listing = Listing(
            incarnation=welcome.incarnation,
            next_expected=next_sending,
            accounts=welcome.accounts,
            securities=welcome.securities,
            next_report=welcome.next_report,
            working=welcome.working,
        )
        self._counts["logons"] += 1
        self._problem = ""
        self.native.log_on(next_sending, next_expected, now_ns)

    def _refuse(self, problem: str, now_ns: int) -> None:
        self._counts["refused_logons"] += 1
        if problem != self._problem:
            print(f"venue {self._venue} did not log us on: {problem}", file=sys.stderr)
        self._problem = problem
        self.native.disconnect()
        self._connect_ns = now_ns
