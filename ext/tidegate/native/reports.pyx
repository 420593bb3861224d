"""The router's step for a report: recognised, put in our own names, noted in the order map.

The channel's row says which report is being taken and which number it gets on the lane to risk.
A router that comes after a kill takes that report again from its venue: when it was put already
it is only noted. next_report moves last, so nothing is asked for again that risk has.
"""
from libc.stdint cimport int64_t, uint32_t

import numpy as np

from tidegate.native.crash_point cimport crash_point
from tidegate.native.order_map cimport (
    answered_cl_ord_id,
    answered_kind,
    is_of_earlier,
    note_execution,
    route_row,
    settle,
)
from tidegate.native.records cimport (
    CANCEL_REJECT,
    EXECUTION_REPORT,
    MARK,
    denial_record,
    execution_record,
    record,
)
from tidegate.native.routing cimport Routing, channel_row
from tidegate.native.stamps cimport delta

from tidegate.native.records import RECORD


cdef bint take_report(
    Routing routing, uint32_t channel, const record* report, record* out, int64_t now_ns,
    uint32_t given
) noexcept nogil:
    cdef channel_row* row = &routing.channels[channel]
    out[0] = report[0]
    out.checksum = 0
    out.sequence = 0
    if report.kind == MARK:
        stamp(out, now_ns)
        return take_mark(routing, channel, out)
    if not is_wanted(routing, row, report):
        note_number(row, report)
        return False
    name_answer(routing, channel, out)
    stamp(out, now_ns)
    if report.msg_seq_num != 0 and report.msg_seq_num == row.answering:
        finish_report(routing, channel, report, out)
        return False
    row.answering_given = given
    crash_point()
    row.answering = report.msg_seq_num
    crash_point()
    return True


cdef inline void stamp(record* out, int64_t now_ns) noexcept nogil:
    """What answers no request was received now."""
    if out.received_ns == 0:
        out.received_ns = now_ns
    out.venue_delta = delta(out.received_ns, now_ns)


cdef void finish_report(
    Routing routing, uint32_t channel, const record* report, const record* out
) noexcept nogil:
    """The report stands on the lane to risk; all this may be done twice."""
    cdef channel_row* row = &routing.channels[channel]
    cdef route_row* order = routing.find(report.cl_ord_id)
    if report.kind == MARK:
        return
    crash_point()
    if order != NULL:
        if report.order_id != 0:
            order.venue_order_id = report.order_id
        if report.kind == EXECUTION_REPORT:
            note_execution(order, <const execution_record*>out)
        else:
            settle(order, (<const denial_record*>out).ref_kind)
    crash_point()
    if report.kind == EXECUTION_REPORT:
        row.exec_id_max = (<const execution_record*>report).exec_id
    row.reports += 1
    crash_point()
    note_number(row, report)
    crash_point()
    row.answering = 0


cdef void note_number(channel_row* row, const record* report) noexcept nogil:
    # 0 = of a venue that does not number them.
    if report.msg_seq_num != 0:
        row.next_report = report.msg_seq_num + 1


cdef bint is_wanted(Routing routing, channel_row* row, const record* report) noexcept nogil:
    """Neither malformed nor a report that risk has."""
    cdef const route_row* order
    if report.kind == EXECUTION_REPORT:
        if (<const execution_record*>report).exec_id == 0:
            row.reports_malformed += 1
            return False
        if (<const execution_record*>report).exec_id <= row.exec_id_max:
            row.duplicates += 1
            return False
        return True
    if report.kind == CANCEL_REJECT:
        order = routing.find(report.cl_ord_id)
        if order != NULL and is_of_earlier(order, <const denial_record*>report):
            row.duplicates += 1
            return False
        return True
    row.reports_malformed += 1
    return False


cdef bint take_mark(Routing routing, uint32_t channel, record* out) noexcept nogil:
    cdef channel_row* row = &routing.channels[channel]
    out.instrument = routing.codes.instrument_of(channel, out.instrument)
    if out.instrument == 0:
        row.unknown_codes += 1
        return False
    row.marks += 1
    return True


cdef void name_answer(Routing routing, uint32_t channel, record* out) noexcept nogil:
    """Puts our own names back."""
    cdef const route_row* row = routing.find(out.cl_ord_id)
    out.order_id = out.cl_ord_id
    if row == NULL:
        # An answer is never withheld: risk has the order, or counts it as an orphan.
        routing.channels[channel].unknown_orders += 1
        out.cl_ord_id = 0
        out.account = 0
        out.session = 0
        out.instrument = routing.codes.instrument_of(channel, out.instrument)
        return
    out.cl_ord_id = answered_cl_ord_id(row, out)
    out.account = row.account
    out.instrument = row.instrument
    out.session = row.session
    if out.received_ns == 0 and row.stamped != 0 and answered_kind(row, out) == row.stamped:
        out.received_ns = row.received_ns
        out.sequenced_delta = row.sequenced_delta
        out.decided_delta = row.decided_delta
        out.routed_delta = row.routed_delta


def report(
    Routing routing, uint32_t channel, record[::1] rows, int64_t now_ns, uint32_t given=0
):
    """The step for one report, from Python: (whether it is to go to risk, out)."""
    out = np.zeros(1, RECORD)
    cdef record[::1] out_view = out
    return take_report(routing, channel, &rows[0], &out_view[0], now_ns, given), out


def finished(Routing routing, uint32_t channel, record[::1] rows, record[::1] out):
    finish_report(routing, channel, &rows[0], &out[0])
