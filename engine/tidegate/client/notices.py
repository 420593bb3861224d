"""ALERT and CONTROL_ANSWER records in words."""

from typing import Any

from tidegate.client.names import Names
from tidegate.client.report import Alert, ControlAnswer
from tidegate.codec import DENIAL
from tidegate.native.records import Flag, Grade, Kind, Level, Reason, Scope

_D = DENIAL.index
# Kinds that may answer a control record.
ANSWERS = frozenset({Kind.CONTROL_ANSWER, Kind.SESSION_REJECT})


def alert(record: bytes, names: Names) -> Alert:
    """What risk tells a session by itself."""
    values = DENIAL.unpack(record)
    return Alert(
        **_numbers(values),
        grade=Grade(values[_D["grade"]]) if values[_D["grade"]] else None,
        account=names.account_name(values[_D["account"]]),
        instrument=names.symbol(values[_D["instrument"]]),
        is_poss_dup=bool(values[_D["flags"]] & Flag.POSS_DUP),
    )


def is_control(answer: ControlAnswer) -> bool:
    """Whether what was answered is a control record, and not an order."""
    return answer.ref_kind is not None and answer.ref_kind >= Kind.MARK


def control_answer(record: bytes) -> ControlAnswer:
    """What became of a control record; a SESSION_REJECT of one reads the same."""
    values = DENIAL.unpack(record)
    ref_kind = values[_D["ref_kind"]]
    return ControlAnswer(
        **_numbers(values),
        request_id=values[_D["cl_ord_id"]],
        ref_kind=Kind(ref_kind) if ref_kind else None,
    )


def _numbers(values: tuple[Any, ...]) -> dict[str, Any]:
    reason, level, scope = (values[_D[name]] for name in ("reason", "level", "scope"))
    return {
        "reason": Reason(reason) if reason else None,
        "limit": values[_D["limit_value"]],
        "used": values[_D["used_value"]],
        "asked": values[_D["asked_value"]],
        "level": Level(level) if level else None,
        "scope": Scope(scope) if scope else None,
        "msg_seq_num": values[_D["msg_seq_num"]],
    }
