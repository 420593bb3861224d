"""Accounts of a config: the hierarchy with handles, limits and permissions, parents first."""

from typing import Literal

import msgspec

from tidegate.config import money
from tidegate.config.fields import PPM_MAX, SelfMatch
from tidegate.config.limits import (
    check_grades,
    check_trading,
    resolve_grades,
    resolve_limits,
    resolve_rates,
)
from tidegate.config.names import Names, duplicates, lookup
from tidegate.config.problems import Problems
from tidegate.config.schema import Tables
from tidegate.config.schema_accounts import Group, Level, Trading
from tidegate.naming import NAME, NAME_WORDS
from tidegate.universe import Account, Currency, Instrument

ACCOUNTS_MAX = 1_000_000
NS_PER_MS = 1_000_000
FIRM, MASTER, OWNER_GROUP, SUB_ACCOUNT, STRATEGY = 1, 2, 3, 4, 5
TRADING_STATES = {"active": 1, "reducing": 2, "halted": 3}
SELF_MATCH: dict[SelfMatch, int] = {
    "allow": 1,
    "deny_new": 2,
    "cancel_resting": 3,
    "cancel_both": 4,
}


class Accounts:
    """Builds the account rows of one config, parents before children."""

    def __init__(
        self,
        names: Names,
        instruments: tuple[Instrument, ...],
        currencies: tuple[Currency, ...],
        pools: set[str],
        parents: set[str],
        tiers: dict[str, int],
        problems: Problems,
    ) -> None:
        self.names = names
        self.instruments = instruments
        self.currencies = currencies
        self.pools = pools
        self.parents = parents
        self.tiers = tiers
        self.problems = problems
        self.rows: list[Account] = []

    def add(
        self, row: Level, where: str, *, name: str, level: int, parent: int, venue: int
    ) -> Account:
        """Resolve one row; its slips are reported under key path `where`."""
        above = self.chain(parent)
        products = self.products(row, above, venue, where)
        found = self.own_money(row, above, products, name, where)
        check_grades(row, found.is_stated, where, self.problems)
        if not isinstance(row, Trading) and not found.is_shared:
            for key in ("max_loss", "max_drawdown"):
                if getattr(row, key):
                    self.problems.add(
                        f"{where}.{key}",
                        "given at a level whose money backs nothing below it; expected it at its "
                        "accounts",
                    )
        orders, replaces, cancels = resolve_rates(row, where, self.problems)
        account = Account(
            handle=len(self.rows) + 1,
            name=name,
            level=level,
            parent=parent,
            venue=venue,
            products=products,
            cash=found.cash,
            max_position=row.max_position,
            position_limits=self.position_limits(row, where),
            max_order_qty=row.max_order_qty,
            order_rate=None if orders is None else orders.per_second,
            order_burst=0 if orders is None else orders.burst,
            cancel_on_disconnect=True,
            trading_state=TRADING_STATES[row.trading_state],
            limits=resolve_limits(
                row, where, products, self.names, self.instruments, self.problems
            ),
            replace_rate=replaces,
            cancel_rate=cancels,
            pool=found.pool,
            credit_line=found.credit_line,
            is_shared=found.is_shared,
            is_converted=found.is_converted,
            max_loss=found.max_loss,
            max_drawdown=found.max_drawdown,
            leverage_max=found.leverage_max,
            executions_max=row.executions_max,
            day_orders_max=row.day_orders_max,
            slow_interval_ns=(row.slow_interval_ms or 0) * NS_PER_MS,
            margin_ppm=self.margin_ppm(row, parent),
            self_match_group=SELF_MATCH[row.self_match] if isinstance(row, Group) else 1,
            margin_grades=self.grades(row, "margin", where),
            loss_grades=self.grades(row, "loss", where),
            position_grades=self.grades(row, "position", where),
        )
        if isinstance(row, Trading):
            account = self.trading(account, row, where)
        self.rows.append(account)
        return account

    def margin_ppm(self, row: Level, parent: int) -> int:
        """Its own share of the client's margin, else that of the level above."""
        if isinstance(row, Group | Trading) and row.margin_ppm is not None:
            return row.margin_ppm
        return self.rows[parent - 1].margin_ppm if parent else PPM_MAX

    def own_money(
        self, row: Level, above: list[Account], products: tuple[int, ...], name: str, where: str
    ) -> money.Money:
        found = money.resolve_money(
            row,
            where,
            name=name,
            above=above,
            pools=self.pools,
            is_above=not isinstance(row, Trading) or name in self.parents,
            names=self.names,
            currencies=self.currencies,
            problems=self.problems,
        )
        if isinstance(row, Trading):
            found = money.complete(
                found, products, self.instruments, self.currencies, where, self.problems
            )
        return found

    def trading(self, account: Account, row: Trading, where: str) -> Account:
        """What only those have that send orders."""
        check_trading(row, where, self.problems)
        return msgspec.structs.replace(
            account,
            cancel_on_disconnect=row.cancel_on_disconnect,
            self_match_own=SELF_MATCH[row.self_match],
            concentration_permille=row.concentration_permille,
            concentration_floor=row.concentration_floor,
            identical_max=row.identical_max or 0,
            identical_window_ns=(row.identical_window_ms or 0) * NS_PER_MS,
            protection_window_ns=(row.protection_window_ms or 0) * NS_PER_MS,
            protection_qty=row.protection_qty or 0,
            protection_delta=row.protection_delta or 0,
            tier=self.tier(row, account.products, where),
        )

    def grades(
        self, row: Level, kind: Literal["margin", "loss", "position"], where: str
    ) -> tuple[int, int, int, int]:
        key = f"{kind}_grades_permille"
        return resolve_grades(getattr(row, key), f"{where}.{key}", row, self.problems)

    def tier(self, row: Trading, products: tuple[int, ...], where: str) -> int:
        """The number of the broker's tier; 0 = the exchange's own fees."""
        if row.fee_tier is None:
            return 0
        at = f"{where}.fee_tier"
        tier = lookup(row.fee_tier, self.tiers, "tier", at, self.problems)
        for instrument in self.instruments:
            if tier and instrument.product_index in products and not instrument.fees:
                self.problems.add(
                    at, f"{instrument.symbol} has no fee_schedule; expected one with the tier"
                )
        return tier

    def position_limits(self, row: Level, where: str) -> dict[int, tuple[int, int]]:
        at = f"{where}.position_limits"
        return {
            lookup(symbol, self.names.instruments, "instrument", at, self.problems): (
                limit.max_long,
                limit.max_short,
            )
            for symbol, limit in row.position_limits.items()
        }

    def products(self, row: Level, above: list[Account], venue: int, where: str) -> tuple[int, ...]:
        """Product indices; a level that lists none may trade what the level above may."""
        homes = self.names.product_venues
        permitted = above[0].products if above else tuple(self.names.products.values())
        if row.products is None:
            return tuple(
                index
                for name, index in self.names.products.items()
                if venue in (0, homes[name]) and index in permitted
            )
        found = []
        for name in dict.fromkeys(row.products):
            at = f"{where}.products"
            if name not in self.names.products:
                lookup(name, self.names.products, "product", at, self.problems)
            elif venue not in (0, homes[name]):
                self.problems.add(at, f"product {name!r} is not traded at the master's venue")
            elif self.names.products[name] not in permitted:
                self.problems.add(at, f"product {name!r} is not permitted at {above[0].name!r}")
            else:
                found.append(self.names.products[name])
        return tuple(found)

    def chain(self, parent: int) -> list[Account]:
        """The levels above, from the parent up."""
        found = []
        while parent:
            found.append(self.rows[parent - 1])
            parent = found[-1].parent
        return found


def resolve_accounts(
    tables: Tables,
    names: Names,
    instruments: tuple[Instrument, ...],
    currencies: tuple[Currency, ...],
    tiers: dict[str, int],
    problems: Problems,
) -> tuple[Account, ...]:
    """All rows: the firm, masters, owner groups, sub-accounts, then strategies."""
    pools = {row.pool for row in [*tables.accounts, *tables.strategies] if row.pool is not None}
    parents = {row.account for row in tables.strategies}
    accounts = Accounts(names, instruments, currencies, pools, parents, tiers, problems)
    firm = accounts.add(tables.firm, "firm", name=tables.firm.name, level=FIRM, parent=0, venue=0)
    masters: dict[str, int] = {}
    groups: dict[str, int] = {}
    subs: dict[str, int] = {}
    for index, master in enumerate(tables.masters):
        where = f'masters[{index}] "{master.name}"'
        venue = lookup(master.venue, names.venues, "venue", f"{where}.venue", problems)
        masters[master.name] = accounts.add(
            master, where, name=master.name, level=MASTER, parent=firm.handle, venue=venue
        ).handle
    for index, group in enumerate(tables.groups):
        where = f'groups[{index}] "{group.name}"'
        parent = lookup(group.master, masters, "master", f"{where}.master", problems)
        groups[group.name] = accounts.add(
            group,
            where,
            name=group.name,
            level=OWNER_GROUP,
            parent=parent,
            venue=accounts.rows[parent - 1].venue if parent else 0,
        ).handle
    for index, sub in enumerate(tables.accounts):
        where = f'accounts[{index}] "{sub.name}"'
        parent = lookup(sub.group, groups, "group", f"{where}.group", problems)
        subs |= add_block(accounts, sub, where, level=SUB_ACCOUNT, parent=parent)
    for index, strategy in enumerate(tables.strategies):
        where = f'strategies[{index}] "{strategy.name}"'
        parent = lookup(strategy.account, subs, "sub-account", f"{where}.account", problems)
        add_block(accounts, strategy, where, level=STRATEGY, parent=parent)
    rows = accounts.rows
    if len(rows) > ACCOUNTS_MAX:
        problems.add("accounts", f"{len(rows)} in all; expected at most {ACCOUNTS_MAX}")
    duplicates("accounts", "name", [row.name for row in rows], problems)
    return tuple(rows)


def add_block(
    accounts: Accounts, block: Trading, where: str, *, level: int, parent: int
) -> dict[str, int]:
    """Adds the accounts of a block; name -> handle."""
    venue = accounts.rows[parent - 1].venue if parent else 0
    return {
        name: accounts.add(block, where, name=name, level=level, parent=parent, venue=venue).handle
        for name in block_names(block, where, accounts.problems)
    }


def block_names(block: Trading, where: str, problems: Problems) -> list[str]:
    """The names of a block: one, or `count` of them after its pattern."""
    if block.count is None:
        found = [block.name]
    else:
        try:
            numbers = range(block.first, block.first + block.count)
            found = [block.name.format(n=number) for number in numbers]
        except (ValueError, KeyError, IndexError, AttributeError):
            found = []
        if len(set(found)) != block.count:
            problems.add(
                f"{where}.name",
                'with count, expected a pattern with the number n, such as "cme-{n:03}"',
            )
            return []
    for name in found:
        if not NAME.fullmatch(name):
            problems.add(f"{where}.name", f"{name!r}; expected {NAME_WORDS}")
            return []
    return found
