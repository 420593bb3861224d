"""What follows from a fill: protection, reduce-only, margin, executions, self-trades."""
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport execution_record
from tidegate.native.tables cimport order_row, tables


# `order` has been booked and reported; it may be closed.
cdef void follow(
    tables* t, order_row* order, const execution_record* e, outputs* out
) noexcept nogil
