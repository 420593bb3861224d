"""vn.py's send_order with its risk manager, in a venv: python bench/rig/peer_vnpy.py ORDERS BATCH.

All rules of vnpy_riskmanager, in the form that it loads itself, with limits that no order reaches.
The gateway answers as real ones do: an order is told as submitted when it is sent, and once the
batch has been timed as canceled. No logger writes. HOME must be a directory with .vntrader in it.
"""

import sys
import threading
from importlib.metadata import version
from typing import Any

from turns import Orders, Way, serve
from vnpy.event import Event, EventEngine
from vnpy.trader.constant import Direction, Exchange, Offset, OrderType, Product, Status
from vnpy.trader.engine import MainEngine
from vnpy.trader.gateway import BaseGateway
from vnpy.trader.object import (
    CancelRequest,
    ContractData,
    OrderData,
    OrderRequest,
    SubscribeRequest,
)
from vnpy.trader.setting import SETTINGS
from vnpy_riskmanager import RiskManagerApp

NAME = "BENCH"
UNREACHED = 1_000_000_000
AT_REST = "eBenchAtRest"


class Gateway(BaseGateway):
    """Takes every order, and has no venue behind it."""

    default_name = NAME
    exchanges = [Exchange.LOCAL]  # noqa: RUF012 - as the class above has it

    def __init__(self, event_engine: EventEngine, gateway_name: str) -> None:
        super().__init__(event_engine, gateway_name)
        self.number = 0
        self.sent: list[OrderData] = []

    def send_order(self, req: OrderRequest) -> str:
        self.number += 1
        order = req.create_order_data(str(self.number), self.gateway_name)
        order.status = Status.SUBMITTING
        self.sent.append(order)
        self.on_order(order)
        return str(order.vt_orderid)

    def connect(self, setting: dict[str, Any]) -> None: ...

    def close(self) -> None: ...

    def subscribe(self, req: SubscribeRequest) -> None: ...

    def cancel_order(self, req: CancelRequest) -> None: ...

    def query_account(self) -> None: ...

    def query_position(self) -> None: ...


class Peer:
    """The main engine with the risk manager in its send_order."""

    def __init__(self) -> None:
        SETTINGS["log.active"] = False
        self.main = MainEngine(EventEngine())
        self.gateway = self.main.add_gateway(Gateway)
        self.risk = self.main.add_app(RiskManagerApp)
        for name, rule in self.risk.rules.items():
            # Its own integers have 32 bits.
            limits = {key: UNREACHED for key in rule.parameters if key.endswith("_limit")}
            self.risk.update_rule_setting(name, limits)
        self.symbols: set[str] = set()
        self.at_rest = threading.Event()
        self.main.event_engine.register(AT_REST, lambda _: self.at_rest.set())

    def request(self, order: dict[str, Any]) -> OrderRequest:
        return OrderRequest(
            symbol=order["instrument"],
            exchange=Exchange.LOCAL,
            direction=Direction.LONG if order["side"] == "BUY" else Direction.SHORT,
            type=OrderType.FAK,
            volume=order["order_qty"],
            price=float(order["price"]),
            offset=Offset.OPEN,
        )

    def made(self, part: Orders) -> list[OrderRequest]:
        for order in part:
            if order["instrument"] not in self.symbols:
                self.announce(order["instrument"], order["price"])
        return [self.request(order) for order in part]

    def announce(self, symbol: str, price: str) -> None:
        """Make a contract known, whose tick is the last place of the price."""
        self.symbols.add(symbol)
        self.gateway.on_contract(
            ContractData(
                symbol=symbol,
                exchange=Exchange.LOCAL,
                name=symbol,
                product=Product.FUTURES,
                size=100,
                pricetick=10 ** -len(price.partition(".")[2]),
                gateway_name=NAME,
            )
        )
        self.rest()

    def submit(self, requests: list[OrderRequest]) -> None:
        send = self.main.send_order
        for request in requests:
            send(request, NAME)

    def passed(self) -> int:
        """What was sent is canceled; waits until every event has been handled."""
        count = len(self.gateway.sent)
        self.rest()
        for order in self.gateway.sent:
            order.status = Status.CANCELLED
            self.gateway.on_order(order)
        self.gateway.sent.clear()
        self.rest()
        return count

    def rest(self) -> None:
        """Wait until what is queued has been handled."""
        self.at_rest.clear()
        self.main.event_engine.put(Event(AT_REST))
        self.at_rest.wait()


def main() -> None:
    peer = Peer()
    ways = {
        "send_order, request ready": Way(peer.made, peer.submit),
        "with the request made": Way(list, lambda part: peer.submit(peer.made(part))),
    }
    serve(version("vnpy"), int(sys.argv[2]), ways, peer.passed)
    peer.main.close()


if __name__ == "__main__":
    main()
