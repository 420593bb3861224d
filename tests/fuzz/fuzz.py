"""Fuzzes one target, guided by coverage: python tests/fuzz/fuzz.py TARGET [SECONDS].

As `make fuzz` runs it: Python is instrumented by atheris, and compiled modules, those of the fuzz
profile wherever others lie, guide it through the preloaded cover.c. The corpus grows in
build/fuzz/TARGET; an input that ends the run is left in build/fuzz.
"""

import ctypes
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

import atheris

SECONDS = 60
LENGTH_MAX = 16_384
# One input that takes longer is a finding.
TIMEOUT_S = 25
RSS_MAX_MB = 4096
HERE = Path(__file__).parent
WORK = Path("build/fuzz")
NATIVE = "tidegate.native."


class FuzzBuild:
    """Finds compiled modules where the fuzz profile is built, and nowhere else."""

    @staticmethod
    def find_spec(name: str, _path: Sequence[str] | None, _target: object) -> ModuleSpec | None:
        if not name.startswith(NATIVE):
            return None
        return PathFinder.find_spec(name, [str(WORK / "lib" / "tidegate" / "native")])


sys.meta_path.insert(0, FuzzBuild)
with atheris.instrument_imports(include=["tidegate", "tomllib", "targets"]):
    from targets import TARGETS


def begin_cover() -> None:
    """Hand the compiled modules' counters to libFuzzer."""
    if ctypes.CDLL(None).tg_cover_begin() != 0:
        raise SystemExit("compiled modules have no counters: is cover.so preloaded?")


def covered(target: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The target; its first call tells libFuzzer, which is loaded by then, of the counters."""
    is_begun = False

    def run(data: bytes) -> None:
        nonlocal is_begun
        if not is_begun:
            is_begun = True
            begin_cover()
        target(data)

    return run


def main() -> None:
    """Fuzz for so long; libFuzzer ends the process, with 0 when it found nothing."""
    name = sys.argv[1]
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    if name not in TARGETS:
        raise SystemExit(f"{name}: expected one of {', '.join(TARGETS)}")
    corpus = WORK / name
    corpus.mkdir(parents=True, exist_ok=True)
    for path in (HERE / "corpus" / name).iterdir():
        shutil.copy(path, corpus)
    atheris.Setup(
        [
            sys.argv[0],
            *(str(corpus), f"-max_total_time={seconds}", f"-max_len={LENGTH_MAX}"),
            *(f"-timeout={TIMEOUT_S}", f"-rss_limit_mb={RSS_MAX_MB}", "-print_final_stats=1"),
            f"-artifact_prefix={WORK}/{name}-",
        ],
        covered(TARGETS[name]),
    )
    atheris.Fuzz()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    main()
