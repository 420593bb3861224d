"""A statement as tables for people."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from tidegate.statement import Fill, Money, Move, Position, Statement

FILE_COLUMNS = 200
ITEMS = (
    ("opening cash", "opening_cash"),
    ("deposits", "deposits"),
    ("withdrawals", "withdrawals"),
    ("transfers", "transfers"),
    ("realised", "realised"),
    ("premium", "premium"),
    ("variation margin", "variation"),
    ("fees", "fees"),
    ("adjustments", "adjustments"),
    ("closing cash", "closing_cash"),
    ("margin at the close", "margin"),
    ("equity", "equity"),
)


def tables(found: Statement) -> Iterator[Table | Text]:
    """The sums, the proof of them, and every line; then those of its sub-accounts."""
    state = ", provisional: the day has not ended" if found.provisional else ""
    records = f"records {found.opening_sequence + 1} to {found.closing_sequence}"
    yield Text(f"{found.account}, day {found.day} ({records}){state}", style="bold")
    yield _table("money", ("", *(row.currency for row in found.money)), _money_rows(found.money))
    for row in found.money:
        yield Text(_identity(row))
    lines: tuple[tuple[str, tuple[str, ...], list[tuple[str, ...]]], ...] = (
        ("fills", FILL_HEAD, [_fill(row) for row in found.fills]),
        ("moves", MOVE_HEAD, [_move(row) for row in found.moves]),
        ("positions", POSITION_HEAD, [_position(row) for row in found.positions]),
    )
    for title, head, rows in lines:
        if rows:
            yield _table(title, head, rows)
    for part in found.accounts:
        yield from tables(part)


FILL_HEAD: tuple[str, ...] = (
    "sequence",
    "time",
    "account",
    "instrument",
    "side",
    "effect",
    "qty",
    "price",
)
FILL_HEAD += ("realised", "fee", "currency", "exec id", "cl ord id")
MOVE_HEAD = ("sequence", "time", "kind", "currency", "amount", "with", "request")
POSITION_HEAD: tuple[str, ...] = (
    "instrument",
    "long",
    "of today",
    "short",
    "of today",
    "price",
    "at",
)
POSITION_HEAD += ("worth", "variation", "currency")
NAMES = {"", "time", "account", "instrument", "side", "effect", "currency", "kind", "with", "at"}


def _money_rows(money: Sequence[Money]) -> list[tuple[str, ...]]:
    return [(title, *(said(getattr(row, name)) for row in money)) for title, name in ITEMS]


def _identity(row: Money) -> str:
    """The sum that was checked, as a person adds it up."""
    moves = row.deposits + row.withdrawals + row.transfers
    results = row.realised + row.premium
    parts = (row.opening_cash, moves, results, row.variation, row.fees, row.adjustments)
    total = " + ".join(f"({said(part)})" if part < 0 else said(part) for part in parts)
    return (
        f"{row.currency}: opening + moves + realised + variation + fees + adjustments = "
        f"{total} = {said(row.closing_cash)}: holds"
    )


def _fill(row: Fill) -> tuple[str, ...]:
    side = f"{row.side} (adjusted)" if row.is_adjustment else row.side
    amounts = said(row.realised), said(row.fee), row.currency
    names = row.account, row.instrument, side, row.position_effect
    ids = str(row.exec_id), str(row.cl_ord_id)
    lots = str(row.qty), str(row.price)
    return (str(row.sequence), as_text(row.time_ns), *names, *lots, *amounts, *ids)


def _move(row: Move) -> tuple[str, ...]:
    names = row.kind, row.currency, said(row.amount), row.counterparty, str(row.request)
    return (str(row.sequence), as_text(row.time_ns), *names)


def _position(row: Position) -> tuple[str, ...]:
    today = ["" if lots is None else str(lots) for lots in (row.long_today, row.short_today)]
    lots = str(row.long), today[0], str(row.short), today[1]
    price = "" if row.price is None else str(row.price)
    amounts = said(row.worth), said(row.variation), row.currency
    return (row.instrument, *lots, price, row.price_kind, *amounts)


def as_text(time_ns: int) -> str:
    """UTC, to the microsecond."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{rest // 1000:06}"


def said(amount: Decimal) -> str:
    """Two places, or as many as it has."""
    places = max(2, -int(amount.normalize().as_tuple().exponent))
    return f"{amount:,.{places}f}"


def _table(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE, pad_edge=False)
    for name in head:
        table.add_column(name, justify="left" if name in NAMES else "right")
    for row in rows:
        table.add_row(*row)
    return table
