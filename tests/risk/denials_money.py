"""Reasons 43 to 54: what filled and working lots can lead to, and the money behind it."""

import msgspec
from denials import Row, produces, with_instrument
from risk_rig import (
    GOLD,
    GROUP,
    INDEX,
    MASTER,
    MILLION,
    SISTER,
    SUB,
    USD,
    Step,
    accounts,
    changed,
    order,
    universe,
)

from tidegate.native.records import Level, Reason, Scope
from tidegate.universe import Currency, Limit

SUB_LEVEL = Level.SUB_ACCOUNT
LOT = 88_000_000
FEE = 23_200
LOT_NOTIONAL = 1_300_000_000


@produces(Reason.LIMIT_MISSING, 0, 0, 0, SUB_LEVEL, Scope.SCOPE_INSTRUMENT)
def no_position_limit() -> tuple[Step, Row]:
    return Step(universe(accounts=changed(SUB, max_position=None))), order(1)


@produces(Reason.POSITION_LIMIT, 5, 3, 3, Level.OWNER_GROUP, Scope.SCOPE_PRODUCT)
def more_than_the_group_may_hold() -> tuple[Step, Row]:
    step = Step(universe(accounts=changed(GROUP, limits=(Limit(product=1, max_long=5),))))
    step.accept(order(1, account=SISTER, order_qty=3))
    return step, order(2, order_qty=3)


@produces(Reason.GROSS_LIMIT, 1, 1, 1, SUB_LEVEL, Scope.SCOPE_ALL)
def more_in_two_instruments_than_in_all() -> tuple[Step, Row]:
    step = Step(universe(accounts=changed(SUB, limits=(Limit(max_gross=1),))))
    step.accept(order(1))
    return step, order(2, instrument=INDEX, price=4_000)


@produces(Reason.CONCENTRATION, 200, 1, 1, SUB_LEVEL, Scope.SCOPE_PRODUCT)
def all_that_the_master_has() -> tuple[Step, Row]:
    return Step(universe(accounts=changed(SUB, concentration_permille=200))), order(1)


@produces(Reason.MARGIN_MISSING)
def no_settlement_price() -> tuple[Step, Row]:
    return Step(with_instrument(GOLD, settlement=None, margin_long_ppm=1)), order(1)


@produces(Reason.BALANCE_MISSING, 0, 0, 0, SUB_LEVEL, Scope.SCOPE_ALL)
def no_money_stated() -> tuple[Step, Row]:
    return Step(universe(accounts=changed(SUB, cash={}))), order(1)


@produces(Reason.CURRENCY_RATE_MISSING, 0, 0, 0, SUB_LEVEL, Scope.SCOPE_ALL)
def no_rate_of_the_currency() -> tuple[Step, Row]:
    base = Currency(handle=USD, code="USD", bid_rate=10**9, ask_rate=10**9)
    step = Step(
        universe(
            accounts=changed(SUB, is_converted=True),
            currencies=(base, *universe().currencies[1:]),
        )
    )
    return step, order(1, instrument=INDEX, price=4_000)


@produces(Reason.LEVERAGE, MILLION, 0, 8 * LOT_NOTIONAL, SUB_LEVEL, Scope.SCOPE_ALL)
def worth_more_than_the_money_behind_it() -> tuple[Step, Row]:
    return Step(universe(accounts=changed(SUB, leverage_max=100))), order(1, order_qty=8)


@produces(Reason.MARGIN, LOT - 1, 0, LOT, SUB_LEVEL, Scope.SCOPE_ALL)
def one_short_of_the_margin() -> tuple[Step, Row]:
    return Step(universe(accounts=changed(SUB, cash={USD: LOT - 1}))), order(1)


@produces(Reason.FEE, LOT, 0, LOT + FEE, SUB_LEVEL, Scope.SCOPE_ALL)
def margin_but_not_the_fee() -> tuple[Step, Row]:
    return Step(universe(accounts=changed(SUB, cash={USD: LOT}))), order(1)


@produces(Reason.POOL, 10, 0, LOT + FEE, Level.MASTER, Scope.SCOPE_ALL)
def pool_that_is_empty() -> tuple[Step, Row]:
    pool = {"cash": {USD: 10}, "is_shared": False}
    member = {"cash": {}, "credit_line": {USD: MILLION}, "pool": MASTER}
    rows = tuple(
        msgspec.structs.replace(row, **{MASTER: pool, SUB: member}.get(row.handle, {}))
        for row in accounts()
    )
    return Step(universe(accounts=rows)), order(1)


@produces(Reason.OVERFLOW)
def worth_more_than_can_be_said() -> tuple[Step, Row]:
    return Step(with_instrument(GOLD, tick_value=10**14)), order(1, order_qty=2)
