"""The twin itself: one record in, a verdict out."""

from contextlib import suppress

from tidegate.native.records import Kind
from tidegate.universe import Universe
from twin import booking, control, numbers, requests
from twin.balances import clamp_credits, note_peaks
from twin.state import InexpressibleError, Row, State, Verdict

REQUESTS = {
    Kind.NEW_ORDER_SINGLE: requests.new_order,
    Kind.CANCEL_REQUEST: requests.cancel,
    Kind.CANCEL_REPLACE_REQUEST: requests.replace,
    Kind.MASS_CANCEL_REQUEST: requests.mass_cancel,
    Kind.EXECUTION_REPORT: booking.report,
    Kind.CANCEL_REJECT: booking.report,
}


class Twin:
    """The whole risk stage over explicit quantities."""

    def __init__(self, universe: Universe) -> None:
        self.state = State(universe)

    def run(self, r: Row) -> Verdict:
        """What a record (a dict of the fields of its kind's view) leads to."""
        verdict = Verdict()
        REQUESTS.get(r["kind"], control.control)(self.state, r, verdict)
        clamp_credits(self.state)
        with suppress(InexpressibleError):
            note_peaks(self.state)
        numbers.take(self.state, r)
        numbers.give(self.state, verdict)
        return verdict
