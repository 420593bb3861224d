"""The twin's checks: which reasons an order fails, and the numbers of the first."""

from risk_twin import DECIDED, QTY_MAX, InexpressibleError, Order, Row, Twin, Verdict, money

from tidegate.native.records import (
    NO_PRICE,
    Flag,
    Level,
    OrdType,
    PositionEffect,
    Reason,
    Side,
    TimeInForce,
    TradingState,
)

Numbers = tuple[int, int, int, int]
LIVE = (TradingState.ACTIVE, TradingState.REDUCING)


def malformed(o: Row) -> bool:
    known = Flag.POSS_DUP | Flag.POSS_RESEND | Flag.REDUCE_ONLY | Flag.POST_ONLY
    return (
        o["flags"] & ~int(known) != 0
        or any(o[name] for name in ("stop_px", "expire_ns", "exec_inst", "hedge_flag"))
        or o["position_effect"] not in (0, PositionEffect.OPEN, PositionEffect.CLOSE)
        or not 0 < o["order_qty"] <= QTY_MAX
        or o["side"] not in tuple(Side)
        or o["ord_type"] not in tuple(OrdType)
        or (o["price"] == NO_PRICE) != (o["ord_type"] == OrdType.MARKET)
        or o["time_in_force"] not in tuple(TimeInForce)
    )


def run_checks(twin: Twin, o: Row, order: Order | None, verdict: Verdict) -> tuple[int, int]:
    """Fill in the verdict; the lots and the fee to hold in addition."""
    lots = o["order_qty"]
    left = lots
    if order is not None:
        left = o["order_qty"] - order.cum
        lots = max(0, left - order.held)
    fee, margins, overflow = needs(twin, o, order, lots, left)
    failed: dict[Reason, Numbers] = {}
    levels = twin.chain(o["account"])
    own = levels[0]
    row = twin.instruments[o["instrument"]]
    mark = twin.marks.get(o["instrument"])

    trading_states(twin, o, lots, failed)
    for level in levels:
        if row.product_index not in level.products:
            failed.setdefault(Reason.NOT_PERMITTED, (0, 0, row.product_index, level.level))

    sizes = [(row.max_order_qty, 0)]
    sizes += [(level.max_order_qty, level.level) for level in levels if level.max_order_qty]
    largest = min(sizes, key=lambda size: size[0])
    if o["order_qty"] > largest[0]:
        failed[Reason.ORDER_SIZE] = (largest[0], 0, o["order_qty"], largest[1])

    if mark is None:
        failed[Reason.REFERENCE_MISSING] = (0, 0, 0, 0)
    else:
        age = twin.now - mark[1]
        if age > row.stale_ns:
            failed[Reason.REFERENCE_STALE] = (row.stale_ns, 0, age, 0)
        collar(o, mark[0], row.collar_ticks, row.collar_permille, failed)

    positions(twin, o, lots, failed)

    for level in levels:
        if level.order_rate:
            interval = -(-(10**9) // level.order_rate)
            tolerance = (level.order_burst - 1) * interval
            debt = twin.sent.get(level.handle, 0) - twin.now
            if debt > tolerance:
                failed.setdefault(Reason.RATE_LIMIT, (tolerance, debt, interval, level.level))

    if None in (twin.per_lot(row.handle, True), twin.per_lot(row.handle, False)):
        failed[Reason.MARGIN_MISSING] = (0, 0, 0, 0)
    if row.currency not in own.cash:
        failed[Reason.BALANCE_MISSING] = (0, 0, 0, own.level)

    if overflow:
        failed[Reason.OVERFLOW] = (0, 0, 0, 0)
    else:
        afford(twin, o, lots, fee, margins, failed)

    for reason in failed:
        verdict.bits |= 1 << reason
    if failed:
        verdict.reason = min(failed)
        verdict.numbers = failed[Reason(verdict.reason)]
    assert verdict.bits & DECIDED
    return lots, fee


def trading_states(twin: Twin, o: Row, lots: int, failed: dict[Reason, Numbers]) -> None:
    levels = twin.chain(o["account"])
    is_buy = o["side"] == Side.BUY
    states = [(0, twin.instrument_states[o["instrument"]])]
    states += [(level.level, twin.states[level.handle]) for level in levels]
    for level, state in states:
        if state not in LIVE:
            failed.setdefault(Reason.ACCOUNT_HALTED, (TradingState.REDUCING, 0, state, level))

    own = levels[0]
    room = twin.closable(own.handle, o["instrument"], is_buy)
    net = twin.book(own.handle, o["instrument"]).net
    for level, state in states:
        asks = state == TradingState.REDUCING
        if level == own.level:
            asks = asks or states[0][1] == TradingState.REDUCING or o["flags"] & Flag.REDUCE_ONLY
            asks = asks or o["position_effect"] == PositionEffect.CLOSE
        if level and asks and lots > max(room, 0):
            failed.setdefault(Reason.REDUCING_ONLY, (room, net, lots, level))


def needs(
    twin: Twin, o: Row, order: Order | None, lots: int, left: int
) -> tuple[int, list[int], bool]:
    """The fee to add, each level's requirement with the order, and whether all of it fits."""
    is_buy = o["side"] == Side.BUY
    held = order.fee if order is not None else 0
    currency = twin.instruments[o["instrument"]].currency
    try:
        price = twin.fee_price(o["instrument"], o["price"])
        fee = max(0, twin.fee(o["instrument"], price, left) - held)
        margins = []
        for level in twin.chain(o["account"]):
            handle = level.handle
            after = twin.requirement(handle, o["instrument"], lots * is_buy, lots * (not is_buy))
            before = twin.requirement(handle, o["instrument"])
            money(twin.margin(handle, currency) + after - before)
            money(twin.fee_held(handle, currency) + fee)
            margins.append(after - before)
    except InexpressibleError:
        return 0, [], True
    return fee, margins, False


def collar(
    o: Row, mark: int, ticks: int | None, permille: int | None, failed: dict[Reason, Numbers]
) -> None:
    widths = [] if ticks is None else [ticks]
    widths += [] if permille is None else [abs(mark) * permille // 1000]
    if o["ord_type"] != OrdType.LIMIT or not widths:
        return
    if abs(o["price"] - mark) > min(widths):
        limit = mark + min(widths) if o["price"] > mark else mark - min(widths)
        failed[Reason.PRICE_COLLAR] = (limit, mark, o["price"], 0)


def positions(twin: Twin, o: Row, lots: int, failed: dict[Reason, Numbers]) -> None:
    is_buy = o["side"] == Side.BUY
    for level in twin.chain(o["account"]):
        limits = level.position_limits.get(o["instrument"])
        if limits is None:
            limits = (level.max_position, level.max_position)
        limit = limits[0 if is_buy else 1]
        if limit is None:
            if level.level >= Level.SUB_ACCOUNT:
                failed[Reason.LIMIT_MISSING] = (0, 0, 0, level.level)
            continue
        net = twin.book(level.handle, o["instrument"]).net
        used = twin.working(level.handle, o["instrument"], is_buy) + (net if is_buy else -net)
        if lots and used + lots > limit:
            failed.setdefault(Reason.POSITION_LIMIT, (limit, used, lots, level.level))


def afford(
    twin: Twin, o: Row, lots: int, fee: int, margins: list[int], failed: dict[Reason, Numbers]
) -> None:
    is_buy = o["side"] == Side.BUY
    currency = twin.instruments[o["instrument"]].currency
    for level, added in zip(twin.chain(o["account"]), margins, strict=True):
        net = twin.book(level.handle, o["instrument"]).net
        is_against = net < 0 if is_buy else net > 0
        room = twin.closable(level.handle, o["instrument"], is_buy)
        if currency not in level.cash or lots == fee == 0 or (is_against and lots <= room):
            continue
        has = twin.equity(level.handle, currency)
        used = twin.held(level.handle, currency)
        if added + fee > has - used:
            failed.setdefault(Reason.MARGIN, (has, used, added + fee, level.level))
