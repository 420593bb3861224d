"""What tables say of one account at one moment, in the integers of the engine."""

from typing import NamedTuple

from tidegate.native.records import NO_PRICE
from tidegate.native.tables import Tables

Amounts = dict[int, int]


class Held(NamedTuple):
    """A position: lots by side, today's of them, and what they cost."""

    longs: int
    shorts: int
    longs_today: int
    shorts_today: int
    cost: int
    short_cost: int


class Picture(NamedTuple):
    """By currency cash, fees, margin and unrealised; by instrument what is held and its prices."""

    cash: Amounts
    fees: Amounts
    margin: Amounts
    unrealised: Amounts
    held: dict[int, Held]
    marks: Amounts
    settlements: Amounts


def cash_and_fees(tables: Tables, account: int, currencies: int) -> list[tuple[int, int]]:
    """Of each currency, from 1 on."""
    first = account * (currencies + 1) + 1
    rows = tables.arrays["balances"][first : first + currencies]
    return list(zip(rows["cash"].tolist(), rows["fees"].tolist(), strict=True))


def picture(tables: Tables, account: int, currencies: int) -> Picture:
    """The account now."""
    arrays = tables.arrays
    first = account * (currencies + 1)
    rows = {c: arrays["balances"][first + c] for c in range(1, currencies + 1)}
    prices = arrays["instruments"]
    return Picture(
        cash={c: int(row["cash"]) for c, row in rows.items()},
        fees={c: int(row["fees"]) for c, row in rows.items()},
        margin={c: int(row["margin"]) for c, row in rows.items()},
        unrealised={c: int(row["unrealised"]) for c, row in rows.items()},
        held=_held(tables, account),
        marks=_known(prices["mark_px"].tolist()),
        settlements=_known(prices["settlement_px"].tolist()),
    )


def _known(prices: list[int]) -> Amounts:
    return {one: price for one, price in enumerate(prices) if one and price != NO_PRICE}


def _held(tables: Tables, account: int) -> dict[int, Held]:
    arrays = tables.arrays
    used = arrays["pairs"][1 : int(arrays["risk"]["pair_count"][0]) + 1]
    found = {}
    for pair in used[used["account"] == account]:
        sides, net = arrays["sides"][pair["sides"]], int(pair["net"])
        longs, shorts, today = max(0, net), max(0, -net), (0, 0)
        if pair["sides"]:
            today = int(sides["long_today"]), int(sides["short_today"])
            longs = today[0] + int(sides["long_yesterday"])
            shorts = today[1] + int(sides["short_yesterday"])
        costs = int(pair["open_cost"]), int(sides["short_cost"]) if pair["sides"] else 0
        found[int(pair["instrument"])] = Held(longs, shorts, *today, *costs)
    return found
