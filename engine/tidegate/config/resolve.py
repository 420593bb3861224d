"""Config -> Universe: names become handles, decimals become the engine's integers, defaults are
filled in. Whatever does not add up is collected and reported at once.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec

from tidegate import backend, topology
from tidegate.config import units
from tidegate.config.accounts import resolve_accounts
from tidegate.config.calendar import resolve_calendars
from tidegate.config.currencies import resolve_currencies
from tidegate.config.data import data_files, resolve_day_limits
from tidegate.config.fees import resolve_fees, resolve_tiers
from tidegate.config.instruments import Shelf, resolve_instruments
from tidegate.config.margins import margin_sets
from tidegate.config.names import Names, resolve_names
from tidegate.config.problems import Problems, expected
from tidegate.config.scans import resolve_scans
from tidegate.config.schema import Config, Tables
from tidegate.config.sessions import resolve_sessions, with_sessions
from tidegate.errors import RunDirError
from tidegate.native.shm_ring import SHM
from tidegate.run_dir import RunDir, check_ipc
from tidegate.session_messages import ring_places
from tidegate.universe import (
    Capacity,
    Gateway,
    Journaling,
    Lane,
    Placement,
    Product,
    Reconciliation,
    Session,
    Snapshots,
    Supervisor,
    Universe,
    Venue,
)

# A bit each in the permission words of risk (TG_PRODUCT_WORDS of 64).
PRODUCTS_MAX = 256
SESSIONS_MAX = 65_535
# The gateway has six files open for each, of the 1,024 that a process commonly may.
SHM_SESSIONS_MAX = 128
# The journal below the oldest snapshot is gone, and a snapshot may be broken.
SNAPSHOTS_MIN = 2


def resolve(config: Config, run_dir: RunDir, today: date) -> Universe:
    """The universe of `config` in `run_dir`; ConfigError lists all that does not add up.

    Calendars start `today`, unless the config says when.
    """
    tables = config.tables
    problems = Problems(str(config.file))
    names = resolve_names(tables, problems)
    venues = resolve_venues(config, run_dir, problems)
    currencies = resolve_currencies(tables.currencies, names, problems)
    tiers = resolve_tiers(data_files(config), problems)
    shelf = resolve_shelf(config, tiers, today, problems)
    instruments = resolve_instruments(tables.instruments, names, shelf, problems)
    accounts = resolve_accounts(tables, names, instruments, currencies, tiers, problems)
    sessions = resolve_sessions(tables.sessions, accounts, problems)
    lanes = resolve_lanes(tables, run_dir, problems)
    gateway = resolve_gateway(config, run_dir, sessions, problems)
    journaling = resolve_journaling(tables, problems)
    placement = resolve_placement(tables, problems)
    check_counts(tables, names, problems)
    check_endpoints(
        [
            *(lane.endpoint for lane in lanes.values()),
            *gateway.endpoints,
            *(venue.endpoint for venue in venues),
            *(venue.md_endpoint for venue in venues),
            *(SHM + path for path in ring_paths(run_dir, venues, sessions)),
        ],
        problems,
    )
    if why := backend.why_missing(tables.risk.backend):
        problems.add("risk.backend", why)
    problems.raise_any()
    return Universe(
        currencies=currencies,
        products=resolve_products(names),
        venues=venues,
        instruments=instruments,
        accounts=with_sessions(accounts, sessions),
        sessions=sessions,
        lanes=lanes,
        gateway=gateway,
        capacity=msgspec.convert(tables.capacity, Capacity, from_attributes=True),
        segment_records=tables.journal.segment_records,
        calendar_day=calendar_day(config, today),
        order_age_ms_max=tables.risk.order_age_ms_max,
        backend=tables.risk.backend,
        journaling=journaling,
        supervisor=msgspec.convert(tables.supervisor, Supervisor, from_attributes=True),
        snapshots=msgspec.convert(tables.snapshots, Snapshots, from_attributes=True),
        reconciliation=msgspec.convert(tables.reconciliation, Reconciliation, from_attributes=True),
        placement=placement,
    )


def calendar_day(config: Config, today: date) -> int:
    """`today` as YYYYMMDD where calendars follow from it, else 0."""
    tables = config.tables
    is_used = any(row.calendar is not None for row in tables.instruments)
    is_stated = tables.calendar_horizon.first_day is not None
    return int(today.strftime("%Y%m%d")) if is_used and not is_stated else 0


def resolve_shelf(config: Config, tiers: dict[str, int], today: date, problems: Problems) -> Shelf:
    """The data tables that instruments name, of the config and the files that it includes."""
    files = data_files(config)
    used = {row.calendar for row in config.tables.instruments if row.calendar is not None}
    horizon = config.tables.calendar_horizon
    return Shelf(
        phases=resolve_calendars(files, horizon, today, used, problems),
        fees=resolve_fees(files, tiers, problems),
        day_limits=resolve_day_limits(files, problems),
        margins=margin_sets(files, problems),
        scans=resolve_scans(config, problems),
    )


def resolve_products(names: Names) -> tuple[Product, ...]:
    return tuple(
        Product(product_index=index, name=name, venue=names.product_venues[name])
        for name, index in names.products.items()
    )


def resolve_venues(config: Config, run_dir: RunDir, problems: Problems) -> tuple[Venue, ...]:
    found = []
    for index, row in enumerate(config.tables.venues):
        where = f'venues[{index}] "{row.name}"'
        if row.latency_us[0] > row.latency_us[1]:
            problems.add(f"{where}.latency_us", f"expected [low, high], got {list(row.latency_us)}")
        if row.shm and row.endpoint is not None and not row.endpoint.startswith("ipc:///"):
            problems.add(
                f"{where}.endpoint", f"{row.endpoint}; expected ipc:///PATH with shm = true"
            )
        found.append(
            Venue(
                handle=index + 1,
                name=row.name,
                kind=row.kind,
                endpoint=row.endpoint or topology.default_channel(run_dir, row.name),
                md_endpoint=row.md_endpoint or topology.default_md(run_dir, row.name),
                tape=resolve_tape(config, row.tape, f"{where}.tape", problems),
                speed=row.speed,
                seed=row.seed,
                latency_us=row.latency_us,
                reject_ppm=row.reject_ppm,
                message_rate=row.message_rate_per_s,
                message_burst=row.message_burst,
                mark_interval_ms=row.mark_interval_ms,
                start=row.start,
                cancel_on_disconnect=row.cancel_on_disconnect,
                persist=row.persist,
                resend_ppm=row.resend_ppm,
                late_fill_ppm=row.late_fill_ppm,
                disconnect_every_ms=row.disconnect_every_ms,
                shm=row.shm,
            )
        )
    return tuple(found)


def resolve_tape(config: Config, tape: str | None, where: str, problems: Problems) -> str | None:
    """The tape's absolute path."""
    if tape is None:
        return None
    path = beside(config.file, tape)
    if not path.is_file():
        problems.add(
            where,
            f"no file {path}; expected a tape (`tidegate tape import`), its path relative to "
            "the config",
        )
    return str(path)


def resolve_lanes(tables: Tables, run_dir: RunDir, problems: Problems) -> dict[str, Lane]:
    for name in tables.lanes:
        if name not in topology.LANE_NAMES:
            problems.add(f"lanes.{name}", f"unknown lane; {expected(name, topology.LANE_NAMES)}")
    found = {}
    for name in topology.LANE_NAMES:
        row = tables.lanes.get(name)
        endpoint = row.endpoint if row else None
        if name == "drop_copy" and endpoint is not None and not endpoint.startswith("ipc://"):
            problems.add("lanes.drop_copy.endpoint", f"{endpoint}; expected ipc:// (no CURVE here)")
        if endpoint is not None and endpoint.startswith(SHM):
            endpoint = run_dir.ring(endpoint.removeprefix(SHM))
        found[name] = Lane(
            endpoint=endpoint or topology.default_lane(run_dir, name, tables.placement.layout),
            hwm=row.hwm if row else topology.HWM,
            retained=row.retained if row else topology.RETAINED,
        )
        if found[name].retained.bit_count() != 1:
            problems.add(
                f"lanes.{name}.retained", f"{found[name].retained}; expected a power of two"
            )
    return found


def resolve_gateway(
    config: Config, run_dir: RunDir, sessions: tuple[Session, ...], problems: Problems
) -> Gateway:
    """The front door; over tcp nobody gets in without CURVE, so the keys must be there."""
    row = config.tables.gateway
    key_file = None if row.secret_key_file is None else beside(config.file, row.secret_key_file)
    if key_file is not None:
        check_key_file(key_file, problems)
    if any(endpoint.startswith("tcp://") for endpoint in row.endpoints):
        if key_file is None:
            problems.add(
                "gateway.secret_key_file", "missing; expected with a tcp endpoint, for CURVE"
            )
        if not any(session.public_key for session in sessions):
            problems.add("gateway.endpoints", "tcp, but no session has a public_key to log on with")
    return Gateway(
        endpoints=(topology.default_front(run_dir), *row.endpoints),
        secret_key_file=None if key_file is None else str(key_file),
        outbox=row.outbox,
    )


def resolve_journaling(tables: Tables, problems: Problems) -> Journaling:
    row = tables.journal
    reserve = row.reserve_records or row.segment_records // 4
    if reserve >= row.segment_records:
        problems.add(
            "journal.reserve_records", f"{reserve}; expected less than {row.segment_records}"
        )
    if row.keep == "snapshots" and tables.snapshots.keep < SNAPSHOTS_MIN:
        problems.add(
            "snapshots.keep",
            f"{tables.snapshots.keep}; expected at least {SNAPSHOTS_MIN} with journal.keep = "
            '"snapshots": where one is broken, the one before is all that there is',
        )
    return Journaling(
        durability=row.durability, reserve_records=reserve, slow_ms=row.slow_ms, keep=row.keep
    )


def resolve_placement(tables: Tables, problems: Problems) -> Placement:
    """Whether the cores are there is for the machine to say that runs it."""
    layout = tables.placement.layout
    venues = (f"venue:{row.name}" for row in tables.venues)
    known = (*topology.PLACED[layout], *topology.BESIDE, *venues)
    for name in tables.placement.cores:
        if name not in known:
            problems.add(
                f"placement.cores.{name}", f"no stage of layout {layout!r}; {expected(name, known)}"
            )
    if tables.placement.channels == "thread" and layout != "embedded":
        problems.add("placement.channels", 'is "thread"; expected layout = "embedded" with it')
    for index, session in enumerate(tables.sessions):
        if session.shm and layout == "embedded":
            problems.add(
                f'sessions[{index}] "{session.name}".shm',
                'is true; expected false with placement.layout = "embedded", which has no gateway '
                "to share memory with",
            )
    return msgspec.convert(tables.placement, Placement, from_attributes=True)


def check_key_file(path: Path, problems: Problems) -> None:
    where = "gateway.secret_key_file"
    try:
        text = path.read_text(encoding="ascii").strip()
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        problems.add(where, f"{path}: {error}; expected a file with a CURVE secret key")
        return
    if mode & 0o077:
        problems.add(where, f"{path}: others may read it; expected mode 0600 (chmod 600)")
    if not units.is_z85_key(text):
        problems.add(where, f"{path}: expected a CURVE secret key, 40 characters of Z85")


def check_counts(tables: Tables, names: Names, problems: Problems) -> None:
    if len(names.products) > PRODUCTS_MAX:
        problems.add(
            "instruments.product",
            f"{len(names.products)} products; expected at most {PRODUCTS_MAX}",
        )
    if len(tables.sessions) > SESSIONS_MAX:
        problems.add("sessions", f"{len(tables.sessions)}; expected at most {SESSIONS_MAX}")
    sharing = sum(session.shm for session in tables.sessions)
    if sharing > SHM_SESSIONS_MAX:
        problems.add("sessions", f"{sharing} with shm = true; expected at most {SHM_SESSIONS_MAX}")


def ring_paths(
    run_dir: RunDir, venues: tuple[Venue, ...], sessions: tuple[Session, ...]
) -> Iterator[str]:
    """The rings of venues and sessions that share memory."""
    front = topology.default_front(run_dir).removeprefix("ipc://")
    for venue in venues:
        yield from topology.venue_rings(venue) or ()
    for session in sessions:
        if session.shm:
            yield from ring_places(front, session.name)


def check_endpoints(endpoints: list[str], problems: Problems) -> None:
    """No two at one place, and every ipc path fits a socket address; the longest is named."""
    for endpoint, count in Counter(endpoints).items():
        if count > 1:
            problems.add("endpoint", f"{endpoint} is used {count} times; expected each once")
    try:
        for endpoint in sorted(endpoints, key=len, reverse=True):
            if endpoint.startswith("ipc://"):
                check_ipc(endpoint)
    except RunDirError as error:
        problems.add("", str(error))


def beside(file: Path, path: str) -> Path:
    """`path` as the config means it: relative to the config's own directory."""
    return (file.parent / path).resolve()
