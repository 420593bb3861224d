"""Numbers on the lanes into risk and out of it, as the step keeps them (RISK.md 5.12)."""
from libc.stdint cimport uint8_t, uint32_t

from tidegate.native.numbers cimport number_after
from tidegate.native.records cimport (
    CANCEL_REJECT,
    CHANNEL_STATE,
    EXECUTION_REPORT,
    MARK,
    MASS_CANCEL_REQUEST,
    NEW_ORDER_SINGLE,
    record,
)
from tidegate.native.tables cimport tables


cdef enum:
    # The lanes into risk, in the order in which they are served: risk.taken.
    EXECUTIONS = 0
    CONTROL = 1
    ORDERS = 2
    # And out of it: risk.given.
    ROUTES = 0
    REPORTS = 1


cdef inline int lane_of(uint8_t kind) noexcept nogil:
    """The lane on which records of this kind come with a number."""
    if (
        kind == EXECUTION_REPORT or kind == CANCEL_REJECT or kind == MARK or kind == CHANNEL_STATE
    ):
        return EXECUTIONS
    return ORDERS if NEW_ORDER_SINGLE <= kind <= MASS_CANCEL_REQUEST else CONTROL


cdef inline void note_taken(tables* t, const record* r) noexcept nogil:
    """Number 0 is of a sender that keeps none."""
    if r.msg_seq_num != 0:
        t.risk.taken[lane_of(r.kind)] = r.msg_seq_num


cdef inline void number(
    record* rows, uint32_t first, uint32_t count, uint32_t* last
) noexcept nogil:
    """Give rows[first:count] the numbers after `last`, which becomes the last of them."""
    cdef uint32_t index
    for index in range(first, count):
        last[0] = number_after(last[0])
        rows[index].msg_seq_num = last[0]
