"""The JSON frames of the session protocol, shared by clients and the gateway.

Everything off the order path; orders and reports are records only.
"""

from typing import TypeVar

import msgspec

from tidegate.errors import SessionError
from tidegate.naming import NAME, NAME_WORDS

T = TypeVar("T")


def ring_places(front: str, session: str) -> tuple[str, str]:
    """Where a client that shares memory puts its records, and takes those of the gateway.

    `front` = the path of the ipc endpoint at which it logs on. SessionError for what is no name:
    no config has such a session, and it would lead to another place.
    """
    if not NAME.fullmatch(session):
        raise SessionError(f"there is no session {session!r}; expected {NAME_WORDS}")
    return f"{front}-{session}.in.ring", f"{front}-{session}.out.ring"


class Logon(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a client says of itself. The secret key is shown on ipc only."""

    session: str
    secret_key: str | None = None


class InstrumentTerms(msgspec.Struct, frozen=True):
    """What a client must know to price an order; decimals are strings."""

    handle: int
    symbol: str
    venue: str
    venue_code: str
    product: str
    currency: str
    tick_size: str
    multiplier: str


class LogonReply(msgspec.Struct, frozen=True):
    """The session's world. `started_ns` changes when the gateway was restarted."""

    session: int
    accounts: dict[str, int]
    instruments: list[InstrumentTerms]
    heartbeat_ns: int
    started_ns: int
    role: str = "strategy"
    # For operators. Of products the number that records have: index + 1.
    products: dict[str, int] = {}
    currencies: dict[str, int] = {}
    venues: dict[str, int] = {}
    sessions: dict[str, int] = {}


class Refusal(msgspec.Struct, frozen=True):
    """Why a logon or a request was refused."""

    error: str


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question that the gateway answers from the regions, or "dead_man", which has a timeout."""

    request: str
    account: str = ""
    timeout_ms: int | None = None


class DeadManReply(msgspec.Struct, frozen=True):
    """Answer to "dead_man": after how long the session's orders are canceled; 0 = never."""

    timeout_ms: int


class Balance(msgspec.Struct, frozen=True):
    """Money of one account in one currency, as decimal strings."""

    currency: str
    cash: str
    held: str
    fees: str
    margin: str
    excess: str


class AccountReply(msgspec.Struct, frozen=True):
    """Answer to "account"."""

    account: str
    trading_state: str
    balances: list[Balance]


class Position(msgspec.Struct, frozen=True):
    """One account's position in one instrument."""

    instrument: str
    position: int
    open_buy_qty: int
    open_sell_qty: int


class PositionsReply(msgspec.Struct, frozen=True):
    """Answer to "positions": instruments with a position or a working order."""

    account: str
    positions: list[Position]


class WorkingOrder(msgspec.Struct, frozen=True):
    """An order that is not final, as risk sees it; price in ticks, None for market."""

    cl_ord_id: int
    order_id: int
    instrument: str
    side: str
    order_qty: int
    cum_qty: int
    price: str | None
    ord_status: str


class OrdersReply(msgspec.Struct, frozen=True):
    """Answer to "orders"."""

    account: str
    orders: list[WorkingOrder]


def decode(frame: bytes, kind: type[T]) -> T:
    """The frame as `kind`; SessionError says what was expected."""
    try:
        return msgspec.json.decode(frame, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SessionError(f"{kind.__name__} frame is not as expected: {error}") from None


def encode(body: msgspec.Struct) -> bytes:
    """The JSON frame of `body`."""
    return msgspec.json.encode(body)
