"""What may stand in a data file that configs include: calendars, fees, margins and the thresholds
of exchanges. A config may hold the same tables itself.
"""

from typing import Annotated, Literal

from msgspec import Meta, field

from tidegate.config.fields import (
    Count,
    CountOrZero,
    Date,
    Decimals,
    Name,
    Ppm,
    Strict,
    TimeOfDay,
    Weekday,
)

WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")


class TradingHours(Strict, frozen=True, kw_only=True, rename={"from_": "from"}):
    """An entry of `sessions`: of each trading day, in the calendar's time zone.

    `to` not after `from` is of the next day. day_before is the calendar day before the trading
    day; trading_day_before is the last trading day, and then there is no such session where a
    holiday lies between.
    """

    from_: TimeOfDay
    to: TimeOfDay
    starts: Literal["same_day", "day_before", "trading_day_before"] = "same_day"


class Break(Strict, frozen=True, kw_only=True, rename={"from_": "from"}):
    """An entry of `breaks`: each trading day, no trading within its sessions."""

    from_: TimeOfDay
    to: TimeOfDay


class HalfDay(Strict, frozen=True, kw_only=True, rename={"from_": "from"}):
    """An entry of `half_days`: the trading day's sessions are cut at a time of its own date."""

    date: Date
    from_: TimeOfDay | None = None
    to: TimeOfDay | None = None


class HolidayList(Strict, frozen=True, kw_only=True):
    """[[holiday_lists]]: holidays that several calendars share, and the days they are known for."""

    name: Name
    first_day: Date
    last_day: Date
    dates: list[Date]


class Calendar(Strict, frozen=True, kw_only=True):
    """[[calendars]]: when instruments trade; closed outside first_day to last_day.

    A holiday_list takes the place of holidays, first_day and last_day.
    """

    name: Name
    time_zone: str
    days: Annotated[list[Weekday], Meta(min_length=1)] = field(
        default_factory=lambda: list(WEEKDAYS)
    )
    sessions: Annotated[list[TradingHours], Meta(min_length=1)]
    breaks: list[Break] = []
    holiday_list: str | None = None
    holidays: list[Date] = []
    half_days: list[HalfDay] = []
    first_day: Date | None = None
    last_day: Date | None = None


class ProductFee(Strict, frozen=True, kw_only=True):
    """[[fee_schedules.products]]: the exchange's own fee of a product; unstated = none."""

    product: Name
    open_per_lot: Decimals = 0
    open_ppm: Ppm = 0
    close_per_lot: Decimals = 0
    close_ppm: Ppm = 0
    close_today_per_lot: Decimals = 0
    close_today_ppm: Ppm = 0


class Tier(Strict, frozen=True, kw_only=True):
    """[[fee_schedules.tiers]]: a broker's markup on it; of one product, or of all others.

    The close_today keys are what the others say where they are not stated.
    """

    name: Name
    product: Name | None = None
    per_lot: Decimals = 0
    ppm: Ppm = 0
    close_today_per_lot: Decimals | None = None
    close_today_ppm: Ppm | None = None


class FeeSchedule(Strict, frozen=True, kw_only=True):
    """[[fee_schedules]]: an exchange's fees by product, and brokers' markups on them."""

    name: Name
    products: Annotated[list[ProductFee], Meta(min_length=1)]
    tiers: list[Tier] = []


class DayLimits(Strict, frozen=True, kw_only=True):
    """[[day_limits]]: what an exchange lets an owner group do in one contract in a day."""

    name: Name
    orders: Count | None = None
    cancels: Count | None = None
    large_cancels: Count | None = None
    large_cancel_qty: Count | None = None
    self_trades: Count | None = None
    order_to_trade: Count | None = None
    order_to_trade_floor: CountOrZero = 0
    exempts_immediate: bool = False


class Margins(Strict, frozen=True, kw_only=True):
    """The margin keys of an instrument, or of a [[margin_rates]] set that it names.

    margin_ is what clients are asked for, exchange_margin_ the venue's own. A lot's margin is its
    per_lot money plus its ppm of the value at price_basis.
    """

    margin_model: Literal["net", "sides", "span"] | None = None
    margin_long_per_lot: Decimals | None = None
    margin_short_per_lot: Decimals | None = None
    margin_long_ppm: CountOrZero | None = None
    margin_short_ppm: CountOrZero | None = None
    exchange_margin_long_per_lot: Decimals | None = None
    exchange_margin_short_per_lot: Decimals | None = None
    exchange_margin_long_ppm: CountOrZero | None = None
    exchange_margin_short_ppm: CountOrZero | None = None
    max_side: bool | None = None
    price_basis: Literal["settlement", "mark", "average", "open"] | None = None
    closes_today: bool | None = None


class MarginRates(Margins, frozen=True, kw_only=True):
    """[[margin_rates]]: margin keys that several instruments share."""

    name: Name


class DataTables(Strict, frozen=True, kw_only=True):
    """The top level of an included data file."""

    holiday_lists: list[HolidayList] = []
    calendars: list[Calendar] = []
    fee_schedules: list[FeeSchedule] = []
    day_limits: list[DayLimits] = []
    margin_rates: list[MarginRates] = []
