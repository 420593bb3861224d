"""Records of a day's end and of differences with a venue, in a few words."""

from typing import Any

from tidegate.explain.units import Speaker
from tidegate.native.records import CONTROL_RECORD, Kind, Side

SIDES = {int(Side.BUY): "bought", int(Side.SELL): "sold"}


def describe_day(row: Any, speaker: Speaker) -> str:
    """What a DAY_ROLL, BREAK or ADJUSTMENT says."""
    record = row.view(CONTROL_RECORD)[0]
    kind = int(record["kind"])
    if kind == Kind.DAY_ROLL:
        return f"The end of day {int(record['amount'])}"
    account = speaker.account(int(record["account"]))
    what = _what(record, speaker)
    if kind == Kind.BREAK:
        return f"{account}: the venue's figure of {what}, {_amount(record, speaker)} beside ours,"
    if record["order_id"]:
        return f"The adjustment of order {int(record['order_id'])}"
    if record["side"]:
        done = SIDES.get(int(record["side"]), "?")
        price = speaker.price(int(record["price"]), speaker.instrument(int(record["instrument"])))
        return f"{account}: the adjustment, {done} {int(record['order_qty'])} {what} at {price},"
    if record["amount"]:
        return f"{account}: the adjustment of {what} by {_amount(record, speaker)}"
    return f"{account}: the dismissal of the difference in {what}"


def _what(record: Any, speaker: Speaker) -> str:
    if record["currency"]:
        return speaker.currency(int(record["currency"]))
    instrument = speaker.instrument(int(record["instrument"]))
    symbol = instrument.symbol if instrument else "?"
    if record["order_id"]:
        return f"order {int(record['order_id'])} in {symbol}"
    return symbol


def _amount(record: Any, speaker: Speaker) -> str:
    """Signed; money of a currency, else lots."""
    amount = int(record["amount"])
    sign = "+" if amount > 0 else ""
    return f"{sign}{speaker.money(amount, None) if record['currency'] else amount}"
