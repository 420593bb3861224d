"""What a fill sets off: executions, protection, reduce-only, margin. RISK.md 5.8."""

from tidegate.native.records import Flag, PositionEffect, Reason, Scope
from twin.balances import Balance, converted_free
from twin.count import send_cancel
from twin.margin import working
from twin.reports import alert
from twin.state import Order, Protection, State, Verdict


def executions(s: State, order: Order, verdict: Verdict) -> None:
    """9: the fills since a level was last re-enabled have just reached their maximum."""
    for t in s.chain(order.account):
        if t.executions == t.executions_max:
            numbers = t.executions_max, t.executions, 1, t.row.level, int(Scope.SCOPE_ALL)
            alert(s, verdict, t.row.handle, order.instrument, Reason.RE_ENABLE_NEEDED, numbers)


def run(s: State, order: Order, lots: int, verdict: Verdict) -> None:
    protect(s, order, lots, verdict)
    reduce_only(s, order, verdict)
    cancel_for_margin(s, order, verdict)


def cancel(s: State, order: Order, reason: int, verdict: Verdict) -> None:
    order.cancel_reason = reason
    send_cancel(s, order, 0, verdict)


def of_account(s: State, account: int, instrument: int) -> list[Order]:
    """Working orders at their venue, the youngest first."""
    return [
        order
        for order in reversed(s.open.values())
        if (order.account, order.instrument) == (account, instrument)
    ]


def protect(s: State, order: Order, lots: int, verdict: Verdict) -> None:
    t = s.traders[order.account]
    product = s.contracts[order.instrument].row.product_index
    if not t.row.protection_window_ns:
        return
    found = t.protections.setdefault(product, Protection())
    if found.is_pulled:
        return
    if not found.since or s.now >= found.since + t.row.protection_window_ns:
        found.since, found.qty, found.delta = s.now, 0, 0
    found.qty += lots
    found.delta += lots if order.is_buy else -lots
    is_much = 0 < t.row.protection_qty < found.qty
    if not (is_much or 0 < t.row.protection_delta < abs(found.delta)):
        return
    found.is_pulled = True
    numbers = t.row.protection_qty, found.qty, lots, t.row.level, int(Scope.SCOPE_PRODUCT)
    alert(s, verdict, order.account, order.instrument, Reason.PROTECTION_PULLED, numbers)
    for one, contract in s.contracts.items():
        if contract.row.product_index == product:
            for other in of_account(s, order.account, one):
                if other.cancel is None:
                    cancel(s, other, Reason.CANCELED_BY_PROTECTION, verdict)


def reduce_only(s: State, order: Order, verdict: Verdict) -> None:
    """19: what may only shrink the position must not be more than the position."""
    row = s.contracts[order.instrument].row
    book = s.book(order.account, order.instrument)
    left = max(0, -book.net if order.is_buy else book.net)
    if row.has_sides:
        left = book.shorts if order.is_buy else book.longs
    while True:
        bound = [
            other
            for other in of_account(s, order.account, order.instrument)
            if other.is_buy == order.is_buy
            and other.cancel is None
            and (
                other.flags & Flag.REDUCE_ONLY
                or (not row.has_sides and other.effect == PositionEffect.CLOSE)
            )
        ]
        if sum(other.held for other in bound) <= left:
            return
        cancel(s, bound[0], Reason.CANCELED_REDUCE_ONLY, verdict)


def free_without(s: State, account: int, currency: int, gone: list[Order]) -> int:
    """What would be available were these orders not there."""
    for order in gone:
        del s.open[order.number]
    lots = working(s)
    if s.traders[account].row.is_converted:
        found = converted_free(s, account, lots)
    else:
        found = Balance(s, account, currency, lots).available
    for order in gone:
        s.open[order.number] = order
    s.open = dict(sorted(s.open.items()))
    return found


def held_without(s: State, account: int, currency: int, gone: list[Order]) -> int:
    """Margin and premium of the account were these orders not there."""
    for order in gone:
        del s.open[order.number]
    balance = Balance(s, account, currency, working(s))
    found = balance.margin + balance.premium_held
    for order in gone:
        s.open[order.number] = order
    s.open = dict(sorted(s.open.items()))
    return found


def cancel_for_margin(s: State, order: Order, verdict: Verdict) -> None:
    """16: the largest order first, until what is left can be afforded or needs no margin."""
    account, one = order.account, order.instrument
    currency = s.contracts[one].row.currency
    if currency not in s.traders[account].checked:
        return
    while True:
        orders = [other for other in of_account(s, account, one) if s.opens(other)]
        gone = [other for other in orders if other.cancel is not None]
        rest = [other for other in orders if other.cancel is None]
        now = free_without(s, account, currency, gone)
        own = held_without(s, account, currency, orders)
        if now >= 0 or held_without(s, account, currency, gone) <= own:
            return
        best: list[tuple[int, int, bool, Order]] = []
        for is_buy in (True, False):
            side = [other for other in rest if other.is_buy == is_buy]
            if side:
                most = max(side, key=lambda other: (other.held, other.number))
                helped = free_without(s, account, currency, [*gone, most])
                best.append((helped, most.held, is_buy, most))
        if not best:
            return
        cancel(s, max(best, key=lambda found: found[:3])[3], Reason.CANCELED_FOR_MARGIN, verdict)
