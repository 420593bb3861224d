"""Reasons 20 to 42: the order's size and price, how much is sent, what it would meet."""

from denials import Row, produces, with_instrument
from risk_rig import (
    GOLD,
    GROUP,
    INDEX,
    MASTER,
    SECOND,
    SELL,
    SISTER,
    START_NS,
    SUB,
    Step,
    cancel,
    changed,
    execution,
    order,
    replace,
    tick,
    universe,
)

from tidegate.native.records import (
    NO_PRICE,
    ExecType,
    Level,
    OrdType,
    Reason,
    Scope,
    SelfMatch,
)
from tidegate.universe import Limit, Rate

SUB_LEVEL = Level.SUB_ACCOUNT
OF_GROUP = (Level.OWNER_GROUP, Scope.SCOPE_INSTRUMENT)
MARKET = {"ord_type": int(OrdType.MARKET), "price": NO_PRICE}


@produces(Reason.ORDER_SIZE, 20, 0, 21, SUB_LEVEL, Scope.SCOPE_ALL)
def too_many_lots() -> tuple[Step, Row]:
    return Step(), order(1, order_qty=21)


@produces(Reason.MARKET_ORDER_SIZE, 5, 0, 6)
def too_many_lots_at_market() -> tuple[Step, Row]:
    return Step(with_instrument(GOLD, max_market_qty=5)), order(1, order_qty=6, **MARKET)


@produces(Reason.ORDER_SIZE_MIN, 2, 0, 1)
def too_few_lots() -> tuple[Step, Row]:
    return Step(with_instrument(GOLD, min_order_qty=2)), order(1)


@produces(Reason.LOT_STEP, 2, 0, 3)
def odd_lots() -> tuple[Step, Row]:
    return Step(with_instrument(GOLD, lot_step=2)), order(1, order_qty=3)


@produces(Reason.PRICE_STEP, 5, 0, 13_001)
def price_between_steps() -> tuple[Step, Row]:
    return Step(with_instrument(GOLD, price_step=5)), order(1, price=13_001)


@produces(
    Reason.ORDER_NOTIONAL, 1_299_999_999, 0, 1_300_000_000, Level.OWNER_GROUP, Scope.SCOPE_PRODUCT
)
def worth_a_little_too_much() -> tuple[Step, Row]:
    limits = (Limit(product=1, max_notional=1_299_999_999),)
    return Step(universe(accounts=changed(GROUP, limits=limits))), order(1)


@produces(Reason.REFERENCE_MISSING)
def no_mark() -> tuple[Step, Row]:
    return Step(marks={}), order(1)


@produces(Reason.REFERENCE_STALE, 10 * SECOND, 0, 11 * SECOND)
def old_mark() -> tuple[Step, Row]:
    step = Step()
    step.run(tick(START_NS + 11 * SECOND))
    return step, order(1)


@produces(Reason.PRICE_COLLAR, 13_200, 13_000, 13_201)
def price_above_the_collar() -> tuple[Step, Row]:
    return Step(), order(1, price=13_201)


@produces(Reason.MARKET_UNPROTECTED)
def market_order_without_a_collar() -> tuple[Step, Row]:
    return Step(), order(1, instrument=INDEX, **MARKET)


@produces(Reason.PERIOD_COLLAR, 5, 13_000, 13_006, SUB_LEVEL, Scope.SCOPE_INSTRUMENT)
def price_that_has_drifted() -> tuple[Step, Row]:
    step = Step(with_instrument(GOLD, period_ns=SECOND, period_ticks=5))
    step.accept(order(1))
    step.accept(order(2, price=13_005))
    return step, order(3, price=13_006)


@produces(Reason.ORDER_RATE, 0, SECOND, SECOND, SUB_LEVEL, Scope.SCOPE_ALL)
def second_order_of_a_second() -> tuple[Step, Row]:
    step = Step(universe(accounts=changed(SUB, order_rate=1, order_burst=1)))
    step.accept(order(1))
    return step, order(2)


@produces(Reason.REPLACE_RATE, 0, SECOND, SECOND)
def second_replace_of_a_second() -> tuple[Step, Row]:
    step = Step(with_instrument(GOLD, replace_rate=Rate(per_second=1, burst=1)))
    number = step.accept(order(1))
    step.accept(replace(2, 1, 2, 13_000))
    step.run(execution(number, ExecType.EXEC_REPLACED, exec_id=1))
    return step, replace(3, 2, 3, 13_000)


@produces(Reason.SLOWED, 5 * SECOND, SECOND, 0, SUB_LEVEL, Scope.SCOPE_ALL)
def order_soon_after_the_last_one() -> tuple[Step, Row]:
    fields = {"margin_grades": (0, 1, 0, 0), "slow_interval_ns": 5 * SECOND}
    step = Step(universe(accounts=changed(SUB, **fields)))
    step.accept(order(1))
    step.run(tick(START_NS + SECOND))
    return step, order(2)


@produces(Reason.DAY_ORDERS, 1, 1, 1, Level.MASTER, Scope.SCOPE_ALL)
def second_order_of_the_day() -> tuple[Step, Row]:
    step = Step(universe(accounts=changed(MASTER, day_orders_max=1)))
    step.accept(order(1))
    return step, order(2)


def after_a_cancel(**fields: int) -> Step:
    step = Step(with_instrument(GOLD, **fields))
    number = step.accept(order(1, order_qty=3))
    step.accept(cancel(2, 1))
    step.run(execution(number, ExecType.EXEC_CANCELED, exec_id=1))
    return step


@produces(Reason.DAY_CANCELS, 1, 1, 0, *OF_GROUP)
def after_the_last_cancel_of_the_day() -> tuple[Step, Row]:
    return after_a_cancel(day_cancels_max=1), order(3)


@produces(Reason.DAY_LARGE_CANCELS, 1, 1, 0, *OF_GROUP)
def after_the_last_large_cancel_of_the_day() -> tuple[Step, Row]:
    return after_a_cancel(day_large_cancels_max=1, large_cancel_qty=3), order(3)


@produces(Reason.DAY_SELF_TRADES, 1, 1, 0, *OF_GROUP)
def after_the_last_self_trade_of_the_day() -> tuple[Step, Row]:
    step = Step(with_instrument(GOLD, day_self_trades_max=1))
    buy, sell = step.accept(order(1)), step.accept(order(2, account=SISTER, side=SELL))
    match = {"exec_id": 1, "last_qty": 1, "last_px": 13_000, "trd_match_id": 77}
    step.run(execution(buy, ExecType.EXEC_TRADE, **match))
    step.run(execution(sell, ExecType.EXEC_TRADE, **match))
    return step, order(3)


@produces(Reason.ORDER_TO_TRADE, 1, 2, 0, *OF_GROUP)
def many_messages_and_no_trade() -> tuple[Step, Row]:
    step = Step(with_instrument(GOLD, order_to_trade_max=1, order_to_trade_floor=2))
    step.accept(order(1))
    step.accept(order(2))
    return step, order(3)


@produces(Reason.OPEN_ORDERS, 1, 1, 1, SUB_LEVEL, Scope.SCOPE_ALL)
def second_open_order() -> tuple[Step, Row]:
    step = Step(universe(accounts=changed(SUB, limits=(Limit(max_open_orders=1),))))
    step.accept(order(1))
    return step, order(2)


@produces(Reason.IDENTICAL_ORDERS, 2, 2, 1, SUB_LEVEL, Scope.SCOPE_ALL)
def the_same_order_a_third_time() -> tuple[Step, Row]:
    fields = {"identical_max": 2, "identical_window_ns": SECOND}
    step = Step(universe(accounts=changed(SUB, **fields)))
    step.accept(order(1))
    step.accept(order(2))
    return step, order(3)


@produces(Reason.SELF_MATCH_OWN, 13_000, 0, 12_990, SUB_LEVEL, Scope.SCOPE_INSTRUMENT)
def sell_into_ones_own_buy() -> tuple[Step, Row]:
    step = Step(universe(accounts=changed(SUB, self_match_own=int(SelfMatch.DENY_NEW))))
    step.accept(order(1))
    return step, order(2, side=SELL, price=12_990)


@produces(Reason.SELF_MATCH_GROUP, 13_000, 0, 12_990, *OF_GROUP)
def sell_into_the_sister_s_buy() -> tuple[Step, Row]:
    step = Step(universe(accounts=changed(GROUP, self_match_group=int(SelfMatch.DENY_NEW))))
    step.accept(order(1, account=SISTER))
    return step, order(2, side=SELL, price=12_990)
