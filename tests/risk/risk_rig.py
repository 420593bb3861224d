"""A small universe, records by hand and a step that audits itself, for tests of the risk stage.

firm 1 > masters 2, 3 > owner groups 4 (of 2), 5 (of 3) > sub-accounts 6, 7 (of 4), 8 (of 5)
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from tidegate import risk_state
from tidegate.audit import Ledger, audit
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import (
    CONTROL_RECORD,
    DENIAL_RECORD,
    EXECUTION_RECORD,
    LAYOUT_VERSION,
    ORDER_RECORD,
    RECORD,
    ExecType,
    Kind,
    Level,
    OrdType,
    Reason,
    Side,
    TimeInForce,
    TradingState,
)
from tidegate.universe import (
    Account,
    Capacity,
    Currency,
    Gateway,
    Instrument,
    Lane,
    Product,
    Session,
    Supervisor,
    Universe,
)

MS = 1_000_000
SECOND = 1_000_000_000
START_NS = 1_700_000_000 * SECOND
ACCEPTED = 1 << 63
FIRM, MASTER, OTHER_MASTER, GROUP, OTHER_GROUP, SUB, SISTER, STRANGER = range(1, 9)
GOLD, INDEX, RATIO = 1, 2, 3
USD, CNY = 1, 2
BUY, SELL = int(Side.BUY), int(Side.SELL)
MILLION = 10_000_000_000
VIEWS = {
    Kind.EXECUTION_REPORT: EXECUTION_RECORD,
    Kind.DENIED: DENIAL_RECORD,
    Kind.CANCEL_REJECT: DENIAL_RECORD,
    Kind.ALERT: DENIAL_RECORD,
    Kind.CONTROL_ANSWER: DENIAL_RECORD,
}


def instrument(handle: int, symbol: str, **fields: Any) -> Instrument:
    return msgspec.structs.replace(
        Instrument(
            handle=handle,
            symbol=symbol,
            product=symbol,
            product_index=handle - 1,
            venue=1,
            venue_code=symbol,
            currency=USD,
            tick_size=Decimal("0.1"),
            multiplier=Decimal(100),
            tick_value=100_000,
            max_order_qty=100,
            collar_ticks=200,
            collar_permille=None,
            stale_ns=10 * SECOND,
            settlement=13_000,
            margin_long_lot=88_000_000,
            margin_short_lot=80_000_000,
            margin_long_ppm=0,
            margin_short_ppm=0,
            fee_lot=23_200,
            fee_ppm=0,
        ),
        **fields,
    )


def account(handle: int, level: Level, parent: int, **fields: Any) -> Account:
    return msgspec.structs.replace(
        Account(
            handle=handle,
            name=f"account-{handle}",
            level=int(level),
            parent=parent,
            venue=0,
            products=(0, 1, 2),
            cash={},
            max_position=None,
            position_limits={},
            max_order_qty=None,
            order_rate=None,
            order_burst=1,
            cancel_on_disconnect=False,
            trading_state=int(TradingState.ACTIVE),
        ),
        **fields,
    )


def accounts() -> tuple[Account, ...]:
    sub = {"cash": {USD: MILLION, CNY: MILLION}, "max_position": 50, "max_order_qty": 20}
    return (
        account(FIRM, Level.FIRM, 0),
        account(
            MASTER,
            Level.MASTER,
            FIRM,
            cash={USD: 10 * MILLION},
            max_position=80,
            is_shared=True,
        ),
        account(OTHER_MASTER, Level.MASTER, FIRM),
        account(GROUP, Level.OWNER_GROUP, MASTER),
        account(OTHER_GROUP, Level.OWNER_GROUP, OTHER_MASTER),
        account(SUB, Level.SUB_ACCOUNT, GROUP, **sub, position_limits={INDEX: (10, 5)}),
        account(SISTER, Level.SUB_ACCOUNT, GROUP, **sub, cancel_on_disconnect=True),
        account(STRANGER, Level.SUB_ACCOUNT, OTHER_GROUP, **sub),
    )


def universe(**fields: Any) -> Universe:
    """Gold by lot, an index future by ppm in CNY, a ratio with fees by ppm and both collars."""
    lane = Lane(endpoint="inproc://none", hwm=10)
    return msgspec.structs.replace(
        Universe(
            currencies=(Currency(handle=USD, code="USD"), Currency(handle=CNY, code="CNY")),
            products=tuple(
                Product(product_index=index, name=name, venue=1)
                for index, name in enumerate(("GC", "IF", "RT"))
            ),
            venues=(),
            instruments=(
                instrument(GOLD, "GC"),
                instrument(
                    INDEX,
                    "IF",
                    currency=CNY,
                    tick_value=60_000,
                    collar_ticks=None,
                    margin_long_lot=0,
                    margin_short_lot=0,
                    margin_long_ppm=120_001,
                    margin_short_ppm=150_000,
                    fee_lot=0,
                    fee_ppm=23,
                ),
                instrument(RATIO, "RT", tick_value=7, collar_permille=10, fee_ppm=333),
            ),
            accounts=accounts(),
            sessions=tuple(
                Session(
                    handle=handle,
                    name=f"session-{handle}",
                    accounts=(SUB, SISTER, STRANGER),
                    public_key=None,
                    heartbeat_ns=SECOND,
                )
                for handle in (1, 2)
            ),
            lanes=dict.fromkeys(("orders", "routes", "executions", "reports", "control"), lane),
            gateway=Gateway(endpoints=("ipc:///none",), secret_key_file=None, outbox=16),
            capacity=Capacity(orders=32, pairs=40, cl_ord_ids=4096),
            segment_records=1024,
            supervisor=Supervisor(restarts_max=1, backoff_ms=1, ready_timeout_ms=1),
        ),
        **fields,
    )


def changed(handle: int, **fields: Any) -> tuple[Account, ...]:
    """The accounts, one of them with other settings."""
    return tuple(
        msgspec.structs.replace(row, **fields) if row.handle == handle else row
        for row in accounts()
    )


def record(dtype: np.dtype[Any], kind: Kind, **fields: Any) -> np.ndarray[Any, Any]:
    row = np.zeros(1, dtype)
    row["kind"] = int(kind)
    row["layout_version"] = LAYOUT_VERSION
    for name, value in fields.items():
        row[name] = value
    return row.view(RECORD)


def order(cl_ord_id: int, **fields: Any) -> np.ndarray[Any, Any]:
    """A limit order: session 1, sub-account, gold, buy 1 at 13,000, unless said otherwise."""
    filled = {
        "session": 1,
        "account": SUB,
        "instrument": GOLD,
        "side": BUY,
        "order_qty": 1,
        "price": 13_000,
        "ord_type": int(OrdType.LIMIT),
        "time_in_force": int(TimeInForce.DAY),
    }
    kind = fields.pop("kind", Kind.NEW_ORDER_SINGLE)
    return record(ORDER_RECORD, kind, cl_ord_id=cl_ord_id, **(filled | fields))


def cancel(cl_ord_id: int, orig: int, **fields: Any) -> np.ndarray[Any, Any]:
    session = fields.pop("session", 1)
    return record(
        ORDER_RECORD,
        Kind.CANCEL_REQUEST,
        cl_ord_id=cl_ord_id,
        orig_cl_ord_id=orig,
        session=session,
        **fields,
    )


def replace(cl_ord_id: int, orig: int, qty: int, price: int, **fields: Any) -> np.ndarray[Any, Any]:
    return order(
        cl_ord_id,
        kind=Kind.CANCEL_REPLACE_REQUEST,
        orig_cl_ord_id=orig,
        order_qty=qty,
        price=price,
        **fields,
    )


def execution(order_id: int, exec_type: ExecType, **fields: Any) -> np.ndarray[Any, Any]:
    return record(
        EXECUTION_RECORD,
        Kind.EXECUTION_REPORT,
        order_id=order_id,
        exec_type=int(exec_type),
        **fields,
    )


def trade(order_id: int, exec_id: int, qty: int, px: int) -> np.ndarray[Any, Any]:
    return execution(order_id, ExecType.EXEC_TRADE, exec_id=exec_id, last_qty=qty, last_px=px)


def cancel_reject(order_id: int, ref_kind: int, reason: int) -> np.ndarray[Any, Any]:
    return record(
        DENIAL_RECORD, Kind.CANCEL_REJECT, order_id=order_id, ref_kind=ref_kind, reason=reason
    )


def mark(instrument: int, price: int) -> np.ndarray[Any, Any]:
    return record(RECORD, Kind.MARK, instrument=instrument, price=price)


def settlement(instrument: int, price: int) -> np.ndarray[Any, Any]:
    return record(CONTROL_RECORD, Kind.SETTLEMENT, instrument=instrument, price=price)


def state(trading_state: int, **where: int) -> np.ndarray[Any, Any]:
    return record(CONTROL_RECORD, Kind.TRADING_STATE, trading_state=trading_state, **where)


def cash(account: int, currency: int, amount: int) -> np.ndarray[Any, Any]:
    return record(CONTROL_RECORD, Kind.CASH, account=account, currency=currency, amount=amount)


def control(kind: Kind, **fields: Any) -> np.ndarray[Any, Any]:
    """A control record of any kind that shares the control view."""
    return record(CONTROL_RECORD, kind, **fields)


def limit_change(account: int, limit_kind: int, amount: int, **scope: int) -> np.ndarray[Any, Any]:
    return control(
        Kind.LIMIT_CHANGE, account=account, limit_kind=limit_kind, amount=amount, **scope
    )


def tick(now_ns: int) -> np.ndarray[Any, Any]:
    return record(RECORD, Kind.TICK, received_ns=now_ns)


def as_dicts(rows: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
    """Records as dicts of the view of their kind."""
    found = []
    for index in range(len(rows)):
        view = rows[index : index + 1].view(VIEWS.get(Kind(int(rows["kind"][index])), ORDER_RECORD))
        names = [name for name in view.dtype.names or () if name != "pad"]
        found.append({name: view[name][0].tolist() for name in names})
    return found


def flat(row: Any) -> dict[str, Any]:
    """A row as a dict of Python values, the fields of its credits among them."""
    found: dict[str, Any] = {}
    for name in row.dtype.names:
        if row.dtype[name].names and name == "all":
            found |= {inner: row[name][inner].item() for inner in row.dtype[name].names}
        else:
            found[name] = row[name].tolist()
    return found


class Step:
    """The compiled step over tables in memory; after each record the audit must be empty."""

    def __init__(
        self, content: Universe | None = None, *, marks: Mapping[int, int] | None = None
    ) -> None:
        self.tables = risk_state.in_memory(content or universe())
        self.pretrade = Pretrade(self.tables)
        self.ledger = Ledger(self.tables.arrays)
        self.audited = True
        self.run(tick(START_NS))
        for handle, price in ({1: 13_000, 2: 4_000, 3: 900} if marks is None else marks).items():
            self.run(mark(handle, price))

    def run(self, row: np.ndarray[Any, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The routes and reports of a record."""
        row["sequence"] = int(self.tables.arrays["risk"]["sequence"][0]) + 1
        routes, reports = self.pretrade.step(row)
        moved = self.ledger.take(row)
        if self.audited:
            assert audit(self.tables.arrays) == []
            assert moved == []
        return as_dicts(routes), as_dicts(reports)

    @property
    def verdict(self) -> int:
        return self.pretrade.verdict

    def accept(self, row: np.ndarray[Any, Any]) -> int:
        """The order_id of a record that must be accepted and routed."""
        routes, reports = self.run(row)
        assert reports == [], [Reason(report["reason"]).name for report in reports]
        assert self.verdict == ACCEPTED
        return int(routes[0]["order_id"])

    def refuse(self, row: np.ndarray[Any, Any]) -> dict[str, Any]:
        """The report of a record that must be refused without a route."""
        routes, reports = self.run(row)
        assert routes == []
        assert len(reports) == 1
        assert self.verdict not in (0, ACCEPTED)
        return reports[0]

    def fill(self, row: np.ndarray[Any, Any], px: int | None = None) -> int:
        """Accept an order and fill it whole; its order_id."""
        order_id = self.accept(row)
        price = int(row["price"][0]) if px is None else px
        self.run(trade(order_id, order_id, int(row["order_qty"][0]), price))
        return order_id

    def risk(self, field: str) -> int:
        return int(self.tables.arrays["risk"][field][0])

    def pair(self, account: int, instrument: int) -> dict[str, int]:
        """The pair's fields, its credits, and in a net instrument what works on each side."""
        rows = self.tables.arrays["pairs"]
        for row in rows[1 : self.risk("pair_count") + 1]:
            if row["account"] == account and row["instrument"] == instrument:
                found = flat(row)
                found["open_buy"] = found["max_long"] - found["buy_credit"] - found["net"]
                found["open_sell"] = found["max_short"] - found["sell_credit"] + found["net"]
                return found
        return dict.fromkeys((*flat(rows[0]), "open_buy", "open_sell"), 0)

    def balance(self, account: int, currency: int = USD) -> dict[str, int]:
        rows = self.tables.arrays["balances"]
        return flat(rows[account * 3 + currency])

    def account(self, account: int) -> dict[str, Any]:
        return flat(self.tables.arrays["accounts"][account])
