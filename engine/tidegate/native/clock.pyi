"""Time for agents: wall time that never goes back within a process, and monotonic time."""

def wall_ns() -> int:
    """Nanoseconds of CLOCK_REALTIME, never lower than given before in this process."""

def elapsed_ns() -> int:
    """Nanoseconds of CLOCK_MONOTONIC, for intervals."""

def back_count() -> int:
    """How often the system's clock was found to have been set back by a millisecond or more."""

def latest_ns() -> int:
    """The highest wall time that was given."""

def not_before(now_ns: int) -> None:
    """Give no wall time lower than this from now on: what was given before a restart."""

def set_virtual(now_ns: int, latest_ns: int = 0) -> None:
    """Let both clocks be at `now_ns` from now on, given `latest_ns` so far; 0 = the system's."""
