"""The journal: one writer (risk) appends, anyone reads; a segment is never changed when full.

A directory holds 00000001.journal, 00000002.journal ... of equal length. The next one is made
ahead, by a thread of the journal's own when assist() was called. Stores go to the page cache:
they survive a killed process. A durable journal survives power loss too: sync() puts on the disk
what was appended, and the marks in a segment's header say how far that is.
"""
import fcntl
import os
import threading
from pathlib import Path

import numpy as np

from libc.errno cimport errno
from libc.stdint cimport int64_t

from tidegate.errors import JournalError
from tidegate.native.journal_reader import SEGMENT_RECORDS_MAX, JournalReader
from tidegate.native.records import RECORD
from tidegate.native.segments import NEXT_NAME

from tidegate.native.clock cimport monotonic_ns
from tidegate.native.records cimport KIND_NONE, TG_LAYOUT_VERSION
from tidegate.native.segments cimport (
    clear_marks,
    clear_rows,
    make_segment,
    map_segment,
    record_checksum,
    release_segment,
    set_durable,
    touch_rows,
    write_mark,
)


cdef extern from "journal.h" nogil:
    int EFD_CLOEXEC
    int eventfd(unsigned int initial, int flags)
    int fdatasync(int fd)
    int c_close "close"(int fd)
    int tg_load(const int* place)
    void tg_store(int* place, int value)
    void tg_await(int event_fd, int timeout_ms)
    int tg_signal(int event_fd)


SLOW_MS = 250

# How often a segment that could not be made is tried again.
cdef enum:
    RETRY_MS = 50


cdef class Journal:
    def __cinit__(self, directory, *, bint append=False, uint64_t segment_records=1 << 18,
                  uint64_t first_sequence=1, bint durable=False, uint64_t reserve_records=0,
                  int64_t slow_ms=SLOW_MS):
        self.directory = os.fspath(directory)
        self.wake_fd = -1
        self.is_durable = durable
        self.slow_ns = slow_ms * 1_000_000
        if not 1 <= segment_records <= SEGMENT_RECORDS_MAX:
            raise JournalError(f"{self.directory}: segment_records is {segment_records}; "
                               f"expected 1 to {SEGMENT_RECORDS_MAX}")
        self._lock()
        reader = JournalReader(self.directory)
        if reader.segments and not append:
            raise JournalError(f"{self.directory}: holds a journal; expected to append to it")
        self.segment_records = segment_records
        self.next_sequence = self.next_first = first_sequence
        try:
            (Path(self.directory) / NEXT_NAME).unlink(missing_ok=True)
            if reader.segments:
                self._continue_at(reader, first_sequence)
            else:
                raise_for(self._rotate(), self)
        except OSError as error:
            raise JournalError(
                f"{self.directory}: cannot write here: {error.strerror}") from error
        self.synced = self.next_sequence - 1 if durable else 0
        self.reserve_records = reserve_records or self.segment_records // 4

    def __dealloc__(self):
        release_segment(&self.current, self.segment_records)
        release_segment(&self.prepared, self.segment_records)
        release_segment(&self.retired, self.segment_records)
        if self.wake_fd >= 0:
            c_close(self.wake_fd)
        if self.is_open:
            c_close(self.directory_fd)

    cdef int append(self, record* r) noexcept nogil:
        cdef int code
        if self.current.rows == NULL:
            return JOURNAL_CLOSED
        if self.is_failed:
            return JOURNAL_SYNC
        if r.sequence != self.next_sequence:
            return JOURNAL_SEQUENCE
        if r.kind == KIND_NONE:
            return JOURNAL_KIND
        if self.row_index == self.segment_records:
            code = self._rotate()
            if code != JOURNAL_OK:
                return code
        r.layout_version = TG_LAYOUT_VERSION
        r.checksum = record_checksum(r)
        self.current.rows[self.row_index] = r[0]
        self.row_index += 1
        self.next_sequence += 1
        return JOURNAL_OK

    cdef bint has_room(self) noexcept nogil:
        if self.is_slow or self.is_failed:
            return False
        if self.segment_records - self.row_index > self.reserve_records:
            return True
        if self.is_assisted:
            return tg_load(&self.is_prepared)
        return self.prepare_next() == JOURNAL_OK

    cdef int prepare_next(self) noexcept nogil:
        if not self.is_open:
            return JOURNAL_CLOSED
        if tg_load(&self.is_prepared):
            return JOURNAL_OK
        release_segment(&self.retired, self.segment_records)
        self.prepare_error = make_segment(
            self.directory_fd, self.segment_number + 1, self.next_first, self.segment_records,
            self.is_durable, &self.prepared)
        if self.prepare_error != 0:
            return JOURNAL_NO_SEGMENT
        tg_store(&self.is_prepared, 1)
        return JOURNAL_OK

    cdef int sync(self) noexcept nogil:
        cdef int64_t began, took
        if self.current.rows == NULL:
            return JOURNAL_CLOSED
        if self.synced + 1 == self.next_sequence and not self.is_failed:
            return JOURNAL_OK
        began = monotonic_ns()
        if self._fdatasync() != JOURNAL_OK:
            return JOURNAL_SYNC
        took = monotonic_ns() - began
        self.is_slow = took > self.slow_ns
        self.slow_count += self.is_slow
        self.sync_count += 1
        self.sync_ns_max = max(self.sync_ns_max, took)
        self.synced = self.next_sequence - 1
        if self.is_durable:
            # On the disk with the next sync: never sooner than what it speaks of.
            self.mark_slot ^= 1
            write_mark(&self.current, self.mark_slot, self.synced)
            self.is_mark_new = True
        return JOURNAL_OK

    cdef int _fdatasync(self) noexcept nogil:
        # After one failure the kernel may have dropped what it could not write: no second try.
        if not self.is_failed and fdatasync(self.current.fd) != 0:
            self.error = errno
            self.is_failed = True
        self.is_mark_new = False
        return JOURNAL_SYNC if self.is_failed else JOURNAL_OK

    cdef int _rotate(self) noexcept nogil:
        cdef int code
        if not tg_load(&self.is_prepared):
            code = JOURNAL_NO_SEGMENT if self.is_assisted else self.prepare_next()
            if code != JOURNAL_OK:
                return code
        if self.is_durable and self.current.rows != NULL:
            code = self.sync()
            if code != JOURNAL_OK:
                return code
        self.retired = self.current
        self.current = self.prepared
        self.prepared.rows = NULL
        self.segment_number += 1
        self.next_first += self.segment_records
        self.row_index = 0
        if self.is_durable:
            self.mark_slot = 0
            write_mark(&self.current, 0, self.next_sequence - 1)
        tg_store(&self.is_prepared, 0)
        if self.is_assisted:
            tg_signal(self.wake_fd)
        else:
            release_segment(&self.retired, self.segment_records)
        return JOURNAL_OK

    cdef void _serve(self) noexcept nogil:
        while not tg_load(&self.is_stopping):
            if self.prepare_next() == JOURNAL_OK:
                tg_await(self.wake_fd, -1)
            else:
                tg_await(self.wake_fd, RETRY_MS)

    def serve(self):
        """What the journal's thread does: the next segment made, what was used up released."""
        with nogil:
            self._serve()

    def assist(self):
        if self.is_assisted or not self.is_open:
            return
        self.wake_fd = eventfd(0, EFD_CLOEXEC)
        if self.wake_fd < 0:
            raise JournalError(f"{self.directory}: no eventfd: {os.strerror(errno)}")
        self.is_assisted = True
        self.thread = threading.Thread(target=self.serve, name="journal", daemon=True)
        self.thread.start()

    def _lock(self):
        try:
            os.makedirs(self.directory, exist_ok=True)
            self.directory_fd = os.open(self.directory,
                                        os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            self.is_open = True
            fcntl.flock(self.directory_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise JournalError(f"{self.directory}: another journal writes here") from None
        except OSError as error:
            raise JournalError(f"{self.directory}: cannot open: {error.strerror}") from error

    def _continue_at(self, reader, first_sequence):
        for _ in reader.batches(first_sequence if first_sequence > 1 else 0):
            pass
        end = reader.end
        if end.next_sequence < first_sequence:
            raise JournalError(f"{self.directory}: ends before sequence {end.next_sequence}; "
                               f"expected it to reach {first_sequence}")
        path = reader.path_of(end.segment)
        header = reader.header(path)
        synced = reader.synced or 0
        for empty in reader.unused():
            empty.unlink()
        self.recovered = end
        self.segment_records = int(header["segment_records"])
        self.segment_number = end.segment
        self.row_index = end.row
        self.next_sequence = end.next_sequence
        self.next_first = int(header["first_sequence"]) + self.segment_records
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self.prepare_error = map_segment(fd, self.segment_records, &self.current)
        if self.prepare_error != 0:
            os.close(fd)
            raise_for(JOURNAL_NO_SEGMENT, self)
        if end.reason != "clean":
            # What is not whole, or comes after it, never left the process.
            clear_rows(&self.current, self.row_index, self.segment_records)
        if self.is_durable:
            self._make_durable(reader, synced)
        elif header["is_durable"]:
            set_durable(&self.current, False)
            clear_marks(&self.current)
            raise_for(self._fdatasync(), self)

    def _make_durable(self, reader, synced):
        """All that a recovery has kept goes to the disk, even where a sync of it has failed."""
        first = self.next_first - self.segment_records
        touch_rows(&self.current, max(synced + 1, first) - first, self.row_index)
        try:
            for path in (*reader.segments, reader.directory, reader.directory.parent):
                sync_path(path)
        except OSError as error:
            self.error = error.errno
            raise_for(JOURNAL_SYNC, self)
        set_durable(&self.current, True)
        for slot in (0, 1):
            write_mark(&self.current, slot, self.next_sequence - 1)
            raise_for(self._fdatasync(), self)

    def append_rows(self, array):
        rows = np.array(array, RECORD, copy=True).reshape(-1)
        cdef record[::1] view = rows
        cdef Py_ssize_t index
        for index in range(view.shape[0]):
            raise_for(self.append(&view[index]), self)
        return rows

    def prepare(self):
        raise_for(self.prepare_next(), self)

    def commit(self):
        cdef int code
        with nogil:
            code = self.sync()
        raise_for(code, self)

    def settle(self):
        """Put the newest mark on the disk too, so that at rest it speaks of all."""
        cdef int code = JOURNAL_OK
        if self.is_mark_new:
            with nogil:
                code = self._fdatasync()
        raise_for(code, self)

    @property
    def counters(self):
        return {
            "next_sequence": self.next_sequence,
            "segment": self.segment_number,
            "row": self.row_index,
            "segment_records": self.segment_records,
            "prepared": tg_load(&self.is_prepared),
            "error": self.error or self.prepare_error,
            "cut": self.recovered.cut if self.recovered else 0,
            "synced": self.synced,
            "syncs": self.sync_count,
            "slow_syncs": self.slow_count,
            "sync_ns_max": self.sync_ns_max,
        }

    def close(self):
        if not self.is_open:
            return
        if self.thread is not None:
            tg_store(&self.is_stopping, 1)
            tg_signal(self.wake_fd)
            self.thread.join()
        if self.is_durable and not self.is_failed:
            self.sync()
            if self.is_mark_new:
                self._fdatasync()
        for done in JournalReader(self.directory).unused() if os.path.isdir(self.directory) else ():
            done.unlink()
        release_segment(&self.current, self.segment_records)
        release_segment(&self.prepared, self.segment_records)
        release_segment(&self.retired, self.segment_records)
        os.close(self.directory_fd)
        self.is_open = False


def sync_path(path):
    """fsync a file or a directory."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def raise_for(int code, Journal journal not None):
    """Raise what a code of append, prepare_next or sync means; nothing for JOURNAL_OK."""
    where = f"{journal.directory}: sequence {journal.next_sequence}"
    if code == JOURNAL_SEQUENCE:
        raise JournalError(f"{where} is the next, the record has another")
    if code == JOURNAL_KIND:
        raise JournalError(f"{where}: the record has no kind")
    if code == JOURNAL_CLOSED:
        raise JournalError(f"{where}: the journal is closed")
    if code == JOURNAL_NO_SEGMENT:
        why = os.strerror(journal.prepare_error) if journal.prepare_error else "not made yet"
        raise JournalError(f"{where}: cannot make a segment: {why}")
    if code != JOURNAL_OK:
        raise JournalError(f"{where}: cannot sync: {os.strerror(journal.error)}")
