"""What runs without the GIL is pure C: nothing there touches Python, allocates or maps memory.

Read from the C that Cython has made, where its annotated page would have a yellow line.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tidegate.native.build import PROFILE

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "ext" / "tidegate" / "native"
MADE = ROOT / "build" / "c" / "ext" / "tidegate" / "native"
DEFINED = re.compile(
    r"^(?: {4})?cdef (?:inline )?(?:[\w.]+[\w.* ]*[ *])?(\w+)\(([^()]|\([^()]*\))*\)([^:\n(]*):$",
    re.M,
)
CLASS = re.compile(r"^cdef class (\w+)", re.M)
FORBIDDEN = re.compile(
    r"(?<![\w.>])(?:_?Py[A-Z_]\w*|__Pyx_(?!FastGIL)\w+"
    r"|malloc|calloc|realloc|free|mmap|munmap|brk)(?=\()"
)
COMMENT = re.compile(r"/\*.*?\*/", re.S)
# Who is let back into Python, and when.
WITH_GIL = {
    # A venue's channel that is written in Python.
    "router_agent.RouterAgent._poll_python",
    "router_agent.RouterAgent._submit_python",
    # Once in the life of a ring's receiver.
    "shm_ring.RingTarget._find_bell",
}
OFF_THE_PATH = {
    # The thread that makes a journal's next segment while the one before is in use.
    "segments.map_segment",
    "segments.release_segment",
    # A replay that hands out what the step gave; a reader's copy that is done.
    "pretrade: block 1",
    "region: block 1",
}


class Function(NamedTuple):
    """A cdef function: its name, what stands in the C for it, and what is said behind it."""

    name: str
    in_c: str
    says: str


def declared() -> Iterator[Function]:
    for path in sorted((*SOURCES.glob("*.pyx"), *SOURCES.glob("*.pxd"))):
        text, module = path.read_text(), path.stem
        classes = [(found.start(), found[1]) for found in CLASS.finditer(text)]
        for found in DEFINED.finditer(text):
            parts = [name for at, name in classes if at < found.start()][-1:]
            if not found[0].startswith(" "):
                parts = []
            mangled = "".join(f"{len(part)}{part}_" for part in (module, *parts))
            yield Function(".".join((module, *parts, found[1])), mangled + found[1], found[3])


FUNCTIONS = [each for each in declared() if not re.match(r"\w+_(bench|probe)\.", each.name)]


def bodies(text: str) -> dict[str, str]:
    """Each function of ours in a C file, by its name there."""
    found = {}
    for head in re.finditer(
        r"^static [^;={]*?\b__pyx_f_8tidegate_6native_(\w+)\(.*\{$", text, re.M
    ):
        found[head[1]] = text[head.end() : text.index("\n}", head.end())]
    return found


def test_only_known_functions_go_back_to_python() -> None:
    assert {each.name for each in FUNCTIONS if "with gil" in each.says} == WITH_GIL


@pytest.mark.skipif(PROFILE != "release", reason="a debug build checks bounds, and raises")
def test_no_line_without_the_gil_touches_python_or_allocates() -> None:
    if not MADE.is_dir():
        pytest.skip("no C in build/c: this was built elsewhere")
    free = {each.in_c: each.name for each in FUNCTIONS if "nogil" in each.says}
    seen, wrong = set(), []
    for path in sorted(MADE.glob("*.c")):
        source = (SOURCES / path.name).with_suffix(".pyx")
        if not source.exists() or path.stem.endswith(("_bench", "_probe")):
            continue
        text = COMMENT.sub("", path.read_text())
        parts = {free[name]: body for name, body in bodies(text).items() if name in free}
        # Blocks of `with nogil` in functions that hold it otherwise.
        blocks = re.findall(r"PyEval_SaveThread\(\);(.*?)PyEval_RestoreThread", text, re.S)
        assert len(blocks) == len(re.findall(r"^ +with nogil:", source.read_text(), re.M))
        parts |= {f"{path.stem}: block {number}": body for number, body in enumerate(blocks, 1)}
        seen |= parts.keys()
        for name in parts.keys() - OFF_THE_PATH:
            wrong += [f"{name}: {call}" for call in FORBIDDEN.findall(parts[name])]
    assert not wrong, "\n".join(sorted({*wrong}))
    missing = {*free.values()} - seen
    assert not missing, f"not found in the C: {sorted(missing)}"
