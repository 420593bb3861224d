"""A day that ends: universes with sides and with a pool, and a roll that changes no worth."""

from typing import Any

import msgspec
from control_rig import by_operator
from risk_rig import (
    FIRM,
    GOLD,
    GROUP,
    INDEX,
    MASTER,
    MILLION,
    RATIO,
    SISTER,
    SUB,
    USD,
    Step,
    instrument,
    universe,
)

from tidegate.native.records import (
    Kind,
    PositionEffect,
)
from tidegate.universe import Fee, Universe

DAY = 20_261_122
TICK_VALUE = 100_000
LEVELS = (SUB, GROUP, MASTER, FIRM)
MONEY_MAX = 1 << 61
OPEN, CLOSE = int(PositionEffect.OPEN), int(PositionEffect.CLOSE)
CLOSE_TODAY, CLOSE_YESTERDAY = int(PositionEffect.CLOSE_TODAY), int(PositionEffect.CLOSE_YESTERDAY)
FEES = (Fee(open_lot=1, close_lot=10, close_today_lot=100),)


def roll(day: int = DAY, **fields: Any) -> Any:
    return by_operator(Kind.DAY_ROLL, amount=day, **fields)


def sides_universe(**fields: Any) -> Universe:
    gold = {"margin_model": "sides", "has_sides": True, "fees": FEES} | fields
    return universe(
        instruments=(
            instrument(GOLD, "GC", **gold),
            instrument(INDEX, "IF"),
            instrument(RATIO, "RT"),
        )
    )


def sides(step: Step, handle: int = SUB) -> dict[str, int]:
    rows = step.tables.arrays["sides"]
    row = rows[step.pair(handle, GOLD)["sides"]]
    return dict(zip(rows.dtype.names or (), row.tolist(), strict=True))


def money(step: Step, handle: int, currency: int = USD) -> int:
    row = step.balance(handle, currency)
    return row["cash"] + row["unrealised"]


def ids(step: Step, session: int = 1, *, is_past: bool = False) -> list[int]:
    """The session's cl_ord_ids of this day, or those that were over when it began."""
    rows = step.tables.arrays["cl_ord_ids"]
    chosen = (rows["session"] == session) & (rows["is_past"] == is_past)
    return sorted(rows["cl_ord_id"][chosen].tolist())


def ask_roll(step: Step, day: int = DAY) -> dict[str, Any]:
    """Roll; the answer, where what each balance is worth has not changed."""
    before = {index: money(step, index) for index in range(1, 9)}
    _, reports = step.run(roll(day))
    assert [report["reason"] for report in reports] == [0]
    assert {index: money(step, index) for index in range(1, 9)} == before
    return reports[0]


def adjustment(**fields: Any) -> Any:
    return by_operator(Kind.ADJUSTMENT, **({"account": SUB, "instrument": GOLD} | fields))


def pooled() -> Universe:
    """The sub-accounts draw on the firm's money, each with a slice of it."""
    rows = tuple(
        msgspec.structs.replace(row, pool=FIRM, cash={USD: 0}, credit_line={USD: MILLION})
        if row.handle in (SUB, SISTER)
        else msgspec.structs.replace(row, cash={USD: MILLION})
        if row.handle == FIRM
        else row
        for row in universe().accounts
    )
    return universe(accounts=rows)


def cash_of(account: int, amount: int) -> Any:
    return by_operator(Kind.CASH, account=account, currency=USD, amount=amount)
