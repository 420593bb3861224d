"""The card's commands and responses (card.h), its codes, and its rules as Cython."""
cimport cython
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "card.h" nogil:
    const uint64_t CARD_IDENTITY
    uint64_t card_layout_hash()
    enum:
        CARD_LAYOUT_VERSION
        CARD_ACCOUNTS
        CARD_INSTRUMENTS
        CARD_SESSIONS
        CARD_SCENARIOS
        CARD_LANES
        CARD_LATENCY
        CARD_LANE_BITS
        CARD_CREDIT_BITS
        CARD_MONEY_BITS
        CARD_RATE_BITS
        CARD_PRICE_BITS
        CARD_QTY_BITS
        CARD_TIME_BITS
        CARD_FRACTION_BITS

    ctypedef struct card_command:
        uint64_t tag
        int64_t price, amount
        uint32_t order_qty, lots, account
        uint16_t instrument, session
        uint8_t op, side, kind, index
        uint8_t pad[20]

    ctypedef struct card_response:
        uint64_t tag, verdict
        int64_t margin, available


# What a command does; 0 is none.
cpdef enum Op:
    OP_ORDER = 1, OP_RELEASE = 2, OP_FILL = 3, OP_CANCEL = 4,
    OP_LIMIT = 5, OP_PAIR = 6, OP_TERMS = 7, OP_ACCOUNT = 8,
    OP_LANE = 9, OP_MONEY = 10, OP_STATE = 11, OP_INSTRUMENT = 12,
    OP_BUCKET = 13, OP_DEBT = 14, OP_TICK = 15, OP_KILL = 16


# OP_INSTRUMENT: which word of the row of (instrument, side); 16 to 31 are the scan rates.
cpdef enum Word:
    WORD_STATE = 0, WORD_COLLAR_LOW = 1, WORD_COLLAR_HIGH = 2,
    WORD_TICK_VALUE = 3, WORD_PRICE_RATE = 4, WORD_LOT_MARGIN = 5,
    WORD_STALE_AT = 6, WORD_SCAN = 16


# WORD_STATE: the trading state in bits 0 to 2, and these.
cpdef enum StateBit:
    STATE_OPEN = 8, STATE_HAS_MARK = 16


# OP_TERMS: what is forbidden, and that there are terms at all.
cpdef enum TermBit:
    TERM_NO_BUY = 1, TERM_NO_SELL = 2, TERM_NOT_PERMITTED = 4,
    TERM_LOADED = 8


# OP_BUCKET and OP_DEBT: whose bucket (index); kind is 0 for orders, 1 for replaces.
cpdef enum BucketOf:
    BUCKET_ACCOUNT = 0, BUCKET_SESSION = 1, BUCKET_INSTRUMENT = 2


# OP_STATE: whose state (kind).
cpdef enum StateOf:
    STATE_ACCOUNT = 0, STATE_SESSION = 1


cdef enum:
    CARD_WORDS = 32
    CARD_KINDS = 2


cdef struct pair_state:
    # By side, 0 = buy: lots left before the position grows, and before its limit is reached.
    int64_t room[2]
    int64_t credit[2]
    int64_t max_notional
    uint32_t max_qty
    uint8_t bits


cdef struct bucket_state:
    int64_t next_ns, interval_ns, tolerance_ns


cdef struct card_tables:
    int64_t now_ns
    bint is_killed
    int64_t lanes[CARD_ACCOUNTS][CARD_LANES]
    uint8_t account_states[CARD_ACCOUNTS]
    uint8_t session_states[CARD_SESSIONS]
    pair_state pairs[CARD_ACCOUNTS][CARD_INSTRUMENTS]
    int64_t words[CARD_INSTRUMENTS][2][CARD_WORDS]
    bucket_state account_buckets[CARD_ACCOUNTS][CARD_KINDS]
    bucket_state session_buckets[CARD_SESSIONS][CARD_KINDS]
    bucket_state instrument_buckets[CARD_INSTRUMENTS][CARD_KINDS]


# Whatever does commands: apply(self, ...) answers `count` of them and says how many it answered.
cdef struct card_pipe:
    int64_t (*apply)(
        void* self, const card_command* commands, card_response* responses, int64_t count
    ) noexcept nogil
    void* self


# Does one command.
cdef void answer(card_tables* t, const card_command* c, card_response* r) noexcept nogil


@cython.final
cdef class Card:
    cdef card_tables* tables
    cdef card_pipe way
