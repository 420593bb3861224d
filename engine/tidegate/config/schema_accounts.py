"""What a config may say of the hierarchy: limits, money and permissions of each level, sessions."""

from typing import Annotated, Literal

from msgspec import Meta

from tidegate.config.fields import (
    Count,
    CountOrZero,
    Decimals,
    Milliseconds,
    Name,
    Permille,
    SelfMatch,
    SideLock,
    State,
    Strict,
)

Money = dict[str, Decimals]
# Share of the client's margin that a group is asked: a hundredth to ten times.
MarginPpm = Annotated[int, Meta(ge=10_000, le=10_000_000)]


class PositionLimit(Strict, frozen=True, kw_only=True):
    """The most lots long and short of one instrument, working orders counted in."""

    max_long: CountOrZero
    max_short: CountOrZero


class Limit(Strict, frozen=True, kw_only=True):
    """An entry of `limits`: of one instrument, of one product, or (neither) of all together."""

    instrument: str | None = None
    product: str | None = None
    max_order_qty: Count | None = None
    max_market_qty: Count | None = None
    max_notional: Decimals | None = None
    max_long: CountOrZero | None = None
    max_short: CountOrZero | None = None
    max_gross: Count | None = None
    max_open_orders: Count | None = None
    side_lock: SideLock | None = None


class Grades(Strict, frozen=True, kw_only=True):
    """What happens at how many per mille of a limit; unstated = never."""

    alert: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    slow: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    reduce: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    halt: Annotated[int, Meta(ge=1, le=10_000)] | None = None


class Rates(Strict, frozen=True, kw_only=True):
    """Messages a second and how many at once; a burst not stated is one second's."""

    order_rate_per_s: Count | None = None
    order_burst: Count | None = None
    replace_rate_per_s: Count | None = None
    replace_burst: Count | None = None
    cancel_rate_per_s: Count | None = None
    cancel_burst: Count | None = None


class Level(Rates, frozen=True, kw_only=True):
    """What every level may state; unstated = no limit at this level.

    Where others are below it, its cash backs the net of all of them, unless it is their pool or
    `shares_margin` is false.
    """

    products: list[str] | None = None
    cash: Money = {}
    shares_margin: bool | None = None
    converts_currencies: bool = False
    max_position: Count | None = None
    position_limits: dict[str, PositionLimit] = {}
    limits: list[Limit] = []
    max_order_qty: Count | None = None
    max_loss: Money = {}
    max_drawdown: Money = {}
    max_leverage: Decimals | None = None
    executions_max: Count | None = None
    day_orders_max: Count | None = None
    slow_interval_ms: Milliseconds | None = None
    margin_grades_permille: Grades = Grades()
    loss_grades_permille: Grades = Grades()
    position_grades_permille: Grades = Grades()
    trading_state: State = "active"


class Firm(Level, frozen=True, kw_only=True):
    """[firm]: the root of the hierarchy."""

    name: Name = "firm"


class Master(Level, frozen=True, kw_only=True):
    """[[masters]]: an account of the firm at a venue."""

    name: Name
    venue: str


class Group(Level, frozen=True, kw_only=True):
    """[[groups]]: sub-accounts under common control; `self_match` is between all of them.

    `margin_ppm` = what they are asked of the client's margin: 1_200_000 for a fifth more, less for
    hedgers. Accounts and strategies below may state their own.
    """

    name: Name
    master: str
    self_match: SelfMatch = "allow"
    margin_ppm: MarginPpm | None = None


class Trading(Level, frozen=True, kw_only=True):
    """What a sub-account or a strategy may state: they send orders.

    With `count`, that many alike, named by the pattern name = "cme-{n:03}" with n from `first`.
    Its money is its own `cash`, or a `slice` of the cash of `pool`, a level above it.
    """

    name: str
    count: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    first: CountOrZero = 1
    pool: str | None = None
    slice: Money = {}
    max_position: Count
    fee_tier: str | None = None
    margin_ppm: MarginPpm | None = None
    self_match: SelfMatch = "allow"
    concentration_permille: Permille | None = None
    concentration_floor: CountOrZero = 0
    identical_max: Count | None = None
    identical_window_ms: Milliseconds | None = None
    protection_window_ms: Milliseconds | None = None
    protection_qty: Count | None = None
    protection_delta: Count | None = None
    cancel_on_disconnect: bool = True


class SubAccount(Trading, frozen=True, kw_only=True):
    """[[accounts]]: a sub-account of a group."""

    group: str
    products: Annotated[list[str], Meta(min_length=1)]


class Strategy(Trading, frozen=True, kw_only=True):
    """[[strategies]]: below a sub-account, within its limits; trades what that may trade."""

    account: str


class Session(Rates, frozen=True, kw_only=True):
    """[[sessions]]: `accounts` are sub-accounts and strategies, or groups for all of theirs.

    An operator has none: it sends control records. shm: a client of this host may share memory with
    the gateway, at shm:///RUN_DIR/lanes/front; one process at a time; not embedded, without one.
    """

    name: Name
    shm: bool = False
    accounts: list[str] = []
    role: Literal["strategy", "operator"] = "strategy"
    public_key: str | None = None
    heartbeat_ms: Annotated[int, Meta(ge=10, le=3_600_000)] = 1000
