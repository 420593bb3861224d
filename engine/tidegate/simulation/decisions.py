"""What the operator decides about differences with a venue, and what he has booked by it."""

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

from tidegate.native.records import Kind, Level, PositionEffect, Side
from tidegate.simulation.world import MID
from tidegate.universe import Universe

BUY, SELL = int(Side.BUY), int(Side.SELL)
Rows = Mapping[str, Any]


class Decisions:
    """Looks at risk's table of differences, as `tidegate inspect RUN_DIR breaks` shows it."""

    def __init__(self, universe: Universe, draw: Random) -> None:
        self._universe = universe
        self._draw = draw
        # Lots booked, by (account, instrument), and what they were worth by (account, currency).
        self.lots: Counter[tuple[int, int]] = Counter()
        self.worth: Counter[tuple[int, int]] = Counter()

    def next(self, tables: Rows) -> dict[str, Any] | None:
        """What to do about one difference that nobody has decided; None = there is none."""
        rows = tables["breaks"]
        open_rows = rows[(rows["account"] != 0) & (rows["is_dismissed"] == 0)]
        if not len(open_rows):
            return None
        row = open_rows[self._draw.randrange(len(open_rows))]
        named = {name: int(row[name]) for name in ("account", "instrument", "currency")}
        known = {"kind": Kind.ADJUSTMENT}
        if row["order_id"]:
            return known | self._end(tables, int(row["order_id"]), named)
        if row["instrument"] and self._draw.random() < 0.5:
            lots = self._lots(named, int(row["amount"]))
            if lots is not None:
                return known | lots
        return known | {name: value for name, value in named.items() if value}

    def note_done(self, asked: Rows) -> None:
        """An ADJUSTMENT was answered as done."""
        if not asked.get("side"):
            return
        signed = asked["order_qty"] if asked["side"] == BUY else -asked["order_qty"]
        traded = self._universe.instruments[asked["instrument"] - 1]
        self.lots[asked["account"], asked["instrument"]] += signed
        value = signed * asked["price"] * traded.tick_value
        self.worth[asked["account"], traded.currency] -= value

    def forget(self) -> None:
        """Answers are learnt again."""
        self.lots.clear()
        self.worth.clear()

    def _end(self, tables: Rows, order_id: int, named: dict[str, int]) -> dict[str, Any]:
        orders = tables["orders"]
        if (orders["order_id"] == order_id).any():
            return {"order_id": order_id}
        account = self._below(named["account"])
        return {"order_id": order_id, "account": account, "instrument": named["instrument"]}

    def _lots(self, named: dict[str, int], amount: int) -> dict[str, Any] | None:
        """The venue's figure less ours, on one account; where it has sides always an opening."""
        account = self._below(named["account"])
        if account == 0 or not 0 < abs(amount) < 1000:
            return None
        traded = self._universe.instruments[named["instrument"] - 1]
        return {
            "account": account,
            "instrument": named["instrument"],
            "side": BUY if amount > 0 else SELL,
            "order_qty": abs(amount),
            "price": MID + self._draw.randint(-20, 20),
            "position_effect": PositionEffect.OPEN if traded.has_sides else 0,
        }

    def _below(self, master: int) -> int:
        """An account below the master that sends orders."""
        accounts = self._universe.accounts
        found = []
        for row in accounts:
            above = row
            while above.level > Level.MASTER:
                above = accounts[above.parent - 1]
            is_leaf = not any(other.parent == row.handle for other in accounts)
            if above.handle == master and is_leaf and row.level >= Level.SUB_ACCOUNT:
                found.append(row.handle)
        return self._draw.choice(found) if found else 0
