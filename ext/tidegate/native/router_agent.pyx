"""The router stage's agent: routes out to channels, their reports back to risk.

Nothing is taken that the ring of the lane "executions" may have no room for: a slow risk stage is
felt by the channels, later by the lane "routes", and nothing is dropped. A request that a channel
does not take at once is refused; none waits here. An answer to risk is put on its lane within the
step that gives it: see routing.pyx.
"""
cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t

import numpy as np

from tidegate.native.records import RECORD

from tidegate.native.clock cimport ahead_ns, monotonic_ns, now_ns
from tidegate.native.crash_point cimport TG_HAS_CRASH_POINTS
from tidegate.native.invariant cimport must
from tidegate.native.link cimport Link
from tidegate.native.mortal cimport live
from tidegate.native.poll cimport POLL_FAILED, Poller
from tidegate.native.records cimport record
from tidegate.native.region cimport begin_write, end_write, header_of
from tidegate.native.reports cimport finish_report, take_report
from tidegate.native.resolving cimport take_lost, take_missing
from tidegate.native.routing cimport CHANNEL_LOGGING_ON, Routing
from tidegate.native.venue_channel cimport VenueChannel


cdef enum:
    # An agent that owes a word on its lanes, or may not take anything, sleeps no longer.
    RESTLESS_MS = 10
    BLOCKED_MS = 1


cdef int cycle(void* agent) noexcept nogil:
    return (<RouterAgent>agent).do_work()


@cython.final
cdef class RouterAgent:
    def __cinit__(self, *, Routing routing not None, region not None,
                  Link link not None, Poller poller not None):
        self.routing = routing
        self.region = region
        self.header = header_of(region)
        self.link = link
        self.routes = link.source
        self.executions = link.target
        self.poller = poller
        self.channels = [None]

    def add_channel(self, channel):
        if self.channel_count == CHANNELS_MAX:
            raise ValueError(f"one more than {CHANNELS_MAX} channels")
        self.channels.append(channel)
        self.channel_count += 1
        if isinstance(channel, VenueChannel):
            self.natives[self.channel_count] = <void*>channel
            self._watch(channel)
        return self.channel_count

    cdef int _watch(self, VenueChannel channel) except -1:
        self.poller.watch(channel.socket, &channel.logon_source.drained)
        if channel.has_rings:
            self.poller.add_source(channel.source)
        return 0

    def run(self, int for_ms):
        cdef int64_t end_ns = monotonic_ns() + <int64_t>for_ms * 1_000_000
        cdef int work, waited = 1
        cdef bint is_idle = False
        with nogil:
            self.poller.begin()
            while monotonic_ns() < end_ns:
                work = self.do_work()
                if work != 0:
                    is_idle = False
                    waited = self.poller.wait_after(work, 0)
                    if waited < 0:
                        break
                    continue
                # What woke us is not ours: an answer to a logon, or room that is still too small.
                if is_idle:
                    break
                waited = self._wait(for_ms)
                if waited <= 0:
                    break
                is_idle = True
            self.poller.end()
        self.refuse_failed()
        if waited == POLL_FAILED:
            raise OSError("the router cannot wait for its lanes and channels")
        # Not from the last wait: a router that always has work never waits.
        return not self.poller.is_stopping()

    def work(self):
        cdef int count
        with nogil:
            count = live(cycle, <void*>self) if TG_HAS_CRASH_POINTS else self.do_work()
        self.refuse_failed()
        return count

    def put(self, rows):
        """Records of the router's own to risk; False = the lane is full, none was put."""
        if len(rows) > BATCH_RECORDS:
            raise ValueError(f"{len(rows)} records at once, expected at most {BATCH_RECORDS}")
        if not self._has_room(BATCH_RECORDS):
            return False
        self.executions.put_rows(rows)
        self.executions.flush_rows()
        return True

    def put_lost(self, uint32_t channel, uint32_t next_expected):
        """Refuses what the venue never got; False = the lane is full, call it again."""
        cdef record out
        cdef uint32_t index = 0
        cdef bint is_found
        while self._has_room(1):
            begin_write(self.header)
            is_found = take_lost(
                self.routing, channel, next_expected, &index, &out, self._given()
            )
            self._put_finished(is_found, &out)
            end_write(self.header)
            if not is_found:
                self.executions.flush()
                return True
        return False

    def put_missing(self, uint32_t channel, uint64_t[::1] known not None):
        """Ends what the venue has no more; known = sorted and ends with 0. False as above."""
        cdef record out
        cdef uint32_t index = 0
        cdef bint is_found
        while self._has_room(1):
            begin_write(self.header)
            is_found = take_missing(
                self.routing, channel, &known[0], len(known) - 1, &index, &out, self._given()
            )
            self._put_finished(is_found, &out)
            end_write(self.header)
            if not is_found:
                self.executions.flush()
                return True
        return False

    @property
    def counters(self):
        return {"waits_for_room": self.wait_count}

    cdef int do_work(self) noexcept nogil:
        cdef uint32_t channel
        cdef int work = 0
        for channel in range(1, self.channel_count + 1):
            # Reports leave room for refusals: risk may be waiting until routes are taken.
            if self._has_room(2 * BATCH_RECORDS):
                work += self._take_reports(channel)
        if self._has_room(BATCH_RECORDS):
            work += self._take_requests()
        else:
            # That risk has taken reports is said on this lane, between its routes.
            self.routes.skim()
        self.executions.flush()
        self.link.tend(monotonic_ns())
        return work

    cdef int _take_reports(self, uint32_t channel) noexcept nogil:
        cdef record out
        cdef int64_t now
        cdef Py_ssize_t index, count
        # It is logged on, and the router has not yet seen as what.
        if self.routing.channels[channel].state == CHANNEL_LOGGING_ON:
            return 0
        if self.natives[channel] == NULL:
            count = self._poll_python(channel)
        else:
            count = (<VenueChannel>self.natives[channel]).poll(self.batch, BATCH_RECORDS)
        if count == 0:
            return 0
        now = now_ns()
        begin_write(self.header)
        for index in range(count):
            if take_report(
                self.routing, channel, &self.batch[index], &out, now, self._given()
            ):
                self._put(&out)
                finish_report(self.routing, channel, &self.batch[index], &out)
        end_write(self.header)
        return <int>count

    cdef int _take_requests(self) noexcept nogil:
        cdef record out
        cdef int64_t now
        cdef int channel
        cdef uint32_t flushed
        cdef Py_ssize_t index
        cdef Py_ssize_t count = self.routes.take(self.batch, BATCH_RECORDS)
        if count == 0:
            return 0
        for index in range(count):
            now = now_ns()
            self.routing.ahead_ns = ahead_ns()
            begin_write(self.header)
            channel = self.routing.step(&self.batch[index], &out, now, self._given())
            self._put_finished(channel == 0, &out)
            end_write(self.header)
            self.routes.taken = self.routing.own.taken
            if channel > 0 and not self._submit(<uint32_t>channel, &out):
                self.batch[index] = out
                self._withdraw(<uint32_t>channel, &self.batch[index])
        for flushed in range(1, self.channel_count + 1):
            if self.natives[flushed] != NULL:
                self._flush(flushed)
        return <int>count

    cdef bint _submit(self, uint32_t channel, const record* request) noexcept nogil:
        if self.natives[channel] == NULL:
            return self._submit_python(channel, request)
        return (<VenueChannel>self.natives[channel]).submit(request)

    cdef void _flush(self, uint32_t channel) noexcept nogil:
        """What the socket does not take now is refused now, the last one first."""
        cdef const record* unsent
        cdef int index = (<VenueChannel>self.natives[channel]).flush()
        if index == 0:
            return
        unsent = (<VenueChannel>self.natives[channel]).unsent()
        while index > 0:
            index -= 1
            if unsent[index].msg_seq_num != 0:
                self._withdraw(channel, &unsent[index])
        (<VenueChannel>self.natives[channel]).release_unsent()

    cdef void _withdraw(self, uint32_t channel, const record* sent) noexcept nogil:
        cdef record out
        begin_write(self.header)
        self.routing.withdraw(channel, sent, &out, self._given())
        self._put_finished(True, &out)
        end_write(self.header)

    cdef uint32_t _given(self) noexcept nogil:
        return self.executions.head.last.next_number

    cdef bint _has_room(self, uint32_t count) noexcept nogil:
        if self.executions.room() >= count:
            return True
        self.wait_count += 1
        return False

    cdef void _put_finished(self, bint is_answer, const record* out) noexcept nogil:
        if is_answer:
            self._put(out)
            self.routing.finish()

    cdef void _put(self, const record* out) noexcept nogil:
        # There was room for a batch, and a batch gives at most one for each record.
        must(self.executions.put(out))

    cdef bint is_blocked(self) noexcept nogil:
        return self.executions.room() < 2 * BATCH_RECORDS

    cdef int _wait(self, int timeout_ms) noexcept nogil:
        if self.is_blocked():
            return self.poller.nap(BLOCKED_MS)
        if not self.link.is_quiet():
            timeout_ms = min(timeout_ms, RESTLESS_MS)
        return self.poller.wait_after(0, timeout_ms)

    cdef bint _submit_python(self, uint32_t channel, const record* request) noexcept with gil:
        cdef record[::1] view
        try:
            row = np.zeros(1, RECORD)
            view = row
            view[0] = request[0]
            return self.channels[channel].submit(row)
        except Exception as error:
            self._note_failure(error)
            return False

    cdef int _poll_python(self, uint32_t channel) noexcept with gil:
        cdef record[::1] view
        cdef Py_ssize_t index
        try:
            rows = self.channels[channel].poll()
            if len(rows) > BATCH_RECORDS:
                raise ValueError(f"channel {channel} gave {len(rows)} records at once")
            if len(rows) == 0:
                return 0
            view = rows
            for index in range(len(rows)):
                self.batch[index] = view[index]
            return <int>len(rows)
        except Exception as error:
            self._note_failure(error)
            return 0

    def _note_failure(self, error):
        self.failure = self.failure or error

    cdef int refuse_failed(self) except -1:
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        return 0
