"""The tape file: a header with metadata, compressed blocks of events, a trailer.

TapeWriter writes it whole or not at all; TapeReader refuses a foreign, damaged or cut file with
the offset and what was expected there. All numbers are little-endian; a crc is zlib's CRC-32.

    header    0  8  magic 89 "TGTAPE" 0A           block     0  4  "BLCK"
              8  4  version = 1                              4  4  events in it, 1 .. 65,536
             12  4  bytes of metadata                        8  4  bytes of payload
             16  4  crc of metadata                         12  4  crc of payload
             20  4  crc of bytes 0 .. 19                    16  8  time_ns of its first event
             24  -  metadata: events.Metadata, JSON         24  4  crc of bytes 0 .. 23
                                                            28  -  payload
    trailer   0  4  "TEND"
              4  4  blocks
              8  8  events, END included
             16  4  crc of bytes 0 .. 15; the file ends here

The payload is one .xz stream (no integrity check of its own). Inside, for n events, the columns
one after the other: time_ns, price, qty (8n bytes each), contract_index (2n), kind, side, flags
(n each). Each 8-byte column holds the difference to the row above (the first: to 0; modulo 2^64)
in zigzag form, (d << 1) ^ (d >> 63), as byte planes: all lowest bytes first, then the next, ...
contract_index is two such planes, without differences.
"""

import lzma
import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import numpy as np
import numpy.typing as npt

from tidegate.errors import TapeError
from tidegate.native.records import NO_PRICE
from tidegate.tape.events import (
    EVENT,
    Contract,
    Events,
    Metadata,
    TapeFlag,
    TapeKind,
    check_events,
    check_metadata,
)

Column = npt.NDArray[Any]

VERSION = 1
MAGIC = b"\x89TGTAPE\n"
BLOCK_EVENTS_MAX = 65_536
METADATA_BYTES_MAX = 1 << 20

_HEADER = struct.Struct("<8sIIII")
_BLOCK = struct.Struct("<4sIIIqI")
_TRAILER = struct.Struct("<4sIQI")
_WIDE = ("time_ns", "price", "qty")
_NARROW = ("kind", "side", "flags")
# No block is longer than the dictionary; a larger one would only cost memory.
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": 1 << 21}]
_ROW_BYTES = 8 * len(_WIDE) + 2 + len(_NARROW)


class TapeWriter:
    """Writes one tape. The file takes its name only when `close` has written the trailer."""

    def __init__(
        self, path: Path | str, metadata: Metadata, *, block_events: int = BLOCK_EVENTS_MAX
    ) -> None:
        check_metadata(metadata)
        if not 1 <= block_events <= BLOCK_EVENTS_MAX:
            raise TapeError(f"blocks of {block_events} events; expected 1 to {BLOCK_EVENTS_MAX}")
        text = msgspec.json.encode(metadata, order="deterministic")
        if len(text) > METADATA_BYTES_MAX:
            raise TapeError(f"{len(text)} bytes of metadata; expected at most {METADATA_BYTES_MAX}")
        self.path = Path(path)
        self.metadata = metadata
        self.event_count = 0
        self._block_events = block_events
        self._block_count = 0
        self._last: Events = np.empty(0, EVENT)
        self._waiting: list[Events] = []
        self._waiting_count = 0
        self._partial = self.path.with_name(self.path.name + ".part")
        self._file = self._partial.open("wb")
        head = _HEADER.pack(MAGIC, VERSION, len(text), zlib.crc32(text), 0)[:-4]
        self._file.write(head + struct.pack("<I", zlib.crc32(head)) + text)

    def append(self, events: Events) -> None:
        """Adds events; they are checked, and follow in time what was appended before."""
        if events.dtype == EVENT and np.any(events["kind"] == TapeKind.END):
            raise TapeError(f"{self.path}: END in append; expected close to write it")
        check_events(np.concatenate([self._last, events]), len(self.metadata.contracts))
        if not len(events):
            return
        if events["time_ns"][-1] > self.metadata.span_ns:
            raise TapeError(
                f"{self.path}: an event at {events['time_ns'][-1]} ns;"
                f" expected none after the tape's span of {self.metadata.span_ns} ns"
            )
        self._last = events[-1:].copy()
        self._waiting.append(events.copy())
        self._waiting_count += len(events)
        if self._waiting_count >= self._block_events:
            self._put_blocks(keep_rest=True)

    def close(self) -> None:
        """Writes END and the trailer, and gives the file its name."""
        if self._file.closed:
            return
        try:
            self._finish()
        except (OSError, TapeError):
            self.abandon()
            raise
        os.replace(self._partial, self.path)

    def abandon(self) -> None:
        """Leaves no file behind."""
        self._file.close()
        self._partial.unlink(missing_ok=True)

    def _finish(self) -> None:
        if len(self._last) and self._last["flags"][0] & TapeFlag.MORE:
            raise TapeError(f"{self.path}: the last event has MORE; expected its update to end")
        end = np.zeros(1, EVENT)
        end["time_ns"], end["kind"], end["price"] = self.metadata.span_ns, TapeKind.END, NO_PRICE
        self._waiting.append(end)
        self._put_blocks(keep_rest=False)
        head = _TRAILER.pack(b"TEND", self._block_count, self.event_count, 0)[:-4]
        self._file.write(head + struct.pack("<I", zlib.crc32(head)))
        self._file.close()

    def _put_blocks(self, *, keep_rest: bool) -> None:
        events = np.concatenate(self._waiting)
        size = self._block_events
        end = len(events) // size * size if keep_rest else len(events)
        for start in range(0, end, size):
            self._put_block(events[start : min(start + size, end)])
        self._waiting = [events[end:]]
        self._waiting_count = len(events) - end

    def _put_block(self, events: Events) -> None:
        payload = _encode(events)
        head = _BLOCK.pack(
            b"BLCK", len(events), len(payload), zlib.crc32(payload), events["time_ns"][0], 0
        )[:-4]
        self._file.write(head + struct.pack("<I", zlib.crc32(head)) + payload)
        self._block_count += 1
        self.event_count += len(events)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abandon()


class TapeReader:
    """Reads one tape, memory-mapped; the frame is checked at once, a block when it is read."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        with self.path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size < _HEADER.size + _TRAILER.size:
                raise self._error(0, f"a file of {size} bytes", "a header and a trailer")
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            self.metadata, offset = self._read_header()
            self._blocks, self.event_count = self._read_frame(offset)
        except TapeError:
            self.close()
            raise

    @property
    def contracts(self) -> tuple[Contract, ...]:
        """The tape's contracts, in the order of `contract_index`."""
        return self.metadata.contracts

    @property
    def span_ns(self) -> int:
        """Time of END."""
        return self.metadata.span_ns

    @property
    def block_count(self) -> int:
        """Number of blocks."""
        return len(self._blocks)

    def blocks(self) -> Iterator[Events]:
        """Each block's events, decompressed and checked; END is the last row of the last."""
        before = np.empty(0, EVENT)
        for index, (offset, count) in enumerate(self._blocks):
            events = self._read_block(offset, count)
            is_last = index == len(self._blocks) - 1
            ends = np.flatnonzero(events["kind"] == TapeKind.END)
            if ends.tolist() != ([count - 1] if is_last else []):
                raise self._error(
                    offset, f"END in rows {ends.tolist()}", "END as the last row only"
                )
            if is_last and events["time_ns"][-1] != self.span_ns:
                raise self._error(offset, "END elsewhere", f"END at span_ns = {self.span_ns}")
            try:
                check_events(np.concatenate([before, events]), len(self.contracts))
            except TapeError as error:
                raise TapeError(f"{self.path}: block at byte {offset}: {error}") from None
            before = events[-1:]
            yield events

    def events(self) -> Events:
        """The whole tape in one array."""
        return np.concatenate(list(self.blocks()))

    def close(self) -> None:
        """Gives the memory map back; arrays already read stay valid."""
        self._map.close()

    def _read_header(self) -> tuple[Metadata, int]:
        magic, version, length, crc, head_crc = _HEADER.unpack_from(self._map, 0)
        if magic != MAGIC:
            raise self._error(0, f"{magic!r}", f"the magic {MAGIC!r} of a tape")
        if zlib.crc32(self._map[: _HEADER.size - 4]) != head_crc:
            raise self._error(0, "a damaged header", f"crc {head_crc:#010x}")
        if version != VERSION:
            raise self._error(8, f"version {version}", f"version {VERSION}")
        end = _HEADER.size + length
        if length > METADATA_BYTES_MAX or end > len(self._map):
            raise self._error(
                12, f"{length} bytes of metadata", "as many in the file, at most 1 MiB"
            )
        text = self._map[_HEADER.size : end]
        if zlib.crc32(text) != crc:
            raise self._error(_HEADER.size, "damaged metadata", f"crc {crc:#010x}")
        try:
            metadata = msgspec.json.decode(text, type=Metadata)
            check_metadata(metadata)
        except (msgspec.MsgspecError, UnicodeDecodeError, TapeError) as error:
            raise self._error(_HEADER.size, f"metadata that says: {error}", "Metadata") from None
        return metadata, end

    def _read_frame(self, offset: int) -> tuple[list[tuple[int, int]], int]:
        """Walks the block headers to the trailer without decompressing."""
        blocks: list[tuple[int, int]] = []
        size = len(self._map)
        while self._map[offset : offset + 4] != b"TEND":
            if offset + _BLOCK.size > size:
                raise self._error(offset, f"{size - offset} bytes left", "a block or the trailer")
            tag, count, length, _, _, crc = _BLOCK.unpack_from(self._map, offset)
            if tag != b"BLCK" or zlib.crc32(self._map[offset : offset + _BLOCK.size - 4]) != crc:
                raise self._error(offset, f"{tag!r}", "an undamaged block header or trailer")
            if not 1 <= count <= BLOCK_EVENTS_MAX or offset + _BLOCK.size + length > size:
                found = f"a block of {count} events in {length} bytes"
                raise self._error(offset, found, f"1 to {BLOCK_EVENTS_MAX}, all in the file")
            blocks.append((offset, count))
            offset += _BLOCK.size + length
        if size - offset != _TRAILER.size:
            raise self._error(offset, f"{size - offset} bytes", f"a trailer of {_TRAILER.size}")
        _, block_count, event_count, crc = _TRAILER.unpack_from(self._map, offset)
        if zlib.crc32(self._map[offset : offset + _TRAILER.size - 4]) != crc:
            raise self._error(offset, "a damaged trailer", f"crc {crc:#010x}")
        found_count = sum(count for _, count in blocks)
        if (block_count, event_count) != (len(blocks), found_count) or not blocks:
            found = f"{len(blocks)} blocks of {found_count} events"
            raise self._error(offset, found, f"{block_count} of {event_count}, at least 1")
        return blocks, event_count

    def _read_block(self, offset: int, count: int) -> Events:
        _, _, length, crc, first_ns, _ = _BLOCK.unpack_from(self._map, offset)
        start = offset + _BLOCK.size
        payload = self._map[start : start + length]
        if zlib.crc32(payload) != crc:
            raise self._error(start, "a damaged payload", f"crc {crc:#010x}")
        try:
            events = _decode(payload, count)
        except (lzma.LZMAError, ValueError) as error:
            raise self._error(start, f"a payload with {error}", f"{count} events") from None
        if events["time_ns"][0] != first_ns:
            raise self._error(offset, f"first event at {events['time_ns'][0]} ns", f"{first_ns} ns")
        return events

    def _error(self, offset: int, found: str, expected: str) -> TapeError:
        return TapeError(f"{self.path}: byte {offset}: found {found}; expected {expected}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


def _encode(events: Events) -> bytes:
    columns = [_planes(_zigzag(np.diff(events[name], prepend=np.int64(0)))) for name in _WIDE]
    columns.append(_planes(np.ascontiguousarray(events["contract_index"])))
    columns.extend(events[name].tobytes() for name in _NARROW)
    return lzma.compress(b"".join(columns), check=lzma.CHECK_NONE, filters=_FILTERS)


def _decode(payload: bytes, count: int) -> Events:
    size = count * _ROW_BYTES
    decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ)
    raw = decompressor.decompress(payload, size + 1)
    if len(raw) != size or not decompressor.eof or decompressor.unused_data:
        raise ValueError(f"another size than the {size} bytes of its events")
    events = np.zeros(count, EVENT)
    at = 0
    for name in _WIDE:
        events[name] = np.cumsum(_unzigzag(_unplanes(raw[at : at + 8 * count], "<u8")))
        at += 8 * count
    events["contract_index"] = _unplanes(raw[at : at + 2 * count], "<u2")
    at += 2 * count
    for name in _NARROW:
        events[name] = np.frombuffer(raw, np.uint8, count, at)
        at += count
    return events


def _planes(column: Column) -> bytes:
    return column.view(np.uint8).reshape(len(column), -1).T.tobytes()


def _unplanes(raw: bytes, dtype: str) -> Column:
    width = np.dtype(dtype).itemsize
    planes = np.frombuffer(raw, np.uint8).reshape(width, -1)
    return np.ascontiguousarray(planes.T).view(dtype).reshape(-1)


def _zigzag(column: Column) -> Column:
    return ((column << 1) ^ (column >> 63)).astype("<i8")


def _unzigzag(column: Column) -> Column:
    return ((column >> np.uint64(1)) ^ (np.uint64(0) - (column & np.uint64(1)))).astype("<i8")
