"""The gateway's step: one record of a client against its session."""
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

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


# What a session may send: orders of its accounts, one bit a handle, or what operators send.
cdef struct permission:
    const uint64_t* words
    uint32_t count
    bint is_operator


# Signs the record as this session's; False = not of those it may send, and `reason` says why.
cdef bint admit(permission allowed, uint16_t handle, record* r) noexcept nogil
cdef int intake_step(session_row* row, permission allowed, record* r) noexcept nogil
# Whether only an operator may send it.
cdef bint is_control(uint8_t kind) noexcept nogil
