"""tidegate.Client against a real gateway; the test plays risk."""

from decimal import Decimal

import pytest
from rig import House

from tidegate import Client
from tidegate.errors import PriceError, SessionError
from tidegate.native.records import ExecType, Kind, Reason, Side

ORDER = {"account": "dev-1", "instrument": "GCZ3", "side": "BUY", "order_qty": 2, "price": "1313.5"}


def test_an_order_goes_out_and_its_reports_come_back(gateway: House) -> None:
    with Client(gateway.front, "one") as client:
        order = client.submit(**ORDER)
        assert order.ord_status == "PendingNew"
        row = gateway.risk.take()[0]
        assert (row["kind"], row["session"], row["price"]) == (Kind.NEW_ORDER_SINGLE, 1, 13135)
        order_id = gateway.risk.accept(row)
        gateway.risk.fill(row, order_id, 1, 1)
        gateway.risk.fill(row, order_id, 1, 2)
        reports = [report for report, _ in zip(client.reports(timeout=5), range(3), strict=False)]
    assert [report.ord_status for report in reports] == ["New", "PartiallyFilled", "Filled"]
    assert reports[0].exec_type == ExecType.EXEC_NEW
    assert (reports[1].last_px, reports[1].last_qty, reports[1].leaves_qty) == (Decimal("1313.5"), 1, 1)
    assert (reports[2].account, reports[2].instrument, reports[2].side) == ("dev-1", "GCZ3", Side.BUY)
    assert (order.ord_status, order.cum_qty, order.order_id) == ("Filled", 2, order_id)
