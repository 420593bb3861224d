"""The importers on the real recordings, against what is known of them."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tidegate.native.records import Side
from tidegate.tape import binance, lean, orders, ticks
from tidegate.tape.events import TapeKind, check_events
from tidegate.tape.format import TapeReader
from tidegate.tape.recording import Recording, Terms, cut_recording, known_terms, record_tape
from tidegate.tape.show import ContractFigures, figures


def terms(code: str) -> Terms:
    known = known_terms(code)
    assert known is not None
    return known


def taped(folder: Path, recording: Recording) -> ContractFigures:
    """Writes and reads the recording; its figures are those of the file."""
    check_events(recording.events, 1)
    path = folder / "x.tape"
    record_tape(path, [recording])
    with TapeReader(path) as reader:
        found = figures(reader)
        assert reader.event_count == len(recording.events) + 1
    assert found.contracts[0].crossed_updates == 0
    return found.contracts[0]


@pytest.mark.parametrize(
    ("day", "rows", "empty"), [("20131007", 39_702, 92), ("20131008", 52_038, 75)]
)
def test_gold_has_the_trades_that_its_zip_has(
    data: Path, tmp_path: Path, day: str, rows: int, empty: int
) -> None:
    folder = data / "feed" / "lean_gc_es_2013"
    paths = [folder / f"{day}_gc_{form}.zip" for form in ("tick_trade", "minute_quote")]
    recording = lean.read(paths, terms("GCZ3"))
    assert recording.counts["tick_trade rows"] == rows
    assert recording.counts["trades dropped: quantity 0"] == empty
    assert taped(tmp_path, recording).counts["TRADE"] == rows - empty


def test_gold_falls_on_october_11(data: Path, tmp_path: Path) -> None:
    folder = data / "feed" / "lean_gc_es_2013"
    paths = [folder / f"20131011_gc_minute_{form}.zip" for form in ("quote", "trade")]
    # The minute that begins 12:42 UTC; its close stands at 12:43.
    minute = 1_381_495_320_000_000_000
    recording = cut_recording(
        lean.read(paths, terms("GCZ3")), start_ns=minute, end_ns=minute + 61 * 10**9, depth=None
    )
    traded = recording.events[recording.events["kind"] == TapeKind.TRADE]["price"].tolist()
    assert traded[-1] < traded[0] - 100
    assert taped(tmp_path, recording).start_ns == minute


def test_es_has_its_own_tick(data: Path, tmp_path: Path) -> None:
    path = data / "feed" / "lean_gc_es_2013" / "20131007_es_minute_quote.zip"
    found = taped(tmp_path, lean.read([path], terms("ESZ3")))
    assert (found.low, found.tick_size) == (Decimal("1664.75"), Decimal("0.25"))


@pytest.mark.parametrize(("day", "rows"), [("20210104", 27_955), ("20210105", 28_254)])
def test_if_has_the_ticks_and_the_volume_that_its_csv_has(
    data: Path, tmp_path: Path, day: str, rows: int
) -> None:
    path = data / "feed" / "cffex_if" / f"CFFEX.IF2101_{day}_ticks.csv.gz"
    recording = ticks.read([path], terms("IF2101"))
    assert recording.counts == {"tick rows": rows}
    found = taped(tmp_path, recording)
    assert found.counts["QUOTE"] == 2 * rows
    if day == "20210104":
        assert found.traded_lots == 84_288
        limits = (found.lower_limit, found.pre_settlement, found.upper_limit)
        assert limits == (Decimal("4694.6"), Decimal("5216.2"), Decimal("5737.8"))


def test_binance_perpetual_has_no_gap_and_no_crossed_book(data: Path, tmp_path: Path) -> None:
    path = data / "feed" / "binance_20240808" / "usdm_btcusdt_20240808.gz"
    recording = binance.read([path], terms("BTCUSDT"))
    assert recording.counts == {
        "bookTicker lines not used": 66_089,
        "depth diffs": 6_551,
        "depth diffs dropped: in the snapshot already": 4,
        "lines": 93_954,
        "snapshots": 1,
        "trades": 21_313,
    }
    found = taped(tmp_path, recording)
    assert found.counts["TRADE"] == 21_313
    assert found.two_sided_updates == 6_551 - 4 + 1


def test_binance_coin_margined_files_continue_one_another(data: Path) -> None:
    folder = data / "feed" / "binance_20240808"
    coin = Terms(
        code="BTCUSD_PERP",
        product="BTCUSD_PERP",
        venue="BINANCE",
        currency="USD",
        tick_size=Decimal("0.1"),
        multiplier=Decimal(100),
    )
    paths = [folder / f"cm_btcusd_perp_{day}.gz" for day in ("20240808", "20240809")]
    recording = binance.read(paths, coin)
    assert "gaps in depth" not in recording.counts
    assert recording.counts["lines"] == 98_386
    assert "crossed books" not in recording.counts
    check_events(recording.events, 1)
    is_trade = recording.events["kind"] == TapeKind.TRADE
    assert np.count_nonzero(is_trade) == 2_286 + 2_949


def test_binance_spot_chains_by_first_id(data: Path, tmp_path: Path) -> None:
    path = data / "feed" / "binance_20240808" / "spot_btcusdt_20240808.gz"
    lot = Decimal("0.00000001")
    spot = Terms(
        code="BTCUSDT",
        product="BTCUSDT",
        venue="BINANCE",
        currency="USDT",
        tick_size=Decimal("0.01"),
        multiplier=lot,
        lot_size=lot,
    )
    assert taped(tmp_path, binance.read([path], spot)).counts["TRADE"] == 9_757


def test_order_by_order_flow_has_its_live_rows(data: Path, tmp_path: Path) -> None:
    folder = data / "orderflow" / "bitstamp_l3_20260502"
    lot = Decimal("0.00000001")
    bitcoin = Terms(
        code="BTCUSD",
        product="BTCUSD",
        venue="BITSTAMP",
        currency="USD",
        tick_size=Decimal(1),
        multiplier=lot,
        lot_size=lot,
    )
    recording = orders.read([folder / "orders.csv.gz", folder / "trades.csv"], bitcoin)
    assert recording.counts["order rows"] == 301_027
    assert recording.counts["order rows dropped: snapshot and made-up deletes"] == 6_512 + 6_518
    found = taped(tmp_path, recording)
    assert found.counts["TRADE"] == 284
    buys = recording.events[recording.events["side"] == int(Side.BUY)]
    assert np.all(buys["price"] > 0)
