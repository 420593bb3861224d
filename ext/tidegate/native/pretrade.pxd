"""The risk stage's step: one record in, state changed, records out. No clock, no I/O."""
cimport cython
from libc.stdint cimport uint32_t

from tidegate.native.compared cimport compared
from tidegate.native.context cimport context
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport order_record, record
from tidegate.native.tables cimport Tables, tables

# Check an order and hold for it: the reason of the first check that failed, or 0. `n` is zero.
cdef int decide(
    tables* t, const order_record* o, compared* n, context* c, outputs* out
) noexcept nogil
# Numbers what it gives, and notes the number of what it took.
cdef void step(tables* t, const record* r, outputs* out) noexcept nogil


@cython.final
cdef class Pretrade:
    cdef Tables tables
    cdef uint32_t room
    cdef object routes
    cdef object reports
    cdef outputs out
    cdef bint is_collecting
    cdef uint32_t routes_after
    cdef uint32_t reports_after
    cdef list left_routes
    cdef list left_reports
    cdef bint _gives_more(self) noexcept nogil
    cdef void _collect(self) except *
    cdef void _run(self, const record* r) except *
    cdef bint _follows(self, const record* r) noexcept nogil
    cdef void _step(self, const record* r) noexcept nogil
