"""What may stand in a config file, key by key. The unit of a number is in its key's name;
money, prices and multipliers are decimal strings or integers, never floats.
"""

import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

QTY_MAX = 1_000_000_000
PPM_MAX = 1_000_000

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
NAME_WORDS = "a name of up to 32 letters, digits and . _ -"
# load.py shows the description when a value does not fit.
Name = Annotated[str, Meta(pattern=f"^{NAME.pattern}$", description=NAME_WORDS)]
Code = Annotated[str, Meta(pattern="^[A-Z]{3,5}$", description="3 to 5 capital letters")]
Decimals = Annotated[str | int, Meta(description='a decimal in quotes such as "0.25", or an int')]
Count = Annotated[int, Meta(ge=1, le=QTY_MAX)]
CountOrZero = Annotated[int, Meta(ge=0, le=QTY_MAX)]
Ppm = Annotated[int, Meta(ge=0, le=PPM_MAX)]
State = Literal["active", "reducing", "halted"]
Endpoint = Annotated[
    str,
    Meta(
        pattern=r"^(ipc://.+|tcp://[^:/\s]+:[0-9]{1,5})$",
        description="ipc://PATH or tcp://HOST:PORT",
    ),
]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the config: a key that is not listed here is an error."""


class Venue(Strict, frozen=True, kw_only=True):
    """[[venues]]: without a tape nobody else trades there, and no mark comes before a trade."""

    name: Name
    kind: Literal["simulated"]
    tape: str | None = None
    endpoint: Endpoint | None = None
    md_endpoint: Endpoint | None = None
    speed: Annotated[float, Meta(gt=0, le=100_000)] = 1.0
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 1
    latency_us: tuple[CountOrZero, CountOrZero] = (0, 0)
    reject_ppm: Ppm = 0
    message_rate_per_s: Count
    message_burst: Count
    mark_interval_ms: Count = 100
    start: Literal["immediately", "on_request"] = "immediately"


class Instrument(Strict, frozen=True, kw_only=True):
    """[[instruments]]: the margin of a lot is its per_lot money plus its ppm of the value."""

    symbol: Name
    product: Name
    venue: str
    venue_code: Name | None = None
    currency: Code
    tick_size: Decimals
    multiplier: Decimals
    max_order_qty: Count
    collar_ticks: Count | None = None
    collar_permille: Annotated[int, Meta(ge=1, le=1000)] | None = None
    stale_ms: Count
    settlement: Decimals | None = None
    margin_long_per_lot: Decimals = 0
    margin_short_per_lot: Decimals = 0
    margin_long_ppm: Annotated[int, Meta(ge=0)] = 0
    margin_short_ppm: Annotated[int, Meta(ge=0)] = 0
    fee_per_lot: Decimals = 0
    fee_ppm: Ppm = 0


class PositionLimit(Strict, frozen=True, kw_only=True):
    """The most lots long and short of one instrument, working orders counted in."""

    max_long: CountOrZero
    max_short: CountOrZero


class Upper(Strict, frozen=True, kw_only=True):
    """What every level above the sub-accounts may state; unstated = no limit at this level."""

    products: list[str] | None = None
    cash: dict[str, Decimals] = {}
    max_position: Count | None = None
    position_limits: dict[str, PositionLimit] = {}
    max_order_qty: Count | None = None
    order_rate_per_s: Count | None = None
    order_burst: Count | None = None
    trading_state: State = "active"


class Firm(Upper, frozen=True, kw_only=True):
    """[firm]: the root of the hierarchy."""

    name: Name = "firm"


class Master(Upper, frozen=True, kw_only=True):
    """[[masters]]: an account of the firm at a venue."""

    name: Name
    venue: str


class Group(Upper, frozen=True, kw_only=True):
    """[[groups]]: sub-accounts under common control."""

    name: Name
    master: str


class SubAccount(Strict, frozen=True, kw_only=True):
    """[[accounts]]: a sub-account; with `count`, that many alike, named by the pattern
    name = "cme-{n:03}" with n from `first`.
    """

    name: str
    count: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    first: CountOrZero = 1
    group: str
    products: Annotated[list[str], Meta(min_length=1)]
    cash: Annotated[dict[str, Decimals], Meta(min_length=1)]
    max_position: Count
    position_limits: dict[str, PositionLimit] = {}
    max_order_qty: Count | None = None
    order_rate_per_s: Count | None = None
    order_burst: Count | None = None
    cancel_on_disconnect: bool = True
    trading_state: State = "active"


class Session(Strict, frozen=True, kw_only=True):
    """[[sessions]]: `accounts` are sub-accounts, or groups for all of theirs."""

    name: Name
    accounts: Annotated[list[str], Meta(min_length=1)]
    public_key: str | None = None
    heartbeat_ms: Annotated[int, Meta(ge=10, le=3_600_000)] = 1000


class Gateway(Strict, frozen=True, kw_only=True):
    """[gateway]: tcp endpoints beside the run directory's own ipc front; they need a key."""

    endpoints: list[Endpoint] = []
    secret_key_file: str | None = None
    outbox: Annotated[int, Meta(ge=1, le=1 << 20)] = 4096


class Lane(Strict, frozen=True, kw_only=True):
    """[lanes.NAME]: where a lane is, and how many frames may wait in it."""

    endpoint: Endpoint | None = None
    hwm: Annotated[int, Meta(ge=1, le=1_000_000)] = 1000


class Capacity(Strict, frozen=True, kw_only=True):
    """[capacity]: rows of the tables that grow with use."""

    orders: Annotated[int, Meta(ge=16, le=1 << 24)] = 1 << 16
    pairs: Annotated[int, Meta(ge=16, le=1 << 24)] = 1 << 14
    cl_ord_ids: Annotated[int, Meta(ge=16, le=1 << 28)] = 1 << 20


class Journal(Strict, frozen=True, kw_only=True):
    """[journal]"""

    segment_records: Annotated[int, Meta(ge=1024, le=1 << 24)] = 1 << 18


class Supervisor(Strict, frozen=True, kw_only=True):
    """[supervisor]: a stage that died more than restarts_max times stops the run."""

    restarts_max: Annotated[int, Meta(ge=0, le=1000)] = 5
    backoff_ms: Annotated[int, Meta(ge=1, le=60_000)] = 100
    ready_timeout_ms: Annotated[int, Meta(ge=100, le=600_000)] = 20_000


class Tables(Strict, frozen=True, kw_only=True):
    """The top level of a config file."""

    firm: Firm = Firm()
    venues: Annotated[list[Venue], Meta(min_length=1)]
    instruments: Annotated[list[Instrument], Meta(min_length=1)]
    masters: Annotated[list[Master], Meta(min_length=1)]
    groups: Annotated[list[Group], Meta(min_length=1)]
    accounts: Annotated[list[SubAccount], Meta(min_length=1)]
    sessions: Annotated[list[Session], Meta(min_length=1)]
    gateway: Gateway = Gateway()
    lanes: dict[str, Lane] = {}
    capacity: Capacity = Capacity()
    journal: Journal = Journal()
    supervisor: Supervisor = Supervisor()


class Config(Strict, frozen=True, kw_only=True):
    """A config file: where it stands (paths in it are relative to that) and what is in it."""

    file: Path
    tables: Tables
