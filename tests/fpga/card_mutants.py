"""`make fpga-mutants`: each deliberate bug of the RTL, and the first command that finds it.

    python tests/fpga/card_mutants.py [--jobs 2] [--only WORD]

Exits with 1 when a bug is not caught, or its patch does not fit.
"""

import argparse
import shutil
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from card_library import RTL, LibraryCard, by_verilator
from card_workload import Stream

from tidegate.native.card import RESPONSE, Card

TABLE = Path(__file__).with_name("card_mutants.toml")
SEEDS = range(1, 6)
SIZE = 20_000


def mutants() -> list[dict[str, Any]]:
    """The table's rows."""
    found: list[dict[str, Any]] = tomllib.loads(TABLE.read_text())["mutants"]
    return found


def patched(mutant: dict[str, Any], into: Path) -> None:
    """A copy of the RTL with the bug; ValueError where its patch does not fit."""
    shutil.copytree(RTL, into)
    file, old, new = mutant["edit"]
    text = (into / file).read_text()
    if text.count(old) != 1:
        raise ValueError(f"{mutant['what']}: {file} has {old!r} {text.count(old)} times")
    (into / file).write_text(text.replace(old, new))


def hunt(library: Path) -> str | None:
    """Which command of which seed is answered differently."""
    for seed in SEEDS:
        stream = Stream(seed)
        commands, gaps = stream.commands(SIZE), stream.gaps(SIZE)
        expected = np.zeros(SIZE, RESPONSE)
        Card().apply(commands, expected)
        for empty in (None, gaps):
            found = np.zeros(SIZE, RESPONSE)
            LibraryCard(library).apply(commands, found, empty)
            wrong = np.flatnonzero(expected != found)
            if len(wrong):
                return f"seed {seed}, command {wrong[0]} of {SIZE}, {len(wrong)} differ"
    return None


def tried(mutant: dict[str, Any], number: int, work: Path) -> bool:
    """Build and play one; True = caught."""
    rtl = work / f"mutant_{number}"
    patched(mutant, rtl)
    said = hunt(by_verilator(rtl, work / "build", "-O0"))
    print(f"{'caught' if said else 'MISSED'}: {mutant['what']}: {said}", flush=True)
    return said is not None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    chosen = [mutant for mutant in mutants() if options.only in mutant["what"]]
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        if hunt(by_verilator(RTL, work / "build", "-O0")):
            print("the RTL itself answers otherwise than the rules")
            return 1
        with ThreadPoolExecutor(options.jobs) as pool:
            numbers = range(len(chosen))
            caught = list(pool.map(lambda n: tried(chosen[n], n, work), numbers))
    print(f"{sum(caught)} of {len(caught)} caught")
    return 0 if all(caught) and caught else 1


if __name__ == "__main__":
    sys.exit(main())
