"""Positions, money and working orders, answered from risk's regions."""

import pytest
from gateway_rig import House

from tidegate import Client, risk_state
from tidegate.errors import SessionError
from tidegate.native.positions import create_pair
from tidegate.native.records import NO_PRICE, Side


def test_answers_come_from_risks_regions(gateway: House) -> None:
    account = gateway.universe.sessions[0].accounts[0]
    with Client(gateway.front, "one") as client:
        with pytest.raises(SessionError, match=r"risk's tables cannot be read"):
            client.account("dev-1")
        tables, regions = risk_state.in_regions(gateway.universe, gateway.run_dir)
        balance = client.account("dev-1").balances[0]
        assert (balance.currency, balance.cash, balance.excess) == (
            "USD",
            "1000000.0000",
            "1000000.0000",
        )
        assert client.account("dev-1").trading_state == "ACTIVE"
        assert client.positions("dev-1") == []
        assert client.orders("dev-1") == []
        pair = create_pair(tables, account, 1)
        tables.arrays["pairs"]["net"][pair] = -3
        tables.arrays["pairs"]["all"]["buy_credit"][pair] -= -3 + 2
        row = tables.arrays["orders"][5]
        row["account"], row["instrument"], row["cl_ord_id"], row["order_id"] = account, 1, 77, 5
        row["side"], row["order_qty"], row["cum_qty"], row["price"] = Side.BUY, 4, 2, 13135
        row["ord_status"] = ord("1")
        market = tables.arrays["orders"][6]
        tables.arrays["orders"][6] = row
        market["price"], market["ord_status"], market["cum_qty"] = NO_PRICE, ord("0"), 0
        tables.arrays["orders"][7] = row
        tables.arrays["orders"]["ord_status"][7] = ord("4")
        (position,) = client.positions("dev-1")
        assert (position.instrument, position.position, position.open_buy_qty) == ("GCZ3", -3, 2)
        first, second = client.orders("dev-1")
        assert (first.cl_ord_id, first.price, first.ord_status) == (77, "1313.5", "PartiallyFilled")
        assert (second.price, second.side) == (None, "BUY")
        with pytest.raises(SessionError, match="'dev-2' is not of session 'one'"):
            client.orders("dev-2")
    for region in regions.values():
        region.close()
