"""One strategy process of the demo: `python -m tidegate.demo.strategy SESSION RUN_DIR RESULT`.

It logs on, says "ready" on standard output, trades what the tapes show, and at the tapes' end
cancels, flattens every position and writes its Outcome to RESULT.
"""

import itertools
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import msgspec

from tidegate.client.blocking import Client
from tidegate.client.market_data import MarketData, Quote
from tidegate.client.orders import NewOrder
from tidegate.client.report import Order
from tidegate.demo.logic import Strategy, Top, make, take
from tidegate.demo.outcome import Outcome, Tally
from tidegate.errors import PriceError
from tidegate.native.clock import elapsed_ns
from tidegate.run_dir import RunDir
from tidegate.stage import die_with_parent
from tidegate.universe import Universe

POLL_S = 0.003
REPORTS_MAX = 256
FLATTEN_EVERY_NS = 200_000_000
FLATTEN_FOR_NS = 60_000_000_000


class Trader:
    """A strategy's desk: its client, what it has working, and where it stands."""

    def __init__(self, session: str, universe: Universe, endpoint: str) -> None:
        own = next(each for each in universe.sessions if each.name == session)
        accounts = [universe.accounts[handle - 1] for handle in own.accounts]
        self.client = Client(endpoint, session)
        self.tally = Tally(session)
        self.symbol_of: dict[str, str] = {}
        self.accounts: dict[str, list[str]] = {}
        self.tick: dict[str, Decimal] = {}
        self.max_qty = {each.name: each.max_order_qty or 1 for each in accounts}
        self._working: dict[str, list[Order]] = defaultdict(list)
        self._asked: set[int] = set()
        for instrument in universe.instruments:
            self.tick[instrument.symbol] = instrument.tick_size
            self.accounts[instrument.symbol] = [
                each.name for each in accounts if instrument.product_index in each.products
            ]
            self.symbol_of |= dict.fromkeys(self.accounts[instrument.symbol], instrument.symbol)

    def position(self, account: str) -> int:
        return self.tally.positions[account]

    def working(self, account: str) -> list[Order]:
        orders = [order for order in self._working[account] if not order.is_final]
        self._working[account] = orders
        return orders

    def submit(self, orders: list[NewOrder]) -> None:
        """Send orders one frame each kind of refusal apart: a bad price spoils no other order."""
        if not orders:
            return
        try:
            sent = self.client.submit_many(orders)
        except PriceError:
            refused = self.tally.outcome.refused_here
            refused["PriceError"] = refused.get("PriceError", 0) + len(orders)
            return
        self.tally.sent(sent)
        for order in sent:
            self._working[order.account].append(order)

    def replace(self, order: Order, price: Decimal) -> None:
        if order.order_id and order.cl_ord_id not in self._asked:
            self._asked.add(order.cl_ord_id)
            self.client.replace(order, price=price)

    def cancel(self, order: Order) -> None:
        if order.order_id and -order.cl_ord_id not in self._asked:
            self._asked.add(-order.cl_ord_id)
            self.client.cancel(order)

    def take_reports(self, timeout: float) -> None:
        """Wait for reports at most `timeout` s and take those that are there."""
        for report in itertools.islice(self.client.reports(timeout), REPORTS_MAX):
            self.tally.note(report)
            # An answered replace or cancel may be followed by another.
            self._asked.discard(report.cl_ord_id)
            self._asked.discard(-report.cl_ord_id)


class Markets:
    """The tops of a strategy's instruments, from the venues that trade them."""

    def __init__(self, universe: Universe, symbols: tuple[str, ...]) -> None:
        self.tops: dict[str, Top] = {}
        self.feeds: list[MarketData] = []
        self._symbols: dict[str, str] = {}
        for venue in universe.venues:
            listed = [
                each
                for each in universe.instruments
                if each.venue == venue.handle and each.symbol in symbols
            ]
            self._symbols |= {each.venue_code: each.symbol for each in listed}
            if listed:
                sizes = {each.venue_code: each.tick_size for each in listed}
                self.feeds.append(MarketData(venue.md_endpoint, sizes))

    @property
    def has_ended(self) -> bool:
        """The first tape is over: a strategy on two markets stops with either."""
        return any(feed.has_ended for feed in self.feeds)

    def take(self) -> list[str]:
        """Instruments that have another two-sided top than at the last call."""
        changed: dict[str, None] = {}
        for feed in self.feeds:
            for update in feed.take():
                if not isinstance(update, Quote) or update.bid_px is None or update.ask_px is None:
                    continue
                symbol = self._symbols[update.venue_code]
                top = Top(update.bid_px, update.ask_px)
                if self.tops.get(symbol) != top:
                    self.tops[symbol] = top
                    changed[symbol] = None
        return list(changed)

    def close(self) -> None:
        for feed in self.feeds:
            feed.close()


def trade(trader: Trader, strategy: Strategy, markets: Markets) -> None:
    """Follow the markets until a tape ends."""
    while not markets.has_ended:
        for symbol in markets.take():
            strategy.on_top(symbol, markets.tops, trader)
        trader.take_reports(POLL_S)


def flatten(trader: Trader, markets: Markets) -> None:
    """Cancel what works and close what is held, again and again until nothing is left."""
    end_ns = elapsed_ns() + FLATTEN_FOR_NS
    next_ns = 0
    while elapsed_ns() < end_ns:
        markets.take()
        trader.take_reports(POLL_S)
        working = trader.tally.unfinished()
        held = {account: lots for account, lots in trader.tally.positions.items() if lots}
        if not working and not held:
            return
        if elapsed_ns() < next_ns:
            continue
        next_ns = elapsed_ns() + FLATTEN_EVERY_NS
        for order in working:
            trader.cancel(order)
        if not working:
            trader.submit(
                [closing(trader, markets.tops, account, held[account]) for account in held]
            )


def closing(trader: Trader, tops: dict[str, Top], account: str, held: int) -> NewOrder:
    """An immediate order against a position, as large as the account may send."""
    symbol = trader.symbol_of[account]
    most = trader.max_qty[account]
    lots = max(-most, min(most, -held))
    return take(account, symbol, lots, tops[symbol])


def run(session: str, run_dir: RunDir) -> Outcome:
    """Trade one session to its end."""
    universe = run_dir.read_universe()
    strategy = make(session)
    trader = Trader(session, universe, universe.gateway.endpoints[0])
    markets = Markets(universe, strategy.symbols)
    with trader.client:
        print("ready", flush=True)
        trade(trader, strategy, markets)
        flatten(trader, markets)
    markets.close()
    return trader.tally.close()


if __name__ == "__main__":
    die_with_parent()
    Path(sys.argv[3]).write_bytes(msgspec.json.encode(run(sys.argv[1], RunDir(sys.argv[2]))))
