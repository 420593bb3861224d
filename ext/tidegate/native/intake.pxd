"""The gateway's step: one record of a client against its session."""
from libc.stdint cimport uint64_t, uint32_t

from tidegate.native.records cimport record
from tidegate.native.sessions cimport session_row


cpdef enum Intake:
    INTAKE_NONE = 0
    INTAKE_FORWARD = 1
    # `reason` of the record says why; TAKEN = its number is used up, REFUSED = it is not.
    INTAKE_TAKEN = 2
    INTAKE_REFUSED = 3
    INTAKE_GAP = 4
    INTAKE_DUPLICATE = 5


# Which accounts a session may trade: one bit an account handle.
cdef struct account_set:
    const uint64_t* words
    uint32_t count


cdef int intake_step(session_row* row, account_set accounts, record* r) noexcept nogil
