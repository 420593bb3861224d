"""Trading states, KILL, RE_ENABLE, PROTECTION_RESET and SIDE_LOCK: RISK.md 5.7."""

from tidegate.native.records import Reason, TradingState
from twin import grades
from twin.count import send_cancel
from twin.refused import Numbers, need
from twin.reports import alert
from twin.state import Order, Row, State, Verdict

NAMES = ("account", "instrument", "product", "venue", "session")


def scope_of(r: Row) -> str:
    """Which one thing a record names; "" = none."""
    named = [name for name in NAMES if r[name]]
    need(len(named) <= 1)
    return named[0] if named else ""


def covers(s: State, r: Row, scope: str, instrument: int) -> bool:
    row = s.contracts[instrument].row
    found: dict[str, bool] = {
        "instrument": instrument == r["instrument"],
        "product": row.product_index + 1 == r["product"],
        "venue": row.venue == r["venue"],
    }
    return found[scope]


def set_state(s: State, r: Row, scope: str, state: int) -> None:
    if scope == "account":
        s.traders[r["account"]].state = state
    elif scope == "session":
        s.desks[r["session"]].state = state
    elif scope == "":
        for t in s.traders.values():
            if not t.row.parent:
                t.state = state
    else:
        for one, contract in s.contracts.items():
            if covers(s, r, scope, one):
                contract.state = state


def trading_state(s: State, r: Row, verdict: Verdict) -> None:
    """Replaces the state, a kill too; ACTIVE ends a graded halt."""
    state = r["trading_state"]
    scope = scope_of(r)
    need(scope != "")
    need(state in (TradingState.ACTIVE, TradingState.REDUCING, TradingState.HALTED))
    need(scope != "session" or state == TradingState.ACTIVE)
    set_state(s, r, scope, state)
    if scope == "account" and state == TradingState.ACTIVE:
        t = s.traders[r["account"]]
        t.graded = grades.regraded(t)


def kill(s: State, r: Row, verdict: Verdict) -> Numbers:
    """One decision: block, and cancel all that works in the scope."""
    scope = scope_of(r)
    set_state(s, r, scope, TradingState.KILLED)
    canceled = pending = 0
    for order in sorted(s.open.values(), key=lambda one: (one.session, -one.number)):
        if not is_in(s, r, scope, order) or not order.is_open:
            continue
        if order.cancel is None:
            order.cancel_reason = Reason.CANCELED_BY_KILL
            send_cancel(s, order, 0, verdict)
            canceled += 1
        else:
            pending += 1
    numbers = canceled, 0, pending, 0, 0
    alert(s, verdict, r["account"], r["instrument"], Reason.KILL_SWITCH, numbers)
    return numbers


def is_in(s: State, r: Row, scope: str, order: Order) -> bool:
    if scope == "":
        return True
    if scope == "account":
        return r["account"] in s.traders[order.account].chain
    if scope == "session":
        return bool(order.session == r["session"])
    return covers(s, r, scope, order.instrument)


def re_enable(s: State, r: Row, verdict: Verdict) -> None:
    """9: by a named person."""
    need(r["account"] != 0 and r["actor"] != 0)
    s.traders[r["account"]].executions = 0


def protection_reset(s: State, r: Row, verdict: Verdict) -> None:
    """10: the product may be quoted again, its window starts anew."""
    need(r["account"] != 0 and r["product"] != 0)
    found = s.traders[r["account"]].protections.get(r["product"] - 1)
    if found:
        found.is_pulled, found.since, found.qty, found.delta = False, 0, 0, 0


def side_lock(s: State, r: Row, verdict: Verdict) -> None:
    """13, 14: of an account at a scope, or of an instrument."""
    need(r["side_lock"] in range(4) and not r["venue"] and not r["session"])
    need(not (r["instrument"] and r["product"]))
    if r["account"]:
        s.traders[r["account"]].locks[r["instrument"], r["product"]] = r["side_lock"]
    else:
        need(r["instrument"] != 0 and not r["product"])
        s.contracts[r["instrument"]].lock = r["side_lock"]
