"""Differences with venues: their rows, what masters count of them, and what pairs fold of it."""

from collections import defaultdict
from collections.abc import Iterator

from tidegate.audit.state import Row, State, chain, differs, pair_name
from tidegate.native.records import Level, SelfMatch, TradingState
from tidegate.native.tables import NO_LIMIT

# What a pair's chain states, as risk folds it (positions.pxd).
PLACES, STEPS, DAY, LOSS, CONCENTRATION, SELF_MATCH = (1 << bit for bit in range(6))
DAY_LIMITS = (
    "day_orders_max",
    "day_cancels_max",
    "day_large_cancels_max",
    "day_self_trades_max",
    "order_to_trade_max",
)


def audit_breaks(state: State) -> Iterator[str]:
    """A row is of a master, of one thing, there once; masters count those not dismissed."""
    count: dict[int, int] = defaultdict(int)
    seen: set[tuple[int, int, int, int]] = set()
    for row in state.breaks:
        key = row["account"], row["instrument"], row["currency"], row["order_id"]
        where = f"the difference of account {key[0]} {key[1:]}"
        if state.accounts[row["account"]]["level"] != Level.MASTER:
            yield f"{where}: its account is no master"
        if bool(row["instrument"]) == bool(row["currency"]):
            yield f"{where}: expected an instrument or a currency"
        if row["order_id"] and not row["instrument"]:
            yield f"{where}: of an order without an instrument"
        if row["amount"] == 0:
            yield f"{where}: its amount is 0; expected another"
        if key in seen:
            yield f"{where}: is there twice"
        seen.add(key)
        count[row["account"]] += not row["is_dismissed"]
    yield from differs("risk", "break_count", state.risk["break_count"], len(state.breaks))
    for account, row in enumerate(state.accounts[1:], 1):
        yield from differs(f"account {account}", "breaks", row["breaks"], count[account])


def audit_folds(state: State) -> Iterator[str]:
    """What an order's own pair says of states, locks and permissions is that of all levels."""
    pairs = {(pair["account"], pair["instrument"]): pair for pair in state.pairs[1:]}
    for pair in state.pairs[1:]:
        if pair["fold_version"] != state.risk["fold_version"]:
            continue
        where = pair_name(pair)
        instrument = state.instruments[pair["instrument"]]
        states, lock, is_permitted = _levels(state, pair, instrument)
        yield from differs(where, "state", pair["state"], states)
        yield from differs(where, "side_lock", pair["side_lock"], lock)
        yield from differs(where, "is_permitted", pair["is_permitted"], is_permitted)
        yield from differs(where, "watched", pair["watched"], _watched(state, pair, pairs))
        for name in ("max_order_qty", "max_market_qty"):
            most = min(_stated(state, pair, instrument, name, instrument[name]), (1 << 31) - 1)
            yield from differs(where, name, pair[name], most)
        most = _stated(state, pair, instrument, "max_notional", NO_LIMIT)
        yield from differs(where, "max_notional", pair["max_notional"], most)


def _levels(state: State, pair: Row, instrument: Row) -> tuple[int, int, int]:
    """States as bits, locks of all levels and scopes, and whether all may trade the product."""
    states = _bit(instrument["trading_state"])
    lock, is_permitted = instrument["side_lock"], 1
    word, bit = divmod(instrument["product"], 64)
    for account in chain(state, pair["account"]):
        row = state.accounts[account]
        own = row["trading_state"]
        if own == TradingState.ACTIVE and row["breaks"]:
            own = TradingState.REDUCING
        states |= _bit(own) | _bit(row["graded_state"])
        is_permitted &= row["products"][word] >> bit & 1
        for key in _scopes(account, pair, instrument):
            lock |= state.limits.get(key, {"side_lock": 0})["side_lock"]
    return states, lock, is_permitted


def _watched(state: State, pair: Row, pairs: dict[tuple[int, int], Row]) -> int:
    """Which controls the chain and the instrument state, or where they stand in the way."""
    instrument = state.instruments[pair["instrument"]]
    own = state.accounts[pair["account"]]
    states, lock, is_permitted = _levels(state, pair, instrument)
    stands = states != 1 << TradingState.ACTIVE or lock or not is_permitted
    stands |= min(pair["all"]["max_long"], pair["all"]["max_short"]) < 0
    stands |= not state.balances[pair["balance"]]["is_checked"] or own["is_converted"]
    steps = max(instrument[name] for name in ("lot_step", "price_step", "min_order_qty")) > 1
    loses = False
    for account in chain(state, pair["account"]):
        row = state.accounts[account]
        stands |= row["is_slowed"] or row["executions"] >= row["executions_max"]
        index = pairs.get((account, pair["instrument"]), {"balance": 0})["balance"]
        balance = state.balances[index]
        limits = (row["leverage_max"], balance["max_loss"], balance["max_drawdown"])
        loses |= index != 0 and any(limit != NO_LIMIT for limit in limits)
    group = state.accounts[own["group"]]["self_match_group"]
    meets = {own["self_match_own"], group} != {SelfMatch.SELF_MATCH_ALLOW}
    return int(
        PLACES * bool(stands)
        | STEPS * steps
        | DAY * any(instrument[name] != NO_LIMIT for name in DAY_LIMITS)
        | LOSS * bool(loses)
        | CONCENTRATION * (own["concentration_permille"] != NO_LIMIT)
        | SELF_MATCH * meets
    )


def _scopes(account: int, pair: Row, instrument: Row) -> list[tuple[int, int, int]]:
    """Where limits that bind the pair may be stated."""
    product = instrument["product"] + 1
    return [(account, pair["instrument"], 0), (account, 0, product), (account, 0, 0)]


def _stated(state: State, pair: Row, instrument: Row, name: str, own: int) -> int:
    """The least limit of all levels and scopes; -1 in a row = not stated."""
    found = [own]
    for account in chain(state, pair["account"]):
        for key in _scopes(account, pair, instrument):
            value = state.limits.get(key, {}).get(name, -1)
            if value >= 0:
                found.append(value)
    return int(min(found))


def _bit(state: int) -> int:
    """A state as risk folds it; bit 0 = one that nobody knows."""
    return 1 << state if state in set(TradingState) else 1
