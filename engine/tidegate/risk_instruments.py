"""Instruments, their fees and phases in risk's tables, from the universe."""

from typing import Any

import numpy.typing as npt

from tidegate.native.records import NO_PRICE, MarginModel, Phase, TradingState
from tidegate.native.tables import NO_LIMIT
from tidegate.universe import Fee, Instrument, Rate, Universe

NS = 1_000_000_000
MISSING = -1
MODELS = {
    "net": MarginModel.MARGIN_NET,
    "sides": MarginModel.MARGIN_SIDES,
    "span": MarginModel.MARGIN_SPAN,
}
SAME_NAME = (
    "tick_value",
    "stale_ns",
    "max_order_qty",
    "min_order_qty",
    "lot_step",
    "price_step",
    "notional_floor",
    "period_ns",
    "period_ticks",
    "margin_long_lot",
    "margin_short_lot",
    "margin_long_ppm",
    "margin_short_ppm",
    "large_cancel_qty",
    "order_to_trade_floor",
    "currency",
    "venue",
    "price_basis",
    "is_max_side",
    "has_sides",
    "closes_today",
    "is_premium_paid",
    "exempts_immediate",
)
LIMITS = (
    "max_market_qty",
    "collar_ticks",
    "collar_permille",
    "day_orders_max",
    "day_cancels_max",
    "day_large_cancels_max",
    "day_self_trades_max",
    "order_to_trade_max",
)


def fill_instrument(rows: npt.NDArray[Any], instrument: Instrument) -> None:
    """One row, with margin per lot where the settlement price is known."""
    row = rows[instrument.handle]
    for name in SAME_NAME:
        row[name] = getattr(instrument, name)
    for name in LIMITS:
        value = getattr(instrument, name)
        row[name] = NO_LIMIT if value is None else value
    row["product"] = instrument.product_index
    row["mark_px"] = NO_PRICE
    row["collar_low"] = -NO_LIMIT
    row["collar_high"] = NO_LIMIT
    row["lot_notional"] = MISSING
    row["settlement_px"] = NO_PRICE if instrument.settlement is None else instrument.settlement
    row["average_px"] = NO_PRICE if instrument.average_px is None else instrument.average_px
    row["trading_state"] = TradingState.ACTIVE
    row["margin_model"] = MODELS[instrument.margin_model]
    row["is_option"] = instrument.right is not None
    row["is_call"] = instrument.right == "C"
    for side in ("long", "short"):
        for unit in ("lot", "ppm"):
            own = getattr(instrument, f"exchange_{side}_{unit}")
            client = getattr(instrument, f"margin_{side}_{unit}")
            row[f"exchange_{side}_{unit}"] = client if own is None else own
    _fill_margin(row, instrument)
    _fill_scan(row, instrument)
    fill_rates(row, instrument.order_rate, instrument.replace_rate, instrument.cancel_rate)


def fill_rates(row: Any, orders: Rate | None, replaces: Rate | None, cancels: Rate | None) -> None:
    """Token buckets as GCRA: a message every interval, a burst of them at once."""
    for name, rate in (
        ("order_rate", orders),
        ("replace_rate", replaces),
        ("cancel_rate", cancels),
    ):
        if rate is not None:
            interval = -(-NS // rate.per_second)
            row[name]["interval_ns"] = interval
            row[name]["tolerance_ns"] = (rate.burst - 1) * interval


def margin_a_lot(instrument: Instrument, price: int | None, by_volume: int, ppm: int) -> int:
    """by_volume + ceil(max(|price| * tick_value, floor) * ppm / 1e6); -1 = cannot be known."""
    if ppm == 0:
        return by_volume
    if price is None:
        return MISSING
    notional = max(abs(price) * instrument.tick_value, instrument.notional_floor)
    return by_volume - (-notional * ppm // 1_000_000)


def _fill_margin(row: Any, instrument: Instrument) -> None:
    """Yesterday's lots at the settlement price; today's by the price basis, which needs a mark
    unless it is the settlement or the average price.
    """
    today = {1: instrument.settlement, 3: instrument.average_px}.get(instrument.price_basis)
    for side in ("long", "short"):
        for owner in ("margin", "exchange"):
            lot = int(row[f"{owner}_{side}_lot"])
            ppm = int(row[f"{owner}_{side}_ppm"])
            row[f"{owner}_{side}"] = margin_a_lot(instrument, instrument.settlement, lot, ppm)
            row[f"{owner}_{side}_today"] = margin_a_lot(instrument, today, lot, ppm)


def _fill_scan(row: Any, instrument: Instrument) -> None:
    row["scan_unit"] = MISSING
    if instrument.scan is not None:
        row["scan_unit"] = instrument.scan.unit
        row["scan"] = instrument.scan.losses
        row["scan_delta"] = instrument.scan.delta
        row["intra_rate"] = instrument.scan.intra_rate
        row["delivery_rate"] = instrument.scan.delivery_rate
        row["short_option_rate"] = instrument.scan.short_option_rate


def fill_fees(rows: npt.NDArray[Any], instrument: Instrument, tiers: int) -> None:
    """A row for each tier; an instrument without a schedule charges every tier the same."""
    plain = Fee(
        open_lot=instrument.fee_lot,
        open_ppm=instrument.fee_ppm,
        close_lot=instrument.fee_lot,
        close_ppm=instrument.fee_ppm,
        close_today_lot=instrument.fee_lot,
        close_today_ppm=instrument.fee_ppm,
    )
    for tier in range(tiers):
        fee = plain
        if instrument.fees:
            fee = instrument.fees[min(tier, len(instrument.fees) - 1)]
        row = rows[instrument.handle * tiers + tier]
        for name in Fee.__struct_fields__:
            row[name] = getattr(fee, name)


def fill_phases(arrays: dict[str, npt.NDArray[Any]], universe: Universe) -> None:
    """Each instrument's transitions one after another; without a calendar it is always open."""
    index = 1
    earliest = NO_LIMIT
    for instrument in universe.instruments:
        row = arrays["instruments"][instrument.handle]
        row["phase"] = Phase.PHASE_CLOSED if instrument.phases else Phase.PHASE_OPEN
        row["phase_index"] = index
        row["next_phase_ns"] = instrument.phases[0][0] if instrument.phases else NO_LIMIT
        earliest = min(earliest, int(row["next_phase_ns"]))
        for from_ns, phase in instrument.phases:
            arrays["phases"][index]["from_ns"] = from_ns
            arrays["phases"][index]["phase"] = phase
            index += 1
        row["phase_end"] = index
    arrays["risk"]["next_phase_ns"] = earliest
