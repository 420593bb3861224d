"""DAY_ROLL, the end of a business day: RISK.md 5.10."""

from datetime import date

from twin.balances import own_unrealised
from twin.refused import Numbers, RefusedError, need
from twin.state import Book, Day, Row, State, Verdict, money


def is_date(value: int) -> bool:
    """YYYYMMDD of a day that there was or will be."""
    if not 0 < value <= 99_991_231:
        return False
    try:
        date(value // 10_000, value // 100 % 100, value % 100)
    except ValueError:
        return False
    return True


def has_lots(book: Book) -> bool:
    return bool(book.net or book.longs or book.shorts)


def roll(s: State, r: Row, verdict: Verdict) -> Numbers:
    """The day ends for every account in one step, or is refused whole."""
    need(r["actor"] != 0 and is_date(r["amount"]) and r["amount"] > s.business_day)
    held = [key for key, book in s.books.items() if has_lots(book)]
    unsettled = {one for _, one in held if not s.contracts[one].is_settled}
    if unsettled:
        raise RefusedError(0, len(unsettled), min(unsettled))
    for key, book in s.books.items():
        settle(s, *key, book)
        age(book)
    for order in s.open.values():
        order.frozen_today = 0
    begin_day(s)
    before, s.business_day = s.business_day, r["amount"]
    return before, 0, len(held), 0, 0


def settle(s: State, level: int, one: int, book: Book) -> None:
    """Variation margin at the settlement price becomes cash; of a pool it is its members'."""
    contract = s.contracts[one]
    if contract.row.is_premium_paid or not has_lots(book):
        return
    assert contract.settlement is not None
    value = contract.row.tick_value * contract.settlement
    if contract.row.has_sides:
        cost, short_cost = money(book.longs * value), money(book.shorts * value)
    else:
        cost, short_cost = money(book.net * value), 0
    gained = money(cost - book.cost + book.short_cost - short_cost)
    book.cost, book.short_cost = cost, short_cost
    if level not in s.pools:
        s.moved[level, contract.row.currency] += gained


def age(book: Book) -> None:
    """Today's lots are yesterday's now, and nobody pays to close today for them."""
    book.long_yesterday, book.long_today = book.longs, 0
    book.short_yesterday, book.short_today = book.shorts, 0
    book.long_today_cost = book.short_today_cost = 0
    book.charged_long = book.charged_short = 0
    book.bought = book.net


def begin_day(s: State) -> None:
    """What is counted by the day starts anew; ids that are over are kept for a day."""
    for key in s.days:
        s.days[key] = Day()
    for t in s.traders.values():
        t.day_orders = 0
        for currency in s.currencies:
            key = t.row.handle, currency
            s.deposited[key] = s.moved[key] + own_unrealised(s, *key)
            s.peaks[key] = 0
    for contract in s.contracts.values():
        contract.is_settled = False
    s.ids = {key: known for key, known in s.ids.items() if not known.is_past}
    for known in s.ids.values():
        known.is_past = known.order not in s.open
