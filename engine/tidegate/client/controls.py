"""Control records of one request, and why they are sent: what an operator's words come down to."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from struct import pack
from typing import Any, NamedTuple

from tidegate.codec import ARRAY, CONTROL, NOTE, View
from tidegate.errors import SessionError
from tidegate.native.records import NO_PRICE, Kind

Money = str | int | Decimal
NOTE_SIZE = 32
WHY_SIZE_MAX = 1024
# Values of a SPAN array, and how many one record has room for.
ARRAY_SIZE = 20
ARRAY_PART = 6


class Control(NamedTuple):
    """One record of a request."""

    view: View
    values: Mapping[str, Any]


class Request(NamedTuple):
    """Records that are sent together, and answered by one answer: to the last of them.

    request_id 0 = a new number.
    """

    controls: list[Control]
    why: str
    request_id: int = 0


def control(values: Mapping[str, Any]) -> Control:
    """A control record; one without a price says so."""
    return Control(CONTROL, {"price": NO_PRICE, **values})


def array_parts(instrument: int, values: Sequence[int], epoch: int) -> list[Control]:
    """The MARGIN_ARRAY records of an instrument's ARRAY_SIZE values (RISK.md 5.7)."""
    padded = [*values, *[0] * (-ARRAY_SIZE % ARRAY_PART)]
    known = {"kind": Kind.MARGIN_ARRAY, "price": NO_PRICE, "instrument": instrument}
    return [
        Control(
            ARRAY,
            {
                **known,
                "values": pack(f"<{ARRAY_PART}i", *padded[first : first + ARRAY_PART]),
                "epoch": epoch,
                "first": first,
            },
        )
        for first in range(0, ARRAY_SIZE, ARRAY_PART)
    ]


def packed(request: Request, request_id: int) -> list[bytes]:
    """The request's records behind the NOTEs that say why; SessionError without a reason."""
    text = request.why.strip()
    if not text or len(text.encode()) > WHY_SIZE_MAX or "\0" in text:
        raise SessionError(f"why is needed, of at most {WHY_SIZE_MAX} bytes")
    notes = [
        NOTE.pack({"kind": Kind.NOTE, "price": NO_PRICE, "cl_ord_id": request_id, "text": part})
        for part in pieces(text)
    ]
    return notes + [
        view.pack({**values, "cl_ord_id": request_id}) for view, values in request.controls
    ]


def pieces(text: str) -> list[bytes]:
    """The text in parts that a NOTE has room for, no character cut in two."""
    parts = [b""]
    for character in text:
        encoded = character.encode()
        if len(parts[-1]) + len(encoded) > NOTE_SIZE:
            parts.append(b"")
        parts[-1] += encoded
    return parts
