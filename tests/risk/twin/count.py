"""Messages counted at once: buckets, the day, identical orders. RISK.md 2.2 and 5.3."""

from tidegate.native.records import Kind, Reason, Scope
from twin.checks import NO_SCOPE, Asked, Numbers
from twin.identical import signature
from twin.reports import alert, route
from twin.state import Bucket, Buckets, Order, State, Verdict


def where(s: State, session: int, account: int, instrument: int) -> list[tuple[Buckets, int, int]]:
    """The buckets of a message with their level and scope, in the order in which they are told."""
    found = [(s.desks[session].buckets, 0, int(Scope.SCOPE_SESSION))]
    found.append((s.contracts[instrument].buckets, 0, NO_SCOPE))
    found += [(t.buckets, t.row.level, int(Scope.SCOPE_ALL)) for t in s.chain(account)]
    return found


def buckets_of(a: Asked) -> list[tuple[Bucket, int, int]]:
    name = "order" if a.is_new else "replace"
    places = where(a.s, a.o["session"], a.own.row.handle, a.instrument)
    return [(getattr(buckets, name), level, scope) for buckets, level, scope in places]


def full_buckets(a: Asked) -> list[Numbers]:
    """Those that have no room for this message."""
    return [
        (bucket.tolerance, bucket.next - a.s.now, bucket.interval, level, scope)
        for bucket, level, scope in buckets_of(a)
        if bucket.is_full(a.s.now)
    ]


def count_message(a: Asked) -> None:
    """A new order or a replace, whatever became of it."""
    s = a.s
    for bucket, _, _ in buckets_of(a):
        bucket.count(s.now)
    day = s.day(a.own.row.handle, a.instrument)
    if day:
        day.orders += a.is_new
        day.replaces += not a.is_new
    if a.is_new:
        for t in a.chain:
            t.day_orders += 1
        count_identical(a)


def count_cancel(s: State, order: Order, verdict: Verdict) -> None:
    """A cancel that leaves: counted, never blocked; an alert when a bucket has become full."""
    told = False
    for buckets, level, scope in where(s, order.session, order.account, order.instrument):
        bucket = buckets.cancel
        was_full = bucket.is_full(s.now)
        bucket.count(s.now)
        if bucket.is_full(s.now) and not was_full and not told:
            told = True
            numbers = bucket.tolerance, bucket.next - s.now, bucket.interval, level, scope
            alert(s, verdict, order.account, order.instrument, Reason.CANCEL_RATE, numbers)


def identical_before(a: Asked) -> int:
    """How many orders of this signature there were within the window."""
    if not a.own.row.identical_max:
        return 0
    mark = signature(a.o)
    known, count, since = a.own.identical[mark & 3]
    is_same = known == mark and a.s.now < since + a.own.row.identical_window_ns
    return count if is_same else 0


def count_identical(a: Asked) -> None:
    if not a.own.row.identical_max:
        return
    mark = signature(a.o)
    known, count, since = a.own.identical[mark & 3]
    is_same = known == mark and a.s.now < since + a.own.row.identical_window_ns
    a.own.identical[mark & 3] = (mark, count + 1, since) if is_same else (mark, 1, a.s.now)


def send_cancel(s: State, order: Order, cl_ord_id: int, verdict: Verdict) -> None:
    """A cancel of an order; one that is staged is not at its venue and only marked."""
    order.cancel = cl_ord_id
    if not order.is_staged:
        count_cancel(s, order, verdict)
        route(s, verdict, Kind.CANCEL_REQUEST, order, cl_ord_id)
