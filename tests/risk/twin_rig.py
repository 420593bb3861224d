"""Twin and compiled step side by side."""

from collections import Counter
from typing import Any

from twin import Twin, compare
from twin_desk import Desk
from twin_records import VIEWS, Record, as_input
from twin_world import world

from tidegate import risk_state
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import ORDER_RECORD, Kind, Reason

Row = dict[str, Any]
OF_VENUES = (Kind.EXECUTION_REPORT, Kind.CANCEL_REJECT)


class Both:
    """Compiled step and twin side by side; run() asserts that they agree in everything."""

    def __init__(self, seed: int) -> None:
        content = world(seed)
        self.twin = Twin(content)
        self.tables = risk_state.in_memory(content)
        self.pretrade = Pretrade(self.tables)
        self.numbers: dict[int, int] = {}
        self.native_ids: dict[int, int] = {}
        self.reasons: Counter[str] = Counter()

    def run(self, row: Record) -> None:
        expected = self.twin.run(as_input(row))
        if int(row["kind"][0]) in OF_VENUES:
            row["order_id"] = self.native_ids.get(int(row["order_id"][0]), 77)
        row["sequence"] = int(self.tables.arrays["risk"]["sequence"][0]) + 1
        routes, reports = self.pretrade.step(row)
        self.learn(as_dicts(routes), expected.routes)
        assert differ(self.pretrade.verdict, expected.bits) == []
        self.same(as_dicts(routes), expected.routes)
        self.same(as_dicts(reports), expected.reports)
        assert compare(self.twin, self.tables.arrays) == []
        for reason in expected.failed or ([expected.reason] if expected.reason else []):
            self.reasons[Reason(reason).name] += 1
        for report in expected.reports:
            self.reasons[Reason(report.get("reason", 0)).name] += 1

    def learn(self, routes: list[Row], expected: list[Row]) -> None:
        """Which order of the twin is which of the step: the first route names both."""
        own = {row["cl_ord_id"]: row["order_id"] for row in expected if row["kind"] == 1}
        for row in routes:
            if row["kind"] == 1 and row["cl_ord_id"] in own:
                self.numbers[row["order_id"]] = own[row["cl_ord_id"]]
                self.native_ids[own[row["cl_ord_id"]]] = row["order_id"]

    def same(self, found: list[Row], expected: list[Row]) -> None:
        """The fields that the twin states; cancels of one record may come in any order."""
        assert len(found) == len(expected), (found, expected)
        seen = []
        for row, other in zip(sorted(found, key=place), sorted(expected, key=place), strict=True):
            part = {name: row[name] for name in other if name in row}
            if "order_id" in part:
                part["order_id"] = self.numbers.get(part["order_id"], part["order_id"])
            seen.append((part, other))
        for part, other in seen:
            assert part == other


def place(row: Row) -> tuple[int, ...]:
    names = ("kind", "reason", "account", "session", "cl_ord_id", "price")
    return tuple(int(row.get(name) or 0) for name in names[:2])


def differ(bits: int, expected: int) -> list[str]:
    names = {reason.value: reason.name for reason in Reason}
    return [
        f"{'step' if bits >> bit & 1 else 'twin'} alone: {names.get(bit, bit)}"
        for bit in range(64)
        if (bits ^ expected) >> bit & 1
    ]


def as_dicts(rows: Record) -> list[Row]:
    """Records as dicts of the view of their kind."""
    found = []
    for index in range(len(rows)):
        kind = Kind(int(rows["kind"][index]))
        view = rows[index : index + 1].view(VIEWS.get(kind, ORDER_RECORD))
        names = [name for name in view.dtype.names or () if name != "pad"]
        found.append({name: view[name][0].tolist() for name in names})
    return found


def run(seed: int, count: int) -> Both:
    both = Both(seed)
    desk = Desk(seed, both.twin)
    for row in desk.opening():
        both.run(row)
    for _ in range(count):
        both.run(desk.next())
    return both
