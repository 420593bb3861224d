"""A journal as one table for other tools: CSV, or Parquet with a type for each column.

The columns are those of all views of a record: a field is empty where its kind has none, and so is
a price that is none. Beside the codes stand names: of kind and reason, account and instrument.
Prices stay ticks, money 1/10,000 of its unit, time ns.
"""

import csv
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.errors import JournalError
from tidegate.explain.explanation import VIEWS
from tidegate.explain.units import Speaker
from tidegate.journal.stat import kind_name
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import NO_PRICE, RECORD, Reason

HIDDEN = frozenset(("checksum", "layout_version", "body"))
PRICES = frozenset(("price", "stop_px", "last_px", "bid_px", "ask_px"))
NAMES = ("kind_name", "reason_name", "account_name", "instrument_name")
Column = np.ma.MaskedArray[Any, Any]


def columns() -> dict[str, np.dtype[Any]]:
    """Every field of every view with its type, the head first; a field of several values is one
    column for each."""
    found: dict[str, np.dtype[Any]] = {}
    for view in (RECORD, *VIEWS.values()):
        for name in view.names or ():
            for column, dtype in _parts(name, view[name]):
                if found.setdefault(column, dtype) != dtype:
                    raise AssertionError(f"{column} is {dtype} and {found[column]}")
    return found


def to_csv(journal: Path, speaker: Speaker, file: Path) -> int:
    """Write a CSV file with a head; how many records."""
    count = 0
    with file.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow((*NAMES, *columns()))
        for table in tables(journal, speaker):
            cells = [_cells(column) for column in table.values()]
            writer.writerows(zip(*cells, strict=True))
            count += len(cells[0])
    return count


def to_parquet(journal: Path, speaker: Speaker, file: Path) -> int:
    """Write a Parquet file; how many records. JournalError where pyarrow is not installed."""
    try:
        pyarrow = importlib.import_module("pyarrow")
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise JournalError(
            "pyarrow is not installed, which writes Parquet; pip install 'tidegate[parquet]', or "
            "export as csv"
        ) from None
    types = {name: _arrow_type(pyarrow, dtype) for name, dtype in columns().items()}
    schema = pyarrow.schema(dict.fromkeys(NAMES, pyarrow.string()) | types)
    count = 0
    with parquet.ParquetWriter(file, schema) as writer:
        for table in tables(journal, speaker):
            arrays = [
                pyarrow.array(_cells(column), type=field.type)
                if field.type == pyarrow.string()
                else pyarrow.array(column.data, type=field.type, mask=column.mask)
                for field, column in zip(schema, table.values(), strict=True)
            ]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
            count += len(arrays[0])
    return count


def tables(journal: Path, speaker: Speaker) -> Iterator[dict[str, Column]]:
    """The records batch by batch, as columns; masked where a record has no such field."""
    known = columns()
    for rows in JournalReader(journal).batches():
        table = {name: _names(name, rows, speaker) for name in NAMES}
        for name, dtype in known.items():
            table[name] = np.ma.array(np.zeros(len(rows), dtype), mask=np.ones(len(rows), bool))
        for kind in np.unique(rows["kind"]).tolist():
            at = np.flatnonzero(rows["kind"] == kind)
            view = rows[at].view(VIEWS.get(kind, RECORD))
            for field in view.dtype.names or ():
                for column, values in _values(field, view[field]):
                    table[column][at] = values
        for name in PRICES:
            table[name] = np.ma.masked_equal(table[name], NO_PRICE)
        yield table


def _parts(name: str, dtype: np.dtype[Any]) -> Iterator[tuple[str, np.dtype[Any]]]:
    if name in HIDDEN or name.startswith("pad"):
        return
    if dtype.subdtype is None:
        yield name, dtype
        return
    if dtype.base.kind == "S":
        yield name, np.dtype(f"S{dtype.itemsize}")
        return
    for index in range(dtype.shape[0]):
        yield f"{name}_{index}", dtype.base


def _values(name: str, values: npt.NDArray[Any]) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    if name in HIDDEN or name.startswith("pad"):
        return
    if values.ndim == 1:
        yield name, values
        return
    if values.dtype.kind == "S":
        yield name, np.ascontiguousarray(values).view(f"S{values.shape[1]}").reshape(-1)
        return
    for index in range(values.shape[1]):
        yield f"{name}_{index}", values[:, index]


def _names(column: str, rows: npt.NDArray[Any], speaker: Speaker) -> Column:
    codes = rows[column.removesuffix("_name")]
    unique, where = np.unique(codes, return_inverse=True)
    words = np.array([_name(column, code, speaker) for code in unique.tolist()], object)
    return np.ma.array(words[where], mask=np.zeros(len(rows), bool))


def _name(column: str, code: int, speaker: Speaker) -> str:
    if column == "kind_name":
        return kind_name(code)
    if code == 0:
        return ""
    if column == "reason_name":
        return Reason(code).name if code in set(Reason) else f"REASON_{code}"
    if column == "account_name":
        return speaker.account(code)
    instrument = speaker.instrument(code)
    return instrument.symbol if instrument else f"instrument {code}"


def _cells(column: Column) -> list[Any]:
    """Python's values; None where there is none."""
    values: list[Any] = column.tolist()
    return [one.decode(errors="replace") if isinstance(one, bytes) else one for one in values]


def _arrow_type(pyarrow: Any, dtype: np.dtype[Any]) -> Any:
    return pyarrow.string() if dtype.kind == "S" else pyarrow.from_numpy_dtype(dtype)
