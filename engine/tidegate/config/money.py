"""Whose money a level trades on: its own cash, a slice of a pool, or none (RISK.md 4.2)."""

from collections.abc import Iterable, Mapping

import msgspec

from tidegate.config import units
from tidegate.config.limits import positive_money
from tidegate.config.names import Names, attempt, lookup
from tidegate.config.problems import Problems
from tidegate.config.schema_accounts import Level, Trading
from tidegate.universe import Account, Currency, Instrument

LEVERAGE_SCALE = 100


class Money(msgspec.Struct, frozen=True, kw_only=True):
    """The money columns of an account."""

    cash: dict[int, int]
    pool: int = 0
    credit_line: dict[int, int] = {}
    is_shared: bool = False
    is_converted: bool = False
    max_loss: dict[int, int] = {}
    max_drawdown: dict[int, int] = {}
    leverage_max: int | None = None

    @property
    def is_stated(self) -> bool:
        """Whether there is any to be checked."""
        return bool(self.cash or self.credit_line)


def resolve_money(
    row: Level,
    where: str,
    *,
    name: str,
    above: list[Account],
    pools: set[str],
    is_above: bool,
    names: Names,
    currencies: tuple[Currency, ...],
    problems: Problems,
) -> Money:
    """The money of one level; `above` is its chain of parents, `pools` the names drawn on, and
    `is_above` says whether others are below it.
    """
    cash = amounts(row.cash, f"{where}.cash", names, problems)
    pool = 0
    credit_line: dict[int, int] = {}
    if isinstance(row, Trading):
        pool, credit_line = resolve_pool(row, where, name, above, names, problems)
    if row.converts_currencies:
        if pool or name in pools:
            problems.add(
                f"{where}.converts_currencies",
                "given with a pool; expected an account on its own money, for a slice is of one "
                "currency",
            )
        check_rates(cash, currencies, f"{where}.converts_currencies", problems)
    return Money(
        cash=cash,
        pool=pool,
        credit_line=credit_line,
        is_shared=is_shared(
            row, where, is_pool=name in pools, is_above=is_above, problems=problems
        ),
        is_converted=row.converts_currencies,
        max_loss=losses(row.max_loss, f"{where}.max_loss", names, problems),
        max_drawdown=losses(row.max_drawdown, f"{where}.max_drawdown", names, problems),
        leverage_max=leverage(row, f"{where}.max_leverage", bool(cash or credit_line), problems),
    )


def amounts(
    stated: Mapping[str, str | int], where: str, names: Names, problems: Problems
) -> dict[int, int]:
    return {
        lookup(code, names.currencies, "currency", where, problems): attempt(
            units.money, (amount,), f"{where}.{code}", problems
        )
        for code, amount in stated.items()
    }


def losses(
    stated: Mapping[str, str | int], where: str, names: Names, problems: Problems
) -> dict[int, int]:
    return {
        lookup(code, names.currencies, "currency", where, problems): positive_money(
            amount, f"{where}.{code}", problems
        )
        for code, amount in stated.items()
    }


def resolve_pool(
    row: Trading, where: str, name: str, above: list[Account], names: Names, problems: Problems
) -> tuple[int, dict[int, int]]:
    """The pool's handle and the slice of it; a pool is a level above that has cash of its own."""
    credit_line = losses(row.slice, f"{where}.slice", names, problems)
    if row.pool is None:
        if row.slice:
            problems.add(f"{where}.slice", "given without pool")
        return 0, {}
    if not row.slice:
        problems.add(f"{where}.slice", "missing; expected with pool, by currency")
    if row.cash:
        problems.add(f"{where}.cash", "given with pool; expected cash, or pool and slice")
    if row.pool == name:
        problems.add(f"{where}.pool", "the pool is its own member; expected a level above it")
        return 0, {}
    known = {account.name: account for account in above}
    if not lookup(
        row.pool,
        {key: a.handle for key, a in known.items()},
        "level above",
        f"{where}.pool",
        problems,
    ):
        return 0, {}
    pool = known[row.pool]
    if pool.pool:
        problems.add(
            f"{where}.pool", f"{row.pool!r} draws on a pool itself; expected one with its own cash"
        )
    for code, handle in names.currencies.items():
        if handle in credit_line and credit_line[handle] > pool.cash.get(handle, 0):
            problems.add(
                f"{where}.slice.{code}",
                f"more than the cash of {row.pool!r}; expected at most that",
            )
    return pool.handle, credit_line


def is_shared(row: Level, where: str, *, is_pool: bool, is_above: bool, problems: Problems) -> bool:
    """Whether the level's cash backs the net of all below: where it states any and is no pool."""
    at = f"{where}.shares_margin"
    if row.shares_margin is not None and not is_above:
        problems.add(at, "given, but nothing is below it; expected at a level above others")
    if row.shares_margin and is_pool:
        problems.add(
            at,
            "true, but slices of it are drawn on; expected one rule: members hold their own "
            "margin in a pool, a shared level is margined net",
        )
    if row.shares_margin and not row.cash:
        problems.add(at, "true, but the level states no cash to share")
    if row.shares_margin is False and isinstance(row, Trading) and not is_pool:
        problems.add(at, "false; expected a sub-account to share its cash or to be a pool")
    return row.shares_margin is not False and bool(row.cash) and is_above and not is_pool


def leverage(row: Level, where: str, has_money: bool, problems: Problems) -> int | None:
    """The cap in hundredths: notional over equity."""
    if row.max_leverage is None:
        return None
    if not has_money:
        problems.add(where, "given without money at this level")
    try:
        scaled = units.whole(units.positive(row.max_leverage) * LEVERAGE_SCALE)
    except ValueError as error:
        problems.add(where, str(error))
        return None
    if scaled is None:
        problems.add(where, f"expected at most 2 decimals, got {row.max_leverage!r}")
    return scaled


def check_rates(
    handles: Iterable[int], currencies: tuple[Currency, ...], where: str, problems: Problems
) -> None:
    """All currencies that back each other need a rate."""
    for handle in handles:
        found = next((row for row in currencies if row.handle == handle), None)
        if found is not None and found.bid_rate is None:
            problems.add(
                where, f"no rate of {found.code}; expected [[currencies]] with its bid and ask"
            )


def complete(
    money: Money,
    products: tuple[int, ...],
    instruments: tuple[Instrument, ...],
    currencies: tuple[Currency, ...],
    where: str,
    problems: Problems,
) -> Money:
    """The money of a level that sends orders. A product that it may trade but not pay for is a
    slip; a converted account pays for all with what it has.
    """
    traded = {
        instrument.currency: instrument.symbol
        for instrument in instruments
        if instrument.product_index in products
    }
    if not money.is_stated:
        problems.add(f"{where}.cash", "missing; expected cash, or pool and slice")
        return money
    if money.is_converted:
        check_rates(traded, currencies, f"{where}.converts_currencies", problems)
        return msgspec.structs.replace(money, cash=dict.fromkeys(traded, 0) | money.cash)
    key = "slice" if money.pool else "cash"
    for currency in currencies:
        known = money.cash | money.credit_line
        if currency.handle in traded and currency.handle not in known:
            problems.add(
                f"{where}.{key}",
                f"no {currency.code}; expected {key} in it to trade {traded[currency.handle]}",
            )
    return money
