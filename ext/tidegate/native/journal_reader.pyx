"""Reading a journal, also one that is being written: all of it, or only what is new.

A record counts when it and all before it are whole: in sequence, of this layout, with the right
checksum. A reader never writes and never locks.
"""
from collections import namedtuple
from pathlib import Path

import numpy as np

from libc.stdint cimport uint64_t

from tidegate.errors import JournalError
from tidegate.native.records import LAYOUT_HASH, RECORD

from tidegate.native.checksum cimport crc32c
from tidegate.native.records cimport KIND_NONE, TG_LAYOUT_VERSION, TG_RECORD_SIZE, record
from tidegate.native.segments cimport (
    TG_JOURNAL_HEADER_SIZE,
    TG_JOURNAL_MAGIC,
    TG_JOURNAL_MARK_OFFSET,
    TG_JOURNAL_MARK_STRIDE,
    journal_header,
    journal_mark,
    record_checksum,
    segment_size,
)

BATCH_RECORDS = 4096
SEGMENT_RECORDS_MAX = 1 << 24
SEQUENCE_MAX = 1 << 62

# Where a journal ends: "clean" after a whole record, "torn" or "truncated" inside one; `cut` of
# the rows from there on hold something.
JournalEnd = namedtuple("JournalEnd", "reason segment row next_sequence cut", defaults=(0,))

cdef journal_header _header
cdef journal_mark _mark
HEADER = np.asarray(<journal_header[:1]>&_header).dtype
MARK = np.asarray(<journal_mark[:1]>&_mark).dtype


# How many records are whole and in sequence, from the first on.
cdef Py_ssize_t whole_run(const record* rows, Py_ssize_t count, uint64_t sequence) noexcept nogil:
    cdef Py_ssize_t index
    for index in range(count):
        if (
            rows[index].kind == KIND_NONE
            or rows[index].sequence != sequence + <uint64_t>index
            or rows[index].layout_version != TG_LAYOUT_VERSION
            or rows[index].checksum != record_checksum(&rows[index])
        ):
            return index
    return count


class JournalReader:
    def __init__(self, directory):
        self.directory = Path(directory)
        if not self.directory.is_dir():
            raise JournalError(f"{self.directory}: no such directory; expected a journal")
        self.segments = self._begun()
        self.end = None

    @property
    def first_sequence(self):
        self.segments = self._begun()
        return int(self.header(self.segments[0])["first_sequence"]) if self.segments else 1

    @property
    def synced(self):
        segments = self._begun()
        return self._synced_in(max(segments)) if segments else None

    def path_of(self, segment):
        return self.directory / f"{segment:08d}.journal"

    def header(self, path):
        try:
            with open(path, "rb") as file:
                data = file.read(HEADER.itemsize)
        except FileNotFoundError:
            raise JournalError(f"{path}: taken away while it was read") from None
        if len(data) < HEADER.itemsize:
            raise JournalError(f"{path}: {len(data)} bytes are no segment header")
        header = np.frombuffer(data, HEADER)[0]
        expected = {
            "magic": TG_JOURNAL_MAGIC,
            "checksum": crc32c(<const char*>data, HEADER.itemsize - 4),
            "layout_version": TG_LAYOUT_VERSION,
            "layout_hash": LAYOUT_HASH,
            "header_size": TG_JOURNAL_HEADER_SIZE,
            "segment_number": int(path.stem),
        }
        for field, value in expected.items():
            if int(header[field]) != value:
                raise JournalError(f"{path}: {field} is {int(header[field])}; expected {value}")
        for field, least, most in (
            ("segment_records", 1, SEGMENT_RECORDS_MAX),
            ("first_sequence", 1, SEQUENCE_MAX),
            ("is_durable", 0, 1),
        ):
            if not least <= int(header[field]) <= most:
                raise JournalError(
                    f"{path}: {field} is {int(header[field])}; expected {least} to {most}")
        return header

    def batches(self, first_sequence=0):
        if first_sequence > 0:
            self._refuse_below(first_sequence)
        self.segments = self._begun()
        self.end = None
        end = JournalEnd("clean", 0, 0, 1)
        last = max(self.segments, default=None)
        for path in self.segments:
            header = self.header(path)
            number, first = int(header["segment_number"]), int(header["first_sequence"])
            capacity = int(header["segment_records"])
            if end.segment and (number, first) != (end.segment + 1, end.next_sequence):
                raise JournalError(
                    f"{path}: begins with sequence {first}, but segment {end.segment} before it "
                    f"ends {end.reason} at {end.next_sequence}"
                )
            end = JournalEnd("clean", number, capacity, first + capacity)
            if path == last:
                end = yield from _read(path, end, first_sequence, self._synced_in(path))
            elif end.next_sequence > first_sequence:
                end = yield from _read(path, end, first_sequence, None)
        self.end = end

    def check(self, path):
        header = self.header(path)
        number, capacity = int(header["segment_number"]), int(header["segment_records"])
        full = JournalEnd("clean", number, capacity, int(header["first_sequence"]) + capacity)
        is_last = path == max(self._begun())
        batches = _read(path, full, 0, self._synced_in(path) if is_last else None)
        while True:
            try:
                next(batches)
            except StopIteration as done:
                end = done.value
                break
        if not is_last and end.row < capacity:
            raise JournalError(
                f"{path}: row {end.row} (sequence {end.next_sequence}) is damaged or missing, and "
                "another segment follows"
            )
        return end

    def follow(self, first_sequence=1):
        return JournalTail(self, first_sequence)

    def unused(self):
        """The segments that were made ahead and have no record yet."""
        return self._listed()[len(self._begun()):]

    def _listed(self):
        return sorted(self.directory.glob("[0-9]*.journal"))

    def _begun(self):
        listed = self._listed()
        if len(listed) > 1 and self._is_unused(max(listed)):
            listed.pop()
        return listed

    def _is_unused(self, path):
        try:
            header = self.header(path)
            rows = _map_rows(path, int(header["segment_records"]))
        except (FileNotFoundError, JournalError):
            # A writer that closes takes it away.
            if path.exists():
                raise
            return True
        # Without power loss the first record is the first to be there.
        return not rows[:None if header["is_durable"] else 1].view(np.uint64).any()

    def _synced_in(self, path):
        """What the marks of a segment say was on the disk; None where nothing waited for it."""
        header = self.header(path)
        if not header["is_durable"]:
            return None
        with open(path, "rb") as file:
            data = file.read(TG_JOURNAL_HEADER_SIZE)
        found = [int(header["first_sequence"]) - 1]
        bad = 0
        for slot in range(2):
            offset = TG_JOURNAL_MARK_OFFSET + slot * TG_JOURNAL_MARK_STRIDE
            one = data[offset:offset + MARK.itemsize]
            mark = np.frombuffer(one, MARK)[0]
            if int(mark["checksum"]) == crc32c(<const char*>one, MARK.itemsize - 4):
                found.append(int(mark["synced"]))
            elif any(one):
                bad += 1
        if bad == 2:
            raise JournalError(f"{path}: both marks of what was on the disk are damaged")
        return max(found)

    def _refuse_below(self, first_sequence):
        begins = self.first_sequence
        if first_sequence < begins:
            raise JournalError(
                f"{self.directory}: begins with sequence {begins}; to read from {first_sequence} "
                f"on, a snapshot of sequence {begins - 1} or later is needed"
            )


class JournalTail:
    def __init__(self, reader, first_sequence):
        self.reader = reader
        self.next_sequence = first_sequence
        self.segment = 0
        self._rows = np.empty(0, RECORD)
        self._end = 0

    def take(self):
        if self.next_sequence >= self._end and not self._open():
            return self._rows[:0]
        row = self.next_sequence - (self._end - len(self._rows))
        run = _whole_rows(self._rows, row, self.next_sequence)
        if len(run) == 0 and self._rows[row + 1:row + 2].view(np.uint64).any():
            # What follows was seen first: a writer at work would have finished this one before.
            run = _whole_rows(self._rows, row, self.next_sequence)
            if len(run) == 0:
                raise JournalError(
                    f"{self.reader.path_of(self.segment)}: row {row} (sequence "
                    f"{self.next_sequence}) is damaged and records follow it"
                )
        self.next_sequence += len(run)
        return run

    def _open(self):
        """Map the segment that has, or will have, the next record; False while there is none."""
        path = self.reader.path_of(self.segment + 1)
        if self.segment == 0 or not path.exists():
            self.reader._refuse_below(self.next_sequence)
            path = self._holder()
        if path is None:
            return False
        header = self.reader.header(path)
        first, capacity = int(header["first_sequence"]), int(header["segment_records"])
        if not first <= self.next_sequence < first + capacity:
            raise JournalError(
                f"{path}: begins with sequence {first}; expected {self.next_sequence}"
            )
        self._rows = _map_rows(path, capacity)
        if len(self._rows) < capacity:
            raise JournalError(f"{path}: cut short after {len(self._rows)} of {capacity} records")
        self._end = first + capacity
        self.segment = int(header["segment_number"])
        return True

    def _holder(self):
        for path in reversed(self.reader.segments):
            header = self.reader.header(path)
            first = int(header["first_sequence"])
            if first <= self.next_sequence:
                is_in = self.next_sequence < first + int(header["segment_records"])
                return path if is_in else None
        return None


def _read(path, full, first_sequence, synced):
    """Yields a segment's batches from first_sequence on; `full` is where it would end.

    What lies above `synced` may have been lost in any order: it ends at the first hole.
    """
    first = full.next_sequence - full.row
    rows = _map_rows(path, full.row)
    row = _jump(rows, first, first_sequence)
    while row < len(rows):
        run = _whole_rows(rows, row, first + row)
        if len(run) == 0:
            # Looked at in this order, a writer that is at work cannot make a good row seem bad.
            follows = rows[row + 1:].view(np.uint64).any()
            run = _whole_rows(rows, row, first + row)
            if len(run) == 0 and follows and synced is None:
                raise JournalError(
                    f"{path}: row {row} (sequence {first + row}) is damaged and records follow it"
                )
        if len(run) == 0:
            break
        skip = max(0, first_sequence - (first + row))
        row += len(run)
        if skip < len(run):
            yield run[skip:]
    if synced is not None and first + row <= synced:
        raise JournalError(
            f"{path}: row {row} (sequence {first + row}) is damaged or missing, and all up to "
            f"{synced} was on the disk"
        )
    return _end_at(row, rows, full)


def _end_at(row, rows, full):
    end = full._replace(row=row, next_sequence=full.next_sequence - full.row + row)
    cut = int(np.count_nonzero(rows[row:].view(np.uint64).reshape(-1, 16).any(axis=1)))
    if cut:
        return end._replace(reason="torn", cut=cut)
    return end._replace(reason="truncated") if len(rows) < full.row else end


def _jump(rows, first, first_sequence):
    """The row to read from: that of first_sequence when the row before it is whole."""
    row = min(first_sequence - first, len(rows))
    return row if row > 0 and len(_whole_rows(rows, row - 1, first + row - 1)) else 0


def _map_rows(path, capacity):
    size = min(path.stat().st_size, segment_size(capacity)) - TG_JOURNAL_HEADER_SIZE
    if size < TG_RECORD_SIZE:
        return np.empty(0, RECORD)
    count = size // TG_RECORD_SIZE
    return np.memmap(path, RECORD, "r", TG_JOURNAL_HEADER_SIZE, count).view(np.ndarray)


def _whole_rows(rows, Py_ssize_t row, uint64_t sequence):
    """A copy of the whole records at `row`; a record that is whole never changes again."""
    cdef const record[::1] view = rows[row:row + BATCH_RECORDS]
    cdef Py_ssize_t count = 0
    if view.shape[0]:
        count = whole_run(&view[0], view.shape[0], sequence)
    return rows[row:row + count].copy()
