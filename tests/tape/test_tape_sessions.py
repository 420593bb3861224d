"""Stated sessions: one open and one close each day that has events, never overlapping."""

from collections.abc import Callable
from typing import Any

import pytest

from tidegate.errors import TapeError
from tidegate.tape.book import EventList
from tidegate.tape.events import Events, TapeKind
from tidegate.tape.recording import Recording, Terms
from tidegate.tape.sessions import MINUTE_NS, Session, parse, with_sessions

DAY_NS = 1440 * MINUTE_NS
TRADE = (int(TapeKind.TRADE), 0, 1, 1)


@pytest.fixture
def recording(gold: Terms) -> Recording:
    """Trades at 01:00 UTC of day 1 and of day 4."""
    events = EventList()
    for day in (1, 4):
        events.put(day * DAY_NS + 60 * MINUTE_NS, [TRADE, TRADE])
    return Recording(terms=gold, events=events.array(), sources=(), counts={})


def test_each_day_with_events_has_its_sessions(
    recording: Recording, said: Callable[[Events], list[Any]]
) -> None:
    made = with_sessions(recording, [parse("21:00-02:30"), parse("09:00-10:15")], 8)
    kinds = [(row[0] // MINUTE_NS - 1440, row[1]) for row in said(made.events)]
    assert kinds[:6] == [
        (60, "SESSION_OPEN"),
        (60, "TRADE"),
        (60, "TRADE"),
        (135, "SESSION_CLOSE"),
        (780, "SESSION_OPEN"),
        (1110, "SESSION_CLOSE"),
    ]
    assert [(minute - 3 * 1440, kind) for minute, kind in kinds[6:]] == kinds[:6]


def test_a_session_may_be_the_whole_day(recording: Recording) -> None:
    made = with_sessions(recording, [parse("17:00-17:00")], 0)
    assert (made.events["kind"] == TapeKind.SESSION_OPEN).sum() == 2


@pytest.mark.parametrize(
    "texts", [["09:00-10:15", "10:00-11:00"], ["21:00-09:30", "09:00-10:15"], ["01:00-00:59"] * 2]
)
def test_sessions_that_overlap_are_refused(recording: Recording, texts: list[str]) -> None:
    with pytest.raises(TapeError, match="overlap; expected one after the other"):
        with_sessions(recording, [parse(text) for text in texts], 0)


@pytest.mark.parametrize(
    "text", ["", "9:30-11:30", "24:00-25:00", "09:60-10:00", "09:30", "a" * 99]
)
def test_what_is_no_session_is_refused(text: str) -> None:
    assert parse("09:30-11:30") == Session(570, 690)
    with pytest.raises(TapeError, match="expected such as 09:30-11:30"):
        parse(text)
