"""The checks of RISK.md 3 that need no money, in its order: which fail, and what they compared."""

from dataclasses import dataclass, field

from tidegate.native.records import (
    Flag,
    OrdType,
    PositionEffect,
    Reason,
    Scope,
    Side,
    TradingState,
)
from twin.margin import (
    Extra,
    Lots,
    closable,
    collar,
    frozen,
    of_product,
    scope_instruments,
    working,
    worst,
    worst_of,
)
from twin.state import CLOSES, Book, Contract, Order, Row, State, Trader

Numbers = tuple[int, int, int, int, int]
SCOPES = (Scope.SCOPE_INSTRUMENT, Scope.SCOPE_PRODUCT, Scope.SCOPE_ALL)
NO_SCOPE = 0


@dataclass
class Asked:
    """An order or replace under check. replaced = the order whose replace it is."""

    s: State
    o: Row
    replaced: Order | None
    lots: int
    left: int
    is_buy: bool
    chain: list[Trader]
    contract: Contract
    held_lots: Lots
    full_buckets: list[Numbers] = field(default_factory=list)
    identical_before: int = 0
    failed: dict[Reason, Numbers] = field(default_factory=dict)

    @property
    def own(self) -> Trader:
        return self.chain[0]

    @property
    def book(self) -> Book:
        return self.s.book(self.own.row.handle, self.instrument)

    @property
    def instrument(self) -> int:
        return self.contract.row.handle

    @property
    def is_new(self) -> bool:
        return self.replaced is None

    @property
    def opens(self) -> bool:
        return not (self.contract.row.has_sides and self.o["position_effect"] in CLOSES)

    @property
    def extra(self) -> Extra:
        return Extra(self.instrument, self.is_buy, self.lots, self.opens)

    @property
    def room(self) -> int:
        """What a closing order of this side may have; what opens a side closes nothing."""
        own = self.own.row.handle
        if self.contract.row.has_sides:
            return 0
        net = self.book.net
        if (net >= 0) if self.is_buy else (net <= 0):
            return 0
        return max(0, abs(net) - self.held_lots[own, self.instrument, self.is_buy])

    @property
    def is_closing(self) -> bool:
        if self.contract.row.has_sides:
            return not self.opens
        net = self.book.net
        is_against = net < 0 if self.is_buy else net > 0
        held = self.held_lots[self.own.row.handle, self.instrument, self.is_buy]
        return is_against and self.lots <= abs(net) - held

    def fail(self, reason: Reason, *numbers: int) -> None:
        """Only the first of a reason is told."""
        limit, used, asked, level, scope = (*numbers, 0, 0, 0, 0, 0)[:5]
        self.failed.setdefault(reason, (int(limit), used, asked, level, int(scope)))


def make(s: State, o: Row, replaced: Order | None) -> Asked:
    left = o["order_qty"] - (replaced.cum if replaced else 0)
    lots = max(0, left - replaced.held) if replaced else left
    return Asked(
        s,
        o,
        replaced,
        lots,
        left,
        o["side"] == Side.BUY,
        s.chain(o["account"]),
        s.contracts[o["instrument"]],
        working(s),
    )


def check_states(a: Asked) -> None:
    """7 to 17."""
    desk = a.s.desks[a.o["session"]]
    states = [(0, int(Scope.SCOPE_SESSION), desk.state, int(TradingState.ACTIVE))]
    states.append((0, NO_SCOPE, a.contract.state, TradingState.ACTIVE))
    states += [(t.row.level, int(Scope.SCOPE_ALL), a.s.state_of(t), t.graded) for t in a.chain]
    for level, scope, state, graded in states:
        if state == TradingState.KILLED:
            a.fail(Reason.KILL_SWITCH, TradingState.REDUCING, 0, state, level, scope)
        elif state not in (TradingState.ACTIVE, TradingState.REDUCING):
            a.fail(Reason.HALTED_STATE, TradingState.REDUCING, 0, state, level, scope)
        elif graded == TradingState.HALTED:
            a.fail(Reason.HALTED_STATE, TradingState.REDUCING, 0, graded, level, scope)
        if TradingState.REDUCING in (state, graded) and not a.is_closing and a.lots:
            a.fail(Reason.REDUCING_STATE, a.room, a.book.net, a.lots, level, scope)
    for t in a.chain:
        if t.executions_max is not None and t.executions >= t.executions_max:
            numbers = t.executions_max, t.executions, 1, t.row.level, Scope.SCOPE_ALL
            a.fail(Reason.RE_ENABLE_NEEDED, *numbers)
    row = a.contract.row
    pulled = a.own.protections.get(row.product_index)
    if pulled and pulled.is_pulled:
        compared = a.own.row.protection_qty, pulled.qty, a.lots, a.own.row.level
        a.fail(Reason.PROTECTION_PULLED, *compared, Scope.SCOPE_PRODUCT)
    if a.contract.phase != 2:
        a.fail(Reason.SESSION_CLOSED, 2, 0, a.contract.phase)
    for t in a.chain:
        if row.product_index not in t.row.products:
            a.fail(Reason.NOT_PERMITTED, 0, 0, row.product_index, t.row.level, Scope.SCOPE_PRODUCT)
    check_locks(a)
    is_reduce = a.o["flags"] & Flag.REDUCE_ONLY
    is_reduce |= not row.has_sides and a.o["position_effect"] == PositionEffect.CLOSE
    if is_reduce and not a.is_closing and a.lots:
        level = a.own.row.level
        numbers = a.room, a.book.net, a.lots, level, Scope.SCOPE_INSTRUMENT
        a.fail(Reason.REDUCE_ONLY_ORDER, *numbers)
    if row.has_sides and not a.opens:
        own = a.own.row.handle
        room = sum(closable(a.s, own, row.handle, a.is_buy, a.o["position_effect"]))
        if a.lots > room:
            used = frozen_of(a)
            numbers = room, used, a.lots, a.own.row.level, Scope.SCOPE_INSTRUMENT
            a.fail(Reason.CLOSABLE_LOTS, *numbers)


def frozen_of(a: Asked) -> int:
    """Frozen lots of the days that the close may take."""
    yesterday, today = frozen(a.s, a.own.row.handle, a.instrument, a.is_buy)
    effect = a.o["position_effect"]
    if effect == PositionEffect.CLOSE_TODAY:
        return today
    if effect == PositionEffect.CLOSE_YESTERDAY or a.contract.row.closes_today:
        return yesterday
    return yesterday + today


def check_locks(a: Asked) -> None:
    """13, 14: told at the first place at which all so far forbid it."""
    found = [(a.contract.lock, 0, NO_SCOPE)]
    for t in a.chain:
        for one, key in zip(SCOPES, keys_of(a), strict=True):
            found.append((t.locks.get(key, 0), t.row.level, int(one)))
    side = 1 if a.is_buy else 2
    everywhere = 0
    for lock, _, _ in found:
        everywhere |= lock
    so_far = 0
    for lock, level, scope in found:
        so_far |= lock
        if everywhere == 3 and so_far == 3:
            a.fail(Reason.RESTRICTED, 0, 0, 3, level, scope)
        elif everywhere != 3 and so_far & side:
            a.fail(Reason.SIDE_LOCKED, 0, 0, side, level, scope)


def keys_of(a: Asked) -> list[tuple[int, int]]:
    return [(a.instrument, 0), (0, a.contract.row.product_index + 1), (0, 0)]


def least(a: Asked, name: str, own: int | None) -> tuple[int, int, int] | None:
    """The least limit of that name and the first place that states it."""
    found = [] if own is None else [(own, 0, NO_SCOPE)]
    for t in a.chain:
        for scope, key in zip(SCOPES, keys_of(a), strict=True):
            if name in t.limits.get(key, {}):
                found.append((t.limits[key][name], t.row.level, int(scope)))
    return min(found, key=lambda one: one[0]) if found else None


def check_size(a: Asked) -> None:
    """20 to 24."""
    row, qty = a.contract.row, a.o["order_qty"]
    most = least(a, "max_order_qty", row.max_order_qty)
    if most and qty > most[0]:
        a.fail(Reason.ORDER_SIZE, most[0], 0, qty, *most[1:])
    is_market = a.o["ord_type"] == OrdType.MARKET
    most = least(a, "max_market_qty", row.max_market_qty)
    if is_market and most and qty > most[0]:
        a.fail(Reason.MARKET_ORDER_SIZE, most[0], 0, qty, *most[1:])
    if qty < row.min_order_qty:
        a.fail(Reason.ORDER_SIZE_MIN, row.min_order_qty, 0, qty)
    if qty % row.lot_step:
        a.fail(Reason.LOT_STEP, row.lot_step, 0, qty)
    if not is_market and a.o["price"] % row.price_step:
        a.fail(Reason.PRICE_STEP, row.price_step, 0, a.o["price"])


def check_price(a: Asked) -> None:
    """26 to 30."""
    row, contract, price = a.contract.row, a.contract, a.o["price"]
    is_limit = a.o["ord_type"] == OrdType.LIMIT
    if contract.mark is None:
        a.fail(Reason.REFERENCE_MISSING)
    elif a.s.now - contract.mark_ns > row.stale_ns:
        a.fail(Reason.REFERENCE_STALE, row.stale_ns, 0, a.s.now - contract.mark_ns)
    band = collar(a.s, a.instrument)
    if band and is_limit and not band[0] <= price <= band[1]:
        limit = band[0] if price < band[0] else band[1]
        a.fail(Reason.PRICE_COLLAR, limit, contract.mark or 0, price)
    if not is_limit and row.collar_ticks is None and row.collar_permille is None:
        a.fail(Reason.MARKET_UNPROTECTED)
    if is_limit and row.period_ns and a.book.period_since:
        is_within = a.s.now < a.book.period_since + row.period_ns
        if is_within and abs(price - a.book.period_px) > row.period_ticks:
            numbers = row.period_ticks, a.book.period_px, price, a.own.row.level
            a.fail(Reason.PERIOD_COLLAR, *numbers, Scope.SCOPE_INSTRUMENT)


def check_rates(a: Asked) -> None:
    """31 to 40."""
    for numbers in a.full_buckets:
        a.fail(Reason.ORDER_RATE if a.is_new else Reason.REPLACE_RATE, *numbers)
    now = a.s.now
    for t in a.chain:
        until = t.last_order + t.row.slow_interval_ns
        if t.is_slowed and now < until and not a.is_closing:
            numbers = t.row.slow_interval_ns, now - t.last_order, 0, t.row.level, Scope.SCOPE_ALL
            a.fail(Reason.SLOWED, *numbers)
        if a.is_new and t.day_orders_max is not None and t.day_orders >= t.day_orders_max:
            numbers = t.day_orders_max, t.day_orders, 1, t.row.level, Scope.SCOPE_ALL
            a.fail(Reason.DAY_ORDERS, *numbers)
    check_day(a)
    if a.is_new:
        check_open_orders(a)
        if a.own.row.identical_max and a.identical_before >= a.own.row.identical_max:
            compared = a.own.row.identical_max, a.identical_before, 1, a.own.row.level
            a.fail(Reason.IDENTICAL_ORDERS, *compared, Scope.SCOPE_ALL)


def check_day(a: Asked) -> None:
    """34 to 38, of the owner group in the instrument."""
    day, row = a.s.day(a.own.row.handle, a.instrument), a.contract.row
    if day is None:
        return
    where = 3, Scope.SCOPE_INSTRUMENT
    if a.is_new and row.day_orders_max is not None and day.orders >= row.day_orders_max:
        a.fail(Reason.DAY_ORDERS, row.day_orders_max, day.orders, 1, *where)
    if a.is_closing:
        return
    for reason, count, most in (
        (Reason.DAY_CANCELS, day.cancels, row.day_cancels_max),
        (Reason.DAY_LARGE_CANCELS, day.large_cancels, row.day_large_cancels_max),
        (Reason.DAY_SELF_TRADES, day.self_trades, row.day_self_trades_max),
    ):
        if most is not None and count >= most:
            a.fail(reason, most, count, 0, *where)
    if row.order_to_trade_max is not None:
        messages = day.orders + day.replaces + day.cancels
        is_many = messages > row.order_to_trade_max * max(1, day.trades)
        if messages >= row.order_to_trade_floor and is_many:
            numbers = row.order_to_trade_max, messages, day.trades
            a.fail(Reason.ORDER_TO_TRADE, *numbers, *where)


def check_open_orders(a: Asked) -> None:
    if a.is_closing:
        return
    for t in a.chain:
        for scope, key, ones in each_scope(a):
            most = t.limits.get(key, {}).get("max_open_orders")
            count = sum(
                order.instrument in ones and t.row.handle in a.s.traders[order.account].chain
                for order in a.s.open.values()
            )
            if most is not None and count >= most:
                a.fail(Reason.OPEN_ORDERS, most, count, 1, t.row.level, scope)


def each_scope(a: Asked) -> list[tuple[Scope, tuple[int, int], list[int]]]:
    ones = scope_instruments(a.s, a.instrument)
    return list(zip(SCOPES, keys_of(a), ones, strict=True))


def max_of(t: Trader, key: tuple[int, int], name: str) -> int | None:
    """A maximum at a scope; an account's of every instrument is its max_position."""
    value = t.limits.get(key, {}).get(name)
    if value is None and key[0] and name in ("max_long", "max_short"):
        value = t.row.max_position
        if value is None and t.trades:
            return -1
    return value


def check_positions(a: Asked) -> None:
    """43 to 46."""
    own, key = a.own, (a.instrument, 0)
    if -1 in (max_of(own, key, "max_long"), max_of(own, key, "max_short")):
        a.fail(Reason.LIMIT_MISSING, 0, 0, 0, own.row.level, Scope.SCOPE_INSTRUMENT)
    if a.is_closing:
        return
    side = "long" if a.is_buy else "short"
    for t in a.chain:
        level = t.row.handle
        before = worst(a.s, a.held_lots, level, a.instrument)
        after = worst(a.s, a.held_lots, level, a.instrument, a.extra)
        added = after.gross - before.gross
        for scope, where, ones in each_scope(a):
            used = worst_of(a.s, a.held_lots, level, ones)
            most = max_of(t, where, f"max_{side}")
            if most is not None and a.lots and getattr(used, side) + a.lots > most:
                numbers = most, getattr(used, side), a.lots, t.row.level, scope
                a.fail(Reason.POSITION_LIMIT, *numbers)
            most = max_of(t, where, "max_gross")
            if most is not None and added > 0 and used.gross + added > most:
                a.fail(Reason.GROSS_LIMIT, most, used.gross, added, t.row.level, scope)
    check_concentration(a)


def check_concentration(a: Asked) -> None:
    """46: of the account, in the total of its master."""
    permille = a.own.concentration
    master = next((t for t in a.chain if t.row.level == 2), None)
    if permille is None or master is None:
        return
    ones = of_product(a.s, a.contract.row.product_index)
    own = worst_of(a.s, a.held_lots, a.own.row.handle, ones, a.extra).gross
    total = worst_of(a.s, a.held_lots, master.row.handle, ones, a.extra).gross
    if total > a.own.row.concentration_floor and own * 1000 > permille * total:
        numbers = permille, own, total, a.own.row.level, Scope.SCOPE_PRODUCT
        a.fail(Reason.CONCENTRATION, *numbers)
