"""Risk's tables as plain Python integers, and what every part of the audit asks of them."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy.typing as npt

from tidegate.native.records import Level, OrdType, PositionEffect, Side

OPEN = frozenset(map(ord, "A01"))
SLOT = 0xFFFFFFFF
CLOSES = frozenset(
    map(int, (PositionEffect.CLOSE, PositionEffect.CLOSE_TODAY, PositionEffect.CLOSE_YESTERDAY))
)

Arrays = Mapping[str, npt.NDArray[Any]]
Row = dict[str, Any]


class State(NamedTuple):
    """The tables row by row, as far as they are used; row 0 of each is unused.

    limits, cash_holds, breaks and cl_ord_ids have only the rows that are taken.
    """

    risk: Row
    currencies: list[Row]
    instruments: list[Row]
    accounts: list[Row]
    products: list[Row]
    scans: list[Row]
    pairs: list[Row]
    sides: list[Row]
    days: list[Row]
    balances: list[Row]
    limits: dict[tuple[int, int, int], Row]
    fees: list[Row]
    cash_holds: list[Row]
    breaks: list[Row]
    orders: list[Row]
    cl_ord_ids: list[Row]
    sessions: list[Row]
    pair_index: list[int]
    product_index: list[int]

    @property
    def currency_count(self) -> int:
        """Balances of an account; currency 0 is unused."""
        return len(self.currencies)

    @property
    def tier_count(self) -> int:
        """Rows of fees of an instrument."""
        return len(self.fees) // len(self.instruments)


def read(arrays: Arrays) -> State:
    """Copies of all rows in use. The arrays may be regions that others write."""
    risk = _rows(arrays["risk"], 1)[0]
    limits = _rows(arrays["limits"][arrays["limits"]["account"] != 0])
    return State(
        risk=risk,
        currencies=_rows(arrays["currencies"]),
        instruments=_rows(arrays["instruments"]),
        accounts=_rows(arrays["accounts"]),
        products=_rows(arrays["products"], risk["group_count"] + 1),
        scans=_rows(arrays["scans"], risk["scan_count"] + 1),
        pairs=_rows(arrays["pairs"], risk["pair_count"] + 1),
        sides=_rows(arrays["sides"], risk["side_count"] + 1),
        days=_rows(arrays["days"], risk["day_count"] + 1),
        balances=_rows(arrays["balances"]),
        limits={(row["account"], row["instrument"], row["product"]): row for row in limits},
        fees=_rows(arrays["fees"]),
        cash_holds=_rows(arrays["cash_holds"][arrays["cash_holds"]["request"] != 0]),
        breaks=_rows(arrays["breaks"][arrays["breaks"]["account"] != 0]),
        orders=_rows(arrays["orders"], risk["order_slots_used"] + 1),
        cl_ord_ids=_rows(arrays["cl_ord_ids"][arrays["cl_ord_ids"]["session"] != 0]),
        sessions=_rows(arrays["sessions"]),
        pair_index=arrays["pair_index"][arrays["pair_index"] != 0].tolist(),
        product_index=arrays["product_index"][arrays["product_index"] != 0].tolist(),
    )


def _rows(array: npt.NDArray[Any], used: int | None = None) -> list[Row]:
    make = _maker(array.dtype)
    return [make(row) for row in array[:used].tolist()]


def _maker(dtype: Any) -> Callable[[Any], Row]:
    """Turns a row's tuple into a dict, rows within rows too."""
    names = dtype.names
    nested = {name: _maker(dtype[name]) for name in names if dtype[name].names}

    def make(row: Any) -> Row:
        found = dict(zip(names, row, strict=True))
        for name, inner in nested.items():
            found[name] = inner(found[name])
        return found

    return make


def differs(where: str, what: str, found: int, expected: int) -> Iterator[str]:
    """The sentence that says so, if it does."""
    if found != expected:
        yield f"{where}: {what} is {found}; recomputed {expected}"


def open_orders(state: State) -> Iterator[tuple[int, Row]]:
    """Orders that may still fill, with their slots."""
    for slot, order in enumerate(state.orders):
        if slot and order["ord_status"] in OPEN:
            yield slot, order


def chain(state: State, account: int) -> list[int]:
    """The account and the levels above it."""
    row = state.accounts[account]
    return list(row["chain"][: row["chain_count"]])


def children(state: State) -> dict[int, list[int]]:
    """The accounts right below each."""
    found: dict[int, list[int]] = defaultdict(list)
    for account in range(1, len(state.accounts)):
        above = chain(state, account)
        if len(above) > 1:
            found[above[1]].append(account)
    return found


def senders(state: State) -> set[int]:
    """Accounts of which an order is known: what they hold is more than what those below do."""
    return {order["account"] for order in state.orders[1:]}


def members(state: State) -> dict[int, list[int]]:
    """The accounts that draw on each pool."""
    found: dict[int, list[int]] = defaultdict(list)
    for account, row in enumerate(state.accounts):
        if row["pool"]:
            found[row["pool"]].append(account)
    return found


def has_money(state: State, account: int) -> bool:
    """The level backs what its own pairs hold: it sends orders or is shared, and is no pool."""
    row = state.accounts[account]
    return bool((row["level"] >= Level.SUB_ACCOUNT or row["is_shared"]) and not row["is_pool"])


def own_deposits(state: State) -> list[int]:
    """initial_cash of each balance, its members' taken off."""
    found = [int(row["initial_cash"]) for row in state.balances]
    own = list(found)
    for pool, drawing in members(state).items():
        for currency in range(1, state.currency_count):
            for member in drawing:
                own[pool * state.currency_count + currency] -= found[
                    member * state.currency_count + currency
                ]
    return own


def pair_name(pair: Row) -> str:
    """How sentences call a pair."""
    return f"account {pair['account']} in instrument {pair['instrument']}"


def balance_name(state: State, index: int) -> str:
    """How sentences call a balance."""
    return f"account {index // state.currency_count} in currency {index % state.currency_count}"


def balance_index(state: State, account: int, instrument: int) -> int:
    """Where the account's money in the instrument's currency stands."""
    return account * state.currency_count + int(state.instruments[instrument]["currency"])


def is_buy(order: Row) -> bool:
    """Which side the order is of."""
    return bool(order["side"] == Side.BUY)


def is_freezing(state: State, order: Row) -> bool:
    """It closes lots that are kept by side."""
    has_sides = state.instruments[order["instrument"]]["has_sides"]
    return bool(has_sides and order["position_effect"] in CLOSES)


def is_market(order: Row) -> bool:
    """It has no price of its own."""
    return bool(order["ord_type"] == OrdType.MARKET)


def ceil_ppm(value: int, ppm: int) -> int:
    """ppm of a size, rounded up."""
    return -(-abs(value) * ppm // 1_000_000)
