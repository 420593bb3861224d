"""Market data for a strategy: what a venue publishes, in words and decimals."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import TracebackType
from typing import Self

import msgspec
import zmq

from tidegate.codec import QUOTE
from tidegate.errors import VenueError
from tidegate.native.records import NO_PRICE, RECORD_SIZE, Kind
from tidegate.prices import to_price

END_TOPIC = b"*"
_Q = QUOTE.index


class Quote(msgspec.Struct, frozen=True):
    """Best prices of a contract; None = that side is empty."""

    venue_code: str
    bid_px: Decimal | None
    bid_qty: int
    ask_px: Decimal | None
    ask_qty: int


class Trade(msgspec.Struct, frozen=True):
    """A trade of a contract at its venue."""

    venue_code: str
    price: Decimal
    qty: int


class MarketData:
    """Subscribes to contracts of one venue. One thread only."""

    def __init__(self, md_endpoint: str, tick_sizes: Mapping[str, Decimal]) -> None:
        """`tick_sizes`: the venue's own code of each contract wanted, and its tick size."""
        self._tick_sizes = {code.encode(): size for code, size in tick_sizes.items()}
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self.has_ended = False
        self.bad_messages = 0
        for topic in (*self._tick_sizes, END_TOPIC):
            self._socket.subscribe(topic)
        try:
            self._socket.connect(md_endpoint)
        except zmq.ZMQError as error:
            self.close()
            raise VenueError(f"cannot connect to {md_endpoint!r}: {error}") from error

    def updates(self, timeout: float | None = None) -> Iterator[Quote | Trade]:
        """Quotes and trades as they come; ends with the tape, or when none came in time."""
        while not self.has_ended:
            if not self._socket.poll(None if timeout is None else int(timeout * 1000)):
                return
            yield from self.take()

    def take(self) -> list[Quote | Trade]:
        """What has arrived, without waiting."""
        taken: list[Quote | Trade] = []
        # Quotes go on after the tape's end: positions are closed against the last book.
        while self._socket.poll(0):
            frames = self._socket.recv_multipart()
            if frames[0] == END_TOPIC:
                self.has_ended = True
            elif len(frames) != 2 or len(frames[1]) % RECORD_SIZE:
                self.bad_messages += 1
            elif frames[0] in self._tick_sizes:
                # A topic is a prefix: another contract's code may begin with it.
                taken += self._updates_of(frames[0], frames[1])
        return taken

    def close(self) -> None:
        """Frees the socket."""
        self._socket.close(linger=0)
        self._context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _updates_of(self, topic: bytes, frame: bytes) -> Iterator[Quote | Trade]:
        tick_size = self._tick_sizes[topic]
        for offset in range(0, len(frame), RECORD_SIZE):
            values = QUOTE.unpack(frame, offset)
            if values[_Q["kind"]] == Kind.QUOTE:
                yield Quote(
                    topic.decode(),
                    _price(values[_Q["bid_px"]], values[_Q["bid_qty"]], tick_size),
                    values[_Q["bid_qty"]],
                    _price(values[_Q["ask_px"]], values[_Q["ask_qty"]], tick_size),
                    values[_Q["ask_qty"]],
                )
            elif values[_Q["kind"]] == Kind.TRADE:
                price = to_price(values[_Q["price"]], tick_size)
                yield Trade(topic.decode(), price, values[_Q["order_qty"]])


def _price(ticks: int, qty: int, tick_size: Decimal) -> Decimal | None:
    return None if qty == 0 or ticks == NO_PRICE else to_price(ticks, tick_size)
