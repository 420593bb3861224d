"""The gateway's step. Pure: no clock, no I/O; it changes the session's row and the record.

What a client says about itself (session, actor, sequence, stamps, reason) is overwritten here,
so that nothing behind the gateway has to doubt it.
"""
from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

import numpy as np

from tidegate.native.records import RECORD as _RECORD
from tidegate.native.sessions import SESSION_ROW as _SESSION_ROW

from tidegate.native.records cimport (
    ACCOUNT_NOT_OF_SESSION,
    ADJUSTMENT,
    CANCEL_REPLACE_REQUEST,
    CANCEL_REQUEST,
    CASH,
    CONTROL_NOT_ALLOWED,
    CURRENCY_RATE,
    DAY_ROLL,
    FRAME_KIND,
    FRAME_VERSION,
    KILL,
    LIMIT_CHANGE,
    MARGIN_ARRAY,
    MARGIN_COMMIT,
    MARGIN_CREDIT,
    MARGIN_RATES,
    MASS_CANCEL_REQUEST,
    NEW_ORDER_SINGLE,
    NOTE,
    NOT_LOGGED_ON,
    POSS_DUP,
    PROTECTION_RESET,
    REASON_NONE,
    RE_ENABLE,
    SEQUENCE_GAP,
    SEQUENCE_LOW,
    SETTLEMENT,
    SIDE_LOCK,
    TG_LAYOUT_VERSION,
    TRADING_STATE,
    TRANSFER,
    control_record,
    rate_record,
    record,
)
from tidegate.native.sessions cimport SESSION_ON, session_row


cdef int intake_step(session_row* row, permission allowed, record* r) noexcept nogil:
    r.reason = envelope_reason(row, r)
    if r.reason != REASON_NONE:
        return INTAKE_REFUSED
    if r.msg_seq_num > row.next_expected:
        r.reason = SEQUENCE_GAP
        row.gaps += 1
        return INTAKE_GAP
    if r.msg_seq_num < row.next_expected:
        if r.flags & POSS_DUP:
            row.duplicates += 1
            return INTAKE_DUPLICATE
        r.reason = SEQUENCE_LOW
        return INTAKE_REFUSED
    row.next_expected += 1
    row.asked_from = 0
    if not admit(allowed, row.handle, r):
        row.refused += 1
        return INTAKE_TAKEN
    row.forwarded += 1
    return INTAKE_FORWARD


cdef bint admit(permission allowed, uint16_t handle, record* r) noexcept nogil:
    r.reason = content_reason(allowed, r)
    if r.reason != REASON_NONE:
        return False
    sign(r, handle)
    r.sequence = 0
    r.exec_type = 0
    r.sequenced_delta = r.decided_delta = r.routed_delta = r.venue_delta = r.back_delta = 0
    return True


cdef inline int envelope_reason(const session_row* row, const record* r) noexcept nogil:
    if row.state != SESSION_ON:
        return NOT_LOGGED_ON
    # Of another layout nothing can be believed, not even the number.
    if r.layout_version != TG_LAYOUT_VERSION:
        return FRAME_VERSION
    return REASON_NONE


cdef inline int content_reason(permission allowed, const record* r) noexcept nogil:
    if is_control(r.kind) or (allowed.is_operator and is_request(r.kind)):
        return REASON_NONE if allowed.is_operator and is_control(r.kind) else CONTROL_NOT_ALLOWED
    if not is_request(r.kind):
        return FRAME_KIND
    # A mass cancel without an account is for all of the session's.
    if r.kind == MASS_CANCEL_REQUEST and r.account == 0:
        return REASON_NONE
    if not has_account(allowed, r.account):
        return ACCOUNT_NOT_OF_SESSION
    return REASON_NONE


cdef inline bint is_request(uint8_t kind) noexcept nogil:
    return (
        kind == NEW_ORDER_SINGLE
        or kind == CANCEL_REQUEST
        or kind == CANCEL_REPLACE_REQUEST
        or kind == MASS_CANCEL_REQUEST
    )


cdef bint is_control(uint8_t kind) noexcept nogil:
    return (
        kind == SETTLEMENT
        or kind == TRADING_STATE
        or kind == CASH
        or kind == LIMIT_CHANGE
        or kind == KILL
        or kind == RE_ENABLE
        or kind == PROTECTION_RESET
        or kind == TRANSFER
        or kind == CURRENCY_RATE
        or kind == MARGIN_RATES
        or kind == MARGIN_ARRAY
        or kind == MARGIN_COMMIT
        or kind == MARGIN_CREDIT
        or kind == SIDE_LOCK
        or kind == NOTE
        or kind == DAY_ROLL
        or kind == ADJUSTMENT
    )


# Who sends it: the actor of a control record, whose session is what a state or a kill is for;
# the session of any other.
cdef inline void sign(record* r, uint16_t handle) noexcept nogil:
    if not is_control(r.kind) or (
        r.kind == MARGIN_RATES or r.kind == MARGIN_ARRAY or r.kind == NOTE
    ):
        r.session = handle
    elif r.kind == CURRENCY_RATE:
        (<rate_record*>r).actor = handle
        r.session = 0
    else:
        (<control_record*>r).actor = handle
        if r.kind != TRADING_STATE and r.kind != KILL:
            r.session = 0


cdef inline bint has_account(permission allowed, uint32_t account) noexcept nogil:
    if account >= allowed.count:
        return False
    return (allowed.words[account >> 6] >> (account & 63)) & 1


def account_words(accounts, Py_ssize_t account_count):
    """Bits of these handles, of 0..account_count, as an array of u64."""
    words = np.zeros(account_count // 64 + 1, np.uint64)
    for account in accounts:
        if not 1 <= account <= account_count:
            raise ValueError(f"account handle {account} is not in 1..{account_count}")
        words[account // 64] |= np.uint64(1 << (account % 64))
    return words


def step(rows, const uint64_t[::1] words, uint32_t account_count, records, *,
         bint is_operator=False):
    """Step one record against rows[0], both changed in place; the verdict, for tests."""
    if rows.dtype != _SESSION_ROW or records.dtype.itemsize != _RECORD.itemsize:
        raise TypeError("expected a session row and a record")
    cdef session_row[::1] row = rows
    cdef record[::1] r = records.view(_RECORD)
    cdef permission allowed
    if words.shape[0] != account_count // 64 + 1:
        raise ValueError(f"expected {account_count // 64 + 1} words, not {words.shape[0]}")
    allowed.words = &words[0]
    allowed.count = account_count + 1
    allowed.is_operator = is_operator
    return Intake(intake_step(&row[0], allowed, &r[0]))
