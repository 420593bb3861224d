"""The subscriber against a real PUB socket that sends what a venue sends."""

from decimal import Decimal
from typing import Any

import numpy as np
import zmq

from tidegate import MarketData
from tidegate.client.market_data import Quote, Trade
from tidegate.native.records import NO_PRICE, QUOTE_RECORD, Kind


def test_quotes_and_trades_come_in_decimals_until_the_tape_ends() -> None:
    context: zmq.Context[Any] = zmq.Context()
    venue = context.socket(zmq.XPUB)
    venue.linger = 0
    port = venue.bind_to_random_port("tcp://127.0.0.1")
    rows = np.zeros(2, QUOTE_RECORD)
    rows["kind"] = [Kind.QUOTE, Kind.TRADE]
    rows["bid_px"], rows["bid_qty"] = 13135, 4
    rows["ask_px"], rows["ask_qty"] = NO_PRICE, 0
    rows["price"], rows["order_qty"] = 13136, 2
    sizes = {"GCZ3": Decimal("0.1")}
    with MarketData(f"tcp://127.0.0.1:{port}", sizes) as data:
        for _ in range(2):
            assert venue.poll(5000)
            venue.recv()
        venue.send_multipart([b"GCZ3X", rows.tobytes()])
        venue.send_multipart([b"GCZ3", b"short"])
        venue.send_multipart([b"GCZ3", rows.tobytes()])
        venue.send_multipart([b"*", b'{"end": true}'])
        updates = list(data.updates(timeout=5))
        assert data.has_ended
        assert data.bad_messages == 1
    assert updates == [
        Quote("GCZ3", Decimal("1313.5"), 4, None, 0),
        Trade("GCZ3", Decimal("1313.6"), 2),
    ]
    venue.close()
    context.term()
