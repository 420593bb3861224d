"""Trading sessions that the importer's user states, where the recording has none.

A day's sessions become SESSION_OPEN and SESSION_CLOSE on each day that has events.
"""

import re
from itertools import pairwise
from typing import NamedTuple

import msgspec

from tidegate.errors import TapeError
from tidegate.native.records import NO_PRICE
from tidegate.tape.book import EventList
from tidegate.tape.events import TapeKind, merge
from tidegate.tape.recording import Recording

MINUTE_NS = 60_000_000_000
DAY_MINUTES = 1440

_SESSION = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)", re.ASCII)


class Session(NamedTuple):
    """Minutes after local midnight; a session that ends before it starts ends on the next day."""

    open_minute: int
    close_minute: int


def parse(text: str) -> Session:
    """A session such as 09:30-11:30."""
    found = _SESSION.fullmatch(text)
    numbers = [int(number) for number in found.groups()] if found else [24]
    if found is None or max(numbers[::2]) > 23 or max(numbers[1::2]) > 59:
        raise TapeError(f"session {text[:20]!r}; expected such as 09:30-11:30")
    open_minute, close_minute = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if close_minute <= open_minute:
        close_minute += DAY_MINUTES
    return Session(open_minute, close_minute)


def with_sessions(
    recording: Recording, sessions: list[Session], utc_offset_hours: int
) -> Recording:
    """The recording with the sessions of each local day on which it has events."""
    ordered = sorted(sessions)
    first = ordered[0]
    tomorrow = Session(first.open_minute + DAY_MINUTES, first.close_minute + DAY_MINUTES)
    for before, after in pairwise([*ordered, tomorrow]):
        if before.close_minute > after.open_minute:
            raise TapeError(f"{before} and {after} overlap; expected one after the other")
    day_ns = DAY_MINUTES * MINUTE_NS
    offset_ns = utc_offset_hours * 60 * MINUTE_NS
    marks = EventList()
    days = sorted(set(((recording.events["time_ns"] + offset_ns) // day_ns).tolist()))
    for day in days:
        midnight_ns = day * day_ns - offset_ns
        for session in ordered:
            for kind, minute in zip(
                (TapeKind.SESSION_OPEN, TapeKind.SESSION_CLOSE), session, strict=True
            ):
                marks.put(midnight_ns + minute * MINUTE_NS, [(int(kind), 0, NO_PRICE, 0)])
    return msgspec.structs.replace(recording, events=merge([marks.array(), recording.events]))
