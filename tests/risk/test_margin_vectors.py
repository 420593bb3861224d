"""The open vectors of margin, fees and cash that an account's rows show, by id."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest
from control_rig import by_operator, done, refused
from risk_rig import (
    GOLD,
    INDEX,
    RATIO,
    SELL,
    SUB,
    USD,
    Step,
    accounts,
    instrument,
    mark,
    order,
    universe,
)
from test_booking_sides import CLOSE, OPEN, give_yesterday, sides

from tidegate.native.records import CashPhase, Kind
from tidegate.span.rate_table import RateInstrument, SideRates
from tidegate.span.rates import net_requirement, per_lot
from tidegate.universe import MONEY_SCALE, Account, Fee, Instrument

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "margin.json"
pytestmark = pytest.mark.skipif(not VECTORS.exists(), reason="the vectors are not beside this tree")
FREE = (Fee(),)


def vector(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is given and what is expected."""
    found = next(v for v in json.loads(VECTORS.read_text()) if v["id"] == name)
    return found["input"], found["expected"]


def roomy(row: Account) -> Account:
    """With limits of size that no vector reaches: they are not what is tried here."""
    return msgspec.structs.replace(row, max_position=1000, max_order_qty=1000, position_limits={})


def step_of(price: int, **fields: Any) -> Step:
    """Instrument 1 as stated, at a mark of `price` ticks."""
    own: Instrument = instrument(GOLD, "own", **({"settlement": price, "fees": FREE} | fields))
    rows = (own, instrument(INDEX, "IF"), instrument(RATIO, "RT"))
    content = universe(instruments=rows, accounts=tuple(map(roomy, accounts())))
    return Step(content, marks={GOLD: price})


def equity(step: Step) -> int:
    row = step.balance(SUB)
    return int(row["cash"] + row["unrealised"])


@pytest.mark.parametrize("model", ["net", "sides"])
def test_cn_1_a_day_s_profit_is_what_the_settlement_moves_the_account_by(model: str) -> None:
    """No start of day carries lots in: a day before opens them at the settlement it ended with."""
    given, expected = vector("CN-1")
    has_sides = model == "sides"
    effects = (OPEN, CLOSE) if has_sides else (0, 0)
    step = step_of(
        given["pre_settle"],
        tick_value=given["mult"] * MONEY_SCALE,
        collar_ticks=20_000,
        margin_model=model,
        has_sides=has_sides,
    )
    lots = given["yesterday_long"]
    if has_sides:
        give_yesterday(step, lots, given["pre_settle"])
        assert sides(step)["long_yesterday"] == lots
    else:
        step.fill(order(900, order_qty=lots), given["pre_settle"])
    before = equity(step)
    for cl_ord_id, name, fields in (
        (1, "buy", {"position_effect": effects[0]}),
        (2, "sell_close", {"position_effect": effects[1], "side": SELL}),
    ):
        qty, px = given[name]
        step.fill(order(cl_ord_id, order_qty=qty, price=px, **fields))
    step.run(mark(GOLD, given["settle"]))
    profit = equity(step) - before
    assert profit == expected["pnl"] * MONEY_SCALE
    assert profit == expected["points"] * given["mult"] * MONEY_SCALE


def test_cn_3_a_lot_is_margined_by_money_on_the_settlement_before() -> None:
    given, expected = vector("CN-3")
    money = Decimal(expected["margin"]) * MONEY_SCALE
    tick_size = Decimal("0.02")
    settlement = Decimal(str(given["au2106 pre_settle"]))
    step = step_of(
        int(settlement / tick_size),
        tick_size=tick_size,
        tick_value=int(tick_size * given["mult"] * MONEY_SCALE),
        margin_long_lot=given["by_volume"],
        margin_long_ppm=int(Decimal(str(given["rate_by_money"])) * 1_000_000),
        margin_model="sides",
        has_sides=True,
    )
    price = int(settlement / tick_size)
    step.accept(order(1, order_qty=given["lots"], price=price, position_effect=OPEN))
    assert step.balance(SUB)["margin"] == money
    by_money = SideRates(long_by_money=Decimal(str(given["rate_by_money"])))
    of_table = RateInstrument(
        name="au2106",
        product="au",
        maturity="2106",
        currency="CNY",
        model="long_short",
        multiplier=Fraction(given["mult"]),
        max_side=False,
        max_side_group="",
        max_side_by_hedge=False,
        price_basis=1,
        floor_per_lot=Fraction(0),
        prices={1: Fraction(settlement)},
        rates=(by_money,),
        exchange_rates=(),
    )
    a_lot = per_lot(of_table, by_money, Fraction(settlement), is_long=True)
    assert given["lots"] * a_lot == Fraction(expected["margin"])


@pytest.mark.parametrize("opened", [0, 1])
def test_cn_5_closes_pay_as_todays_only_while_lots_were_opened_today(opened: int) -> None:
    given, expected = vector("CN-5")
    charged, _, rate = expected["fee"].partition(" x ")
    assert (int(charged), rate) == (given["close"], "close(yesterday) rate")
    fees = (Fee(open_lot=0, close_lot=10, close_today_lot=100),)
    step = step_of(13_000, fees=fees, margin_model="sides", has_sides=True)
    give_yesterday(step, given["hist"], 13_000)
    if opened:
        step.fill(order(1, order_qty=opened, position_effect=OPEN))
    before = step.balance(SUB)["fees"]
    step.fill(order(2, order_qty=given["close"], side=SELL, position_effect=CLOSE))
    fee = step.balance(SUB)["fees"] - before
    assert fee == 10 * (int(charged) - opened) + 100 * opened
    assert sides(step)["long_yesterday"] == 0


def held(name: str) -> tuple[int, Fraction, int]:
    """What the step and rates.py hold for a vector's position and orders, and what is expected."""
    given, expected = vector(name)
    rates = {"margin_long_lot": given["mL"], "margin_short_lot": given["mS"]}
    step = step_of(13_000, **rates)
    assert given["pos"] >= 0
    if given["pos"]:
        step.fill(order(1, order_qty=given["pos"]))
    if given["pend_buy"]:
        step.accept(order(2, order_qty=given["pend_buy"], price=12_990))
    if given["pend_sell"]:
        step.accept(order(3, order_qty=given["pend_sell"], price=13_010, side=SELL))
    of_table = net_requirement(
        Fraction(given["mL"]),
        Fraction(given["mS"]),
        given["pos"],
        given["pend_buy"],
        given["pend_sell"],
    )
    return step.balance(SUB)["margin"], of_table, expected["R"]


def test_res_0_orders_of_both_sides_hold_the_dearer() -> None:
    step, of_table, expected = held("RES-0")
    assert step == of_table == expected


def test_res_1_sells_through_a_long_position_hold_what_is_left_on_the_worse_side() -> None:
    step, of_table, expected = held("RES-1")
    assert step == of_table == expected


def test_res_5_nothing_holds_nothing() -> None:
    step, of_table, expected = held("RES-5")
    assert step == of_table == expected


def test_res_gc2_a_working_order_counts_with_the_margin_of_all_its_lots() -> None:
    given, expected = vector("RES-GC2")
    side, lots, _ = given["order"].split()
    assert side == "buy"
    a_lot = given["MM"] * MONEY_SCALE
    step = step_of(13_000, max_order_qty=int(lots), margin_long_lot=a_lot, margin_short_lot=a_lot)
    step.accept(order(1, order_qty=int(lots)))
    assert step.balance(SUB)["margin"] == expected["exposure"] * MONEY_SCALE
    lot = Fraction(given["MM"])
    assert net_requirement(lot, lot, 0, int(lots)) == expected["exposure"]


def test_tb_1_a_pending_debit_over_what_is_left_of_the_credits_is_refused() -> None:
    given, expected = vector("TB-1")
    assert expected["result"] == "rejected at pending"
    poor = [
        msgspec.structs.replace(row, cash={USD: 0}) if row.handle == SUB else row
        for row in accounts()
    ]
    step = Step(universe(accounts=tuple(poor)))

    def cash(amount: int, phase: int = 0, request: int = 0) -> Any:
        fields = {"amount": amount, "cash_phase": phase, "cl_ord_id": request}
        return by_operator(Kind.CASH, account=SUB, currency=USD, **fields)

    funded, debits, pending = (
        given[name] * MONEY_SCALE for name in ("credits_posted", "debits_posted", "pending")
    )
    done(step, cash(funded))
    done(step, cash(-debits, int(CashPhase.CASH_PENDING), 1))
    done(step, cash(0, int(CashPhase.CASH_POST), 1))
    answer = refused(step, cash(-pending, int(CashPhase.CASH_PENDING), 2))
    assert (answer["limit_value"], answer["asked_value"]) == (funded - debits, pending)
    # And what is pending counts like what is posted.
    left = funded - debits
    done(step, cash(1 - left, int(CashPhase.CASH_PENDING), 3))
    refused(step, cash(-2, int(CashPhase.CASH_PENDING), 4))
    done(step, cash(-1, int(CashPhase.CASH_PENDING), 5))
