"""Binance raw streams: the snapshot is bridged, gaps and crossed books are refused."""

import gzip
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tidegate.errors import TapeError
from tidegate.tape import binance
from tidegate.tape.events import Events
from tidegate.tape.recording import Terms

Said = Callable[[Events], list[Any]]
SNAPSHOT = (
    '13 {"lastUpdateId":105,"bids":[["61800.20","2.5"],["61800.10","1"]],"asks":[["61800.3","2"]]}'
)


def diff(at: int, ids: tuple[int, int, int | None], bids: str = "", asks: str = "") -> str:
    first, last, previous = ids
    chain = "" if previous is None else f'"pu":{previous},'
    return (
        f'{at} {{"stream":"x","data":{{"e":"depthUpdate","s":"BTCUSDT","U":{first},"u":{last},'
        f'{chain}"b":[{bids}],"a":[{asks}]}}}}'
    )


def trade(at: int, price: str, qty: str, *, is_buyer_maker: bool) -> str:
    maker = "true" if is_buyer_maker else "false"
    return f'{at} {{"data":{{"e":"trade","s":"BTCUSDT","p":"{price}","q":"{qty}","m":{maker}}}}}'


@pytest.fixture
def bitcoin() -> Terms:
    return Terms(
        code="BTCUSDT",
        product="BTCUSDT",
        venue="BINANCE",
        currency="USDT",
        tick_size=Decimal("0.1"),
        multiplier=Decimal("0.001"),
        lot_size=Decimal("0.001"),
    )


def stored(folder: Path, *lines: str) -> Path:
    path = folder / "stream.gz"
    path.write_bytes(gzip.compress("\n".join((*lines, "")).encode()))
    return path


def test_diffs_before_the_snapshot_bridge_it(tmp_path: Path, bitcoin: Terms, said: Said) -> None:
    path = stored(
        tmp_path,
        diff(10, (90, 99, 89), bids='["61900.0","9"]'),
        '11 {"data":{"u":5,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510"}}',
        diff(12, (100, 107, 99), asks='["61800.30","0.000"],["61800.40","7"]'),
        SNAPSHOT,
        diff(14, (110, 111, 107), bids='["61800.10","0"]'),
        trade(15, "61800.40", "0.006", is_buyer_maker=False),
        trade(15, "61800.20", "1", is_buyer_maker=True),
    )
    recording = binance.read([path], bitcoin)
    assert said(recording.events) == [
        (13, "CLEAR", "", None, 0),
        (13, "LEVEL", "BUY", 618_002, 2_500),
        (13, "LEVEL", "BUY", 618_001, 1_000),
        (13, "LEVEL", "SELL", 618_003, 2_000),
        (13, "LEVEL", "SELL", 618_003, 0),
        (13, "LEVEL", "SELL", 618_004, 7_000),
        (14, "LEVEL", "BUY", 618_001, 0),
        (15, "TRADE", "BUY", 618_004, 6),
        (15, "TRADE", "SELL", 618_002, 1_000),
    ]
    assert recording.counts == {
        "bookTicker lines not used": 1,
        "depth diffs": 3,
        "depth diffs dropped: in the snapshot already": 1,
        "lines": 7,
        "snapshots": 1,
        "trades": 2,
    }


def test_spot_diffs_follow_by_their_first_id(tmp_path: Path, bitcoin: Terms) -> None:
    good = diff(14, (104, 107, None)), diff(15, (108, 110, None))
    assert binance.read([stored(tmp_path, SNAPSHOT, *good)], bitcoin).counts["depth diffs"] == 2
    gap = stored(tmp_path, SNAPSHOT, good[0], diff(15, (109, 110, None)))
    with pytest.raises(TapeError, match=r"line 3: gap: diff 109\.\.110; expected it after 107"):
        binance.read([gap], bitcoin)


def test_a_diff_that_does_not_reach_the_snapshot_is_a_gap(tmp_path: Path, bitcoin: Terms) -> None:
    path = stored(tmp_path, SNAPSHOT, diff(14, (107, 109, 106)))
    with pytest.raises(TapeError, match=r"gap: diff 107\.\.109; expected it after 105"):
        binance.read([path], bitcoin)


def test_after_a_gap_the_book_is_empty_until_the_next_snapshot(
    tmp_path: Path, bitcoin: Terms, said: Said
) -> None:
    path = stored(
        tmp_path,
        SNAPSHOT,
        diff(14, (100, 107, 99)),
        diff(15, (120, 121, 119), bids='["61799.0","1"]'),
        diff(16, (122, 123, 121), bids='["61798.0","1"]'),
        SNAPSHOT.replace("13 ", "17 ").replace("105", "130").replace('["61800.10","1"]', ""),
        SNAPSHOT.replace("13 ", "18 ").replace("105", "130").replace(',["61800.10","1"]', ""),
    )
    recording = binance.read([path], bitcoin, skip_bad=True)
    assert said(recording.events)[4:] == [
        (15, "CLEAR", "", None, 0),
        (18, "CLEAR", "", None, 0),
        (18, "LEVEL", "BUY", 618_002, 2_500),
        (18, "LEVEL", "SELL", 618_003, 2_000),
    ]
    assert (recording.counts["gaps in depth"], recording.counts["bad rows"]) == (1, 2)


def test_a_crossed_snapshot_leaves_no_book(tmp_path: Path, bitcoin: Terms, said: Said) -> None:
    path = stored(tmp_path, SNAPSHOT.replace("61800.3", "61800.1"), diff(14, (100, 107, 99)))
    recording = binance.read([path], bitcoin, skip_bad=True)
    assert said(recording.events)[-1] == (13, "CLEAR", "", None, 0)


def test_a_crossed_book_is_refused(tmp_path: Path, bitcoin: Terms) -> None:
    path = stored(tmp_path, SNAPSHOT, diff(14, (100, 107, 99), bids='["61800.5","1"]'))
    with pytest.raises(TapeError, match="line 2: book crossed by 2 ticks"):
        binance.read([path], bitcoin)
    assert binance.read([path], bitcoin, skip_bad=True).counts["crossed books"] == 1


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (trade(14, "61800.25", "1", is_buyer_maker=True), "price is 61800.25; expected a multiple"),
        (trade(14, "NaN", "1", is_buyer_maker=True), "price is 'NaN'"),
        (trade(14, "8" * 40, "1", is_buyer_maker=True), "expected a decimal number"),
        (
            trade(14, "61800.2", "0.0005", is_buyer_maker=True),
            "quantity is 0.0005; expected a mult",
        ),
        (trade(14, "61800.2", "0", is_buyer_maker=True), "trade of 0; expected more than 0"),
        (diff(14, (100, 107, 99), bids='["61800.05","1"]'), "price is 61800.05"),
        (diff(14, (100, 107, 99), bids='["61800.0","-1"]'), "level of -1"),
        (diff(14, (100, 107, 99), bids='["61800.0"]'), "expected a stream's JSON"),
        (diff(14, (100, 107, 99)).replace("[]", '"1"', 1), "b or a is text"),
        (diff(14, (100, 107, 99)).replace("BTCUSDT", "ETHUSDT"), "symbol 'ETHUSDT'; expected BTC"),
        (diff(14, (100, 107, 99)).replace("depthUpdate", "kline"), "stream 'kline'; expected"),
        (diff(14, (100, 107, 99))[:-2], "expected a stream's JSON"),
        ("14 {}", "neither data nor lastUpdateId"),
        ("{}", "local time is '{}'"),
        ("", "local time is ''"),
        (diff(12, (100, 107, 99)), "time 12 before the line above"),
    ],
)
def test_a_bad_line_is_refused_or_skipped_and_counted(
    tmp_path: Path, bitcoin: Terms, line: str, expected: str
) -> None:
    path = stored(tmp_path, SNAPSHOT, line)
    with pytest.raises(TapeError, match=rf"1 bad rows.*\n.*stream\.gz line 2: .*{expected}"):
        binance.read([path], bitcoin)
    assert binance.read([path], bitcoin, skip_bad=True).counts["bad rows"] == 1


def test_a_stream_without_a_snapshot_is_refused(tmp_path: Path, bitcoin: Terms) -> None:
    path = stored(tmp_path, diff(14, (100, 107, 99)))
    with pytest.raises(TapeError, match="expected the book's snapshot"):
        binance.read([path], bitcoin)


def test_too_many_diffs_without_a_snapshot_are_refused(
    tmp_path: Path, bitcoin: Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binance, "KEPT_DIFFS_MAX", 2)
    path = stored(tmp_path, *(diff(14, (100, 107, 99)) for _ in range(3)), SNAPSHOT)
    with pytest.raises(TapeError, match="2 depth diffs and no snapshot"):
        binance.read([path], bitcoin)


def test_another_contract_than_the_streams_is_refused(tmp_path: Path, bitcoin: Terms) -> None:
    path = stored(tmp_path, SNAPSHOT, diff(14, (100, 107, 99)))
    with pytest.raises(TapeError, match="symbol 'BTCUSDT'; expected ETHUSDT"):
        binance.read([path], msgspec.structs.replace(bitcoin, code="ETHUSDT"))
