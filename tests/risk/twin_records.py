"""Records by kind, as the step takes them and as the twin takes them."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.native.records import (
    ARRAY_RECORD,
    CONTROL_RECORD,
    DENIAL_RECORD,
    EXECUTION_RECORD,
    LAYOUT_VERSION,
    MARGIN_RECORD,
    ORDER_RECORD,
    RATE_RECORD,
    RECORD,
    Kind,
)

Record = npt.NDArray[Any]
VIEWS = {
    Kind.EXECUTION_REPORT: EXECUTION_RECORD,
    Kind.CANCEL_REJECT: DENIAL_RECORD,
    Kind.DENIED: DENIAL_RECORD,
    Kind.ALERT: DENIAL_RECORD,
    Kind.CONTROL_ANSWER: DENIAL_RECORD,
    Kind.MARK: RECORD,
    Kind.TICK: RECORD,
    Kind.MARGIN_RATES: MARGIN_RECORD,
    Kind.MARGIN_ARRAY: ARRAY_RECORD,
    Kind.CURRENCY_RATE: RATE_RECORD,
    **dict.fromkeys(
        (
            Kind.SETTLEMENT,
            Kind.TRADING_STATE,
            Kind.CASH,
            Kind.LIMIT_CHANGE,
            Kind.KILL,
            Kind.RE_ENABLE,
            Kind.PROTECTION_RESET,
            Kind.TRANSFER,
            Kind.MARGIN_COMMIT,
            Kind.MARGIN_CREDIT,
            Kind.SIDE_LOCK,
            Kind.DAY_ROLL,
            Kind.BREAK,
            Kind.ADJUSTMENT,
        ),
        CONTROL_RECORD,
    ),
}


def record(kind: Kind, **fields: Any) -> Record:
    row = np.zeros(1, VIEWS.get(kind, ORDER_RECORD))
    row["kind"] = int(kind)
    row["layout_version"] = LAYOUT_VERSION
    for name, value in fields.items():
        row[name] = value
    return row.view(RECORD)


def as_input(row: Record) -> dict[str, Any]:
    """A record as the dict of its view's fields."""
    view = row.view(VIEWS.get(Kind(int(row["kind"][0])), ORDER_RECORD))
    return {name: view[name][0].tolist() for name in view.dtype.names or () if name != "pad"}
