"""The tape file: what is written is read; what is damaged, cut or foreign is refused by offset."""

import struct
import zlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tidegate.errors import TapeError
from tidegate.native.records import NO_PRICE, Side
from tidegate.tape.events import EVENT, Contract, Events, Metadata, TapeKind
from tidegate.tape.format import BLOCK_EVENTS_MAX, MAGIC, TapeReader, TapeWriter

HEADER_BYTES = 24
BLOCK_HEADER_BYTES = 28
TRAILER_BYTES = 20

INT64 = st.integers(-(2**63) + 1, 2**63 - 1)
SIDES = st.sampled_from([int(Side.BUY), int(Side.SELL)])
QTY = st.integers(0, 2**63 - 1)
KINDS = st.one_of(
    st.tuples(INT64, QTY, st.just(TapeKind.LEVEL), SIDES),
    st.tuples(
        INT64, st.integers(1, 2**63 - 1), st.just(TapeKind.TRADE), st.one_of(st.just(0), SIDES)
    ),
    st.tuples(INT64, st.integers(1, 2**63 - 1), st.just(TapeKind.QUOTE), SIDES),
    st.tuples(st.just(NO_PRICE), st.just(0), st.just(TapeKind.QUOTE), SIDES),
    st.tuples(
        st.just(NO_PRICE),
        st.just(0),
        st.sampled_from([TapeKind.CLEAR, TapeKind.SESSION_OPEN, TapeKind.SESSION_CLOSE]),
        st.just(0),
    ),
    st.tuples(
        st.one_of(INT64, st.just(NO_PRICE)),
        st.just(0),
        st.sampled_from([TapeKind.UPPER_LIMIT, TapeKind.LOWER_LIMIT]),
        st.just(0),
    ),
    st.tuples(INT64, st.just(0), st.just(TapeKind.SETTLEMENT), st.just(0)),
)


@st.composite
def tapes(draw: st.DrawFn) -> tuple[Metadata, list[Events], int]:
    contracts = draw(st.integers(1, 3))
    rows = draw(st.lists(st.tuples(KINDS, st.integers(0, contracts - 1)), max_size=60))
    times = sorted(draw(st.lists(QTY, min_size=len(rows), max_size=len(rows))))
    made = np.array(
        [
            (time, price, qty, index, kind, side, 0, (0, 0, 0))
            for time, ((price, qty, kind, side), index) in zip(times, rows, strict=True)
        ],
        EVENT,
    )
    metadata = Metadata(
        contracts=tuple(
            Contract(
                code=f"C{index}",
                product="C",
                venue="V",
                currency="USD",
                tick_size=draw(st.sampled_from([Decimal("0.1"), Decimal("0.005"), Decimal(25)])),
                multiplier=Decimal(1),
                lot_size=Decimal("0.001"),
                start_ns=draw(INT64),
                pre_settlement=draw(st.one_of(st.none(), INT64)),
            )
            for index in range(contracts)
        ),
        sources=(),
        span_ns=draw(st.integers(times[-1] if times else 0, 2**63 - 1)),
        counts=draw(st.dictionaries(st.text(), QTY, max_size=3)),
        notes=tuple(draw(st.lists(st.text(), max_size=2))),
    )
    at = draw(st.integers(0, len(made)))
    return metadata, [made[:at], made[at:]], draw(st.integers(1, 70))


def write(path: Path, metadata: Metadata, *parts: Events, block_events: int = 4) -> bytes:
    with TapeWriter(path, metadata, block_events=block_events) as writer:
        for part in parts:
            writer.append(part)
    return path.read_bytes()


def read(path: Path) -> Events:
    with TapeReader(path) as reader:
        return reader.events()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(tapes())
def test_what_is_written_is_read(tmp_path: Path, made: tuple[Metadata, list[Events], int]) -> None:
    metadata, parts, block_events = made
    path = tmp_path / "x.tape"
    first = write(path, metadata, *parts, block_events=block_events)
    with TapeReader(path) as reader:
        events = reader.events()
        assert reader.metadata == metadata
        assert reader.event_count == len(events)
        assert reader.block_count == -(-len(events) // block_events)
    assert np.array_equal(events[:-1], np.concatenate(parts))
    assert (events[-1]["kind"], events[-1]["time_ns"]) == (TapeKind.END, metadata.span_ns)
    assert write(path, metadata, np.concatenate(parts), block_events=block_events) == first


def test_every_flipped_byte_is_refused_with_its_place(
    tmp_path: Path, metadata: Metadata, events: Events
) -> None:
    path = tmp_path / "x.tape"
    whole = write(path, metadata, events)
    for offset in range(len(whole)):
        damaged = bytearray(whole)
        damaged[offset] ^= 0x41
        path.write_bytes(damaged)
        with pytest.raises(TapeError, match=r"x\.tape: byte \d+: found .*; expected "):
            read(path)


def test_every_cut_and_every_addition_is_refused(
    tmp_path: Path, metadata: Metadata, events: Events
) -> None:
    path = tmp_path / "x.tape"
    whole = write(path, metadata, events)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(TapeError, match=r"x\.tape: byte \d+: found .*; expected "):
            read(path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(TapeError, match="expected a trailer of 20"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"PK\3\4" * 50, MAGIC + b"\0" * 100, b"\0" * 10_000])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.tape"
    path.write_bytes(content)
    with pytest.raises(TapeError, match=r"x\.tape: byte 0: "):
        TapeReader(path)


def header(version: int, text: bytes) -> bytes:
    head = MAGIC + struct.pack("<III", version, len(text), zlib.crc32(text))
    return head + struct.pack("<I", zlib.crc32(head)) + text


def block(count: int, payload: bytes, first_ns: int = 0) -> bytes:
    head = b"BLCK" + struct.pack("<IIIq", count, len(payload), zlib.crc32(payload), first_ns)
    return head + struct.pack("<I", zlib.crc32(head)) + payload


def trailer(blocks: int, events: int) -> bytes:
    head = b"TEND" + struct.pack("<IQ", blocks, events)
    return head + struct.pack("<I", zlib.crc32(head))


def test_another_version_is_refused(tmp_path: Path, metadata: Metadata) -> None:
    path = tmp_path / "x.tape"
    path.write_bytes(header(2, msgspec.json.encode(metadata)) + trailer(0, 0))
    with pytest.raises(TapeError, match="byte 8: found version 2; expected version 1"):
        TapeReader(path)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ('"GCZ3"', "17", "Expected `str`"),
        ('"span_ns"', '"spam_ns"', "unknown field"),
        ('"0.1"', '"0"', "tick_size is 0"),
        ('"0.1"', '"NaN"', "tick_size is NaN"),
        ('"0.1"', '"1E-999999"', "tick_size is 1E-999999"),
        ('"GCZ3"', '""', "distinct, non-empty codes"),
        ("1381239000000000000", "1" + "0" * 30, "start_ns"),
        ("1000000000,", "-1,", "span_ns is -1"),
        ("{", "[", "Expected `object`"),
        ("{", "{,", "malformed"),
    ],
)
def test_metadata_that_cannot_be_is_refused(
    tmp_path: Path, metadata: Metadata, old: str, new: str, found: str
) -> None:
    text = msgspec.json.encode(metadata, order="deterministic").decode()
    assert old in text
    path = tmp_path / "x.tape"
    path.write_bytes(header(1, text.replace(old, new, 1).encode()) + trailer(0, 0))
    with pytest.raises(TapeError, match=f"byte {HEADER_BYTES}: .*{found}"):
        TapeReader(path)


def test_a_frame_whose_sums_are_right_and_counts_wrong_is_refused(
    tmp_path: Path, metadata: Metadata, events: Events
) -> None:
    path = tmp_path / "x.tape"
    whole = write(path, metadata, events, block_events=100)
    start = HEADER_BYTES + len(msgspec.json.encode(metadata))
    head, payload = whole[:start], whole[start + BLOCK_HEADER_BYTES : -TRAILER_BYTES]
    count = len(events) + 1
    for body, expected in (
        (trailer(0, 0), "at least 1"),
        (block(count, payload) + trailer(2, count), "expected 2 of 7"),
        (block(count, payload) + trailer(1, count + 1), "expected 1 of 8"),
        (block(count, payload) * 2 + trailer(2, 2 * count), "END as the last row only"),
        (block(count - 1, payload) + trailer(1, count - 1), "expected 6 events"),
        (block(count + 1, payload) + trailer(1, count + 1), "expected 8 events"),
        (block(count, payload, 5) + trailer(1, count), "expected 5 ns"),
        (block(count, b"not xz") + trailer(1, count), "expected 7 events"),
        (block(0, payload) + trailer(1, 0), "1 to 65536, all in the file"),
        (block(BLOCK_EVENTS_MAX + 1, payload) + trailer(1, count), "1 to 65536"),
    ):
        path.write_bytes(head + body)
        with pytest.raises(TapeError, match=expected):
            read(path)


def test_a_writer_that_fails_leaves_no_file(
    tmp_path: Path, metadata: Metadata, events: Events
) -> None:
    path = tmp_path / "x.tape"
    with pytest.raises(TapeError, match="not before the row above"):
        write(path, metadata, events, events)
    assert list(tmp_path.iterdir()) == []


def test_an_update_that_does_not_end_is_refused(
    tmp_path: Path, metadata: Metadata, events: Events
) -> None:
    with pytest.raises(TapeError, match="expected its update to end"):
        write(tmp_path / "x.tape", metadata, events[:1])
    assert list(tmp_path.iterdir()) == []


def test_nothing_may_follow_the_span_and_end_is_the_writers_own(
    tmp_path: Path, metadata: Metadata, make_events: Callable[[list[object]], Events]
) -> None:
    late = make_events([(10**9 + 1, 1, 1, 0, TapeKind.TRADE, 0, 0)])
    with pytest.raises(TapeError, match="expected none after the tape's span"):
        write(tmp_path / "x.tape", metadata, late)
    end = make_events([(5, NO_PRICE, 0, 0, TapeKind.END, 0, 0)])
    with pytest.raises(TapeError, match="expected close to write it"):
        write(tmp_path / "x.tape", metadata, end)
