"""Cash by hand: only what is free, in one step or two, and currencies that back each other."""

from typing import Any

import msgspec
import pytest
from control_rig import by_operator, done, refused
from risk_rig import (
    CNY,
    FIRM,
    GOLD,
    INDEX,
    MILLION,
    SISTER,
    SUB,
    USD,
    Step,
    changed,
    mark,
    order,
    universe,
)

from tidegate.native.records import CashPhase, Kind, LimitKind, Reason
from tidegate.universe import Universe

PENDING, POST, VOID = map(int, CashPhase)
RATE = 1_000_000_000
MONEY_MAX = 1 << 61


def cash(amount: int, **fields: int) -> Any:
    return by_operator(Kind.CASH, **({"account": SUB, "currency": USD, "amount": amount} | fields))


def transfer(amount: int, **fields: int) -> Any:
    filled = {"account": SUB, "to_account": SISTER, "currency": USD, "amount": amount}
    return by_operator(Kind.TRANSFER, **(filled | fields))


def rate(currency: int, bid: int, ask: int, haircut_ppm: int = 0) -> Any:
    return by_operator(
        Kind.CURRENCY_RATE,
        currency=currency,
        bid_rate=bid,
        ask_rate=ask,
        haircut_ppm=haircut_ppm,
    )


def free(step: Step, account: int = SUB, currency: int = USD) -> int:
    row = step.balance(account, currency)
    held = sum(row[name] for name in ("margin", "fee_held", "premium_held", "cash_held"))
    return row["cash"] + min(row["unrealised"], 0) - held


def test_a_deposit_is_no_profit() -> None:
    step = Step()
    done(step, cash(MILLION))
    row = step.balance(SUB)
    assert (row["cash"], row["initial_cash"], row["peak"]) == (2 * MILLION, 2 * MILLION, 0)


def test_a_withdrawal_takes_what_is_free_and_not_one_more() -> None:
    step = Step()
    step.accept(order(1, order_qty=10))
    answer = refused(step, cash(-free(step) - 1))
    assert answer["limit_value"] == MILLION
    assert answer["used_value"] == MILLION - free(step)
    assert answer["asked_value"] == free(step) + 1
    done(step, cash(-free(step)))
    assert free(step) == 0


def test_gains_that_are_not_realised_cannot_be_withdrawn_and_losses_are_not_there() -> None:
    step = Step()
    step.fill(order(1))
    before = free(step)
    step.run(mark(GOLD, 13_100))
    assert free(step) == before
    refused(step, cash(-before - 1))
    step.run(mark(GOLD, 12_900))
    assert free(step) == before - 100 * 100_000
    refused(step, cash(-before))


def test_a_credit_line_is_not_cash() -> None:
    step = Step()
    line = int(LimitKind.LIMIT_CREDIT_LINE)
    done(
        step,
        by_operator(Kind.LIMIT_CHANGE, account=SUB, limit_kind=line, amount=MILLION, currency=USD),
    )
    refused(step, cash(-MILLION - 1))
    done(step, cash(-MILLION))


def test_a_pending_withdrawal_is_held_and_posted_once() -> None:
    step = Step()
    pending = {"cl_ord_id": 77, "cash_phase": PENDING}
    done(step, cash(-MILLION, **pending))
    assert (free(step), step.balance(SUB)["cash"]) == (0, MILLION)
    assert step.refuse(order(1))["reason"] == Reason.MARGIN
    refused(step, cash(-1, **pending))
    done(step, cash(0, cl_ord_id=77, cash_phase=POST))
    row = step.balance(SUB)
    assert (row["cash"], row["initial_cash"], row["cash_held"]) == (0, 0, 0)
    refused(step, cash(0, cl_ord_id=77, cash_phase=POST))
    refused(step, cash(0, cl_ord_id=77, cash_phase=VOID))
    assert step.risk("cash_hold_count") == 0


def test_a_pending_withdrawal_that_is_voided_is_as_if_it_had_never_been() -> None:
    step = Step()
    before = step.balance(SUB)
    done(step, cash(-5, cl_ord_id=77, cash_phase=PENDING))
    done(step, cash(0, cl_ord_id=77, cash_phase=VOID))
    assert step.balance(SUB) == before
    refused(step, cash(0, cl_ord_id=77, cash_phase=POST))


@pytest.mark.parametrize(
    "fields",
    [
        {"account": SISTER},
        {"currency": CNY},
        {"cl_ord_id": 78},
        {"cl_ord_id": 0},
        {"kind": Kind.TRANSFER, "to_account": SISTER},
    ],
)
def test_a_hold_is_resolved_only_by_who_it_belongs_to(fields: dict[str, Any]) -> None:
    step = Step()
    done(step, cash(-5, cl_ord_id=77, cash_phase=PENDING))
    where = {"account": SUB, "currency": USD, "cl_ord_id": 77, "cash_phase": POST} | fields
    refused(step, by_operator(Kind(where.pop("kind", Kind.CASH)), **where))


def test_a_hold_that_the_table_has_no_room_for_is_refused() -> None:
    content = universe()
    capacity = msgspec.structs.replace(content.capacity, cash_holds=1)
    step = Step(msgspec.structs.replace(content, capacity=capacity))
    done(step, cash(-5, cl_ord_id=77, cash_phase=PENDING))
    refused(step, cash(-5, cl_ord_id=78, cash_phase=PENDING))


def test_a_transfer_moves_both_sides_in_one_step() -> None:
    step = Step()
    done(step, transfer(MILLION))
    assert (step.balance(SUB)["cash"], step.balance(SISTER)["cash"]) == (0, 2 * MILLION)
    assert (step.balance(SUB)["peak"], step.balance(SISTER)["peak"]) == (0, 0)
    refused(step, transfer(1))


def test_a_pending_transfer_reaches_the_other_account_when_it_is_posted() -> None:
    step = Step()
    done(step, transfer(5, cl_ord_id=9, cash_phase=PENDING))
    assert (step.balance(SUB)["cash_held"], step.balance(SISTER)["cash"]) == (5, MILLION)
    refused(step, cash(0, cl_ord_id=9, cash_phase=POST))
    done(step, transfer(0, cl_ord_id=9, cash_phase=POST))
    assert step.balance(SUB)["cash"] == MILLION - 5
    assert step.balance(SISTER)["cash"] == MILLION + 5


def test_a_transfer_that_the_receiver_cannot_express_leaves_both_as_they_were() -> None:
    step = Step()
    done(step, cash(MONEY_MAX - MILLION, account=SISTER))
    refused(step, transfer(1))


@pytest.mark.parametrize(
    "row",
    [
        cash(0),
        cash(5, cash_phase=PENDING, cl_ord_id=1),
        cash(-5, cash_phase=PENDING),
        cash(-5, cash_phase=4),
        cash(5, currency=0),
        cash(5, currency=3),
        cash(5, account=0),
        cash(5, account=99),
        cash(5, to_account=SISTER),
        cash(MONEY_MAX + 1),
        cash(-(1 << 63)),
        transfer(0),
        transfer(-5),
        transfer(5, to_account=SUB),
        transfer(5, to_account=0),
        transfer(5, to_account=99),
    ],
)
def test_a_move_out_of_range_is_refused(row: Any) -> None:
    refused(Step(), row)


def converted() -> Universe:
    """The sub-account's dollars back its yuan, which are worth 0.14 to 0.15 of them."""
    content = universe(accounts=changed(SUB, is_converted=True, cash={USD: MILLION, CNY: 0}))
    dollar, yuan = content.currencies
    return msgspec.structs.replace(
        content,
        currencies=(
            msgspec.structs.replace(dollar, bid_rate=RATE, ask_rate=RATE),
            msgspec.structs.replace(yuan, bid_rate=140_000_000, ask_rate=150_000_000),
        ),
    )


def test_a_currency_that_backs_another_cannot_be_withdrawn() -> None:
    step = Step(converted())
    step.accept(order(1, instrument=INDEX, price=4_000))
    owed = -step.balance(SUB, CNY)["converted"]
    assert owed > 0
    assert step.account(SUB)["converted_free"] == MILLION - owed
    refused(step, cash(-(MILLION - owed) - 1))
    done(step, cash(-(MILLION - owed)))
    assert step.account(SUB)["converted_free"] == 0


def test_a_rate_is_rounded_against_the_client_and_converts_every_account_anew() -> None:
    step = Step(converted())
    step.accept(order(1, instrument=INDEX, price=4_000))
    available = -free(step, SUB, CNY)
    done(step, rate(CNY, 130_000_001, 160_000_001, 70_001))
    row = step.tables.arrays["currencies"][CNY]
    assert row["asset_rate"] == 130_000_001 * (1_000_000 - 70_001) // 1_000_000
    assert row["liability_rate"] == -(-160_000_001 * (1_000_000 + 70_001) // 1_000_000)
    owed = -(-available * int(row["liability_rate"]) // RATE)
    assert step.balance(SUB, CNY)["converted"] == -owed
    assert step.account(SUB)["converted_free"] == MILLION - owed


@pytest.mark.parametrize(
    "row",
    [
        rate(CNY, 0, 1),
        rate(CNY, -1, 1),
        rate(CNY, 2, 1),
        rate(CNY, 1, 2, 1_000_001),
        rate(0, 1, 2),
        rate(3, 1, 2),
        rate(CNY, MONEY_MAX + 1, MONEY_MAX + 1),
        rate(USD, MONEY_MAX, MONEY_MAX),
    ],
)
def test_a_rate_out_of_range_or_that_cannot_be_expressed_is_refused(row: Any) -> None:
    step = Step(converted())
    step.accept(order(1, instrument=INDEX, price=4_000))
    refused(step, row)


def pooled() -> Universe:
    """The sub-accounts draw on the firm's money, each with a slice of it."""
    content = universe(accounts=changed(SUB, pool=FIRM, cash={USD: 0}, credit_line={USD: MILLION}))
    rows = tuple(
        msgspec.structs.replace(row, pool=FIRM, cash={USD: 0}, credit_line={USD: MILLION})
        if row.handle == SISTER
        else msgspec.structs.replace(row, cash={USD: MILLION})
        if row.handle == FIRM
        else row
        for row in content.accounts
    )
    return msgspec.structs.replace(content, accounts=rows)


def test_a_member_s_deposit_and_withdrawal_are_its_pool_s_too() -> None:
    step = Step(pooled())
    done(step, cash(100))
    assert (step.balance(FIRM)["cash"], step.balance(FIRM)["peak"]) == (MILLION + 100, 0)
    done(step, cash(-100))
    assert step.balance(FIRM)["cash"] == MILLION
    refused(step, cash(-1))


def test_a_member_cannot_withdraw_what_the_pool_needs_for_the_others() -> None:
    step = Step(pooled())
    done(step, cash(100))
    needed = 88_000_000 + 23_200
    done(step, cash(-MILLION + needed - 1, account=FIRM))
    step.accept(order(1, account=SISTER))
    answer = refused(step, cash(-100))
    assert (answer["limit_value"], answer["used_value"]) == (needed + 99, needed)
    done(step, cash(-99))
