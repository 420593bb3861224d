"""Any value in any field of a control record: never a crash, never half of it applied."""

from typing import Any

import msgspec
import numpy as np
import pytest
from control_rig import changed_tables, copies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from risk_rig import (
    GOLD,
    INDEX,
    RATIO,
    SECOND,
    SELL,
    SISTER,
    START_NS,
    STRANGER,
    SUB,
    USD,
    Step,
    cancel,
    changed,
    order,
    record,
    universe,
)

from tidegate.native.records import (
    ARRAY_RECORD,
    CONTROL_RECORD,
    MARGIN_RECORD,
    QUOTE_RECORD,
    RATE_RECORD,
    RECORD,
    Kind,
)
from tidegate.universe import Scan

VIEWS = {
    Kind.MARK: QUOTE_RECORD,
    Kind.CURRENCY_RATE: RATE_RECORD,
    Kind.MARGIN_RATES: MARGIN_RECORD,
    Kind.MARGIN_ARRAY: ARRAY_RECORD,
}
KINDS = [Kind(value) for value in range(Kind.MARK, Kind.NOTE + 1)]
MINUTE = 60 * SECOND
# A record of each kind that is taken; what is drawn goes over it.
GOOD: dict[Kind, dict[str, int]] = {
    Kind.MARK: {"instrument": GOLD, "price": 13_010},
    Kind.SETTLEMENT: {"instrument": GOLD, "price": 13_010},
    Kind.TRADING_STATE: {"account": SUB, "trading_state": 1},
    Kind.CASH: {"account": SUB, "currency": USD, "amount": -5, "cl_ord_id": 9},
    Kind.TICK: {"received_ns": START_NS + MINUTE},
    Kind.LIMIT_CHANGE: {"account": SUB, "limit_kind": 4, "amount": 30, "instrument": GOLD},
    Kind.KILL: {"instrument": GOLD},
    Kind.RE_ENABLE: {"account": SUB, "actor": 2},
    Kind.PROTECTION_RESET: {"account": SUB, "product": GOLD},
    Kind.TRANSFER: {
        "account": SUB,
        "to_account": SISTER,
        "currency": USD,
        "amount": 5,
        "cl_ord_id": 8,
    },
    Kind.CURRENCY_RATE: {"currency": 2, "bid_rate": 1, "ask_rate": 2, "haircut_ppm": 3},
    Kind.MARGIN_RATES: {
        "instrument": GOLD,
        "epoch": 2,
        "margin_long_lot": 5,
        "margin_short_lot": 6,
    },
    Kind.MARGIN_ARRAY: {"instrument": RATIO, "epoch": 1, "first": 6},
    Kind.MARGIN_COMMIT: {"order_qty": 1, "amount": 2},
    Kind.MARGIN_CREDIT: {"account": SUB, "currency": USD, "amount": 7, "order_qty": 1},
    Kind.SIDE_LOCK: {"account": SUB, "side_lock": 1},
}
# What is never read, or what would make it another record.
SKIPPED = {
    *("checksum", "kind", "layout_version", "flags", "exec_type", "sequence", "order_id"),
    *("reason", "side", "ord_type", "time_in_force", "position_effect", "msg_seq_num", "pad"),
    *("sequenced_delta", "decided_delta", "routed_delta", "venue_delta", "back_delta"),
    *("bid_px", "bid_qty", "ask_px", "ask_qty", "text"),
}


def edges(dtype: np.dtype[Any]) -> st.SearchStrategy[int]:
    """Small numbers, that are handles and codes, and all the ends of the field's range."""
    low, high = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    ends = {low, low + 1, high - 1, high, -1, 0, 1, 2, 4_096}
    ends |= {1 << 30, 1 << 53, (1 << 53) + 1, 1 << 60, (1 << 60) + 1, 1 << 61, (1 << 61) + 1}
    ends |= {-(1 << 53), -(1 << 61), -(1 << 61) - 1}
    return st.one_of(
        st.integers(max(low, 0), 9),
        st.sampled_from(sorted(value for value in ends if low <= value <= high)),
    )


@st.composite
def records(draw: st.DrawFn, kind: Kind) -> np.ndarray[Any, Any]:
    """A good record with up to three fields of any value."""
    dtype = VIEWS.get(kind, CONTROL_RECORD)
    fields = {name: field[0] for name, field in (dtype.fields or {}).items() if name not in SKIPPED}
    values: dict[str, Any] = dict(GOOD.get(kind, {}))
    for name in draw(st.lists(st.sampled_from(sorted(fields)), max_size=3, unique=True)):
        field = fields[name]
        if field.shape:
            values[name] = draw(st.lists(edges(field.base), min_size=6, max_size=6))
        else:
            values[name] = draw(edges(field))
    return record(dtype, kind, **values)


def lively() -> Step:
    """Positions, working orders, a pending cancel, a converted account, margin rates staged."""
    content = universe(accounts=changed(SUB, is_converted=True, executions_max=100))
    scan = Scan(unit=1_000, losses=tuple(range(-8, 8)), delta=10_000)
    span = msgspec.structs.replace(content.instruments[RATIO - 1], margin_model="span", scan=scan)
    step = Step(
        msgspec.structs.replace(content, instruments=(*content.instruments[: RATIO - 1], span))
    )
    for currency in (1, 2):
        rate = 10**9 if currency == 1 else 140_000_000
        step.run(
            record(
                RATE_RECORD,
                Kind.CURRENCY_RATE,
                currency=currency,
                bid_rate=rate,
                ask_rate=rate,
            )
        )
    step.fill(order(1, order_qty=2))
    step.accept(order(2, order_qty=3))
    step.accept(order(3, side=SELL, order_qty=4))
    step.fill(order(4, account=SISTER, instrument=INDEX, price=4_000, side=SELL))
    step.accept(order(5, account=STRANGER, instrument=RATIO, price=900, session=2))
    for instrument in (GOLD, INDEX):
        rates = GOOD[Kind.MARGIN_RATES] | {"instrument": instrument, "epoch": 1}
        step.run(record(MARGIN_RECORD, Kind.MARGIN_RATES, **rates))
    step.run(cancel(6, 2))
    return step


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_edges_in_every_field_of_a_control_record_are_taken_whole_or_not_at_all(
    kind: Kind, data: st.DataObject
) -> None:
    step = lively()
    for _ in range(7):
        row = data.draw(records(kind))
        before = copies(step)
        count = step.risk("refused_records")
        step.run(row)
        if step.risk("refused_records") > count:
            assert changed_tables(step, before) == []


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_control_records_of_all_kinds_among_each_other_keep_the_audit_empty(
    data: st.DataObject,
) -> None:
    step = lively()
    for _ in range(10):
        kind = data.draw(st.sampled_from(KINDS))
        step.run(data.draw(records(kind)))
        step.run(record(RECORD, Kind.TICK, received_ns=step.risk("now_ns") + SECOND))
    assert step.balance(SUB, USD)["cash_held"] >= 0
    assert step.pair(SUB, GOLD)["net"] == 2


@pytest.mark.parametrize("kind", GOOD)
def test_the_record_that_the_edges_start_from_is_taken(kind: Kind) -> None:
    step = lively()
    count = step.risk("refused_records")
    step.run(record(VIEWS.get(kind, CONTROL_RECORD), kind, **GOOD[kind]))
    assert step.risk("refused_records") == count
