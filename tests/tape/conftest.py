"""What the tape's tests share: where the recordings are, and a small tape to write."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from tidegate.native.records import NO_PRICE, Side
from tidegate.tape.events import EVENT, Contract, Events, Metadata, Source, TapeKind
from tidegate.tape.recording import Terms

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

Rows = list[tuple[int, int, int, int, int, int, int]]


@pytest.fixture(scope="session")
def data() -> Path:
    """The recordings; tests that need them are skipped where they are absent."""
    if not DATA.is_dir():
        pytest.skip(f"the recordings are not here: {DATA}")
    return DATA


@pytest.fixture
def contract() -> Contract:
    return Contract(
        code="GCZ3",
        product="GC",
        venue="COMEX",
        currency="USD",
        tick_size=Decimal("0.1"),
        multiplier=Decimal(100),
        lot_size=Decimal(1),
        start_ns=1_381_239_000_000_000_000,
    )


@pytest.fixture
def metadata(contract: Contract) -> Metadata:
    source = Source(name="gc.zip", sha256="00", format="lean", origin="a test", licence="none")
    return Metadata(contracts=(contract,), sources=(source,), span_ns=10**9, notes=("for tests",))


@pytest.fixture
def make_events() -> Callable[[Rows], Events]:
    """Makes events of (time_ns, price, qty, contract_index, kind, side, flags)."""
    return lambda rows: np.array([(*row, (0, 0, 0)) for row in rows], EVENT)


@pytest.fixture
def events(make_events: Callable[[Rows], Events]) -> Events:
    buy, sell = int(Side.BUY), int(Side.SELL)
    return make_events(
        [
            (0, 13_232, 5, 0, TapeKind.LEVEL, buy, 1),
            (0, 13_234, 5, 0, TapeKind.LEVEL, sell, 0),
            (7, 13_234, 2, 0, TapeKind.TRADE, 0, 0),
            (9, NO_PRICE, 0, 0, TapeKind.QUOTE, buy, 1),
            (9, 13_235, 1, 0, TapeKind.QUOTE, sell, 0),
            (10**9, NO_PRICE, 0, 0, TapeKind.CLEAR, 0, 0),
        ]
    )


@pytest.fixture
def gold() -> Terms:
    return Terms(
        code="GCZ3",
        product="GC",
        venue="COMEX",
        currency="USD",
        tick_size=Decimal("0.1"),
        multiplier=Decimal(100),
    )


@pytest.fixture
def said() -> Callable[[Events], list[tuple[int, str, str, int | None, int]]]:
    """Events as (time_ns, kind, side, price, qty) with names and None, to compare in tests."""

    def rows(events: Events) -> list[tuple[int, str, str, int | None, int]]:
        return [
            (
                time_ns,
                TapeKind(kind).name,
                Side(side).name if side else "",
                None if price == NO_PRICE else price,
                qty,
            )
            for time_ns, price, qty, _, kind, side, _, _ in events.tolist()
        ]

    return rows
