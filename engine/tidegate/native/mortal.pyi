"""Stops an agent in the middle of a duty cycle, in a process that goes on."""

def die_within(number: int) -> int:
    """Stop the next work() of an agent at the number-th crash point from now; 0 = at none.

    The agent is of no use any more. Gives how many were still to pass before this call: 0 where
    the last one was reached, or none was asked for. Only the debug build has crash points.
    """
