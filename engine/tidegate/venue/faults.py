"""What a bad venue does, drawn from its seed: rejects, repeats, fills after the cancel, hang-ups.

Each is off at 0, and then draws nothing: a venue's other draws stay what they were.
"""

from collections.abc import Iterable
from random import Random

from tidegate.native.records import NO_PRICE, ExecType, Kind
from tidegate.venue import wire
from tidegate.venue.settings import Settings
from tidegate.venue.wire import Row

PPM = 1_000_000
MS = 1_000_000
_CANCELED = int(ExecType.EXEC_CANCELED)


class Faults:
    """The venue's moods; it decides, the agent acts."""

    def __init__(self, settings: Settings, random: Random, now_ns: int) -> None:
        self.counters = dict.fromkeys(
            ("rejected_by_draw", "resent_by_draw", "late_fills", "hang_ups"), 0
        )
        self._settings = settings
        self._random = random
        self._hang_up_ns = now_ns + self._pause_ns()

    def rejects(self, request: Row) -> bool:
        """Whether a new order is refused for nothing; drawn for every request."""
        is_drawn = self._draws(self._settings.reject_ppm)
        is_rejected = is_drawn and request[wire.KIND] == Kind.NEW_ORDER_SINGLE
        self.counters["rejected_by_draw"] += is_rejected
        return is_rejected

    def again(self, rows: Iterable[Row]) -> list[Row]:
        """The execution reports that are given twice, with the same exec_id."""
        found = [
            row
            for row in rows
            if row[wire.KIND] == Kind.EXECUTION_REPORT and self._draws(self._settings.resend_ppm)
        ]
        self.counters["resent_by_draw"] += len(found)
        return found

    def late(self, rows: Iterable[Row]) -> list[tuple[Row, int]]:
        """The cancels that a fill had overtaken at the matching, and how many lots it has."""
        if not self._settings.late_fill_ppm:
            return []
        found = []
        for row in rows:
            leaves_qty = row[wire.ORDER_QTY] - row[wire.CUM_QTY]
            if (
                row[wire.KIND] == Kind.EXECUTION_REPORT
                and row[wire.EXEC_TYPE] == _CANCELED
                and row[wire.PRICE] != NO_PRICE
                and leaves_qty > 0
                and self._draws(self._settings.late_fill_ppm)
            ):
                found.append((row, self._random.randint(1, leaves_qty)))
        self.counters["late_fills"] += len(found)
        return found

    def hangs_up(self, now_ns: int) -> bool:
        """Whether the time has come to drop the channels; the next is drawn."""
        if not self._settings.disconnect_every_ms or now_ns < self._hang_up_ns:
            return False
        self._hang_up_ns = now_ns + self._pause_ns()
        self.counters["hang_ups"] += 1
        return True

    def says_so(self) -> bool:
        """Whether a channel is told that it is dropped; else it finds out by its next message."""
        return bool(self._random.getrandbits(1))

    def _pause_ns(self) -> int:
        """About the interval of the settings: half of it to one and a half."""
        every_ns = self._settings.disconnect_every_ms * MS
        return self._random.randint(every_ns // 2, every_ns * 3 // 2) if every_ns else 0

    def _draws(self, ppm: int) -> bool:
        return ppm > 0 and self._random.randrange(PPM) < ppm
