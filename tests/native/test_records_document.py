"""RECORDS.md says what the compiled layout is: its tables and examples are read and compared."""

import enum
import re
from pathlib import Path

import numpy as np
import pytest

from tidegate.native import records

DOCUMENT = Path(__file__).parents[2] / "ext/tidegate/native/RECORDS.md"
TYPES = {"u8": "u1", "u16": "<u2", "u32": "<u4", "u64": "<u8", "i32": "<i4", "i64": "<i8"}
VIEWS = {
    "record": records.RECORD,
    "order_record": records.ORDER_RECORD,
    "execution_record": records.EXECUTION_RECORD,
    "denial_record": records.DENIAL_RECORD,
    "quote_record": records.QUOTE_RECORD,
    "session_record": records.SESSION_RECORD,
    "control_record": records.CONTROL_RECORD,
    "note_record": records.NOTE_RECORD,
    "margin_record": records.MARGIN_RECORD,
    "array_record": records.ARRAY_RECORD,
    "rate_record": records.RATE_RECORD,
}
ENUMS: dict[str, type[enum.IntEnum]] = {
    value.__name__: value
    for value in vars(records).values()
    if isinstance(value, type) and issubclass(value, enum.IntEnum)
}
EXAMPLES = {"LOGON": records.SESSION_RECORD, "NEW_ORDER_SINGLE": records.ORDER_RECORD}


def section(title: str) -> str:
    """Returns the text below one heading, up to the next."""
    found = re.search(
        rf"^##+ {re.escape(title)}\n(.*?)(?=^##|\Z)", DOCUMENT.read_text(), re.M | re.S
    )
    assert found, f"RECORDS.md has no heading {title}"
    return found[1]


def rows(text: str) -> list[list[str]]:
    """Returns the cells of a table's rows, without its header."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def stated_fields(title: str) -> list[tuple[str, int, int, str]]:
    return [(name, int(at), int(size), of) for at, size, of, name, _ in rows(section(title))]


def compiled_fields(dtype: np.dtype[np.void]) -> list[tuple[str, int, np.dtype[np.generic]]]:
    assert dtype.fields is not None
    fields = [(name, field[1], field[0]) for name, field in dtype.fields.items()]
    return sorted(fields, key=lambda field: field[1])


@pytest.mark.parametrize("view", VIEWS)
def test_tables_of_fields_are_the_compiled_layout(view: str) -> None:
    stated = stated_fields("Head (all kinds)") + stated_fields(view)
    compiled = compiled_fields(VIEWS[view])
    assert [field[:2] for field in stated] == [field[:2] for field in compiled]
    for (name, _, size, of), (_, _, field) in zip(stated, compiled, strict=True):
        base, _, count = of.rstrip("]").partition("[")
        assert size == field.itemsize, name
        # char[32] may be one string for numpy: its bytes are what counts.
        if base != "char":
            assert field == np.dtype((TYPES[base], (int(count),)) if count else TYPES[base]), name


def test_every_enum_is_documented() -> None:
    headings = re.findall(r"^### (\w+)$", section_of_codes(), re.M)
    assert sorted(headings) == sorted(set(ENUMS))


def section_of_codes() -> str:
    text = DOCUMENT.read_text()
    return text[text.index("\n## Codes") : text.index("\n## A session")]


@pytest.mark.parametrize("name", ENUMS)
def test_tables_of_codes_are_the_compiled_values(name: str) -> None:
    stated = {code: int(value) for value, code, _ in rows(section(name))}
    assert stated == {item.name: item.value for item in ENUMS[name]}


@pytest.mark.parametrize("name", EXAMPLES)
def test_hex_examples_are_the_records_that_they_say(name: str) -> None:
    text = section(name)
    dump = re.findall(r"^ *\d+  ((?:[0-9a-f]{2} ?){16})$", text, re.M)
    data = bytes.fromhex("".join(dump))
    assert len(data) == records.RECORD_SIZE
    frame = np.zeros(1, EXAMPLES[name])
    for field, value in rows(text):
        frame[field] = int(value)
    assert frame.tobytes() == data
    assert frame["kind"] == records.Kind[name]
    assert frame["layout_version"] == records.LAYOUT_VERSION
