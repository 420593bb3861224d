"""A margin file of one future and one call on it, in CME's expanded layout (PA2).

`scale` moves all arrays, in per cent: a file of another day or of an intraday change.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tidegate.client.controls import Control, array_parts
from tidegate.run_dir import RunDir
from tidegate.span.scans import new_scans
from tidegate.universe import Universe

FUTURE, CALL = "GA", "OA"
MONTH, EXPIRY, STRIKE = "202602", "202601", 4300
DELTAS = {FUTURE: 10_000, CALL: 4200}
# Losses of one lot by scenario.
OF_FUTURE = (
    0, 0, -3000, -3000, 3000, 3000, -6000, -6000, 6000, 6000, -9000, -9000, 9000, 9000, -8910, 8910,
)  # fmt: skip
OF_CALL = (
    -660, 740, -2070, -670, 450, 1850, -3780, -2380, 1260, 2660, -5790, -4390, 1770, 3170, -7752,
    -268,
)  # fmt: skip
HEADER = (
    "0 DEMO  20260105SC 1700202601051705U2YN",
    "1 DEM  09",
    f"{'P DEMGA        FUTGOLD           002000  000010000000000000000001USD$STD 00AMERGOLD':114}"
    "Y FUT  DELIV",
    f"{'P DEMOA        OOFCALL           002000  000010000000000000000001USD$STD 00AMERCALL':114}"
    "Y FUT  DELIV",
    "2 DEM CC-AU 0USD$PN   GA        FUT   OA        OOF",
    "3 CC-AU 01                                                          100010001100",
    # Delivery is dearer within a spread than outright: what is held is above the exact figure.
    "4 CC-AU 10010120260200000500000012                            00000301001001001",
)
SERIES = "000000000000000009000030000330004000010000000100001000020260105GA"


def write_margin_file(path: Path, scale: int = 100) -> Path:
    """Write the file whole; where."""
    lines = [
        *HEADER,
        f"{f'B DEMGA        FUT{MONTH}            {SERIES}':167}",
        f"{f'B DEMOA        OOF{MONTH}   {EXPIRY}   {SERIES}':167}",
        *arrays(FUTURE, "FUT ", "", 0, scaled(OF_FUTURE, scale)),
        *arrays(CALL, "OOFC", EXPIRY, STRIKE, scaled(OF_CALL, scale)),
    ]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def arrays(code: str, right: str, expiry: str, strike: int, values: Sequence[int]) -> list[str]:
    """The two records of a contract's array: 16 losses, then its delta in 1e-4."""
    delta, price = DELTAS[code], 421_550
    start = f"DEM{code:10}{FUTURE:10}{right}{MONTH}   {expiry:6}   {strike:07}"
    told = [f"{abs(value):05}{'-' if value < 0 else '+'}" for value in values]
    return [
        f"81{start}{''.join(told[:9])}{price:014}N",
        f"82{start}{''.join(told[9:])}{delta:05}+0020{price:011}++{delta:05}+C",
    ]


def scaled(values: Sequence[int], scale: int) -> list[int]:
    """Each in per cent of what it was."""
    return [value * scale // 100 for value in values]


def new_arrays(universe: Universe, run_dir: RunDir, *, epoch: int, scale: int) -> Iterator[Control]:
    """What an operator stages of another file, which is kept where the margin stage looks."""
    run_dir.margin.mkdir(mode=0o700, exist_ok=True)
    path = write_margin_file(run_dir.margin_file(epoch), scale)
    for handle, scan in new_scans(universe, path).items():
        yield from array_parts(handle, scan.values, epoch)
