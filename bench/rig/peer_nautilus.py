"""NautilusTrader's RiskEngine, in its own venv: python bench/rig/peer_nautilus.py ORDERS BATCH.

A futures account of type MARGIN, its instruments in the cache, no strategy behind: what the engine
lets through ends in a counter where its execution engine would be.
"""

import sys
from decimal import Decimal
from typing import Any

import nautilus_trader
from nautilus_trader.accounting.factory import AccountFactory
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common.component import LiveClock, MessageBus
from nautilus_trader.common.factories import OrderFactory
from nautilus_trader.core.uuid import UUID4
from nautilus_trader.execution.messages import SubmitOrder
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.enums import AccountType, AssetClass, OrderSide, TimeInForce
from nautilus_trader.model.events import AccountState
from nautilus_trader.model.identifiers import (
    AccountId,
    InstrumentId,
    StrategyId,
    Symbol,
    TraderId,
    Venue,
)
from nautilus_trader.model.instruments import FuturesContract
from nautilus_trader.model.objects import AccountBalance, Money, Price, Quantity
from nautilus_trader.portfolio.portfolio import Portfolio
from nautilus_trader.risk.config import RiskEngineConfig
from nautilus_trader.risk.engine import RiskEngine
from turns import Orders, Way, serve

VENUE = Venue("BENCH")
TRADER = TraderId("BENCH-001")
STRATEGY = StrategyId("BENCH-001")
RATE = "1000000/00:00:01"
NOTIONAL = 1_000_000_000
CASH = 1_000_000_000
END_NS = 2_000_000_000_000_000_000


def contract(symbol: str, price: str) -> FuturesContract:
    """A future whose tick is the last place of the price."""
    places = len(price.partition(".")[2])
    return FuturesContract(
        instrument_id=InstrumentId(Symbol(symbol), VENUE),
        raw_symbol=Symbol(symbol),
        asset_class=AssetClass.COMMODITY,
        currency=USD,
        price_precision=places,
        price_increment=Price(10**-places, places),
        multiplier=Quantity.from_int(100),
        lot_size=Quantity.from_int(1),
        underlying=symbol,
        activation_ns=0,
        expiration_ns=END_NS,
        ts_event=0,
        ts_init=0,
    )


class Peer:
    """The engine and what it needs."""

    def __init__(self) -> None:
        self.clock = LiveClock()
        self.bus = MessageBus(trader_id=TRADER, clock=self.clock)
        self.cache = Cache(database=None)
        portfolio = Portfolio(msgbus=self.bus, cache=self.cache, clock=self.clock)
        config = RiskEngineConfig(max_order_submit_rate=RATE, max_order_modify_rate=RATE)
        self.engine = RiskEngine(
            portfolio=portfolio, msgbus=self.bus, cache=self.cache, clock=self.clock, config=config
        )
        self.orders = OrderFactory(trader_id=TRADER, strategy_id=STRATEGY, clock=self.clock)
        self.instruments: dict[str, InstrumentId] = {}
        self.count = 0
        self.bus.register(endpoint="ExecEngine.execute", handler=self.take)
        self.open_account()

    def open_account(self) -> None:
        """One account of type MARGIN with all the money that anyone needs."""
        cash = Money(CASH, USD)
        state = AccountState(
            account_id=AccountId("BENCH-001"),
            account_type=AccountType.MARGIN,
            base_currency=USD,
            reported=True,
            balances=[AccountBalance(cash, Money(0, USD), cash)],
            margins=[],
            info={},
            event_id=UUID4(),
            ts_event=0,
            ts_init=0,
        )
        self.cache.add_account(AccountFactory.create(state))

    def take(self, _: Any) -> None:
        self.count += 1

    def passed(self) -> int:
        count, self.count = self.count, 0
        return count

    def made(self, part: Orders) -> list[SubmitOrder]:
        return [self.command(order) for order in part]

    def command(self, order: dict[str, Any]) -> SubmitOrder:
        symbol, price = order["instrument"], order["price"]
        if symbol not in self.instruments:
            instrument = contract(symbol, price)
            self.cache.add_instrument(instrument)
            self.engine.set_max_notional_per_order(instrument.id, Decimal(NOTIONAL))
            self.instruments[symbol] = instrument.id
        return SubmitOrder(
            trader_id=TRADER,
            strategy_id=STRATEGY,
            order=self.orders.limit(
                instrument_id=self.instruments[symbol],
                order_side=OrderSide.BUY if order["side"] == "BUY" else OrderSide.SELL,
                quantity=Quantity.from_int(order["order_qty"]),
                price=Price.from_str(price),
                time_in_force=TimeInForce.IOC,
            ),
            command_id=UUID4(),
            ts_init=self.clock.timestamp_ns(),
        )

    def submit(self, commands: list[SubmitOrder]) -> None:
        execute = self.engine.execute
        for command in commands:
            execute(command)


def main() -> None:
    peer = Peer()
    ways = {
        "RiskEngine.execute, order ready": Way(peer.made, peer.submit),
        "with the order made": Way(list, lambda part: peer.submit(peer.made(part))),
    }
    serve(nautilus_trader.__version__, int(sys.argv[2]), ways, peer.passed)


if __name__ == "__main__":
    main()
