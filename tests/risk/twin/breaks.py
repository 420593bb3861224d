"""Differences with a venue: BREAK and ADJUSTMENT, RISK.md 5.11."""

from tidegate.native.records import ExecType, Kind, Level, PositionEffect, Reason, Side
from twin import booking
from twin.cash import book as book_cash
from twin.days import has_lots
from twin.fills import book_levels, closing_of
from twin.margin import bears
from twin.refused import need
from twin.reports import alert
from twin.state import (
    MONEY_MAX,
    PRICE_MAX,
    QTY_MAX,
    Break,
    Row,
    State,
    Verdict,
    money,
)

FORM = ("account", "instrument", "currency", "side", "order_qty", "amount", "order_id")


def is_master(s: State, account: int) -> bool:
    return account in s.traders and s.traders[account].row.level == Level.MASTER


def trades(s: State, account: int) -> bool:
    return account in s.traders and s.traders[account].trades


def note(s: State, r: Row, verdict: Verdict) -> None:
    """BREAK: the venue's figure less ours, of lots, money or an order."""
    need(r["actor"] == 0 and is_master(s, r["account"]))
    need(bool(r["instrument"]) != bool(r["currency"]))
    need(not (r["currency"] and r["order_id"]) and abs(r["amount"]) <= MONEY_MAX)
    if r["order_qty"] != s.traders[r["account"]].fill_count:
        s.counts["stale_breaks"] += 1
        return
    key = r["account"], r["instrument"], r["currency"], r["order_id"]
    known = s.breaks.get(key)
    before = known.amount if known else 0
    if r["amount"] == before:
        return
    if not r["amount"]:
        del s.breaks[key]
    elif known:
        known.amount, known.is_dismissed = r["amount"], False
    else:
        need(len(s.breaks) < s.universe.capacity.breaks)
        s.breaks[key] = Break(r["amount"], s.now)
    numbers = 0, before, r["amount"], 0, 0
    alert(s, verdict, r["account"], r["instrument"], Reason.RECONCILE_BREAK, numbers)
    verdict.reports[-1]["order_id"] = r["order_id"]


def has_form(r: Row, *names: str) -> bool:
    """Whether all else that tells the forms apart is 0."""
    return not any(r[name] for name in FORM if name not in names)


def adjust(s: State, r: Row, verdict: Verdict) -> None:
    """ADJUSTMENT: what a person has decided about a difference."""
    need(r["actor"] != 0)
    if r["side"]:
        lots(s, r)
    elif r["order_id"]:
        end_order(s, r, verdict)
    elif r["amount"]:
        need(has_form(r, "account", "currency", "amount") and r["currency"] != 0)
        need(trades(s, r["account"]) and abs(r["amount"]) <= MONEY_MAX)
        book_cash(s, r["account"], r["currency"], r["amount"])
    else:
        need(has_form(r, "account", "instrument", "currency") and is_master(s, r["account"]))
        known = s.breaks.get((r["account"], r["instrument"], r["currency"], 0))
        need(known is not None and not (r["instrument"] and r["currency"]))
        assert known is not None
        known.is_dismissed = True


def lots(s: State, r: Row) -> None:
    """Booked as a fill that no order had, and that costs nothing."""
    need(has_form(r, "account", "instrument", "side", "order_qty"))
    need(trades(s, r["account"]) and r["instrument"] in s.contracts)
    need(r["side"] in tuple(Side) and 0 < r["order_qty"] <= QTY_MAX)
    need(abs(r["price"]) <= PRICE_MAX)
    row = s.contracts[r["instrument"]].row
    effects = PositionEffect.OPEN, PositionEffect.CLOSE
    need(not row.has_sides or r["position_effect"] in effects)
    is_buy = r["side"] == Side.BUY
    where = r["account"], r["instrument"]
    closes = r["position_effect"] == PositionEffect.CLOSE
    parts = closing_of(s, *where, is_buy, r["order_qty"], closes=closes)
    book_levels(s, *where, is_buy, r["order_qty"], r["price"], parts, 0)
    s.counts["fills"] += 1
    if day := s.day(*where):
        day.trades += 1
    need_expressible(s, *where, r["price"] * row.tick_value * r["order_qty"])


def need_expressible(s: State, account: int, instrument: int, value: int) -> None:
    """What the booked levels hold now; their balances are looked at with all others."""
    money(value)
    contract = s.contracts[instrument]
    for t in s.chain(account):
        book = s.book(t.row.handle, instrument)
        need(not contract.row.has_sides or max(book.longs, book.shorts) <= QTY_MAX)
        money(book.cost)
        money(book.short_cost)
        if contract.mark is not None and has_lots(book):
            gain = book.net * contract.row.tick_value * contract.mark
            money(gain - book.cost + book.short_cost)
        if bears(s, t.row.handle):
            money(s.moved[t.row.handle, contract.row.currency])


def end_order(s: State, r: Row, verdict: Verdict) -> None:
    """A working order that the venue does not know ends; one that we do not know is canceled."""
    need(has_form(r, "order_id", "account", "instrument"))
    order = s.open.get(r["order_id"])
    if order is None:
        need(r["account"] in s.traders and r["instrument"] in s.contracts)
        found = {"kind": Kind.CANCEL_REQUEST, "order_id": r["order_id"], "cl_ord_id": 0}
        found |= {"session": 0, "account": r["account"], "instrument": r["instrument"]}
        verdict.routes.append(found)
        return
    need(r["account"] in (0, order.account) and r["instrument"] in (0, order.instrument))
    need(not order.is_staged)
    order.cancel_reason = 0
    told = {"exec_type": ExecType.EXEC_CANCELED, "reason": Reason.ADJUSTED}
    booking.end(s, order, told, verdict, "4")
