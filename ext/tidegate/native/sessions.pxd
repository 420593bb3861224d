"""Rows of the gateway's regions, as sessions.h lays them out, and who is connected."""
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "sessions.h" nogil:
    enum:
        TG_REASONS

    ctypedef struct session_row:
        uint64_t peer
        int64_t heard_ns
        int64_t sent_ns
        int64_t heartbeat_ns
        uint32_t next_expected
        uint32_t next_out
        uint32_t next_sent
        uint32_t sent_end
        uint32_t asked_from
        uint16_t handle
        uint8_t state
        uint8_t is_cancel_due
        uint64_t forwarded
        uint64_t refused
        uint64_t duplicates
        uint64_t gaps
        uint64_t resends
        uint64_t stalls
        uint64_t logons
        uint64_t disconnects
        int64_t dead_man_ns

    ctypedef struct gateway_row:
        uint64_t frames
        uint64_t records
        uint64_t forwarded
        uint64_t reports
        uint64_t reports_unroutable
        uint64_t duplicates
        uint64_t gaps
        uint64_t resends
        uint64_t stalls
        uint64_t lost_peers
        uint64_t logons
        uint64_t logouts
        uint64_t disconnects
        uint64_t mass_cancels
        uint64_t requests
        uint64_t answers_lost
        uint64_t cancels_reserved
        uint64_t dead_man_timers
        uint64_t pad[6]
        uint64_t refused[TG_REASONS]


# LOST: its connection broke and nobody has logged on since; the heartbeat timeout decides.
cpdef enum SessionState:
    SESSION_NONE = 0
    SESSION_OUT = 1
    SESSION_ON = 2
    SESSION_LOST = 3


# Open addressing from routing id to session; built anew on each logon and logout.
cdef class Peers:
    cdef uint64_t* keys
    cdef uint16_t* handles
    cdef uint32_t mask

    cdef uint16_t find(self, uint64_t peer) noexcept nogil
    cdef void rebuild(self, const session_row* rows, uint32_t count) noexcept nogil
