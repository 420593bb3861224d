"""What a tape holds: one row a market event, and the metadata that gives the rows their meaning.

Importers make these, the tape file stores them, the venue simulator plays them. Prices are int64
ticks, quantities int64 lots, times int64 ns after the tape's start; decimals are in metadata only.
"""

from decimal import Decimal
from enum import IntEnum, IntFlag
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tidegate.errors import TapeError
from tidegate.native.records import NO_PRICE, Side

# 32 bytes. `pad` is zero, so that equal tapes are equal bytes.
EVENT = np.dtype(
    [
        ("time_ns", "<i8"),
        ("price", "<i8"),
        ("qty", "<i8"),
        ("contract_index", "<u2"),
        ("kind", "u1"),
        ("side", "u1"),
        ("flags", "u1"),
        ("pad", "u1", (3,)),
    ]
)
Events = npt.NDArray[Any]

CONTRACTS_MAX = 4096
INT64_MAX = (1 << 63) - 1
UNIT_MIN, UNIT_MAX = Decimal("1E-18"), Decimal("1E+18")


class TapeKind(IntEnum):
    """What a row says. 0 is no kind: a zeroed row is refused.

    kind          side         price                 qty            meaning
    LEVEL         BUY, SELL    price                 >= 0           this quantity now stands there
    TRADE         0, aggressor price                 > 0            a trade; side 0 = not recorded
    QUOTE         BUY, SELL    price, none if qty 0  >= 0           replaces all of this side
    CLEAR         0            none                  0              both sides are empty now
    UPPER_LIMIT   0            price, none = lifted  0              highest price that may trade
    LOWER_LIMIT   0            price, none = lifted  0              lowest price that may trade
    SETTLEMENT    0            price                 0              settlement price in force
    SESSION_OPEN  0            none                  0              trading starts
    SESSION_CLOSE 0            none                  0              trading stops
    END           0            none                  0              the tape's last row

    A contract without session rows is open throughout, one with them is closed until the first
    SESSION_OPEN. A contract without limit rows has no limits.
    """

    LEVEL = 1
    TRADE = 2
    QUOTE = 3
    CLEAR = 4
    UPPER_LIMIT = 5
    LOWER_LIMIT = 6
    SETTLEMENT = 7
    SESSION_OPEN = 8
    SESSION_CLOSE = 9
    END = 10


class TapeFlag(IntFlag):
    """MORE: the next row is of the same contract and time and belongs to the same update.

    A book may be crossed between the rows of one update, and is not to be matched there.
    """

    MORE = 1


class Contract(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One contract of a tape, in the order of `contract_index`."""

    code: str
    product: str
    venue: str
    currency: str
    tick_size: Decimal
    # Units of the underlying in one lot: money of a move = ticks * tick_size * multiplier * lots.
    multiplier: Decimal
    # One lot in the units of the recording's quantity column.
    lot_size: Decimal
    # UTC time, ns since 1970, at which the recording stood when the tape's time is 0.
    start_ns: int
    pre_settlement: int | None = None
    upper_limit: int | None = None
    lower_limit: int | None = None


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file that a tape was made from."""

    name: str
    sha256: str
    format: str
    origin: str
    licence: str


class Metadata(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that a tape says about itself. END stands at `span_ns`."""

    contracts: tuple[Contract, ...]
    sources: tuple[Source, ...]
    span_ns: int
    # Rows of the sources by what became of them, as the importer counted.
    counts: dict[str, int] = {}
    notes: tuple[str, ...] = ()


def check_metadata(metadata: Metadata) -> None:
    """Raises TapeError unless every contract can be priced and told from the others."""
    contracts = metadata.contracts
    if not 1 <= len(contracts) <= CONTRACTS_MAX:
        raise TapeError(f"{len(contracts)} contracts; expected 1 to {CONTRACTS_MAX}")
    codes = [contract.code for contract in contracts]
    if len(set(codes)) != len(codes) or not all(codes):
        raise TapeError(f"contract codes {codes}; expected distinct, non-empty codes")
    for contract in contracts:
        for field in ("tick_size", "multiplier", "lot_size"):
            value = getattr(contract, field)
            if not value.is_finite() or not UNIT_MIN <= value <= UNIT_MAX:
                raise TapeError(
                    f"{contract.code}: {field} is {value}; expected {UNIT_MIN} to {UNIT_MAX}"
                )
        for field in ("start_ns", "pre_settlement", "upper_limit", "lower_limit"):
            if abs(getattr(contract, field) or 0) > INT64_MAX:
                raise TapeError(f"{contract.code}: {field} is beyond 64 bits; expected an int64")
    if not 0 <= metadata.span_ns <= INT64_MAX:
        raise TapeError(f"span_ns is {metadata.span_ns}; expected 0 to {INT64_MAX}")


def check_events(events: Events, contract_count: int) -> None:
    """Raises TapeError at the first row that breaks TapeKind's table or the order of time."""
    if events.dtype != EVENT:
        raise TapeError(f"events of dtype {events.dtype}; expected {EVENT}")
    for rule, broken in _rules(events, contract_count):
        if broken.any():
            row = int(broken.argmax())
            raise TapeError(f"event {row} is {describe(events[row])}; expected {rule}")


def _rules(events: Events, contract_count: int) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    kind, side, qty = events["kind"], events["side"], events["qty"]
    priceless = events["price"] == NO_PRICE
    sided = np.isin(kind, (TapeKind.LEVEL, TapeKind.QUOTE))
    is_trade = kind == TapeKind.TRADE
    has_side = np.isin(side, (Side.BUY, Side.SELL))
    priced = np.isin(kind, (TapeKind.LEVEL, TapeKind.TRADE, TapeKind.SETTLEMENT))
    bare = np.isin(
        kind, (TapeKind.CLEAR, TapeKind.SESSION_OPEN, TapeKind.SESSION_CLOSE, TapeKind.END)
    )
    earlier = np.zeros(len(events), bool)
    earlier[1:] = events["time_ns"][1:] < events["time_ns"][:-1]
    return [
        ("a kind of 1 to 10", ~np.isin(kind, list(TapeKind))),
        (f"a contract_index below {contract_count}", events["contract_index"] >= contract_count),
        ("side BUY or SELL", sided & ~has_side),
        ("side BUY, SELL or 0", is_trade & ~has_side & (side != 0)),
        ("side 0", ~sided & ~is_trade & (side != 0)),
        ("qty of 0 or more", sided & (qty < 0)),
        ("qty above 0", is_trade & (qty <= 0)),
        ("qty 0", ~sided & ~is_trade & (qty != 0)),
        ("a price", priced & priceless),
        ("a price, or none for qty 0", (kind == TapeKind.QUOTE) & (priceless != (qty == 0))),
        ("no price", bare & ~priceless),
        ("flags 0 or 1", events["flags"] > TapeFlag.MORE),
        ("pad 0", events["pad"].any(axis=1)),
        ("a time of 0 or later", events["time_ns"] < 0),
        ("a time not before the row above", earlier),
        ("MORE only before a row of its contract and time", _loose(events)),
    ]


def _loose(events: Events) -> npt.NDArray[np.bool_]:
    """Rows with MORE whose next row is of another update; the last row's next is not here."""
    loose = np.zeros(len(events), bool)
    more = (events["flags"][:-1] & TapeFlag.MORE) != 0
    same = (events["time_ns"][1:] == events["time_ns"][:-1]) & (
        events["contract_index"][1:] == events["contract_index"][:-1]
    )
    loose[:-1] = more & ~same
    return loose


def describe(event: Any) -> str:
    """One row as text: kind, contract, time, side, price, quantity."""
    number = int(event["kind"])
    kind = TapeKind(number).name if number in list(TapeKind) else f"kind {number}"
    code = int(event["side"])
    side = {0: "", int(Side.BUY): " BUY", int(Side.SELL): " SELL"}.get(code, f" side {code}")
    price = "none" if event["price"] == NO_PRICE else int(event["price"])
    return (
        f"{kind}{side} of contract {event['contract_index']} at {event['time_ns']} ns,"
        f" price {price}, qty {event['qty']}, flags {event['flags']}"
    )


def merge(parts: list[Events]) -> Events:
    """Events of several recordings in order of time; each recording's own order stays."""
    joined = np.concatenate(parts) if parts else np.empty(0, EVENT)
    return joined[np.argsort(joined["time_ns"], kind="stable")]
