"""Accounts and sessions of a config: the hierarchy with handles, limits and permissions."""

from collections.abc import Mapping

from tidegate.config import schema, units
from tidegate.config.names import Names, attempt, duplicates, lookup
from tidegate.config.problems import Problems, expected
from tidegate.universe import Account, Instrument, Session

ACCOUNTS_MAX = 1_000_000
NS_PER_MS = 1_000_000
FIRM, MASTER, OWNER_GROUP, SUB_ACCOUNT = 1, 2, 3, 4
TRADING_STATES = {"active": 1, "reducing": 2, "halted": 3}


class Accounts:
    """Builds the account rows of one config, parents before children."""

    def __init__(
        self, names: Names, instruments: tuple[Instrument, ...], problems: Problems
    ) -> None:
        self.names = names
        self.instruments = instruments
        self.problems = problems
        self.rows: list[Account] = []

    def add(
        self,
        row: schema.Upper | schema.SubAccount,
        where: str,
        *,
        name: str,
        level: int,
        parent: int,
        venue: int,
    ) -> Account:
        """Resolve one row; its limits are reported under key path `where`."""
        if row.order_burst is not None and row.order_rate_per_s is None:
            self.problems.add(f"{where}.order_burst", "given without order_rate_per_s")
        account = Account(
            handle=len(self.rows) + 1,
            name=name,
            level=level,
            parent=parent,
            venue=venue,
            products=self.products(row.products, venue, where),
            cash=self.cash(row.cash, where),
            max_position=row.max_position,
            position_limits={
                lookup(
                    symbol,
                    self.names.instruments,
                    "instrument",
                    f"{where}.position_limits",
                    self.problems,
                ): (limit.max_long, limit.max_short)
                for symbol, limit in row.position_limits.items()
            },
            max_order_qty=row.max_order_qty,
            order_rate=row.order_rate_per_s,
            order_burst=row.order_burst or row.order_rate_per_s or 0,
            cancel_on_disconnect=getattr(row, "cancel_on_disconnect", True),
            trading_state=TRADING_STATES[row.trading_state],
        )
        self.rows.append(account)
        return account

    def products(self, listed: list[str] | None, venue: int, where: str) -> tuple[int, ...]:
        """Product indices; a level that lists none permits all that its venue trades."""
        homes = self.names.product_venues
        if listed is None:
            return tuple(
                index for name, index in self.names.products.items() if venue in (0, homes[name])
            )
        found = []
        for name in dict.fromkeys(listed):
            at = f"{where}.products"
            if name not in self.names.products:
                lookup(name, self.names.products, "product", at, self.problems)
            elif venue not in (0, homes[name]):
                self.problems.add(at, f"product {name!r} is not traded at the master's venue")
            else:
                found.append(self.names.products[name])
        return tuple(found)

    def cash(self, amounts: Mapping[str, str | int], where: str) -> dict[int, int]:
        return {
            lookup(
                code, self.names.currencies, "currency", f"{where}.cash", self.problems
            ): attempt(units.money, (amount,), f"{where}.cash.{code}", self.problems)
            for code, amount in amounts.items()
        }

    def check_cash(self, account: Account, where: str) -> None:
        """A product that an account may trade but not pay for is a slip."""
        for instrument in self.instruments:
            permitted = instrument.product_index in account.products
            if permitted and instrument.currency not in account.cash:
                code = next(
                    code for code, h in self.names.currencies.items() if h == instrument.currency
                )
                self.problems.add(
                    f"{where}.cash",
                    f"no {code}; expected cash in it to trade {instrument.symbol}",
                )


def resolve_accounts(
    tables: schema.Tables,
    names: Names,
    instruments: tuple[Instrument, ...],
    problems: Problems,
) -> tuple[Account, ...]:
    """All rows: the firm, masters, owner groups, then sub-accounts."""
    accounts = Accounts(names, instruments, problems)
    firm = accounts.add(tables.firm, "firm", name=tables.firm.name, level=FIRM, parent=0, venue=0)
    masters: dict[str, int] = {}
    groups: dict[str, int] = {}
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
    for index, block in enumerate(tables.accounts):
        where = f'accounts[{index}] "{block.name}"'
        parent = lookup(block.group, groups, "group", f"{where}.group", problems)
        venue = accounts.rows[parent - 1].venue if parent else 0
        for name in block_names(block, where, problems):
            account = accounts.add(
                block, where, name=name, level=SUB_ACCOUNT, parent=parent, venue=venue
            )
            accounts.check_cash(account, where)
    rows = accounts.rows
    if len(rows) > ACCOUNTS_MAX:
        problems.add("accounts", f"{len(rows)} in all; expected at most {ACCOUNTS_MAX}")
    duplicates("accounts", "name", [row.name for row in rows], problems)
    return tuple(rows)


def block_names(block: schema.SubAccount, where: str, problems: Problems) -> list[str]:
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
        if not schema.NAME.fullmatch(name):
            problems.add(f"{where}.name", f"{name!r}; expected {schema.NAME_WORDS}")
            return []
    return found


def resolve_sessions(
    rows: list[schema.Session], accounts: tuple[Account, ...], problems: Problems
) -> tuple[Session, ...]:
    """Sessions with the handles of their sub-accounts; no account may be in two."""
    duplicates("sessions", "name", [row.name for row in rows], problems)
    handles = {row.name: row.handle for row in accounts if row.level == SUB_ACCOUNT}
    known = {name: [name] for name in handles}
    for group in accounts:
        if group.level == OWNER_GROUP:
            known[group.name] = [row.name for row in accounts if row.parent == group.handle]
    owners: dict[str, str] = {}
    found = []
    for index, row in enumerate(rows):
        where = f'sessions[{index}] "{row.name}"'
        members: dict[str, None] = {}
        for name in row.accounts:
            if name not in known:
                problems.add(
                    f"{where}.accounts",
                    f"unknown sub-account or group {name!r}; {expected(name, known)}",
                )
            members.update(dict.fromkeys(known.get(name, [])))
        for name in members:
            other = owners.setdefault(name, row.name)
            if other != row.name:
                problems.add(
                    f"{where}.accounts",
                    f"account {name!r} is in session {other!r} too; expected one session each",
                )
        if row.public_key is not None and not units.is_z85_key(row.public_key):
            problems.add(
                f"{where}.public_key",
                f"{row.public_key!r}; expected a CURVE public key, 40 characters of Z85",
            )
        found.append(
            Session(
                handle=index + 1,
                name=row.name,
                accounts=tuple(handles[name] for name in members),
                public_key=row.public_key,
                heartbeat_ns=row.heartbeat_ms * NS_PER_MS,
            )
        )
    return tuple(found)
