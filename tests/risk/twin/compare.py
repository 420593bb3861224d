"""The twin against the tables of the compiled step: every word that follows from what it keeps."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.native.records import NO_PRICE
from tidegate.native.tables import NO_LIMIT
from twin.balances import Balance, converted, converted_free, rates
from twin.checks import max_of
from twin.compare_rules import of_rules
from twin.machine import Twin
from twin.margin import (
    Lots,
    collar,
    frozen,
    lot_margins,
    of_product,
    pair_margin,
    product_margin,
    product_sides,
    scan_parts,
    working,
    worst_of,
)
from twin.state import COUNTS, CREDIT_MAX, OPEN_ORDERS_MAX, State

Arrays = dict[str, npt.NDArray[Any]]
Found = Iterator[tuple[str, object, object]]
OPEN = (ord("A"), ord("0"), ord("1"))


def as_dict(dtype: Any, values: Any) -> dict[str, Any]:
    """A row of tolist() by field; nested structs are dicts again."""
    found = {}
    for name, value in zip(dtype.names, values, strict=True):
        if isinstance(value, tuple):
            found[name] = as_dict(dtype[name], value)
        else:
            found[name] = value.tolist() if isinstance(value, np.ndarray) else value
    return found


def rows(arrays: Arrays, name: str, count: int | None = None) -> list[dict[str, Any]]:
    """Rows 1 .. count of a table."""
    table = arrays[name]
    part = table[1:] if count is None else table[1 : count + 1]
    return [as_dict(table.dtype, values) for values in part.tolist()]


def compare(twin: Twin, arrays: Arrays) -> list[str]:
    """What differs, in words; empty when nothing does."""
    s = twin.state
    lots = working(s)
    risk = as_dict(arrays["risk"].dtype, arrays["risk"].tolist()[0])
    found: list[str] = []
    for part in (
        of_risk(s, risk),
        of_instruments(s, arrays),
        of_accounts(s, arrays, lots),
        of_pairs(s, arrays, risk, lots),
        of_products(s, arrays, risk, lots),
        of_days(s, arrays, risk),
        of_balances(s, arrays, lots),
        of_orders(s, arrays),
        of_sessions(s, arrays),
        of_rules(s, arrays),
    ):
        found += [f"{name}: {seen!r}, twin {own!r}" for name, seen, own in part if seen != own]
    return found


def of_risk(s: State, risk: dict[str, Any]) -> Found:
    yield "now_ns", risk["now_ns"], s.now
    yield "open_orders", risk["open_orders"], len(s.open)
    yield "cl_ord_id_count", risk["cl_ord_id_count"], len(s.ids)
    yield "margin_epoch", risk["margin_epoch"], s.epoch
    yield "staged_count", risk["staged_count"], len(s.staged)
    yield "override_count", risk["override_count"], len(s.overrides)
    yield "break_count", risk["break_count"], len(s.breaks)
    yield "taken", risk["taken"], s.taken
    yield "given", risk["given"], s.given
    yield "business_day", risk["business_day"], s.business_day
    yield "cash_hold_count", risk["cash_hold_count"], len(s.cash_holds)
    for name in COUNTS:
        yield name, risk[name], s.counts[name]
    for reason, count in enumerate(risk["denied_by_reason"]):
        yield f"denied_by_reason[{reason}]", count, s.denied_by[reason]


def of_instruments(s: State, arrays: Arrays) -> Found:
    for row, contract in zip(rows(arrays, "instruments"), s.contracts.values(), strict=True):
        name = f"instrument {contract.row.symbol}"
        band = collar(s, contract.row.handle)
        low, high = band or (-NO_LIMIT, NO_LIMIT)
        yield f"{name} mark", row["mark_px"], NO_PRICE if contract.mark is None else contract.mark
        yield f"{name} collar", (row["collar_low"], row["collar_high"]), (low, high)
        yield f"{name} state", row["trading_state"], contract.state
        yield f"{name} phase", row["phase"], contract.phase
        yield f"{name} lock", row["side_lock"], contract.lock
        for owner, prefix in (("client", "margin"), ("exchange", "exchange")):
            for side, value in lot_margins(contract, owner).items():
                if side in ("long", "short") or contract.row.margin_model == "sides":
                    own = -1 if value is None else value
                    yield f"{name} {prefix}_{side}", row[f"{prefix}_{side}"], own
        for kind in ("order", "replace", "cancel"):
            own = getattr(contract.buckets, kind).next
            yield f"{name} {kind}_rate", row[f"{kind}_rate"]["next_ns"], own


def of_accounts(s: State, arrays: Arrays, lots: Lots) -> Found:
    for row, t in zip(rows(arrays, "accounts"), s.traders.values(), strict=True):
        name = f"account {t.row.handle}"
        yield f"{name} state", row["trading_state"], t.state
        yield f"{name} graded_state", row["graded_state"], t.graded
        yield f"{name} is_slowed", row["is_slowed"], int(t.is_slowed)
        yield f"{name} grades", row["grades"], t.grades
        yield f"{name} side_lock", row["side_lock"], t.locks.get((0, 0), 0)
        yield f"{name} last_order_ns", row["last_order_ns"], t.last_order
        yield f"{name} executions", row["executions"], t.executions
        yield f"{name} day_orders", row["day_orders"], t.day_orders
        yield f"{name} fill_count", row["fill_count"], t.fill_count
        own = list(zip(*t.identical, strict=True))
        names = "identical_signature", "identical_count", "identical_since_ns"
        for field, values in zip(names, own, strict=True):
            yield f"{name} {field}", row[field], list(values)
        for kind in ("order", "replace", "cancel"):
            bucket = getattr(t.buckets, kind)
            seen = row[f"{kind}_rate"]
            yield (
                f"{name} {kind}_rate",
                tuple(seen.values()),
                (
                    bucket.interval,
                    bucket.tolerance,
                    bucket.next,
                ),
            )
        if t.row.is_converted:
            free = converted_free(s, t.row.handle, lots)
            yield f"{name} converted_free", row["converted_free"], free
        yield from of_credits(s, lots, t.row.handle, (0, 0), list(s.contracts), row["all"], name)


def of_credits(
    s: State,
    lots: Lots,
    level: int,
    key: tuple[int, int],
    ones: list[int],
    seen: dict[str, int],
    name: str,
) -> Found:
    """Credits = maximum less the worst size; the twin knows the two."""
    t = s.traders[level]
    used = worst_of(s, lots, level, ones)
    for side, field in (
        ("long", "buy_credit"),
        ("short", "sell_credit"),
        ("gross", "gross_credit"),
    ):
        most = max_of(t, key, f"max_{side}")
        most = CREDIT_MAX if most is None else most
        yield f"{name} max_{side}", seen[f"max_{side}"], most
        yield f"{name} {field}", seen[field], most - getattr(used, side)
    stated = max_of(t, key, "max_open_orders")
    count = sum(
        order.instrument in ones and level in s.traders[order.account].chain
        for order in s.open.values()
    )
    own = (OPEN_ORDERS_MAX if stated is None else stated) - count
    yield f"{name} order_credit", seen["order_credit"], own


def of_pairs(s: State, arrays: Arrays, risk: dict[str, Any], lots: Lots) -> Found:
    known = set()
    sides = rows(arrays, "sides", risk["side_count"])
    for row in rows(arrays, "pairs", risk["pair_count"]):
        level, one = row["account"], row["instrument"]
        known.add((level, one))
        name = f"pair ({level}, {one})"
        book = s.book(level, one)
        yield f"{name} net", row["net"], book.net
        yield f"{name} open_cost", row["open_cost"], book.cost
        yield f"{name} bought_qty", row["bought_qty"], book.bought
        yield f"{name} fill_count", row["fill_count"], book.fill_count
        yield f"{name} margin", row["margin"], pair_margin(s, lots, level, one)
        yield (
            f"{name} period",
            (row["period_px"], row["period_since_ns"]),
            (
                book.period_px,
                book.period_since,
            ),
        )
        yield from of_credits(s, lots, level, (one, 0), [one], row["all"], name)
        if row["sides"]:
            yield from of_sides(s, level, one, sides[row["sides"] - 1], name)
    for key, book in s.books.items():
        if key not in known:
            yield f"pair {key} net", 0, book.net


def of_sides(s: State, level: int, one: int, row: dict[str, Any], name: str) -> Found:
    book = s.book(level, one)
    for side in ("long", "short"):
        for day in ("today", "yesterday"):
            own = getattr(book, f"{side}_{day}")
            yield f"{name} {side}_{day}", row[f"{side}_{day}"], own
        yesterday, today = frozen(s, level, one, side == "short")
        yield f"{name} frozen_{side}_today", row[f"frozen_{side}_today"], today
        yield f"{name} frozen_{side}_yesterday", row[f"frozen_{side}_yesterday"], yesterday
        own = getattr(book, f"charged_{side}")
        yield f"{name} charged_{side}_today", row[f"charged_{side}_today"], own
        own = getattr(book, f"{side}_today_cost")
        yield f"{name} {side}_today_cost", row[f"{side}_today_cost"], own
    yield f"{name} short_cost", row["short_cost"], book.short_cost


def of_products(s: State, arrays: Arrays, risk: dict[str, Any], lots: Lots) -> Found:
    scans = rows(arrays, "scans", risk["scan_count"])
    for row in rows(arrays, "products", risk["group_count"]):
        level, product = row["account"], row["product"]
        name = f"product ({level}, {product})"
        yield f"{name} margin", row["margin"], product_margin(s, lots, level, product)
        t = s.traders[level]
        ones = of_product(s, product)
        yield from of_credits(s, lots, level, (0, product + 1), ones, row["all"], name)
        if found := t.protections.get(product):
            own = found.since, found.qty, found.delta, int(found.is_pulled)
        else:
            own = (0, 0, 0, 0)
        names = ("since_ns", "qty", "delta")
        seen = (*(row[f"protection_{one}"] for one in names), row["is_pulled"])
        yield f"{name} protection", seen, own
        if row["margin"] and any(s.contracts[one].row.is_max_side for one in ones):
            both = product_sides(s, lots, level, product)
            yield f"{name} sides", (row["margin_longs"], row["margin_shorts"]), both
        if row["scan"] and row["margin"]:
            parts = scan_parts(s, lots, level, product)
            scan = scans[row["scan"] - 1]
            for field, value in parts.items():
                yield f"{name} scan {field}", scan[field], value


def of_days(s: State, arrays: Arrays, risk: dict[str, Any]) -> Found:
    days = rows(arrays, "days", risk["day_count"])
    for row in rows(arrays, "pairs", risk["pair_count"]):
        if not row["day"]:
            continue
        key = row["account"], row["instrument"]
        found = days[row["day"] - 1]
        day = s.day(*key)
        assert day is not None
        for name in ("orders", "replaces", "cancels", "large_cancels", "self_trades", "trades"):
            yield f"day {key} {name}", found[name], getattr(day, name)


def of_balances(s: State, arrays: Arrays, lots: Lots) -> Found:
    width = len(s.currencies) + 1
    table = arrays["balances"]
    everything = [as_dict(table.dtype, values) for values in table.tolist()]
    for account, t in s.traders.items():
        for currency in s.currencies:
            row = everything[account * width + currency]
            balance = Balance(s, account, currency, lots)
            name = f"balance ({account}, {currency})"
            for field in (
                "cash",
                "initial_cash",
                "credit_line",
                "margin",
                "fee_held",
                "premium_held",
                "cash_held",
                "unrealised",
                "fees",
                "notional",
            ):
                yield f"{name} {field}", row[field], getattr(balance, field)
            key = account, currency
            yield f"{name} margin_credit", row["margin_credit"], s.margin_credit[key]
            yield f"{name} peak", row["peak"], s.peaks[key]
            yield f"{name} is_checked", row["is_checked"], int(currency in t.checked)
            yield f"{name} max_loss", row["max_loss"], t.max_loss.get(currency, NO_LIMIT)
            if t.row.is_converted and rates(s, currency):
                own = converted(s, currency, balance.available)
                yield f"{name} converted", row["converted"], own


def of_orders(s: State, arrays: Arrays) -> Found:
    table = arrays["orders"]
    working = table[np.isin(table["ord_status"], OPEN)].tolist()
    known = (as_dict(table.dtype, values) for values in working)
    found = {(row["session"], row["cl_ord_id"]): row for row in known}
    own = {(order.session, order.cl_ord_id): order for order in s.open.values()}
    yield "open orders", sorted(found), sorted(own)
    for key in set(found) & set(own):
        row, order = found[key], own[key]
        for field, value in (
            ("price", order.price),
            ("order_qty", order.qty),
            ("cum_qty", order.cum),
            ("held_qty", order.held),
            ("fee_held", order.fee),
            ("premium_held", order.premium),
            ("frozen_today", order.frozen_today),
            ("account", order.account),
            ("ord_status", ord(order.status)),
            ("is_cancel_pending", int(order.cancel is not None)),
            ("is_replace_pending", int(order.replace is not None)),
            ("is_staged", int(order.is_staged)),
            ("exec_id", order.exec_id),
            ("cancel_reason", order.cancel_reason),
        ):
            yield f"order {key} {field}", row[field], value


def of_sessions(s: State, arrays: Arrays) -> Found:
    for row, (handle, desk) in zip(rows(arrays, "sessions"), s.desks.items(), strict=True):
        name = f"session {handle}"
        yield f"{name} state", row["trading_state"], desk.state
        yield f"{name} list", (row["list_id"], row["list_taken"]), (desk.list_id, desk.list_taken)
        count = sum(order.session == handle for order in s.open.values())
        yield f"{name} open_orders", row["open_orders"], count
        for kind in ("order", "replace", "cancel"):
            own = getattr(desk.buckets, kind).next
            yield f"{name} {kind}_rate", row[f"{kind}_rate"]["next_ns"], own
