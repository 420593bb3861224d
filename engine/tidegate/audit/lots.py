"""Lots: worst sizes, gross, frozen lots and counts of orders, from orders and nets alone."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from tidegate.audit.state import (
    CLOSES,
    Row,
    State,
    chain,
    children,
    differs,
    is_buy,
    is_freezing,
    open_orders,
    pair_name,
    senders,
)
from tidegate.native.records import Flag
from tidegate.native.tables import CREDIT_MAX

ORDERS_MAX = 1 << 30
FROZEN = (
    "frozen_long_today",
    "frozen_long_yesterday",
    "frozen_short_today",
    "frozen_short_yesterday",
)
SUMMED = ("net", "bought_qty", "fill_count")
SUMMED_SIDES = (
    "long_today",
    "long_yesterday",
    "short_today",
    "short_yesterday",
    "charged_long_today",
    "charged_short_today",
)


class Worst(NamedTuple):
    """Of one pair: what its working orders can make of its position."""

    longs: int
    shorts: int
    gross: int


class Working:
    """What the open orders at or below an account have in an instrument."""

    def __init__(self) -> None:
        self.buys = 0
        self.sells = 0
        self.orders = 0
        self.reduce_only = 0
        self.frozen = dict.fromkeys(FROZEN, 0)


def working(state: State) -> dict[tuple[int, int], Working]:
    """By (account, instrument), every level."""
    found: dict[tuple[int, int], Working] = defaultdict(Working)
    for _, order in open_orders(state):
        for account in chain(state, order["account"]):
            _add(state, found[account, order["instrument"]], order)
        own = found[order["account"], order["instrument"]]
        own.reduce_only += is_reduce_only(state, order)
    return found


def is_reduce_only(state: State, order: Row) -> bool:
    """It may never turn a position: by its flag, or as a close in a net instrument."""
    has_sides = state.instruments[order["instrument"]]["has_sides"]
    is_close = order["position_effect"] in CLOSES and not has_sides
    return bool(order["flags"] & Flag.REDUCE_ONLY or is_close)


def _add(state: State, to: Working, order: Row) -> None:
    to.orders += 1
    if is_freezing(state, order):
        side = "short" if is_buy(order) else "long"
        to.frozen[f"frozen_{side}_today"] += order["frozen_today"]
        to.frozen[f"frozen_{side}_yesterday"] += order["held_qty"] - order["frozen_today"]
    elif is_buy(order):
        to.buys += order["held_qty"]
    else:
        to.sells += order["held_qty"]


def worst_sizes(state: State) -> list[Worst]:
    """Of every pair, as RISK.md 1 says. Row 0 is empty."""
    held = working(state)
    found = [Worst(0, 0, 0)]
    for pair in state.pairs[1:]:
        orders = held.get((pair["account"], pair["instrument"]), Working())
        if state.instruments[pair["instrument"]]["has_sides"]:
            sides = state.sides[pair["sides"]]
            longs = sides["long_today"] + sides["long_yesterday"] + orders.buys
            shorts = sides["short_today"] + sides["short_yesterday"] + orders.sells
            gross = longs + shorts
        else:
            longs = pair["net"] + orders.buys
            shorts = orders.sells - pair["net"]
            gross = max(abs(longs), abs(shorts))
        found.append(Worst(longs, shorts, gross))
    return found


def audit_lots(state: State, worst: list[Worst]) -> Iterator[str]:
    """Credits, gross and counts at every pair, product and account."""
    held = working(state)
    seen = {(pair["account"], pair["instrument"]) for pair in state.pairs[1:]}
    for account, instrument in held:
        if (account, instrument) not in seen:
            yield f"account {account} in instrument {instrument}: orders are held without a row"
    for index, pair in enumerate(state.pairs[1:], 1):
        where = pair_name(pair)
        orders = held.get((pair["account"], pair["instrument"]), Working())
        yield from _credits(where, pair["all"], worst[index], orders.orders)
        yield from differs(
            where, "reduce_only_orders", pair["reduce_only_orders"], orders.reduce_only
        )
        yield from _sides(state, where, pair, orders)
    yield from _sums(state, worst, held)
    yield from _maxima(state)


def _credits(where: str, credit: Row, worst: Worst, orders: int) -> Iterator[str]:
    yield from differs(where, "buy_credit", credit["buy_credit"], credit["max_long"] - worst.longs)
    yield from differs(
        where, "sell_credit", credit["sell_credit"], credit["max_short"] - worst.shorts
    )
    yield from differs(
        where, "gross_credit", credit["gross_credit"], credit["max_gross"] - worst.gross
    )
    yield from differs(
        where, "order_credit", credit["order_credit"], credit["max_open_orders"] - orders
    )


def _sides(state: State, where: str, pair: Row, orders: Working) -> Iterator[str]:
    if not state.instruments[pair["instrument"]]["has_sides"]:
        yield from differs(where, "sides", pair["sides"], 0)
        return
    sides = state.sides[pair["sides"]]
    longs = sides["long_today"] + sides["long_yesterday"]
    shorts = sides["short_today"] + sides["short_yesterday"]
    yield from differs(where, "net", pair["net"], longs - shorts)
    for name in FROZEN:
        yield from differs(where, name, sides[name], orders.frozen[name])
    for name in SUMMED_SIDES:
        if sides[name] < 0:
            yield f"{where}: {name} is {sides[name]}; expected 0 or more"
    for side in ("long", "short"):
        charged, most = sides[f"charged_{side}_today"], sides[f"{side}_today"]
        if charged > most:
            yield f"{where}: charged_{side}_today is {charged}; opened today and still open: {most}"


def _sums(state: State, worst: list[Worst], held: dict[tuple[int, int], Working]) -> Iterator[str]:
    """A product's and an account's worst sizes are the sums over its pairs."""
    by_product: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    by_account: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for index, pair in enumerate(state.pairs[1:], 1):
        product = state.instruments[pair["instrument"]]["product"]
        orders = held.get((pair["account"], pair["instrument"]), Working()).orders
        for sums in (by_product[pair["account"], product], by_account[pair["account"]]):
            for place, value in enumerate((*worst[index], orders)):
                sums[place] += value
    for row in state.products[1:]:
        longs, shorts, gross, orders = by_product[row["account"], row["product"]]
        where = f"account {row['account']} in product {row['product']}"
        yield from _credits(where, row["all"], Worst(longs, shorts, gross), orders)
    for account, row in enumerate(state.accounts[1:], 1):
        longs, shorts, gross, orders = by_account[account]
        yield from _credits(f"account {account}", row["all"], Worst(longs, shorts, gross), orders)


def _maxima(state: State) -> Iterator[str]:
    """What credits are measured from is what the limits say."""
    for pair in state.pairs[1:]:
        key = (pair["account"], pair["instrument"], 0)
        position = state.accounts[pair["account"]]["max_position"]
        yield from _stated(state, pair_name(pair), pair["all"], key, position)
    for row in state.products[1:]:
        where = f"account {row['account']} in product {row['product']}"
        key = (row["account"], 0, row["product"] + 1)
        yield from _stated(state, where, row["all"], key, CREDIT_MAX)
    for account, row in enumerate(state.accounts[1:], 1):
        yield from _stated(state, f"account {account}", row["all"], (account, 0, 0), CREDIT_MAX)


def _stated(
    state: State, where: str, credit: Row, key: tuple[int, int, int], position: int
) -> Iterator[str]:
    limit = state.limits.get(key, {})
    for name, unstated, most in (
        ("max_long", position, CREDIT_MAX),
        ("max_short", position, CREDIT_MAX),
        ("max_gross", CREDIT_MAX, CREDIT_MAX),
        ("max_open_orders", ORDERS_MAX, ORDERS_MAX),
    ):
        value = limit.get(name, -1)
        expected = min(unstated if value < 0 else value, most)
        yield from differs(where, name, credit[name], expected)


def audit_levels(state: State) -> Iterator[str]:
    """Lots of a level that sends no orders are the sum of those right below it."""
    by_key = {(pair["account"], pair["instrument"]): pair for pair in state.pairs[1:]}
    zero = dict.fromkeys(SUMMED, 0)
    sending = senders(state)
    for account, below in children(state).items():
        if account in sending:
            continue
        for instrument in range(1, state.risk["instrument_count"] + 1):
            where = f"account {account} in instrument {instrument}"
            found = by_key.get((account, instrument), zero)
            rows = [by_key[child, instrument] for child in below if (child, instrument) in by_key]
            for name in SUMMED:
                total = sum(row[name] for row in rows)
                yield from differs(where, f"{name} of those below", found[name], total)
            if not state.instruments[instrument]["has_sides"] or found is zero:
                continue
            for name in SUMMED_SIDES:
                total = sum(state.sides[row["sides"]][name] for row in rows)
                own = state.sides[found["sides"]][name]
                yield from differs(where, f"{name} of those below", own, total)
    yield from _fills(state)


def _fills(state: State) -> Iterator[str]:
    """A fill counts at the pair and its account; on the first day, at its group's day alike."""
    fills: dict[int, int] = defaultdict(int)
    for pair in state.pairs[1:]:
        fills[pair["account"]] += pair["fill_count"]
        if pair["day"]:
            where = f"{pair_name(pair)}, its day"
            trades = state.days[pair["day"]]["trades"]
            if not state.risk["business_day"]:
                yield from differs(where, "trades", trades, pair["fill_count"])
            elif trades > pair["fill_count"]:
                yield f"{where}: trades is {trades}; all its fills are {pair['fill_count']}"
        if state.accounts[pair["account"]]["chain_count"] == 1:
            fills[0] += pair["fill_count"]
    for account, row in enumerate(state.accounts[1:], 1):
        yield from differs(f"account {account}", "fill_count", row["fill_count"], fills[account])
    yield from differs("risk", "fills", state.risk["fills"], fills[0])
