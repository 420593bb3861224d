"""Calendars become transitions in UTC: night sessions, holidays, half days, the clocks' changes."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tidegate.config.calendar import transitions, with_list
from tidegate.config.load import read_toml
from tidegate.config.problems import Problems
from tidegate.config.schema_data import Break, Calendar, DataTables, HalfDay, TradingHours
from tidegate.native.records import Phase

ROOT = Path(__file__).parent.parent.parent
DAY_NS = 86_400 * 10**9
NIGHT = Calendar(
    name="night",
    time_zone="Asia/Shanghai",
    sessions=[
        TradingHours(from_="21:00", to="02:30", starts="trading_day_before"),
        TradingHours(from_="09:00", to="10:15"),
        TradingHours(from_="10:30", to="15:00"),
    ],
    holidays=[date(2026, 10, 1), date(2026, 10, 2)],
    last_day=date(2026, 12, 31),
)
GLOBEX = Calendar(
    name="globex",
    time_zone="America/New_York",
    sessions=[TradingHours(from_="18:00", to="17:00", starts="day_before")],
    breaks=[Break(from_="16:15", to="16:30")],
    holidays=[date(2026, 12, 25)],
    half_days=[HalfDay(date=date(2026, 12, 24), to="13:15")],
    last_day=date(2026, 12, 31),
)


def ns(text: str, zone: str) -> int:
    when = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    return int((when - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)) * 1000


def is_open(calendar: Calendar, text: str, day: date | None = None, days: int = 30) -> bool:
    """Its phase at a local time, in a horizon that starts a week before unless stated."""
    at = ns(text, calendar.time_zone)
    first_day = day or date.fromisoformat(text[:10]) - timedelta(days=7)
    phases = [phase for from_ns, phase in transitions(calendar, first_day, days) if from_ns <= at]
    return bool(phases) and phases[-1] == Phase.PHASE_OPEN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A Monday: the night before was the Friday's, and it ended on Saturday.
        ("2026-09-14T08:59", False),
        ("2026-09-14T09:00", True),
        ("2026-09-14T10:15", False),
        ("2026-09-14T10:30", True),
        ("2026-09-14T15:00", False),
        ("2026-09-14T20:59", False),
        ("2026-09-14T21:00", True),
        ("2026-09-15T00:00", True),
        ("2026-09-15T02:29", True),
        ("2026-09-15T02:30", False),
        ("2026-09-18T23:00", True),
        ("2026-09-19T02:29", True),
        ("2026-09-20T21:30", False),
    ],
)
def test_a_night_session_runs_over_midnight_and_ends_friday_s_week(
    text: str, expected: bool
) -> None:
    assert is_open(NIGHT, text) == expected


def test_there_is_no_night_session_on_the_eve_of_a_holiday() -> None:
    assert is_open(NIGHT, "2026-09-29T22:00")
    assert is_open(NIGHT, "2026-09-30T14:59")
    # The next trading day is the Monday after the holidays.
    assert not is_open(NIGHT, "2026-09-30T22:00")
    assert not is_open(NIGHT, "2026-10-01T09:30")
    assert not is_open(NIGHT, "2026-10-02T21:30")
    assert is_open(NIGHT, "2026-10-05T09:30")
    assert is_open(NIGHT, "2026-10-05T21:30")


def test_a_session_of_the_evening_before_starts_on_a_sunday_and_ends_early_on_a_half_day() -> None:
    assert is_open(GLOBEX, "2026-12-20T18:00")
    assert not is_open(GLOBEX, "2026-12-20T17:59")
    assert not is_open(GLOBEX, "2026-12-21T16:15")
    assert is_open(GLOBEX, "2026-12-21T16:30")
    assert not is_open(GLOBEX, "2026-12-21T17:00")
    assert is_open(GLOBEX, "2026-12-24T13:14")
    assert not is_open(GLOBEX, "2026-12-24T13:15")
    assert not is_open(GLOBEX, "2026-12-24T18:00")
    assert not is_open(GLOBEX, "2026-12-25T18:00")
    assert is_open(GLOBEX, "2026-12-27T18:00")


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-03-06T09:00", "2026-03-06T14:00"),
        ("2026-03-09T09:00", "2026-03-09T13:00"),
        ("2026-10-30T09:00", "2026-10-30T13:00"),
        ("2026-11-02T09:00", "2026-11-02T14:00"),
    ],
)
def test_local_hours_stay_when_the_clocks_change(local: str, utc: str) -> None:
    calendar = Calendar(
        name="day",
        time_zone="America/New_York",
        sessions=[TradingHours(from_="09:00", to="16:00")],
    )
    found = transitions(calendar, date.fromisoformat(local[:10]), 1)
    assert (ns(utc, "UTC"), Phase.PHASE_OPEN) in found
    assert ns(local, "America/New_York") == ns(utc, "UTC")


def test_a_session_over_the_change_of_the_clocks_is_an_hour_shorter_or_longer() -> None:
    calendar = Calendar(
        name="nights",
        time_zone="America/New_York",
        days=["sat"],
        sessions=[TradingHours(from_="22:00", to="06:00")],
    )
    hour = 3600 * 10**9
    for day, hours in (("2026-03-07", 7), ("2026-10-31", 9), ("2026-06-06", 8)):
        (first, opens, closes) = transitions(calendar, date.fromisoformat(day), 3)
        assert first[1] == Phase.PHASE_CLOSED
        assert (opens[1], closes[1]) == (Phase.PHASE_OPEN, Phase.PHASE_CLOSED)
        assert closes[0] - opens[0] == hours * hour


def test_everything_is_closed_after_the_horizon() -> None:
    always = Calendar(
        name="always",
        time_zone="UTC",
        days=["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        sessions=[TradingHours(from_="00:00", to="24:00")],
    )
    start = ns("2026-11-20T00:00", "UTC")
    assert transitions(always, date(2026, 11, 20), 5) == (
        (start, Phase.PHASE_OPEN),
        (start + 5 * DAY_NS, Phase.PHASE_CLOSED),
    )
    # A night session that the horizon cuts.
    found = transitions(GLOBEX, date(2026, 12, 21), 1)
    assert found[-1] == (ns("2026-12-22T00:00", "UTC"), Phase.PHASE_CLOSED)
    assert found[-2][1] == Phase.PHASE_OPEN


def test_days_that_the_data_does_not_know_are_closed() -> None:
    assert transitions(GLOBEX, date(2027, 3, 1), 5) == (
        (ns("2027-03-01T00:00", "UTC"), Phase.PHASE_CLOSED),
    )
    # The last evening of the data belongs to a day that it does not know.
    assert not is_open(GLOBEX, "2026-12-31T19:00")
    assert is_open(GLOBEX, "2026-12-30T19:00")


@pytest.mark.parametrize("file", ["always", "cme", "china"])
def test_calendars_that_are_shipped_open_and_close_in_turn_all_year(file: str) -> None:
    content = read_toml(ROOT / f"configs/calendars/{file}.toml")
    data = msgspec.convert(content, DataTables)
    lists = {row.name: row for row in data.holiday_lists}
    problems = Problems(file)
    assert data.calendars
    for row in data.calendars:
        calendar = with_list(row, lists, row.name, problems)
        found = transitions(calendar, date(2026, 1, 1), 365)
        assert all(a[0] < b[0] and a[1] != b[1] for a, b in pairwise(found))
        assert found[-1][1] == Phase.PHASE_CLOSED
        assert is_open(calendar, "2026-06-10T10:00")
        assert is_open(calendar, "2026-01-01T10:00") == (file == "always")
