"""Requests and tape rows for the exchange, and what its reports must add up to."""

from collections import defaultdict

import numpy as np
from venue_rig import BUY

from tidegate.native.records import (
    DENIAL_RECORD,
    EXECUTION_RECORD,
    LAYOUT_VERSION,
    NO_PRICE,
    ORDER_RECORD,
    ExecType,
    Kind,
    OrdType,
    Reason,
    TimeInForce,
)
from tidegate.tape.events import TapeKind
from tidegate.venue import wire
from tidegate.venue.answers import account_statement
from tidegate.venue.exchange import Exchange, TapeRow
from tidegate.venue.wire import Row

REPLACE = Kind.CANCEL_REPLACE_REQUEST
ENDS = (ExecType.EXEC_CANCELED, ExecType.EXEC_EXPIRED, ExecType.EXEC_REJECTED)


def request(cl_ord_id: int, kind: Kind = Kind.NEW_ORDER_SINGLE, **fields: int) -> Row:
    record = np.zeros(1, ORDER_RECORD)
    standard = {
        "kind": kind,
        "layout_version": LAYOUT_VERSION,
        "cl_ord_id": cl_ord_id,
        "account": 1,
        "instrument": 1,
        "side": BUY,
        "ord_type": OrdType.LIMIT,
        "time_in_force": TimeInForce.DAY,
        "price": 99,
        "order_qty": 3,
    }
    for name, value in (standard | fields).items():
        record[name] = value
    return tuple(record.tolist()[0])


def event(kind: TapeKind, side: int = 0, price: int = NO_PRICE, qty: int = 0) -> TapeRow:
    return (0, price, qty, 1, int(kind), side, 0)


def named(row: Row) -> dict[str, int]:
    dtype = EXECUTION_RECORD if row[wire.KIND] == Kind.EXECUTION_REPORT else DENIAL_RECORD
    return dict(zip(dtype.names or (), row, strict=True))


def assert_consistent(exchange: Exchange, reports: list[dict[str, int]]) -> None:
    """One security, accounts 1 and 2; every order has ended."""
    (security,) = exchange.securities.values()
    executions = [row for row in reports if row["kind"] == Kind.EXECUTION_REPORT]
    ids = [row["exec_id"] for row in executions]
    assert ids == sorted(set(ids))
    cum_qty: dict[tuple[int, int], int] = defaultdict(int)
    ended: set[tuple[int, int]] = set()
    position: dict[int, int] = defaultdict(int)
    money: dict[int, int] = defaultdict(int)
    for row in executions:
        key = (row["account"], row["cl_ord_id"])
        if row["reason"] == Reason.VENUE_DUPLICATE:
            continue
        assert key not in ended, "a report after the end"
        if row["exec_type"] == ExecType.EXEC_TRADE:
            cum_qty[key] += row["last_qty"]
            signed = row["last_qty"] if row["side"] == BUY else -row["last_qty"]
            assert (row["price"] - row["last_px"]) * signed >= 0, "filled out of its limit"
            position[row["account"]] += signed
            money[row["account"]] -= signed * row["last_px"] * security.tick_value
        assert row["cum_qty"] == cum_qty[key] <= row["order_qty"]
        is_filled = row["cum_qty"] == row["order_qty"]
        if is_filled or row["exec_type"] in ENDS:
            ended.add(key)
    assert ended == {(row["account"], row["cl_ord_id"]) for row in executions}
    assert not exchange.working
    for account in (1, 2):
        statement = account_statement(exchange, account)
        assert statement["position"] == (
            {security.code: position[account]} if account in position else {}
        )
        assert statement["traded_value"] == money[account]
