"""Money: what orders hold, what positions gain, pools, conversions, and that levels add up."""

from collections import defaultdict
from collections.abc import Iterator

from tidegate.audit.lots import Worst
from tidegate.audit.state import (
    Row,
    State,
    balance_index,
    balance_name,
    ceil_ppm,
    chain,
    children,
    differs,
    has_money,
    is_buy,
    is_freezing,
    is_market,
    members,
    open_orders,
    pair_name,
    senders,
)
from tidegate.native.records import NO_PRICE, PositionEffect, Side

RATE = 1_000_000_000
HELD = ("margin", "fee_held", "premium_held", "cash_held", "notional")
BOOKED = ("unrealised",)


def audit_orders(state: State) -> Iterator[str]:
    """Each order holds the lots, the fee and the premium that it may still need."""
    for slot, order in open_orders(state):
        where = f"order {slot}"
        qty = order["order_qty"]
        if order["is_replace_pending"]:
            qty = max(qty, order["replace_qty"])
        left = max(0, qty - order["cum_qty"])
        yield from differs(where, "held_qty", order["held_qty"], left)
        if order["side"] not in (Side.BUY, Side.SELL):
            yield f"{where}: side is {order['side']}; expected {int(Side.BUY)} or {int(Side.SELL)}"
        least = _least_fee(state, order, max(0, order["order_qty"] - order["cum_qty"]))
        if order["fee_held"] < least:
            yield f"{where}: fee_held is {order['fee_held']}; at its own price {least} is due"
        yield from _premium(state, where, order)
        if order["frozen_today"] > (order["held_qty"] if is_freezing(state, order) else 0):
            yield f"{where}: frozen_today is {order['frozen_today']}; it holds less"
    for slot, order in enumerate(state.orders[1:], 1):
        if order["ord_status"] in b"A01":
            continue
        for name in ("held_qty", "fee_held", "premium_held", "frozen_today"):
            yield from differs(f"order {slot}, closed", name, order[name], 0)


def fees_of(state: State, account: int, instrument: int) -> Row:
    """What the account's tier pays."""
    tier: int = state.accounts[account]["tier"]
    return state.fees[instrument * state.tier_count + tier]


def _least_fee(state: State, order: Row, lots: int) -> int:
    """At a limit order's price; it was held at that or at the mark of then, the farther."""
    if lots == 0 or is_market(order):
        return 0
    row = fees_of(state, order["account"], order["instrument"])
    instrument = state.instruments[order["instrument"]]
    notional = order["price"] * instrument["tick_value"] * lots
    kinds = ["open", "close", "close_today"]
    if instrument["has_sides"] and order["position_effect"] == PositionEffect.OPEN:
        kinds = ["open"]
    dues = [row[f"{kind}_lot"] * lots + ceil_ppm(notional, row[f"{kind}_ppm"]) for kind in kinds]
    return int(max(dues))


def _premium(state: State, where: str, order: Row) -> Iterator[str]:
    """A limit buy holds its price a lot; with a replace pending, up to the higher of both."""
    instrument = state.instruments[order["instrument"]]
    if not instrument["is_premium_paid"] or not is_buy(order):
        yield from differs(where, "premium_held", order["premium_held"], 0)
        return
    if is_market(order):
        return
    price = max(0, order["price"]) * instrument["tick_value"]
    least = price * max(0, order["order_qty"] - order["cum_qty"])
    most = price * order["held_qty"]
    if order["is_replace_pending"]:
        other = max(0, order["replace_price"]) * instrument["tick_value"]
        least = max(least, other * max(0, order["replace_qty"] - order["cum_qty"]))
        most = max(price, other) * order["held_qty"]
    if not least <= order["premium_held"] <= most:
        yield f"{where}: premium_held is {order['premium_held']}; expected {least} to {most}"


def audit_positions(state: State) -> Iterator[str]:
    """unrealised = net * tick_value * mark - open_cost + short_cost; flat costs nothing."""
    for pair in state.pairs[1:]:
        where = pair_name(pair)
        instrument = state.instruments[pair["instrument"]]
        sides = state.sides[pair["sides"]]
        gain = 0
        if instrument["mark_px"] != NO_PRICE:
            gain = pair["net"] * instrument["tick_value"] * instrument["mark_px"]
            gain += sides["short_cost"] - pair["open_cost"]
        yield from differs(where, "unrealised", pair["unrealised"], gain)
        longs, shorts = pair["net"], 0
        if instrument["has_sides"]:
            longs = sides["long_today"] + sides["long_yesterday"]
            shorts = sides["short_today"] + sides["short_yesterday"]
        for name, row, lots in (
            ("open_cost", pair, longs),
            ("short_cost", sides, shorts),
            ("long_today_cost", sides, sides["long_today"]),
            ("short_today_cost", sides, sides["short_today"]),
        ):
            if lots == 0 or (instrument["is_premium_paid"] and "today" not in name):
                yield from differs(where, f"{name} of no lots", row[name], 0)
        expected = 0
        if has_money(state, pair["account"]):
            expected = balance_index(state, pair["account"], pair["instrument"])
        yield from differs(where, "balance", pair["balance"], expected)


def audit_balances(state: State, worst: list[Worst]) -> Iterator[str]:
    """A balance holds what its orders, positions and requests hold; a pool what its members do."""
    held: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for index, pair in enumerate(state.pairs[1:], 1):
        balance = balance_index(state, pair["account"], pair["instrument"])
        if not state.accounts[pair["account"]]["is_pool"]:
            held[balance]["unrealised"] += pair["unrealised"]
        if has_money(state, pair["account"]):
            notional = state.instruments[pair["instrument"]]["lot_notional"]
            held[balance]["margin"] += pair["margin"]
            held[balance]["notional"] += worst[index].gross * max(0, notional)
    for row in state.products[1:]:
        held[row["balance"]]["margin"] += row["margin"]
    for _, order in open_orders(state):
        for account in chain(state, order["account"]):
            if has_money(state, account):
                balance = balance_index(state, account, order["instrument"])
                held[balance]["fee_held"] += order["fee_held"]
                held[balance]["premium_held"] += order["premium_held"]
    for row in state.cash_holds:
        balance = row["account"] * state.currency_count + row["currency"]
        held[balance]["cash_held"] += row["amount"]
    for index, row in enumerate(state.balances):
        held[index]["margin"] -= row["margin_credit"]
    for pool, drawing in members(state).items():
        for currency in range(1, state.currency_count):
            for member in drawing:
                inner = held[member * state.currency_count + currency]
                for name in (*HELD, *BOOKED):
                    held[pool * state.currency_count + currency][name] += inner[name]
    for index, row in enumerate(state.balances):
        where = balance_name(state, index)
        for name in (*HELD, *BOOKED):
            yield from differs(where, name, row[name], held[index][name])
        profit = row["cash"] + row["unrealised"] - row["initial_cash"]
        if row["peak"] < profit:
            yield f"{where}: peak is {row['peak']}; the profit is {profit}"
    yield from _converted(state)


def available(row: Row) -> int:
    """What a balance has left."""
    equity = row["cash"] + row["credit_line"] + row["unrealised"]
    held = row["margin"] + row["fee_held"] + row["premium_held"] + row["cash_held"]
    return int(equity - held)


def convert(state: State, currency: int, amount: int) -> int:
    """Base money: assets down at the bid less the haircut, liabilities up at the ask plus it."""
    row = state.currencies[currency]
    if amount >= 0:
        return amount * max(0, int(row["asset_rate"])) // RATE
    return amount * int(row["liability_rate"]) // RATE


def _converted(state: State) -> Iterator[str]:
    for account, row in enumerate(state.accounts[1:], 1):
        if not row["is_converted"]:
            continue
        total = 0
        for currency in range(1, state.currency_count):
            index = account * state.currency_count + currency
            amount = convert(state, currency, available(state.balances[index]))
            where = balance_name(state, index)
            yield from differs(where, "converted", state.balances[index]["converted"], amount)
            total += amount
        yield from differs(f"account {account}", "converted_free", row["converted_free"], total)
    for currency, row in enumerate(state.currencies[1:], 1):
        if row["bid_rate"] > 0:
            haircut = row["haircut_ppm"]
            asset = row["bid_rate"] * (1_000_000 - haircut) // 1_000_000
            liability = -(-row["ask_rate"] * (1_000_000 + haircut) // 1_000_000)
            where = f"currency {currency}"
            yield from differs(where, "asset_rate", row["asset_rate"], asset)
            yield from differs(where, "liability_rate", row["liability_rate"], liability)


def own_values(state: State) -> list[tuple[int, int]]:
    """(traded value, fees) that each balance has booked of its own, its members' taken off.

    cash - initial_cash + fees - open_cost + short_cost moves by the traded value alone: a buy
    of V lowers it by V, a sell raises it, whatever the order of the fills.
    """
    cost: dict[int, int] = defaultdict(int)
    for pair in state.pairs[1:]:
        if not state.accounts[pair["account"]]["is_pool"]:
            balance = balance_index(state, pair["account"], pair["instrument"])
            cost[balance] += pair["open_cost"] - state.sides[pair["sides"]]["short_cost"]
    flow = [row["cash"] - row["initial_cash"] + row["fees"] for row in state.balances]
    fees = [row["fees"] for row in state.balances]
    found = [(flow[index] - cost[index], fees[index]) for index in range(len(flow))]
    for pool, drawing in members(state).items():
        for currency in range(1, state.currency_count):
            index = pool * state.currency_count + currency
            inner = [member * state.currency_count + currency for member in drawing]
            found[index] = (
                found[index][0] - sum(flow[member] for member in inner),
                found[index][1] - sum(fees[member] for member in inner),
            )
    return found


def audit_conservation(state: State) -> Iterator[str]:
    """Levels sum to the master: no money comes or goes between an account and those above it."""
    own = own_values(state)
    below = children(state)
    sending = senders(state)

    def total(account: int, currency: int) -> tuple[int, int]:
        """What those at or below have traded; a pool's own row is its members' alone."""
        if not state.accounts[account]["is_pool"]:
            return own[account * state.currency_count + currency]
        parts = [total(child, currency) for child in below.get(account, [])]
        return sum(part[0] for part in parts), sum(part[1] for part in parts)

    for account, row in enumerate(state.accounts[1:], 1):
        for currency in range(1, state.currency_count):
            index = account * state.currency_count + currency
            where = balance_name(state, index)
            if row["is_pool"]:
                yield from differs(where, "traded value of its own", own[index][0], 0)
                yield from differs(where, "fees of its own", own[index][1], 0)
            elif account in below and account not in sending:
                parts = [total(child, currency) for child in below[account]]
                traded, fees = sum(part[0] for part in parts), sum(part[1] for part in parts)
                yield from differs(where, "traded value", own[index][0], traded)
                yield from differs(where, "fees", own[index][1], fees)
