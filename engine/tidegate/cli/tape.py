"""`tidegate tape`: import recordings into a tape, show what a tape holds, merge tapes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tidegate.errors import TapeError
from tidegate.native.records import NO_PRICE, Side
from tidegate.prices import to_price
from tidegate.tape import binance, lean, orders, sessions, ticks
from tidegate.tape.events import Contract, TapeKind
from tidegate.tape.format import TapeReader
from tidegate.tape.recording import (
    Recording,
    Terms,
    cut_recording,
    known_terms,
    merge_tapes,
    record_tape,
)
from tidegate.tape.show import TapeFigures, figures

FORMATS = ("lean", "ticks", "binance", "orders")

_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW = click.Path(dir_okay=False, path_type=Path)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class _Decimal(click.ParamType[Decimal]):
    name = "decimal"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Decimal:
        try:
            number = Decimal(value)
        except InvalidOperation:
            self.fail(f"{value!r}; expected a decimal number", param, ctx)
        if not number.is_finite() or number <= 0:
            self.fail(f"{value}; expected more than 0", param, ctx)
        return number


class _Instant(click.ParamType[int]):
    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r}; expected such as 2013-10-08T13:30 (UTC) or +08:00", param, ctx)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        if not 1970 <= at.year < 2262:
            self.fail(f"{value!r}; expected a year of 1970 to 2261", param, ctx)
        return (at - _EPOCH) // _MICROSECOND * 1000


@click.group("tape")
def tape() -> None:
    """Recorded markets: import, show, merge."""


@tape.command("import")
@click.option("--format", "form", type=click.Choice(FORMATS), required=True, help="Of the sources.")
@click.option("--contract", required=True, help="Its code: GCZ3, IF2101, BTCUSDT.")
@click.option("--from", "start_ns", type=_Instant(), help="First time taken; UTC if no offset.")
@click.option("--to", "end_ns", type=_Instant(), help="First time no longer taken.")
@click.option("--depth", type=click.IntRange(min=1), help="Best levels kept of each side.")
@click.option("--product", help="Defaults of these six are known for GC, ES, IF and BTCUSDT.")
@click.option("--venue", help="Where the contract trades.")
@click.option("--currency", help="Of the price.")
@click.option("--tick-size", type=_Decimal(), help="Smallest step of the price.")
@click.option("--multiplier", type=_Decimal(), help="Units of the underlying in one lot.")
@click.option("--lot-size", type=_Decimal(), help="One lot in the sources' unit of quantity.")
@click.option("--session", "stated_sessions", multiple=True, help="Such as 09:30-11:30, each day.")
@click.option("--utc-offset", type=click.IntRange(-12, 14), help="Of ticks' clock and sessions.")
@click.option("--origin", default="not stated", help="Whose recording it is.")
@click.option("--licence", default="not stated", help="Under which it was published.")
@click.option("--note", "notes", multiple=True, help="A line for the tape's reader.")
@click.option("--skip-bad", is_flag=True, help="Leave rows out that cannot be taken exactly.")
@click.option("-o", "--output", type=_NEW, required=True, help="The tape.")
@click.argument("sources", type=_EXISTING, nargs=-1, required=True)
def import_command(
    form: str,
    contract: str,
    start_ns: int | None,
    end_ns: int | None,
    depth: int | None,
    product: str | None,
    venue: str | None,
    currency: str | None,
    tick_size: Decimal | None,
    multiplier: Decimal | None,
    lot_size: Decimal | None,
    stated_sessions: tuple[str, ...],
    utc_offset: int | None,
    origin: str,
    licence: str,
    notes: tuple[str, ...],
    skip_bad: bool,
    output: Path,
    sources: tuple[Path, ...],
) -> None:
    """Turns recordings of one contract into a tape.

    --utc-offset is the hours by which a clock is ahead of UTC: by default 8 for ticks, else 0.
    """
    offset = (8 if form == "ticks" else 0) if utc_offset is None else utc_offset
    stated = {
        "product": product,
        "venue": venue,
        "currency": currency,
        "tick_size": tick_size,
        "multiplier": multiplier,
        "lot_size": lot_size,
    }
    terms = _terms(contract, {name: value for name, value in stated.items() if value is not None})
    with _refusals():
        recording = _read(
            form,
            list(sources),
            terms,
            offset,
            skip_bad=skip_bad,
            origin=origin,
            licence=licence,
        )
        if stated_sessions:
            parsed = [sessions.parse(text) for text in stated_sessions]
            recording = sessions.with_sessions(recording, parsed, offset)
            notes += (f"Sessions as stated: {', '.join(stated_sessions)}, UTC{offset:+d}.",)
        kept = cut_recording(recording, start_ns=start_ns, end_ns=end_ns, depth=depth)
        record_tape(output, [kept], notes=notes)
    _show(output)


@tape.command("show")
@click.option("--events", "count", type=click.IntRange(min=0), default=0, help="Print the first N.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@click.argument("file", type=_EXISTING)
def show_command(count: int, as_json: bool, file: Path) -> None:
    """Prints what is in a tape."""
    with _refusals():
        if as_json:
            with TapeReader(file) as reader:
                document = {"tape": figures(reader), "events": _first_events(reader, count)}
            click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))
        else:
            _show(file, count)


@tape.command("merge")
@click.option("-o", "--output", type=_NEW, required=True, help="The tape with all contracts.")
@click.argument("files", type=_EXISTING, nargs=-1, required=True)
def merge_command(output: Path, files: tuple[Path, ...]) -> None:
    """Puts the contracts of several tapes side by side in one; their starts fall together."""
    with _refusals():
        merge_tapes(output, list(files))
    _show(output)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (TapeError, OSError) as error:
        raise click.ClickException(str(error)) from None


def _terms(code: str, stated: dict[str, Any]) -> Terms:
    known = known_terms(code)
    if known is not None:
        return msgspec.structs.replace(known, **stated)
    needed = ("product", "venue", "currency", "tick_size", "multiplier")
    missing = [f"--{name.replace('_', '-')}" for name in needed if name not in stated]
    if missing:
        raise click.UsageError(f"the terms of {code} are not known; state {', '.join(missing)}")
    return Terms(code=code, **stated)


def _read(
    form: str,
    sources: list[Path],
    terms: Terms,
    utc_offset: int,
    *,
    skip_bad: bool,
    origin: str,
    licence: str,
) -> Recording:
    if form == "ticks":
        return ticks.read(
            sources,
            terms,
            utc_offset_hours=utc_offset,
            skip_bad=skip_bad,
            origin=origin,
            licence=licence,
        )
    read = {"lean": lean.read, "binance": binance.read, "orders": orders.read}[form]
    return read(sources, terms, skip_bad=skip_bad, origin=origin, licence=licence)


def _show(file: Path, event_count: int = 0) -> None:
    console = Console()
    with TapeReader(file) as reader:
        found = figures(reader)
        rows = _first_events(reader, event_count)
    console.print(
        f"{found.path}: {found.bytes:,} bytes, {found.blocks} blocks, {found.events:,} events,"
        f" {_seconds(found.span_ns)}",
        highlight=False,
        markup=False,
    )
    console.print(_contracts(found))
    console.print(_provenance(found))
    if found.counts:
        console.print(_table("Rows of the sources", ("count", "rows"), found.counts.items()))
    for note in found.notes:
        console.print(note, highlight=False, markup=False)
    if rows:
        console.print(_table("Events", tuple(rows[0]), [tuple(row.values()) for row in rows]))


def _contracts(found: TapeFigures) -> Table:
    """One column a contract, so that the table stays narrow."""
    table = Table("", *(escape(contract.code) for contract in found.contracts), title="Contracts")
    lines: dict[str, list[Any]] = {
        "venue, currency": [f"{c.venue}, {c.currency}" for c in found.contracts],
        "tick, multiplier, lot": [
            f"{c.tick_size}, {c.multiplier}, {c.lot_size}" for c in found.contracts
        ],
        "starts (UTC)": [_utc(c.start_ns) for c in found.contracts],
        "first, last": [f"{_seconds(c.first_ns)}, {_seconds(c.last_ns)}" for c in found.contracts],
        "traded prices": [f"{c.low} .. {c.high}" for c in found.contracts],
        "traded lots": [f"{c.traded_lots:,}" for c in found.contracts],
        "spread median, max": [f"{c.spread_median}, {c.spread_max}" for c in found.contracts],
        "book updates, crossed": [
            f"{c.two_sided_updates:,}, {c.crossed_updates:,}" for c in found.contracts
        ],
        "limits, settlement": [
            f"{c.lower_limit} .. {c.upper_limit}, {c.pre_settlement}" for c in found.contracts
        ],
    }
    for kind in TapeKind:
        if any(kind.name in contract.counts for contract in found.contracts):
            lines[kind.name] = [f"{c.counts.get(kind.name, 0):,}" for c in found.contracts]
    for name, cells in lines.items():
        table.add_row(name, *(escape(cell.replace("None", "-")) for cell in cells))
    return table


def _provenance(found: TapeFigures) -> Table:
    rows = [(s.name, s.sha256[:16], s.format, s.origin, s.licence) for s in found.sources]
    return _table("Sources", ("file", "SHA-256 begins", "format", "origin", "licence"), rows)


def _table(title: str, columns: tuple[str, ...], rows: Any) -> Table:
    table = Table(*columns, title=title)
    for row in rows:
        cells = (f"{cell:,}" if isinstance(cell, int) else escape(str(cell)) for cell in row)
        table.add_row(*cells)
    return table


def _first_events(reader: TapeReader, count: int) -> list[dict[str, Any]]:
    rows = (row for block in reader.blocks() for row in block.tolist())
    return [_event(reader.contracts, row) for row in islice(rows, count)]


def _event(contracts: tuple[Contract, ...], row: tuple[Any, ...]) -> dict[str, Any]:
    time_ns, price, qty, contract_index, kind, side, flags, _ = row
    contract = contracts[contract_index]
    return {
        "time_ns": time_ns,
        "contract": contract.code if kind != TapeKind.END else "",
        "kind": TapeKind(kind).name,
        "side": Side(side).name if side else "",
        "price": "" if price == NO_PRICE else str(to_price(price, contract.tick_size)),
        "qty": qty,
        "flags": flags,
    }


def _seconds(time_ns: int) -> str:
    return f"{time_ns / 1e9:,.3f} s"


def _utc(time_ns: int) -> str:
    at = _EPOCH + timedelta(microseconds=time_ns // 1000)
    return at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
