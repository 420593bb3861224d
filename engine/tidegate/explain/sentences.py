"""What a risk officer would say to the trader: one sentence for each reason, with its numbers."""

from typing import NamedTuple

from tidegate.explain.units import UNITS, Speaker, Unit
from tidegate.native.records import Level, Reason, Scope

SENTENCES: dict[Reason, str] = {
    Reason.MALFORMED: "The order is not well formed, or asks for terms that are not traded.",
    Reason.UNKNOWN_ACCOUNT: "There is no such account, or it is not one that trades.",
    Reason.UNKNOWN_INSTRUMENT: "There is no such instrument.",
    Reason.DUPLICATE_CL_ORD_ID: "This cl_ord_id was used before today.",
    Reason.TABLE_FULL: "There is no room for another order.",
    Reason.LIST_REFUSED: "Another order of its list of {limit} was refused, so none of it trades.",
    Reason.KILL_SWITCH: "The kill switch is on{where}.",
    Reason.HALTED_STATE: "Trading is halted{where}: the state is {asked}.",
    Reason.RE_ENABLE_NEEDED: "{used} executions without a person's look, of {limit} allowed"
    "{where}: somebody must enable it again.",
    Reason.PROTECTION_PULLED: "Market maker protection has pulled the account's orders in this "
    "product after {used} filled; it must be reset first.",
    Reason.SESSION_CLOSED: "The market is not open for new orders.",
    Reason.NOT_PERMITTED: "The product may not be traded{where}.",
    Reason.RESTRICTED: "The instrument is on the restricted list{where}.",
    Reason.SIDE_LOCKED: "This side is locked{where}.",
    Reason.REDUCING_STATE: "Only orders that shrink the position are taken{where}: the position "
    "is {used}, {limit} can be closed, the order adds {asked}.",
    Reason.REDUCE_ONLY_ORDER: "A reduce-only order must shrink the position: it is {used}, "
    "{limit} can be closed, the order adds {asked}.",
    Reason.CLOSABLE_LOTS: "{limit} can be closed, as {used} are frozen by other closing orders; "
    "the order closes {asked}.",
    Reason.LOSS_LIMIT: "The day's loss of {used} has reached the limit of {limit}{where}.",
    Reason.DRAWDOWN_LIMIT: "The fall of {used} from the day's best has reached the limit of "
    "{limit}{where}.",
    Reason.ORDER_SIZE: "The order's {asked} are more than the {limit} allowed at once{where}.",
    Reason.MARKET_ORDER_SIZE: "The market order's {asked} are more than the {limit} "
    "allowed{where}.",
    Reason.ORDER_SIZE_MIN: "The order's {asked} are fewer than the least of {limit}.",
    Reason.LOT_STEP: "The order's {asked} are no multiple of {limit}.",
    Reason.PRICE_STEP: "The price {asked} is no multiple of {limit}.",
    Reason.ORDER_NOTIONAL: "The order is worth {asked}, more than the {limit} allowed{where}.",
    Reason.REFERENCE_MISSING: "There is no reference price yet.",
    Reason.REFERENCE_STALE: "The reference price is {asked} old; {limit} is the most.",
    Reason.PRICE_COLLAR: "The price {asked} is beyond {limit}, too far from the reference {used}.",
    Reason.MARKET_UNPROTECTED: "Market orders need a collar, and the instrument has none.",
    Reason.PERIOD_COLLAR: "The price {asked} is more than {limit} away from {used}, where this "
    "account began in the window.",
    Reason.ORDER_RATE: "Too many orders{where}: the next may be sent in {used} less {limit}.",
    Reason.REPLACE_RATE: "Too many replaces{where}: the next may be sent in {used} less {limit}.",
    Reason.SLOWED: "The account is slowed{where}: {limit} must pass between orders, {used} have.",
    Reason.DAY_ORDERS: "{used} orders today of {limit} allowed{where}.",
    Reason.DAY_CANCELS: "{used} cancels in this contract today of {limit} allowed{where}.",
    Reason.DAY_LARGE_CANCELS: "{used} large cancels in this contract today of {limit} "
    "allowed{where}.",
    Reason.DAY_SELF_TRADES: "{used} self-trades in this contract today of {limit} allowed{where}.",
    Reason.ORDER_TO_TRADE: "{used} messages for {asked} trades: more than {limit} each{where}.",
    Reason.OPEN_ORDERS: "{used} orders are open of {limit} allowed{where}.",
    Reason.IDENTICAL_ORDERS: "The same order was sent {used} times in a short while; {limit} is "
    "the most.",
    Reason.SELF_MATCH_OWN: "It would trade with the account's own order at {limit}.",
    Reason.SELF_MATCH_GROUP: "It would trade with an order of the same owner at {limit}.",
    Reason.LIMIT_MISSING: "The account has no position limit for this instrument.",
    Reason.POSITION_LIMIT: "The position could become {used} plus {asked}; {limit} is the "
    "limit{where}.",
    Reason.GROSS_LIMIT: "The gross position could become {used} plus {asked}; {limit} is the "
    "limit{where}.",
    Reason.CONCENTRATION: "The account would hold {used} of its master's {asked} in the product; "
    "{limit} is the most.",
    Reason.MARGIN_MISSING: "The margin of a lot is not known.",
    Reason.BALANCE_MISSING: "The account has no money in this currency.",
    Reason.CURRENCY_RATE_MISSING: "There is no exchange rate for this currency.",
    Reason.LEVERAGE: "Positions and orders are worth {used}, the order adds {asked}; {limit} is "
    "what the money may carry{where}.",
    Reason.MARGIN: "The order needs {asked} more margin; {used} of {limit} are in use{where}.",
    Reason.FEE: "With its fee the order needs {asked}; {used} of {limit} are in use{where}.",
    Reason.POOL: "The order needs {asked} of the pool; {used} of its {limit} are in use{where}.",
    Reason.OVERFLOW: "The amounts of the order are too large to be counted.",
    Reason.UNKNOWN_ORDER: "There is no such order.",
    Reason.TOO_LATE: "The order is already over.",
    Reason.REQUEST_PENDING: "An earlier request on this order has not been answered yet.",
    Reason.JOURNAL_UNAVAILABLE: "The journal cannot be written, so nothing new is taken.",
    Reason.STALE_ORDER: "It waited {asked} on its way to risk; {limit} is the most.",
}


class Compared(NamedTuple):
    """What a check compared: raw numbers, the level and the scope."""

    limit: int
    used: int
    asked: int
    level: int
    scope: int


def where(level: int, scope: int) -> str:
    """ " for the product at the MASTER level", as far as it is known."""
    scopes = {
        Scope.SCOPE_INSTRUMENT: " in the instrument",
        Scope.SCOPE_PRODUCT: " in the product",
        Scope.SCOPE_ALL: " over all instruments",
        Scope.SCOPE_SESSION: " of the session",
    }
    found = scopes[Scope(scope)] if scope in set(Scope) else ""
    if level in set(Level):
        found += f" for the {Level(level).name.lower().replace('_', ' ')}"
    return found


def numbers(
    speaker: Speaker, reason: Reason, compared: Compared, instrument: int
) -> tuple[str, str, str]:
    """limit, used and asked with their units."""
    units = UNITS.get(reason, (Unit.PLAIN,) * 3)
    row = speaker.instrument(instrument)
    values = (compared.limit, compared.used, compared.asked)
    first, second, third = (
        speaker.value(value, unit, row, is_limit=at == 0)
        for at, (value, unit) in enumerate(zip(values, units, strict=True))
    )
    return first, second, third


def sentence(speaker: Speaker, reason: int, compared: Compared, instrument: int) -> str:
    """What to tell the trader about a refusal."""
    if reason not in set(Reason):
        return f"Refused for reason {reason}, which this version does not know."
    known = Reason(reason)
    text = SENTENCES.get(known)
    if text is None:
        return f"{known.name.capitalize().replace('_', ' ')}."
    limit, used, asked = numbers(speaker, known, compared, instrument)
    return text.format(
        limit=limit, used=used, asked=asked, where=where(compared.level, compared.scope)
    )
