"""The stages that no order passes, as processes of a simulation: snapshot, reconcile, margin.

They work now and then, each at its own pace; losing one of them must cost nobody anything.
"""

import os
from collections.abc import Sequence
from contextlib import redirect_stderr
from io import StringIO

from tidegate.margin_stage import MarginStage
from tidegate.reconcile_stage import ReconcileStage
from tidegate.run_dir import RunDir
from tidegate.simulation.hosts import Host
from tidegate.simulation.lanes import Lane
from tidegate.simulation.question_link import QuestionLink
from tidegate.simulation.sockets import Place
from tidegate.simulation.timeline import Timeline
from tidegate.snapshot_stage import SnapshotStage
from tidegate.universe import Universe

MS = 1_000_000


class Beside(Host):
    """A stage that works after pauses; `due_ns` is when it does next, in time that has passed."""

    due_ns = 0
    pause_ns = 100 * MS

    def turn(self) -> int:
        # What cannot be asked or read is said to people, and tried again.
        with redirect_stderr(StringIO()):
            return super().turn()

    def turn_if_due(self, elapsed_ns: int) -> None:
        """One duty cycle, where one is due."""
        if elapsed_ns >= self.due_ns:
            self.turn()
            self.due_ns = elapsed_ns + self.pause_ns


class SnapshotHost(Beside):
    """Follows the journal and writes risk's state down."""

    pause_ns = 300 * MS

    def __init__(self, universe: Universe, run_dir: RunDir, timeline: Timeline) -> None:
        super().__init__("snapshot", timeline, (), ())
        self._universe = universe
        self._run_dir = run_dir
        self.stage: SnapshotStage | None = None

    def make(self, _place: Place) -> None:
        self.stage = SnapshotStage(self._universe, self._run_dir)

    def work(self, now_ns: int) -> int:
        assert self.stage is not None
        self.stage.work(now_ns / 1e9)
        return 0

    def drop(self) -> None:
        assert self.stage is not None
        os.close(self.stage.lock)
        self.stage = None


class ReconcileHost(Beside):
    """Compares venues' statements with risk's books."""

    def __init__(
        self,
        universe: Universe,
        run_dir: RunDir,
        timeline: Timeline,
        control: Lane,
        links: Sequence[QuestionLink],
    ) -> None:
        super().__init__("reconcile", timeline, (control,), ())
        self._universe = universe
        self._run_dir = run_dir
        self._links = links
        self._wires += links
        self.stage: ReconcileStage | None = None

    def make(self, place: Place) -> None:
        for link in self._links:
            link.asker_up(place)
        self.stage = ReconcileStage(self._universe, self._run_dir, place)

    def work(self, now_ns: int) -> int:
        assert self.stage is not None
        told = self.stage.work(now_ns / 1e9)
        self.pause_ns = (10 if self.stage.is_waiting else 100) * MS
        return told

    def drop(self) -> None:
        for link in self._links:
            link.asker_down()
        self.stage = None


class MarginHost(Beside):
    """Gives back what SPAN's hold is above the exact figure."""

    def __init__(
        self, universe: Universe, run_dir: RunDir, timeline: Timeline, control: Lane
    ) -> None:
        super().__init__("margin", timeline, (control,), ())
        self._universe = universe
        self._run_dir = run_dir
        self.stage: MarginStage | None = None

    def make(self, place: Place) -> None:
        self.stage = MarginStage(self._universe, self._run_dir, place)

    def work(self, _now_ns: int) -> int:
        assert self.stage is not None
        return self.stage.work()

    def drop(self) -> None:
        self.stage = None
