"""The routing steps against their slow twin."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from routing_rig import (
    ACCOUNTS,
    CAPACITY,
    INSTRUMENT_CHANNELS,
    MS,
    SECOND,
    SECURITIES,
    Tables,
    report,
    request,
)
from slow_routing import SlowChannel, SlowRouting

from tidegate.native.records import DENIAL_RECORD, ORDER_RECORD, ExecType, Kind
from tidegate.native.routing import ChannelState

REQUESTS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([1, 1, 2, 2, 3, 3, 4, 16]),
        "order_id": st.integers(0, 2).flatmap(
            lambda high: st.integers(0, CAPACITY).map(lambda low: high << 32 | low)
        ),
        "cl_ord_id": st.integers(0, 4),
        "instrument": st.integers(0, 5),
        "account": st.integers(0, 5),
        "price": st.integers(-3, 3),
        "order_qty": st.integers(1, 5),
    }
)
REPORTS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([16, 16, 16, 18, 64, 17]),
        "exec_type": st.sampled_from(list(ExecType)),
        "cl_ord_id": st.integers(0, 2).flatmap(
            lambda high: st.integers(0, CAPACITY).map(lambda low: high << 32 | low)
        ),
        "order_id": st.integers(0, 3),
        "cum_qty": st.integers(0, 5),
        "instrument": st.sampled_from([0, 17, 901]),
        "order_qty": st.integers(1, 5),
        "price": st.integers(-3, 3),
        "received_ns": st.sampled_from([0, SECOND]),
    }
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("request"), REQUESTS, st.integers(0, SECOND // 5)),
        st.tuples(st.just("report"), REPORTS, st.integers(-1, 3)),
        st.tuples(st.just("state"), st.integers(1, 2), st.sampled_from(list(ChannelState))),
        st.tuples(st.just("lost"), st.integers(1, 2), st.integers(1, 9)),
        st.tuples(st.just("forgotten"), st.integers(1, 2), st.none()),
        st.tuples(st.just("anew"), st.just(1), st.integers(1, 20)),
    ),
    max_size=60,
)


def slow_twin(rate: int, burst: int, age_ms_max: int) -> SlowRouting:
    slow = SlowRouting(CAPACITY, INSTRUMENT_CHANNELS, order_age_ms_max=age_ms_max)
    for index in (1, 2):
        slow.channels[index] = SlowChannel(rate, burst, is_up=True)
        slow.channels[index].tokens += burst
        slow.channels[index].codes = SECURITIES[index]
        slow.channels[index].accounts = ACCOUNTS[index]
    return slow


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, rate=st.integers(1, 30), burst=st.integers(1, 6), age=st.integers(0, 2))
def test_routing_is_its_slow_twin(steps: list[Any], rate: int, burst: int, age: int) -> None:
    tables = Tables(rate, burst, age)
    slow = slow_twin(rate, burst, age)
    now_ns, exec_id = SECOND, 1
    for number, (name, first, second) in enumerate(steps):
        if name == "request":
            now_ns += second
            received_ns = now_ns - number - first["account"] * MS // 2
            row = request(**first, received_ns=received_ns, session=number)
            row.view(ORDER_RECORD)["orig_cl_ord_id"] = number
            routed, out = tables.route(row, now_ns)
            slow_routed, slow_out = slow.route(row, now_ns)
            assert routed == slow_routed
            assert slow_out is None or out.tobytes() == slow_out.tobytes()
        elif name == "report":
            exec_id = max(1, exec_id + second)
            row = report(**first, exec_id=exec_id)
            if first["kind"] != Kind.EXECUTION_REPORT:
                row["body"] = 0
            if first["kind"] == Kind.CANCEL_REJECT:
                row.view(DENIAL_RECORD)["ref_kind"] = 2 + number % 2
                row.view(DENIAL_RECORD)["ref_seq_num"] = first["order_qty"] - 1
            passes, out = tables.report(1, row, now_ns)
            slow_out = slow.report(1, row, now_ns)
            assert passes == (slow_out is not None)
            assert slow_out is None or out.tobytes() == slow_out.tobytes()
        elif name == "state":
            tables.routing.set_state(first, second)
            slow.channels[first].is_up = second == ChannelState.CHANNEL_UP
        elif name == "anew":
            tables.routing.set_incarnation(first, number + 1)
            slow.channels[first].exec_id_max = 0
            exec_id = second
        elif name == "forgotten":
            ends = tables.missing(first, [])
            slow_ends = slow.forgotten(first)
            assert ends.tobytes() == b"".join(row.tobytes() for row in slow_ends)
        else:
            refusals = tables.lost(first, second, 100)
            slow_refusals = slow.lost(first, second)
            assert refusals.tobytes() == b"".join(row.tobytes() for row in slow_refusals)
