"""An independent recomputation of risk's tables: plain integers, no native code, read-only.

audit() says in sentences what does not add up; an empty list means that all of it does. It
reads copies or regions that others write; a live region may change between two tables, so a
live system is audited while it is quiet.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy.typing as npt

from tidegate.native.records import NO_PRICE, OrdType, Side
from tidegate.native.tables import DTYPES
from tidegate.region import Region
from tidegate.run_dir import RunDir

OPEN = frozenset(map(ord, "A01"))
SLOT = 0xFFFFFFFF
SUMMED = ("net", "bought_qty", "sold_qty", "open_buy", "open_sell")

Arrays = Mapping[str, npt.NDArray[Any]]
Row = dict[str, Any]


class State(NamedTuple):
    """The tables as Python ints, row by row; row 0 of each is unused."""

    risk: Row
    instruments: list[Row]
    accounts: list[Row]
    pairs: list[Row]
    balances: list[Row]
    orders: list[Row]
    cl_ord_ids: list[Row]
    sessions: list[Row]
    pair_index: list[int]
    currencies: int


def audit_run(run_dir: RunDir) -> list[str]:
    """What does not add up in the regions of a run directory."""
    regions = [Region.attach(run_dir.region(name), DTYPES[name]) for name in DTYPES]
    try:
        return audit({name: region.rows for name, region in zip(DTYPES, regions, strict=True)})
    finally:
        for region in regions:
            region.close()


def audit(arrays: Arrays) -> list[str]:
    """What does not add up in the tables, one sentence each; empty = all is right."""
    state = _read(arrays)
    return [
        *_holds(state),
        *_margins(state),
        *_balances(state),
        *_levels(state),
        *_traded(state),
        *_order_lists(state),
        *_cl_ord_ids(state),
        *_pair_index(state),
    ]


def _rows(array: npt.NDArray[Any], used: int) -> list[Row]:
    names = array.dtype.names or ()
    return [dict(zip(names, row, strict=True)) for row in array[:used].tolist()]


def _read(arrays: Arrays) -> State:
    risk = _rows(arrays["risk"], 1)[0]
    accounts = len(arrays["accounts"])
    taken = arrays["cl_ord_ids"][arrays["cl_ord_ids"]["session"] != 0]
    return State(
        risk=risk,
        instruments=_rows(arrays["instruments"], risk["instrument_count"] + 1),
        accounts=_rows(arrays["accounts"], risk["account_count"] + 1),
        pairs=_rows(arrays["pairs"], risk["pair_count"] + 1),
        balances=_rows(arrays["balances"], len(arrays["balances"])),
        orders=_rows(arrays["orders"], risk["order_slots_used"] + 1),
        cl_ord_ids=_rows(taken, len(taken)),
        sessions=_rows(arrays["sessions"], len(arrays["sessions"])),
        pair_index=arrays["pair_index"].tolist(),
        currencies=len(arrays["balances"]) // accounts,
    )


def _open_orders(state: State) -> Iterator[tuple[int, Row]]:
    for slot, order in enumerate(state.orders):
        if slot and order["ord_status"] in OPEN:
            yield slot, order


def _pairs(state: State) -> Iterator[tuple[str, Row]]:
    for pair in state.pairs[1:]:
        yield f"account {pair['account']} in instrument {pair['instrument']}", pair


def _balance_name(state: State, index: int) -> str:
    return f"account {index // state.currencies} in currency {index % state.currencies}"


def _chain(state: State, account: int) -> list[int]:
    row = state.accounts[account]
    return list(row["chain"][: row["chain_count"]])


def _differs(where: str, what: str, found: int, expected: int) -> Iterator[str]:
    if found != expected:
        yield f"{where}: {what} is {found}; recomputed {expected}"


def _holds(state: State) -> Iterator[str]:
    """open_buy and open_sell of every level are what the open orders below it hold."""
    lots: dict[tuple[int, int, bool], int] = defaultdict(int)
    fees: dict[int, int] = defaultdict(int)
    for slot, order in _open_orders(state):
        is_buy = order["side"] == Side.BUY
        left = max(0, order["order_qty"] - order["cum_qty"])
        if order["held_qty"] < left or order["fee_held"] < 0:
            yield f"order {slot}: holds {order['held_qty']} lots; {left} may still fill"
        if not order["is_replace_pending"]:
            yield from _differs(f"order {slot}", "held_qty", order["held_qty"], left)
        currency = state.instruments[order["instrument"]]["currency"]
        for account in _chain(state, order["account"]):
            lots[account, order["instrument"], is_buy] += order["held_qty"]
            fees[account * state.currencies + currency] += order["fee_held"]
    for slot, order in enumerate(state.orders):
        if order["ord_status"] not in OPEN and (order["held_qty"] or order["fee_held"]):
            yield f"order {slot}: closed, and still holds {order['held_qty']} lots"
    for where, pair in _pairs(state):
        key = pair["account"], pair["instrument"]
        yield from _differs(where, "open_buy", pair["open_buy"], lots.pop((*key, True), 0))
        yield from _differs(where, "open_sell", pair["open_sell"], lots.pop((*key, False), 0))
    for (account, instrument, _), held in lots.items():
        if held:
            yield f"account {account} in instrument {instrument}: {held} lots held without a row"
    for index, balance in enumerate(state.balances):
        where = _balance_name(state, index)
        yield from _differs(where, "fee_held", balance["fee_held"], fees[index])


def _margins(state: State) -> Iterator[str]:
    """margin = max(mL * max(0, net + PB), mS * max(0, PS - net)); marked at the last mark."""
    for where, pair in _pairs(state):
        instrument = state.instruments[pair["instrument"]]
        margin = max(
            instrument["margin_long"] * max(0, pair["net"] + pair["open_buy"]),
            instrument["margin_short"] * max(0, pair["open_sell"] - pair["net"]),
        )
        yield from _differs(where, "margin", pair["margin"], margin)
        if margin and not (pair["net"] or pair["open_buy"] or pair["open_sell"]):
            yield f"{where}: {margin} held with no position and no order"
        gain = 0
        if instrument["mark_px"] != NO_PRICE:
            gain = pair["net"] * instrument["tick_value"] * instrument["mark_px"]
            gain -= pair["open_cost"]
        yield from _differs(where, "unrealised", pair["unrealised"], gain)
        if pair["net"] == 0:
            yield from _differs(where, "open_cost without a position", pair["open_cost"], 0)
        traded = pair["bought_qty"] - pair["sold_qty"]
        yield from _differs(where, "net", pair["net"], traded)


def _balances(state: State) -> Iterator[str]:
    """A balance holds what its pairs hold, and no more."""
    margin: dict[int, int] = defaultdict(int)
    unrealised: dict[int, int] = defaultdict(int)
    for where, pair in _pairs(state):
        currency = state.instruments[pair["instrument"]]["currency"]
        expected = pair["account"] * state.currencies + currency
        yield from _differs(where, "balance", pair["balance"], expected)
        margin[expected] += pair["margin"]
        unrealised[expected] += pair["unrealised"]
    for index, balance in enumerate(state.balances):
        where = _balance_name(state, index)
        yield from _differs(where, "margin", balance["margin"], margin[index])
        yield from _differs(where, "unrealised", balance["unrealised"], unrealised[index])


def _children(state: State) -> dict[int, list[int]]:
    children: dict[int, list[int]] = defaultdict(list)
    for account in range(1, len(state.accounts)):
        chain = _chain(state, account)
        if len(chain) > 1:
            children[chain[1]].append(account)
    return children


def _levels(state: State) -> Iterator[str]:
    """Lots of a level are the sum of the lots of the levels right below it."""
    by_key = {(pair["account"], pair["instrument"]): pair for pair in state.pairs[1:]}
    zero = dict.fromkeys(SUMMED, 0)
    for account, below in _children(state).items():
        for instrument in range(1, len(state.instruments)):
            found = by_key.get((account, instrument), zero)
            for field in SUMMED:
                total = sum(by_key.get((child, instrument), zero)[field] for child in below)
                where = f"account {account} in instrument {instrument}"
                yield from _differs(where, f"{field} of its children", found[field], total)


def _traded(state: State) -> Iterator[str]:
    """Traded value and fees of a level are those of the levels right below it, by currency."""
    cost: dict[int, int] = defaultdict(int)
    for pair in state.pairs[1:]:
        cost[pair["balance"]] += pair["open_cost"]
    value = [
        balance["cash"] - balance["initial_cash"] - cost[index] + balance["fees"]
        for index, balance in enumerate(state.balances)
    ]
    for account, below in _children(state).items():
        for currency in range(1, state.currencies):
            index = account * state.currencies + currency
            where = _balance_name(state, index)
            indexes = [child * state.currencies + currency for child in below]
            traded = sum(value[child] for child in indexes)
            fees = sum(state.balances[child]["fees"] for child in indexes)
            yield from _differs(where, "traded value", value[index], traded)
            yield from _differs(where, "fees", state.balances[index]["fees"], fees)


def _order_lists(state: State) -> Iterator[str]:
    """Every used slot is in exactly one list: its session's when open, the free list else."""
    seen: set[int] = set()
    for session, row in enumerate(state.sessions):
        slot, previous, count = row["first_order"], 0, 0
        while slot and slot not in seen and slot < len(state.orders):
            order = state.orders[slot]
            seen.add(slot)
            count += 1
            if order["session"] != session or order["ord_status"] not in OPEN:
                yield f"order {slot}: in the list of session {session}, where it is not open"
            yield from _differs(f"order {slot}", "previous", order["previous"], previous)
            previous, slot = slot, order["next"]
        if slot:
            yield f"session {session}: its list of orders is broken at slot {slot}"
        yield from _differs(f"session {session}", "open_orders", row["open_orders"], count)
    yield from _differs("risk", "open_orders", state.risk["open_orders"], len(seen))
    slot, last = state.risk["free_first"], 0
    while slot and slot not in seen and slot < len(state.orders):
        seen.add(slot)
        last, slot = slot, state.orders[slot]["next"]
    if slot:
        yield f"risk: the free list is broken at slot {slot}"
    yield from _differs("risk", "free_last", state.risk["free_last"], last)
    missing = [slot for slot in range(1, len(state.orders)) if slot not in seen]
    if missing:
        yield f"risk: order slots {missing} are in no list"
    for slot, order in enumerate(state.orders[1:], 1):
        yield from _differs(f"order {slot}", "slot", order["order_id"] & SLOT, slot)
        if order["ord_type"] == OrdType.MARKET and order["price"] != NO_PRICE:
            yield f"order {slot}: a market order with a price"


def _cl_ord_ids(state: State) -> Iterator[str]:
    """Every open order is known under its cl_ord_id; ids are counted right, none is doubled."""
    by_session: dict[int, int] = defaultdict(int)
    ids: dict[tuple[int, int], int] = {}
    for row in state.cl_ord_ids:
        key = row["session"], row["cl_ord_id"]
        if key in ids:
            yield f"session {key[0]}: cl_ord_id {key[1]} is there twice"
        ids[key] = row["order_id"]
        by_session[row["session"]] += 1
    yield from _differs("risk", "cl_ord_id_count", state.risk["cl_ord_id_count"], len(ids))
    for session, row in enumerate(state.sessions):
        where = f"session {session}"
        yield from _differs(where, "cl_ord_ids", row["cl_ord_ids"], by_session[session])
    for slot, order in _open_orders(state):
        if ids.get((order["session"], order["cl_ord_id"])) != order["order_id"]:
            yield f"order {slot}: its cl_ord_id {order['cl_ord_id']} does not lead to it"


def _pair_index(state: State) -> Iterator[str]:
    """Every pair is in the index once, and in its instrument's list once."""
    indexed = sorted(pair for pair in state.pair_index if pair)
    listed: list[int] = []
    for handle, instrument in enumerate(state.instruments):
        pair = instrument["first_pair"]
        while 0 < pair < len(state.pairs) and len(listed) < len(state.pairs):
            listed.append(pair)
            if state.pairs[pair]["instrument"] != handle:
                yield f"pair {pair}: in the list of instrument {handle}"
            pair = state.pairs[pair]["next"]
    every = list(range(1, len(state.pairs)))
    if indexed != every:
        yield f"risk: the pair index holds {indexed}; expected {every}"
    if sorted(listed) != every:
        yield f"risk: the instruments' lists hold pairs {sorted(listed)}; expected {every}"
