"""A portfolio file in JSON, and its positions and orders found in a PA2 file.

Strict: an unknown key, a fraction of a lot, a contract that is missing or not unique is an error.
"""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tidegate.errors import MarginError
from tidegate.span.parameters import OPTION_TYPES, Contract, ParameterSet
from tidegate.span.scanning import Holding

LOTS_MAX = 2**63 - 1
DIGITS_MAX = 38
_SHOWN = 6

T = TypeVar("T")


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Signed lots of a future or option. `maturity` is CCYYMM and a weekly's day code behind it."""

    product: str
    maturity: str | int
    qty: int
    right: str = ""
    strike: Decimal | None = None
    underlying_maturity: str | int = ""
    type: str = ""
    exchange: str = ""


class Order(Position, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A working order: `side` with lots above 0, or signed lots without side."""

    side: str = ""
    price: Decimal | None = None


class Portfolio(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is held and what is working."""

    positions: list[Position] = []
    orders: list[Order] = []


def read_json(path: Path, form: type[T]) -> T:
    """A JSON file as `form`; MarginError that names the key."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=form)
    except OSError as error:
        raise MarginError(f"{path}: {error.strerror}; expected a portfolio in JSON") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MarginError(f"{path}: {error}; expected a portfolio in JSON") from None


def exact(number: Decimal, where: str) -> Fraction:
    """A decimal as a Fraction, if it is finite and of a length that a price can have."""
    parts = number.as_tuple()
    if not isinstance(parts.exponent, int):
        raise MarginError(f"{where}: {number}; expected a finite number")
    if len(parts.digits) > DIGITS_MAX or abs(parts.exponent) > DIGITS_MAX:
        raise MarginError(f"{where}: {number}; expected at most {DIGITS_MAX} digits")
    return Fraction(number)


def signed_lots(side: str, qty: int, where: str) -> int:
    """Lots bought as above 0, sold as below."""
    if abs(qty) > LOTS_MAX:
        raise MarginError(f"{where}.qty: {qty}; expected a number that fits 64 bits")
    if not side:
        if not qty:
            raise MarginError(f"{where}.qty: 0; expected lots above 0 or below 0")
        return qty
    if side not in ("BUY", "SELL"):
        raise MarginError(f"{where}.side: {side!r}; expected BUY or SELL")
    if qty <= 0:
        raise MarginError(f"{where}.qty: {qty} beside a side; expected lots above 0")
    return qty if side == "BUY" else -qty


def find(parameters: ParameterSet, position: Position, where: str) -> Contract:
    """The one contract that a position names."""
    if abs(position.qty) > LOTS_MAX:
        raise MarginError(f"{where}.qty: {position.qty}; expected a number that fits 64 bits")
    maturity = str(position.maturity)
    if position.right not in ("", "C", "P"):
        raise MarginError(f"{where}.right: {position.right!r}; expected C or P, or no right")
    if bool(position.right) != (position.strike is not None):
        raise MarginError(f"{where}: expected right and strike for an option, neither for a future")
    listed = parameters.contracts.get((position.product, maturity), [])
    found = [contract for contract in listed if _is_named(parameters, contract, position, where)]
    if len(found) == 1:
        return found[0]
    name = f"{position.product} {maturity}"
    if position.right:
        name += f" {position.right} {position.strike}"
    if found:
        others = {f"{c.family[0]} {c.family[2]} on {c.month[0]}{c.month[1]}" for c in found}
        raise MarginError(
            f"{where}: {name} is {len(found)} contracts in {parameters.file} "
            f"({', '.join(sorted(others))}); expected exchange, type or underlying_maturity with it"
        )
    raise MarginError(
        f"{where}: {parameters.file} has no risk array for {name}; {_known(parameters, position)}"
    )


def _is_named(parameters: ParameterSet, contract: Contract, position: Position, where: str) -> bool:
    exchange, _, kind = contract.family
    month = f"{contract.month[0]}{contract.month[1]}"
    if (
        contract.right != position.right
        or (kind in OPTION_TYPES) != bool(position.right)
        or position.exchange not in ("", exchange)
        or position.type not in ("", kind)
        or str(position.underlying_maturity) not in ("", month)
    ):
        return False
    if position.strike is None:
        return True
    family = parameters.families[contract.family]
    return family.strike(contract.strike) == exact(position.strike, f"{where}.strike")


def _known(parameters: ParameterSet, position: Position) -> str:
    maturities = sorted({key[1] for key in parameters.contracts if key[0] == position.product})
    if not maturities:
        return f"expected a product of the file; it has no {position.product!r}"
    shown = ", ".join(maturities[:_SHOWN]) + (", ..." if len(maturities) > _SHOWN else "")
    return f"expected a contract of it; the maturities of {position.product} are {shown}"


class Found(msgspec.Struct, frozen=True):
    """One contract's holdings, and the premium of its buy orders."""

    held: Holding
    premium: Fraction


def holdings(
    sets: Sequence[ParameterSet], portfolio: Portfolio
) -> list[tuple[ParameterSet, list[Found]]]:
    """Per parameter set what is held and working in its contracts, one holding a contract."""
    found: dict[tuple[int, Any], Found] = {}
    rows: list[tuple[str, Position]] = [
        (f"positions[{index}]", position) for index, position in enumerate(portfolio.positions)
    ] + [(f"orders[{index}]", order) for index, order in enumerate(portfolio.orders)]
    for where, row in rows:
        index, contract = _find_in_any(sets, row, where)
        identity = contract.family, contract.month, contract.option_month, contract.right
        key = index, (*identity, contract.strike)
        before = found.get(key, Found(Holding(contract, 0), Fraction(0)))
        if not isinstance(row, Order):
            held = msgspec.structs.replace(before.held, qty=before.held.qty + row.qty)
            found[key] = Found(held, before.premium)
            continue
        lots = signed_lots(row.side, row.qty, where)
        buy, sell = before.held.open_buy + max(0, lots), before.held.open_sell + max(0, -lots)
        held = msgspec.structs.replace(before.held, open_buy=buy, open_sell=sell)
        premium = _premium(sets[index], contract, row, lots, where)
        found[key] = Found(held, before.premium + premium)
    return [
        (parameters, [entry for key, entry in found.items() if key[0] == index])
        for index, parameters in enumerate(sets)
    ]


def _find_in_any(
    sets: Sequence[ParameterSet], position: Position, where: str
) -> tuple[int, Contract]:
    """Looks into each set; the refusal of the first one is told if none has the contract."""
    found: list[tuple[int, Contract]] = []
    refusals: list[MarginError] = []
    for index, parameters in enumerate(sets):
        try:
            found.append((index, find(parameters, position, where)))
        except MarginError as error:
            refusals.append(error)
    if not found:
        raise refusals[0]
    if len(found) > 1:
        files = ", ".join(sets[index].file for index, _ in found)
        raise MarginError(f"{where}: {position.product} is in {files}; expected it in one file")
    return found[0]


def _premium(
    parameters: ParameterSet, contract: Contract, order: Order, lots: int, where: str
) -> Fraction:
    """What a buy order of an option may cost: at its own price, or at settlement without one."""
    price = exact(order.price, f"{where}.price") if order.price is not None else None
    if lots < 0 or not parameters.has_premium(contract):
        return Fraction(0)
    if price is not None:
        return max(Fraction(0), price * parameters.value_factor_of(contract) * lots)
    value = parameters.option_value_of(contract)
    if value is None:
        raise MarginError(
            f"{where}: {parameters.describe(contract)} has no settlement price (all nines); "
            "expected a price for a buy order"
        )
    return value * lots
