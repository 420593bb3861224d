"""The reconciliation stage: tells risk where a venue's own report differs from our books.

Off the path: it asks each venue at start, when its channel is up again, every so many seconds and
after a day's end, compares with risk's regions and puts a BREAK on the control lane for each
difference that counts (reconciliation/figures.py, sightings.py), with amount 0 once it is gone.
It remembers nothing that risk does not: what stands is read from risk's own table. A venue that
cannot be asked, or a risk or router that is not there, leaves everything as it stands.
"""

import sys
import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

import numpy as np
import zmq

from tidegate import topology
from tidegate.counters import Counters
from tidegate.errors import RegionError, VenueError
from tidegate.native.lane import LaneTarget
from tidegate.native.records import CONTROL_RECORD, LAYOUT_VERSION, RECORD, Kind
from tidegate.reconciliation.books import Books, Key
from tidegate.reconciliation.look import Look, Seen
from tidegate.reconciliation.sightings import WAIT_S, Sightings
from tidegate.reconciliation.statement import SimulatedSource, Source
from tidegate.run_dir import RunDir
from tidegate.stopping import on_stop
from tidegate.universe import Universe, Venue

EVERY_S = 0.05
# While a question is open: the less is booked meanwhile, the more often a look counts.
WAITING_S = 0.002
# A look that found a master busy is tried again, so many times before the next second.
TRIES_MAX = 20
COUNTED = ("looks", "busy", "unanswered", "unreadable", "told", "gone", "waits", "differences")


class Watch:
    """One venue: when it is looked at next, and what was seen of its masters."""

    def __init__(self, look: Look, wait_s: float) -> None:
        self.look = look
        self.sightings = {handle: Sightings(wait_s) for handle in look.masters.values()}
        self.is_up = False
        self.day = 0
        self.due_s = 0.0
        self.tries = 0
        self.strangers: dict[str, int] = {}
        self.counts = dict.fromkeys(COUNTED, 0)

    def forget(self) -> None:
        """Nothing seen so far counts."""
        self.look.drop()
        for sightings in self.sightings.values():
            sightings.forget()


class ReconcileStage:
    """Owns its end of the control lane. `sources` replaces those of simulated venues, by name."""

    def __init__(
        self,
        universe: Universe,
        run_dir: RunDir,
        context: "zmq.Context[zmq.Socket[bytes]]",
        sources: Mapping[str, Source] | None = None,
    ) -> None:
        self.every_s = float(universe.reconciliation.every_seconds)
        self.books = Books(universe, run_dir, keeps=True)
        self.target = LaneTarget(
            context,
            topology.controllers(universe)["reconcile"],
            hwm=topology.hwm(universe, "control"),
            # Many senders share the lane, and none of them numbers what it sends.
            numbered=False,
        )
        self.watches = [
            Watch(
                Look(universe, venue, source_of(universe, venue, context, sources or {})),
                wait_s(venue),
            )
            for venue in universe.venues
        ]
        self.counters = Counters(run_dir, "reconcile")
        self.publish()

    def work(self, now_s: float) -> int:
        """Ask who is due, compare what was answered; how many differences were told."""
        told = 0
        try:
            is_serving = self.books.is_serving()
            if is_serving:
                self.books.follow()
            for watch in self.watches:
                is_up = is_serving and self.books.is_up(watch.look.venue.handle)
                told += self.tend(watch, is_up, now_s)
        except RegionError:
            # Risk leaves no moment to read in, or its regions are not there yet.
            for watch in self.watches:
                watch.look.drop()
                watch.due_s = now_s + WAIT_S
                watch.counts["unreadable"] += 1
        self.target.flush_rows()
        self.publish()
        return told

    @property
    def is_waiting(self) -> bool:
        """Some question is open."""
        return any(watch.look.is_waiting for watch in self.watches)

    def tend(self, watch: Watch, is_up: bool, now_s: float) -> int:
        """One venue's turn."""
        if not is_up:
            watch.is_up = False
            watch.forget()
            return 0
        day = self.books.business_day()
        if not watch.is_up or day != watch.day:
            watch.is_up, watch.day, watch.due_s = True, day, now_s
        if watch.look.is_waiting:
            return self.take(watch, now_s)
        if now_s >= watch.due_s and not watch.look.begin(self.books, now_s):
            watch.counts["unanswered"] += 1
            watch.due_s = now_s + WAIT_S
        return 0

    def take(self, watch: Watch, now_s: float) -> int:
        """Compare with an answer that has come."""
        try:
            seen = watch.look.finish(self.books)
        except VenueError as error:
            print(error, file=sys.stderr)
            watch.look.drop()
            seen = None
        if seen is None:
            if not watch.look.is_waiting or watch.look.is_late(now_s):
                watch.look.drop()
                watch.counts["unanswered"] += 1
                watch.due_s = now_s + WAIT_S
            return 0
        told = sum(self.compare(watch, handle, each, now_s) for handle, each in seen.items())
        self.note_strangers(watch, seen)
        watch.counts["looks"] += 1
        watch.counts["differences"] = sum(
            bool(figure.difference) for each in seen.values() for figure in each.figures.values()
        )
        is_busy = len(seen) < len(watch.look.masters)
        watch.counts["busy"] += is_busy
        watch.tries = watch.tries + 1 if is_busy else 0
        watch.due_s = now_s + self.rest_s(watch, seen)
        return told

    def rest_s(self, watch: Watch, seen: Mapping[int, Seen]) -> float:
        """Until the next look: soon while something is open, stands undecided, or was not seen."""
        if 0 < watch.tries < TRIES_MAX:
            return 0.0
        watch.tries = 0
        stands = any(
            not standing.is_dismissed
            for each in seen.values()
            for standing in each.book.breaks.values()
        )
        is_open = any(each.is_open for each in watch.sightings.values())
        is_unseen = len(seen) < len(watch.look.masters)
        return WAIT_S if stands or is_open or is_unseen else self.every_s

    def compare(self, watch: Watch, handle: int, seen: Seen, now_s: float) -> int:
        """Tell risk each difference of a master that counts."""
        standing = {key: each.amount for key, each in seen.book.breaks.items()}
        found = watch.sightings[handle].see(seen.figures, standing, seen.mark, now_s)
        for key, amount in found.items():
            if not self.tell(handle, key, amount, seen.book.fill_count):
                watch.counts["waits"] += 1
                break
            watch.counts["told" if amount else "gone"] += 1
        return len(found)

    def tell(self, account: int, key: Key, amount: int, fill_count: int) -> bool:
        """Put one BREAK on the lane; False when it is full."""
        row = np.zeros(1, CONTROL_RECORD)
        row["kind"] = Kind.BREAK
        row["layout_version"] = LAYOUT_VERSION
        row["account"] = account
        row["instrument"] = key.instrument
        row["currency"] = key.currency
        row["order_id"] = key.order_id
        row["amount"] = amount
        row["order_qty"] = fill_count
        return bool(self.target.put_rows(row.view(RECORD)))

    def note_strangers(self, watch: Watch, seen: Mapping[int, Seen]) -> None:
        """Say once what the venue has and the config does not."""
        for each in seen.values():
            for code, lots in watch.look.codes.unknown(each.stated).items():
                if watch.strangers.get(code) != lots:
                    watch.strangers[code] = lots
                    print(
                        f"venue {watch.look.venue.name} states {lots} lots of {code}, which the "
                        "config does not have",
                        file=sys.stderr,
                    )

    def publish(self) -> None:
        """Write the stage's counters for `inspect`."""
        for watch in self.watches:
            self.counters.publish(watch.look.venue.name, watch.counts)

    def close(self) -> None:
        """Flush what the lane takes."""
        self.target.flush_rows()
        self.target.close()
        for watch in self.watches:
            watch.look.close()
        self.books.close()


def source_of(
    universe: Universe, venue: Venue, context: "zmq.Context[Any]", sources: Mapping[str, Source]
) -> Source:
    """What is asked for a venue's report."""
    return sources.get(venue.name) or SimulatedSource(context, universe, venue)


def wait_s(venue: Venue) -> float:
    """How long a report of the venue may be on its way: some times what it takes at most."""
    return max(WAIT_S, 3 * venue.latency_us[1] / 1e6)


def main(universe: Universe, run_dir: RunDir, ready: Callable[[], None]) -> int:
    """Run the reconciliation stage until SIGTERM or SIGINT."""
    stop = threading.Event()
    with zmq.Context() as context:
        stage = ReconcileStage(universe, run_dir, context)
        on_stop(stop.set)
        ready()
        try:
            while not stop.wait(WAITING_S if stage.is_waiting else EVERY_S):
                stage.work(monotonic())
        finally:
            stage.close()
    return 0
