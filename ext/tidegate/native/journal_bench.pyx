"""Times what journaling adds to risk's step, in C, for bench/journal.py. Nothing that runs
imports it.
"""
from libc.errno cimport errno
from libc.stdint cimport int64_t
from libc.string cimport memset

import os

import numpy as np

from tidegate.native.records import RECORD

cimport tidegate.native.pretrade as pretrade
from tidegate.native.clock cimport monotonic_ns
from tidegate.native.journal cimport Journal
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport record
from tidegate.native.tables cimport Tables, tables


cdef extern from "journal.h" nogil:
    int fdatasync(int fd)
    long pwrite(int fd, const void* data, size_t size, long offset)


# Records between two looks at the clock.
BATCH = 32

cdef enum:
    BATCH_SIZE = 32
    BLOCK = 4096


cdef int64_t run(
    tables* t, Journal journal, record* rows, int count, outputs* out, bint is_journaled
) noexcept nogil:
    """ns of a batch; -1 when a record could not be appended."""
    cdef int64_t began = monotonic_ns()
    cdef int index
    for index in range(count):
        if is_journaled and journal.append(&rows[index]) != 0:
            return -1
        pretrade.step(t, &rows[index], out)
        out.route_count = out.report_count = 0
    return monotonic_ns() - began


def measure(Tables plain, Tables journaled, Journal journal, rows):
    """(ns of each batch stepped, ns of each batch appended and stepped).

    Both tables get the same records, batch by batch, by turns first.
    """
    cdef record[::1] first = rows.copy()
    cdef record[::1] second = rows.copy()
    cdef Py_ssize_t batches = len(rows) // BATCH_SIZE
    cdef record[::1] space = np.zeros(8 * plain.t.order_capacity + 4096, RECORD)
    cdef int64_t[:, ::1] taken = np.zeros((2, batches), np.int64)
    cdef outputs out
    cdef Py_ssize_t batch
    cdef int turn, which
    memset(&out, 0, sizeof(out))
    out.capacity = plain.t.order_capacity
    out.routes = &space[0]
    out.reports = &space[4 * plain.t.order_capacity]
    with nogil:
        for batch in range(batches):
            for turn in range(2):
                which = (turn + batch) & 1
                taken[which, batch] = run(
                    &journaled.t if which else &plain.t, journal,
                    &second[batch * BATCH_SIZE] if which else &first[batch * BATCH_SIZE],
                    BATCH_SIZE, &out, which)
    if np.min(taken) < 0:
        raise ValueError("the journal took no more")
    return np.asarray(taken[0]), np.asarray(taken[1])


def measure_syncs(Journal journal, rows, int group, int fd):
    """(ns of one block written to fd and synced, ns of `group` appended and synced), by turns.

    The file of fd has its blocks already, as the journal's segment does.
    """
    cdef record[::1] view = rows
    cdef Py_ssize_t rounds = len(rows) // group
    cdef int64_t[:, ::1] taken = np.zeros((2, rounds), np.int64)
    cdef const unsigned char[::1] block = bytes(BLOCK)
    cdef long blocks = os.fstat(fd).st_size // BLOCK
    cdef int64_t began
    cdef Py_ssize_t turn, at
    cdef int code = 0
    with nogil:
        for turn in range(rounds):
            began = monotonic_ns()
            if (
                pwrite(fd, &block[0], BLOCK, turn % blocks * BLOCK) != BLOCK
                or fdatasync(fd) != 0
            ):
                code = errno
                break
            taken[0, turn] = monotonic_ns() - began
            began = monotonic_ns()
            for at in range(turn * group, (turn + 1) * group):
                code |= journal.append(&view[at])
            code |= journal.sync()
            if code != 0:
                break
            taken[1, turn] = monotonic_ns() - began
    if code != 0:
        raise OSError(code, "the disk took no more")
    return np.asarray(taken[0]), np.asarray(taken[1])
