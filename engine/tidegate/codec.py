"""Packs and unpacks single records in plain Python.

Formats are derived from the dtypes that records.h gave, so the layout is written once.
Clients use this for a few records at a time; batches go through numpy instead.
"""

from collections.abc import Mapping
from struct import Struct
from typing import Any

import numpy as np

from tidegate.native import records

_CODES = {"u1": "B", "u2": "H", "u4": "I", "u8": "Q", "i4": "i", "i8": "q"}


class View:
    """One view of the record: field name -> place in the unpacked tuple."""

    __slots__ = ("_struct", "_zero", "index")

    def __init__(self, dtype: np.dtype[Any]) -> None:
        fields = sorted((dtype.fields or {}).items(), key=lambda item: item[1][1])
        codes = []
        zero: list[Any] = []
        for _, field in fields:
            base, is_text = field[0].base, field[0].shape or field[0].kind == "S"
            codes.append(f"{field[0].itemsize}s" if is_text else _CODES[base.str[1:]])
            zero.append(b"" if is_text else 0)
        self._struct = Struct("<" + "".join(codes))
        if self._struct.size != dtype.itemsize:
            raise AssertionError(f"packed view has {self._struct.size} bytes, not {dtype.itemsize}")
        self.index = {name: index for index, (name, _) in enumerate(fields)}
        zero[self.index["layout_version"]] = records.LAYOUT_VERSION
        self._zero = tuple(zero)

    def pack(self, values: Mapping[str, Any]) -> bytes:
        """The record with these fields, all others zero."""
        row = list(self._zero)
        for name, value in values.items():
            row[self.index[name]] = value
        return self._struct.pack(*row)

    def unpack(self, frame: bytes, offset: int = 0) -> tuple[Any, ...]:
        """The fields of the record at `offset`, in the order of `index`."""
        return self._struct.unpack_from(frame, offset)


def offset_of(name: str) -> int:
    """Where a field of the record's common part begins."""
    fields = records.RECORD.fields
    if fields is None:
        raise AssertionError("the record has no fields")
    return int(fields[name][1])


RECORD = View(records.RECORD)
ORDER = View(records.ORDER_RECORD)
EXECUTION = View(records.EXECUTION_RECORD)
DENIAL = View(records.DENIAL_RECORD)
QUOTE = View(records.QUOTE_RECORD)
SESSION = View(records.SESSION_RECORD)
CONTROL = View(records.CONTROL_RECORD)
NOTE = View(records.NOTE_RECORD)
MARGIN = View(records.MARGIN_RECORD)
ARRAY = View(records.ARRAY_RECORD)
RATE = View(records.RATE_RECORD)
