"""The README's own lines, against the run that it tells the reader to start."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_rig import DEADLINE_S, ENVIRONMENT, ROOT, Engine, command, engine

README = (ROOT / "README.md").read_text()
[CODE, EMBEDDED] = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
CTL = re.findall(r"^\.venv/bin/(tidegate ctl run/dev .*)$", README, re.MULTILINE)


@pytest.fixture(scope="module")
def working_directory(place: Path) -> Path:
    (place / "configs").symlink_to(ROOT / "configs")
    return place


@pytest.fixture(scope="module")
def dev(working_directory: Path) -> Iterator[Engine]:
    assert ".venv/bin/tidegate run configs/dev.toml\n" in README
    with engine("configs/dev.toml", cwd=working_directory) as opened:
        yield opened


def test_the_lines_are_about_ten() -> None:
    assert 8 <= len(CODE.splitlines()) <= 12


@pytest.mark.parametrize("position", [1, 2])
def test_the_lines_print_reports_and_the_position(
    dev: Engine, working_directory: Path, position: int
) -> None:
    """At once after the run is ready, and again."""
    run = subprocess.run(
        [sys.executable, "-"],
        input=CODE,
        cwd=working_directory,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert (run.returncode, run.stderr) == (0, "")
    new, *fills, held = run.stdout.splitlines()
    assert new.startswith("EXEC_NEW ")
    assert [line.split()[0] for line in fills] == ["EXEC_TRADE"]
    assert fills[-1].endswith(" 0 left")
    assert held.startswith(f"Position(instrument='GCZ3', position={position},")


def test_the_embedded_lines_print_the_verdict_reports_and_the_position(
    working_directory: Path,
) -> None:
    run = subprocess.run(
        [sys.executable, "-"],
        input=EMBEDDED,
        cwd=working_directory,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert (run.returncode, run.stderr) == (0, "")
    verdict, new, *fills, held = run.stdout.splitlines()
    assert verdict.endswith(" accepted>")
    assert new.startswith("EXEC_NEW ")
    assert [line.split()[0] for line in fills] == ["EXEC_TRADE"]
    assert held.startswith("[Position(instrument='GCZ3', position=1,")


@pytest.mark.parametrize("line", CTL)
def test_each_line_for_operators_is_done(dev: Engine, working_directory: Path, line: str) -> None:
    run = subprocess.run(
        command(*shlex.split(line)[1:]),
        cwd=working_directory,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("Done: ")
