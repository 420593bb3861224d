"""The sums of a statement, proved again from prices, lots and fees in fractions."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from tidegate.errors import StatementError
from tidegate.statement.collect import Book
from tidegate.statement.picture import Held, Picture
from tidegate.universe import MONEY_SCALE, Instrument, Universe

ITEMS = (
    "deposits",
    "withdrawals",
    "transfers",
    "realised",
    "premium",
    "variation",
    "fees",
    "adjustments",
)
MOVED = ("deposits", "withdrawals", "transfers")


def prove(content: Universe, book: Book, day: str, *, is_over: bool) -> None:
    """StatementError naming the first sum that does not hold."""
    name = content.accounts[book.account - 1].name
    for row in content.currencies:
        for what, found, expected in _sums(content, book, row.handle, is_over=is_over):
            if found != expected:
                raise StatementError(
                    f"{name} on {day}: {what} in {row.code} is {float(found):.4f}; the day's lines "
                    f"give {float(expected):.4f}"
                )


def _sums(
    content: Universe, book: Book, currency: int, *, is_over: bool
) -> Iterator[tuple[str, Fraction, Fraction]]:
    opening, closing, sums = book.opening, book.closing, book.sums
    moved = sum(sums[currency, item] for item in ITEMS)
    yield "closing cash", units(closing.cash[currency]), units(opening.cash[currency] + moved)
    fees = closing.fees[currency] - opening.fees[currency]
    yield "fees", units(-fees), units(sums[currency, "fees"])
    if any(row.pool == book.account for row in content.accounts):
        # A pool's cash is moved by its members' positions, each proved in its own statement.
        return
    # Whatever was realised, cash less cost moves by what was traded and paid alone.
    free = net_cash(content, closing, currency) - net_cash(content, opening, currency)
    paid = sum(sums[currency, item] for item in (*MOVED, "fees"))
    paid += sum_of_moves(book, content, currency)
    yield "cash less cost", units(free), traded(content, book, currency) + units(paid)
    if is_over:
        due = sum((variation(book, one) for one in of_currency(content, currency)), ZERO)
        yield "variation margin", units(sums[currency, "variation"]), due


ZERO = Fraction(0)


def units(amount: int) -> Fraction:
    """Money of the engine as a fraction of its currency's unit."""
    return Fraction(amount, MONEY_SCALE)


def of_currency(content: Universe, currency: int) -> list[Instrument]:
    """Instruments that are paid in it."""
    return [row for row in content.instruments if row.currency == currency]


def net_cash(content: Universe, now: Picture, currency: int) -> int:
    """Cash less what open lots have cost."""
    costs: Counter[int] = Counter()
    for one, held in now.held.items():
        costs[content.instruments[one - 1].currency] += held.cost - held.short_cost
    return now.cash[currency] - costs[currency]


def sum_of_moves(book: Book, content: Universe, currency: int) -> int:
    """Adjustments of cash, without those of lots: their value is traded."""
    code = content.currencies[currency - 1].code
    return sum(
        int(move.amount * MONEY_SCALE)
        for move in book.moves
        if move.kind == "adjustment" and move.currency == code
    )


def traded(content: Universe, book: Book, currency: int) -> Fraction:
    """What sells brought and buys cost, from prices and lots of the lines themselves."""
    total = ZERO
    by_symbol = {row.symbol: row for row in of_currency(content, currency)}
    for fill in book.fills:
        if row := by_symbol.get(fill.instrument):
            ticks = Fraction(fill.price) / Fraction(row.tick_size)
            value = ticks * Fraction(row.tick_value, MONEY_SCALE) * fill.qty
            total += -value if fill.side == "BUY" else value
    return total


def variation(book: Book, row: Instrument) -> Fraction:
    """What the lots were worth at the settlement price above what they cost."""
    held = book.before_end.held.get(row.handle)
    if held is None or row.is_premium_paid or not (held.longs or held.shorts):
        return ZERO
    worth = worth_at(row, held, book.before_end.settlements[row.handle])
    return worth - units(held.cost) + units(held.short_cost)


def worth_at(row: Instrument, held: Held, ticks: int) -> Fraction:
    """Lots, long positive, at a price."""
    return Fraction(row.tick_value, MONEY_SCALE) * ticks * (held.longs - held.shorts)
