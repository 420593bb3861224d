"""What else trades at a simulated venue: quotes that wander around a price, and some trades."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from random import Random

from tidegate.native.records import Side
from tidegate.tape.events import Contract, TapeKind
from tidegate.venue.exchange import TapeRow
from tidegate.venue.feed import Feed

ROWS_MAX = 64
WANDER = 30
_BUY, _SELL = int(Side.BUY), int(Side.SELL)


class Market(Feed):
    """A feed that is drawn instead of read; it never ends."""

    def __init__(
        self, draw: Random, codes: Mapping[str, int], tick_sizes: Iterable[Decimal], mid: int
    ) -> None:
        self._draw = draw
        self._mid = mid
        self._mids = dict.fromkeys(codes.values(), mid)
        self.contracts = {
            security_id: Contract(
                code=code, product=code, venue="", currency="", tick_size=tick_size,
                multiplier=Decimal(1), lot_size=Decimal(1), start_ns=0, pre_settlement=mid,
            )
            for (code, security_id), tick_size in zip(codes.items(), tick_sizes, strict=True)
        }  # fmt: skip
        self.span_ns = 0
        self._started_ns: int | None = None
        self._next_ns = 0
        self._played = 0

    @property
    def event_count(self) -> int:
        """Rows so far: nobody knows how many will come."""
        return self._played

    @property
    def played_count(self) -> int:
        """Rows so far."""
        return self._played

    def start(self, now_ns: int) -> None:
        """Quotes begin now."""
        self._started_ns = self._next_ns = now_ns

    def tape_ns(self, now_ns: int) -> int:
        """Time since the start."""
        return 0 if self._started_ns is None else now_ns - self._started_ns

    def take(self, now_ns: int) -> list[TapeRow]:
        """Rows that are due; after a long pause no more than a few."""
        rows: list[TapeRow] = []
        if self._started_ns is None:
            return rows
        while self._next_ns <= now_ns and len(rows) < ROWS_MAX:
            rows += self._rows(self._next_ns)
            self._next_ns += self._draw.randrange(2_000_000, 40_000_000)
        if self._next_ns <= now_ns:
            self._next_ns = now_ns + 1
        self._played += len(rows)
        return rows

    def next_ns(self) -> int | None:
        """When the next row is due."""
        return self._next_ns

    def is_over(self, _now_ns: int) -> bool:
        """Never."""
        return False

    def sessionless(self) -> list[int]:
        """All are open throughout."""
        return list(self.contracts)

    def _rows(self, at_ns: int) -> list[TapeRow]:
        draw = self._draw
        security_id = draw.choice(list(self._mids))
        mid = self._mids[security_id] + draw.randint(-2, 2)
        mid = self._mids[security_id] = min(max(mid, self._mid - WANDER), self._mid + WANDER)
        dice = draw.random()
        if dice < 0.3:
            side = _BUY if dice < 0.15 else _SELL
            price = mid + (2 if side == _BUY else -2)
            return [(at_ns, price, draw.randint(1, 8), security_id, int(TapeKind.TRADE), side, 0)]
        quote, more = int(TapeKind.QUOTE), 1
        return [
            (at_ns, mid - 2, draw.randint(1, 20), security_id, quote, _BUY, more),
            (at_ns, mid + 2, draw.randint(1, 20), security_id, quote, _SELL, 0),
        ]
