"""Crash points: places between two stores at which a process may die, and must not matter."""

HAS_CRASH_POINTS: bool

def die_at(number: int) -> None:
    """SIGKILL to this process at the number-th crash point from now; 0 = at none.

    Only the debug build has crash points: HAS_CRASH_POINTS.
    """
