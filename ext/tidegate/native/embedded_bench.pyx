"""Times an engine's submit beside its floor, in C, for bench/embedded.py. Nothing that runs
imports it.

The floor is the journal's append and risk's step over tables and a journal of its own, for the same
prepared records: what submit does besides is what the engine costs.
"""
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memset

import numpy as np

from tidegate.native.records import RECORD

cimport tidegate.native.endings as endings
cimport tidegate.native.pretrade as pretrade
from tidegate.native.clock cimport monotonic_ns, now_ns
from tidegate.native.embedded cimport Embedded
from tidegate.native.journal cimport Journal
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport order_record, record
from tidegate.native.tables cimport Tables, tables


cdef enum:
    BATCH_SIZE = 32
    REPORTS = 256
    # Orders that the router and the venue may be behind.
    BEHIND_MAX = 2048

# Orders between two looks at the clock.
BATCH = BATCH_SIZE


cdef inline uint64_t mixed(uint64_t hashed, bint is_accepted) noexcept nogil:
    hashed = (hashed ^ is_accepted) * <uint64_t>0x100000001B3
    return (hashed ^ hashed >> 29) + 1


cdef int64_t run_floor(
    tables* t, Journal journal, const order_record* rows, uint64_t first_id, outputs* out,
    uint64_t* hashed
) noexcept nogil:
    """ns of a batch; -1 when a record could not be appended."""
    cdef int64_t began = monotonic_ns()
    cdef order_record o
    cdef int index
    for index in range(BATCH_SIZE):
        o = rows[index]
        o.cl_ord_id = first_id + index
        o.sequence = t.risk.sequence + 1
        if journal.append(<record*>&o) != 0:
            return -1
        pretrade.step(t, <record*>&o, out)
        out.route_count = out.report_count = 0
        hashed[0] = mixed(hashed[0], out.verdict == <uint64_t>1 << 63)
    return monotonic_ns() - began


cdef int64_t run_engine(
    Embedded engine, const order_record* rows, uint64_t first_id, uint64_t* hashed
) noexcept nogil:
    cdef int64_t began = monotonic_ns()
    cdef order_record o
    cdef int index
    for index in range(BATCH_SIZE):
        o = rows[index]
        o.cl_ord_id = first_id + index
        hashed[0] = mixed(hashed[0], engine.submit(&o) == 0)
    return monotonic_ns() - began


def measure(Embedded engine not None, Tables plain not None, Journal journal not None,
            const record[::1] orders, Py_ssize_t batches, uint64_t first_id, int session):
    """ns by batch of (floor, submit, flush, poll), and a hash of the verdicts of each of the first.

    The engine's flush_every must be more than a batch, so that none leaves within.
    """
    cdef tables* t = &plain.t
    cdef record[::1] space = np.zeros(8 * t.order_capacity + 4096, RECORD)
    cdef record[::1] reports = np.zeros(REPORTS, RECORD)
    cdef int64_t[:, ::1] taken = np.zeros((4, batches), np.int64)
    cdef uint64_t hashes[2]
    cdef const order_record* rows
    cdef Py_ssize_t batch, groups = len(orders) // BATCH_SIZE
    cdef uint64_t next_id = first_id
    cdef outputs out
    cdef int64_t began
    cdef int turn
    memset(&out, 0, sizeof(out))
    out.routes = &space[0]
    out.reports = &space[4 * t.order_capacity + 2048]
    out.capacity = t.order_capacity
    hashes[0] = hashes[1] = 0
    with nogil:
        for batch in range(batches):
            rows = <const order_record*>&orders[batch % groups * BATCH_SIZE]
            t.risk.now_ns = now_ns()
            for turn in range(2):
                if turn == batch % 2:
                    taken[0, batch] = run_floor(t, journal, rows, next_id, &out, &hashes[0])
                else:
                    taken[1, batch] = run_engine(engine, rows, next_id, &hashes[1])
            next_id += BATCH_SIZE
            while t.sessions[session].first_order:
                endings.close(t, &t.orders[t.sessions[session].first_order], c'4')
            began = monotonic_ns()
            engine.flush()
            taken[2, batch] = monotonic_ns() - began
            began = monotonic_ns()
            engine.poll(&reports[0], REPORTS)
            taken[3, batch] = monotonic_ns() - began
            while engine.agent.tables.t.risk.open_orders > BEHIND_MAX:
                engine.poll(&reports[0], REPORTS)
    return np.asarray(taken), (hashes[0], hashes[1])
