"""The example strategy, compiled against the installed declarations, trades without the GIL."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread
from types import ModuleType

import pytest
from embedded_rig import Rig, rig, wide
from risk_rig import GOLD, SUB, trade

import tidegate
from tidegate import replay
from tidegate.native.records import Reason

SETUP = """
import numpy
import tidegate
from Cython.Build import cythonize
from setuptools import Extension, setup

include = tidegate.get_include()
extension = Extension(
    "strategy",
    ["strategy.pyx"],
    include_dirs=[f"{include}/tidegate/native", numpy.get_include()],
    extra_compile_args=["-O1", "-g0", "-D_GNU_SOURCE"],
)
setup(name="strategy", ext_modules=cythonize(extension, include_path=[include], language_level=3))
"""


@pytest.fixture(scope="module")
def strategy(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    place = tmp_path_factory.mktemp("strategy")
    shutil.copy(Path(__file__).parent / "strategy.pyx", place)
    (place / "setup.py").write_text(SETUP)
    built = subprocess.run(
        [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(Path(tidegate.__file__).parents[1])},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    [library] = place.glob("strategy*.so")
    spec = importlib.util.spec_from_file_location("strategy", library)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("e")


def fill_all(house: Rig, count: int) -> None:
    """As a venue that fills each order at once."""
    given = 0
    while given < count:
        for row in house.router.take()[given:]:
            given += 1
            house.router.give(trade(int(row["order_id"]), given, 1, 13_000))


def test_a_strategy_in_cython_submits_polls_and_is_filled(
    strategy: ModuleType, place: Path
) -> None:
    with rig(place, **wide()) as house:
        venue = Thread(target=fill_all, args=(house, 20))
        venue.start()
        accepted, last, _, filled = strategy.trade(house.engine.native, SUB, GOLD, 13_000, 20, 20)
        venue.join()
        assert (accepted, last, filled) == (20, 0, 20)
        assert house.engine.positions("account-6")[0].position == 20
        found = replay.replay(house.run_dir.journal)
        assert found.state_hash == house.engine._risk.tables.state_hash()


def test_a_strategy_in_cython_is_told_what_was_compared_and_that_it_is_closed(
    strategy: ModuleType, place: Path
) -> None:
    with rig(place, **wide(max_position=3)) as house:
        told = strategy.trade(house.engine.native, SUB, GOLD, 13_000, 5, 0)
        assert told == (3, Reason.POSITION_LIMIT, 3, 0)
        native = house.engine.native
        house.engine.close()
        assert strategy.trade(native, SUB, GOLD, 13_000, 5, 1)[:2] == (0, Reason.NOT_LOGGED_ON)
        house.open()
