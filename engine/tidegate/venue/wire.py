"""Records between a venue and its channels, as rows of Python ints and as frames.

The venue protocol, from the channel's side (DEALER to the venue's ROUTER):
- A message is one frame of 1..256 records, or one session record and one frame of JSON.
- LOGON + {"channel": name, "accounts": [master names], "incarnation": the last known or 0} opens
  it. The answer is LOGON + {"venue", "incarnation", "accounts": {name: number}, "securities":
  [{"code", "security_id", "tick_size"}], "next_report", "working": [{"cl_ord_id", "order_id",
  "account", "security_id", "leaves_qty", "cum_qty"}]}, or SESSION_REJECT with LOGON_REFUSED +
  {"error"}. incarnation (1 or more) differs after the venue was restarted without its memory: a new
  one has forgotten all orders and positions of the one before. working = the accounts' orders that
  work, as they stand when all reports below number next_report are in.
- Requests are numbered in msg_seq_num from 1. A number that was taken before is dropped; one that
  leaves a gap is taken and the gap counted. LOGON.next_sending is the channel's next number, the
  answer's next_expected the venue's. A next_sending below it starts the count again.
- Execution reports and cancel rejects are numbered in msg_seq_num from 1. LOGON.next_expected,
  of the incarnation that the logon names, asks for all from that number on: they come again with
  POSS_DUP, after a SEQUENCE_RESET (next_sending = number of the first that follows) if some are not
  kept any more or were never sent by this incarnation. 0 asks for nothing old. Session records,
  MARK and SESSION_REJECT are not numbered.
- HEARTBEAT each second both ways; any frame counts as one. Three missed, another LOGON of the same
  channel, or a vanished socket: the channel is down, its orders are canceled (if the venue does
  so), and reports are kept for its next LOGON.
- A channel whose LOGON says "rings": true shares memory with the venue: from then on its records,
  not what has JSON, go through a ring each way. What is in the venue's ring at a LOGON is dropped.
- REQUEST + {"request": "statement" | "status" | "start"} is answered by RESPONSE + JSON with the
  same request_id, on any connection, logged on or not.
- In a request account is the venue's number, instrument the security_id, cl_ord_id the key of the
  order (cancel and replace too). In an answer order_id is the venue's own. A cancel
  reject has the request's kind in ref_kind and its number in ref_seq_num.
- A market order's price, if it has one, is where it stops: what is left there ends with CANCELED
  and VENUE_PRICE_LIMIT. Both reports of one match have the same trd_match_id.
- An order's other leavings that may not rest (market, IOC), an unfilled FOK, and a DAY order at
  the session's close end with EXPIRED. A replace to a total quantity of cum_qty or less ends the
  order with CANCELED, which answers the replace.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.native.records import (
    DENIAL_RECORD,
    EXECUTION_RECORD,
    LAYOUT_VERSION,
    NO_PRICE,
    ORDER_RECORD,
    QUOTE_RECORD,
    RECORD,
    RECORD_SIZE,
    SESSION_RECORD,
    ExecType,
    Flag,
    Kind,
    Reason,
)
from tidegate.venue.order import Order

# One record as a tuple of its view's fields.
Row = tuple[Any, ...]
Records = npt.NDArray[Any]

FRAME_RECORDS_MAX = 256

# The first fields are the same in every view, so that a place names one field of any row.
_PLACE = {name: place for place, name in enumerate(RECORD.names or ())}
KIND = _PLACE["kind"]
VERSION = _PLACE["layout_version"]
FLAGS = _PLACE["flags"]
EXEC_TYPE = _PLACE["exec_type"]
CL_ORD_ID = _PLACE["cl_ord_id"]
ORDER_ID = _PLACE["order_id"]
PRICE = _PLACE["price"]
ORDER_QTY = _PLACE["order_qty"]
ACCOUNT = _PLACE["account"]
INSTRUMENT = _PLACE["instrument"]
REASON = _PLACE["reason"]
SIDE = _PLACE["side"]
ORD_TYPE = _PLACE["ord_type"]
TIME_IN_FORCE = _PLACE["time_in_force"]
MSG_SEQ_NUM = _PLACE["msg_seq_num"]
BODY = _PLACE["body"]
# Of execution reports.
EXEC_ID, LAST_PX, LAST_QTY, TRD_MATCH_ID, CUM_QTY = range(BODY, BODY + 5)
# Of session records.
NEXT_SENDING, NEXT_EXPECTED, BEGIN_SEQ_NO = range(BODY, BODY + 3)
REQUEST_ID = len(SESSION_RECORD.names or ()) - 1

_REQUESTS = (Kind.NEW_ORDER_SINGLE, Kind.CANCEL_REQUEST, Kind.CANCEL_REPLACE_REQUEST)
_SESSION_KINDS = (Kind.LOGON, Kind.LOGOUT, Kind.HEARTBEAT, Kind.RESEND_REQUEST, Kind.REQUEST)


def _blank(dtype: np.dtype[Any], kind: Kind) -> list[Any]:
    row = np.zeros(1, dtype)
    row["kind"], row["layout_version"] = kind, LAYOUT_VERSION
    return list(row.tolist()[0])


_EXECUTION = _blank(EXECUTION_RECORD, Kind.EXECUTION_REPORT)
_MARKET_DATA = _blank(QUOTE_RECORD, Kind.QUOTE)
_CANCEL_REJECT = _blank(DENIAL_RECORD, Kind.CANCEL_REJECT)
_REF_KIND = (DENIAL_RECORD.names or ()).index("ref_kind")
_REF_SEQ_NUM = (DENIAL_RECORD.names or ()).index("ref_seq_num")


def execution(
    order: Order,
    exec_type: ExecType,
    exec_id: int,
    *,
    cum_qty: int,
    last_qty: int = 0,
    last_px: int = NO_PRICE,
    trd_match_id: int = 0,
    reason: Reason = Reason.REASON_NONE,
) -> Row:
    """An EXECUTION_REPORT of an order as it is now."""
    row = _EXECUTION.copy()
    row[EXEC_TYPE] = int(exec_type)
    row[CL_ORD_ID] = order.cl_ord_id
    row[ORDER_ID] = order.order_id
    row[PRICE] = order.price
    row[ORDER_QTY] = order.order_qty
    row[ACCOUNT] = order.account
    row[INSTRUMENT] = order.security_id
    row[REASON] = int(reason)
    row[SIDE] = order.side
    row[ORD_TYPE] = order.ord_type
    row[TIME_IN_FORCE] = order.time_in_force
    row[BODY:] = exec_id, last_px, last_qty, trd_match_id, cum_qty
    return tuple(row)


def rejection(request: Row, exec_id: int, reason: Reason) -> Row:
    """An EXECUTION_REPORT that rejects a new order."""
    row = _EXECUTION.copy()
    for place in (CL_ORD_ID, PRICE, ORDER_QTY, ACCOUNT, INSTRUMENT, SIDE, ORD_TYPE, TIME_IN_FORCE):
        row[place] = request[place]
    row[EXEC_TYPE] = int(ExecType.EXEC_REJECTED)
    row[REASON] = int(reason)
    row[BODY:] = exec_id, NO_PRICE, 0, 0, 0
    return tuple(row)


def cancel_reject(request: Row, order_id: int, reason: Reason) -> Row:
    """A CANCEL_REJECT that refuses a cancel or a replace."""
    row = _CANCEL_REJECT.copy()
    for place in (CL_ORD_ID, PRICE, ORDER_QTY, ACCOUNT, INSTRUMENT, SIDE):
        row[place] = request[place]
    row[ORDER_ID] = order_id
    row[REASON] = int(reason)
    row[_REF_KIND] = request[KIND]
    row[_REF_SEQ_NUM] = request[MSG_SEQ_NUM]
    return tuple(row)


def reports(rows: Sequence[Row], first_seq_num: int) -> Records:
    """Executions and cancel rejects as records, numbered from first_seq_num."""
    records = np.zeros(len(rows), RECORD)
    executions, denials = records.view(EXECUTION_RECORD), records.view(DENIAL_RECORD)
    for index, row in enumerate(rows):
        if row[KIND] == _EXECUTION[KIND]:
            executions[index] = row
        else:
            denials[index] = row
    records["msg_seq_num"] = np.arange(first_seq_num, first_seq_num + len(rows), dtype=np.uint32)
    return records


def as_rows(records: Records) -> list[Row]:
    """Executions and cancel rejects as the rows that they were made of."""
    views = {int(Kind.EXECUTION_REPORT): EXECUTION_RECORD}
    return [
        records[at : at + 1].view(views.get(int(kind), DENIAL_RECORD)).tolist()[0]
        for at, kind in enumerate(records["kind"])
    ]


def repeated(records: Records) -> Records:
    """The same records with POSS_DUP."""
    again = records.copy()
    again["flags"] |= np.uint8(Flag.POSS_DUP)
    return again


def market_data(
    kind: Kind,
    security_id: int,
    *,
    price: int,
    qty: int = 0,
    side: int = 0,
    bid: tuple[int, int] = (NO_PRICE, 0),
    ask: tuple[int, int] = (NO_PRICE, 0),
) -> Row:
    """A QUOTE, TRADE or MARK."""
    row = _MARKET_DATA.copy()
    row[KIND] = int(kind)
    row[INSTRUMENT] = security_id
    row[PRICE] = price
    row[ORDER_QTY] = qty
    row[SIDE] = side
    row[BODY:] = *bid, *ask
    return tuple(row)


def market(rows: Sequence[Row]) -> Records:
    """Market data as records."""
    return np.array(rows, QUOTE_RECORD).view(RECORD)


def session(kind: Kind, **fields: int) -> Records:
    """A session record (or SESSION_REJECT) with the given fields."""
    records = np.zeros(1, DENIAL_RECORD if kind == Kind.SESSION_REJECT else SESSION_RECORD)
    records["kind"], records["layout_version"], records["price"] = kind, LAYOUT_VERSION, NO_PRICE
    for name, value in fields.items():
        records[name] = value
    return records.view(RECORD)


def rows_of(frame: bytes) -> list[Row] | Reason:
    """The records of a frame: order requests, or one session record; else what is wrong."""
    count, rest = divmod(len(frame), RECORD_SIZE)
    if rest or not 1 <= count <= FRAME_RECORDS_MAX:
        return Reason.FRAME_LENGTH
    records = np.frombuffer(frame, ORDER_RECORD)
    if (records["layout_version"] != LAYOUT_VERSION).any():
        return Reason.FRAME_VERSION
    if count == 1 and records["kind"][0] in _SESSION_KINDS:
        return list(records.view(SESSION_RECORD).tolist())
    rows: list[Row] = records.tolist()
    return rows if all(row[KIND] in _REQUESTS for row in rows) else Reason.FRAME_KIND


def frames(records: Records) -> list[bytes]:
    """Records as frames of at most FRAME_RECORDS_MAX."""
    return [
        records[start : start + FRAME_RECORDS_MAX].tobytes()
        for start in range(0, len(records), FRAME_RECORDS_MAX)
    ]
