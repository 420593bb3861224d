"""What a venue answers to REQUEST: the statement of its accounts, and its own status.

The statement is the venue's own word, for a reconciliation: {"venue", "incarnation", "accounts"},
the latter by the master's name at this venue:

    number        the account's number in this venue's records
    last_exec_id  of its last execution report (rejections aside), 0 = none: all up to it is in
                  this statement, and some of it may not have arrived yet
    position      lots by code, long positive
    cash          by currency: traded value less fees, that is, what trading alone has brought;
                  = cash - deposits - open_cost + short_cost of a master whose premiums are not
                  paid at the fill, whatever the days between
    orders        those that work: cl_ord_id (our order_id), order_id (the venue's), code, side,
                  price, order_qty, cum_qty, leaves_qty
    codes         by code: position, traded_value, fees, volume
    traded_value, fees, volume   over all codes

Money is in 1/10,000 of a currency unit. With another incarnation the figures start at 0 again.
"""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from tidegate.venue.channel import Channel
from tidegate.venue.exchange import Exchange
from tidegate.venue.feed import Feed
from tidegate.venue.ledger import Holding
from tidegate.venue.order import Order
from tidegate.venue.settings import Settings


def statement(settings: Settings, exchange: Exchange, incarnation: int) -> dict[str, object]:
    """Positions, money, volume and working orders of each account."""
    orders: dict[int, list[dict[str, object]]] = defaultdict(list)
    for order in exchange.working.values():
        orders[order.account].append(_order(exchange, order))
    return {
        "venue": settings.name,
        "incarnation": incarnation,
        "accounts": {
            name: account_statement(exchange, number) | {"orders": orders[number]}
            for name, number in settings.accounts.items()
        },
    }


def account_statement(exchange: Exchange, account: int) -> dict[str, object]:
    """Positions, money and volume of an account, by code and in all."""
    total = Holding()
    codes: dict[str, Holding] = {}
    cash: dict[str, int] = defaultdict(int)
    for (holder, security_id), holding in exchange.ledger.holdings.items():
        if holder != account:
            continue
        security = exchange.securities[security_id]
        codes[security.code] = holding
        cash[security.currency] += holding.traded_value - holding.fees
        total.traded_value += holding.traded_value
        total.fees += holding.fees
        total.volume += holding.volume
    return {
        "number": account,
        "last_exec_id": exchange.last_exec_ids.get(account, 0),
        "position": {code: holding.position for code, holding in codes.items()},
        "cash": cash,
        "traded_value": total.traded_value,
        "fees": total.fees,
        "volume": total.volume,
        "codes": {code: msgspec.to_builtins(holding) for code, holding in codes.items()},
    }


def _order(exchange: Exchange, order: Order) -> dict[str, object]:
    return {
        "cl_ord_id": order.cl_ord_id,
        "order_id": order.order_id,
        "code": exchange.securities[order.security_id].code,
        "side": order.side,
        "price": order.price,
        "order_qty": order.order_qty,
        "cum_qty": order.cum_qty,
        "leaves_qty": order.leaves_qty,
    }


def status(
    settings: Settings,
    feed: Feed | None,
    channels: Iterable[Channel],
    *,
    now_ns: int,
    is_over: bool,
    counters: dict[str, int],
) -> dict[str, object]:
    """How far the tape is, which channels are up, what was counted."""
    is_started = feed is None or feed.is_started
    return {
        "venue": settings.name,
        "state": "ended" if is_over else "playing" if is_started else "waiting",
        "tape_ns": feed.tape_ns(now_ns) if feed else 0,
        "span_ns": feed.span_ns if feed else 0,
        "played_count": feed.played_count if feed else 0,
        "event_count": feed.event_count if feed else 0,
        "channels": {
            channel.name: {
                "is_up": channel.identity is not None,
                "duplicates": channel.duplicate_count,
                "gaps": channel.gap_count,
                "next_sending": channel.next_sending,
            }
            for channel in channels
        },
        "counters": counters,
    }
