"""Make a statement: find the day, run it again, prove its sums, put it into words."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from tidegate import replay
from tidegate.errors import StatementError
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import Level
from tidegate.prices import to_price
from tidegate.statement import days, sums
from tidegate.statement.collect import Book, Collector, decimal
from tidegate.statement.model import Money, Position, Statement
from tidegate.statement.picture import Held
from tidegate.universe import MONEY_SCALE, Account, Universe


def make(journal: Path, account: str, number: int) -> Statement:
    """Of an account for the day that ended as `number` (YYYYMMDD), or 0: the open one so far.

    StatementError for an account or day that is not there, or sums that do not hold.
    """
    content = replay.read_universe(journal)
    row = named(content, account)
    handles = subs_of(content, row)
    day = days.find(journal, content, number)
    tables = replay.replay(journal, until=day.first, from_beginning=False).tables
    collector = Collector(content, tables, handles)
    for batch in JournalReader(journal).batches(day.first + 1):
        collector.run(batch[batch["sequence"] <= day.last])
        if int(tables.arrays["risk"]["sequence"][0]) == day.last:
            break
    collector.close(is_over=number != 0)
    found = []
    for handle in handles:
        sums.prove(content, collector.books[handle], day.name, is_over=number != 0)
        found.append(_statement(content, collector.books[handle], day))
    return found[0] if handles == [row.handle] else _total(row, day, found)


def named(content: Universe, account: str) -> Account:
    """The account of that name."""
    for row in content.accounts:
        if row.name == account:
            return row
    known = ", ".join(row.name for row in content.accounts[:20])
    more = len(content.accounts) - 20
    known += f" and {more} more" if more > 0 else ""
    raise StatementError(f"account {account!r}: expected one of {known}")


def subs_of(content: Universe, row: Account) -> list[int]:
    """Itself, or the sub-accounts below a level above them."""
    if row.level >= Level.SUB_ACCOUNT:
        return [row.handle]
    below = {row.handle}
    for other in content.accounts:
        if other.parent in below:
            below.add(other.handle)
    subs = [one.handle for one in content.accounts if one.level == Level.SUB_ACCOUNT]
    found = [handle for handle in subs if handle in below]
    if not found:
        raise StatementError(f"account {row.name!r}: there is no sub-account below it")
    return found


def _statement(content: Universe, book: Book, day: days.Day) -> Statement:
    is_over = day.number != 0
    return Statement(
        account=content.accounts[book.account - 1].name,
        day=day.name,
        provisional=not is_over,
        opening_sequence=day.first,
        closing_sequence=day.last,
        money=tuple(_moneys(content, book, is_over=is_over)),
        fills=tuple(book.fills),
        moves=tuple(book.moves),
        positions=tuple(
            _position(content, book, one, held, is_over=is_over)
            for one, held in sorted(book.before_end.held.items())
            if held.longs or held.shorts
        ),
    )


def _moneys(content: Universe, book: Book, *, is_over: bool) -> list[Money]:
    """Of each currency in which there is or was anything."""
    found = []
    for row in content.currencies:
        c = row.handle
        amounts = {item: decimal(book.sums[c, item]) for item in sums.ITEMS}
        ends = book.opening.cash[c], book.closing.cash[c], book.closing.margin[c]
        held = [
            one for one in sums.of_currency(content, c) if _has_lots(book.closing.held, one.handle)
        ]
        if not (any(ends) or any(amounts.values()) or held):
            continue
        found.append(
            Money(
                currency=row.code,
                opening_cash=decimal(ends[0]),
                **amounts,
                closing_cash=decimal(ends[1]),
                margin=decimal(ends[2]),
                equity=_equity(content, book, c, is_over=is_over),
            )
        )
    return found


def _has_lots(held: dict[int, Held], one: int) -> bool:
    return one in held and bool(held[one].longs or held[one].shorts)


def _equity(content: Universe, book: Book, currency: int, *, is_over: bool) -> Decimal:
    """Closing cash with what is not settled in cash, at settlement; of an open day at the mark."""
    now = book.closing
    if not is_over:
        return decimal(now.cash[currency] + now.unrealised[currency])
    total = sums.units(now.cash[currency])
    for row in sums.of_currency(content, currency):
        if row.is_premium_paid and _has_lots(now.held, row.handle):
            total += sums.worth_at(row, now.held[row.handle], now.settlements[row.handle])
    return exact(total)


def exact(value: Fraction) -> Decimal:
    """A whole number of the engine's money as a decimal."""
    return decimal(int(value * MONEY_SCALE))


def _position(content: Universe, book: Book, one: int, held: Held, *, is_over: bool) -> Position:
    row = content.instruments[one - 1]
    prices = book.before_end.settlements if is_over else book.closing.marks
    ticks = prices.get(one)
    kind = ("settlement" if is_over else "mark") if ticks is not None else "none"
    return Position(
        instrument=row.symbol,
        currency=content.currencies[row.currency - 1].code,
        long=held.longs,
        short=held.shorts,
        long_today=held.longs_today if row.has_sides else None,
        short_today=held.shorts_today if row.has_sides else None,
        price=None if ticks is None else to_price(ticks, row.tick_size),
        price_kind=kind,
        worth=exact(sums.worth_at(row, held, ticks or 0)),
        variation=exact(sums.variation(book, row) if is_over else Fraction(0)),
    )


def _total(row: Account, day: days.Day, parts: list[Statement]) -> Statement:
    """The sums of its sub-accounts' money, and their statements."""
    by_code: dict[str, list[Money]] = {}
    for part in parts:
        for money in part.money:
            by_code.setdefault(money.currency, []).append(money)
    names = [name for name in Money.__struct_fields__ if name != "currency"]
    return Statement(
        account=row.name,
        day=day.name,
        provisional=day.number == 0,
        opening_sequence=day.first,
        closing_sequence=day.last,
        money=tuple(
            Money(currency=code, **{name: _sum_of(rows, name) for name in names})
            for code, rows in by_code.items()
        ),
        fills=(),
        moves=(),
        positions=(),
        accounts=tuple(parts),
    )


def _sum_of(rows: list[Money], name: str) -> Decimal:
    return sum((getattr(row, name) for row in rows), Decimal())
