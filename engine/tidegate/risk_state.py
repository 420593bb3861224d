"""Risk's state at the start of a day: tables filled from the universe, in memory or in regions.

The live stage keeps them in regions of the run directory; replay and tests in memory. The same
universe gives the same bytes, so that a journal replays to the same state hash anywhere.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.errors import ConfigError
from tidegate.native.positions import create_pair
from tidegate.native.records import NO_PRICE, Level, TradingState
from tidegate.native.tables import DTYPES, NO_LIMIT, Tables
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.universe import Account, Instrument, Universe

NS = 1_000_000_000
MISSING = -1
PRODUCT_COUNT_MAX = 256


def row_counts(universe: Universe) -> dict[str, int]:
    """How many rows each table has; row 0 is unused. Hash tables are powers of two."""
    accounts = len(universe.accounts) + 1
    capacity = universe.capacity
    return {
        "risk": 1,
        "instruments": len(universe.instruments) + 1,
        "accounts": accounts,
        "pairs": capacity.pairs + 1,
        "pair_index": _power_of_two(2 * (capacity.pairs + 1)),
        "balances": accounts * (len(universe.currencies) + 1),
        "orders": capacity.orders + 1,
        "cl_ord_ids": _power_of_two(capacity.cl_ord_ids),
        "sessions": len(universe.sessions) + 1,
    }


def in_memory(universe: Universe) -> Tables:
    """Fresh tables of this process alone."""
    counts = row_counts(universe)
    return fill(Tables({name: np.zeros(counts[name], DTYPES[name]) for name in DTYPES}), universe)


def in_regions(universe: Universe, run_dir: RunDir) -> tuple[Tables, dict[str, Region]]:
    """Fresh tables that others may read live; the regions must be kept as long as they are."""
    counts = row_counts(universe)
    regions = {
        name: Region.create(run_dir.region(name), DTYPES[name], counts[name]) for name in DTYPES
    }
    for name, region in regions.items():
        region.header["count"] = counts[name]
    tables = Tables({name: region.rows for name, region in regions.items()})
    return fill(tables, universe), regions


def fill(tables: Tables, universe: Universe) -> Tables:
    """Write instruments, accounts, cash and position limits into zeroed tables."""
    if len(universe.products) > PRODUCT_COUNT_MAX:
        raise ConfigError(
            f"{len(universe.products)} products; permissions hold at most {PRODUCT_COUNT_MAX}"
        )
    risk = tables.arrays["risk"]
    risk["instrument_count"] = len(universe.instruments)
    risk["account_count"] = len(universe.accounts)
    risk["currency_count"] = len(universe.currencies)
    for instrument in universe.instruments:
        _fill_instrument(tables.arrays["instruments"], instrument)
    for account in universe.accounts:
        _fill_account(tables.arrays["accounts"], account, universe)
        _fill_balances(tables.arrays["balances"], account, len(universe.currencies) + 1)
    for account in universe.accounts:
        for instrument_handle, (longs, shorts) in account.position_limits.items():
            pair = create_pair(tables, account.handle, instrument_handle)
            tables.arrays["pairs"]["max_long"][pair] = longs
            tables.arrays["pairs"]["max_short"][pair] = shorts
    return tables


def margin_a_lot(instrument: Instrument, by_volume: int, ppm: int) -> int:
    """by_volume + |settlement| * tick_value * ppm, rounded up once; -1 = cannot be known."""
    if ppm == 0:
        return by_volume
    if instrument.settlement is None:
        return MISSING
    notional = abs(instrument.settlement) * instrument.tick_value
    return by_volume - (-notional * ppm // 1_000_000)


def _fill_instrument(rows: npt.NDArray[Any], instrument: Instrument) -> None:
    row = rows[instrument.handle]
    row["tick_value"] = instrument.tick_value
    row["mark_px"] = NO_PRICE
    row["stale_ns"] = instrument.stale_ns
    row["settlement_px"] = _or(instrument.settlement, NO_PRICE)
    row["collar_ticks"] = _or(instrument.collar_ticks, NO_LIMIT)
    row["collar_permille"] = _or(instrument.collar_permille, NO_LIMIT)
    row["max_order_qty"] = instrument.max_order_qty
    row["margin_long_lot"] = instrument.margin_long_lot
    row["margin_short_lot"] = instrument.margin_short_lot
    row["margin_long_ppm"] = instrument.margin_long_ppm
    row["margin_short_ppm"] = instrument.margin_short_ppm
    row["margin_long"] = margin_a_lot(
        instrument, instrument.margin_long_lot, instrument.margin_long_ppm
    )
    row["margin_short"] = margin_a_lot(
        instrument, instrument.margin_short_lot, instrument.margin_short_ppm
    )
    row["fee_lot"] = instrument.fee_lot
    row["fee_ppm"] = instrument.fee_ppm
    row["currency"] = instrument.currency
    row["product"] = instrument.product_index
    row["venue"] = instrument.venue
    row["trading_state"] = TradingState.ACTIVE


def _fill_account(rows: npt.NDArray[Any], account: Account, universe: Universe) -> None:
    row = rows[account.handle]
    chain = [account.handle]
    while parent := universe.accounts[chain[-1] - 1].parent:
        chain.append(parent)
    row["chain"][: len(chain)] = chain
    row["chain_count"] = len(chain)
    row["level"] = account.level
    row["trading_state"] = account.trading_state
    row["cancel_on_disconnect"] = account.cancel_on_disconnect
    states_limit = account.level < Level.SUB_ACCOUNT
    row["max_position"] = _or(account.max_position, NO_LIMIT if states_limit else MISSING)
    row["max_order_qty"] = _or(account.max_order_qty, NO_LIMIT)
    for product in account.products:
        row["products"][product // 64] |= np.uint64(1 << product % 64)
    if account.order_rate is not None:
        interval = -(-NS // account.order_rate)
        row["rate_interval_ns"] = interval
        row["rate_tolerance_ns"] = (account.order_burst - 1) * interval


def _fill_balances(rows: npt.NDArray[Any], account: Account, currency_capacity: int) -> None:
    for currency, cash in account.cash.items():
        row = rows[account.handle * currency_capacity + currency]
        row["cash"] = cash
        row["initial_cash"] = cash
        row["is_checked"] = 1


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


def _power_of_two(least: int) -> int:
    return 1 << max(least - 1, 1).bit_length()
