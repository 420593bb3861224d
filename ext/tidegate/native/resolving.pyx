"""What a logon settles over the order map, one answer at a time.

A request with a number that the venue has not come to is refused. An order that works here and
not there, when all that the venue has reported is in, has ended without a report: it is reported
Canceled. One that the venue has taken and not yet answered is left alone: its answer comes.
"""
from libc.stdint cimport uint8_t, uint32_t, uint64_t

import numpy as np

from tidegate.native.order_map cimport ROUTE_WORKING, ending, is_live, pending_kind, route_row
from tidegate.native.records cimport KIND_NONE, record
from tidegate.native.routing cimport STEP_ENDING, Routing

from tidegate.native.records import RECORD


cdef bint take_lost(
    Routing routing, uint32_t channel, uint32_t next_expected, uint32_t* index, record* out,
    uint32_t given
) noexcept nogil:
    cdef const route_row* row
    cdef uint8_t kind
    while index[0] < routing.route_count:
        row = &routing.routes[index[0]]
        # Without its order_id a row is not whole: it was never entered.
        if row.channel == channel and row.order_id != 0:
            kind = pending_kind(row, next_expected)
            if kind != KIND_NONE:
                routing.begin_settling(row, kind, out, given)
                routing.channels[channel].requests_lost += 1
                return True
        index[0] += 1
    return False


cdef bint take_missing(
    Routing routing, uint32_t channel, const uint64_t* known, Py_ssize_t known_count,
    uint32_t* index, record* out, uint32_t given
) noexcept nogil:
    cdef const route_row* row
    while index[0] < routing.route_count:
        row = &routing.routes[index[0]]
        if (
            row.channel == channel
            and row.order_id != 0
            and row.state == ROUTE_WORKING
            and not has(known, known_count, row.order_id)
        ):
            ending(row, out)
            routing.own.order_id = row.order_id
            routing.begin(STEP_ENDING, given)
            routing.channels[channel].orders_forgotten += 1
            return True
        index[0] += 1
    return False


cdef bint has(const uint64_t* known, Py_ssize_t count, uint64_t order_id) noexcept nogil:
    cdef Py_ssize_t low = 0
    cdef Py_ssize_t high = count
    cdef Py_ssize_t middle
    while low < high:
        middle = (low + high) // 2
        if known[middle] < order_id:
            low = middle + 1
        else:
            high = middle
    return low < count and known[low] == order_id


def unknown(Routing routing, uint32_t channel, uint64_t[::1] order_ids, cum_qtys):
    """The places of a venue's working orders that do not live in the map; counts those that do
    with another filled quantity."""
    cdef const route_row* row
    cdef Py_ssize_t index
    found = []
    for index in range(order_ids.shape[0]):
        row = routing.find(order_ids[index])
        if row == NULL or row.channel != channel or not is_live(row):
            found.append(index)
        elif row.cum_qty != cum_qtys[index]:
            routing.channels[channel].orders_differ += 1
    return found


def lost(Routing routing, uint32_t channel, uint32_t next_expected, uint32_t given=0):
    """The first refusal of what the venue never got, to be put and finished; None = all is."""
    if next_expected == 0:
        raise ValueError("next_expected 0: not 1 or more")
    out = np.zeros(1, RECORD)
    cdef record[::1] out_view = out
    cdef uint32_t index = 0
    is_found = take_lost(routing, channel, next_expected, &index, &out_view[0], given)
    return out if is_found else None


def missing(Routing routing, uint32_t channel, known, uint32_t given=0):
    """The first report that ends what the venue has no more, to be put and finished; or None."""
    # One more, so that there is a first.
    cdef uint64_t[::1] view = np.append(np.sort(np.asarray(known, np.uint64)), np.uint64(0))
    out = np.zeros(1, RECORD)
    cdef record[::1] out_view = out
    cdef uint32_t index = 0
    is_found = take_missing(
        routing, channel, &view[0], len(view) - 1, &index, &out_view[0], given
    )
    return out if is_found else None
