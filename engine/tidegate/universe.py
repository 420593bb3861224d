"""What a run trades, for whom and under which limits: resolved from a config, then frozen.

`tidegate run` writes it once to universe.json of the run directory; every stage reads it from
there. A handle is the place in its tuple plus one; 0 = none. Units are the engine's: price in
ticks, quantity in contracts, money in 1/10,000 of the currency unit, time in ns.
"""

from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec

from tidegate.errors import RunDirError

MONEY_SCALE = 10_000


class Frozen(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A struct of the universe: immutable, and read back strictly."""


class Currency(Frozen, frozen=True, kw_only=True):
    """A currency in which some instrument is margined; USDT counts as one."""

    handle: int
    code: str


class Product(Frozen, frozen=True, kw_only=True):
    """A family of instruments at one venue; permissions are given by product."""

    product_index: int
    name: str
    venue: int


class Venue(Frozen, frozen=True, kw_only=True):
    """A venue and, for a simulated one, how it behaves."""

    handle: int
    name: str
    kind: Literal["simulated"]
    endpoint: str
    md_endpoint: str
    tape: str | None
    speed: float
    seed: int
    latency_us: tuple[int, int]
    reject_ppm: int
    message_rate: int
    message_burst: int
    mark_interval_ms: int
    start: Literal["immediately", "on_request"]


class Instrument(Frozen, frozen=True, kw_only=True):
    """A contract: how it is named at its venue, counted, limited, margined and charged."""

    handle: int
    symbol: str
    product: str
    product_index: int
    venue: int
    venue_code: str
    currency: int
    tick_size: Decimal
    multiplier: Decimal
    tick_value: int
    max_order_qty: int
    collar_ticks: int | None
    collar_permille: int | None
    stale_ns: int
    settlement: int | None
    margin_long_lot: int
    margin_short_lot: int
    margin_long_ppm: int
    margin_short_ppm: int
    fee_lot: int
    fee_ppm: int


class Account(Frozen, frozen=True, kw_only=True):
    """A row of the hierarchy firm > master > owner group > sub-account; parents come first.

    None, an absent key or an absent currency = no limit at this level.
    """

    handle: int
    name: str
    level: int
    parent: int
    venue: int
    products: tuple[int, ...]
    cash: dict[int, int]
    max_position: int | None
    position_limits: dict[int, tuple[int, int]]
    max_order_qty: int | None
    order_rate: int | None
    order_burst: int
    cancel_on_disconnect: bool
    trading_state: int


class Session(Frozen, frozen=True, kw_only=True):
    """A strategy's logon: the accounts it may trade and the key that proves it."""

    handle: int
    name: str
    accounts: tuple[int, ...]
    public_key: str | None
    heartbeat_ns: int


class Lane(Frozen, frozen=True, kw_only=True):
    """Where a lane is and how many frames may wait in it."""

    endpoint: str
    hwm: int


class Gateway(Frozen, frozen=True, kw_only=True):
    """The front door: its endpoints, the first one ipc; a secret key where one is tcp."""

    endpoints: tuple[str, ...]
    secret_key_file: str | None
    outbox: int


class Capacity(Frozen, frozen=True, kw_only=True):
    """Rows of the tables that grow with use, allocated at start; full = a counted refusal."""

    orders: int
    pairs: int
    cl_ord_ids: int


class Supervisor(Frozen, frozen=True, kw_only=True):
    """How patiently a stage is started again."""

    restarts_max: int
    backoff_ms: int
    ready_timeout_ms: int


class Universe(Frozen, frozen=True, kw_only=True):
    """Everything a stage needs to know at start."""

    currencies: tuple[Currency, ...]
    products: tuple[Product, ...]
    venues: tuple[Venue, ...]
    instruments: tuple[Instrument, ...]
    accounts: tuple[Account, ...]
    sessions: tuple[Session, ...]
    lanes: dict[str, Lane]
    gateway: Gateway
    capacity: Capacity
    segment_records: int
    supervisor: Supervisor


def encode(universe: Universe) -> bytes:
    """The universe as JSON, indented for the person who looks."""
    return msgspec.json.format(msgspec.json.encode(universe), indent=1)


def decode(data: bytes) -> Universe:
    """A universe from JSON; msgspec.ValidationError names what does not fit."""
    return msgspec.json.decode(data, type=Universe)


def read(path: Path) -> Universe:
    """The universe of a run directory, or a RunDirError that says why not."""
    try:
        return decode(path.read_bytes())
    except FileNotFoundError as error:
        raise RunDirError(
            f"{path}: not there; expected a directory that `tidegate run` made"
        ) from error
    except msgspec.DecodeError as error:
        raise RunDirError(f"{path}: {error}; written by another version of tidegate?") from error
