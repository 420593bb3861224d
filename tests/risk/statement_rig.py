"""A step whose records are journaled, and the statements that are made of them."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from day_rig import roll
from risk_rig import Step, settlement, universe

from tidegate import recovery, replay, snapshot
from tidegate.native.journal import Journal
from tidegate.statement import Money, Statement, make
from tidegate.universe import Universe

FIRST, SECOND_DAY = 20_261_122, 20_261_123
NAMES = ("deposits", "withdrawals", "transfers", "realised", "premium", "variation", "fees")


class Journaled(Step):
    """Every record goes to a journal as risk's agent would write it."""

    def __init__(self, run_dir: Path, content: Universe | None = None) -> None:
        self.directory = run_dir / "journal"
        self.directory.mkdir(parents=True)
        replay.keep_universe(self.directory, content or universe())
        self.journal = Journal(self.directory, segment_records=64)
        super().__init__(content)

    def run(self, row: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        found = super().run(row)
        self.last_checksum = int(self.journal.append_rows(row)["checksum"][0])
        return found

    def end_day(self, prices: dict[int, int], day: int = FIRST) -> None:
        """Settle at these prices and roll."""
        for one, price in prices.items():
            self.run(settlement(one, price))
        _, reports = self.run(roll(day))
        assert [report["reason"] for report in reports] == [0]

    def keep_snapshot(self) -> None:
        """What the snapshot stage would keep now."""
        directory = recovery.snapshots_of(self.directory)
        directory.mkdir(exist_ok=True)
        snapshot.write(
            directory,
            self.tables.arrays,
            universe_digest=snapshot.universe_hash(replay.read_universe(self.directory)),
            state_hash=self.tables.state_hash(),
            record_checksum=self.last_checksum,
        )

    def statement(self, account: int, day: int = FIRST) -> Statement:
        return make(self.directory, f"account-{account}", day)


def of(found: Statement, currency: str = "USD") -> Money:
    return next(row for row in found.money if row.currency == currency)


def amounts(row: Money) -> dict[str, Decimal]:
    """What moved that day, and the two ends."""
    every = ("opening_cash", *NAMES, "adjustments", "closing_cash")
    found = {name: getattr(row, name) for name in every}
    return {name: value for name, value in found.items() if value}
