"""TICK: time, phases, limits that expire, lists, grades."""

from twin import grades, limits, lists
from twin.refused import need
from twin.state import TIME_MAX, Contract, Row, State, Verdict


def phase_at(contract: Contract, now: int) -> int:
    """Closed before the first one; without a calendar always open."""
    if not contract.row.phases:
        return 2
    passed = [phase for since, phase in contract.row.phases if since <= now]
    return passed[-1] if passed else 1


def tick(s: State, r: Row, verdict: Verdict) -> None:
    need(0 <= r["received_ns"] <= TIME_MAX)
    s.now = max(s.now, r["received_ns"])
    for contract in s.contracts.values():
        contract.phase = phase_at(contract, s.now)
    limits.expire(s, verdict)
    lists.expire(s, verdict)
    grades.run(s, verdict)
