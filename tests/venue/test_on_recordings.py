"""Recorded markets through feed and exchange, with random orders of ours among them."""

from pathlib import Path
from random import Random

import pytest
from venue_requests import REPLACE, assert_consistent, named, request
from venue_rig import BUY, SECOND, SELL

from tidegate.native.records import NO_PRICE, Flag, Kind, TimeInForce
from tidegate.tape import binance, ticks
from tidegate.tape.format import TapeReader
from tidegate.tape.recording import Recording, Terms, known_terms, record_tape
from tidegate.venue.exchange import Exchange
from tidegate.venue.feed import Feed
from tidegate.venue.ledger import Security
from tidegate.venue.wire import Row

ROOT = Path(__file__).resolve().parents[2]
FEEDS = ROOT.parent / "shared" / "data" / "feed"
SHIPPED = sorted((ROOT / "configs" / "demo").glob("*.tape"))
ROUNDS = 400


def play(path: Path, seed: int) -> tuple[Exchange, list[Row]]:
    """Plays a tape in ROUNDS parts with a few requests between them; then cancels all."""
    with TapeReader(path) as reader:
        contract = reader.contracts[0]
        feed = Feed(reader, {contract.code: 1}, speed=1.0)
    security = Security(
        security_id=1,
        code=contract.code,
        currency="USD",
        tick_size=contract.tick_size,
        tick_value=10,
        fee_lot=1,
        fee_ppm=1,
    )
    exchange = Exchange((security,), first_id=1)
    exchange.list_contract(1, contract)
    exchange.books[1].is_open = True
    draw, rows = Random(seed), []
    feed.start(0)
    for number in range(1, ROUNDS + 1):
        while events := feed.take(feed.span_ns * number // ROUNDS):
            for event in events:
                rows += exchange.tape(event)
        rows += orders(exchange, draw, number)
    assert feed.is_over(feed.span_ns)
    rows += exchange.cancel_all(frozenset((1, 2)))
    assert exchange.restore() == []
    return exchange, rows


def orders(exchange: Exchange, draw: Random, number: int) -> list[Row]:
    """A quote on each side near the market, an aggressive order, a cancel or replace."""
    mark = exchange.mark(1)
    if mark == NO_PRICE:
        return []
    rows: list[Row] = []
    for at, side in enumerate((BUY, SELL)):
        price = mark + draw.randint(-3, 3)
        rows += exchange.request(
            request(
                number * 10 + at,
                side=side,
                price=price,
                order_qty=draw.randint(1, 5),
                account=at + 1,
                flags=draw.choice((0, int(Flag.POST_ONLY))),
            )
        )
    rows += exchange.request(
        request(
            number * 10 + 2,
            side=draw.choice((BUY, SELL)),
            price=mark,
            order_qty=draw.randint(1, 20),
            time_in_force=draw.choice(list(TimeInForce)),
        )
    )
    key, account = draw.randint(max(1, number - 5), number) * 10, 1
    kind = draw.choice((Kind.CANCEL_REQUEST, REPLACE))
    return rows + exchange.request(request(key, kind, account=account, price=mark - 1, order_qty=4))


def assert_played(path: Path) -> None:
    exchange, rows = play(path, seed=3)
    assert sum(holding.volume for holding in exchange.ledger.holdings.values()) > ROUNDS // 4
    assert_consistent(exchange, [named(row) for row in rows])
    bid, ask = exchange.books[1].bids.top()[0], exchange.books[1].asks.top()[0]
    assert NO_PRICE < bid < ask, "nothing to flatten against after the end"
    assert play(path, seed=3)[1] == rows


@pytest.mark.parametrize("path", SHIPPED, ids=[path.stem for path in SHIPPED])
def test_a_shipped_tape_plays_to_its_end_and_all_adds_up(path: Path) -> None:
    assert_played(path)


def terms(code: str) -> Terms:
    found = known_terms(code)
    assert found is not None
    return found


@pytest.fixture
def feeds() -> Path:
    if not FEEDS.is_dir():
        pytest.skip(f"the recordings are not here: {FEEDS}")
    return FEEDS


def test_a_recorded_day_of_index_futures_plays_and_all_adds_up(feeds: Path, tmp_path: Path) -> None:
    path = feeds / "cffex_if" / "CFFEX.IF2101_20210104_ticks.csv.gz"
    recording = ticks.read([path], terms("IF2101"), origin="test", licence="MIT")
    assert_played(taped(tmp_path, recording))


def test_a_recorded_order_book_of_full_depth_plays_and_all_adds_up(
    feeds: Path, tmp_path: Path
) -> None:
    path = feeds / "binance_20240808" / "usdm_btcusdt_20240808.gz"
    recording = binance.read([path], terms("BTCUSDT"), origin="test", licence="MIT")
    assert_played(taped(tmp_path, recording))


def taped(folder: Path, recording: Recording) -> Path:
    path = folder / "recorded.tape"
    assert record_tape(path, [recording]).span_ns > SECOND
    return path
