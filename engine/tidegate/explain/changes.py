"""What a record changed in risk's state: tables before and after, word by word."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tidegate.explain.units import STATES, Speaker
from tidegate.native.records import NO_PRICE
from tidegate.native.tables import CREDIT_MAX
from tidegate.risk_state import OPEN_ORDERS_MAX
from tidegate.universe import Instrument

Arrays = dict[str, npt.NDArray[Any]]

# Tables in which a person looks for the effect of a record; the rest are indexes and counters.
SHOWN = (
    "orders",
    "pairs",
    "sides",
    "products",
    "balances",
    "accounts",
    "instruments",
    "sessions",
    "limits",
    "overrides",
    "cash_holds",
    "breaks",
    "currencies",
    "days",
)
STATE_FIELDS = frozenset(("trading_state", "graded_state"))
# Rows that are made at the first order of an account in an instrument.
HELD = ("held_qty", "fee_held", "premium_held", "ord_status")
MADE = ("pairs", "products", "limits")
# Links between rows and caches say nothing to a person.
HIDDEN = frozenset(
    (
        "next",
        "previous",
        "next_of_group",
        "previous_of_group",
        "next_dirty",
        "is_dirty",
        "fold_version",
        "first_order",
        "first_pair",
        "pair",
        "parent",
        "product",
        "balance",
        "identical_signature",
        "pad",
        "scan",
    )
)
MONEY = frozenset(
    (
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
        "margin_credit",
        "converted",
        "peak",
        "open_cost",
        "margin_longs",
        "margin_shorts",
        "converted_free",
        "short_cost",
        "lot_notional",
        "margin_long",
        "margin_short",
        "margin_long_today",
        "margin_short_today",
    )
)
PRICES = frozenset(
    (
        "price",
        "replace_price",
        "mark_px",
        "settlement_px",
        "average_px",
        "period_px",
        "collar_low",
        "collar_high",
    )
)


class Change(NamedTuple):
    """One word of the state: where, which, and its value before and after."""

    table: str
    row: str
    field: str
    before: int
    after: int
    text: str


def copy_of(arrays: Arrays) -> Arrays:
    """The shown tables as they are now."""
    return {name: arrays[name].copy() for name in SHOWN}


def changes(before: Arrays, after: Arrays, speaker: Speaker) -> list[Change]:
    """Every word that differs, table by table."""
    found: list[Change] = []
    stride = len(speaker.universe.currencies) + 1
    for table in SHOWN:
        old, new = before[table], after[table]
        differs = (_bytes(old) != _bytes(new)).any(axis=1)
        for index in np.flatnonzero(differs).tolist():
            instrument = _instrument(table, new[index], index, speaker)
            # A difference that is over has left its row.
            row = new[index] if table != "breaks" or new[index]["account"] else old[index]
            name = _name(table, row, index, speaker, stride)
            was, now = flat(old[index]), flat(new[index])
            if table == "orders" and was["order_id"] != now["order_id"]:
                now = {field: now[field] for field in HELD}
            if table in MADE and not was["account"]:
                found.append(Change(table, name, "made", 0, 1, "no row -> a row with its limits"))
                continue
            found.extend(
                Change(table, name, field, was[field], now[field], text)
                for field in now
                if was[field] != now[field]
                and not (isinstance(now[field], int) and is_unlimited(was[field], now[field]))
                and (text := _text(was[field], now[field], field, instrument, speaker))
            )
    return found


def is_unlimited(was: int, now: int) -> bool:
    """A credit of a limit that nobody stated: how it moves says nothing."""
    least = min(was, now)
    return least >= CREDIT_MAX >> 1 or OPEN_ORDERS_MAX >> 1 <= least <= OPEN_ORDERS_MAX


def flat(row: Any) -> dict[str, Any]:
    """A row's words by name, without links and padding; those of its credits by their own."""
    found: dict[str, Any] = {}
    for name in row.dtype.names:
        if name in HIDDEN:
            continue
        if row.dtype[name].names:
            prefix = "" if name == "all" else f"{name}."
            found |= {prefix + inner: row[name][inner].item() for inner in row.dtype[name].names}
        elif row.dtype[name].shape:
            found |= {f"{name}[{at}]": value for at, value in enumerate(row[name].tolist())}
        else:
            found[name] = row[name].item()
    return found


def _bytes(rows: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    return rows.view(np.uint8).reshape(len(rows), rows.dtype.itemsize)


def _instrument(table: str, row: Any, index: int, speaker: Speaker) -> Instrument | None:
    if table == "instruments":
        return speaker.instrument(index)
    names = row.dtype.names or ()
    return speaker.instrument(int(row["instrument"])) if "instrument" in names else None


def _name(table: str, row: Any, index: int, speaker: Speaker, stride: int) -> str:
    instrument = _instrument(table, row, index, speaker)
    symbol = instrument.symbol if instrument else ""
    if table == "orders":
        return f"order {int(row['order_id'])} of {speaker.account(int(row['account']))} in {symbol}"
    if table in ("pairs", "limits"):
        return f"{speaker.account(int(row['account']))} {symbol}".rstrip()
    if table == "breaks":
        of = symbol or speaker.currency(int(row["currency"]))
        return f"{speaker.account(int(row['account']))} {of}"
    if table == "products":
        product = speaker.universe.products[int(row["product"])].name
        return f"{speaker.account(int(row['account']))} {product}"
    if table == "balances":
        return f"{speaker.account(index // stride)} {speaker.currency(index % stride)}"
    if table == "accounts":
        return speaker.account(index)
    if table == "instruments":
        return symbol
    return f"{table} {index}"


def _text(was: Any, now: Any, field: str, instrument: Instrument | None, speaker: Speaker) -> str:
    if field in PRICES:
        return f"{_price(was, instrument, speaker)} -> {_price(now, instrument, speaker)}"
    if field in MONEY:
        return f"{speaker.money(was, None)} -> {speaker.money(now, None)}"
    if field == "ord_status":
        return f"{_status(was)} -> {_status(now)}"
    if field in STATE_FIELDS:
        return f"{STATES.get(was, was)} -> {STATES.get(now, now)}"
    if field.startswith("max_") or field.endswith("_credit"):
        return f"{_limit(was)} -> {_limit(now)}"
    return f"{was} -> {now}"


def _price(ticks: int, instrument: Instrument | None, speaker: Speaker) -> str:
    return "none" if ticks == NO_PRICE else speaker.price(ticks, instrument)


def _limit(amount: int) -> str:
    return "not stated" if amount == -1 or amount >= CREDIT_MAX >> 1 else str(amount)


def _status(code: int) -> str:
    names = {"A": "PendingNew", "0": "New", "1": "PartiallyFilled", "2": "Filled"}
    names |= {"4": "Canceled", "8": "Rejected", "C": "Expired"}
    return names.get(chr(code), "none") if code else "none"
