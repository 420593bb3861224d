"""Numpy dtypes of the record's views, derived from records.h, and the layout's identity."""

from enum import IntEnum
from typing import Any

import numpy as np

NO_PRICE: int
LAYOUT_VERSION: int
LAYOUT_HASH: int
RECORD_SIZE: int

RECORD: np.dtype[np.void]
ORDER_RECORD: np.dtype[np.void]
EXECUTION_RECORD: np.dtype[np.void]
DENIAL_RECORD: np.dtype[np.void]
QUOTE_RECORD: np.dtype[np.void]
SESSION_RECORD: np.dtype[np.void]
CONTROL_RECORD: np.dtype[np.void]

def layout_hash(*dtypes: np.dtype[Any]) -> int:
    """First 8 bytes of BLAKE2b over name, offset and format of each field, as an int."""

class Kind(IntEnum):
    KIND_NONE = 0
    NEW_ORDER_SINGLE = 1
    CANCEL_REQUEST = 2
    CANCEL_REPLACE_REQUEST = 3
    MASS_CANCEL_REQUEST = 4
    EXECUTION_REPORT = 16
    DENIED = 17
    CANCEL_REJECT = 18
    SESSION_REJECT = 19
    LOGON = 32
    LOGOUT = 33
    HEARTBEAT = 34
    RESEND_REQUEST = 35
    SEQUENCE_RESET = 36
    REQUEST = 37
    RESPONSE = 38
    QUOTE = 48
    TRADE = 49
    MARK = 64
    SETTLEMENT = 65
    TRADING_STATE = 66
    CASH = 67
    TICK = 68
    CHANNEL_STATE = 69

class Flag(IntEnum):
    POSS_DUP = 1
    POSS_RESEND = 2
    REDUCE_ONLY = 4
    POST_ONLY = 8

class Side(IntEnum):
    BUY = 49
    SELL = 50

class OrdType(IntEnum):
    MARKET = 49
    LIMIT = 50

class TimeInForce(IntEnum):
    DAY = 48
    GOOD_TILL_CANCEL = 49
    IMMEDIATE_OR_CANCEL = 51
    FILL_OR_KILL = 52

class ExecType(IntEnum):
    EXEC_NEW = 48
    EXEC_CANCELED = 52
    EXEC_REPLACED = 53
    EXEC_REJECTED = 56
    EXEC_EXPIRED = 67
    EXEC_RESTATED = 68
    EXEC_TRADE = 70

class PositionEffect(IntEnum):
    CLOSE = 67
    OPEN = 79

class TradingState(IntEnum):
    ACTIVE = 1
    REDUCING = 2
    HALTED = 3

class Level(IntEnum):
    FIRM = 1
    MASTER = 2
    OWNER_GROUP = 3
    SUB_ACCOUNT = 4
    STRATEGY = 5

class Reason(IntEnum):
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
    UNKNOWN_ORDER = 64
    TOO_LATE = 65
    REQUEST_PENDING = 66
    JOURNAL_UNAVAILABLE = 67
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
    VENUE_DOWN = 128
    VENUE_THROTTLE = 129
    VENUE_CODE_MISSING = 130
    VENUE_REJECTED = 160
    VENUE_CLOSED = 161
    VENUE_PRICE_LIMIT = 162
    VENUE_UNKNOWN_ORDER = 163
    VENUE_TOO_LATE = 164
    VENUE_POST_ONLY = 165
    VENUE_MALFORMED = 166
    VENUE_DUPLICATE = 167
