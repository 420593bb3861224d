"""The venue's statement: what a reconciliation compares with."""

from venue_rig import BUY, SELL, Make

from tidegate.native.records import Kind


def test_the_statement_lists_what_works_and_the_last_report_of_each_account(make: Make) -> None:
    venue = make()
    wire, other = venue.channel(), venue.channel("other", "M2")
    wire.order(7, price=102, order_qty=14)
    wire.order(8, side=SELL, price=110, order_qty=2)
    wire.order(9, price=0, order_qty=0)
    other.order(7, price=90, account=2)
    fresh = wire.until_reports(4)
    other.until_reports(1)
    said = wire.request("statement")
    assert said["incarnation"] == venue.agent.front.incarnation
    first, second = (said["accounts"][name] for name in ("M1", "M2"))
    assert first["position"] == {"GCZ3": 10}
    assert first["cash"] == {"USD": first["traded_value"] - first["fees"]}
    assert [
        (each["cl_ord_id"], each["side"], each["cum_qty"], each["leaves_qty"])
        for each in first["orders"]
    ] == [(7, BUY, 10, 4), (8, SELL, 0, 2)]
    assert first["orders"][0]["order_id"] == fresh[0]["order_id"]
    assert first["last_exec_id"] == fresh[2]["exec_id"], "a rejection changes nothing"
    assert [each["cl_ord_id"] for each in second["orders"]] == [7]
    assert (second["position"], second["cash"]) == ({}, {})
    assert second["last_exec_id"] == other.reports[0]["exec_id"]


def test_an_order_leaves_the_statement_when_it_ends(make: Make) -> None:
    wire = make().channel()
    wire.order(1, price=90)
    wire.order(1, Kind.CANCEL_REQUEST)
    canceled = wire.until_reports(2)[1]
    account = wire.request("statement")["accounts"]["M1"]
    assert account["orders"] == []
    assert account["last_exec_id"] == canceled["exec_id"]
