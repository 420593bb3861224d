"""What a venue answers to REQUEST: the statement of its accounts, and its own status."""

from collections.abc import Iterable

from tidegate.venue.channel import Channel
from tidegate.venue.exchange import Exchange
from tidegate.venue.feed import Feed
from tidegate.venue.settings import Settings


def statement(settings: Settings, exchange: Exchange) -> dict[str, object]:
    """Positions, money and volume of each account, and the orders that work."""
    names = {number: name for name, number in settings.accounts.items()}
    return {
        "venue": settings.name,
        "accounts": {
            name: exchange.statement(number) for name, number in settings.accounts.items()
        },
        "open_orders": [
            {
                "account": names[order.account],
                "cl_ord_id": order.cl_ord_id,
                "order_id": order.order_id,
                "code": exchange.securities[order.security_id].code,
                "side": order.side,
                "price": order.price,
                "order_qty": order.order_qty,
                "cum_qty": order.cum_qty,
            }
            for order in exchange.working.values()
        ],
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
