"""A universe with every control on, and tables in which accounts hold positions, for benches."""

import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "risk"))

from risk_rig import (
    BUY,
    MILLION,
    SECOND,
    SELL,
    START_NS,
    USD,
    account,
    instrument,
    mark,
    order,
    tick,
    trade,
    universe,
)

from tidegate import risk_state
from tidegate.native.positions import create_pair
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import RECORD, Level, SelfMatch
from tidegate.native.tables import Tables
from tidegate.universe import Capacity, Fee, Limit, Product, Rate, Scan, Universe

PRODUCTS = 16
GROUP_SIZE = 20
FAST = Rate(per_second=1_000_000_000, burst=1_000_000)
LOSSES = tuple((k // 2 + 1) * (-1) ** k * 37 for k in range(16))
ALL = {
    "order_rate": FAST.per_second,
    "order_burst": FAST.burst,
    "replace_rate": FAST,
    "cancel_rate": FAST,
    "max_loss": {USD: 1 << 50},
    "max_drawdown": {USD: 1 << 50},
    "leverage_max": 1_000_000,
    "executions_max": 1 << 40,
    "day_orders_max": 1 << 40,
    "identical_max": 1 << 30,
    "identical_window_ns": SECOND,
    "self_match_own": int(SelfMatch.DENY_NEW),
    "self_match_group": int(SelfMatch.DENY_NEW),
    "concentration_permille": 1000,
    "protection_window_ns": SECOND,
    "protection_qty": 1 << 40,
    "slow_interval_ns": 1000,
    "margin_grades": (900, 950, 980, 1000),
}


def limits() -> tuple[Limit, ...]:
    """Every maximum, of all and of each product."""
    most = {
        "max_order_qty": 1000,
        "max_market_qty": 100,
        "max_notional": 1 << 50,
        "max_long": 1 << 40,
        "max_short": 1 << 40,
        "max_gross": 1 << 41,
        "max_open_orders": 1 << 20,
    }
    return (Limit(**most), *(Limit(product=p + 1, **most) for p in range(PRODUCTS)))


def contract(handle: int, model: str) -> Any:
    """An instrument with a fee, a collar, a drift, day limits and SPAN or rates."""
    return instrument(
        handle,
        f"I{handle}",
        product=f"P{handle % PRODUCTS}",
        product_index=handle % PRODUCTS,
        margin_model=model,
        max_market_qty=50,
        max_order_qty=1000,
        period_ns=SECOND,
        period_ticks=250,
        order_rate=FAST,
        replace_rate=FAST,
        cancel_rate=FAST,
        stale_ns=1 << 60,
        fees=(Fee(open_lot=100, open_ppm=5, close_lot=90, close_ppm=5, close_today_ppm=9),),
        scan=Scan(unit=10_000, losses=LOSSES, delta=10_000, intra_rate=50, delivery_rate=10),
        day_orders_max=1 << 40,
        day_cancels_max=1 << 40,
        day_large_cancels_max=1 << 40,
        day_self_trades_max=1 << 40,
        large_cancel_qty=300,
        order_to_trade_max=1 << 30,
        order_to_trade_floor=1000,
    )


def world(accounts: int, instruments: int, model: str, pairs: int) -> Universe:
    """Firm > master (shared) > owner groups of GROUP_SIZE > sub-accounts: chains of four."""
    everything = ALL | {"products": tuple(range(PRODUCTS)), "limits": limits()}
    money = {"cash": {USD: 10**6 * MILLION}, "max_position": 1 << 40}
    groups = -(-accounts // GROUP_SIZE)
    rows = [
        account(1, Level.FIRM, 0, **everything),
        account(2, Level.MASTER, 1, **everything, **money, is_shared=True),
    ]
    rows += [account(3 + g, Level.OWNER_GROUP, 2, **everything) for g in range(groups)]
    rows += [
        account(3 + groups + a, Level.SUB_ACCOUNT, 3 + a // GROUP_SIZE, **everything, **money)
        for a in range(accounts)
    ]
    base = universe()
    return msgspec.structs.replace(
        base,
        accounts=tuple(rows),
        instruments=tuple(contract(handle + 1, model) for handle in range(instruments)),
        products=tuple(Product(product_index=p, name=f"P{p}", venue=1) for p in range(PRODUCTS)),
        sessions=tuple(
            msgspec.structs.replace(row, order_rate=FAST, replace_rate=FAST, cancel_rate=FAST)
            for row in base.sessions
        ),
        capacity=Capacity(
            orders=1 << 12,
            pairs=pairs,
            cl_ord_ids=1 << 12,
            products=(len(rows) + 2) * PRODUCTS,
            sides=16,
            days=(groups + 1) * instruments + 16,
            scans=(len(rows) + 2) * PRODUCTS,
            limits=4 * len(rows) * (PRODUCTS + 1),
        ),
    )


def tables_of(content: Universe, pairs: list[tuple[int, int]], *, is_filled: bool) -> Tables:
    """Marked tables with these pairs (account, instrument); filled: each is long two lots."""
    tables = risk_state.in_memory(content)
    step = Pretrade(tables)
    sequence = 0

    def run(row: np.ndarray[Any, Any]) -> None:
        nonlocal sequence
        sequence += 1
        row["sequence"] = sequence
        step.replay(row)

    run(tick(START_NS))
    for handle in range(1, len(content.instruments) + 1):
        run(mark(handle, 13_000))
    for number, (owner, handle) in enumerate(pairs, 1):
        if is_filled:
            run(order(number, account=owner, instrument=handle, order_qty=2))
            run(trade(1 << 32 | number, number, 2, 13_000))
        else:
            create_pair(tables, owner, handle)
    return tables


def orders_of(pairs: list[tuple[int, int]], seed: int, **fields: int) -> np.ndarray[Any, Any]:
    """One order for each pair: side, lots and price drawn, none crosses another."""
    draw = np.random.Generator(np.random.PCG64(seed))
    rows = np.concatenate(
        [
            order(1, account=owner, instrument=handle, **fields).view(RECORD)
            for owner, handle in pairs
        ]
    )
    buys = draw.integers(0, 2, len(rows)).astype(bool)
    rows["side"] = np.where(buys, BUY, SELL)
    rows["price"] = 13_000 + np.where(buys, -1, 1) * draw.integers(1, 100, len(rows))
    if "order_qty" not in fields:
        rows["order_qty"] = draw.integers(1, 10, len(rows))
    return rows
