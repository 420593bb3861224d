"""Holding and booking: what an order holds, and what a fill does to every level. RISK.md 4, 4.5."""

from contextlib import suppress

from tidegate.native.records import TradingState
from twin.margin import (
    closable,
    fee_to_hold,
    held_prices,
    premium_to_hold,
)
from twin.parts import PPM, ceil_div
from twin.state import CLOSES, Book, InexpressibleError, Order, State, money


def hold(s: State, order: Order, lots: int) -> None:
    """Take lots more; a close of sides freezes yesterday's first, as far as its effect allows."""
    if not s.opens(order):
        yesterday, today = closable(s, order.account, order.instrument, order.is_buy, order.effect)
        from_today = max(0, lots - max(0, yesterday))
        order.frozen_today += min(from_today, today)
    order.held += lots


def release(s: State, order: Order, lots: int) -> int:
    """Give lots back, yesterday's first; how many of today's were among them."""
    lots = min(lots, order.held)
    yesterday = min(lots, order.held - order.frozen_today)
    order.held -= lots
    order.frozen_today -= lots - yesterday
    return lots - yesterday


def keep(s: State, order: Order, lots: int) -> None:
    """Hold no more than these lots, and no more money than they need now."""
    release(s, order, order.held - max(lots, 0))
    prices = held_prices(s, order)
    where = order.account, order.instrument
    with suppress(InexpressibleError):
        fee = fee_to_hold(s, *where, order.effect, prices, order.held)
        order.fee = min(order.fee, fee)
    with suppress(InexpressibleError):
        premium = premium_to_hold(s, order.instrument, order.is_buy, prices, order.held)
        order.premium = min(order.premium, premium)


def share_of(cost: int, part: int, whole: int) -> int:
    """A part of a cost, rounded towards zero."""
    share = abs(cost) * part // whole
    return share if cost >= 0 else -share


def book_net(book: Book, signed: int, value: int) -> int:
    """An average-cost fill at `value` money a lot; the cash that it moves."""
    closing = 0
    cash = 0
    if book.net * signed < 0:
        closing = min(abs(signed), abs(book.net)) * (1 if signed > 0 else -1)
        share = share_of(book.cost, abs(closing), abs(book.net))
        cash = -closing * value - share
        book.cost -= share
    book.cost += (signed - closing) * value
    book.net += signed
    return cash


def book_premium(book: Book, signed: int, value: int) -> int:
    """A fill whose price is paid at once: no cost is left open."""
    book.net += signed
    return -signed * value


def book_open(book: Book, is_buy: bool, lots: int, value: int) -> None:
    if is_buy:
        book.long_today += lots
        book.cost += lots * value
        book.long_today_cost += lots * value
        book.charged_long += lots
    else:
        book.short_today += lots
        book.short_cost += lots * value
        book.short_today_cost += lots * value
        book.charged_short += lots
    book.net += lots if is_buy else -lots


def book_close(
    book: Book, is_buy: bool, yesterday: int, today: int, value: int, charged: int
) -> int:
    """Close short lots (is_buy) or long ones, `charged` as today's; the cash that it moves."""
    lots = yesterday + today
    if not lots:
        return 0
    if is_buy:
        share = share_of(book.short_cost, lots, book.shorts)
        if today:
            book.short_today_cost -= share_of(book.short_today_cost, today, book.short_today)
        book.short_cost -= share
        book.short_today -= today
        book.short_yesterday -= yesterday
        book.charged_short -= charged
        book.net += lots
        return share - lots * value
    share = share_of(book.cost, lots, book.longs)
    if today:
        book.long_today_cost -= share_of(book.long_today_cost, today, book.long_today)
    book.cost -= share
    book.long_today -= today
    book.long_yesterday -= yesterday
    book.charged_long -= charged
    book.net -= lots
    return lots * value - share


def closing_of(
    s: State,
    account: int,
    instrument: int,
    is_buy: bool,
    lots: int,
    froze: tuple[int, int] = (0, 0),
    *,
    closes: bool,
) -> tuple[int, int, int]:
    """Yesterday's and today's lots that a fill closes, and what opens (all in a net instrument)."""
    if not (closes and s.contracts[instrument].row.has_sides):
        return 0, 0, lots
    book = s.book(account, instrument)
    old, new = (
        (book.short_yesterday, book.short_today)
        if is_buy
        else (book.long_yesterday, book.long_today)
    )
    yesterday, today = min(froze[0], old), min(froze[1], new)
    rest = lots - yesterday - today
    more = min(rest, old - yesterday)
    yesterday, rest = yesterday + more, rest - more
    more = min(rest, new - today)
    return yesterday, today + more, rest - more


def charged_of(book: Book, is_buy: bool, closed: int) -> int:
    """How many of the closed lots pay the fee for today's; of the account's own book."""
    return min(closed, book.charged_short if is_buy else book.charged_long)


def fee_of_fill(s: State, order: Order, lots: int, price: int, closed: int) -> int:
    """Booked fee: `closed` of the lots shrink the account's position, the rest enlarge it."""
    row, fee = s.contracts[order.instrument].row, s.fee_of(order.account, order.instrument)
    book = s.book(order.account, order.instrument)
    today = 0
    if row.has_sides:
        today = charged_of(book, order.is_buy, closed)
    value = money(abs(price) * row.tick_value)
    money(value * lots)
    by_lot = ppm = 0
    for name, part in (
        ("open", lots - closed),
        ("close", closed - today),
        ("close_today", today),
    ):
        by_lot += money(getattr(fee, f"{name}_lot") * part)
        ppm += getattr(fee, f"{name}_ppm") * part
    return money(by_lot + money(ceil_div(value * ppm, PPM)))


def book_fill(s: State, order: Order, lots: int, price: int) -> bool:
    """Book a fill on all levels; False when some money could not be expressed."""
    row = s.contracts[order.instrument].row
    signed = lots if order.is_buy else -lots
    before = order.held, order.frozen_today
    today = release(s, order, min(lots, before[0]))
    froze = min(lots, before[0]) - today, today
    where = order.account, order.instrument
    parts = closing_of(s, *where, order.is_buy, lots, froze, closes=order.effect in CLOSES)
    if row.has_sides:
        closed = parts[0] + parts[1]
    else:
        net = s.book(*where).net
        closed = 0 if net * signed >= 0 else min(lots, abs(net))
    is_booked = True
    try:
        fee = fee_of_fill(s, order, lots, price, closed)
    except InexpressibleError:
        fee, is_booked = 0, False
    book_levels(s, *where, order.is_buy, lots, price, parts, fee)
    for t in s.chain(order.account):
        t.executions += 1
    return is_booked


def book_levels(
    s: State,
    account: int,
    instrument: int,
    is_buy: bool,
    lots: int,
    price: int,
    parts: tuple[int, int, int],
    fee: int,
) -> None:
    """Book on every level; parts as closing_of gives them."""
    row = s.contracts[instrument].row
    signed = lots if is_buy else -lots
    value = price * row.tick_value
    charged = charged_of(s.book(account, instrument), is_buy, parts[0] + parts[1])
    for t in s.chain(account):
        level = t.row.handle
        book = s.book(level, instrument)
        book.fill_count += 1
        book.bought += lots if is_buy else 0
        t.fill_count += 1
        if row.is_premium_paid:
            cash = book_premium(book, signed, value)
        elif row.has_sides:
            cash = book_close(book, is_buy, parts[0], parts[1], value, charged)
            book_open(book, is_buy, parts[2], value)
        else:
            cash = book_net(book, signed, value)
        if level not in s.pools:
            s.moved[level, row.currency] += cash - fee
            s.fees[level, row.currency] += fee
        s.margin_credit[level, row.currency] = 0


def halt(s: State, level: int) -> None:
    if s.traders[level].state != TradingState.KILLED:
        s.traders[level].state = TradingState.HALTED
