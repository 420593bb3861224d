"""What of a universe may be another in the next run of a run directory, and what may not.

Risk's state follows from the journal and the universe under which it was begun, so what the state
or a region's size depends on stays as it was; how the stages run may change each time.
"""

from typing import Any

import msgspec

from tidegate.universe import (
    Gateway,
    Journaling,
    Placement,
    Reconciliation,
    Session,
    Snapshots,
    Supervisor,
    Universe,
    Venue,
)

NAMES = ("name", "symbol", "code")


def state_of(universe: Universe) -> Universe:
    """The universe with everything fixed that a run may have otherwise than the one before it."""
    replace = msgspec.structs.replace
    is_embedded = universe.placement.layout == "embedded"
    return replace(
        universe,
        venues=tuple(_venue(row) for row in universe.venues),
        sessions=tuple(_session(row) for row in universe.sessions),
        lanes={name: replace(lane, endpoint="", hwm=0) for name, lane in universe.lanes.items()},
        gateway=Gateway(endpoints=(), secret_key_file=None, outbox=universe.gateway.outbox),
        supervisor=Supervisor(restarts_max=0, backoff_ms=0, ready_timeout_ms=0),
        snapshots=Snapshots(),
        reconciliation=Reconciliation(),
        journaling=Journaling(),
        backend="native",
        placement=Placement(layout="embedded" if is_embedded else "processes"),
    )


def _venue(row: Venue) -> Venue:
    return Venue(
        handle=row.handle,
        name=row.name,
        kind=row.kind,
        endpoint="",
        md_endpoint="",
        tape=None,
        speed=1.0,
        seed=0,
        latency_us=(0, 0),
        reject_ppm=0,
        message_rate=1,
        message_burst=1,
        mark_interval_ms=1,
        start="immediately",
    )


def _session(row: Session) -> Session:
    return msgspec.structs.replace(row, public_key=None, heartbeat_ns=0, shm=False)


def difference(kept: Universe, given: Universe, last_layout: str = "") -> str:
    """The first part of the state in which two universes differ, with both values; "" = none.

    `last_layout`: of the directory's last run, where it is known; kept's is that of the first.
    """
    plain = [msgspec.json.decode(msgspec.json.encode(state_of(one))) for one in (kept, given)]
    if plain[0]["placement"] != plain[1]["placement"]:
        # Those that a state may go on in alike have one name up to here.
        plain[0]["placement"]["layout"] = last_layout or kept.placement.layout
        plain[1]["placement"]["layout"] = given.placement.layout
    return _difference("", *plain)


def _difference(where: str, kept: Any, given: Any) -> str:
    if kept == given:
        return ""
    if isinstance(kept, dict) and isinstance(given, dict):
        for key in {**kept, **given}:
            path = f"{where}.{key}" if where else str(key)
            if found := _difference(path, kept.get(key), given.get(key)):
                return found
    if isinstance(kept, list) and isinstance(given, list):
        return _of_lists(where, kept, given)
    return f"{where} was {_shown(kept)}, the config now has {_shown(given)}"


def _of_lists(where: str, kept: list[Any], given: list[Any]) -> str:
    for index, pair in enumerate(zip(kept, given, strict=False)):
        names = [_name(one) for one in pair]
        if names[0] != names[1]:
            return f"{where}[{index}] was {names[0]}, the config now has {names[1]}"
        label = f"{where}[{index}]" + (f" {names[0]}" if names[0] else "")
        if found := _difference(label, *pair):
            return found
    more, less = (kept, given) if len(kept) > len(given) else (given, kept)
    extra = _name(more[len(less)]) or _shown(more[len(less)])
    return f"{where} had {len(kept)} rows, the config now has {len(given)}: {extra} is only in one"


def _name(row: Any) -> str:
    if not isinstance(row, dict):
        return ""
    return next((f'"{row[key]}"' for key in NAMES if key in row), "")


def _shown(value: Any) -> str:
    if value is None:
        return "not stated"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."
