"""Lists and indexes: every row is where it is looked for, and there once."""

from collections import defaultdict
from collections.abc import Iterator

from tidegate.audit.state import (
    OPEN,
    SLOT,
    Row,
    State,
    chain,
    differs,
    is_buy,
    is_market,
    open_orders,
    pair_name,
)
from tidegate.native.records import NO_PRICE, ExecType, Level

INT64_MAX = (1 << 63) - 1
ID_MAX = (1 << 64) - 1
PAIR_NAMES = {
    "account": "account",
    "instrument": "instrument",
    "parent": "pair",
    "product": "product",
    "balance": "balance",
    "next": "pair",
    "sides": "sides",
    "day": "day",
}
BREAK_NAMES = {name: name for name in ("account", "instrument", "currency")}
ORDER_NAMES = {
    "account": "account",
    "instrument": "instrument",
    "pair": "pair",
    "next": "order",
    "previous": "order",
    "next_of_group": "order",
    "previous_of_group": "order",
    "session": "session",
}


def audit_references(state: State) -> Iterator[str]:
    """No row names one that is not in use; where one does, nothing else can be recomputed."""
    sizes = {
        "account": len(state.accounts),
        "instrument": len(state.instruments),
        "currency": len(state.currencies),
        "pair": len(state.pairs),
        "product": len(state.products),
        "sides": len(state.sides),
        "day": len(state.days),
        "scan": len(state.scans),
        "order": len(state.orders),
        "session": len(state.sessions),
        "balance": len(state.balances),
    }
    for table, rows, names in (
        ("instrument", state.instruments, {"first_pair": "pair", "currency": "currency"}),
        ("account", state.accounts, {"pool": "account", "group": "account"}),
        ("product", state.products, {"account": "account", "scan": "scan", "balance": "balance"}),
        ("pair", state.pairs, PAIR_NAMES),
        ("day", state.days, {"first_order": "order"}),
        ("order", state.orders, ORDER_NAMES),
        ("cash hold", state.cash_holds, {"account": "account", "currency": "currency"}),
        ("difference", state.breaks, BREAK_NAMES),
        ("cl_ord_id", state.cl_ord_ids, {"session": "session"}),
        ("session", state.sessions, {"first_order": "order"}),
    ):
        for index, row in enumerate(rows):
            for name, of in names.items():
                if row[name] >= sizes[of]:
                    yield f"{table} {index}: {name} is {row[name]}; expected below {sizes[of]}"
    for account, row in enumerate(state.accounts[1:], 1):
        if row["chain_count"] > len(row["chain"]) or max(row["chain"]) >= sizes["account"]:
            yield f"account {account}: its chain is {row['chain']}, {row['chain_count']} long"


def audit_indexes(state: State) -> Iterator[str]:
    """All of them."""
    yield from _order_lists(state)
    yield from _group_lists(state)
    yield from _staged(state)
    yield from _cl_ord_ids(state)
    yield from _pairs(state)
    yield from _products(state)
    yield from _parts(state)


def _order_lists(state: State) -> Iterator[str]:
    """Every used slot is in exactly one list: its session's when open, the free list else."""
    seen: set[int] = set()
    for session, row in enumerate(state.sessions):
        count = len(seen)
        slot, previous = row["first_order"], 0
        while slot and slot not in seen and slot < len(state.orders):
            order = state.orders[slot]
            seen.add(slot)
            if order["session"] != session or order["ord_status"] not in OPEN:
                yield f"order {slot}: in the list of session {session}, where it is not open"
            yield from differs(f"order {slot}", "previous", order["previous"], previous)
            previous, slot = slot, order["next"]
        if slot:
            yield f"session {session}: its list of orders is broken at slot {slot}"
        where = f"session {session}"
        yield from differs(where, "open_orders", row["open_orders"], len(seen) - count)
    yield from differs("risk", "open_orders", state.risk["open_orders"], len(seen))
    slot, last = state.risk["free_first"], 0
    while slot and slot not in seen and slot < len(state.orders):
        seen.add(slot)
        last, slot = slot, state.orders[slot]["next"]
    if slot:
        yield f"risk: the free list is broken at slot {slot}"
    yield from differs("risk", "free_last", state.risk["free_last"], last)
    missing = [slot for slot in range(1, len(state.orders)) if slot not in seen]
    if missing:
        yield f"risk: order slots {missing} are in no list"
    for slot, order in enumerate(state.orders[1:], 1):
        yield from differs(f"order {slot}", "slot", order["order_id"] & SLOT, slot)
        if order["order_id"] and is_market(order) != (order["price"] == NO_PRICE):
            yield f"order {slot}: ord_type {order['ord_type']} with the price {order['price']}"


def _group_lists(state: State) -> Iterator[str]:
    """An owner group's working orders in an instrument are in its day's list, each once."""
    expected: dict[tuple[int, int], set[int]] = defaultdict(set)
    for slot, order in open_orders(state):
        expected[state.accounts[order["account"]]["group"], order["instrument"]].add(slot)
    for pair in state.pairs[1:]:
        if not pair["day"]:
            continue
        where = f"{pair_name(pair)}, its day"
        day = state.days[pair["day"]]
        seen: set[int] = set()
        slot, previous = day["first_order"], 0
        while slot and slot not in seen and slot < len(state.orders):
            order = state.orders[slot]
            seen.add(slot)
            yield from differs(
                f"order {slot}", "previous_of_group", order["previous_of_group"], previous
            )
            yield from _bounded(where, day, order)
            previous, slot = slot, order["next_of_group"]
        if slot:
            yield f"{where}: its list of orders is broken at slot {slot}"
        wanted = expected.pop((pair["account"], pair["instrument"]), set())
        if seen != wanted:
            yield f"{where}: lists orders {sorted(seen)}; expected {sorted(wanted)}"
        if day["large_cancels"] > day["cancels"] or day["self_trades"] > day["trades"]:
            yield f"{where}: it counts more large cancels or self-trades than cancels or trades"
    for (group, instrument), slots in expected.items():
        if group:
            yield f"account {group} in instrument {instrument}: orders {sorted(slots)}, and no day"


def _bounded(where: str, day: Row, order: Row) -> Iterator[str]:
    """No working order is more aggressive than the side's bound says."""
    prices = [order["price"]]
    if order["is_replace_pending"]:
        prices.append(order["replace_price"])
    if is_buy(order):
        price = INT64_MAX if is_market(order) else max(prices)
        if price > day["best_buy_px"]:
            yield f"{where}: best_buy_px is {day['best_buy_px']}; an order buys at {price}"
    else:
        price = -INT64_MAX - 1 if is_market(order) else min(prices)
        if price < day["best_sell_px"]:
            yield f"{where}: best_sell_px is {day['best_sell_px']}; an order sells at {price}"


def _staged(state: State) -> Iterator[str]:
    """Staged orders are of their session's open list."""
    for slot, order in open_orders(state):
        if order["is_staged"]:
            session = state.sessions[order["session"]]
            yield from differs(f"order {slot}", "list_id", order["list_id"], session["list_id"])
    lists = sum(1 for row in state.sessions if row["list_id"])
    yield from differs("risk", "open_lists", state.risk["open_lists"], lists)


def _cl_ord_ids(state: State) -> Iterator[str]:
    """Every open order is known by its cl_ord_id, and noted as it is; ids are counted right."""
    by_session: dict[int, int] = defaultdict(int)
    ids: dict[tuple[int, int], Row] = {}
    for row in state.cl_ord_ids:
        key = row["session"], row["cl_ord_id"]
        if key in ids:
            yield f"session {key[0]}: cl_ord_id {key[1]} is there twice"
        ids[key] = row
        by_session[row["session"]] += 1
    yield from differs("risk", "cl_ord_id_count", state.risk["cl_ord_id_count"], len(ids))
    for session, row in enumerate(state.sessions):
        where = f"session {session}"
        yield from differs(where, "cl_ord_ids", row["cl_ord_ids"], by_session[session])
    for slot, order in open_orders(state):
        where = f"order {slot}: its cl_ord_id {order['cl_ord_id']}"
        noted = ids.get((order["session"], order["cl_ord_id"]))
        if noted is not None and noted["exec_type"] == ExecType.EXEC_REPLACED:
            noted = ids.get((order["session"], noted["order_qty"] & ID_MAX))
        if noted is None or noted["order_id"] != order["order_id"]:
            yield f"{where} does not lead to it"
            continue
        for name in ("order_qty", "cum_qty"):
            yield from differs(where, name, noted[name], order[name])


def _pairs(state: State) -> Iterator[str]:
    """Every pair is in the index once, in its instrument's list once, and below its parent."""
    listed: list[int] = []
    for handle, instrument in enumerate(state.instruments):
        pair = instrument["first_pair"]
        while 0 < pair < len(state.pairs) and len(listed) < len(state.pairs):
            listed.append(pair)
            if state.pairs[pair]["instrument"] != handle:
                yield f"pair {pair}: in the list of instrument {handle}"
            pair = state.pairs[pair]["next"]
    every = list(range(1, len(state.pairs)))
    if sorted(state.pair_index) != every:
        yield f"risk: the pair index holds {sorted(state.pair_index)}; expected {every}"
    if sorted(listed) != every:
        yield f"risk: the instruments' lists hold pairs {sorted(listed)}; expected {every}"
    by_key = {(row["account"], row["instrument"]): index for index, row in enumerate(state.pairs)}
    if len(by_key) != len(state.pairs):
        yield f"risk: {len(state.pairs) - len(by_key)} pairs are there twice"
    for row in state.pairs[1:]:
        above = chain(state, row["account"])[1:2]
        parent = by_key.get((above[0], row["instrument"]), 0) if above else 0
        yield from differs(pair_name(row), "parent", row["parent"], parent)
    for slot, order in open_orders(state):
        expected = by_key.get((order["account"], order["instrument"]), 0)
        yield from differs(f"order {slot}", "pair", order["pair"], expected)


def _products(state: State) -> Iterator[str]:
    """Every product row is in its index once, and every pair names its own."""
    every = list(range(1, len(state.products)))
    if sorted(state.product_index) != every:
        yield f"risk: the product index holds {sorted(state.product_index)}; expected {every}"
    by_key = {(row["account"], row["product"]): index for index, row in enumerate(state.products)}
    for pair in state.pairs[1:]:
        key = pair["account"], state.instruments[pair["instrument"]]["product"]
        yield from differs(pair_name(pair), "product", pair["product"], by_key.get(key, 0))


def _parts(state: State) -> Iterator[str]:
    """Rows of sides, days and scans belong to one pair or product each; groups have days."""
    for name, owners, count in (
        ("sides", state.pairs, len(state.sides)),
        ("day", state.pairs, len(state.days)),
        ("scan", state.products, len(state.scans)),
    ):
        used = sorted(row[name] for row in owners[1:] if row[name])
        if used != list(range(1, count)):
            yield f"risk: rows of {name} in use are {used}; expected 1 to {count - 1}"
    for pair in state.pairs[1:]:
        is_group = state.accounts[pair["account"]]["level"] == Level.OWNER_GROUP
        yield from differs(pair_name(pair), "has a day", bool(pair["day"]), is_group)
