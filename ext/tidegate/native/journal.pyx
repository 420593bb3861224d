"""The journal: one writer (risk) appends, anyone reads; a segment is never changed when full.

A directory holds 00000001.journal, 00000002.journal ... of equal length, preallocated, so that
a full disk shows when the next segment is made and never when a record is stored. That next
segment waits as next.segment until it is needed. Stores go to the page cache: they survive a
killed process; sync() is for power loss.
"""
import fcntl
import os
from pathlib import Path

import numpy as np

from libc.errno cimport EINTR, errno
from libc.stdint cimport uint64_t
from libc.stdio cimport snprintf
from libc.string cimport memset

from tidegate.errors import JournalError
from tidegate.native.journal_reader import JournalReader
from tidegate.native.records import LAYOUT_HASH, RECORD

from tidegate.native.checksum cimport crc32c
from tidegate.native.records cimport KIND_NONE, TG_LAYOUT_VERSION, TG_RECORD_SIZE, record
from tidegate.native.segments cimport (
    TG_JOURNAL_HEADER_SIZE,
    TG_JOURNAL_MAGIC,
    journal_header,
    record_checksum,
    segment_size,
)


cdef extern from "journal.h" nogil:
    int O_RDWR, O_CREAT, O_TRUNC, O_CLOEXEC
    int PROT_READ, PROT_WRITE, MAP_SHARED
    void* MAP_FAILED
    int openat(int directory, const char* name, int flags, int mode)
    int renameat(int old_directory, const char* old, int new_directory, const char* name)
    int unlinkat(int directory, const char* name, int flags)
    int posix_fallocate(int fd, long offset, long size)
    long pwrite(int fd, const void* data, size_t size, long offset)
    void* mmap(void* address, size_t size, int protection, int flags, int fd, long offset)
    int munmap(void* address, size_t size)
    int madvise(void* address, size_t size, int advice)
    int fdatasync(int fd)
    int fsync(int fd)
    int c_close "close"(int fd)
    int TG_MADV_POPULATE_WRITE


cdef uint64_t layout_hash = LAYOUT_HASH
cdef const char* NEXT = b"next.segment"
NEXT_NAME = "next.segment"
SEGMENT_RECORDS_MAX = 1 << 24


cdef class Journal:
    def __cinit__(self, directory, *, bint append=False, uint64_t segment_records=1 << 18,
                  uint64_t first_sequence=1, bint durable=False):
        self.directory = os.fspath(directory)
        self.is_durable = durable
        if not 1 <= segment_records <= SEGMENT_RECORDS_MAX:
            raise JournalError(f"{self.directory}: segment_records is {segment_records}; "
                               f"expected 1 to {SEGMENT_RECORDS_MAX}")
        self._lock()
        reader = JournalReader(self.directory)
        if reader.segments and not append:
            raise JournalError(f"{self.directory}: holds a journal; expected to append to it")
        (Path(self.directory) / NEXT_NAME).unlink(missing_ok=True)
        self.segment_records = segment_records
        self.next_sequence = first_sequence
        if reader.segments:
            self._continue_at(reader, first_sequence if first_sequence > 1 else 0)
        else:
            raise_for(self._rotate(), self)

    def __dealloc__(self):
        self._release(&self.current)
        self._release(&self.prepared)
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

    cdef bint needs_next(self) noexcept nogil:
        return self.prepared.rows == NULL and self.row_index * 2 >= self.segment_records

    cdef int prepare_next(self) noexcept nogil:
        cdef uint64_t left = 0
        if not self.is_open:
            return JOURNAL_CLOSED
        if self.prepared.rows != NULL:
            return JOURNAL_OK
        if self.current.rows != NULL:
            left = self.segment_records - self.row_index
        return self._make_segment(self.segment_number + 1, self.next_sequence + left,
                                  &self.prepared)

    cdef int sync(self) noexcept nogil:
        if self.current.rows == NULL:
            return JOURNAL_CLOSED
        # After one failure the kernel may have dropped what it could not write: no second try.
        if not self.is_failed and fdatasync(self.current.fd) != 0:
            self.error = errno
            self.is_failed = True
        return JOURNAL_SYNC if self.is_failed else JOURNAL_OK

    cdef int _rotate(self) noexcept nogil:
        cdef char name[32]
        cdef int code = self.prepare_next()
        if code != JOURNAL_OK:
            return code
        if self.is_durable and self.current.rows != NULL:
            code = self.sync()
            if code != JOURNAL_OK:
                return code
        snprintf(name, sizeof(name), b"%08llu.journal",
                 <unsigned long long>(self.segment_number + 1))
        if renameat(self.directory_fd, NEXT, self.directory_fd, name) != 0:
            self.error = errno
            return JOURNAL_NO_SEGMENT
        if self.is_durable and fsync(self.directory_fd) != 0:
            self.error = errno
            self.is_failed = True
            return JOURNAL_SYNC
        self._release(&self.current)
        self.current = self.prepared
        self.prepared.rows = NULL
        self.segment_number += 1
        self.row_index = 0
        return JOURNAL_OK

    cdef int _make_segment(self, uint64_t number, uint64_t first, segment* made) noexcept nogil:
        cdef journal_header header
        cdef int fd = openat(self.directory_fd, NEXT, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
                             0o600)
        if fd < 0:
            self.error = errno
            return JOURNAL_NO_SEGMENT
        memset(&header, 0, sizeof(header))
        header.magic = TG_JOURNAL_MAGIC
        header.layout_version = TG_LAYOUT_VERSION
        header.header_size = TG_JOURNAL_HEADER_SIZE
        header.layout_hash = layout_hash
        header.segment_number = number
        header.segment_records = self.segment_records
        header.first_sequence = first
        header.checksum = crc32c(&header, sizeof(header) - sizeof(header.checksum))
        self.error = self._allocate(fd)
        if self.error == 0 and pwrite(fd, &header, sizeof(header), 0) != sizeof(header):
            self.error = errno
        if self.error == 0 and self.is_durable and fsync(fd) != 0:
            self.error = errno
        if self.error == 0:
            self._map(fd, made)
        if self.error != 0:
            # What was allocated goes back, or a full disk stays full.
            unlinkat(self.directory_fd, NEXT, 0)
            c_close(fd)
            return JOURNAL_NO_SEGMENT
        return JOURNAL_OK

    cdef int _allocate(self, int fd) noexcept nogil:
        cdef int code = EINTR
        while code == EINTR:
            code = posix_fallocate(fd, 0, <long>segment_size(self.segment_records))
        return code

    cdef void _map(self, int fd, segment* made) noexcept nogil:
        cdef size_t size = segment_size(self.segment_records)
        cdef void* address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
        if address == MAP_FAILED:
            self.error = errno
            return
        # Faults the pages in here, off the step. An older kernel refuses: then append faults.
        madvise(address, size, TG_MADV_POPULATE_WRITE)
        made.fd = fd
        made.rows = <record*>(<char*>address + TG_JOURNAL_HEADER_SIZE)

    cdef void _release(self, segment* done) noexcept nogil:
        if done.rows != NULL:
            munmap(<char*>done.rows - TG_JOURNAL_HEADER_SIZE, segment_size(self.segment_records))
            c_close(done.fd)
            done.rows = NULL

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

    def _continue_at(self, reader, from_sequence):
        # What is before it was read by whoever knows it: a snapshot and its tail.
        for _ in reader.batches(from_sequence):
            pass
        end = reader.end
        path = reader.path_of(end.segment)
        self.segment_records = int(reader.header(path)["segment_records"])
        self.segment_number = end.segment
        self.row_index = end.row
        self.next_sequence = end.next_sequence
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        if end.reason != "clean":
            # The record was never whole, so nothing of it left the process.
            os.ftruncate(fd, TG_JOURNAL_HEADER_SIZE + end.row * TG_RECORD_SIZE)
        self.error = self._allocate(fd)
        if self.error == 0:
            self._map(fd, &self.current)
        if self.error != 0:
            os.close(fd)
            raise_for(JOURNAL_NO_SEGMENT, self)

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
        raise_for(self.sync(), self)

    @property
    def counters(self):
        return {
            "next_sequence": self.next_sequence,
            "segment": self.segment_number,
            "row": self.row_index,
            "segment_records": self.segment_records,
            "prepared": self.prepared.rows != NULL,
            "error": self.error,
        }

    def close(self):
        self._release(&self.current)
        self._release(&self.prepared)
        if self.is_open:
            (Path(self.directory) / NEXT_NAME).unlink(missing_ok=True)
            os.close(self.directory_fd)
            self.is_open = False


def raise_for(int code, Journal journal not None):
    """Raise what a code of append, prepare_next or sync means; nothing for JOURNAL_OK."""
    where = f"{journal.directory}: sequence {journal.next_sequence}"
    if code == JOURNAL_SEQUENCE:
        raise JournalError(f"{where} is the next, the record has another")
    if code == JOURNAL_KIND:
        raise JournalError(f"{where}: the record has no kind")
    if code == JOURNAL_CLOSED:
        raise JournalError(f"{where}: the journal is closed")
    if code != JOURNAL_OK:
        failed = "make a segment" if code == JOURNAL_NO_SEGMENT else "sync"
        raise JournalError(f"{where}: cannot {failed}: {os.strerror(journal.error)}")
