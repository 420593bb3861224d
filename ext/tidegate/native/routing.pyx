"""The router's steps over its tables. It alone writes them; consoles read the regions.

A request is translated for its venue and numbered, or refused; a report is recognised,
translated back and noted in the order map. Never here: a clock, a socket, a queue.
"""
cimport cython
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

import numpy as np

from tidegate.native.invariant cimport must
from tidegate.native.order_map cimport (
    ROUTE_WORKING,
    answered_cl_ord_id,
    forget,
    is_of_earlier,
    note_execution,
    note_request,
    pending_kind,
    refusal,
    restore_request,
    route_row,
    settle,
)
from tidegate.native.records cimport (
    CANCEL_REJECT,
    CANCEL_REPLACE_REQUEST,
    CANCEL_REQUEST,
    EXECUTION_REPORT,
    KIND_NONE,
    MARK,
    NEW_ORDER_SINGLE,
    REASON_NONE,
    TABLE_FULL,
    UNKNOWN_ORDER,
    VENUE_CODE_MISSING,
    VENUE_DOWN,
    VENUE_THROTTLE,
    Reason,
    denial_record,
    execution_record,
    order_record,
    record,
)
from tidegate.native.stamps cimport delta
from tidegate.native.throttle cimport TG_MESSAGE_COST, level_after
from tidegate.native.venue_codes cimport VenueCodes

from tidegate.native.records import RECORD


def _dtype():
    cdef channel_row sample
    return np.asarray(<channel_row[:1]>&sample).dtype


CHANNEL_ROW = _dtype()
RATE_MAX = 1_000_000_000


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


@cython.final
cdef class Routing:
    """The order map and the channels (given arrays, perhaps over regions) and the codes."""

    def __cinit__(self, routes, channels, VenueCodes codes not None):
        cdef route_row[::1] route_view = routes
        cdef channel_row[::1] channel_view = channels
        if len(routes) == 0 or len(channels) == 0:
            raise ValueError("routing needs a row for orders and row 0 of its channels")
        self.owners = (routes, channels)
        self.codes = codes
        self.routes = &route_view[0]
        self.channels = &channel_view[0]
        self.route_count = <uint32_t>len(routes)
        self.channel_count = <uint32_t>len(channels)

    cdef int step(self, const record* request, record* out, int64_t now_ns) noexcept nogil:
        """The channel to submit out to, or a member of Routed."""
        cdef uint32_t channel = self.codes.channel_of(request.instrument)
        cdef Reason reason
        if not is_request(request):
            self.channels[channel].requests_malformed += 1
            return ROUTED_DROPPED
        if self.is_repeated(request):
            self.channels[channel].requests_repeated += 1
            return ROUTED_DROPPED
        reason = self.verdict(channel, request, now_ns)
        if reason != REASON_NONE:
            self.note_refused(channel, reason)
            refusal(request, reason, out)
            return ROUTED_REFUSED
        self.submit(channel, request, out, now_ns)
        return <int>channel

    cdef bint is_repeated(self, const record* request) noexcept nogil:
        """The same request again, or a new order that is older than the one in its place."""
        cdef uint32_t index = <uint32_t>request.order_id
        cdef const route_row* row
        if index >= self.route_count:
            return False
        row = &self.routes[index]
        if request.kind == NEW_ORDER_SINGLE:
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
        if request.kind != NEW_ORDER_SINGLE and request.order_id < self.routes[index].order_id:
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
        if request.kind != CANCEL_REQUEST and throttle_level(row, now_ns) < TG_MESSAGE_COST:
            return VENUE_THROTTLE
        return REASON_NONE

    cdef void note_refused(self, uint32_t channel, Reason reason) noexcept nogil:
        cdef channel_row* row = &self.channels[channel]
        if reason == VENUE_DOWN:
            row.refused_down += 1
        elif reason == VENUE_THROTTLE:
            row.refused_throttle += 1
        elif reason == VENUE_CODE_MISSING:
            row.refused_code += 1
        else:
            row.refused_order += 1

    cdef void submit(
        self, uint32_t channel, const record* request, record* out, int64_t now_ns
    ) noexcept nogil:
        """Writes the request into the order map and the channel, and as the venue reads it."""
        cdef channel_row* sender = &self.channels[channel]
        cdef route_row* row = &self.routes[<uint32_t>request.order_id]
        cdef int64_t empty = -sender.message_burst * TG_MESSAGE_COST
        sender.throttle_level = max(throttle_level(sender, now_ns) - TG_MESSAGE_COST, empty)
        sender.throttle_ns = max(sender.throttle_ns, now_ns)
        out[0] = request[0]
        out.checksum = 0
        out.sequence = 0
        out.routed_delta = delta(request.received_ns, now_ns)
        out.msg_seq_num = sender.next_sending
        note_request(row, out, channel)
        out.session = 0
        out.cl_ord_id = request.order_id
        out.order_id = row.venue_order_id
        out.instrument = self.codes.instrument_code(channel, request.instrument)
        out.account = self.codes.account_code(channel, request.account)
        (<order_record*>out).orig_cl_ord_id = 0
        sender.next_sending += 1
        sender.submitted += 1

    cdef void withdraw(self, uint32_t channel, const record* sent, record* out) noexcept nogil:
        """Takes back the last request submitted, as the venue was to read it, and refuses it."""
        cdef channel_row* sender = &self.channels[channel]
        cdef route_row* row = &self.routes[<uint32_t>sent.cl_ord_id]
        cdef uint8_t kind = sent.kind
        must(row.order_id == sent.cl_ord_id and sender.next_sending > 1)
        sender.next_sending -= 1
        sender.submitted -= 1
        self.note_refused(channel, VENUE_DOWN)
        restore_request(row, kind, out)
        refusal(out, VENUE_DOWN, out)
        settle(row, kind)

    cdef Py_ssize_t take_lost(
        self, uint32_t channel, uint32_t next_expected, record* out, Py_ssize_t count_max
    ) noexcept nogil:
        """Refusals of up to count_max requests that the venue says it never got."""
        cdef Py_ssize_t count = 0
        cdef uint32_t index
        cdef uint8_t kind
        for index in range(self.route_count):
            if self.routes[index].channel != channel:
                continue
            kind = pending_kind(&self.routes[index], next_expected)
            while kind != KIND_NONE:
                if count == count_max:
                    return count
                restore_request(&self.routes[index], kind, &out[count])
                refusal(&out[count], VENUE_DOWN, &out[count])
                settle(&self.routes[index], kind)
                self.channels[channel].requests_lost += 1
                count += 1
                kind = pending_kind(&self.routes[index], next_expected)
        return count

    cdef Py_ssize_t take_forgotten(
        self, uint32_t channel, record* out, Py_ssize_t count_max
    ) noexcept nogil:
        """Ends up to count_max orders that the venue does not know since it was started anew."""
        cdef Py_ssize_t count = 0
        cdef uint32_t index
        for index in range(self.route_count):
            if self.routes[index].channel != channel or self.routes[index].state != ROUTE_WORKING:
                continue
            if count == count_max:
                return count
            forget(&self.routes[index], &out[count])
            self.channels[channel].orders_forgotten += 1
            count += 1
        return count

    cdef bint take_report(
        self, uint32_t channel, const record* report, record* out, int64_t now_ns
    ) noexcept nogil:
        """True if out, the report in our own handles, is to go to risk."""
        cdef channel_row* row = &self.channels[channel]
        cdef const route_row* order
        out[0] = report[0]
        out.checksum = 0
        out.sequence = 0
        if report.kind == MARK:
            if out.received_ns == 0:
                out.received_ns = now_ns
            out.venue_delta = delta(out.received_ns, now_ns)
            return self.take_mark(channel, out)
        if report.kind == EXECUTION_REPORT:
            if (<execution_record*>out).exec_id == 0:
                row.reports_malformed += 1
                return False
            if (<execution_record*>out).exec_id <= row.exec_id_max:
                row.duplicates += 1
                return False
            row.exec_id_max = (<execution_record*>out).exec_id
        elif report.kind == CANCEL_REJECT:
            order = self.find(report.cl_ord_id)
            if order != NULL and is_of_earlier(order, <const denial_record*>report):
                row.duplicates += 1
                return False
        else:
            row.reports_malformed += 1
            return False
        self.take_answer(channel, out)
        out.venue_delta = delta(out.received_ns, now_ns) if out.received_ns else 0
        row.reports += 1
        return True

    cdef bint take_mark(self, uint32_t channel, record* out) noexcept nogil:
        cdef channel_row* row = &self.channels[channel]
        out.instrument = self.codes.instrument_of(channel, out.instrument)
        if out.instrument == 0:
            row.unknown_codes += 1
            return False
        row.marks += 1
        return True

    cdef void take_answer(self, uint32_t channel, record* out) noexcept nogil:
        """Puts our own names back, and notes in the order map what the answer says."""
        cdef route_row* row = self.find(out.cl_ord_id)
        cdef uint64_t venue_order_id = out.order_id
        out.order_id = out.cl_ord_id
        if row == NULL:
            # An answer is never withheld: risk has the order, or counts it as an orphan.
            self.channels[channel].unknown_orders += 1
            out.cl_ord_id = 0
            out.account = 0
            out.session = 0
            out.instrument = self.codes.instrument_of(channel, out.instrument)
            return
        if venue_order_id != 0:
            row.venue_order_id = venue_order_id
        out.cl_ord_id = answered_cl_ord_id(row, out)
        out.account = row.account
        out.instrument = row.instrument
        out.session = row.session
        if out.received_ns == 0:
            out.received_ns = row.received_ns
            out.sequenced_delta = row.sequenced_delta
            out.decided_delta = row.decided_delta
            out.routed_delta = row.routed_delta
        if out.kind == EXECUTION_REPORT:
            note_execution(row, <const execution_record*>out)
        else:
            settle(row, (<const denial_record*>out).ref_kind)

    cdef route_row* find(self, uint64_t order_id) noexcept nogil:
        cdef uint32_t index = <uint32_t>order_id
        if order_id == 0 or index >= self.route_count or self.routes[index].order_id != order_id:
            return NULL
        return &self.routes[index]

    def open_channel(self, uint32_t channel, int64_t message_rate, int64_t message_burst):
        """Makes a channel's row ready: down, its bucket full, nothing seen; numbers go on."""
        cdef channel_row* row
        if not 0 < channel < self.channel_count:
            raise ValueError(f"channel {channel}, expected 1 to {self.channel_count - 1}")
        if not (0 < message_rate <= RATE_MAX and 0 < message_burst <= RATE_MAX):
            raise ValueError(
                f"channel {channel} has message_rate {message_rate} and message_burst "
                f"{message_burst}, expected 1 to {RATE_MAX}"
            )
        row = &self.channels[channel]
        row.state = CHANNEL_DOWN
        row.next_sending = max(row.next_sending, 1)
        row.exec_id_max = 0
        row.message_rate = message_rate
        row.message_burst = message_burst
        row.throttle_level = message_burst * TG_MESSAGE_COST
        row.throttle_ns = 0

    def set_state(self, uint32_t channel, ChannelState state):
        self.channels[channel].state = state

    def set_next_sending(self, uint32_t channel, uint32_t next_sending):
        self.channels[channel].next_sending = next_sending

    def route(self, record[::1] request, int64_t now_ns):
        """The step for one request, from Python: (channel or a member of Routed, out)."""
        out = np.zeros(1, RECORD)
        cdef record[::1] out_view = out
        return self.step(&request[0], &out_view[0], now_ns), out

    def withdrawn(self, uint32_t channel, record[::1] sent):
        out = np.zeros(1, RECORD)
        cdef record[::1] out_view = out
        if self.find(sent[0].cl_ord_id) == NULL:
            raise ValueError(f"order {sent[0].cl_ord_id:#x} is not in the order map")
        self.withdraw(channel, &sent[0], &out_view[0])
        return out

    def set_incarnation(self, uint32_t channel, int64_t incarnation):
        self.channels[channel].incarnation = incarnation
        self.channels[channel].exec_id_max = 0

    def report(self, uint32_t channel, record[::1] report, int64_t now_ns):
        """The step for one report, from Python: (whether it is to go to risk, out)."""
        out = np.zeros(1, RECORD)
        cdef record[::1] out_view = out
        return self.take_report(channel, &report[0], &out_view[0], now_ns), out

    def lost(self, uint32_t channel, uint32_t next_expected, Py_ssize_t count_max):
        """Refusals of what the venue never got; call until it gives none."""
        if next_expected == 0 or count_max < 1:
            raise ValueError(f"next_expected {next_expected}, count_max {count_max}: not 1 or more")
        out = np.zeros(count_max, RECORD)
        cdef record[::1] out_view = out
        return out[: self.take_lost(channel, next_expected, &out_view[0], count_max)]

    def forgotten(self, uint32_t channel, Py_ssize_t count_max):
        """Reports that end what a venue started anew has forgotten; call until it gives none."""
        if count_max < 1:
            raise ValueError(f"count_max {count_max}: not 1 or more")
        out = np.zeros(count_max, RECORD)
        cdef record[::1] out_view = out
        return out[: self.take_forgotten(channel, &out_view[0], count_max)]
