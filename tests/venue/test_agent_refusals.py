"""What the venue's front door refuses, and that it goes on."""

import numpy as np
import pytest
from venue_rig import Make, assert_refused

from tidegate.native.records import LAYOUT_VERSION, RECORD, Kind, Reason


def frame(**fields: int) -> bytes:
    records = np.zeros(1, RECORD)
    records["layout_version"] = LAYOUT_VERSION
    for name, value in fields.items():
        records[name] = value
    return records.tobytes()


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([b""], Reason.FRAME_LENGTH),
        ([b"x" * 127], Reason.FRAME_LENGTH),
        ([b"x" * 129], Reason.FRAME_LENGTH),
        ([frame(kind=1) * 257], Reason.FRAME_LENGTH),
        ([frame(kind=1), b"{}"], Reason.FRAME_LENGTH),
        ([frame(kind=Kind.REQUEST)], Reason.FRAME_LENGTH),
        ([frame(kind=1, layout_version=9)], Reason.FRAME_VERSION),
        ([frame(kind=0)], Reason.FRAME_KIND),
        ([frame(kind=Kind.EXECUTION_REPORT)], Reason.FRAME_KIND),
        ([frame(kind=1) + frame(kind=Kind.HEARTBEAT)], Reason.FRAME_KIND),
        ([bytes(range(128))], Reason.FRAME_VERSION),
    ],
)
def test_a_bad_frame_is_answered_and_counted_and_the_venue_goes_on(
    make: Make, parts: list[bytes], reason: Reason
) -> None:
    venue = make()
    wire = venue.channel()
    wire.socket.send_multipart(parts)
    assert_refused(wire, reason)
    assert venue.agent.front.counters["bad_messages"] == 1
    wire.order(1, price=90)
    wire.until_reports(1)


def test_a_request_before_logon_is_refused(make: Make) -> None:
    wire = make().wire()
    wire.order(1, price=90)
    assert_refused(wire, Reason.NOT_LOGGED_ON)


@pytest.mark.parametrize(
    "body",
    [
        b"not json",
        b"[]",
        b'{"channel":"b","accounts":[]}',
        b'{"channel":"b","accounts":["M9"]}',
        b'{"channel":"b","accounts":["M1"]}',
        b'{"accounts":["M2"]}',
    ],
)
def test_a_logon_that_does_not_name_free_accounts_is_refused(make: Make, body: bytes) -> None:
    venue = make()
    venue.channel()
    wire = venue.wire()
    wire.socket.send_multipart([frame(kind=Kind.LOGON), body])
    assert_refused(wire, Reason.LOGON_REFUSED)
    assert wire.sessions[-1][1]["error"]
