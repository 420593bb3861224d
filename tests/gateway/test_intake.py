"""The gateway's step against a plain twin, and each verdict by name."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tidegate.native.intake import Intake, account_words, step
from tidegate.native.records import (
    CONTROL_RECORD,
    LAYOUT_VERSION,
    RATE_RECORD,
    RECORD,
    Flag,
    Kind,
    Reason,
)
from tidegate.native.sessions import SESSION_ROW, SessionState

ACCOUNTS = 130
OWN = (1, 64, 65, 130)
REQUESTS = (
    Kind.NEW_ORDER_SINGLE,
    Kind.CANCEL_REQUEST,
    Kind.CANCEL_REPLACE_REQUEST,
    Kind.MASS_CANCEL_REQUEST,
)
CONTROLS = (
    *(Kind.SETTLEMENT, Kind.TRADING_STATE, Kind.CASH, Kind.LIMIT_CHANGE, Kind.KILL),
    *(Kind.RE_ENABLE, Kind.PROTECTION_RESET, Kind.TRANSFER, Kind.CURRENCY_RATE, Kind.MARGIN_RATES),
    *(Kind.MARGIN_ARRAY, Kind.MARGIN_COMMIT, Kind.MARGIN_CREDIT, Kind.SIDE_LOCK, Kind.NOTE),
)
# Where the actor stands, by kind.
UNSIGNED = (Kind.MARGIN_RATES, Kind.MARGIN_ARRAY, Kind.NOTE)


def plain(
    state: int,
    expected: int,
    version: int,
    kind: int,
    number: int,
    flags: int,
    account: int,
    is_operator: bool,
) -> tuple[Intake, int, int]:
    """Verdict, reason and the next expected number, in the order the rules are read."""
    if state != SessionState.SESSION_ON:
        return Intake.INTAKE_REFUSED, Reason.NOT_LOGGED_ON, expected
    if version != LAYOUT_VERSION:
        return Intake.INTAKE_REFUSED, Reason.FRAME_VERSION, expected
    if number > expected:
        return Intake.INTAKE_GAP, Reason.SEQUENCE_GAP, expected
    if number < expected:
        if flags & Flag.POSS_DUP:
            return Intake.INTAKE_DUPLICATE, 0, expected
        return Intake.INTAKE_REFUSED, Reason.SEQUENCE_LOW, expected
    if kind in CONTROLS or (is_operator and kind in REQUESTS):
        if is_operator and kind in CONTROLS:
            return Intake.INTAKE_FORWARD, 0, expected + 1
        return Intake.INTAKE_TAKEN, Reason.CONTROL_NOT_ALLOWED, expected + 1
    if kind not in REQUESTS:
        return Intake.INTAKE_TAKEN, Reason.FRAME_KIND, expected + 1
    if account not in OWN and not (kind == Kind.MASS_CANCEL_REQUEST and account == 0):
        return Intake.INTAKE_TAKEN, Reason.ACCOUNT_NOT_OF_SESSION, expected + 1
    return Intake.INTAKE_FORWARD, 0, expected + 1


@given(
    state=st.sampled_from([0, 1, 2, 2, 2, 2, 3]),
    expected=st.integers(1, 5),
    version=st.sampled_from([LAYOUT_VERSION] * 5 + [0, 1, 255]),
    kind=st.one_of(st.sampled_from(REQUESTS + CONTROLS), st.integers(0, 255)),
    number=st.integers(0, 6),
    flags=st.integers(0, 15),
    account=st.one_of(st.sampled_from(OWN), st.sampled_from([0, 2, 63, 131, 192, 2**32 - 1])),
    is_operator=st.booleans(),
)
def test_the_step_decides_as_its_plain_twin(
    state: int,
    expected: int,
    version: int,
    kind: int,
    number: int,
    flags: int,
    account: int,
    is_operator: bool,
) -> None:
    row = np.zeros(1, SESSION_ROW)
    row["state"], row["next_expected"], row["handle"] = state, expected, 9
    record = np.zeros(1, RECORD)
    record["layout_version"], record["kind"], record["msg_seq_num"] = version, kind, number
    record["flags"], record["account"] = flags, account
    record["session"], record["sequence"], record["back_delta"] = 4, 5, 6
    record["body"] = 2**40 + 7
    body = record["body"].copy()
    verdict, reason, next_expected = plain(
        state, expected, version, kind, number, flags, account, is_operator
    )
    words = account_words(OWN, ACCOUNTS)
    assert step(row, words, ACCOUNTS, record, is_operator=is_operator) == verdict
    assert (record["reason"], row["next_expected"]) == (reason, next_expected)
    if verdict == Intake.INTAKE_FORWARD:
        assert (record["sequence"], record["back_delta"]) == (0, 0)
        session = 9
        if kind in (Kind.TRADING_STATE, Kind.KILL):
            session = 4
        elif kind in CONTROLS and kind not in UNSIGNED:
            session = 0
        assert record["session"] == session
        if kind == Kind.CURRENCY_RATE:
            assert record.view(RATE_RECORD)["actor"] == 9
        elif kind in CONTROLS and kind not in UNSIGNED:
            assert record.view(CONTROL_RECORD)["actor"] == 9
        else:
            assert (record["body"] == body).all()
