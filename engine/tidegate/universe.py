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
    # 1e-9 of the base currency's unit for one unit of this; None = not known.
    bid_rate: int | None = None
    ask_rate: int | None = None
    haircut_ppm: int = 0


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
    cancel_on_disconnect: bool = True
    persist: bool = True
    resend_ppm: int = 0
    late_fill_ppm: int = 0
    disconnect_every_ms: int = 0
    # The router shares memory with it.
    shm: bool = False


class Rate(Frozen, frozen=True, kw_only=True):
    """Messages a second, and how many at once; a token bucket."""

    per_second: int
    burst: int


class Fee(Frozen, frozen=True, kw_only=True):
    """Exchange fee plus a tier's markup, per lot and in ppm of the notional."""

    open_lot: int = 0
    open_ppm: int = 0
    close_lot: int = 0
    close_ppm: int = 0
    close_today_lot: int = 0
    close_today_ppm: int = 0


class Scan(Frozen, frozen=True, kw_only=True):
    """SPAN of one lot in units of `unit` money: 16 losses and the bounds of RISK.md 4.1.

    margin_file, span_product and underlying_maturity say where the exact figure is computed from.
    """

    unit: int
    losses: tuple[int, ...]
    delta: int = 0
    intra_rate: int = 0
    delivery_rate: int = 0
    short_option_rate: int = 0
    margin_file: str = ""
    span_product: str = ""
    underlying_maturity: str = ""

    @property
    def values(self) -> tuple[int, ...]:
        """As an operator stages them: losses, delta and the three rates (RISK.md 5.7)."""
        rates = self.intra_rate, self.delivery_rate, self.short_option_rate
        return (*self.losses, self.delta, *rates)


class Limit(Frozen, frozen=True, kw_only=True):
    """Limits of an account at one scope: an instrument, a product (its index + 1), or all.

    None = not stated. side_lock: 1 = no buys, 2 = no sells, 3 = restricted.
    """

    instrument: int = 0
    product: int = 0
    max_order_qty: int | None = None
    max_market_qty: int | None = None
    max_notional: int | None = None
    max_long: int | None = None
    max_short: int | None = None
    max_gross: int | None = None
    max_open_orders: int | None = None
    side_lock: int = 0


class Instrument(Frozen, frozen=True, kw_only=True):
    """A contract: how it is named at its venue, counted, limited, margined and charged.

    fees[t] = of tier t, tier 0 = the exchange's own; none = fee_lot and fee_ppm for all. phases =
    (from_ns, Phase) in order of time; none = always open.
    """

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
    fees: tuple[Fee, ...] = ()
    max_market_qty: int | None = None
    min_order_qty: int = 1
    lot_step: int = 1
    price_step: int = 1
    notional_floor: int = 0
    period_ns: int = 0
    period_ticks: int = 0
    order_rate: Rate | None = None
    replace_rate: Rate | None = None
    cancel_rate: Rate | None = None
    phases: tuple[tuple[int, int], ...] = ()
    margin_model: Literal["net", "sides", "span"] = "net"
    has_sides: bool = False
    closes_today: bool = False
    is_max_side: bool = False
    price_basis: int = 1
    average_px: int | None = None
    exchange_long_lot: int | None = None
    exchange_short_lot: int | None = None
    exchange_long_ppm: int | None = None
    exchange_short_ppm: int | None = None
    scan: Scan | None = None
    right: Literal["C", "P"] | None = None
    strike: Decimal | None = None
    maturity: str | None = None
    underlying: int = 0
    is_premium_paid: bool = False
    day_orders_max: int | None = None
    day_cancels_max: int | None = None
    day_large_cancels_max: int | None = None
    day_self_trades_max: int | None = None
    large_cancel_qty: int = 0
    exempts_immediate: bool = False
    order_to_trade_max: int | None = None
    order_to_trade_floor: int = 0


class Account(Frozen, frozen=True, kw_only=True):
    """A row of the hierarchy firm > master > owner group > sub-account > strategy, parents first.

    None, an absent key or an absent currency = no limit at this level. max_position and
    position_limits are per instrument; `limits` has every other scope. pool = the account on
    whose money it draws, credit_line = its slice of it by currency. Grades: alert, slow, reduce,
    halt in per mille of the limit, 0 = none.
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
    limits: tuple[Limit, ...] = ()
    replace_rate: Rate | None = None
    cancel_rate: Rate | None = None
    session: int = 0
    tier: int = 0
    margin_ppm: int = 1_000_000
    pool: int = 0
    credit_line: dict[int, int] = {}
    is_shared: bool = False
    is_converted: bool = False
    max_loss: dict[int, int] = {}
    max_drawdown: dict[int, int] = {}
    leverage_max: int | None = None
    concentration_permille: int | None = None
    concentration_floor: int = 0
    identical_max: int = 0
    identical_window_ns: int = 0
    executions_max: int | None = None
    day_orders_max: int | None = None
    protection_window_ns: int = 0
    protection_qty: int = 0
    protection_delta: int = 0
    slow_interval_ns: int = 0
    self_match_own: int = 1
    self_match_group: int = 1
    margin_grades: tuple[int, int, int, int] = (0, 0, 0, 0)
    loss_grades: tuple[int, int, int, int] = (0, 0, 0, 0)
    position_grades: tuple[int, int, int, int] = (0, 0, 0, 0)


class Session(Frozen, frozen=True, kw_only=True):
    """A strategy's logon: the accounts it may trade and the key that proves it.

    An operator's has no accounts: it sends control records.
    """

    handle: int
    name: str
    accounts: tuple[int, ...]
    public_key: str | None
    heartbeat_ns: int
    role: Literal["strategy", "operator"] = "strategy"
    # Its client may share memory with the gateway.
    shm: bool = False
    order_rate: Rate | None = None
    replace_rate: Rate | None = None
    cancel_rate: Rate | None = None


class Lane(Frozen, frozen=True, kw_only=True):
    """Where a lane is, how many frames may wait in it and how many records its sender keeps."""

    endpoint: str
    hwm: int
    retained: int = 16_384


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
    products: int = 1 << 12
    sides: int = 1 << 12
    days: int = 1 << 12
    scans: int = 1 << 10
    limits: int = 1 << 12
    overrides: int = 256
    cash_holds: int = 256
    breaks: int = 1024


class Reconciliation(Frozen, frozen=True, kw_only=True):
    """How often each venue's own report is compared with ours; 0 = never."""

    every_seconds: int = 10


class Supervisor(Frozen, frozen=True, kw_only=True):
    """How patiently a stage is started again."""

    restarts_max: int
    backoff_ms: int
    ready_timeout_ms: int
    orphans: str = "stop"
    backoff_ms_max: int = 5000


class Journaling(Frozen, frozen=True, kw_only=True):
    """What the journal survives, when it refuses new orders, and what of it is kept."""

    durability: Literal["process", "power"] = "process"
    reserve_records: int = 0
    slow_ms: int = 250
    keep: Literal["all", "snapshots"] = "all"


class Snapshots(Frozen, frozen=True, kw_only=True):
    """When risk's state is written down: after so many records or seconds; how many are kept.

    keep 0 = never.
    """

    every_records: int = 1_000_000
    every_s: int = 60
    keep: int = 3


class Placement(Frozen, frozen=True, kw_only=True):
    """What runs where, how the stages of the path wait, and what is asked of the system.

    "fused": gateway, risk and router in one process. "embedded": risk runs in the process that
    opens an Engine; channels = "thread": the router too.
    """

    layout: Literal["processes", "fused", "embedded"] = "processes"
    channels: Literal["process", "thread"] = "process"
    cores: dict[str, tuple[int, ...]] = {}
    spin_us: int = 0
    yields: int = 0
    real_time_priority: int = 0
    lock_memory: bool = False
    huge_pages: bool = False


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
    snapshots: Snapshots = Snapshots()
    reconciliation: Reconciliation = Reconciliation()
    journaling: Journaling = Journaling()
    placement: Placement = Placement()
    # The day, YYYYMMDD, at which calendars begin where the config does not say: the first run's.
    calendar_day: int = 0
    # An order that is older when risk looks at it is denied; 0 = any age.
    order_age_ms_max: int = 0
    # What is asked before risk's own rules; state and journal are the same with either.
    backend: Literal["native", "fpga"] = "native"


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
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RunDirError(f"{path}: {error}; written by another version of tidegate?") from error
