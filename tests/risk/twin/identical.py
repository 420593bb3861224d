"""The signature of an order for control 23, RISK.md 5.3."""

from twin.state import Row

WORD = (1 << 64) - 1
FACTOR = 0x9E3779B97F4A7C15


def signature(o: Row) -> int:
    """What makes two orders identical, in 32 bits."""
    found: int = o["instrument"]
    for word in (o["side"] * 256 + o["ord_type"], o["order_qty"], o["price"]):
        found = (found ^ (word & WORD)) * FACTOR & WORD
    return (found ^ found >> 32) & 0xFFFFFFFF
