"""Builds the demo's tapes: python configs/demo/build.py [--data DIR] [--out DIR].

The same recordings give the same bytes. Each tape starts at time 0 and lasts 20 s at the speed that
stands in its notes; so three markets of three different days run side by side.
"""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from tidegate.tape import binance, lean, ticks
from tidegate.tape.recording import Recording, Terms, cut_recording, known_terms, record_tape

HERE = Path(__file__).resolve().parent
DATA = HERE.parents[2] / "shared" / "data"
DEMO_SECONDS = 20
# Levels of BTCUSDT on each side; the whole book would be most of the tape and is never reached.
BTCUSDT_DEPTH = 10


def main() -> None:
    parser = argparse.ArgumentParser(description="Builds the demo's tapes from the recordings.")
    parser.add_argument("--data", type=Path, default=DATA, help="the recordings' folder")
    parser.add_argument("--out", type=Path, default=HERE, help="where the tapes go")
    options = parser.parse_args()
    for path in build(options.data, options.out):
        print(f"{path} {path.stat().st_size} bytes")


def build(data: Path, out: Path) -> list[Path]:
    """Writes gc.tape, if.tape and btcusdt.tape."""
    feed = data / "feed"
    return [
        _tape(out / "gc.tape", _gc(feed), "2013-10-08T13:30:00", 3600, None),
        _tape(out / "if.tape", _if(feed), "2021-01-04T01:30:00", 1800, None),
        _tape(out / "btcusdt.tape", _btcusdt(feed), "2024-08-08T23:54:16", 340, BTCUSDT_DEPTH),
    ]


def _gc(feed: Path) -> Recording:
    folder = feed / "lean_gc_es_2013"
    names = ("20131008_gc_tick_trade.zip", "20131008_gc_minute_quote.zip")
    return lean.read(
        [folder / name for name in names],
        _terms("GCZ3"),
        origin="QuantConnect Lean data folder, samples by AlgoSeek",
        licence="Apache-2.0",
    )


def _if(feed: Path) -> Recording:
    return ticks.read(
        [feed / "cffex_if" / "CFFEX.IF2101_20210104_ticks.csv.gz"],
        _terms("IF2101"),
        origin="WonderTrader sample storage",
        licence="MIT",
    )


def _btcusdt(feed: Path) -> Recording:
    return binance.read(
        [feed / "binance_20240808" / "usdm_btcusdt_20240808.gz"],
        _terms("BTCUSDT"),
        origin="hftbacktest examples",
        licence="MIT",
    )


def _terms(code: str) -> Terms:
    terms = known_terms(code)
    if terms is None:
        raise SystemExit(f"no terms of {code}; expected it in tidegate.tape.recording.PRODUCTS")
    return terms


def _tape(path: Path, recording: Recording, start: str, seconds: int, depth: int | None) -> Path:
    start_ns = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp()) * 1_000_000_000
    end_ns = start_ns + seconds * 1_000_000_000
    kept = cut_recording(recording, start_ns=start_ns, end_ns=end_ns, depth=depth)
    record_tape(path, [kept], notes=_notes(start, seconds, depth))
    return path


def _notes(start: str, seconds: int, depth: int | None) -> tuple[str, ...]:
    notes = [
        f"An extract of {seconds} s from {start} UTC, re-encoded.",
        f"Lasts {DEMO_SECONDS} s at speed {seconds // DEMO_SECONDS}.",
    ]
    if depth is not None:
        notes.append(f"The best {depth} levels of each side.")
    return tuple(notes)


if __name__ == "__main__":
    main()
