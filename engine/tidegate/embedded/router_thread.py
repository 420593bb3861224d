"""The router of an engine in a thread of its process: `[placement] channels = "thread"`.

It is the router stage as it is: over the same lanes and regions, with a context of its own, and
without the GIL but for the keeping of sessions, ten times a second. So a strategy that keeps the
GIL may hold it up for as long, at most sys.getswitchinterval() each time. It ends with the engine,
or by what it raises, which the engine then raises too; nobody starts it again.
"""

import os
from collections.abc import Callable
from threading import Event, Thread

from tidegate import router
from tidegate.errors import StageError
from tidegate.placing import place
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

NAME = "router"


class RouterThread:
    """A router that has started, until close()."""

    def __init__(self, universe: Universe, run_dir: RunDir) -> None:
        """What the stage raises when it cannot start, as RunDirError where another has it."""
        self._stop: Callable[[], None] = lambda: None
        self._failure: BaseException | None = None
        self._has_started = Event()
        # Who leaves without close() is not kept from it: then it ends as by a kill.
        self._thread = Thread(
            target=self._run, args=(universe, run_dir), name=f"tidegate-{NAME}", daemon=True
        )
        self._thread.start()
        self._has_started.wait()
        if self._failure is not None:
            raise self._failure

    def check(self) -> None:
        """StageError when it has ended by itself."""
        if not self._thread.is_alive():
            raise StageError(f"the engine's router ended by itself: {self._failure!r}")

    def close(self) -> None:
        """Stop it, and wait until it has released everything."""
        self._stop()
        self._thread.join()

    def _run(self, universe: Universe, run_dir: RunDir) -> None:
        try:
            # Cores and priority are this thread's alone.
            place(universe.placement, NAME)
            lock = run_dir.lock_stage(NAME)
            try:
                router.main(universe, run_dir, self._has_started.set, stopped_by=self._keep)
            finally:
                os.close(lock)
        except BaseException as error:
            self._failure = error
        finally:
            self._has_started.set()

    def _keep(self, stop: Callable[[], None]) -> None:
        self._stop = stop
