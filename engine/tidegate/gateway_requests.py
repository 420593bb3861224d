"""Answers to a client's questions, read from risk's regions; risk itself is never asked."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tidegate import session_messages as messages
from tidegate.errors import RegionError, SessionError
from tidegate.native.records import NO_PRICE, Side
from tidegate.native.tables import DTYPES
from tidegate.prices import to_price
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.universe import MONEY_SCALE, Account, Session, Universe
from tidegate.working import available, held, trading_state, working_lots

T = TypeVar("T")
PATIENCE_S = 0.5
DEAD_MAN_MS_MAX = 86_400_000
FINAL = frozenset(b"248C")
STATUS_NAMES = {ord("0"): "New", ord("1"): "PartiallyFilled", ord("A"): "PendingNew"}


class Requests:
    """Knows the universe; maps a region when it is first asked for."""

    def __init__(self, universe: Universe, run_dir: RunDir) -> None:
        self._universe = universe
        self._run_dir = run_dir
        self._regions: dict[str, Region] = {}
        self._inodes: dict[str, int] = {}
        self._accounts = {account.name: account for account in universe.accounts}
        self._answers: dict[str, Callable[[Account], Any]] = {
            "account": self._account,
            "positions": self._positions,
            "orders": self._orders,
        }

    def answer(self, session: Session, request: messages.Request) -> bytes:
        """The answer's JSON; SessionError says what is wrong with the question."""
        if request.request not in self._answers:
            known = ", ".join([*self._answers, "dead_man"])
            raise SessionError(f"request {request.request!r} is unknown; expected one of {known}")
        account = self._accounts.get(request.account)
        is_operator = session.role == "operator"
        if account is None or not (is_operator or account.handle in session.accounts):
            raise SessionError(f"account {request.account!r} is not of session {session.name!r}")
        try:
            return messages.encode(self._answers[request.request](account))
        except RegionError as error:
            raise SessionError(f"risk's tables cannot be read: {error}") from error

    def _account(self, account: Account) -> messages.AccountReply:
        row = self._read("accounts", lambda rows: rows[account.handle].copy())
        stride = len(self._universe.currencies) + 1
        start = account.handle * stride
        rows = self._read("balances", lambda rows: rows[start : start + stride].copy())
        balances = [
            _balance(currency.code, rows[currency.handle])
            for currency in self._universe.currencies
            if rows[currency.handle]["is_checked"] or rows[currency.handle]["margin"]
        ]
        return messages.AccountReply(account.name, trading_state(row).name, balances)

    def _positions(self, account: Account) -> messages.PositionsReply:
        rows, sides = self._read_several(
            ("pairs", "sides"),
            lambda pairs, sides: (pairs[pairs["account"] == account.handle], sides.copy()),
        )
        open_buys, open_sells = working_lots(rows, sides)
        positions = [
            messages.Position(
                instrument=self._universe.instruments[int(row["instrument"]) - 1].symbol,
                position=int(row["net"]),
                open_buy_qty=int(open_buy),
                open_sell_qty=int(open_sell),
            )
            for row, open_buy, open_sell in zip(rows, open_buys, open_sells, strict=True)
            if row["net"] or open_buy or open_sell
        ]
        return messages.PositionsReply(account.name, positions)

    def _orders(self, account: Account) -> messages.OrdersReply:
        rows = self._read("orders", lambda rows: rows[rows["account"] == account.handle])
        working = [row for row in rows if row["ord_status"] and row["ord_status"] not in FINAL]
        return messages.OrdersReply(account.name, [self._order(row) for row in working])

    def _order(self, row: np.void) -> messages.WorkingOrder:
        instrument = self._universe.instruments[int(row["instrument"]) - 1]
        ticks = int(row["price"])
        price = None if ticks == NO_PRICE else f"{to_price(ticks, instrument.tick_size):f}"
        return messages.WorkingOrder(
            cl_ord_id=int(row["cl_ord_id"]),
            order_id=int(row["order_id"]),
            instrument=instrument.symbol,
            side=Side(int(row["side"])).name,
            order_qty=int(row["order_qty"]),
            cum_qty=int(row["cum_qty"]),
            price=price,
            ord_status=STATUS_NAMES.get(int(row["ord_status"]), chr(row["ord_status"])),
        )

    def _read(self, name: str, pick: Callable[[npt.NDArray[Any]], T]) -> T:
        return self._read_several((name,), pick)

    def _read_several(self, names: tuple[str, ...], pick: Callable[..., T]) -> T:
        """What `pick` copies from regions, as they stood between two of risk's steps."""
        rows = [self._attach(name).rows for name in names]
        # Risk brackets each step in the header of this one.
        risk = self._attach("risk")
        return risk.between_changes(lambda: pick(*rows), PATIENCE_S)

    def _attach(self, name: str) -> Region:
        """Risk makes its regions anew when it starts: an old file is not the live one."""
        path = self._run_dir.region(name)
        inode = _inode(path)
        if self._inodes.get(name) != inode:
            if name in self._regions:
                self._regions[name].close()
            self._regions[name] = Region.attach(path, DTYPES[name])
            self._inodes[name] = inode
        return self._regions[name]

    def close(self) -> None:
        """Lets go of the regions."""
        for region in self._regions.values():
            region.close()


def dead_man(session: Session, request: messages.Request) -> int:
    """The timeout of a "dead_man" request in ms, 0 = off; SessionError when it is none."""
    timeout_ms = request.timeout_ms
    if session.role == "operator" or request.account:
        raise SessionError(
            "dead_man is for all orders of a strategy's session; it takes no account"
        )
    if timeout_ms is None or not 0 <= timeout_ms <= DEAD_MAN_MS_MAX:
        raise SessionError(f"dead_man: timeout_ms is {timeout_ms}; expected 0 to {DEAD_MAN_MS_MAX}")
    return timeout_ms


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError as error:
        raise RegionError(f"{path}: {error.strerror}") from error


def _balance(currency: str, row: np.void) -> messages.Balance:
    cash, margin = int(row["cash"]), int(row["margin"])
    return messages.Balance(
        currency=currency,
        cash=_money(cash),
        held=_money(held(row) - margin),
        fees=_money(int(row["fees"])),
        margin=_money(margin),
        excess=_money(available(row)),
    )


def _money(amount: int) -> str:
    return f"{Decimal(amount) / MONEY_SCALE:.4f}"
