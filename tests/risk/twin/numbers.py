"""Numbers of the lanes into risk and out of it: RISK.md 5.12."""

from tidegate.native.records import Kind
from twin.state import Row, State, Verdict

NUMBER_MAX = (1 << 32) - 1
EXECUTIONS, CONTROL, ORDERS = range(3)
LANES = {
    **dict.fromkeys(
        (Kind.EXECUTION_REPORT, Kind.CANCEL_REJECT, Kind.MARK, Kind.CHANNEL_STATE), EXECUTIONS
    ),
    **dict.fromkeys(
        (
            Kind.NEW_ORDER_SINGLE,
            Kind.CANCEL_REQUEST,
            Kind.CANCEL_REPLACE_REQUEST,
            Kind.MASS_CANCEL_REQUEST,
        ),
        ORDERS,
    ),
}


def take(s: State, r: Row) -> None:
    """Note the number of a record that came on a lane with numbers."""
    if r["msg_seq_num"]:
        s.taken[LANES.get(r["kind"], CONTROL)] = r["msg_seq_num"]


def give(s: State, verdict: Verdict) -> None:
    """Number what the record led to, routes and reports each for themselves."""
    for lane, rows in enumerate((verdict.routes, verdict.reports)):
        numbers = []
        for _ in rows:
            s.given[lane] = s.given[lane] % NUMBER_MAX + 1
            numbers.append(s.given[lane])
        verdict.numbered.append(numbers)
