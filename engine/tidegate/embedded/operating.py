"""An operator's request in an engine: its records run at once, and the last one's answer."""

import numpy as np

from tidegate.client import notices
from tidegate.client.controls import Request, packed
from tidegate.client.report import ControlAnswer
from tidegate.errors import SessionError
from tidegate.native.embedded import Embedded
from tidegate.native.records import RECORD


def carry_out(engine: Embedded, request: Request, request_id: int) -> ControlAnswer:
    """What became of it; what stands behind a record that was refused is not run."""
    found = None
    for record in packed(request, request_id):
        reason, answer = engine.operate_row(np.frombuffer(record, RECORD).copy())
        if answer["kind"][0]:
            found = notices.control_answer(answer.tobytes())
        if reason:
            break
    engine.flush_all()
    if found is None:
        raise SessionError(f"risk gave no answer to request {request_id}")
    return found
