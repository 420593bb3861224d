"""[[calendars]] as transitions in UTC: when an instrument opens and closes, for a horizon of days.

A trading day is a weekday of `days` that is no holiday; its sessions may start the evening before.
Local times are taken through the zone's rules, so that a session keeps its local hours over a
change of the clocks (an hour that is there twice counts from its first). What is not known is
closed: before the horizon and after it, and outside the calendar's own first and last day.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tidegate.config.names import lookup
from tidegate.config.problems import Problems
from tidegate.config.schema import CalendarHorizon, DataFile
from tidegate.config.schema_data import Calendar, HolidayList, TradingHours

# native.records.Phase; importing it would load numpy for `tidegate check`.
CLOSED, OPEN = 1, 2
DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# The longest run of days without trading that a night session is looked for across.
CLOSURE_MAX = 31
Transitions = tuple[tuple[int, int], ...]
Span = tuple[datetime, datetime]


def resolve_calendars(
    files: Sequence[DataFile],
    horizon: CalendarHorizon,
    today: date,
    used: set[str],
    problems: Problems,
) -> dict[str, Transitions]:
    """The transitions of each calendar by name. Only `used` ones must know the horizon's days."""
    first_day = horizon.first_day or today
    lists = holiday_lists(files, problems)
    found: dict[str, Transitions] = {}
    for file in files:
        inner = problems.within(str(file.file))
        for index, stated in enumerate(file.tables.calendars):
            where = f'calendars[{index}] "{stated.name}"'
            if stated.name in found:
                inner.add(where, "defined twice; expected each once")
            found[stated.name] = ()
            row = with_list(stated, lists, where, inner)
            if not check_calendar(row, where, inner):
                continue
            if row.name in used and not knows(row, first_day):
                inner.add(
                    where,
                    f"nothing is known of {first_day}, where the horizon begins; expected a day "
                    f"from {row.first_day or 'any'} to {row.last_day or 'any'}, or newer data",
                )
            found[row.name] = transitions(row, first_day, horizon.days)
    return found


def holiday_lists(files: Sequence[DataFile], problems: Problems) -> dict[str, HolidayList]:
    """All [[holiday_lists]] by name."""
    found: dict[str, HolidayList] = {}
    for file in files:
        for index, row in enumerate(file.tables.holiday_lists):
            inner = problems.within(str(file.file))
            where = f'holiday_lists[{index}] "{row.name}"'
            if row.name in found:
                inner.add(where, "defined twice; expected each once")
            if any(not row.first_day <= day <= row.last_day for day in row.dates):
                inner.add(f"{where}.dates", "a date is outside first_day to last_day")
            found[row.name] = row
    return found


def with_list(
    row: Calendar, lists: Mapping[str, HolidayList], where: str, problems: Problems
) -> Calendar:
    """The calendar with the holidays of the list that it names."""
    if row.holiday_list is None:
        return row
    known = {name: number for number, name in enumerate(lists, 1)}
    if not lookup(row.holiday_list, known, "holiday_list", f"{where}.holiday_list", problems):
        return row
    for key in ("holidays", "first_day", "last_day"):
        if getattr(row, key):
            problems.add(f"{where}.{key}", "given with holiday_list; expected one of them")
    found = lists[row.holiday_list]
    return msgspec.structs.replace(
        row, holidays=found.dates, first_day=found.first_day, last_day=found.last_day
    )


def transitions(calendar: Calendar, first_day: date, days: int) -> Transitions:
    """(from_ns, Phase) in order of time: the phase at 00:00 UTC of the first day, each change, and
    CLOSED at the horizon's end. The calendar must have passed check_calendar().
    """
    start = datetime.combine(first_day, time(), UTC)
    end = start + days * DAY
    spans = merged(
        (max(opens, start), min(closes, end))
        for day in days_of(first_day, days)
        for opens, closes in spans_of(calendar, day)
    )
    found: list[tuple[int, int]] = []
    if not spans or spans[0][0] > start:
        found.append((ns(start), CLOSED))
    for opens, closes in spans:
        found.append((ns(opens), OPEN))
        found.append((ns(closes), CLOSED))
    return tuple(found)


def days_of(first_day: date, days: int) -> list[date]:
    """The horizon's days and those before and after whose sessions reach into it."""
    return [first_day + number * DAY for number in range(-CLOSURE_MAX, days + CLOSURE_MAX)]


def spans_of(calendar: Calendar, day: date) -> list[Span]:
    """When it is open for a trading day, in UTC; nothing if it is none."""
    if not is_trading_day(calendar, day):
        return []
    zone = ZoneInfo(calendar.time_zone)
    earliest, latest = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    for half in calendar.half_days:
        if half.date == day:
            earliest = earliest if half.from_ is None else at(day, half.from_, zone)
            latest = latest if half.to is None else at(day, half.to, zone)
    pauses = [(at(day, row.from_, zone), at(day, row.to, zone)) for row in calendar.breaks]
    found = []
    for hours in calendar.sessions:
        started = start_day(calendar, hours, day)
        if started is None:
            continue
        ended = started if hours.to > hours.from_ else started + DAY
        opens = max(at(started, hours.from_, zone), earliest)
        closes = min(at(ended, hours.to, zone), latest)
        found += without((opens, closes), pauses)
    return found


def start_day(calendar: Calendar, hours: TradingHours, day: date) -> date | None:
    """The date on which a session of a trading day starts; None when it is not held."""
    if hours.starts == "same_day":
        return day
    if hours.starts == "day_before":
        return day - DAY
    for number in range(1, CLOSURE_MAX):
        before = day - number * DAY
        if before in calendar.holidays:
            return None
        if is_trading_day(calendar, before):
            return before
    return None


def is_trading_day(calendar: Calendar, day: date) -> bool:
    """Whether there is trading, and the calendar knows of it."""
    return (
        WEEKDAYS[day.weekday()] in calendar.days
        and day not in calendar.holidays
        and knows(calendar, day)
    )


def knows(calendar: Calendar, day: date) -> bool:
    """Whether the calendar's data covers a day."""
    first, last = calendar.first_day or date.min, calendar.last_day or date.max
    return first <= day <= last


def at(day: date, text: str, zone: ZoneInfo) -> datetime:
    """A local time of day in UTC; 24:00 is the next day's 00:00."""
    if text == "24:00":
        day, text = day + DAY, "00:00"
    return datetime.combine(day, time.fromisoformat(text), zone).astimezone(UTC)


def without(span: Span, pauses: list[Span]) -> list[Span]:
    """What is left of a span when the pauses are cut out."""
    left = [span]
    for start, end in pauses:
        left = [
            part
            for opens, closes in left
            for part in ((opens, min(closes, start)), (max(opens, end), closes))
            if part[0] < part[1]
        ]
    return [part for part in left if part[0] < part[1]]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, those that touch or overlap joined, empty ones dropped."""
    found: list[Span] = []
    for opens, closes in sorted(spans):
        if opens >= closes:
            continue
        if found and opens <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], closes)
        else:
            found.append((opens, closes))
    return found


def ns(when: datetime) -> int:
    """UTC as ns since 1970, exactly."""
    return (when - EPOCH) // timedelta(microseconds=1) * 1000


def check_calendar(row: Calendar, where: str, problems: Problems) -> bool:
    """Whether it can be worked out; what cannot is a problem."""
    before = len(problems.found)
    try:
        ZoneInfo(row.time_zone)
    except (KeyError, ValueError, OSError):
        problems.add(
            f"{where}.time_zone",
            f"unknown time zone {row.time_zone!r}; expected a name such as 'America/Chicago'",
        )
    for index, pause in enumerate(row.breaks):
        if pause.to <= pause.from_:
            problems.add(f"{where}.breaks[{index}].to", "not after from; expected it later")
    for index, half in enumerate(row.half_days):
        at_half = f"{where}.half_days[{index}]"
        if half.from_ is None and half.to is None:
            problems.add(at_half, "expected from or to or both")
        if half.date in row.holidays:
            problems.add(at_half, f"{half.date} is a holiday too; expected one of them")
        if WEEKDAYS[half.date.weekday()] not in row.days:
            problems.add(at_half, f"{half.date} is no trading day of the week; expected one")
    for kind, dates in (("holidays", row.holidays), ("half_days", [h.date for h in row.half_days])):
        if len(set(dates)) != len(dates):
            problems.add(f"{where}.{kind}", "a date is given twice; expected each once")
        if dates and row.last_day is None:
            problems.add(f"{where}.last_day", f"missing; expected with {kind}: data ends somewhere")
    if row.first_day and row.last_day and row.first_day > row.last_day:
        problems.add(f"{where}.last_day", "before first_day; expected no earlier day")
    return len(problems.found) == before
