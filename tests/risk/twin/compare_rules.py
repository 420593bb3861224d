"""The rest of compare: parameters, limits as they stand, overrides, cash holds, ids of the day."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.native.records import NO_PRICE, LimitKind
from tidegate.native.tables import NO_LIMIT
from twin.margin import lot_notional
from twin.state import LIMIT_NAMES, Contract, State, Trader

Arrays = dict[str, npt.NDArray[Any]]
Found = Iterator[tuple[str, object, object]]
SCAN = ("intra_rate", "delivery_rate", "short_option_rate")
OF_ACCOUNT = {
    "leverage_max": "leverage_max",
    "concentration_permille": "concentration",
    "executions_max": "executions_max",
    "day_orders_max": "day_orders_max",
}


def used(arrays: Arrays, name: str, field: str) -> list[dict[str, Any]]:
    """Rows of a table in which a field is not 0."""
    table = arrays[name]
    found = table[table[field] != 0]
    return [dict(zip(table.dtype.names or (), row, strict=True)) for row in found.tolist()]


def of_rules(s: State, arrays: Arrays) -> Found:
    yield from of_prices(s, arrays)
    yield from of_limits(s, arrays)
    yield from of_overrides(s, arrays)
    yield from of_cash_holds(s, arrays)
    yield from of_ids(s, arrays)
    yield from of_breaks(s, arrays)
    yield from of_matches(s, arrays)
    for handle, t in s.traders.items():
        row = arrays["accounts"][handle]
        for field, own in OF_ACCOUNT.items():
            value = getattr(t, own)
            name = f"account {handle} {field}"
            yield name, int(row[field]), NO_LIMIT if value is None else value


def of_prices(s: State, arrays: Arrays) -> Found:
    for handle, contract in s.contracts.items():
        row = arrays["instruments"][handle]
        name = f"instrument {handle}"
        settled = NO_PRICE if contract.settlement is None else contract.settlement
        yield f"{name} settlement", int(row["settlement_px"]), settled
        yield f"{name} is_settled", int(row["is_settled"]), int(contract.is_settled)
        if contract.mark is not None:
            yield f"{name} mark_ns", int(row["mark_ns"]), contract.mark_ns
            yield f"{name} lot_notional", int(row["lot_notional"]), lot_notional(s, handle)
        yield from of_scan(contract, row, name)
        for owner, prefix in (("client", "margin"), ("exchange", "exchange")):
            for side in ("long", "short"):
                seen = int(row[f"{prefix}_{side}_lot"]), int(row[f"{prefix}_{side}_ppm"])
                yield f"{name} {prefix}_{side}", seen, contract.rates[owner, side]


def of_scan(contract: Contract, row: Any, name: str) -> Found:
    if scan := contract.scan:
        yield f"{name} scan", tuple(row["scan"].tolist()), tuple(scan.losses)
        yield f"{name} delta", int(row["scan_delta"]), scan.delta
        for field in SCAN:
            yield f"{name} {field}", int(row[field]), getattr(scan, field)


def stated(t: Trader, key: tuple[int, int]) -> tuple[int, ...]:
    own = t.limits.get(key, {})
    return (t.locks.get(key, 0), *(own.get(name, -1) for name in LIMIT_NAMES))


def of_limits(s: State, arrays: Arrays) -> Found:
    """A row for each scope that states something; one that states nothing may be there."""
    names = ("side_lock", *LIMIT_NAMES)
    found = {}
    for row in used(arrays, "limits", "account"):
        key = row["account"], row["instrument"], row["product"]
        found[key] = tuple(row[name] for name in names)
    nothing = (0, *(-1 for _ in LIMIT_NAMES))
    for handle, t in s.traders.items():
        for key in {*t.limits, *t.locks}:
            seen = found.pop((handle, *key), nothing)
            yield f"limits of {handle} at {key}", seen, stated(t, key)
    for key3, seen in found.items():
        yield f"limits {key3}", seen, nothing


def of_overrides(s: State, arrays: Arrays) -> Found:
    seen = {
        (row["limit_kind"], row["account"], row["instrument"], row["product"], row["currency"]): row
        for row in used(arrays, "overrides", "limit_kind")
    }
    yield "overrides", sorted(seen), sorted(s.overrides)
    rates = {
        LimitKind.LIMIT_ORDER_RATE,
        LimitKind.LIMIT_REPLACE_RATE,
        LimitKind.LIMIT_CANCEL_RATE,
    }
    for key in set(seen) & set(s.overrides):
        own = s.overrides[key]
        yield f"override {key} expires", seen[key]["expires_ns"], own.expires
        if key[0] not in rates:
            base = -1 if own.base is None else own.base
            yield f"override {key} base", seen[key]["base_value"], base


def of_cash_holds(s: State, arrays: Arrays) -> Found:
    names = ("account", "currency", "amount", "to_account")
    seen = {
        row["request"]: tuple(row[name] for name in names)
        for row in used(arrays, "cash_holds", "request")
    }
    own = {
        number: tuple(getattr(hold, name) for name in names)
        for number, hold in s.cash_holds.items()
    }
    yield "cash holds", seen, own


def of_ids(s: State, arrays: Arrays) -> Found:
    """Every cl_ord_id of the day, with what became of it."""
    table = arrays["cl_ord_ids"]
    found = table[table["session"] != 0]
    names = ("session", "cl_ord_id", "order_qty", "cum_qty", "reason", "is_past")
    seen = set(zip(*(found[name].tolist() for name in names), strict=True))
    own = {
        (*key, one.first or one.qty, one.cum, one.reason, int(one.is_past))
        for key, one in s.ids.items()
    }
    yield "ids of the day", sorted(seen - own), sorted(own - seen)
    ended = set(found["cl_ord_id"][found["order_id"] == 0].tolist())
    yield "denied ids", ended, {key[1] for key, one in s.ids.items() if not one.order}


def of_breaks(s: State, arrays: Arrays) -> Found:
    seen = {
        (row["account"], row["instrument"], row["currency"], row["order_id"]): (
            row["amount"],
            row["since_ns"],
            row["is_dismissed"],
        )
        for row in used(arrays, "breaks", "account")
    }
    own = {key: (b.amount, b.since, int(b.is_dismissed)) for key, b in s.breaks.items()}
    yield "breaks", seen, own
    for handle in s.traders:
        row = arrays["accounts"][handle]
        yield f"account {handle} breaks", int(row["breaks"]), s.breaks_of(handle)


def of_matches(s: State, arrays: Arrays) -> Found:
    pairs = arrays["pairs"]
    for index in np.flatnonzero(pairs["day"]).tolist():
        key = int(pairs["account"][index]), int(pairs["instrument"][index])
        row = arrays["days"][int(pairs["day"][index])]
        seen = int(row["last_match_id"]), int(row["last_match_side"])
        if seen != (0, 0) or key in s.days:
            yield f"day {key} match", seen, s.days[key].last_match
