"""One layout: the dtypes say what the C compiler does, and a change asks for a new version."""

import numpy as np
import pytest

from tidegate.native import layout, records

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
# A layout that hashes to something else needs a new LAYOUT_VERSION, and its own line here.
HASHES = {1: 806770117658112401, 2: 12497259804458000462, 3: 12497259804458000462}


def compiled(view: str) -> list[tuple[str, int, int]]:
    return [entry[1:] for entry in layout.compiled_fields() if entry[0] == view]


def test_every_view_of_c_has_a_dtype() -> None:
    assert {entry[0] for entry in layout.compiled_fields()} == set(VIEWS)


@pytest.mark.parametrize("view", VIEWS)
def test_dtype_has_the_names_offsets_and_sizes_of_c(view: str) -> None:
    dtype = VIEWS[view]
    assert dtype.names is not None
    assert dtype.fields is not None
    derived = [
        (name, dtype.fields[name][1], dtype.fields[name][0].itemsize) for name in dtype.names
    ]
    assert derived == compiled(view)


@pytest.mark.parametrize("view", VIEWS)
def test_fields_follow_without_gap_up_to_128_bytes(view: str) -> None:
    end = 0
    for name, offset, size in compiled(view):
        assert offset == end, f"{view}.{name} leaves hidden padding before it"
        end += size
    assert end == records.RECORD_SIZE == VIEWS[view].itemsize == 128


@pytest.mark.parametrize("view", VIEWS)
def test_a_field_sits_where_its_name_says_in_the_bytes(view: str) -> None:
    frame = np.zeros(1, VIEWS[view])
    for name, offset, size in compiled(view):
        frame.view(np.uint8)[:] = 0
        frame.view(np.uint8)[offset : offset + size] = 1
        assert frame[name].tobytes() == b"\x01" * size, name


def test_the_first_96_bytes_are_the_same_in_every_view() -> None:
    head = [field for field in compiled("record") if field[1] < 96]
    for view in VIEWS:
        assert [field for field in compiled(view) if field[1] < 96] == head, view


def test_layout_hash_is_the_one_recorded_for_this_version() -> None:
    assert HASHES[records.LAYOUT_VERSION] == records.LAYOUT_HASH


def test_layout_hash_tells_swapped_names_apart() -> None:
    one = np.dtype([("a", "<u4"), ("b", "<u4")])
    other = np.dtype([("b", "<u4"), ("a", "<u4")])
    assert records.layout_hash(one) != records.layout_hash(other)


def test_no_enum_gives_zero_a_meaning() -> None:
    enums = (
        records.Kind,
        records.Flag,
        records.Side,
        records.OrdType,
        records.TimeInForce,
        records.ExecType,
        records.PositionEffect,
        records.TradingState,
        records.Scope,
        records.LimitKind,
        records.Grade,
        records.SelfMatch,
        records.CashPhase,
        records.Phase,
        records.MarginModel,
        records.Level,
        records.Reason,
    )
    for enum in enums:
        assert [
            item.name for item in enum if item.value == 0 and not item.name.endswith("NONE")
        ] == []
