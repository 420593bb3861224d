"""The routing steps, each rule by itself."""

import numpy as np
import pytest
from routing_rig import CAPACITY, MS, SECOND, Tables, report, request

from tidegate.native.order_map import RouteState
from tidegate.native.records import (
    DENIAL_RECORD,
    EXECUTION_RECORD,
    QUOTE_RECORD,
    RECORD,
    ExecType,
    Kind,
    Reason,
)
from tidegate.native.routing import ChannelState, Routed


@pytest.fixture
def tables() -> Tables:
    return Tables()


def test_new_order_goes_out_in_the_venues_own_names(tables: Tables) -> None:
    channel, out = tables.route(request(session=9), SECOND + 40)
    assert channel == 1
    assert out["instrument"][0] == 901
    assert out["account"][0] == 5001
    assert out["cl_ord_id"][0] == 1 << 32 | 3
    assert out["session"][0] == 0
    assert out["msg_seq_num"][0] == 1
    assert out["routed_delta"][0] == 40
    assert tables.routes[3]["state"] == RouteState.ROUTE_PENDING_NEW


def test_report_comes_back_in_our_names_with_the_requests_stamps(tables: Tables) -> None:
    tables.route(request(session=9, decided_delta=30, account=2), SECOND + 40)
    passes, out = tables.report(1, report(ExecType.EXEC_NEW, 1), SECOND + 90)
    assert passes
    assert out["order_id"][0] == 1 << 32 | 3
    assert out["cl_ord_id"][0] == 100
    assert (out["account"][0], out["instrument"][0], out["session"][0]) == (2, 1, 9)
    assert (out["received_ns"][0], out["decided_delta"][0]) == (SECOND, 30)
    assert (out["routed_delta"][0], out["venue_delta"][0]) == (40, 90)
    assert tables.routes[3]["state"] == RouteState.ROUTE_WORKING
    assert tables.routes[3]["venue_order_id"] == 7001


def test_stamps_are_of_the_request_that_a_report_answers_and_of_no_other(tables: Tables) -> None:
    def stamps(exec_type: ExecType, exec_id: int, now_ns: int) -> tuple[int, int, int]:
        _, out = tables.report(1, report(exec_type, exec_id), now_ns)
        return int(out["received_ns"][0]), int(out["routed_delta"][0]), int(out["venue_delta"][0])

    cancel = request(Kind.CANCEL_REQUEST, cl_ord_id=101, received_ns=SECOND + 50)
    tables.route(request(), SECOND + 40)
    tables.route(cancel, SECOND + 60)
    assert stamps(ExecType.EXEC_NEW, 1, SECOND + 90) == (SECOND, 40, 90)
    # The cancel went out behind a request that was still pending: there is one set of stamps.
    assert stamps(ExecType.EXEC_CANCELED, 2, SECOND + 95) == (SECOND + 95, 0, 1)
    tables.route(request(order_id=2 << 32 | 3), SECOND + 200)
    tables.report(1, report(ExecType.EXEC_NEW, 3, cl_ord_id=2 << 32 | 3), SECOND + 210)
    cancel["order_id"], cancel["received_ns"] = 2 << 32 | 3, SECOND + 300
    tables.route(cancel, SECOND + 310)
    trade = report(ExecType.EXEC_TRADE, 4, cl_ord_id=2 << 32 | 3, cum_qty=1)
    _, fill = tables.report(1, trade, SECOND + 320)
    assert (int(fill["received_ns"][0]), int(fill["routed_delta"][0])) == (SECOND + 320, 0)
    done = report(ExecType.EXEC_CANCELED, 5, cl_ord_id=2 << 32 | 3)
    _, out = tables.report(1, done, SECOND + 330)
    assert (int(out["received_ns"][0]), int(out["routed_delta"][0])) == (SECOND + 300, 10)


def test_cancel_answer_names_the_cancel_and_carries_the_venue_order_id(tables: Tables) -> None:
    tables.route(request(), SECOND)
    tables.report(1, report(ExecType.EXEC_NEW, 1), SECOND)
    _, out = tables.route(request(Kind.CANCEL_REQUEST, cl_ord_id=101), SECOND)
    assert out["order_id"][0] == 7001
    _, answer = tables.report(1, report(ExecType.EXEC_CANCELED, 2), SECOND)
    assert answer["cl_ord_id"][0] == 101
    assert tables.routes[3]["state"] == RouteState.ROUTE_DONE


def test_unsolicited_cancel_names_the_order_itself(tables: Tables) -> None:
    tables.route(request(), SECOND)
    _, answer = tables.report(1, report(ExecType.EXEC_CANCELED, 2), SECOND)
    assert answer["cl_ord_id"][0] == 100


def test_order_is_called_by_its_replace_after_it_was_replaced(tables: Tables) -> None:
    tables.route(request(), SECOND)
    tables.route(request(Kind.CANCEL_REPLACE_REQUEST, cl_ord_id=101), SECOND)
    _, answer = tables.report(1, report(ExecType.EXEC_REPLACED, 1, order_qty=6), SECOND)
    assert answer["cl_ord_id"][0] == 101
    _, trade = tables.report(1, report(ExecType.EXEC_TRADE, 2, order_qty=6, cum_qty=6), SECOND)
    assert trade["cl_ord_id"][0] == 101
    assert tables.routes[3]["state"] == RouteState.ROUTE_DONE


def test_cancel_reject_names_the_request_it_refuses(tables: Tables) -> None:
    tables.route(request(), SECOND)
    tables.route(request(Kind.CANCEL_REQUEST, cl_ord_id=101), SECOND)
    tables.route(request(Kind.CANCEL_REPLACE_REQUEST, cl_ord_id=102), SECOND)
    denial = np.zeros(1, DENIAL_RECORD)
    denial["kind"] = Kind.CANCEL_REJECT
    denial["cl_ord_id"] = 1 << 32 | 3
    denial["ref_kind"] = Kind.CANCEL_REPLACE_REQUEST
    denial["reason"] = Reason.VENUE_TOO_LATE
    passes, answer = tables.report(1, denial.view(RECORD), SECOND)
    assert passes
    assert answer["cl_ord_id"][0] == 102
    assert tables.routes[3]["replace_seq_num"] == 0
    assert tables.routes[3]["cancel_seq_num"] == 2


def test_reject_of_an_earlier_cancel_does_not_answer_the_pending_one(tables: Tables) -> None:
    tables.route(request(), SECOND)
    rejects = []
    for number in (2, 3):
        tables.route(request(Kind.CANCEL_REQUEST, cl_ord_id=100 + number), SECOND)
        row = np.zeros(1, DENIAL_RECORD)
        row["kind"], row["ref_kind"] = Kind.CANCEL_REJECT, Kind.CANCEL_REQUEST
        row["cl_ord_id"], row["ref_seq_num"] = 1 << 32 | 3, number
        rejects.append(row.view(RECORD))
        if number == 2:
            assert tables.report(1, rejects[0], SECOND)[0]
    assert not tables.report(1, rejects[0], SECOND)[0]
    assert tables.routes[3]["cancel_seq_num"] == 3
    passes, answer = tables.report(1, rejects[1], SECOND)
    assert (passes, answer["cl_ord_id"][0]) == (True, 103)


@pytest.mark.parametrize(
    ("fields", "reason", "counter", "channel"),
    [
        ({"instrument": 0}, Reason.VENUE_CODE_MISSING, "refused_code", 0),
        ({"instrument": 99}, Reason.VENUE_CODE_MISSING, "refused_code", 0),
        ({"instrument": 4}, Reason.VENUE_CODE_MISSING, "refused_code", 1),
        ({"account": 3}, Reason.VENUE_CODE_MISSING, "refused_code", 1),
        ({"account": 99}, Reason.VENUE_CODE_MISSING, "refused_code", 1),
        ({"order_id": 1 << 32 | CAPACITY}, Reason.TABLE_FULL, "refused_order", 1),
    ],
)
def test_request_that_cannot_be_translated_is_refused_and_counted(
    tables: Tables, fields: dict[str, int], reason: Reason, counter: str, channel: int
) -> None:
    routed, out = tables.route(request(**fields), SECOND)
    assert routed == Routed.ROUTED_REFUSED
    assert out["kind"][0] == Kind.EXECUTION_REPORT
    assert out["exec_type"][0] == ExecType.EXEC_REJECTED
    assert out["reason"][0] == reason
    assert out["cl_ord_id"][0] == 100
    assert tables.channels[channel][counter] == 1
    assert tables.channels["submitted"].sum() == 0


@pytest.mark.parametrize("kind", [Kind.CANCEL_REQUEST, Kind.CANCEL_REPLACE_REQUEST])
def test_cancel_while_the_venue_is_down_is_answered(tables: Tables, kind: Kind) -> None:
    tables.routing.set_state(1, ChannelState.CHANNEL_LOGGING_ON)
    routed, out = tables.route(request(kind, cl_ord_id=101), SECOND)
    assert routed == Routed.ROUTED_REFUSED
    assert out["kind"][0] == Kind.CANCEL_REJECT
    assert out["reason"][0] == Reason.VENUE_DOWN
    assert out.view(DENIAL_RECORD)["ref_kind"][0] == kind
    assert out["cl_ord_id"][0] == 101


@pytest.mark.parametrize(
    "kind", [Kind.NEW_ORDER_SINGLE, Kind.CANCEL_REPLACE_REQUEST, Kind.CANCEL_REQUEST]
)
def test_what_waited_too_long_for_the_router_is_refused_unless_it_cancels(kind: Kind) -> None:
    tables = Tables(order_age_ms_max=5)
    in_time = SECOND + 5 * MS
    assert tables.route(request(), in_time)[0] == 1
    late = request(kind, cl_ord_id=101, order_id=1 << 32 | (4 if kind == 1 else 3))
    routed, out = tables.route(late, in_time + 1)
    if kind == Kind.CANCEL_REQUEST:
        assert routed == 1
        return
    assert (routed, out["reason"][0]) == (Routed.ROUTED_REFUSED, Reason.STALE_ORDER)
    assert tables.channels[1]["refused_stale"] == 1
    assert tables.route(request(order_id=1 << 32 | 5, received_ns=in_time + 1), in_time + 1)[0] == 1


def test_an_age_is_by_the_clock_where_that_was_set_back() -> None:
    tables = Tables(order_age_ms_max=5)
    ahead = 60 * SECOND
    in_time = SECOND + ahead + 5 * MS
    assert tables.route(request(), in_time, ahead)[0] == 1
    routed, out = tables.route(request(order_id=1 << 32 | 4), in_time + 1, ahead)
    assert (routed, out["reason"][0]) == (Routed.ROUTED_REFUSED, Reason.STALE_ORDER)


def test_throttle_refuses_what_is_over_the_burst_and_lets_cancels_pass(tables: Tables) -> None:
    for number in range(5):
        routed, _ = tables.route(request(order_id=1 << 32 | number), SECOND)
        assert routed == 1
    routed, out = tables.route(request(order_id=1 << 32 | 6), SECOND)
    assert (routed, out["reason"][0]) == (Routed.ROUTED_REFUSED, Reason.VENUE_THROTTLE)
    # Two cancels overdraw the bucket: at 10 a second it is a message again after 300 ms.
    for number in (1, 2):
        routed, _ = tables.route(request(Kind.CANCEL_REQUEST, order_id=1 << 32 | number), SECOND)
        assert routed == 1
    third = SECOND * 3 // 10
    routed, _ = tables.route(request(order_id=1 << 32 | 6), SECOND + third - 1)
    assert routed == Routed.ROUTED_REFUSED
    routed, _ = tables.route(request(order_id=1 << 32 | 6), SECOND + third)
    assert routed == 1
    assert tables.channels[1]["refused_throttle"] == 2


def test_same_request_again_is_dropped_and_counted(tables: Tables) -> None:
    tables.route(request(order_id=2 << 32 | 3), SECOND)
    for order_id in (2 << 32 | 3, 1 << 32 | 3):
        routed, _ = tables.route(request(order_id=order_id), SECOND)
        assert routed == Routed.ROUTED_DROPPED
    cancel = request(Kind.CANCEL_REQUEST, order_id=2 << 32 | 3, cl_ord_id=101)
    assert tables.route(cancel, SECOND)[0] == 1
    assert tables.route(cancel, SECOND)[0] == Routed.ROUTED_DROPPED
    assert tables.channels[1]["requests_repeated"] == 3


def test_later_order_takes_its_place_in_a_map_that_outlived_the_journal(tables: Tables) -> None:
    tables.route(request(order_id=2 << 32 | 3), SECOND)
    later = request(order_id=1 << 32 | 3, received_ns=SECOND + 1)
    assert tables.route(later, SECOND + 1)[0] == 1
    assert tables.routes[3]["order_id"] == 1 << 32 | 3


def test_cancel_of_an_order_whose_place_was_used_again_is_refused(tables: Tables) -> None:
    tables.route(request(order_id=2 << 32 | 3), SECOND)
    routed, out = tables.route(request(Kind.CANCEL_REQUEST), SECOND)
    assert (routed, out["reason"][0]) == (Routed.ROUTED_REFUSED, Reason.UNKNOWN_ORDER)


@pytest.mark.parametrize("kind", [Kind.MASS_CANCEL_REQUEST, Kind.MARK, 255])
def test_record_that_is_no_request_is_dropped_and_counted(tables: Tables, kind: Kind) -> None:
    assert tables.route(request(kind), SECOND)[0] == Routed.ROUTED_DROPPED
    assert tables.channels[1]["requests_malformed"] == 1


def test_repeated_exec_id_is_dropped_and_counted(tables: Tables) -> None:
    tables.route(request(), SECOND)
    trade = report(ExecType.EXEC_TRADE, 5, cum_qty=1)
    assert tables.report(1, trade, SECOND)[0]
    assert not tables.report(1, trade, SECOND)[0]
    assert tables.channels[1]["duplicates"] == 1
    assert tables.report(2, report(ExecType.EXEC_TRADE, 5), SECOND)[0]


def test_report_of_an_order_not_in_the_map_is_passed_on(tables: Tables) -> None:
    trade = report(ExecType.EXEC_TRADE, 5, cl_ord_id=4 << 32 | 2, received_ns=SECOND)
    passes, out = tables.report(1, trade, SECOND)
    assert passes
    assert out["order_id"][0] == 4 << 32 | 2
    assert (out["cl_ord_id"][0], out["account"][0], out["instrument"][0]) == (0, 0, 1)
    assert tables.channels[1]["unknown_orders"] == 1


def test_mark_gets_our_handle_and_an_unlisted_one_is_dropped(tables: Tables) -> None:
    mark = np.zeros(1, QUOTE_RECORD)
    mark["kind"] = Kind.MARK
    mark["instrument"] = 901
    passes, out = tables.report(2, mark.view(RECORD), SECOND)
    assert (passes, out["instrument"][0], out["received_ns"][0]) == (True, 3, SECOND)
    mark["instrument"] = 17
    assert not tables.report(2, mark.view(RECORD), SECOND)[0]
    assert tables.channels[2]["unknown_codes"] == 1


def test_requests_the_venue_never_got_are_refused_once(tables: Tables) -> None:
    for number in range(3):
        tables.route(request(order_id=1 << 32 | number, cl_ord_id=number), SECOND)
    tables.route(request(Kind.CANCEL_REQUEST, order_id=1 << 32, cl_ord_id=9), SECOND)
    first = tables.lost(1, 3, 1)
    rest = tables.lost(1, 3, 5)
    assert [row["cl_ord_id"] for row in (*first, *rest)] == [9, 2]
    assert [row["reason"] for row in (*first, *rest)] == [Reason.VENUE_DOWN] * 2
    assert len(tables.lost(1, 3, 5)) == 0
    assert tables.channels[1]["requests_lost"] == 2


def test_orders_of_a_venue_started_anew_are_ended_once(tables: Tables) -> None:
    for number in range(4):
        tables.route(request(order_id=1 << 32 | number, cl_ord_id=100 + number), SECOND)
    for number in range(3):
        accepted = report(ExecType.EXEC_NEW, 1 + number, cl_ord_id=1 << 32 | number)
        tables.report(1, accepted, SECOND)
    filled = report(ExecType.EXEC_TRADE, 5, cl_ord_id=1 << 32 | 1, cum_qty=4)
    partly = report(ExecType.EXEC_TRADE, 6, cl_ord_id=1 << 32 | 2, cum_qty=1)
    for trade in (filled, partly):
        tables.report(1, trade, SECOND)
    tables.route(request(Kind.CANCEL_REQUEST, order_id=1 << 32, cl_ord_id=9), SECOND)
    assert len(tables.missing(2, [], 5)) == 0
    first, rest = tables.missing(1, [], 1), tables.missing(1, [], 5)
    ends = np.concatenate([first, rest]).view(EXECUTION_RECORD)
    assert ends["cl_ord_id"].tolist() == [9, 102]
    assert ends["cum_qty"].tolist() == [0, 1]
    assert set(ends["exec_type"]) == {ExecType.EXEC_CANCELED}
    assert (set(ends["reason"]), set(ends["exec_id"])) == ({Reason.VENUE_DOWN}, {0})
    # What was not accepted yet is left to be refused.
    assert [row["cl_ord_id"] for row in tables.lost(1, 1, 5)] == [103]
    assert len(tables.missing(1, [], 5)) == 0
    assert tables.channels[1]["orders_forgotten"] == 2


def test_report_that_is_sent_again_is_passed_on_and_changes_nothing(tables: Tables) -> None:
    tables.route(request(), SECOND)
    sent = []
    for exec_id, order_qty in ((1, 2), (2, 9)):
        asked = request(Kind.CANCEL_REPLACE_REQUEST, cl_ord_id=100 + exec_id)
        tables.route(asked, SECOND)
        sent.append(report(ExecType.EXEC_REPLACED, exec_id, order_qty=order_qty))
        tables.report(1, sent[-1], SECOND)
    trade = report(ExecType.EXEC_TRADE, 3, order_qty=9, cum_qty=3)
    tables.report(1, trade, SECOND)
    # A venue that says that it is another one sends again what the one before had sent.
    tables.routing.set_incarnation(1, 2)
    before = tables.routes[3].tobytes()
    assert all(tables.report(1, row, SECOND)[0] for row in (*sent, trade))
    assert tables.routes[3].tobytes() == before
    assert tables.routes[3]["state"] == RouteState.ROUTE_WORKING


def test_order_whose_id_is_used_again_starts_afresh(tables: Tables) -> None:
    tables.route(request(), SECOND)
    tables.report(1, report(ExecType.EXEC_TRADE, 1, cum_qty=4), SECOND)
    tables.route(request(received_ns=SECOND + 1, cl_ord_id=200), SECOND + 1)
    tables.report(1, report(ExecType.EXEC_NEW, 2), SECOND + 1)
    assert tables.routes[3]["state"] == RouteState.ROUTE_WORKING


def test_withdrawn_request_gives_its_number_back(tables: Tables) -> None:
    _, sent = tables.route(request(session=9), SECOND)
    out = tables.withdrawn(1, sent)
    assert out["reason"][0] == Reason.VENUE_DOWN
    assert (out["cl_ord_id"][0], out["instrument"][0], out["session"][0]) == (100, 1, 9)
    assert tables.channels[1]["next_sending"] == 1
    assert len(tables.lost(1, 1, 5)) == 0


def test_a_venues_new_listing_replaces_the_old(tables: Tables) -> None:
    tables.codes.learn(1, {2: 901}, {2: 6000})
    assert tables.route(request(), SECOND)[0] == Routed.ROUTED_REFUSED
    _, out = tables.route(request(instrument=2, account=2), SECOND)
    assert (out["instrument"][0], out["account"][0]) == (901, 6000)


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (1, 0), (2 * 10**9, 1)])
def test_impossible_throttle_is_refused(tables: Tables, rate: int, burst: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to"):
        tables.routing.open_channel(1, rate, burst)
