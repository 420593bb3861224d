"""The loops over 16 scenarios in each version that a processor may be given, beside Python's own
numbers: bit for bit, over random figures and the ends of what their callers bound."""

import ctypes
import random
import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import numpy as np
import pytest

NATIVE = Path(__file__).parents[2] / "ext" / "tidegate" / "native"
SOURCE = """
#include "span.h"
#include "wide.h"

int64_t side(const int64_t *worst, const int32_t *scan, int is_buy, int32_t lots, int64_t *out) {
    return span_side(worst, scan, is_buy, lots, out);
}

void add(int64_t *losses, const int32_t *values, int32_t lots) {
    wide_add_lots(losses, values, lots);
}
"""
# The first is what no vectoriser touched; the last, what a library has: the loader chooses.
VERSIONS = {
    "scalar": ("-O0", "-DTG_CLONES="),
    "default": ("-O3", "-DTG_CLONES=__attribute__((noinline))"),
    "avx2": ("-O3", "-mavx2", "-DTG_CLONES=__attribute__((noinline))"),
    "shipped": ("-O3",),
}
HAS_AVX2 = "avx2" in Path("/proc/cpuinfo").read_text().split()
SCENARIOS = 16
# span.h's bounds: lots of a row, and so what a running sum may come to.
LOTS_MAX, SCAN_MAX = 1 << 29, (1 << 31) - 1
SUM_MAX = LOTS_MAX * SCAN_MAX
SEED, ROUNDS = 20261122, 2_000


@pytest.fixture(scope="module", params=VERSIONS)
def loops(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    if request.param == "avx2" and not HAS_AVX2:
        pytest.skip("this processor has no AVX2")
    place = tmp_path_factory.mktemp("loops")
    (place / "loops.c").write_text(SOURCE)
    compiler = shlex.split(sysconfig.get_config_var("CC") or "cc")
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{NATIVE}"]
    subprocess.run(
        [*compiler, *flags, *VERSIONS[request.param], "-o", "loops.so", "loops.c"],
        cwd=place,
        check=True,
    )
    library = ctypes.CDLL(str(place / "loops.so"))
    library.side.restype = ctypes.c_int64
    return library


def cases() -> list[tuple[list[int], list[int], int]]:
    """Running sums, one lot's losses and lots: what is drawn, and each end beside each other."""
    rng = random.Random(SEED)
    ends = (0, 1, -1, SCAN_MAX, -SCAN_MAX)
    found = [
        ([worst] * SCENARIOS, [scan] * SCENARIOS, lots)
        for worst in (0, 1, -1, SUM_MAX, -SUM_MAX)
        for scan in ends
        for lots in (0, 1, -1, LOTS_MAX, -LOTS_MAX)
    ]
    for _ in range(ROUNDS):
        most = 1 << rng.randrange(1, 61)
        worst = [rng.randint(-most, most) for _ in range(SCENARIOS)]
        scan = [rng.choice((*ends, rng.randint(-SCAN_MAX, SCAN_MAX))) for _ in range(SCENARIOS)]
        found.append((worst, scan, rng.randint(-LOTS_MAX, LOTS_MAX)))
    return found


@pytest.mark.parametrize("is_buy", [True, False], ids=["buy", "sell"])
def test_every_version_adds_the_same_to_a_side_s_worst_scan(loops: Any, is_buy: bool) -> None:
    out = np.zeros(SCENARIOS, np.int64)
    for worst, scan, lots in cases():
        size = lots if is_buy else -lots
        risky = [r if (r > 0) == is_buy else 0 for r in scan]
        expected = [had + r * size for had, r in zip(worst, risky, strict=True)]
        largest = loops.side(
            *pointers(np.array(worst, np.int64), np.array(scan, np.int32)), is_buy, lots,
            *pointers(out),
        )  # fmt: skip
        assert (largest, out.tolist()) == (max(0, *expected), expected)


def test_every_version_adds_the_same_losses_of_a_position(loops: Any) -> None:
    for worst, scan, lots in cases():
        expected = [had + r * lots for had, r in zip(worst, scan, strict=True)]
        losses, values = np.array(worst, np.int64), np.array(scan, np.int32)
        loops.add(*pointers(losses, values), lots)
        assert losses.tolist() == expected


def pointers(*arrays: Any) -> list[Any]:
    return [ctypes.c_void_p(array.ctypes.data) for array in arrays]
