"""What venues say they have done: every trade that left one, by order and exec_id."""

from typing import Any, NamedTuple

from tidegate.native.records import EXECUTION_RECORD

_AT = {name: place for place, name in enumerate(EXECUTION_RECORD.names or ())}
_ORDER, _EXEC, _QTY, _PX = (_AT[n] for n in ("cl_ord_id", "exec_id", "last_qty", "last_px"))
_ACCOUNT, _INSTRUMENT, _SIDE = (_AT[n] for n in ("account", "instrument", "side"))


class Trade(NamedTuple):
    """One trade of one order; order_id is ours, account and security_id are the venue's."""

    venue: int
    life: int
    order_id: int
    exec_id: int
    qty: int
    price: int
    side: int
    account: int
    security_id: int


class Truth:
    """Trades by (order_id, exec_id). A venue's life ends when it forgets everything."""

    def __init__(self, venues: int) -> None:
        self.trades: dict[tuple[int, int], Trade] = {}
        self.lives = [0] * (venues + 1)
        self.problems: list[str] = []

    def forget(self, venue: int) -> None:
        """The venue was started anew: what it had not told, it never will."""
        self.lives[venue] += 1

    def traded(self, venue: int, row: tuple[Any, ...]) -> None:
        """A trade has left the venue; the same again when it is sent again."""
        key = row[_ORDER], row[_EXEC]
        known = self.trades.get(key)
        trade = Trade(
            venue, self.lives[venue], key[0], key[1], row[_QTY], row[_PX], row[_SIDE],
            row[_ACCOUNT], row[_INSTRUMENT],
        )  # fmt: skip
        if known is None:
            self.trades[key] = trade
        elif known != trade:
            self.problems.append(f"venue {venue} told exec_id {key[1]} as {known}, then {trade}")
