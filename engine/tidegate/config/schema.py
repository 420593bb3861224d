"""What may stand in a config file, key by key. The unit of a number is in its key's name;
money, prices and multipliers are decimal strings or integers, never floats. The hierarchy is in
schema_accounts.py, what data files may hold in schema_data.py.
"""

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

from tidegate.config.fields import (
    Code,
    Count,
    CountOrZero,
    Date,
    Decimals,
    Endpoint,
    LaneEndpoint,
    Milliseconds,
    Name,
    Permille,
    Ppm,
    Strict,
)
from tidegate.config.schema_accounts import (
    Firm,
    Group,
    Master,
    Session,
    Strategy,
    SubAccount,
)
from tidegate.config.schema_data import DataTables, Margins


class Venue(Strict, frozen=True, kw_only=True):
    """[[venues]]: without a tape nobody else trades there, and no mark comes before a trade.

    persist: a venue that is killed and started again still has its ledger, every order's end and
    all reports; what worked is canceled. With persist = false it has forgotten all, as another
    incarnation, and reconciliation finds every position missing there. cancel_on_disconnect: it
    cancels what works for a channel that is gone. To try what bad venues do, from the seed:
    reject_ppm of new orders are rejected for nothing, resend_ppm of reports are given twice,
    late_fill_ppm of cancels are followed by a fill, and about each disconnect_every_ms it hangs up.
    shm: the router, on the same host, shares memory with it beside an ipc endpoint.
    """

    name: Name
    shm: bool = False
    kind: Literal["simulated"]
    tape: str | None = None
    endpoint: Endpoint | None = None
    md_endpoint: Endpoint | None = None
    speed: Annotated[float, Meta(gt=0, le=100_000)] = 1.0
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 1
    latency_us: tuple[CountOrZero, CountOrZero] = (0, 0)
    reject_ppm: Ppm = 0
    resend_ppm: Ppm = 0
    late_fill_ppm: Ppm = 0
    disconnect_every_ms: CountOrZero = 0
    cancel_on_disconnect: bool = True
    persist: bool = True
    message_rate_per_s: Count
    message_burst: Count
    mark_interval_ms: Count = 100
    start: Literal["immediately", "on_request"] = "immediately"


class Currency(Strict, frozen=True, kw_only=True):
    """[[currencies]]: base money for one unit; the base itself has is_base instead of rates."""

    code: Code
    is_base: bool = False
    bid: Decimals | None = None
    ask: Decimals | None = None
    haircut_ppm: Annotated[int, Meta(ge=0, lt=1_000_000)] = 0


class Instrument(Margins, frozen=True, kw_only=True):
    """[[instruments]]: fee_per_lot and fee_ppm are for every fill, a fee_schedule instead of them
    tells opening from closing. A span instrument is found in margin_file by span_product (unless
    that is its product), maturity, right and strike.
    """

    symbol: Name
    product: Name
    venue: str
    venue_code: Name | None = None
    currency: Code
    tick_size: Decimals
    multiplier: Decimals
    max_order_qty: Count
    max_market_qty: Count | None = None
    min_order_qty: Count = 1
    lot_step: Count = 1
    price_step_ticks: Count = 1
    notional_floor_per_lot: Decimals = 0
    collar_ticks: Count | None = None
    collar_permille: Permille | None = None
    period_ms: Milliseconds | None = None
    period_ticks: Count | None = None
    stale_ms: Count
    order_rate_per_s: Count | None = None
    order_burst: Count | None = None
    replace_rate_per_s: Count | None = None
    replace_burst: Count | None = None
    cancel_rate_per_s: Count | None = None
    cancel_burst: Count | None = None
    calendar: str | None = None
    day_limits: str | None = None
    settlement: Decimals | None = None
    average_price: Decimals | None = None
    margin_rates: str | None = None
    margin_file: str | None = None
    span_product: Name | None = None
    fee_per_lot: Decimals | None = None
    fee_ppm: Ppm | None = None
    fee_schedule: str | None = None
    right: Literal["C", "P"] | None = None
    strike: Decimals | None = None
    maturity: (
        Annotated[
            str,
            Meta(
                pattern="^[0-9]{6}[0-9A-Z]{0,2}$",
                description='a maturity such as "202512", with a day or week code if it has one',
            ),
        ]
        | None
    ) = None
    underlying: str | None = None
    premium: Literal["at_fill", "margined"] | None = None


class CalendarHorizon(Strict, frozen=True, kw_only=True):
    """[calendar_horizon]: phases are worked out for so many days; after them all is closed."""

    first_day: Date | None = None
    days: Annotated[int, Meta(ge=1, le=3660)] = 30


class Gateway(Strict, frozen=True, kw_only=True):
    """[gateway]: tcp endpoints beside the run directory's own ipc front; they need a key."""

    endpoints: list[Endpoint] = []
    secret_key_file: str | None = None
    outbox: Annotated[int, Meta(ge=1, le=1 << 20)] = 4096


class Lane(Strict, frozen=True, kw_only=True):
    """[lanes.NAME]: where a lane is, how many frames may wait in it, and how many records (a power
    of two) its sender keeps until they are taken. shm://NAME is a ring in shared memory, a file of
    the run directory (shm:///PATH one elsewhere), with four records' room for each frame."""

    endpoint: LaneEndpoint | None = None
    hwm: Annotated[int, Meta(ge=1, le=1_000_000)] = 1000
    retained: Annotated[int, Meta(ge=1024, le=1 << 20)] = 16_384


class Capacity(Strict, frozen=True, kw_only=True):
    """[capacity]: rows of the tables that grow with use."""

    orders: Annotated[int, Meta(ge=16, le=1 << 24)] = 1 << 16
    pairs: Annotated[int, Meta(ge=16, le=1 << 24)] = 1 << 14
    cl_ord_ids: Annotated[int, Meta(ge=16, le=1 << 28)] = 1 << 20
    products: Annotated[int, Meta(ge=16, le=1 << 24)] = 1 << 12
    sides: Annotated[int, Meta(ge=16, le=1 << 24)] = 1 << 12
    days: Annotated[int, Meta(ge=16, le=1 << 24)] = 1 << 12
    scans: Annotated[int, Meta(ge=16, le=1 << 24)] = 1 << 10
    limits: Annotated[int, Meta(ge=16, le=1 << 24)] = 1 << 12
    overrides: Annotated[int, Meta(ge=1, le=1 << 20)] = 256
    cash_holds: Annotated[int, Meta(ge=1, le=1 << 20)] = 256
    breaks: Annotated[int, Meta(ge=1, le=1 << 20)] = 1024


class Journal(Strict, frozen=True, kw_only=True):
    """[journal]: durability "process" survives a killed process, "power" the loss of power too.

    reserve_records of a segment are kept for what may not be refused while the disk takes no next
    one; none given = a quarter. A sync of more than slow_ms stops new orders until one is quick.
    """

    segment_records: Annotated[int, Meta(ge=1024, le=1 << 24)] = 1 << 18
    reserve_records: Annotated[int, Meta(ge=1, le=1 << 24)] | None = None
    durability: Literal["process", "power"] = "process"
    slow_ms: Annotated[int, Meta(ge=1, le=60_000)] = 250
    keep: Literal["all", "snapshots"] = "all"


class Risk(Strict, frozen=True, kw_only=True):
    """[risk]: an order or replace that waited longer for risk or router is refused; 0 = off.

    backend "fpga" asks a card, simulated clock by clock, before the rules: the same verdicts. It
    needs a package that was built with verilator.
    """

    order_age_ms_max: Annotated[int, Meta(ge=0, le=86_400_000)] = 5000
    backend: Literal["native", "fpga"] = "native"


class Snapshots(Strict, frozen=True, kw_only=True):
    """[snapshots]: a restart runs the journal from the newest one on; keep = 0 writes none."""

    every_records: Annotated[int, Meta(ge=1, le=1 << 40)] = 1_000_000
    every_s: Annotated[int, Meta(ge=1, le=86_400)] = 60
    keep: Annotated[int, Meta(ge=0, le=1000)] = 3


class Reconciliation(Strict, frozen=True, kw_only=True):
    """[reconciliation]: how often each venue is asked for its own report; 0 = never."""

    every_seconds: Annotated[int, Meta(ge=0, le=86_400)] = 10


class Supervisor(Strict, frozen=True, kw_only=True):
    """[supervisor]: a stage that died more than restarts_max times stops the run.

    It is started again after backoff_ms, twice that the next time, and so on to backoff_ms_max.

    orphans: what becomes of the stages when the supervisor itself is killed.
    """

    restarts_max: Annotated[int, Meta(ge=0, le=1_000_000)] = 5
    backoff_ms: Annotated[int, Meta(ge=1, le=60_000)] = 100
    backoff_ms_max: Annotated[int, Meta(ge=1, le=600_000)] = 5000
    ready_timeout_ms: Annotated[int, Meta(ge=100, le=600_000)] = 20_000
    orphans: Literal["stop", "adopt"] = "stop"


class Placement(Strict, frozen=True, kw_only=True):
    """[placement]: what runs where and how it waits; `tidegate tune` recommends it.

    layout: "processes" runs each stage in one of its own; "fused" gateway, risk and router in one,
    the stage "fused", with lanes in shared memory; "embedded" runs risk in the program that opens
    tidegate.Engine, without a gateway. channels: embedded, the router runs in a process of its own
    or in a thread of that program. cores: of a stage by its name ("gateway", "risk", "router",
    "venue:X", ...), those that it may run on. An idle stage of the path (these three)
    looks at its lanes for spin_us, yields so many times, then sleeps; what else is said here is
    for these three too. real_time_priority is of SCHED_FIFO, 0 = none. huge_pages asks for them for
    regions and rings: a run directory in /dev/shm, mounted with huge=advise, has some. What the
    machine does not allow, and how many huge pages it gave, is said on stderr and left.
    """

    layout: Literal["processes", "fused", "embedded"] = "processes"
    channels: Literal["process", "thread"] = "process"
    cores: dict[str, Annotated[list[CountOrZero], Meta(min_length=1)]] = {}
    spin_us: Annotated[int, Meta(ge=0, le=60_000_000)] = 0
    yields: Annotated[int, Meta(ge=0, le=1000)] = 0
    real_time_priority: Annotated[int, Meta(ge=0, le=99)] = 0
    lock_memory: bool = False
    huge_pages: bool = False


class Tables(DataTables, frozen=True, kw_only=True):
    """The top level of a config file. `include` names data files, relative to the config."""

    include: list[str] = []
    firm: Firm = Firm()
    venues: Annotated[list[Venue], Meta(min_length=1)]
    currencies: list[Currency] = []
    instruments: Annotated[list[Instrument], Meta(min_length=1)]
    masters: Annotated[list[Master], Meta(min_length=1)]
    groups: Annotated[list[Group], Meta(min_length=1)]
    accounts: Annotated[list[SubAccount], Meta(min_length=1)]
    strategies: list[Strategy] = []
    sessions: Annotated[list[Session], Meta(min_length=1)]
    calendar_horizon: CalendarHorizon = CalendarHorizon()
    gateway: Gateway = Gateway()
    lanes: dict[str, Lane] = {}
    capacity: Capacity = Capacity()
    risk: Risk = Risk()
    journal: Journal = Journal()
    snapshots: Snapshots = Snapshots()
    reconciliation: Reconciliation = Reconciliation()
    supervisor: Supervisor = Supervisor()
    placement: Placement = Placement()


class DataFile(Strict, frozen=True, kw_only=True):
    """A file with data tables: the config itself, or one that it includes."""

    file: Path
    tables: DataTables


class Config(Strict, frozen=True, kw_only=True):
    """A config file: where it stands (paths in it are relative to that) and what is in it."""

    file: Path
    tables: Tables
    included: tuple[DataFile, ...] = ()
