"""Records of a journal one a line, with the names that the universe beside it gives."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tidegate.explain.explanation import NAMED, as_dict, describe, why_of
from tidegate.explain.units import Speaker
from tidegate.journal.stat import kind_name
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import EXECUTION_RECORD, ExecType, Kind, Reason
from tidegate.universe import Instrument

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Shown(NamedTuple):
    """One record: when, what kind, what in words, and all fields that are not zero."""

    sequence: int
    time: str
    kind: str
    text: str
    fields: dict[str, Any]


def show(
    journal: Path, speaker: Speaker, *, first: int, count: int, kinds: frozenset[int]
) -> Iterator[Shown]:
    """The records from sequence `first` on (0 = the oldest), of these kinds (none = of all)."""
    left = count
    for rows in JournalReader(journal).batches(first):
        wanted = np.flatnonzero(np.isin(rows["kind"], list(kinds))) if kinds else range(len(rows))
        for at in wanted:
            if left == 0:
                return
            left -= 1
            yield shown(rows[at : at + 1], speaker)


def shown(row: npt.NDArray[Any], speaker: Speaker) -> Shown:
    """One record in words."""
    return Shown(
        sequence=int(row["sequence"][0]),
        time=instant(int(row["received_ns"][0])),
        kind=kind_name(int(row["kind"][0])),
        text=in_words(row, speaker),
        fields=as_dict(row),
    )


def in_words(row: npt.NDArray[Any], speaker: Speaker) -> str:
    """What a record says, with names; "" where its kind says all."""
    kind = int(row["kind"][0])
    if kind in NAMED:
        return describe(row, speaker).rstrip(",")
    instrument = speaker.instrument(int(row["instrument"][0]))
    words = []
    if row["account"][0]:
        words.append(speaker.account(int(row["account"][0])))
    if instrument is not None:
        words.append(instrument.symbol)
    if kind == Kind.EXECUTION_REPORT:
        words.append(_reported(row.view(EXECUTION_RECORD)[0], instrument, speaker))
    elif kind in (Kind.MARK, Kind.SETTLEMENT):
        words.append(speaker.price(int(row["price"][0]), instrument))
    elif kind == Kind.NOTE:
        words.append(why_of(row))
    reason = int(row["reason"][0])
    if reason:
        words.append(Reason(reason).name if reason in set(Reason) else f"reason {reason}")
    return " ".join(words)


def instant(time_ns: int) -> str:
    """A wall time to the ns, in UTC; "" for none."""
    if time_ns <= 0:
        return ""
    second, rest = divmod(time_ns, 1_000_000_000)
    return f"{EPOCH + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"


def _reported(report: Any, instrument: Instrument | None, speaker: Speaker) -> str:
    exec_type = int(report["exec_type"])
    known = exec_type in set(ExecType)
    what = ExecType(exec_type).name.removeprefix("EXEC_").lower() if known else f"type {exec_type}"
    if exec_type == ExecType.EXEC_TRADE:
        price = speaker.price(int(report["last_px"]), instrument)
        what = f"fill of {int(report['last_qty'])} at {price}"
    return f"{what}, order {int(report['order_id'])}, exec {int(report['exec_id'])}"
