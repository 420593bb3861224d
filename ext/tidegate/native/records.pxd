"""The record's views and codes, as records.h lays them out. See RECORDS.md."""
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "records.h" nogil:
    enum:
        TG_LAYOUT_VERSION
        TG_RECORD_SIZE
    const int64_t TG_NO_PRICE

    ctypedef struct record:
        uint32_t checksum
        uint8_t kind, layout_version, flags, exec_type
        uint64_t sequence, cl_ord_id, order_id
        int64_t price, order_qty
        uint32_t account, instrument
        uint16_t session, reason
        uint8_t side, ord_type, time_in_force, position_effect
        int64_t received_ns
        uint32_t sequenced_delta, decided_delta, routed_delta, venue_delta, back_delta
        uint32_t msg_seq_num
        uint64_t body[4]

    ctypedef struct order_record:
        uint32_t checksum
        uint8_t kind, layout_version, flags, exec_type
        uint64_t sequence, cl_ord_id, order_id
        int64_t price, order_qty
        uint32_t account, instrument
        uint16_t session, reason
        uint8_t side, ord_type, time_in_force, position_effect
        int64_t received_ns
        uint32_t sequenced_delta, decided_delta, routed_delta, venue_delta, back_delta
        uint32_t msg_seq_num
        uint64_t orig_cl_ord_id
        int64_t stop_px, expire_ns
        uint8_t exec_inst, hedge_flag, mass_cancel_type, list_seq_no, tot_no_orders, pad
        uint16_t list_id

    ctypedef struct execution_record:
        uint32_t checksum
        uint8_t kind, layout_version, flags, exec_type
        uint64_t sequence, cl_ord_id, order_id
        int64_t price, order_qty
        uint32_t account, instrument
        uint16_t session, reason
        uint8_t side, ord_type, time_in_force, position_effect
        int64_t received_ns
        uint32_t sequenced_delta, decided_delta, routed_delta, venue_delta, back_delta
        uint32_t msg_seq_num
        uint64_t exec_id
        int64_t last_px
        int32_t last_qty
        uint32_t trd_match_id
        int64_t cum_qty

    ctypedef struct denial_record:
        uint32_t checksum
        uint8_t kind, layout_version, flags, exec_type
        uint64_t sequence, cl_ord_id, order_id
        int64_t price, order_qty
        uint32_t account, instrument
        uint16_t session, reason
        uint8_t side, ord_type, time_in_force, position_effect
        int64_t received_ns
        uint32_t sequenced_delta, decided_delta, routed_delta, venue_delta, back_delta
        uint32_t msg_seq_num
        int64_t limit_value, used_value, asked_value
        uint32_t ref_seq_num
        uint8_t level, ref_kind, scope, grade

    ctypedef struct quote_record:
        uint32_t checksum
        uint8_t kind, layout_version, flags, exec_type
        uint64_t sequence, cl_ord_id, order_id
        int64_t price, order_qty
        uint32_t account, instrument
        uint16_t session, reason
        uint8_t side, ord_type, time_in_force, position_effect
        int64_t received_ns
        uint32_t sequenced_delta, decided_delta, routed_delta, venue_delta, back_delta
        uint32_t msg_seq_num
        int64_t bid_px, bid_qty, ask_px, ask_qty

    ctypedef struct session_record:
        uint32_t checksum
        uint8_t kind, layout_version, flags, exec_type
        uint64_t sequence, cl_ord_id, order_id
        int64_t price, order_qty
        uint32_t account, instrument
        uint16_t session, reason
        uint8_t side, ord_type, time_in_force, position_effect
        int64_t received_ns
        uint32_t sequenced_delta, decided_delta, routed_delta, venue_delta, back_delta
        uint32_t msg_seq_num, next_sending, next_expected, begin_seq_no, end_seq_no
        int64_t heartbeat_ns
        uint64_t request_id

    ctypedef struct control_record:
        uint32_t checksum
        uint8_t kind, layout_version, flags, exec_type
        uint64_t sequence, cl_ord_id, order_id
        int64_t price, order_qty
        uint32_t account, instrument
        uint16_t session, reason
        uint8_t side, ord_type, time_in_force, position_effect
        int64_t received_ns
        uint32_t sequenced_delta, decided_delta, routed_delta, venue_delta, back_delta
        uint32_t msg_seq_num
        int64_t amount, expires_ns
        uint16_t actor, product, currency
        uint8_t trading_state, limit_kind
        uint32_t to_account
        uint8_t cash_phase, side_lock
        uint16_t venue

    ctypedef struct note_record:
        uint32_t checksum
        uint8_t kind, layout_version, flags, exec_type
        uint64_t sequence, cl_ord_id, order_id
        int64_t price, order_qty
        uint32_t account, instrument
        uint16_t session, reason
        uint8_t side, ord_type, time_in_force, position_effect
        int64_t received_ns
        uint32_t sequenced_delta, decided_delta, routed_delta, venue_delta, back_delta
        uint32_t msg_seq_num
        char text[32]

    ctypedef struct margin_record:
        uint32_t checksum
        uint8_t kind, layout_version, flags, exec_type
        uint64_t sequence, cl_ord_id, order_id
        int64_t price, order_qty
        uint32_t account, instrument
        uint16_t session, reason
        uint8_t side, ord_type, time_in_force, position_effect
        int64_t received_ns
        uint32_t sequenced_delta, decided_delta, routed_delta, venue_delta, back_delta
        uint32_t msg_seq_num
        int64_t margin_long_lot, margin_short_lot
        uint32_t margin_long_ppm, margin_short_ppm, epoch
        uint8_t pad[4]

    ctypedef struct array_record:
        uint32_t checksum
        uint8_t kind, layout_version, flags, exec_type
        uint64_t sequence, cl_ord_id, order_id
        int64_t price, order_qty
        uint32_t account, instrument
        uint16_t session, reason
        uint8_t side, ord_type, time_in_force, position_effect
        int64_t received_ns
        uint32_t sequenced_delta, decided_delta, routed_delta, venue_delta, back_delta
        uint32_t msg_seq_num
        int32_t values[6]
        uint32_t epoch
        uint16_t first
        uint8_t pad[2]

    ctypedef struct rate_record:
        uint32_t checksum
        uint8_t kind, layout_version, flags, exec_type
        uint64_t sequence, cl_ord_id, order_id
        int64_t price, order_qty
        uint32_t account, instrument
        uint16_t session, reason
        uint8_t side, ord_type, time_in_force, position_effect
        int64_t received_ns
        uint32_t sequenced_delta, decided_delta, routed_delta, venue_delta, back_delta
        uint32_t msg_seq_num
        int64_t bid_rate, ask_rate
        uint32_t haircut_ppm
        uint16_t actor, currency
        uint64_t pad


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
    ALERT = 20
    CONTROL_ANSWER = 21
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
    LIMIT_CHANGE = 70
    KILL = 71
    RE_ENABLE = 72
    PROTECTION_RESET = 73
    TRANSFER = 74
    CURRENCY_RATE = 75
    MARGIN_RATES = 76
    MARGIN_ARRAY = 77
    MARGIN_COMMIT = 78
    MARGIN_CREDIT = 79
    SIDE_LOCK = 80
    NOTE = 81
    DAY_ROLL = 82
    BREAK = 83
    ADJUSTMENT = 84


cpdef enum Flag:
    POSS_DUP = 1, POSS_RESEND = 2, REDUCE_ONLY = 4, POST_ONLY = 8, SHARES_MEMORY = 16


# FIX 54
cpdef enum Side:
    BUY = 49, SELL = 50


# FIX 40
cpdef enum OrdType:
    MARKET = 49, LIMIT = 50


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


# FIX 77; 0 in a record = not given. The last two are of venues that tell today's lots apart.
cpdef enum PositionEffect:
    CLOSE = 67, OPEN = 79, CLOSE_TODAY = 84, CLOSE_YESTERDAY = 89


cpdef enum TradingState:
    ACTIVE = 1
    REDUCING = 2
    HALTED = 3
    KILLED = 4


# What a limit covers; 0 in a denial = the instrument's own rule.
cpdef enum Scope:
    SCOPE_INSTRUMENT = 1, SCOPE_PRODUCT = 2, SCOPE_ALL = 3,
    SCOPE_SESSION = 4


# LIMIT_CHANGE: which limit; its scope is the record's instrument, product or neither.
cpdef enum LimitKind:
    LIMIT_MAX_ORDER_QTY = 1, LIMIT_MAX_MARKET_QTY = 2,
    LIMIT_MAX_NOTIONAL = 3, LIMIT_MAX_LONG = 4, LIMIT_MAX_SHORT = 5,
    LIMIT_MAX_GROSS = 6, LIMIT_MAX_OPEN_ORDERS = 7,
    LIMIT_ORDER_RATE = 8, LIMIT_REPLACE_RATE = 9,
    LIMIT_CANCEL_RATE = 10, LIMIT_MAX_LOSS = 11,
    LIMIT_MAX_DRAWDOWN = 12, LIMIT_LEVERAGE = 13,
    LIMIT_CONCENTRATION = 14, LIMIT_DAY_ORDERS = 15,
    LIMIT_EXECUTIONS = 16, LIMIT_CREDIT_LINE = 17


# How a control acts before it denies; each needs a threshold in per mille of the limit.
cpdef enum Grade:
    GRADE_ALERT = 1, GRADE_SLOW = 2, GRADE_REDUCE = 3, GRADE_HALT = 4


# What may be done when an order would match one of its own side.
cpdef enum SelfMatch:
    SELF_MATCH_ALLOW = 1, DENY_NEW = 2, CANCEL_RESTING = 3,
    CANCEL_BOTH = 4


# CASH with a second phase: free cash is held, then posted or voided, once.
cpdef enum CashPhase:
    CASH_PENDING = 1, CASH_POST = 2, CASH_VOID = 3


cpdef enum Phase:
    PHASE_CLOSED = 1, PHASE_OPEN = 2


cpdef enum MarginModel:
    MARGIN_NET = 1, MARGIN_SIDES = 2, MARGIN_SPAN = 3


cpdef enum Level:
    FIRM = 1
    MASTER = 2
    OWNER_GROUP = 3
    SUB_ACCOUNT = 4
    STRATEGY = 5


# 1..62 are the bits of risk's verdict, in the order of the checks; the lowest is reported.
# RISK.md has the rule of each.
cpdef enum Reason:
    REASON_NONE = 0, MALFORMED = 1, UNKNOWN_ACCOUNT = 2,
    UNKNOWN_INSTRUMENT = 3, DUPLICATE_CL_ORD_ID = 4, TABLE_FULL = 5,
    LIST_REFUSED = 6, KILL_SWITCH = 7, HALTED_STATE = 8,
    RE_ENABLE_NEEDED = 9, PROTECTION_PULLED = 10, SESSION_CLOSED = 11,
    NOT_PERMITTED = 12, RESTRICTED = 13, SIDE_LOCKED = 14,
    REDUCING_STATE = 15, REDUCE_ONLY_ORDER = 16, CLOSABLE_LOTS = 17,
    LOSS_LIMIT = 18, DRAWDOWN_LIMIT = 19, ORDER_SIZE = 20,
    MARKET_ORDER_SIZE = 21, ORDER_SIZE_MIN = 22, LOT_STEP = 23,
    PRICE_STEP = 24, ORDER_NOTIONAL = 25, REFERENCE_MISSING = 26,
    REFERENCE_STALE = 27, PRICE_COLLAR = 28, MARKET_UNPROTECTED = 29,
    PERIOD_COLLAR = 30, ORDER_RATE = 31, REPLACE_RATE = 32,
    SLOWED = 33, DAY_ORDERS = 34, DAY_CANCELS = 35,
    DAY_LARGE_CANCELS = 36, DAY_SELF_TRADES = 37, ORDER_TO_TRADE = 38,
    OPEN_ORDERS = 39, IDENTICAL_ORDERS = 40, SELF_MATCH_OWN = 41,
    SELF_MATCH_GROUP = 42, LIMIT_MISSING = 43, POSITION_LIMIT = 44,
    GROSS_LIMIT = 45, CONCENTRATION = 46, MARGIN_MISSING = 47,
    BALANCE_MISSING = 48, CURRENCY_RATE_MISSING = 49, LEVERAGE = 50,
    MARGIN = 51, FEE = 52, POOL = 53, OVERFLOW = 54
    # 64..95: risk, about a request on an order that exists or not
    UNKNOWN_ORDER = 64, TOO_LATE = 65, REQUEST_PENDING = 66,
    JOURNAL_UNAVAILABLE = 67, STALE_ORDER = 68
    # 70, 71: reconciliation with the venue
    RECONCILE_BREAK = 70, ADJUSTED = 71
    # 72..: risk, of its own accord: why it canceled, or what an alert is about
    CANCELED_BY_KILL = 72, CANCELED_BY_PROTECTION = 73,
    CANCELED_SELF_MATCH = 74, CANCELED_REDUCE_ONLY = 75,
    CANCELED_FOR_MARGIN = 76, CANCEL_RATE = 77, LIST_INCOMPLETE = 78,
    LIMIT_LOWERED = 79, CONTROL_REFUSED = 80,
    CONTROL_NOT_ALLOWED = 81
    # 96..127: gateway and session
    FRAME_LENGTH = 96, FRAME_VERSION = 97, FRAME_KIND = 98,
    NOT_LOGGED_ON = 99, LOGON_REFUSED = 100,
    ACCOUNT_NOT_OF_SESSION = 101, SEQUENCE_GAP = 102,
    SEQUENCE_LOW = 103, LANE_FULL = 104, SESSION_DISCONNECTED = 105,
    REQUEST_UNKNOWN = 106, FRAME_PARTS = 107, ROUTING_ID = 108
    # 128..159: router
    VENUE_DOWN = 128, VENUE_THROTTLE = 129, VENUE_CODE_MISSING = 130
    # 160..191: the venue's own
    VENUE_REJECTED = 160, VENUE_CLOSED = 161, VENUE_PRICE_LIMIT = 162,
    VENUE_UNKNOWN_ORDER = 163, VENUE_TOO_LATE = 164,
    VENUE_POST_ONLY = 165, VENUE_MALFORMED = 166,
    VENUE_DUPLICATE = 167
