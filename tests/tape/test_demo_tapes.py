"""The demo's tapes: small, whole, side by side, and built from the recordings again."""

import subprocess
import sys
from pathlib import Path

import pytest

from tidegate.tape.format import TapeReader
from tidegate.tape.show import figures

FOLDER = Path(__file__).resolve().parents[2] / "configs" / "demo"
CODES = {"gc.tape": "GCZ3", "if.tape": "IF2101", "btcusdt.tape": "BTCUSDT"}
LICENCES = {"gc.tape": "Apache-2.0", "if.tape": "MIT", "btcusdt.tape": "MIT"}


def test_all_tapes_together_are_small() -> None:
    paths = list(FOLDER.glob("*.tape"))
    assert {path.name for path in paths} == set(CODES)
    assert sum(path.stat().st_size for path in paths) <= 1_500_000


@pytest.mark.parametrize("name", CODES)
def test_a_tape_has_a_market_from_start_to_end(name: str) -> None:
    with TapeReader(FOLDER / name) as reader:
        found = figures(reader)
        # 20 s at the speed that the notes and the demo's config state.
        assert f"speed {reader.span_ns // 20_000_000_000}." in found.notes[1]
    contract = found.contracts[0]
    assert contract.code == CODES[name]
    assert (contract.first_ns, contract.crossed_updates) == (0, 0)
    assert contract.counts["TRADE"] > 3_000
    assert contract.two_sided_updates > 50
    assert {source.licence for source in found.sources} == {LICENCES[name]}


@pytest.mark.parametrize("name", CODES)
def test_notice_names_the_tape(name: str) -> None:
    assert f"configs/demo/{name}" in (FOLDER.parents[1] / "NOTICE").read_text()


def test_the_builder_makes_the_same_tapes(data: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-W",
        "error",
        FOLDER / "build.py",
        "--data",
        data,
        "--out",
        tmp_path,
    ]
    subprocess.run(command, check=True, capture_output=True)
    for name in CODES:
        # Rows, not bytes: another liblzma may pack the same rows otherwise.
        with TapeReader(tmp_path / name) as built, TapeReader(FOLDER / name) as shipped:
            assert built.metadata == shipped.metadata
            assert built.events().tobytes() == shipped.events().tobytes()
