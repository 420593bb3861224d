"""The record's views and codes, as records.h lays them out. See RECORDS.md."""
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "records.h" nogil:
    enum:
        TG_LAYOUT_VERSION
        TG_RECORD_SIZE
    const int64_t TG_NO_PRICE

    ctypedef struct record:
        uint32_t checksum
        uint8_t kind
        uint8_t layout_version
        uint8_t flags
        uint8_t exec_type
        uint64_t sequence
        uint64_t cl_ord_id
        uint64_t order_id
        int64_t price
        int64_t order_qty
        uint32_t account
        uint32_t instrument
        uint16_t session
        uint16_t reason
        uint8_t side
        uint8_t ord_type
        uint8_t time_in_force
        uint8_t position_effect
        int64_t received_ns
        uint32_t sequenced_delta
        uint32_t decided_delta
        uint32_t routed_delta
        uint32_t venue_delta
        uint32_t back_delta
        uint32_t msg_seq_num
        uint64_t body[4]

    ctypedef struct order_record:
        uint32_t checksum
        uint8_t kind
        uint8_t layout_version
        uint8_t flags
        uint8_t exec_type
        uint64_t sequence
        uint64_t cl_ord_id
        uint64_t order_id
        int64_t price
        int64_t order_qty
        uint32_t account
        uint32_t instrument
        uint16_t session
        uint16_t reason
        uint8_t side
        uint8_t ord_type
        uint8_t time_in_force
        uint8_t position_effect
        int64_t received_ns
        uint32_t sequenced_delta
        uint32_t decided_delta
        uint32_t routed_delta
        uint32_t venue_delta
        uint32_t back_delta
        uint32_t msg_seq_num
        uint64_t orig_cl_ord_id
        int64_t stop_px
        int64_t expire_ns
        uint8_t exec_inst
        uint8_t hedge_flag
        uint8_t mass_cancel_type
        uint8_t pad[5]

    ctypedef struct execution_record:
        uint32_t checksum
        uint8_t kind
        uint8_t layout_version
        uint8_t flags
        uint8_t exec_type
        uint64_t sequence
        uint64_t cl_ord_id
        uint64_t order_id
        int64_t price
        int64_t order_qty
        uint32_t account
        uint32_t instrument
        uint16_t session
        uint16_t reason
        uint8_t side
        uint8_t ord_type
        uint8_t time_in_force
        uint8_t position_effect
        int64_t received_ns
        uint32_t sequenced_delta
        uint32_t decided_delta
        uint32_t routed_delta
        uint32_t venue_delta
        uint32_t back_delta
        uint32_t msg_seq_num
        uint64_t exec_id
        int64_t last_px
        int64_t last_qty
        int64_t cum_qty

    ctypedef struct denial_record:
        uint32_t checksum
        uint8_t kind
        uint8_t layout_version
        uint8_t flags
        uint8_t exec_type
        uint64_t sequence
        uint64_t cl_ord_id
        uint64_t order_id
        int64_t price
        int64_t order_qty
        uint32_t account
        uint32_t instrument
        uint16_t session
        uint16_t reason
        uint8_t side
        uint8_t ord_type
        uint8_t time_in_force
        uint8_t position_effect
        int64_t received_ns
        uint32_t sequenced_delta
        uint32_t decided_delta
        uint32_t routed_delta
        uint32_t venue_delta
        uint32_t back_delta
        uint32_t msg_seq_num
        int64_t limit_value
        int64_t used_value
        int64_t asked_value
        uint32_t ref_seq_num
        uint8_t level
        uint8_t ref_kind
        uint8_t pad[2]

    ctypedef struct quote_record:
        uint32_t checksum
        uint8_t kind
        uint8_t layout_version
        uint8_t flags
        uint8_t exec_type
        uint64_t sequence
        uint64_t cl_ord_id
        uint64_t order_id
        int64_t price
        int64_t order_qty
        uint32_t account
        uint32_t instrument
        uint16_t session
        uint16_t reason
        uint8_t side
        uint8_t ord_type
        uint8_t time_in_force
        uint8_t position_effect
        int64_t received_ns
        uint32_t sequenced_delta
        uint32_t decided_delta
        uint32_t routed_delta
        uint32_t venue_delta
        uint32_t back_delta
        uint32_t msg_seq_num
        int64_t bid_px
        int64_t bid_qty
        int64_t ask_px
        int64_t ask_qty

    ctypedef struct session_record:
        uint32_t checksum
        uint8_t kind
        uint8_t layout_version
        uint8_t flags
        uint8_t exec_type
        uint64_t sequence
        uint64_t cl_ord_id
        uint64_t order_id
        int64_t price
        int64_t order_qty
        uint32_t account
        uint32_t instrument
        uint16_t session
        uint16_t reason
        uint8_t side
        uint8_t ord_type
        uint8_t time_in_force
        uint8_t position_effect
        int64_t received_ns
        uint32_t sequenced_delta
        uint32_t decided_delta
        uint32_t routed_delta
        uint32_t venue_delta
        uint32_t back_delta
        uint32_t msg_seq_num
        uint32_t next_sending
        uint32_t next_expected
        uint32_t begin_seq_no
        uint32_t end_seq_no
        int64_t heartbeat_ns
        uint64_t request_id

    ctypedef struct control_record:
        uint32_t checksum
        uint8_t kind
        uint8_t layout_version
        uint8_t flags
        uint8_t exec_type
        uint64_t sequence
        uint64_t cl_ord_id
        uint64_t order_id
        int64_t price
        int64_t order_qty
        uint32_t account
        uint32_t instrument
        uint16_t session
        uint16_t reason
        uint8_t side
        uint8_t ord_type
        uint8_t time_in_force
        uint8_t position_effect
        int64_t received_ns
        uint32_t sequenced_delta
        uint32_t decided_delta
        uint32_t routed_delta
        uint32_t venue_delta
        uint32_t back_delta
        uint32_t msg_seq_num
        int64_t amount
        uint32_t actor
        uint8_t trading_state
        uint8_t pad[3]
        uint32_t currency
        char text[12]


# Code 0 is "none" everywhere: nothing good happens on 0.
cpdef enum Kind:
    KIND_NONE = 0
    # from a strategy
    NEW_ORDER_SINGLE = 1
    CANCEL_REQUEST = 2
    CANCEL_REPLACE_REQUEST = 3
    MASS_CANCEL_REQUEST = 4
    # to a strategy
    EXECUTION_REPORT = 16
    DENIED = 17
    CANCEL_REJECT = 18
    SESSION_REJECT = 19
    # a session's own; not numbered in msg_seq_num
    LOGON = 32
    LOGOUT = 33
    HEARTBEAT = 34
    RESEND_REQUEST = 35
    SEQUENCE_RESET = 36
    REQUEST = 37
    RESPONSE = 38
    # market data
    QUOTE = 48
    TRADE = 49
    # control, into risk
    MARK = 64
    SETTLEMENT = 65
    TRADING_STATE = 66
    CASH = 67
    TICK = 68
    CHANNEL_STATE = 69


cpdef enum Flag:
    POSS_DUP = 1
    POSS_RESEND = 2
    REDUCE_ONLY = 4
    POST_ONLY = 8


# FIX 54
cpdef enum Side:
    BUY = 49
    SELL = 50


# FIX 40
cpdef enum OrdType:
    MARKET = 49
    LIMIT = 50


# FIX 59
cpdef enum TimeInForce:
    DAY = 48
    GOOD_TILL_CANCEL = 49
    IMMEDIATE_OR_CANCEL = 51
    FILL_OR_KILL = 52


# FIX 150. ord_status (FIX 39) follows from it and cum_qty: see RECORDS.md.
cpdef enum ExecType:
    EXEC_NEW = 48
    EXEC_CANCELED = 52
    EXEC_REPLACED = 53
    EXEC_REJECTED = 56
    EXEC_EXPIRED = 67
    EXEC_RESTATED = 68
    EXEC_TRADE = 70


# FIX 77; 0 in a record = not given
cpdef enum PositionEffect:
    CLOSE = 67
    OPEN = 79


cpdef enum TradingState:
    ACTIVE = 1
    REDUCING = 2
    HALTED = 3


cpdef enum Level:
    FIRM = 1
    MASTER = 2
    OWNER_GROUP = 3
    SUB_ACCOUNT = 4
    STRATEGY = 5


# 1..62 are the bits of risk's verdict, in the order of the checks; the lowest is reported.
cpdef enum Reason:
    REASON_NONE = 0
    MALFORMED = 1
    UNKNOWN_ACCOUNT = 2
    UNKNOWN_INSTRUMENT = 3
    DUPLICATE_CL_ORD_ID = 4
    TABLE_FULL = 5
    ACCOUNT_HALTED = 6
    REDUCING_ONLY = 7
    NOT_PERMITTED = 8
    ORDER_SIZE = 9
    REFERENCE_MISSING = 10
    REFERENCE_STALE = 11
    PRICE_COLLAR = 12
    LIMIT_MISSING = 13
    POSITION_LIMIT = 14
    RATE_LIMIT = 15
    MARGIN_MISSING = 16
    BALANCE_MISSING = 17
    MARGIN = 18
    OVERFLOW = 19
    # 64..95: risk, about a request on an order that exists or not
    UNKNOWN_ORDER = 64
    TOO_LATE = 65
    REQUEST_PENDING = 66
    JOURNAL_UNAVAILABLE = 67
    # 96..127: gateway and session
    FRAME_LENGTH = 96
    FRAME_VERSION = 97
    FRAME_KIND = 98
    NOT_LOGGED_ON = 99
    LOGON_REFUSED = 100
    ACCOUNT_NOT_OF_SESSION = 101
    SEQUENCE_GAP = 102
    SEQUENCE_LOW = 103
    LANE_FULL = 104
    SESSION_DISCONNECTED = 105
    REQUEST_UNKNOWN = 106
    FRAME_PARTS = 107
    ROUTING_ID = 108
    # 128..159: router
    VENUE_DOWN = 128
    VENUE_THROTTLE = 129
    VENUE_CODE_MISSING = 130
    # 160..191: the venue's own
    VENUE_REJECTED = 160
    VENUE_CLOSED = 161
    VENUE_PRICE_LIMIT = 162
    VENUE_UNKNOWN_ORDER = 163
    VENUE_TOO_LATE = 164
    VENUE_POST_ONLY = 165
    VENUE_MALFORMED = 166
    VENUE_DUPLICATE = 167
