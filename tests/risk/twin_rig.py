"""Twin and compiled step side by side."""

from collections import Counter
from typing import Any

import numpy as np
from twin import Twin, compare
from twin.numbers import NUMBER_MAX
from twin_desk import Desk
from twin_records import VIEWS, Record, as_input
from twin_world import world

from tidegate import risk_state
from tidegate.card import Decider, attach_card
from tidegate.native.card_page import CardMemory
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import ORDER_RECORD, Kind, Reason

Row = dict[str, Any]
OPEN = (ord("A"), ord("0"), ord("1"))
# So near the end that a workload passes it.
FIRST_NUMBER = (1 << 32) - 100
OF_VENUES = (Kind.EXECUTION_REPORT, Kind.CANCEL_REJECT)


class Replica:
    """The compiled step alone, on records that were run before."""

    def __init__(self, seed: int) -> None:
        self.tables = risk_state.in_memory(world(seed))
        self.pretrade = Pretrade(self.tables)

    def step(self, row: Record) -> tuple[bytes, bytes]:
        """The bytes of the routes and reports of a record that has its sequence."""
        routes, reports = self.pretrade.step(row)
        return routes.tobytes(), reports.tobytes()


class Both:
    """Compiled step and twin side by side; run() asserts that they agree in everything.

    Tables are compared after each `every`th record, verdicts and outputs after each; `decider`: a
    card that the step asks first.
    """

    def __init__(self, seed: int, every: int = 1, decider: Decider | None = None) -> None:
        self.every = every
        content = world(seed)
        self.twin = Twin(content)
        self.tables = risk_state.in_memory(content)
        self.pretrade = Pretrade(self.tables)
        self.card = None if decider is None else attach_card(self.tables, CardMemory(), decider)
        self.numbers: dict[int, int] = {}
        self.native_ids: dict[int, int] = {}
        self.reasons: Counter[str] = Counter()
        self.outputs: list[tuple[bytes, bytes]] = []
        self.days = 0

    def run(self, row: Record) -> None:
        if row["msg_seq_num"][0] == 0:
            row["msg_seq_num"] = self.lane_number()
        day = self.twin.state.business_day
        expected = self.twin.run(as_input(row))
        self.days += day != self.twin.state.business_day
        named = int(row["order_id"][0])
        if int(row["kind"][0]) in OF_VENUES:
            row["order_id"] = self.native_ids.get(named, 77)
        elif int(row["kind"][0]) == Kind.ADJUSTMENT:
            row["order_id"] = self.native_ids.get(named, named)
        row["sequence"] = int(self.tables.arrays["risk"]["sequence"][0]) + 1
        routes, reports = self.pretrade.step(row)
        self.outputs.append((routes.tobytes(), reports.tobytes()))
        self.learn()
        wrong = differ(self.pretrade.verdict, expected.bits)
        assert wrong == [], wrong
        given = [routes["msg_seq_num"].tolist(), reports["msg_seq_num"].tolist()]
        assert given == expected.numbered, (given, expected.numbered)
        self.same(as_dicts(routes), expected.routes)
        self.same(as_dicts(reports), expected.reports)
        if len(self.outputs) % self.every == 0:
            self.compare_tables()
        for reason in expected.failed or ([expected.reason] if expected.reason else []):
            self.reasons[Reason(reason).name] += 1
        for report in expected.reports:
            self.reasons[Reason(report.get("reason", 0)).name] += 1

    def lane_number(self) -> int:
        """As its sender would number the record; every fifth comes from one that does not."""
        count = len(self.outputs)
        return 0 if count % 5 == 4 else (FIRST_NUMBER + count) % NUMBER_MAX + 1

    def compare_tables(self) -> None:
        found = compare(self.twin, self.tables.arrays)
        assert found == [], found

    def learn(self) -> None:
        """Which order of the twin is which of the step: the same session and cl_ord_id."""
        for number, order in self.twin.state.open.items():
            if number not in self.native_ids:
                table = self.tables.arrays["orders"]
                is_it = (table["session"] == order.session) & np.isin(table["ord_status"], OPEN)
                found = table["order_id"][is_it & (table["cl_ord_id"] == order.cl_ord_id)]
                if len(found):
                    self.native_ids[number] = int(found[-1])
                    self.numbers[int(found[-1])] = number

    def same(self, found: list[Row], expected: list[Row]) -> None:
        """The fields that the twin states; cancels of one record may come in any order."""
        assert len(found) == len(expected), (found, expected)
        for row in found:
            if "order_id" in row:
                row["order_id"] = self.numbers.get(row["order_id"], row["order_id"])
        pairs = zip(sorted(found, key=place), sorted(expected, key=place), strict=True)
        for row, other in pairs:
            part = {name: row[name] for name in other if name in row}
            assert part == other, (part, other)


def place(row: Row) -> tuple[int, ...]:
    """Cancels by their order, anything else where it is among its kind."""
    is_cancel = row["kind"] == Kind.CANCEL_REQUEST
    return int(row["kind"]), row["order_id"] if is_cancel else 0


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


def run(seed: int, count: int, every: int = 1, decider: Decider | None = None) -> Both:
    both = Both(seed, every, decider)
    desk = Desk(seed, both.twin)
    for row in desk.opening():
        both.run(row)
    for _ in range(count):
        both.run(desk.next())
    both.compare_tables()
    return both
