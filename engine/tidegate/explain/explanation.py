"""Explain one record of a journal: replay to it, look at every check, run it, see what changed.

The journal alone is read, and the universe beside it: a running system does not notice.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tidegate import recovery, universe
from tidegate.errors import ReplayError
from tidegate.explain.changes import Change, changes, copy_of
from tidegate.explain.days import describe_day
from tidegate.explain.sentences import Compared, numbers, sentence
from tidegate.explain.units import Speaker
from tidegate.native.journal_reader import JournalReader
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import (
    ARRAY_RECORD,
    CONTROL_RECORD,
    DENIAL_RECORD,
    EXECUTION_RECORD,
    MARGIN_RECORD,
    NO_PRICE,
    NOTE_RECORD,
    ORDER_RECORD,
    QUOTE_RECORD,
    RATE_RECORD,
    RECORD,
    ExecType,
    Kind,
    Reason,
    Side,
)
from tidegate.replay import UNIVERSE_NAME

ORDERS = (Kind.NEW_ORDER_SINGLE, Kind.CANCEL_REPLACE_REQUEST)
REQUESTS = (*ORDERS, Kind.CANCEL_REQUEST)
# What describe() says more of than the name of its kind.
NAMED = (*ORDERS, Kind.DAY_ROLL, Kind.BREAK, Kind.ADJUSTMENT)
VIEWS = {
    **dict.fromkeys((*REQUESTS, Kind.MASS_CANCEL_REQUEST), ORDER_RECORD),
    Kind.EXECUTION_REPORT: EXECUTION_RECORD,
    Kind.CANCEL_REJECT: DENIAL_RECORD,
    Kind.DENIED: DENIAL_RECORD,
    Kind.ALERT: DENIAL_RECORD,
    Kind.CONTROL_ANSWER: DENIAL_RECORD,
    Kind.NOTE: NOTE_RECORD,
    **dict.fromkeys((Kind.QUOTE, Kind.TRADE, Kind.MARK), QUOTE_RECORD),
    Kind.CURRENCY_RATE: RATE_RECORD,
    Kind.MARGIN_RATES: MARGIN_RECORD,
    Kind.MARGIN_ARRAY: ARRAY_RECORD,
    **dict.fromkeys(
        (
            Kind.TRADING_STATE,
            Kind.CASH,
            Kind.LIMIT_CHANGE,
            Kind.KILL,
            Kind.RE_ENABLE,
            Kind.PROTECTION_RESET,
            Kind.TRANSFER,
            Kind.SIDE_LOCK,
            Kind.MARGIN_COMMIT,
            Kind.MARGIN_CREDIT,
            Kind.SETTLEMENT,
            Kind.DAY_ROLL,
            Kind.BREAK,
            Kind.ADJUSTMENT,
            Kind.CHANNEL_STATE,
        ),
        CONTROL_RECORD,
    ),
}
DECIDED = 1 << 63
EMPTY = (0, NO_PRICE, b"", [0] * 4)


class Check(NamedTuple):
    """One check of an order: whether it failed, and what it compared, raw and in words."""

    reason: str
    failed: bool
    compared: Compared
    limit: str
    used: str
    asked: str


class Explanation(NamedTuple):
    """A record, its verdict, every check, what changed and the sentence for the trader."""

    sequence: int
    kind: str
    record: dict[str, Any]
    verdict: int
    checks: list[Check]
    changes: list[Change]
    routes: list[dict[str, Any]]
    reports: list[dict[str, Any]]
    sentence: str
    why: str


def find(journal: Path, cl_ord_id: int, session: int | None = None) -> list[tuple[int, int, int]]:
    """(sequence, kind, session) of each request of a strategy with this cl_ord_id."""
    found = []
    for batch in JournalReader(journal).batches():
        rows = batch[(batch["cl_ord_id"] == cl_ord_id) & np.isin(batch["kind"], REQUESTS)]
        for row in rows:
            if session in (None, int(row["session"])):
                found.append((int(row["sequence"]), int(row["kind"]), int(row["session"])))
    return found


def explain(journal: Path, sequence: int) -> Explanation:
    """Why the record of this sequence ended as it did; ReplayError when there is none."""
    if not (journal / UNIVERSE_NAME).exists():
        raise ReplayError(f"{journal}: no {UNIVERSE_NAME} there; expected a journal of risk's")
    content = universe.read(journal / UNIVERSE_NAME)
    tables = recovery.in_memory(content, journal, until=sequence - 1, from_beginning=True).tables
    step = Pretrade(tables)
    why = ""
    first = int(tables.arrays["risk"]["sequence"][0]) + 1
    for row in _until(journal, first, sequence, step):
        if int(row["kind"][0]) == Kind.NOTE:
            why = why_of(row)
            continue
        return explain_record(content, tables, step, row, why)
    last = int(tables.arrays["risk"]["sequence"][0])
    raise ReplayError(f"{journal}: ends at sequence {last}; expected {sequence}")


def _until(journal: Path, first: int, sequence: int, step: Pretrade) -> Iterator[npt.NDArray[Any]]:
    """Replays what comes before, and gives the operator's note before the record, then it."""
    note = None
    for batch in JournalReader(journal).batches(first):
        before = batch[batch["sequence"] < sequence]
        step.replay(before)
        notes = before[before["kind"] == Kind.NOTE]
        note = notes[-1:].copy() if len(notes) else note
        asked = batch[batch["sequence"] == sequence]
        if len(asked):
            if note is not None and note["cl_ord_id"][0] == asked["cl_ord_id"][0]:
                yield note
            yield asked.copy()
            return


def why_of(note: npt.NDArray[Any]) -> str:
    """The text of a NOTE."""
    return bytes(note.view(NOTE_RECORD)["text"][0]).rstrip(b"\0").decode(errors="replace")


def explain_record(
    content: universe.Universe,
    tables: Any,
    step: Pretrade,
    row: npt.NDArray[Any],
    why: str = "",
) -> Explanation:
    """Assess and run one record over tables that stand just before it."""
    speaker = Speaker(content)
    kind = int(row["kind"][0])
    checks: list[Check] = []
    if kind in ORDERS:
        checks = checks_of(step, row, speaker)
    before = copy_of(tables.arrays)
    refused_before = int(tables.arrays["risk"]["refused_records"][0])
    routes, reports = step.step(row)
    is_refused = int(tables.arrays["risk"]["refused_records"][0]) > refused_before
    return Explanation(
        sequence=int(row["sequence"][0]),
        kind=Kind(kind).name if kind in set(Kind) else f"kind {kind}",
        record=as_dict(row),
        verdict=step.verdict,
        checks=checks,
        changes=changes(before, copy_of(tables.arrays), speaker),
        routes=[as_dict(routes[at : at + 1]) for at in range(len(routes))],
        reports=[as_dict(reports[at : at + 1]) for at in range(len(reports))],
        sentence=conclusion(row, routes, reports, speaker, is_refused=is_refused),
        why=why,
    )


def checks_of(step: Pretrade, row: npt.NDArray[Any], speaker: Speaker) -> list[Check]:
    """Every check that the order meets, in order, with the numbers it sees."""
    verdict, seen = step.assess(row)
    found = []
    for reason, values in sorted(seen.items()):
        compared = Compared(*values)
        words = numbers(speaker, Reason(reason), compared, int(row["instrument"][0]))
        failed = bool(verdict >> reason & 1)
        found.append(Check(Reason(reason).name, failed, compared, *words))
    return found


def conclusion(
    row: npt.NDArray[Any],
    routes: npt.NDArray[Any],
    reports: npt.NDArray[Any],
    speaker: Speaker,
    *,
    is_refused: bool = False,
) -> str:
    """The sentence that a risk officer would say; `is_refused`: risk counted it as refused."""
    refused = [
        reports[at : at + 1].view(DENIAL_RECORD)
        for at in range(len(reports))
        if int(reports["kind"][at]) in (Kind.DENIED, Kind.CANCEL_REJECT)
    ]
    name = describe(row, speaker)
    if refused:
        first = refused[0][0]
        compared = Compared(
            limit=int(first["limit_value"]),
            used=int(first["used_value"]),
            asked=int(first["asked_value"]),
            level=int(first["level"]),
            scope=int(first["scope"]),
        )
        said = sentence(speaker, int(first["reason"]), compared, int(row["instrument"][0]))
        return f"{name} was refused. {said}"
    kind = int(row["kind"][0])
    if kind == Kind.CANCEL_REQUEST and len(routes):
        return f"{name} went to the venue; what the order holds stays held until it is answered."
    if kind in REQUESTS and len(routes):
        return f"{name} passed every check, was held on all levels and went to the venue."
    if kind in REQUESTS and len(reports):
        return f"{name} had been sent before; its state was told again."
    if kind in REQUESTS:
        return f"{name} was taken, and waits for the rest of its list or for an earlier answer."
    if is_refused:
        return f"{name} was refused whole; it changed nothing."
    if kind == Kind.EXECUTION_REPORT and len(reports):
        name = execution(reports[:1].view(EXECUTION_RECORD)[0], speaker)
    return f"{name} was booked; the changes above are all that it did."


def describe(row: npt.NDArray[Any], speaker: Speaker) -> str:
    """The record in a few words."""
    kind = int(row["kind"][0])
    name = Kind(kind).name.replace("_", " ").capitalize() if kind in set(Kind) else f"Kind {kind}"
    if kind in (Kind.DAY_ROLL, Kind.BREAK, Kind.ADJUSTMENT):
        return describe_day(row, speaker)
    if kind not in ORDERS:
        return name
    instrument = speaker.instrument(int(row["instrument"][0]))
    side = {Side.BUY: "buy", Side.SELL: "sell"}.get(int(row["side"][0]), "?")  # type: ignore[call-overload]
    return (
        f"{speaker.account(int(row['account'][0]))}: {side} {int(row['order_qty'][0])} "
        f"{instrument.symbol if instrument else '?'} at "
        f"{speaker.price(int(row['price'][0]), instrument)}"
    )


def execution(report: Any, speaker: Speaker) -> str:
    """What a venue reported, from the report that the strategy was given of it."""
    instrument = speaker.instrument(int(report["instrument"]))
    symbol = instrument.symbol if instrument else "?"
    account = speaker.account(int(report["account"]))
    exec_type = int(report["exec_type"])
    if exec_type == ExecType.EXEC_TRADE:
        price = speaker.price(int(report["last_px"]), instrument)
        return f"{account}: the fill of {int(report['last_qty'])} {symbol} at {price}"
    known = exec_type in set(ExecType)
    what = ExecType(exec_type).name.removeprefix("EXEC_").lower() if known else "report"
    return f"{account}: the venue's {what} of order {int(report['order_id'])} in {symbol}"


def as_dict(row: npt.NDArray[Any]) -> dict[str, Any]:
    """A record's fields by the view of its kind, zeros and "no price" left out."""
    view = row.view(VIEWS.get(int(row["kind"][0]), RECORD))  # type: ignore[call-overload]
    found = {}
    for name in view.dtype.names or ():
        value = view[name][0].tolist()
        if name not in ("checksum", "pad", "layout_version") and value not in EMPTY:
            found[name] = value.decode(errors="replace") if isinstance(value, bytes) else value
    return found
