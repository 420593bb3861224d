"""Control records, RISK.md 5.7: done whole, or refused whole, counted and answered."""

from collections.abc import Collection
from copy import deepcopy

from tidegate.native.records import Kind, Reason
from twin import breaks, cash, clock, days, limits, margin_change, states
from twin.balances import Balance, converted_free
from twin.margin import lot_margins, lot_notional, working
from twin.refused import NOTHING, Numbers, RefusedError, need
from twin.reports import answer
from twin.state import PRICE_MAX, InexpressibleError, Row, State, Verdict, money

DONE = {
    Kind.TRADING_STATE: states.trading_state,
    Kind.KILL: states.kill,
    Kind.RE_ENABLE: states.re_enable,
    Kind.PROTECTION_RESET: states.protection_reset,
    Kind.SIDE_LOCK: states.side_lock,
    Kind.LIMIT_CHANGE: limits.change,
    Kind.CASH: cash.move,
    Kind.TRANSFER: cash.transfer,
    Kind.CURRENCY_RATE: cash.currency_rate,
    Kind.MARGIN_RATES: margin_change.stage_rates,
    Kind.MARGIN_ARRAY: margin_change.stage_array,
    Kind.MARGIN_COMMIT: margin_change.commit,
    Kind.MARGIN_CREDIT: margin_change.credit,
    Kind.TICK: clock.tick,
    Kind.DAY_ROLL: days.roll,
    Kind.BREAK: breaks.note,
    Kind.ADJUSTMENT: breaks.adjust,
}
# Records that have the control view, with all its names.
OF_OPERATORS = (
    Kind.SETTLEMENT,
    Kind.TRADING_STATE,
    Kind.CASH,
    Kind.LIMIT_CHANGE,
    Kind.KILL,
    Kind.RE_ENABLE,
    Kind.PROTECTION_RESET,
    Kind.TRANSFER,
    Kind.MARGIN_COMMIT,
    Kind.MARGIN_CREDIT,
    Kind.SIDE_LOCK,
    Kind.DAY_ROLL,
    Kind.BREAK,
    Kind.ADJUSTMENT,
)
# What is put back when the money that would follow cannot be expressed.
PARTS = ("contracts", "currencies", "moved", "deposited", "traders", "margin_credit", "staged")
OF_BOOKING = (*PARTS, "books", "days", "orders", "open", "closed", "ids", "peaks", "counts")


def control(s: State, r: Row, verdict: Verdict) -> None:
    if r["kind"] in (Kind.CHANNEL_STATE, Kind.NOTE):
        return
    numbers: Numbers = NOTHING
    reason = 0
    is_booking = r["kind"] in (Kind.DAY_ROLL, Kind.ADJUSTMENT)
    before = deepcopy({name: getattr(s, name) for name in (OF_BOOKING if is_booking else PARTS)})
    try:
        check_names(s, r)
        if r["kind"] in (Kind.MARK, Kind.SETTLEMENT):
            price(s, r)
        else:
            need(r["kind"] in DONE)
            numbers = DONE[r["kind"]](s, r, verdict) or NOTHING
        if r["kind"] not in (Kind.TICK, Kind.KILL, Kind.BREAK):
            expressible(s)
    except (RefusedError, InexpressibleError) as error:
        for name, value in before.items():
            setattr(s, name, value)
        numbers = error.numbers if isinstance(error, RefusedError) else NOTHING
        reason = int(Reason.CONTROL_REFUSED)
        s.counts["refused_records"] += 1
    answer(s, r, verdict, reason, numbers)


def check_names(s: State, r: Row) -> None:
    """Whatever a record of operators names must be there, used or not."""
    need(not r.get("actor") or r["actor"] in s.desks)
    if r["kind"] not in OF_OPERATORS:
        return
    places: dict[str, Collection[int]] = {
        "account": s.traders,
        "instrument": s.contracts,
        "product": range(1, len(s.universe.products) + 1),
        "currency": s.currencies,
        "session": s.desks,
        "venue": {contract.row.venue for contract in s.contracts.values()},
    }
    for name, known in places.items():
        need(not r[name] or r[name] in known)


def price(s: State, r: Row) -> None:
    """MARK and SETTLEMENT."""
    contract = s.contracts.get(r["instrument"])
    need(contract is not None and abs(r["price"]) <= PRICE_MAX)
    assert contract is not None
    if r["kind"] == Kind.MARK:
        contract.mark, contract.mark_ns = r["price"], s.now
    else:
        contract.settlement, contract.is_settled = r["price"], True


def expressible(s: State) -> None:
    """Raise where anything that follows from the state is beyond 2^61."""
    lots = working(s)
    for one, contract in s.contracts.items():
        lot_notional(s, one)
        if contract.settlement is not None:
            money(abs(contract.settlement) * contract.row.tick_value)
        for owner in ("client", "exchange"):
            lot_margins(contract, owner)
    for account, t in s.traders.items():
        for currency in s.currencies:
            balance = Balance(s, account, currency, lots)
            money(balance.available + balance.profit + balance.notional)
        if t.row.is_converted:
            converted_free(s, account, lots)
