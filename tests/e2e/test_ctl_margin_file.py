"""`tidegate ctl margin-file` against a real run that is margined by SPAN."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from e2e_rig import DEADLINE_S, ENVIRONMENT, Engine, command, engine
from margin_rig import SMALL, config_text

from tidegate.native.tables import DTYPES
from tidegate.region import Region


@pytest.fixture(scope="module")
def run(place: Path) -> Iterator[Engine]:
    config = place / "span.toml"
    config.write_text(config_text())
    with engine(config, run_dir=place / "run") as opened:
        yield opened
        opened.stop()


def margin_file(run: Engine, file: Path) -> tuple[int, str, str]:
    said = command("ctl", run.run_dir.path, "margin-file", file, "--operator", "desk")
    done = subprocess.run(
        [*said, "--why", "a test"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def deliveries(run: Engine) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """The delivery rates that risk holds by."""
    region = Region.attach(run.run_dir.region("instruments"), DTYPES["instruments"])
    found = region.rows["delivery_rate"][1:4].copy()
    region.close()
    return found


def test_a_new_margin_file_is_in_force_when_the_command_is_done(run: Engine, place: Path) -> None:
    assert deliveries(run).tolist() == [120, 0, 0]
    text = SMALL.read_text(encoding="latin-1")
    assert text.count("00000500000120") == 1
    (place / "new.pa2").write_text(text.replace("00000500000120", "00000500000240"))
    code, said, errors = margin_file(run, place / "new.pa2")
    assert (code, errors) == (0, "")
    assert said.startswith(f"Done: 3 instruments are margined by {place / 'new.pa2'} (request ")
    assert deliveries(run).tolist() == [240, 0, 0]
    [kept] = run.run_dir.margin.iterdir()
    assert kept.read_bytes() == (place / "new.pa2").read_bytes()
    assert run.is_consistent()


def test_a_file_that_does_not_fit_is_refused_and_changes_nothing(run: Engine, place: Path) -> None:
    before = deliveries(run).tolist(), sorted(run.run_dir.margin.glob("*"))
    (place / "unit.pa2").write_text(
        SMALL.read_text(encoding="latin-1").replace("CC-AU 0USD", "CC-AU 1USD")
    )
    assert margin_file(run, place / "unit.pa2") == (
        1,
        "",
        f"{place / 'unit.pa2'}: instrument GAZ5, unit: 10, but 1 is in use; expected that, for "
        "the unit cannot change intraday",
    )
    assert (deliveries(run).tolist(), sorted(run.run_dir.margin.glob("*"))) == before
