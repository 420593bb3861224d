"""What goes wrong in a run: which faults, how often. A seed has some of them, never all alike.

Rates of frames are chances for each frame, rates of events are means of virtual time between two.
Off, nothing is drawn that would change what else happens later: quiet() ends all of them.
"""

from collections import Counter
from random import Random

from tidegate.native.crash_point import HAS_CRASH_POINTS

FRAME_FAULTS = ("drop", "duplicate", "delay", "reorder", "corrupt")
# What a venue does by its own settings, and their values where a seed has it.
VENUE_FAULTS = {
    "late_fills": {"late_fill_ppm": 100_000},
    "resent_by_draw": {"resend_ppm": 50_000},
    "hang_ups": {"disconnect_every_ms": 600},
}
STAGES = ("gateway", "risk", "router", "venue", "snapshot", "reconcile", "margin")
EVENT_FAULTS: tuple[str, ...] = (
    *(f"kill_{stage}" for stage in STAGES),
    "stop_lane",
    "cut_client",
    "deaf_client",
    "cut_venue",
    "clock_back",
    "clock_ahead",
    "torn_tail",
    "power_loss",
    "kill_client",
    "spoil_snapshot",
    # Only the debug build has places to die at.
    *(("die_within",) if HAS_CRASH_POINTS else ()),
)
# What comes of faults, and must have come of some.
CONSEQUENCES = ("from_snapshot", "from_older_snapshot", "margin_credited")
# The mean time between two of a kind, where a seed has it.
BETWEEN_NS = {
    "kill_gateway": 250_000_000,
    "kill_risk": 250_000_000,
    "kill_router": 250_000_000,
    "kill_venue": 700_000_000,
    "stop_lane": 150_000_000,
    "cut_client": 200_000_000,
    "deaf_client": 400_000_000,
    "cut_venue": 600_000_000,
    "clock_back": 900_000_000,
    "clock_ahead": 900_000_000,
    "torn_tail": 400_000_000,
    "power_loss": 300_000_000,
    "kill_snapshot": 900_000_000,
    "kill_reconcile": 900_000_000,
    "kill_margin": 900_000_000,
    "kill_client": 500_000_000,
    "spoil_snapshot": 250_000_000,
    "die_within": 60_000_000,
}
CHANCE = 0.5
FOREVER_NS = 1 << 62


class Faults:
    """The faults of one run and how often each has happened."""

    def __init__(self, draw: Random, without: frozenset[str] = frozenset()) -> None:
        self.draw = draw
        self.happened: Counter[str] = Counter()
        chosen = [
            name
            for name in (*FRAME_FAULTS, *VENUE_FAULTS, *EVENT_FAULTS)
            if draw.random() < CHANCE and name not in without
        ]
        self.rates = {name: draw.choice((0.002, 0.01, 0.03)) for name in FRAME_FAULTS}
        self.of_venues = [name for name in chosen if name in VENUE_FAULTS]
        self.frame_faults = [name for name in chosen if name in FRAME_FAULTS]
        self.frame_rate = sum(self.rates[name] for name in self.frame_faults)
        self.due = {
            name: self._after(0, name) for name in chosen if name in EVENT_FAULTS
        }  # fmt: skip
        self.next_ns = 0

    def quiet(self) -> None:
        """No more faults."""
        self.of_venues.clear()
        self.frame_rate = 0.0
        self.due.clear()

    def frame(self) -> str:
        """The fault of the next frame; empty when it has none."""
        if not self.frame_rate:
            return ""
        dice = self.draw.random()
        if dice >= self.frame_rate:
            return ""
        for name in self.frame_faults:
            dice -= self.rates[name]
            if dice < 0:
                break
        self.happened[name] += 1
        return name

    def venue_settings(self) -> dict[str, int]:
        """How venues are to behave."""
        return {key: value for name in self.of_venues for key, value in VENUE_FAULTS[name].items()}

    def events(self, elapsed_ns: int) -> list[str]:
        """The faults that are due; the next of each is drawn."""
        if elapsed_ns < self.next_ns:
            return []
        found = [name for name, due_ns in self.due.items() if due_ns <= elapsed_ns]
        for name in found:
            self.due[name] = self._after(elapsed_ns, name)
            self.happened[name] += 1
        self.next_ns = min(self.due.values(), default=FOREVER_NS)
        return found

    def _after(self, elapsed_ns: int, name: str) -> int:
        return elapsed_ns + int(self.draw.expovariate(1 / BETWEEN_NS[name]))
