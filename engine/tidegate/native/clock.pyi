"""Time for agents: wall time that never goes back within a process, and monotonic time."""

def wall_ns() -> int:
    """Nanoseconds of CLOCK_REALTIME, never lower than given before in this process."""

def elapsed_ns() -> int:
    """Nanoseconds of CLOCK_MONOTONIC, for intervals."""
