"""Virtual time: one clock for all, and what each stage's process has been given of it.

A clock may be set back, and a process that is started anew has seen nothing of the one before;
`tidegate.native.clock` must still never give a process less than it gave before.
"""

from tidegate.native import clock


class Timeline:
    """The time of a simulation. `hand_to` sets it for the stage that works next."""

    def __init__(self, start_ns: int) -> None:
        self.now_ns = start_ns
        self.latest_ns: dict[str, int] = {}
        self.backs = 0
        self._backs_before = clock.back_count()

    def advance(self, by_ns: int) -> None:
        """Time goes on, or with by_ns < 0 the clock is set back."""
        self.now_ns += by_ns

    def hand_to(self, process: str) -> int:
        """The time as `process` is given it; call give_back() when it has worked."""
        clock.set_virtual(self.now_ns, self.latest_ns.get(process, 0))
        return clock.wall_ns()

    def give_back(self, process: str) -> None:
        """Remember what the process was given."""
        self.latest_ns[process] = clock.latest_ns()

    def forget(self, process: str) -> None:
        """The process is gone; its successor knows nothing."""
        self.latest_ns.pop(process, None)

    def close(self) -> None:
        """The system's clock again; how often it was found set back stays in `backs`."""
        self.backs = clock.back_count() - self._backs_before
        clock.set_virtual(0)
