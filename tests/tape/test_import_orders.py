"""Order-by-order CSV: sums at prices, trades, rows dropped at both ends, bad rows refused."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tidegate.errors import TapeError
from tidegate.tape import orders
from tidegate.tape.events import Events
from tidegate.tape.recording import Terms

Said = Callable[[Events], list[Any]]
ORDERS = "id,timestamp,exchange_timestamp,price,volume,action,direction\n"
TRADES = "trade_id,timestamp,exchange_timestamp,price,amount,buy_order_id,sell_order_id,side\n"
START = "1,5,1,78000.0,1.0,created,bid\n"
END = "9,99,98,78000.0,1.0,deleted,bid\n"
MS = 1_000_000


@pytest.fixture
def bitcoin() -> Terms:
    return Terms(
        code="BTCUSD",
        product="BTCUSD",
        venue="BITSTAMP",
        currency="USD",
        tick_size=Decimal(1),
        multiplier=Decimal("0.001"),
        lot_size=Decimal("0.001"),
    )


def stored(folder: Path, rows: str, trades: str = "") -> list[Path]:
    path, other = folder / "orders.csv", folder / "trades.csv"
    path.write_text(ORDERS + START + rows + END)
    other.write_text(TRADES + trades)
    return [path, other]


def test_orders_become_sums_at_their_prices(tmp_path: Path, bitcoin: Terms, said: Said) -> None:
    paths = stored(
        tmp_path,
        "2,6,2,78001.0,0.5,created,bid\n"
        "3,6,2,78001.0,0.25,created,bid\n"
        "4,7,3,78005.0,1,created,ask\n"
        "1,8,4,78000.0,1.0,deleted,bid\n"
        "5,9,5,78001.0,6e-1,created,ask\n"
        "2,9,5,78001.0,0,deleted,bid\n"
        "3,9,5,78001.0,0.15,changed,bid\n"
        "5,9,5,78001.0,0,deleted,ask\n"
        "3,9,6,78001.0,0.15,deleted,bid\n",
        "7,9,5,78001.0,0.5,2,5,sell\n8,9,5,78001.0,0.1,3,5,sell\n",
    )
    recording = orders.read(paths, bitcoin)
    assert said(recording.events) == [
        (2 * MS, "LEVEL", "BUY", 78_001, 750),
        (3 * MS, "LEVEL", "SELL", 78_005, 1_000),
        (5 * MS, "TRADE", "SELL", 78_001, 500),
        (5 * MS, "TRADE", "SELL", 78_001, 100),
        (5 * MS, "LEVEL", "BUY", 78_001, 150),
        (5 * MS, "LEVEL", "SELL", 78_001, 0),
        (6 * MS, "LEVEL", "BUY", 78_001, 0),
    ]
    assert recording.counts == {
        "deleted rows not used: order not seen created": 1,
        "order rows": 9,
        "order rows dropped: snapshot and made-up deletes": 2,
        "trade rows": 2,
    }


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("2,6,2,78001.5,1,created,bid", "price is 78001.5; expected a multiple of 1"),
        ("2,6,2,NaN,1,created,bid", "price is 'NaN'"),
        (f"2,6,2,{'7' * 40},1,created,bid", "expected a decimal number"),
        ("2,6,2,78001,0.0001,created,bid", "quantity is 0.0001; expected a multiple of 0.001"),
        ("2,6,2,78001,-1,created,bid", "volume -1; expected 0 or more"),
        ("2,6,2,78001,1,made,bid", "'made bid'; expected created, changed or deleted"),
        ("2,6,2,78001,1,created,buy", "'created buy'; expected"),
        ("x,6,2,78001,1,created,bid", "id is 'x'"),
        ("2,6,2,78001,1,created", "'created '; expected"),
        ("2,6,2,78001,1,created,bid,1", "more fields than columns"),
        ("3,6,2,78001,1,created,bid", "order 3 created twice"),
    ],
)
def test_a_bad_row_is_refused_or_skipped_and_counted(
    tmp_path: Path, bitcoin: Terms, row: str, expected: str
) -> None:
    paths = stored(tmp_path, f"3,6,2,78001,1,created,bid\n{row}\n")
    with pytest.raises(TapeError, match=rf"1 bad rows.*\n.*orders\.csv line 4: .*{expected}"):
        orders.read(paths, bitcoin)
    recording = orders.read(paths, bitcoin, skip_bad=True)
    assert (len(recording.events), recording.counts["bad rows"]) == (1, 1)


def test_a_bad_trade_and_a_bad_time_are_refused(tmp_path: Path, bitcoin: Terms) -> None:
    paths = stored(tmp_path, "", "7,9,5,78001.0,0,2,5,sell\n")
    with pytest.raises(TapeError, match="sell of 0; expected buy or sell of more than 0"):
        orders.read(paths, bitcoin)
    paths = stored(tmp_path, "2,6,now,78001,1,created,bid\n")
    with pytest.raises(TapeError, match="expected whole ms in both timestamps"):
        orders.read(paths, bitcoin)


def test_a_foreign_file_is_refused(tmp_path: Path, bitcoin: Terms) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,price\n1,2\n")
    with pytest.raises(TapeError, match=r"expected id,timestamp,.* or trade_id,"):
        orders.read([path], bitcoin)
