"""What a statement says. Money and prices are decimals in the currency's units, lots are whole."""

from decimal import Decimal

import msgspec


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a statement."""


class Fill(Line, frozen=True, kw_only=True):
    """Lots that were booked. exec_id and cl_ord_id are 0 of lots that an operator adjusted.

    realised: cash that it moved besides the fee; of an option paid at once, its premium.
    """

    sequence: int
    time_ns: int
    account: str
    instrument: str
    side: str
    position_effect: str
    qty: int
    price: Decimal
    realised: Decimal
    fee: Decimal
    currency: str
    exec_id: int
    order_id: int
    cl_ord_id: int
    is_adjustment: bool = False


class Move(Line, frozen=True, kw_only=True):
    """Cash that came or went without a trade: deposit, withdrawal, transfer, adjustment."""

    sequence: int
    time_ns: int
    kind: str
    currency: str
    amount: Decimal
    counterparty: str
    request: int


class Position(Line, frozen=True, kw_only=True):
    """What was held as the day closed, at the price named by price_kind.

    long_today and short_today: of the lots, where the instrument keeps sides; else None. variation:
    what the day's end settled in cash.
    """

    instrument: str
    currency: str
    long: int
    short: int
    long_today: int | None
    short_today: int | None
    price: Decimal | None
    price_kind: str
    worth: Decimal
    variation: Decimal


class Money(Line, frozen=True, kw_only=True):
    """A currency's day: opening_cash and what follows it up to adjustments is closing_cash.

    fees and withdrawals are negative. margin is what is held over the night; equity = closing_cash
    and what positions that are not settled in cash are worth.
    """

    currency: str
    opening_cash: Decimal
    deposits: Decimal
    withdrawals: Decimal
    transfers: Decimal
    realised: Decimal
    premium: Decimal
    variation: Decimal
    fees: Decimal
    adjustments: Decimal
    closing_cash: Decimal
    margin: Decimal
    equity: Decimal


class Statement(Line, frozen=True, kw_only=True):
    """Of an account and a day; of a level above sub-accounts the sums of theirs.

    It begins after record opening_sequence and ends with closing_sequence. provisional: the day has
    not ended.
    """

    account: str
    day: str
    provisional: bool
    opening_sequence: int
    closing_sequence: int
    money: tuple[Money, ...]
    fills: tuple[Fill, ...]
    moves: tuple[Move, ...]
    positions: tuple[Position, ...]
    accounts: tuple["Statement", ...] = ()
