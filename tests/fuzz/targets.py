"""What is fuzzed: every parser of bytes from outside, as a function of those bytes.

A target gives back nothing: what it refuses, it refuses by our own errors. Anything else that it
raises, a broken invariant or a sanitizer's report is a finding. Checksums are mended first where
there are some: with a wrong one nothing behind it would ever be reached.
"""

import atexit
import contextlib
import lzma
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zmq

from tidegate import risk_state
from tidegate import session_messages as messages
from tidegate.config import load
from tidegate.config.resolve import resolve
from tidegate.errors import TidegateError
from tidegate.explain.units import Speaker
from tidegate.journal import export, show, stat, verify
from tidegate.native.checksum import checksum
from tidegate.native.intake import account_words
from tidegate.native.intake import step as intake_step
from tidegate.native.journal import Journal
from tidegate.native.journal_reader import HEADER, JournalReader
from tidegate.native.lane import LaneSource
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import LAYOUT_HASH, LAYOUT_VERSION, RECORD, RECORD_SIZE, Kind
from tidegate.native.sessions import SESSION_ROW, SessionState
from tidegate.run_dir import RunDir
from tidegate.span.pa2 import read_pa2
from tidegate.tape import format as tape_format
from tidegate.tape.format import TapeReader
from tidegate.universe import Capacity

HEADER_SIZE = 4096
ROWS_MAX = 64
ACCOUNTS = 130
SMALL = Capacity(orders=64, pairs=64, cl_ord_ids=256)
ROOT = Path(__file__).parents[2]
Target = Callable[[bytes], None]
STEP_KINDS = np.array([kind for kind in Kind if kind and not 32 <= kind <= 49], np.uint8)


@cache
def place() -> Path:
    """A directory for what must be a file; `make fuzz` gives one in memory, and takes it away."""
    path = Path(tempfile.mkdtemp(prefix="tidegate-fuzz-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def written(name: str, data: bytes) -> Path:
    path = place() / name
    path.write_bytes(data)
    return path


def config(data: bytes) -> None:
    """A config file, to the universe."""
    with contextlib.suppress(TidegateError):
        resolve(load(written("fuzz.toml", data)), RunDir("/run/fuzz"), date(2026, 1, 5))


def pa2(data: bytes) -> None:
    """A margin file."""
    with contextlib.suppress(TidegateError):
        read_pa2(written("fuzz.pa2", data))


def tape(data: bytes) -> None:
    """A whole tape."""
    try:
        with TapeReader(written("fuzz.tape", mended(data))) as reader:
            for _ in reader.blocks():
                pass
    except TidegateError:
        pass


def mended(data: bytes) -> bytes:
    """A tape with the checksums of what its own lengths say."""
    out = bytearray(data)
    header, block = tape_format._HEADER, tape_format._BLOCK
    if len(out) < header.size:
        return data
    length = struct.unpack_from("<I", out, 12)[0]
    struct.pack_into("<I", out, 16, zlib.crc32(out[header.size : header.size + length]))
    struct.pack_into("<I", out, header.size - 4, zlib.crc32(out[: header.size - 4]))
    at = header.size + length
    while out[at : at + 4] == b"BLCK" and at + block.size <= len(out):
        length = struct.unpack_from("<I", out, at + 8)[0]
        payload = out[at + block.size : at + block.size + length]
        struct.pack_into("<I", out, at + 12, zlib.crc32(payload))
        struct.pack_into("<I", out, at + block.size - 4, zlib.crc32(out[at : at + block.size - 4]))
        at += block.size + length
    if out[at : at + 4] == b"TEND" and at + tape_format._TRAILER.size <= len(out):
        end = at + tape_format._TRAILER.size - 4
        struct.pack_into("<I", out, end, zlib.crc32(out[at:end]))
    return bytes(out)


def columns(data: bytes) -> None:
    """What a block decompresses to; the first two bytes say of how many events."""
    count = int.from_bytes(data[:2], "little")
    payload = lzma.compress(data[2:], check=lzma.CHECK_NONE, filters=tape_format._FILTERS)
    try:
        events = tape_format._decode(payload, count)
        tape_format.check_events(events, 1)
    except (TidegateError, ValueError):
        pass


def journal(data: bytes) -> None:
    """A segment as readers and a recovery take it.

    Its mode, its header, two marks, and rows. Bit 0 of the mode: checksums are mended; 1: sequence
    and layout too; 2: it is a durable one; 3: so is the journal that goes on from it.
    """
    directory = journal_of(data)
    try:
        reader = JournalReader(directory)
        reader.follow(1).take()
        for path in reader.segments:
            reader.check(path)
        for _ in reader.batches():
            pass
    except TidegateError:
        pass
    try:
        Journal(directory, append=True, durable=bool(data[:1] and data[0] & 8)).close()
        verify.verify(directory)
    except TidegateError:
        pass


def shown(data: bytes) -> None:
    """A segment as people see it: in words, counted, as a table."""
    directory = journal_of(b"\x03" + data[1:])
    speaker = Speaker(universe())
    try:
        for one in show.show(directory, speaker, first=0, count=ROWS_MAX, kinds=frozenset()):
            msgspec.json.encode(one._asdict())
        stat.stat(directory)
        export.to_csv(directory, speaker, place() / "fuzz.csv")
    except TidegateError:
        pass


def journal_of(data: bytes) -> Path:
    directory = place() / "journal"
    directory.mkdir(exist_ok=True)
    for path in directory.iterdir():
        path.unlink()
    if len(data) > HEADER.itemsize:
        (directory / "00000001.journal").write_bytes(segment(data[0], data[1:]))
    return directory


def segment(mode: int, data: bytes) -> bytes:
    header = np.frombuffer(data[: HEADER.itemsize], HEADER).copy()
    body = data[HEADER.itemsize :][: ROWS_MAX * RECORD_SIZE]
    marks, body = body[:128], body[128:]
    whole = len(body) // RECORD_SIZE
    rows = np.frombuffer(body[: whole * RECORD_SIZE], RECORD).copy()
    if mode & 2:
        header["magic"] = int.from_bytes(b"TGJORNAL", "little")
        header["layout_version"], header["layout_hash"] = LAYOUT_VERSION, LAYOUT_HASH
        header["header_size"], header["segment_number"] = HEADER_SIZE, 1
        header["segment_records"] %= 2 * ROWS_MAX
        header["is_durable"] = bool(mode & 4)
        rows["sequence"] = np.arange(whole) + header["first_sequence"]
        rows["layout_version"] = LAYOUT_VERSION
    if mode & 1:
        header["checksum"] = checksum(header.tobytes()[:-4])
        for row in rows:
            row["checksum"] = checksum(row.tobytes()[4:])
    head = header.tobytes().ljust(512, b"\0") + marks[:64].ljust(512, b"\0") + marks[64:]
    return head.ljust(HEADER_SIZE, b"\0") + rows.tobytes() + body[whole * RECORD_SIZE :]


@cache
def lane() -> tuple[LaneSource, zmq.Socket[bytes]]:
    context: zmq.Context[Any] = zmq.Context()
    source = LaneSource(context, "inproc://fuzz")
    sender = context.socket(zmq.PUSH)
    sender.connect("inproc://fuzz")
    return source, sender


def frame(data: bytes) -> None:
    """A frame as a lane's receiver takes it; what follows a byte 0xff is a second part."""
    source, sender = lane()
    first, _, second = data.partition(b"\xff\xff\xff\xff")
    sender.send_multipart([first, second] if second else [first])
    for _ in range(4):
        source.take_rows(256)
        source.attachment()


def intake(data: bytes) -> None:
    """A client's records against its session: the session's row first, then records."""
    size = SESSION_ROW.itemsize
    if len(data) < size + 1:
        return
    row = np.frombuffer(data[1 : size + 1], SESSION_ROW).copy()
    if data[0] & 1:
        row["state"], row["handle"] = SessionState.SESSION_ON, 1
    words = account_words((1, 64, 65, 130), ACCOUNTS)
    for record in records(data[size + 1 :]):
        intake_step(row, words, ACCOUNTS, record, is_operator=bool(data[0] & 2))


def request(data: bytes) -> None:
    """The JSON of a logon or of a question, and what a venue says of itself."""
    for kind in (messages.Logon, messages.Request):
        with contextlib.suppress(TidegateError):
            messages.decode(data, kind)


def step(data: bytes) -> None:
    """Records through risk's step, of every kind that a lane lets through."""
    stepper, arrays, first = fresh()
    for name, rows in arrays.items():
        rows[:] = first[name]
    for sequence, record in enumerate(records(data), 1):
        record["sequence"] = sequence
        record["kind"] = STEP_KINDS[int(record["kind"][0]) % len(STEP_KINDS)]
        stepper.step(record)


@cache
def fresh() -> tuple[Pretrade, dict[str, Any], dict[str, Any]]:
    """Tables of a small universe, and as they were at first."""
    content = msgspec.structs.replace(universe(), capacity=SMALL)
    tables = risk_state.in_memory(content)
    return Pretrade(tables), tables.arrays, {name: a.copy() for name, a in tables.arrays.items()}


def records(data: bytes) -> list[Any]:
    count = min(len(data) // RECORD_SIZE, ROWS_MAX)
    rows = np.frombuffer(data[: count * RECORD_SIZE], RECORD).copy()
    return [rows[index : index + 1] for index in range(count)]


@cache
def universe() -> Any:
    return resolve(load(ROOT / "configs" / "dev.toml"), RunDir("/run/fuzz"), date(2026, 1, 5))


def family(*members: Target) -> Target:
    """One target of parsers that belong together: the first byte says whose the others are."""

    def run(data: bytes) -> None:
        if data:
            members[data[0] % len(members)](data[1:])

    return run


TARGETS: dict[str, Target] = {
    "config": config,
    "pa2": pa2,
    "tape": family(tape, columns),
    "journal": family(journal, shown),
    "frame": family(frame, intake, request),
    "step": step,
}
