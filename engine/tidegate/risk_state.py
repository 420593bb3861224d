"""Risk's state at the start of a day: tables filled from the universe, in memory or in regions.

The live stage keeps them in regions of the run directory; replay and tests in memory. The same
universe gives the same bytes, so that a journal replays to the same state hash anywhere.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.errors import ConfigError
from tidegate.native import region as native
from tidegate.native.balances import reconvert_account
from tidegate.native.limit_rows import limit_row_index
from tidegate.native.records import TradingState
from tidegate.native.tables import CREDIT_MAX, DTYPES, NO_LIMIT, Tables
from tidegate.region import Region
from tidegate.risk_instruments import fill_fees, fill_instrument, fill_phases, fill_rates
from tidegate.run_dir import RunDir
from tidegate.universe import Account, Limit, Rate, Universe

MISSING = -1
PRODUCT_COUNT_MAX = 256
OPEN_ORDERS_MAX = 1 << 30
CACHE_LINE = 64
PPM = 1_000_000


def row_counts(universe: Universe) -> dict[str, int]:
    """How many rows each table has; row 0 is unused. Hash tables are powers of two."""
    accounts = len(universe.accounts) + 1
    instruments = len(universe.instruments) + 1
    capacity = universe.capacity
    stated = sum(len(all_limits(account)) for account in universe.accounts)
    return {
        "risk": 1,
        "currencies": len(universe.currencies) + 1,
        "instruments": instruments,
        "staged": instruments,
        "phases": sum(len(row.phases) for row in universe.instruments) + 1,
        "accounts": accounts,
        "products": capacity.products + 1,
        "product_index": power_of_two(2 * (capacity.products + 1)),
        "scans": capacity.scans + 1,
        "pairs": capacity.pairs + 1,
        "pair_index": power_of_two(2 * (capacity.pairs + 1)),
        "sides": capacity.sides + 1,
        "days": capacity.days + 1,
        "balances": accounts * (len(universe.currencies) + 1),
        "limits": power_of_two(2 * (capacity.limits + stated + 1)),
        "overrides": capacity.overrides + 1,
        "fees": instruments * tier_count(universe),
        "cash_holds": capacity.cash_holds + 1,
        "breaks": capacity.breaks + 1,
        "orders": capacity.orders + 1,
        "cl_ord_ids": power_of_two(capacity.cl_ord_ids),
        "sessions": len(universe.sessions) + 1,
    }


def tier_count(universe: Universe) -> int:
    """Tiers of fees; tier 0 is the exchange's own."""
    return 1 + max((row.tier for row in universe.accounts), default=0)


def in_memory(universe: Universe) -> Tables:
    """Fresh tables of this process alone."""
    counts = row_counts(universe)
    return fill(Tables({name: zeros(counts[name], DTYPES[name]) for name in DTYPES}), universe)


def zeros(count: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Zeroed rows that begin with a line of the cache, as those of a region do."""
    room = np.zeros(count * dtype.itemsize + CACHE_LINE, np.uint8)
    first = -room.ctypes.data % CACHE_LINE
    return room[first : first + count * dtype.itemsize].view(dtype)


def in_regions(universe: Universe, run_dir: RunDir) -> tuple[Tables, dict[str, Region]]:
    """Fresh tables that others may read live; the regions must be kept as long as they are."""
    regions = make_regions(universe, run_dir)
    tables = fill(Tables({name: region.rows for name, region in regions.items()}), universe)
    native.end(regions["risk"])
    return tables, regions


def make_regions(universe: Universe, run_dir: RunDir) -> dict[str, Region]:
    """A region of zeroed rows for each table; who reads them waits for native.region.end(risk)."""
    counts = row_counts(universe)
    regions: dict[str, Region] = {}
    for name, dtype in DTYPES.items():
        regions[name] = Region.create(run_dir.region(name), dtype, counts[name])
        regions[name].header["count"] = counts[name]
        native.begin(regions["risk"])
    return regions


def fill(tables: Tables, universe: Universe) -> Tables:
    """Write everything that is known before the first record into zeroed tables."""
    if len(universe.products) > PRODUCT_COUNT_MAX:
        raise ConfigError(
            f"{len(universe.products)} products; permissions hold at most {PRODUCT_COUNT_MAX}"
        )
    arrays = tables.arrays
    risk = arrays["risk"]
    risk["instrument_count"] = len(universe.instruments)
    risk["account_count"] = len(universe.accounts)
    risk["currency_count"] = len(universe.currencies)
    risk["product_count"] = len(universe.products)
    risk["order_age_ms_max"] = universe.order_age_ms_max
    risk["fold_version"] = 1
    risk["next_expiry_ns"] = NO_LIMIT
    for currency in universe.currencies:
        _fill_currency(arrays["currencies"][currency.handle], currency.bid_rate, currency.ask_rate)
        arrays["currencies"]["haircut_ppm"][currency.handle] = currency.haircut_ppm
        _haircut(arrays["currencies"][currency.handle])
    for instrument in universe.instruments:
        fill_instrument(arrays["instruments"], instrument)
        fill_fees(arrays["fees"], instrument, tier_count(universe))
    fill_phases(arrays, universe)
    for session in universe.sessions:
        row = arrays["sessions"][session.handle]
        row["trading_state"] = TradingState.ACTIVE
        fill_rates(row, session.order_rate, session.replace_rate, session.cancel_rate)
    for account in universe.accounts:
        _fill_account(arrays["accounts"], account, universe)
        _fill_balances(arrays["balances"], account, len(universe.currencies) + 1)
    for pool in {account.pool for account in universe.accounts} - {0}:
        arrays["accounts"]["is_pool"][pool] = 1
    for account in universe.accounts:
        for limit in all_limits(account):
            _fill_limit(tables, account.handle, limit)
        if account.is_converted:
            reconvert_account(tables, account.handle)
    return tables


def all_limits(account: Account) -> list[Limit]:
    """position_limits as limits of their instrument, joined with what `limits` states for it."""
    stated = {(limit.instrument, limit.product): limit for limit in account.limits}
    for handle, (longs, shorts) in account.position_limits.items():
        known = stated.get((handle, 0), Limit(instrument=handle))
        stated[handle, 0] = Limit(
            **{name: getattr(known, name) for name in known.__struct_fields__}
            | {"max_long": longs, "max_short": shorts}
        )
    if account.max_order_qty is not None:
        known = stated.get((0, 0), Limit())
        least = min(account.max_order_qty, or_(known.max_order_qty, NO_LIMIT))
        stated[0, 0] = Limit(
            **{name: getattr(known, name) for name in known.__struct_fields__}
            | {"max_order_qty": least}
        )
    return list(stated.values())


def _fill_currency(row: Any, bid: int | None, ask: int | None) -> None:
    row["bid_rate"] = or_(bid, MISSING)
    row["ask_rate"] = or_(ask, MISSING)
    row["asset_rate"] = MISSING
    row["liability_rate"] = MISSING


def _haircut(row: Any) -> None:
    """Assets at the bid less the haircut, liabilities at the ask plus it, rounded against us."""
    if row["bid_rate"] > 0:
        haircut = int(row["haircut_ppm"])
        row["asset_rate"] = int(row["bid_rate"]) * (PPM - haircut) // PPM
        row["liability_rate"] = -(-int(row["ask_rate"]) * (PPM + haircut) // PPM)


def _fill_account(rows: npt.NDArray[Any], account: Account, universe: Universe) -> None:
    row = rows[account.handle]
    chain = [account.handle]
    while parent := universe.accounts[chain[-1] - 1].parent:
        chain.append(parent)
    row["chain"][: len(chain)] = chain
    row["chain_count"] = len(chain)
    row["level"] = account.level
    row["group"] = next((h for h in chain if universe.accounts[h - 1].level == 3), 0)
    row["trading_state"] = account.trading_state
    row["graded_state"] = TradingState.ACTIVE
    row["max_position"] = _max_position(account)
    for name in (
        "pool",
        "is_shared",
        "is_converted",
        "cancel_on_disconnect",
        "self_match_own",
        "self_match_group",
        "session",
        "tier",
        "margin_ppm",
        "concentration_floor",
        "identical_max",
        "identical_window_ns",
        "slow_interval_ns",
        "protection_window_ns",
        "protection_qty",
        "protection_delta",
        "margin_grades",
        "loss_grades",
        "position_grades",
    ):
        row[name] = getattr(account, name)
    for name in ("leverage_max", "concentration_permille", "executions_max", "day_orders_max"):
        row[name] = or_(getattr(account, name), NO_LIMIT)
    for product in account.products:
        row["products"][product // 64] |= np.uint64(1 << product % 64)
    orders = None
    if account.order_rate is not None:
        orders = Rate(per_second=account.order_rate, burst=account.order_burst)
    fill_rates(row, orders, account.replace_rate, account.cancel_rate)
    total = row["all"]
    for name in ("max_long", "max_short", "max_gross"):
        total[name] = CREDIT_MAX
    total["buy_credit"] = total["sell_credit"] = total["gross_credit"] = CREDIT_MAX
    total["max_open_orders"] = total["order_credit"] = OPEN_ORDERS_MAX


def _max_position(account: Account) -> int:
    """Of each instrument. Only what sends orders must state one."""
    sends = account.level >= 4
    return or_(account.max_position, MISSING if sends else NO_LIMIT)


def _fill_balances(rows: npt.NDArray[Any], account: Account, currency_capacity: int) -> None:
    first = account.handle * currency_capacity
    for currency in range(currency_capacity):
        row = rows[first + currency]
        row["max_loss"] = account.max_loss.get(currency, NO_LIMIT)
        row["max_drawdown"] = account.max_drawdown.get(currency, NO_LIMIT)
        if currency in account.cash or currency in account.credit_line:
            row["cash"] = row["initial_cash"] = account.cash.get(currency, 0)
            row["credit_line"] = account.credit_line.get(currency, 0)
            row["is_checked"] = 1


def _fill_limit(tables: Tables, account: int, limit: Limit) -> None:
    index = limit_row_index(tables, account, limit.instrument, limit.product)
    row = tables.arrays["limits"][index]
    row["side_lock"] = limit.side_lock
    for name in (
        "max_order_qty",
        "max_market_qty",
        "max_notional",
        "max_long",
        "max_short",
        "max_gross",
        "max_open_orders",
    ):
        row[name] = or_(getattr(limit, name), MISSING)
    if not limit.instrument and not limit.product:
        account_row = tables.arrays["accounts"][account]
        account_row["side_lock"] = limit.side_lock
        total = account_row["all"]
        for most, left in (
            ("max_long", "buy_credit"),
            ("max_short", "sell_credit"),
            ("max_gross", "gross_credit"),
            ("max_open_orders", "order_credit"),
        ):
            if (value := getattr(limit, most)) is not None:
                total[most] = total[left] = value


def or_(value: int | None, default: int) -> int:
    """The value, or what stands for "not stated"."""
    return default if value is None else value


def power_of_two(least: int) -> int:
    """The smallest power of two that is no less."""
    return 1 << max(least - 1, 1).bit_length()
