"""A table of margin rates in TOML or JSON: products with terms, instruments with prices.

An instrument has what it does not state itself from its product. Every figure is an exact decimal.
"""

import tomllib
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import msgspec

from tidegate.errors import MarginError
from tidegate.span.portfolio import exact

PRE_SETTLEMENT, LAST, AVERAGE, OPEN_PRICE = 1, 2, 3, 4
NET, LONG_SHORT = "net", "long_short"

Model = Literal["net", "long_short"]
Hedge = Literal["", "SPECULATION", "ARBITRAGE", "HEDGE"]

ANY_HEDGE: Hedge = ""


class SideRates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rates of both sides for one hedge flag, or for any."""

    hedge: Hedge = ANY_HEDGE
    long_by_money: Decimal = Decimal(0)
    long_by_volume: Decimal = Decimal(0)
    short_by_money: Decimal = Decimal(0)
    short_by_volume: Decimal = Decimal(0)


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a product, or an instrument for itself, states. `rates` are what the client is asked
    for, `exchange_rates` what the exchange asks for.
    """

    product: str = ""
    currency: str | None = None
    multiplier: Decimal | None = None
    model: Model | None = None
    max_side: bool | None = None
    max_side_group: str | None = None
    max_side_by_hedge: bool | None = None
    price_basis: Literal[1, 2, 3, 4] | None = None
    floor_per_lot: Decimal | None = None
    rates: list[SideRates] | None = None
    exchange_rates: list[SideRates] | None = None


class InstrumentTerms(Terms, frozen=True, forbid_unknown_fields=True):
    """An instrument: its code, or its product with a maturity, and its prices."""

    instrument: str = ""
    maturity: str | int = ""
    pre_settlement: Decimal | None = None
    last: Decimal | None = None
    average: Decimal | None = None


class TableFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it is written."""

    instruments: list[InstrumentTerms]
    products: list[Terms] = []
    currency: str = ""


class RateInstrument(msgspec.Struct, frozen=True):
    """One instrument with all its terms; prices and rates exact, by basis and by hedge flag."""

    name: str
    product: str
    maturity: str
    currency: str
    model: str
    multiplier: Fraction
    max_side: bool
    max_side_group: str
    max_side_by_hedge: bool
    price_basis: int
    floor_per_lot: Fraction
    prices: dict[int, Fraction]
    rates: tuple[SideRates, ...]
    exchange_rates: tuple[SideRates, ...]


class RateTable(msgspec.Struct, frozen=True):
    """A whole table; `file` is for messages."""

    file: str
    instruments: tuple[RateInstrument, ...]


def read_rate_table(path: Path) -> RateTable:
    """The table in a .toml or .json file; MarginError names what is missing or out of range."""
    try:
        if path.suffix.lower() == ".toml":
            text = path.read_text(encoding="utf-8")
            content: Any = tomllib.loads(text, parse_float=Decimal)
            table = msgspec.convert(content, TableFile)
        else:
            table = msgspec.json.decode(path.read_bytes(), type=TableFile)
    except OSError as error:
        raise MarginError(f"{path}: {error.strerror}; expected a rate table") from None
    except (tomllib.TOMLDecodeError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MarginError(f"{path}: {error}; expected a rate table") from None
    products = {product.product: product for product in table.products}
    found = []
    for index, terms in enumerate(table.instruments):
        where = f"{path}: instruments[{index}]"
        found.append(_instrument(table, products.get(terms.product, Terms()), terms, where))
    names = [instrument.name for instrument in found]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise MarginError(f"{path}: instrument {doubled[0]} twice; expected each once")
    return RateTable(str(path), tuple(found))


def _instrument(
    table: TableFile, product: Terms, terms: InstrumentTerms, where: str
) -> RateInstrument:
    def stated(key: str, default: Any) -> Any:
        own = getattr(terms, key)
        of_product = getattr(product, key)
        return own if own is not None else default if of_product is None else of_product

    name = terms.instrument or f"{terms.product}{terms.maturity}"
    currency = stated("currency", table.currency)
    multiplier = stated("multiplier", None)
    rates = tuple(stated("rates", []))
    if not name:
        raise MarginError(f"{where}: expected instrument, or product and maturity")
    if not currency:
        raise MarginError(f"{where}.currency: none; expected one such as CNY")
    if multiplier is None or exact(multiplier, f"{where}.multiplier") <= 0:
        raise MarginError(f"{where}.multiplier: {multiplier}; expected more than 0")
    if not rates:
        raise MarginError(f"{where}.rates: none; expected at least one row of rates")
    exchange_rates = tuple(stated("exchange_rates", []))
    for key, rows in (("rates", rates), ("exchange_rates", exchange_rates)):
        for number, row in enumerate(rows):
            _check_rates(row, f"{where}.{key}[{number}]")
    floor = exact(stated("floor_per_lot", Decimal(0)), f"{where}.floor_per_lot")
    if floor < 0:
        raise MarginError(f"{where}.floor_per_lot: {floor}; expected 0 or more")
    prices = {PRE_SETTLEMENT: "pre_settlement", LAST: "last", AVERAGE: "average"}
    return RateInstrument(
        name=name,
        product=terms.product or name,
        maturity=str(terms.maturity),
        currency=currency,
        model=stated("model", NET),
        multiplier=exact(multiplier, where),
        max_side=stated("max_side", False),
        max_side_group=stated("max_side_group", terms.product or name),
        max_side_by_hedge=stated("max_side_by_hedge", False),
        price_basis=stated("price_basis", PRE_SETTLEMENT),
        floor_per_lot=floor,
        prices={
            basis: exact(value, f"{where}.{key}")
            for basis, key in prices.items()
            if (value := getattr(terms, key)) is not None
        },
        rates=rates,
        exchange_rates=exchange_rates,
    )


def _check_rates(row: SideRates, where: str) -> None:
    """A rate of nothing or of more than the whole price is a slip, never a wish."""
    for side in ("long", "short"):
        by_money = exact(getattr(row, f"{side}_by_money"), f"{where}.{side}_by_money")
        by_volume = exact(getattr(row, f"{side}_by_volume"), f"{where}.{side}_by_volume")
        if not 0 <= by_money <= 1:
            raise MarginError(
                f"{where}.{side}_by_money: {getattr(row, f'{side}_by_money')}; expected more than "
                "0 and at most 1, which is 100 %"
            )
        if by_volume < 0:
            raise MarginError(
                f"{where}.{side}_by_volume: {getattr(row, f'{side}_by_volume')}; expected 0 or more"
            )
        if not by_money and not by_volume:
            raise MarginError(
                f"{where}: {side}_by_money and {side}_by_volume are 0; expected one above 0"
            )
