"""The router's tables, and its step for a request: translated for its venue and numbered, or
refused. reports.pyx has the step for a report, resolving.pyx what a logon settles.

Each step is written down in the router's row before its first effect. An answer that goes to
risk is put on its lane between step and finish(), and has the number `given` there: so a router
that comes after a kill knows whether it was put, and recover() finishes the step or forgets it.
Never here: a clock, a socket, a queue.
"""
cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

import numpy as np

from tidegate.native.crash_point cimport crash_point
from tidegate.native.invariant cimport must
from tidegate.native.order_map cimport (
    end_row,
    is_live,
    note_request,
    refusal,
    restore_request,
    route_row,
    seq_num_of,
    settle,
)
from tidegate.native.records cimport (
    CANCEL_REPLACE_REQUEST,
    CANCEL_REQUEST,
    NEW_ORDER_SINGLE,
    REASON_NONE,
    STALE_ORDER,
    TABLE_FULL,
    UNKNOWN_ORDER,
    VENUE_CODE_MISSING,
    VENUE_DOWN,
    VENUE_THROTTLE,
    Reason,
    order_record,
    record,
)
from tidegate.native.stamps cimport delta
from tidegate.native.throttle cimport TG_MESSAGE_COST, level_after
from tidegate.native.venue_codes cimport VenueCodes

from tidegate.native.records import RECORD


def _dtypes():
    cdef channel_row channel
    cdef router_row router
    return np.asarray(<channel_row[:1]>&channel).dtype, np.asarray(<router_row[:1]>&router).dtype


CHANNEL_ROW, ROUTER_ROW = _dtypes()
RATE_MAX = 1_000_000_000

cdef enum:
    MS = 1000000


cdef inline int64_t throttle_level(const channel_row* row, int64_t now_ns) noexcept nogil:
    return level_after(
        row.throttle_level, row.message_rate, row.message_burst, now_ns - row.throttle_ns
    )


cdef inline bint is_request(const record* request) noexcept nogil:
    return request.order_id != 0 and (
        request.kind == NEW_ORDER_SINGLE
        or request.kind == CANCEL_REQUEST
        or request.kind == CANCEL_REPLACE_REQUEST
    )


cdef inline bint is_of_stranger(const record* request) noexcept nogil:
    """A cancel that no client sent: of an order that perhaps only the venue has. It is sent even
    where the map has no place for it; its answer reaches risk by the order_id."""
    return request.kind == CANCEL_REQUEST and request.cl_ord_id == 0


cdef inline bint is_past(uint32_t next_given, uint32_t given) noexcept nogil:
    return <int32_t>(next_given - given) > 0


@cython.final
cdef class Routing:
    """The order map and the channels (given arrays, perhaps over regions) and the codes."""

    def __cinit__(self, routes, channels, router, VenueCodes codes not None,
                  uint32_t order_age_ms_max=0):
        cdef route_row[::1] route_view = routes
        cdef channel_row[::1] channel_view = channels
        cdef router_row[::1] router_view = router
        if len(routes) == 0 or len(channels) == 0 or len(router) != 1:
            raise ValueError("routing needs a row for orders, row 0 of its channels and its own")
        self.owners = (routes, channels, router)
        self.codes = codes
        self.order_age_ns_max = <int64_t>order_age_ms_max * MS
        self.routes = &route_view[0]
        self.channels = &channel_view[0]
        self.own = &router_view[0]
        self.route_count = <uint32_t>len(routes)
        self.channel_count = <uint32_t>len(channels)

    cdef int step(
        self, const record* request, record* out, int64_t now_ns, uint32_t given
    ) noexcept nogil:
        """The channel to submit out to, or a member of Routed. given: of the lane to risk."""
        cdef uint32_t channel = self.codes.channel_of(request.instrument)
        cdef Reason reason
        if not is_request(request):
            self.channels[channel].requests_malformed += 1
            self.note_taken(request.msg_seq_num)
            return ROUTED_DROPPED
        if self.is_repeated(request):
            self.channels[channel].requests_repeated += 1
            self.note_taken(request.msg_seq_num)
            return ROUTED_DROPPED
        self.own.request = request.msg_seq_num
        reason = self.verdict(channel, request, now_ns)
        if reason != REASON_NONE:
            self.note_refused(channel, reason)
            refusal(request, reason, out)
            self.begin(STEP_REFUSING, given)
            return ROUTED_REFUSED
        self.submit(channel, request, out, now_ns)
        return <int>channel

    cdef void begin(self, Step step, uint32_t given) noexcept nogil:
        self.own.given = given
        crash_point()
        self.own.step = step
        crash_point()

    cdef void note_taken(self, uint32_t number) noexcept nogil:
        # 0 = not from the lane that risk numbers.
        if number != 0:
            self.own.taken = number

    cdef void finish(self) noexcept nogil:
        """The step's answer stands on the lane to risk; all this may be done twice."""
        cdef route_row* row = self.find(self.own.order_id)
        crash_point()
        if self.own.step == STEP_REFUSING:
            self.note_taken(self.own.request)
        elif self.own.step == STEP_SETTLING and row != NULL:
            if seq_num_of(row, self.own.kind) == self.own.seq_num:
                settle(row, self.own.kind)
        elif self.own.step == STEP_ENDING and row != NULL:
            end_row(row)
        crash_point()
        self.own.step = STEP_NONE

    cdef void recover_step(self, uint32_t next_given) noexcept nogil:
        """Before anything else is put: next_given is the next number of the lane to risk."""
        cdef route_row* row = self.find(self.own.order_id)
        cdef uint32_t channel
        for channel in range(self.channel_count):
            if not is_past(next_given, self.channels[channel].answering_given):
                self.channels[channel].answering = 0
        if self.own.step == STEP_SUBMITTING:
            # Whether the venue has it, its logon says.
            if row != NULL and seq_num_of(row, self.own.kind) == self.own.seq_num:
                self.finish_submit()
            self.own.step = STEP_NONE
        elif self.own.step != STEP_NONE and is_past(next_given, self.own.given):
            self.finish()
        self.own.step = STEP_NONE

    cdef bint is_repeated(self, const record* request) noexcept nogil:
        """The same request again, or a new order that is older than the one in its place."""
        cdef uint32_t index = <uint32_t>request.order_id
        cdef const route_row* row
        if index >= self.route_count:
            return False
        row = &self.routes[index]
        if request.kind == NEW_ORDER_SINGLE:
            # A router that lost its tables may have sent it before: never twice.
            if request.received_ns < self.own.born_ns:
                return True
            # By time too: an order map may outlive the journal that gave the order_ids.
            return (
                request.order_id <= row.order_id and request.received_ns <= row.received_ns
            )
        if request.order_id != row.order_id:
            return False
        if request.kind == CANCEL_REQUEST:
            return row.cancel_seq_num != 0 and row.cancel_cl_ord_id == request.cl_ord_id
        return row.replace_seq_num != 0 and row.replace_cl_ord_id == request.cl_ord_id

    cdef Reason verdict(
        self, uint32_t channel, const record* request, int64_t now_ns
    ) noexcept nogil:
        cdef uint32_t index = <uint32_t>request.order_id
        cdef const channel_row* row = &self.channels[channel]
        if index >= self.route_count:
            return TABLE_FULL
        if not (self.has_place(request) or is_of_stranger(request)):
            return UNKNOWN_ORDER
        if channel == 0:
            return VENUE_CODE_MISSING
        if row.state != CHANNEL_UP:
            return VENUE_DOWN
        if self.codes.instrument_code(channel, request.instrument) == 0:
            return VENUE_CODE_MISSING
        if self.codes.account_code(channel, request.account) == 0:
            return VENUE_CODE_MISSING
        # A cancel lowers risk: it is counted against the venue's limit but always goes.
        if request.kind == CANCEL_REQUEST:
            return REASON_NONE
        if self.order_age_ns_max != 0 \
                and now_ns - self.ahead_ns - request.received_ns > self.order_age_ns_max:
            return STALE_ORDER
        return VENUE_THROTTLE if throttle_level(row, now_ns) < TG_MESSAGE_COST else REASON_NONE

    cdef bint has_place(self, const record* request) noexcept nogil:
        """Whether its order is in the map, or may be entered: not over a later or a live one."""
        cdef const route_row* row = &self.routes[<uint32_t>request.order_id]
        # A row without its order_id was left half-way in an entry.
        if request.kind == NEW_ORDER_SINGLE or row.order_id == 0:
            return True
        if row.order_id == request.order_id:
            return True
        return request.order_id > row.order_id and not is_live(row)

    cdef void note_refused(self, uint32_t channel, Reason reason) noexcept nogil:
        cdef channel_row* row = &self.channels[channel]
        if reason == VENUE_DOWN:
            row.refused_down += 1
        elif reason == VENUE_THROTTLE:
            row.refused_throttle += 1
        elif reason == VENUE_CODE_MISSING:
            row.refused_code += 1
        elif reason == STALE_ORDER:
            row.refused_stale += 1
        else:
            row.refused_order += 1

    cdef void submit(
        self, uint32_t channel, const record* request, record* out, int64_t now_ns
    ) noexcept nogil:
        """Writes the request into the order map and the channel, and as the venue reads it."""
        cdef channel_row* sender = &self.channels[channel]
        cdef route_row* row = &self.routes[<uint32_t>request.order_id]
        self.charge(channel, now_ns)
        out[0] = request[0]
        out.checksum = 0
        out.sequence = 0
        out.routed_delta = delta(request.received_ns, now_ns)
        out.msg_seq_num = sender.next_sending
        self.own.channel = channel
        self.own.seq_num = sender.next_sending
        if self.has_place(request):
            self.own.order_id = request.order_id
            self.own.kind = request.kind
            self.begin(STEP_SUBMITTING, 0)
            note_request(row, out, channel)
            out.order_id = row.venue_order_id
        else:
            out.order_id = 0
        self.finish_submit()
        out.session = 0
        out.cl_ord_id = request.order_id
        out.instrument = self.codes.instrument_code(channel, request.instrument)
        out.account = self.codes.account_code(channel, request.account)
        (<order_record*>out).orig_cl_ord_id = 0
        sender.submitted += 1

    cdef void charge(self, uint32_t channel, int64_t now_ns) noexcept nogil:
        """Counts a message against the venue's limit."""
        cdef channel_row* sender = &self.channels[channel]
        cdef int64_t empty = -sender.message_burst * TG_MESSAGE_COST
        sender.throttle_level = max(throttle_level(sender, now_ns) - TG_MESSAGE_COST, empty)
        sender.throttle_ns = max(sender.throttle_ns, now_ns)

    cdef void finish_submit(self) noexcept nogil:
        """The request stands in the map. It counts as taken before it leaves: a request that was
        killed on its way is refused after the next logon, and risk need not send it again."""
        self.channels[self.own.channel].next_sending = self.own.seq_num + 1
        crash_point()
        self.note_taken(self.own.request)
        crash_point()
        self.own.step = STEP_NONE

    cdef void withdraw(
        self, uint32_t channel, const record* sent, record* out, uint32_t given
    ) noexcept nogil:
        """Takes back the last request submitted, as the venue was to read it, and refuses it."""
        cdef channel_row* sender = &self.channels[channel]
        cdef const route_row* row = self.find(sent.cl_ord_id)
        must(sender.next_sending > 1)
        sender.next_sending -= 1
        sender.submitted -= 1
        self.note_refused(channel, VENUE_DOWN)
        if row != NULL:
            self.begin_settling(row, sent.kind, out, given)
            return
        refusal(sent, VENUE_DOWN, out)
        out.order_id = sent.cl_ord_id
        out.cl_ord_id = out.account = out.instrument = 0

    cdef void begin_settling(
        self, const route_row* row, uint8_t kind, record* out, uint32_t given
    ) noexcept nogil:
        """Refuses a pending request that its venue does not have."""
        restore_request(row, kind, out)
        refusal(out, VENUE_DOWN, out)
        self.own.order_id = row.order_id
        self.own.kind = kind
        self.own.seq_num = seq_num_of(row, kind)
        self.begin(STEP_SETTLING, given)

    cdef route_row* find(self, uint64_t order_id) noexcept nogil:
        cdef uint32_t index = <uint32_t>order_id
        if order_id == 0 or index >= self.route_count or self.routes[index].order_id != order_id:
            return NULL
        return &self.routes[index]

    def open_channel(self, uint32_t channel, int64_t message_rate, int64_t message_burst):
        """Makes a channel's row ready: down, its bucket full; numbers go on."""
        cdef channel_row* row
        self._check(channel)
        if not (0 < message_rate <= RATE_MAX and 0 < message_burst <= RATE_MAX):
            raise ValueError(
                f"channel {channel} has message_rate {message_rate} and message_burst "
                f"{message_burst}, expected 1 to {RATE_MAX}"
            )
        row = &self.channels[channel]
        row.state = CHANNEL_DOWN
        row.next_sending = max(row.next_sending, 1)
        row.next_report = max(row.next_report, 1)
        row.message_rate = message_rate
        row.message_burst = message_burst
        row.throttle_level = message_burst * TG_MESSAGE_COST
        row.throttle_ns = 0

    def set_state(self, uint32_t channel, ChannelState state):
        self.channels[channel].state = state

    def set_next_sending(self, uint32_t channel, uint32_t next_sending):
        self.channels[channel].next_sending = next_sending

    def set_incarnation(self, uint32_t channel, int64_t incarnation):
        cdef channel_row* row = &self.channels[channel]
        row.exec_id_max = 0
        row.answering = 0
        row.next_report = 1
        crash_point()
        row.incarnation = incarnation

    def number_cancel(self, uint32_t channel, int64_t now_ns):
        """The number of a cancel that no route stands for, counted against the venue's limit."""
        self._check(channel)
        self.charge(channel, now_ns)
        self.channels[channel].next_sending += 1
        self.channels[channel].unknown_canceled += 1
        return self.channels[channel].next_sending - 1

    def withdraw_cancel(self, uint32_t channel):
        """The last number_cancel was not sent."""
        self._check(channel)
        self.channels[channel].next_sending -= 1
        self.channels[channel].unknown_canceled -= 1

    def recover(self, uint32_t next_given):
        self.recover_step(next_given)

    @property
    def taken(self):
        return self.own.taken

    def route(self, record[::1] request, int64_t now_ns, uint32_t given=0, int64_t ahead_ns=0):
        """The step for one request, from Python: (channel or a member of Routed, out)."""
        out = np.zeros(1, RECORD)
        cdef record[::1] out_view = out
        self.ahead_ns = ahead_ns
        return self.step(&request[0], &out_view[0], now_ns, given), out

    def withdrawn(self, uint32_t channel, record[::1] sent, uint32_t given=0):
        out = np.zeros(1, RECORD)
        cdef record[::1] out_view = out
        self._check(channel)
        self.withdraw(channel, &sent[0], &out_view[0], given)
        return out

    def finished(self):
        self.finish()

    def _check(self, uint32_t channel):
        if not 0 < channel < self.channel_count:
            raise ValueError(f"channel {channel}, expected 1 to {self.channel_count - 1}")
