"""Cash moves in one or two phases, transfers, currency rates: RISK.md 5.7."""

from tidegate.native.records import CashPhase
from twin.balances import Balance, fits
from twin.refused import NOTHING, Numbers, RefusedError, need
from twin.state import MONEY_MAX, PPM, CashHold, Row, State, Verdict


def named(s: State, r: Row) -> None:
    need(r["account"] in s.traders and r["currency"] in s.currencies)


def need_free(s: State, account: int, currency: int, amount: int) -> Numbers:
    """Free cash only, never below what is held, never the credit line; of a pool's member the
    pool's too, of a converted account all its money.
    """
    pool = s.traders[account].row.pool
    for one in (*((pool,) if pool else ()), account):
        balance = Balance(s, one, currency)
        if balance.free < amount:
            raise RefusedError(*compared(balance, amount))
        if not fits(s, one, currency, amount, balance.lots) and s.traders[one].row.is_converted:
            raise RefusedError(*compared(balance, amount))
    return (*compared(Balance(s, account, currency), amount), 0, 0)


def compared(balance: Balance, amount: int) -> tuple[int, int, int]:
    return balance.cash + min(0, balance.unrealised), balance.held, amount


def book(s: State, account: int, currency: int, amount: int) -> None:
    s.moved[account, currency] += amount
    s.deposited[account, currency] += amount


def move(s: State, r: Row, verdict: Verdict) -> Numbers:
    """CASH: a deposit, a withdrawal, or a phase of one."""
    named(s, r)
    if r["cash_phase"] in (CashPhase.CASH_POST, CashPhase.CASH_VOID):
        resolve(s, r, 0)
        return NOTHING
    need(r["amount"] != 0 and abs(r["amount"]) <= MONEY_MAX)
    need(r["cash_phase"] in (0, CashPhase.CASH_PENDING))
    need(r["amount"] < 0 or not r["cash_phase"])
    numbers = NOTHING
    if r["amount"] < 0:
        numbers = need_free(s, r["account"], r["currency"], -r["amount"])
    if r["cash_phase"]:
        hold(s, r, CashHold(r["account"], r["currency"], -r["amount"]))
    else:
        book(s, r["account"], r["currency"], r["amount"])
    return numbers


def hold(s: State, r: Row, found: CashHold) -> None:
    need(r["cl_ord_id"] != 0 and r["cl_ord_id"] not in s.cash_holds)
    need(len(s.cash_holds) < s.universe.capacity.cash_holds)
    s.cash_holds[r["cl_ord_id"]] = found


def resolve(s: State, r: Row, to_account: int) -> None:
    """Once: what was held is moved, or free again."""
    found = s.cash_holds.get(r["cl_ord_id"])
    need(found is not None)
    assert found is not None
    need((found.account, found.currency) == (r["account"], r["currency"]))
    need(found.to_account == to_account)
    del s.cash_holds[r["cl_ord_id"]]
    if r["cash_phase"] == CashPhase.CASH_POST:
        book(s, found.account, found.currency, -found.amount)
        if found.to_account:
            book(s, found.to_account, found.currency, found.amount)


def transfer(s: State, r: Row, verdict: Verdict) -> Numbers:
    """Both sides in one step."""
    named(s, r)
    need(r["to_account"] in s.traders and r["account"] != r["to_account"])
    if r["cash_phase"] in (CashPhase.CASH_POST, CashPhase.CASH_VOID):
        resolve(s, r, r["to_account"])
        return NOTHING
    need(0 < r["amount"] <= MONEY_MAX and r["cash_phase"] in (0, CashPhase.CASH_PENDING))
    numbers = need_free(s, r["account"], r["currency"], r["amount"])
    if r["cash_phase"]:
        hold(s, r, CashHold(r["account"], r["currency"], r["amount"], r["to_account"]))
    else:
        book(s, r["account"], r["currency"], -r["amount"])
        book(s, r["to_account"], r["currency"], r["amount"])
    return numbers


def currency_rate(s: State, r: Row, verdict: Verdict) -> None:
    need(r["currency"] in s.currencies and r["haircut_ppm"] <= PPM)
    need(0 < r["bid_rate"] <= r["ask_rate"])
    s.currencies[r["currency"]] = r["bid_rate"], r["ask_rate"], r["haircut_ppm"]
