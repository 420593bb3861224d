"""The gateway's agent: clients on one side, risk's lanes on the other."""
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from tidegate.native.door cimport Door
from tidegate.native.front cimport Front
from tidegate.native.intake cimport permission
from tidegate.native.intents cimport Intents
from tidegate.native.legs cimport Legs
from tidegate.native.link cimport Link
from tidegate.native.numbered cimport NumberedSource
from tidegate.native.outbox cimport Outbox
from tidegate.native.poll cimport Poller
from tidegate.native.records cimport record
from tidegate.native.retained cimport RetainedTarget
from tidegate.native.reserve cimport ReservedTarget
from tidegate.native.session_control cimport SessionControl
from tidegate.native.sessions cimport session_row
from tidegate.native.zmqlib cimport zmq_frame


cdef enum:
    FRAMES_A_CYCLE = 64
    REPORTS_A_CYCLE = 256


cdef class GatewayAgent:
    cdef Front front
    cdef Door door
    # Whose ring the record in hand came from; 0 = it came from the socket.
    cdef uint16_t door_session
    cdef Outbox outbox
    cdef SessionControl control
    cdef Link link
    cdef ReservedTarget orders
    cdef RetainedTarget controls
    cdef NumberedSource reports
    cdef Intents intents
    cdef Legs legs
    cdef Poller poller
    cdef object desk
    cdef void* desk_handle
    cdef bint* desk_drained
    cdef zmq_frame command[3]
    cdef object arrays
    cdef const uint64_t* account_words
    cdef uint32_t words_a_session
    cdef const uint8_t* operators
    cdef uint32_t account_count
    cdef int64_t now
    cdef int64_t next_tick_ns
    cdef record batch[REPORTS_A_CYCLE]

    cdef int do_work(self) noexcept nogil
    # After the last cycle: what is in the lanes and the outbox is flushed.
    cdef void finish(self) noexcept nogil
    cdef int take_message(self) noexcept nogil
    cdef int take_ring(self) noexcept nogil
    cdef void take_records(self, session_row* row, const unsigned char* data,
                           size_t count) noexcept nogil
    # 0 = the rest of the frame cannot be taken either.
    cdef int take_record(self, session_row* row, record* r) noexcept nogil
    cdef int take_numbered(self, session_row* row, record* r) noexcept nogil
    cdef void submit(self, session_row* row, record* r) noexcept nogil
    cdef void take_attached(self) noexcept nogil
    cdef int take_reports(self) noexcept nogil
    cdef void take_report(self, const record* r) noexcept nogil
    cdef int take_command(self) noexcept nogil
    cdef void refuse_message(self, const record* r, int reason) noexcept nogil
    cdef void refuse_taken(self, const record* r, int kind, int reason) noexcept nogil
    cdef void count_refusal(self, int reason) noexcept nogil
    cdef permission permission_of(self, const session_row* row) noexcept nogil
