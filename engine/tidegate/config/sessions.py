"""Sessions of a config: who may log on, for which accounts, how fast; and the operators."""

import msgspec

from tidegate.config import units
from tidegate.config.accounts import OWNER_GROUP, STRATEGY, SUB_ACCOUNT
from tidegate.config.limits import resolve_rates
from tidegate.config.names import duplicates
from tidegate.config.problems import Problems, expected
from tidegate.config.schema_accounts import Session as Row
from tidegate.universe import Account, Session

NS_PER_MS = 1_000_000


def resolve_sessions(
    rows: list[Row], accounts: tuple[Account, ...], problems: Problems
) -> tuple[Session, ...]:
    """Sessions with the handles of their accounts; no account may be in two."""
    duplicates("sessions", "name", [row.name for row in rows], problems)
    handles = {row.name: row.handle for row in accounts if row.level in (SUB_ACCOUNT, STRATEGY)}
    known = members_by_name(accounts)
    above = {accounts[row.parent - 1].name for row in accounts if row.level == STRATEGY}
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
        for name in row.accounts:
            if name in above:
                problems.add(
                    f"{where}.accounts",
                    f"{name!r} has strategies and sends no orders itself; expected those",
                )
        for name in members:
            other = owners.setdefault(name, row.name)
            if other != row.name:
                problems.add(
                    f"{where}.accounts",
                    f"account {name!r} is in session {other!r} too; expected one session each",
                )
        check_session(row, where, problems)
        orders, replaces, cancels = resolve_rates(row, where, problems)
        found.append(
            Session(
                handle=index + 1,
                name=row.name,
                accounts=tuple(handles[name] for name in members),
                public_key=row.public_key,
                heartbeat_ns=row.heartbeat_ms * NS_PER_MS,
                role=row.role,
                shm=row.shm,
                order_rate=orders,
                replace_rate=replaces,
                cancel_rate=cancels,
            )
        )
    return tuple(found)


def members_by_name(accounts: tuple[Account, ...]) -> dict[str, list[str]]:
    """What a session may name: a sub-account, a strategy, or a group for all of both in it. A
    sub-account with strategies sends no orders itself.
    """
    found: dict[str, list[str]] = {}
    groups: dict[int, list[str]] = {}
    above = {row.parent for row in accounts if row.level == STRATEGY}
    for row in accounts:
        if row.level == OWNER_GROUP:
            groups[row.handle] = found[row.name] = []
        elif row.level in (SUB_ACCOUNT, STRATEGY):
            found.setdefault(row.name, [row.name])
            groups[row.handle] = groups.get(row.parent, [])
            if row.handle not in above:
                groups[row.handle].append(row.name)
    return found


def check_session(row: Row, where: str, problems: Problems) -> None:
    if row.role == "operator" and row.accounts:
        problems.add(f"{where}.accounts", "an operator sends no orders; expected none")
    if row.role == "strategy" and not row.accounts:
        problems.add(f"{where}.accounts", 'missing; expected at least one, or role = "operator"')
    if row.public_key is not None and not units.is_z85_key(row.public_key):
        problems.add(
            f"{where}.public_key",
            f"{row.public_key!r}; expected a CURVE public key, 40 characters of Z85",
        )


def with_sessions(
    accounts: tuple[Account, ...], sessions: tuple[Session, ...]
) -> tuple[Account, ...]:
    """The accounts, each with the session that trades it."""
    owners = {handle: session.handle for session in sessions for handle in session.accounts}
    return tuple(
        msgspec.structs.replace(row, session=owners[row.handle]) if row.handle in owners else row
        for row in accounts
    )
