"""Makes a library of some RTL of the card, by verilator or by CXXRTL, and plays it.

Each is card_sim.h, called by ctypes: so that RTL other than the one that is built in can be played.
"""

import ctypes
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
RTL = HERE.parent.parent / "ext" / "tidegate" / "rtl"
SLANG = "read_slang --no-implicit-memories --top {top} {files}"


def package(name: str) -> Path:
    """The folder of an installed package; FileNotFoundError with what is to be installed."""
    found = find_spec(name)
    if found is None or found.origin is None:
        raise FileNotFoundError(f"the package {name} is not here: pip install .[hdl]")
    return Path(found.origin).parent


def sources(rtl: Path) -> list[str]:
    """The RTL's files, the package of its widths first."""
    return [str(path) for path in sorted(rtl.glob("*.sv"), key=lambda p: (p.stem != "card_pkg", p))]


def digest(rtl: Path) -> str:
    """Tells one RTL from another: a clock belongs to the RTL that was placed and routed.

    Comments and the breaks of lines do not count.
    """
    files = (re.sub("//[^\n]*", "", Path(name).read_text()) for name in sources(rtl))
    words = " ".join(word for text in files for word in text.split())
    return hashlib.sha256(words.encode()).hexdigest()


def compiled(command: Iterable[str | Path]) -> None:
    """Run a compiler; RuntimeError with what it says."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr)[-3000:])


def by_verilator(rtl: Path, build: Path, level: str = "-O2") -> Path:
    """A library of the RTL in `rtl`; `build` keeps verilator's own objects for the next one."""
    root = package("verilator")
    made = build / rtl.name
    made.mkdir(parents=True, exist_ok=True)
    compiled(
        [
            *("env", f"VERILATOR_ROOT={root}", root / "bin" / "verilator_bin", "--cc", "-O3"),
            *("--no-assert", "--x-assign", "fast", "--x-initial", "0"),
            *("--prefix", "Vcard", "--top-module", "card", "--Mdir", str(made), *sources(rtl)),
        ]
    )
    include = root / "include"
    paths = [f"-I{path}" for path in (made, RTL, include, include / "vltstd")]
    compiler = [*os.environ.get("CXX", "c++").split(), "-std=c++17", "-g0", "-fPIC", *paths]
    objects = [build / f"{name}.o" for name in ("verilated", "verilated_threads")]
    for target in objects:
        if not target.exists():
            source = include / f"{target.stem}.cpp"
            compiled([*compiler, "-O1", "-c", source, "-o", target])
    library = made / "card.so"
    parts = [*made.glob("*.cpp"), RTL / "card_sim.cpp", *objects]
    compiled([*compiler, level, "-shared", *parts, "-o", library])
    return library


def by_cxxrtl(rtl: Path, build: Path) -> Path:
    """The same by yosys."""
    build.mkdir(parents=True, exist_ok=True)
    passes = [
        SLANG.format(top="card", files=" ".join(sources(rtl))),
        "opt_clean",
        f"write_cxxrtl -g0 {build}/generated.cpp",
    ]
    run_yosys(passes)
    runtime = package("pyosys") / "share" / "include" / "backends" / "cxxrtl" / "runtime"
    paths = [f"-I{path}" for path in (build, RTL, runtime)]
    # -O2 would take minutes.
    compiler = [*os.environ.get("CXX", "c++").split(), "-std=c++17", "-O1", "-g0", "-fPIC"]
    library = build / "card.so"
    compiled([*compiler, *paths, "-shared", HERE / "card_cxxrtl.cpp", "-o", library])
    return library


def run_yosys(passes: Iterable[str]) -> str:
    """Run yosys's passes in a process of their own; what they print. RuntimeError with its end."""
    package("pyosys")
    script = (
        "import sys; from pyosys import libyosys as ys; design = ys.Design();"
        "[ys.run_pass(line, design) for line in sys.argv[1:]]"
    )
    done = subprocess.run([sys.executable, "-c", script, *passes], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr)[-3000:])
    return done.stdout


class LibraryCard:
    """A card of the library, empty at first."""

    def __init__(self, library: Path) -> None:
        loaded = ctypes.CDLL(str(library))
        loaded.card_sim_new.restype = ctypes.c_void_p
        loaded.card_sim_apply.restype = ctypes.c_int64
        self.play = loaded.card_sim_apply
        self.free = loaded.card_sim_free
        self.sim = ctypes.c_void_p(loaded.card_sim_new())

    def apply(
        self,
        commands: NDArray[Any],
        responses: NDArray[Any],
        gaps: NDArray[np.uint8] | None = None,
    ) -> None:
        """As Fpga.apply; what did not come stays 0."""
        count = ctypes.c_int64(len(commands))
        given = None if gaps is None else gaps.ctypes.data_as(ctypes.c_void_p)
        arrays = [array.ctypes.data_as(ctypes.c_void_p) for array in (commands, responses)]
        self.play(self.sim, arrays[0], given, arrays[1], count)

    def __del__(self) -> None:
        self.free(self.sim)
