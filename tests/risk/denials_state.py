"""Reasons 1 to 19: what cannot be looked at, who may trade what now, who may only close."""

from denials import Row, produces, with_instrument
from risk_rig import (
    FIRM,
    GOLD,
    GROUP,
    MASTER,
    SECOND,
    SELL,
    SUB,
    USD,
    Step,
    changed,
    control,
    mark,
    order,
    state,
    universe,
)

from tidegate.native.records import (
    Flag,
    Kind,
    Level,
    Phase,
    PositionEffect,
    Reason,
    Scope,
    TradingState,
)
from tidegate.universe import Capacity, Limit

SUB_LEVEL = Level.SUB_ACCOUNT
REDUCING = TradingState.REDUCING


@produces(Reason.MALFORMED)
def no_lots() -> tuple[Step, Row]:
    return Step(), order(1, order_qty=0)


@produces(Reason.UNKNOWN_ACCOUNT)
def account_that_is_not_there() -> tuple[Step, Row]:
    return Step(), order(1, account=99)


@produces(Reason.UNKNOWN_INSTRUMENT)
def instrument_that_is_not_there() -> tuple[Step, Row]:
    return Step(), order(1, instrument=99)


@produces(Reason.DUPLICATE_CL_ORD_ID)
def id_used_today() -> tuple[Step, Row]:
    step = Step()
    step.accept(order(1))
    return step, order(1)


@produces(Reason.TABLE_FULL)
def no_row_left() -> tuple[Step, Row]:
    step = Step(universe(capacity=Capacity(orders=1, pairs=40, cl_ord_ids=64)))
    step.accept(order(1))
    return step, order(2)


@produces(Reason.LIST_REFUSED, 3, 0, 2)
def list_whose_first_failed() -> tuple[Step, Row]:
    step = Step()
    step.refuse(order(1, order_qty=99, list_id=7, list_seq_no=1, tot_no_orders=3))
    return step, order(2, list_id=7, list_seq_no=2, tot_no_orders=3)


@produces(Reason.KILL_SWITCH, REDUCING, 0, TradingState.KILLED, Level.MASTER, Scope.SCOPE_ALL)
def killed_master() -> tuple[Step, Row]:
    step = Step()
    step.run(control(Kind.KILL, account=MASTER))
    return step, order(1)


@produces(Reason.HALTED_STATE, REDUCING, 0, TradingState.HALTED, Level.FIRM, Scope.SCOPE_ALL)
def halted_firm() -> tuple[Step, Row]:
    step = Step()
    step.run(state(TradingState.HALTED, account=FIRM))
    return step, order(1)


@produces(Reason.RE_ENABLE_NEEDED, 1, 1, 1, SUB_LEVEL, Scope.SCOPE_ALL)
def as_many_fills_as_a_person_allowed() -> tuple[Step, Row]:
    step = Step(universe(accounts=changed(SUB, executions_max=1)))
    step.fill(order(1))
    return step, order(2)


@produces(Reason.PROTECTION_PULLED, 1, 2, 1, SUB_LEVEL, Scope.SCOPE_PRODUCT)
def more_fills_than_protection_allows() -> tuple[Step, Row]:
    fields = {"protection_window_ns": SECOND, "protection_qty": 1}
    step = Step(universe(accounts=changed(SUB, **fields)))
    step.fill(order(1, order_qty=2))
    return step, order(2)


@produces(Reason.SESSION_CLOSED, Phase.PHASE_OPEN, 0, Phase.PHASE_CLOSED)
def closed_instrument() -> tuple[Step, Row]:
    return Step(with_instrument(GOLD, phases=((1, int(Phase.PHASE_CLOSED)),))), order(1)


@produces(Reason.NOT_PERMITTED, 0, 0, 0, Level.MASTER, Scope.SCOPE_PRODUCT)
def product_that_the_master_may_not_trade() -> tuple[Step, Row]:
    return Step(universe(accounts=changed(MASTER, products=(1, 2)))), order(1)


@produces(Reason.RESTRICTED, 0, 0, 3, SUB_LEVEL, Scope.SCOPE_PRODUCT)
def no_buys_here_and_no_sells_there() -> tuple[Step, Row]:
    locks = (Limit(instrument=GOLD, side_lock=1), Limit(product=1, side_lock=2))
    return Step(universe(accounts=changed(SUB, limits=locks))), order(1)


@produces(Reason.SIDE_LOCKED, 0, 0, 1, Level.OWNER_GROUP, Scope.SCOPE_ALL)
def no_buys_of_the_group() -> tuple[Step, Row]:
    return Step(universe(accounts=changed(GROUP, limits=(Limit(side_lock=1),)))), order(1)


@produces(Reason.REDUCING_STATE, 2, 2, 3, Level.MASTER, Scope.SCOPE_ALL)
def more_than_there_is_to_close() -> tuple[Step, Row]:
    step = Step()
    step.fill(order(1, order_qty=2))
    step.run(state(REDUCING, account=MASTER))
    return step, order(2, side=SELL, order_qty=3)


@produces(Reason.REDUCE_ONLY_ORDER, 0, 0, 1, SUB_LEVEL, Scope.SCOPE_INSTRUMENT)
def reduce_only_of_nothing() -> tuple[Step, Row]:
    return Step(), order(1, flags=Flag.REDUCE_ONLY)


@produces(Reason.CLOSABLE_LOTS, 1, 1, 2, SUB_LEVEL, Scope.SCOPE_INSTRUMENT)
def lots_that_another_close_has_frozen() -> tuple[Step, Row]:
    step = Step(with_instrument(GOLD, has_sides=True, margin_model="sides"))
    close = int(PositionEffect.CLOSE)
    step.fill(order(1, order_qty=2, position_effect=int(PositionEffect.OPEN)))
    step.accept(order(2, side=SELL, position_effect=close))
    return step, order(3, side=SELL, order_qty=2, position_effect=close)


@produces(Reason.LOSS_LIMIT, 1_000_000, 1_023_200, 0, SUB_LEVEL, Scope.SCOPE_ALL)
def ten_ticks_and_a_fee_lost() -> tuple[Step, Row]:
    step = Step(universe(accounts=changed(SUB, max_loss={USD: 1_000_000})))
    step.fill(order(1))
    step.run(mark(GOLD, 12_990))
    return step, order(2)


@produces(Reason.DRAWDOWN_LIMIT, 2_000_000, 2_000_000, 0, SUB_LEVEL, Scope.SCOPE_ALL)
def twenty_ticks_below_the_best() -> tuple[Step, Row]:
    step = Step(universe(accounts=changed(SUB, max_drawdown={USD: 2_000_000})))
    step.fill(order(1))
    step.run(mark(GOLD, 13_010))
    step.run(mark(GOLD, 12_990))
    return step, order(2)
