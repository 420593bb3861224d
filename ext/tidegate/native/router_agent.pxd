"""The router stage's agent: routes out to channels, their reports back to risk."""
from libc.stdint cimport int64_t, uint32_t, uint64_t

from tidegate.native.link cimport Link
from tidegate.native.numbered cimport NumberedSource
from tidegate.native.poll cimport Poller
from tidegate.native.records cimport record
from tidegate.native.region cimport region_header
from tidegate.native.retained cimport RetainedTarget
from tidegate.native.routing cimport Routing
from tidegate.native.venue_channel cimport VenueChannel

cdef enum:
    BATCH_RECORDS = 256
    CHANNELS_MAX = 32


cdef class RouterAgent:
    cdef Routing routing
    cdef Link link
    cdef NumberedSource routes
    cdef RetainedTarget executions
    cdef Poller poller
    cdef object region
    cdef region_header* header
    # By index of the channel; a native one is called without the GIL.
    cdef list channels
    cdef void* natives[CHANNELS_MAX + 1]
    cdef uint32_t channel_count
    cdef object failure
    cdef uint64_t wait_count
    cdef record batch[BATCH_RECORDS]

    cdef int do_work(self) noexcept nogil
    # The executions that have no room yet: nothing is taken.
    cdef bint is_blocked(self) noexcept nogil
    # Raises what a channel written in Python has raised.
    cdef int refuse_failed(self) except -1
    cdef int _watch(self, VenueChannel channel) except -1
    cdef int _take_reports(self, uint32_t channel) noexcept nogil
    cdef int _take_requests(self) noexcept nogil
    cdef bint _submit(self, uint32_t channel, const record* request) noexcept nogil
    cdef void _flush(self, uint32_t channel) noexcept nogil
    cdef void _withdraw(self, uint32_t channel, const record* sent) noexcept nogil
    # The number of the next record to risk.
    cdef uint32_t _given(self) noexcept nogil
    cdef bint _has_room(self, uint32_t count) noexcept nogil
    cdef void _put(self, const record* out) noexcept nogil
    cdef void _put_finished(self, bint is_answer, const record* out) noexcept nogil
    cdef int _wait(self, int timeout_ms) noexcept nogil
    cdef bint _submit_python(self, uint32_t channel, const record* request) noexcept with gil
    cdef int _poll_python(self, uint32_t channel) noexcept with gil
