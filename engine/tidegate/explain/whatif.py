"""What would happen to an order: the checks run on a copy of risk's state, never on the state.

From a config the copy is the state at the start of a day; of a running system it is read from its
regions, between two changes by risk, which does not notice.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate import risk_state
from tidegate.errors import ConfigError
from tidegate.explain.explanation import Explanation, explain_record
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import (
    LAYOUT_VERSION,
    NO_PRICE,
    ORDER_RECORD,
    RECORD,
    Flag,
    Kind,
    OrdType,
    PositionEffect,
    Side,
    TimeInForce,
)
from tidegate.native.tables import DTYPES, Tables
from tidegate.prices import to_ticks
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

PATIENCE_S = 5.0
# Tables whose rows are taken in turn from row 1 on, and which counter of risk says how many.
ROWS_USED = {
    "pairs": "pair_count",
    "products": "group_count",
    "sides": "side_count",
    "scans": "scan_count",
    "days": "day_count",
    "orders": "order_slots_used",
}
# Nothing was sent: what explain says of the past, of what would be.
WOULD = (
    (" was refused. ", " would be refused. "),
    (
        " passed every check, was held on all levels and went to the venue.",
        " would pass every check, be held on all levels and go to the venue.",
    ),
)
EFFECTS = {
    "open": PositionEffect.OPEN,
    "close": PositionEffect.CLOSE,
    "close-today": PositionEffect.CLOSE_TODAY,
    "close-yesterday": PositionEffect.CLOSE_YESTERDAY,
}


def copy_live(run_dir: RunDir) -> Tables:
    """Risk's tables as they stood between two of its steps; RegionError when it never rests.

    Without the cl_ord_ids of the day: any id is then new, and so is that of an order to try.
    """
    regions = {name: Region.attach(run_dir.region(name), DTYPES[name]) for name in DTYPES}
    try:
        copies = {name: np.zeros(len(one.rows), DTYPES[name]) for name, one in regions.items()}
        return Tables(regions["risk"].between_changes(lambda: _copy(regions, copies), PATIENCE_S))
    finally:
        for region in regions.values():
            region.close()


def _copy(
    regions: dict[str, Region], copies: dict[str, npt.NDArray[Any]]
) -> dict[str, npt.NDArray[Any]]:
    """Only rows that are in use: a copy must fit between two steps of a busy day."""
    copies["risk"][:] = regions["risk"].rows
    for name, region in regions.items():
        if name in ROWS_USED:
            used = int(copies["risk"][ROWS_USED[name]][0]) + 1
            copies[name][:used] = region.rows[:used]
        elif name not in ("risk", "cl_ord_ids"):
            copies[name][:] = region.rows
    return copies


def what_if(content: Universe, tables: Tables, order: npt.NDArray[Any]) -> Explanation:
    """Assess and run `order` as the next record over `tables`, which are used up by it."""
    order["sequence"] = int(tables.arrays["risk"]["sequence"][0]) + 1
    order["received_ns"] = int(tables.arrays["risk"]["now_ns"][0])
    found = explain_record(content, tables, Pretrade(tables), order)
    said = found.sentence
    for done, would in WOULD:
        said = said.replace(done, would)
    return found._replace(sentence=said)


def order_record(
    content: Universe,
    *,
    account: str,
    side: str,
    order_qty: int,
    symbol: str,
    price: str | None,
    effect: str | None = None,
    reduce_only: bool = False,
) -> npt.NDArray[Any]:
    """A NEW_ORDER_SINGLE from names and decimals; ConfigError or PriceError says what is wrong."""
    accounts = {row.name: row for row in content.accounts}
    instruments = {row.symbol: row for row in content.instruments}
    if account not in accounts:
        raise ConfigError(f"account {account!r}: unknown; expected one of {_some(accounts)}")
    if symbol not in instruments:
        raise ConfigError(f"instrument {symbol!r}: unknown; expected one of {_some(instruments)}")
    if side.upper() not in ("BUY", "SELL"):
        raise ConfigError(f"side {side!r}: expected BUY or SELL")
    if effect is not None and effect not in EFFECTS:
        raise ConfigError(f"position effect {effect!r}: expected one of {', '.join(EFFECTS)}")
    instrument = instruments[symbol]
    row = np.zeros(1, ORDER_RECORD)
    row["kind"] = Kind.NEW_ORDER_SINGLE
    row["layout_version"] = LAYOUT_VERSION
    row["flags"] = Flag.REDUCE_ONLY if reduce_only else 0
    row["cl_ord_id"] = 2**64 - 1
    row["session"] = accounts[account].session or 1
    row["account"] = accounts[account].handle
    row["instrument"] = instrument.handle
    row["side"] = Side[side.upper()]
    row["order_qty"] = order_qty
    row["ord_type"] = OrdType.MARKET if price is None else OrdType.LIMIT
    row["price"] = NO_PRICE if price is None else to_ticks(price, instrument.tick_size)
    row["time_in_force"] = TimeInForce.DAY
    if effect is not None:
        row["position_effect"] = EFFECTS[effect]
    elif instrument.has_sides:
        row["position_effect"] = PositionEffect.OPEN
    return row.view(RECORD)


def from_config(content: Universe, now_ns: int) -> Tables:
    """The state at the start of a day, at `now_ns`, with settlement prices as marks."""
    tables = risk_state.in_memory(content)
    tell(tables, Kind.TICK, received_ns=now_ns)
    for instrument in content.instruments:
        if instrument.settlement is not None:
            tell(tables, Kind.MARK, instrument=instrument.handle, price=instrument.settlement)
    return tables


def assume_mark(content: Universe, tables: Tables, symbol: str, price: str) -> None:
    """Try the order against this reference price; PriceError when it is between two ticks."""
    for instrument in content.instruments:
        if instrument.symbol == symbol:
            ticks = to_ticks(price, instrument.tick_size)
            tell(tables, Kind.MARK, instrument=instrument.handle, price=ticks)


def tell(tables: Tables, kind: Kind, **fields: int) -> None:
    """Run one record over the copy."""
    row = np.zeros(1, RECORD)
    row["kind"] = kind
    row["layout_version"] = LAYOUT_VERSION
    row["sequence"] = int(tables.arrays["risk"]["sequence"][0]) + 1
    for name, value in fields.items():
        row[name] = value
    Pretrade(tables).step(row)


def _some(names: dict[str, Any]) -> str:
    listed = list(names)
    return ", ".join(listed[:8]) + (", ..." if len(listed) > 8 else "")
