"""What follows from a fill: protection, reduce-only, margin, executions, self-trades."""
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport execution_record
from tidegate.native.tables cimport order_row, tables


# Executions of every level and the day's trades, when the fill has been booked.
cdef void count(
    tables* t, const order_row* order, const execution_record* e, outputs* out
) noexcept nogil
# Protection, reduce-only, margin, when it has been reported; the order may be closed.
cdef void follow(
    tables* t, const order_row* order, const execution_record* e, outputs* out
) noexcept nogil
