"""Control records as an operator sends them, and the proof that a refused one changes nothing."""

from typing import Any

from risk_rig import Step, record

from tidegate.native.records import CONTROL_RECORD, RATE_RECORD, Kind, Reason

OPERATOR = 2
COUNTED = ("sequence", "refused_records", "given")
Report = dict[str, Any]


def by_operator(kind: Kind, **fields: Any) -> Any:
    """A record that session 2 is waiting for an answer to."""
    view = RATE_RECORD if kind == Kind.CURRENCY_RATE else CONTROL_RECORD
    return record(view, kind, **({"actor": OPERATOR} | fields))


def ask(step: Step, row: Any) -> tuple[Report, list[Report], list[Report]]:
    """Run a record of an operator's: the answer, the routes, the other reports."""
    routes, reports = step.run(row)
    answers = [report for report in reports if report["kind"] == Kind.CONTROL_ANSWER]
    assert len(answers) == 1
    assert answers[0]["session"] == OPERATOR
    assert answers[0]["ref_kind"] == row["kind"][0]
    assert answers[0]["cl_ord_id"] == row["cl_ord_id"][0]
    return answers[0], routes, [row for row in reports if row["kind"] != Kind.CONTROL_ANSWER]


def done(step: Step, row: Any) -> list[Report]:
    """The reports that a record sets off which must be taken, without the answer."""
    answer, _, others = ask(step, row)
    assert answer["reason"] == 0, Reason(answer["reason"]).name
    return others


def copies(step: Step) -> dict[str, Any]:
    return {name: rows.copy() for name, rows in step.tables.arrays.items()}


def changed_tables(step: Step, before: dict[str, Any]) -> list[str]:
    """The tables that are no longer as they were, but for the record's sequence and its answer."""
    after = copies(step)
    for arrays in (before, after):
        for name in COUNTED:
            arrays["risk"][name] = 0
    return [name for name in before if before[name].tobytes() != after[name].tobytes()]


def refused(step: Step, row: Any) -> Report:
    """The answer to a record that must be refused, counted, and change nothing else."""
    before = copies(step)
    count = step.risk("refused_records")
    answer, routes, others = ask(step, row)
    assert (answer["reason"], routes, others) == (Reason.CONTROL_REFUSED, [], [])
    assert step.risk("refused_records") == count + 1
    assert changed_tables(step, before) == []
    return answer
