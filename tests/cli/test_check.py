"""`tidegate check` as a person runs it: exit status, words, and nothing heavy imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tidegate.run_dir import RunDir

ROOT = Path(__file__).parent.parent.parent


def tidegate(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tidegate", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("config", ["configs/dev.toml", "configs/demo/demo.toml"])
def test_committed_configs_are_good(config: str) -> None:
    done = tidegate("check", config, "--run-dir", "/tmp/run")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{config}: good; venues: ")


def test_bad_config_gives_each_problem_a_line_and_status_1(tmp_path: Path) -> None:
    text = (ROOT / "configs/dev.toml").read_text().replace("demo/", f"{ROOT}/configs/demo/")
    bad = tmp_path / "bad.toml"
    bad.write_text(text.replace("stale_ms", "stale").replace("max_position = 50", ""))
    done = tidegate("check", str(bad))
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 3
    assert f'{bad}: instruments[0] "GCZ3".stale: unknown key; did you mean' in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_directory_that_is_named_is_looked_at(tmp_path: Path) -> None:
    place = RunDir(tmp_path / "run")
    arguments = ("check", "configs/dev.toml", "--run-dir", str(place.path))
    assert tidegate(*arguments).stdout.splitlines()[1:] == [f"{place.path}: good; is new"]
    place.path.touch()
    done = tidegate(*arguments)
    assert done.stderr == f"{place.path}: is a file; expected a directory, or nothing yet\n"
    place.path.unlink()
    place.create()
    assert tidegate(*arguments).stdout.endswith("good; `run` goes on where it stopped\n")
    lock = place.lock()
    done = tidegate(*arguments)
    os.close(lock)
    assert done.returncode == 1
    said = f"{place.path}: in use by process {os.getpid()}; stop that run or give another directory"
    assert done.stderr == f"{said} with --run-dir\n"


def test_missing_config_is_one_line(tmp_path: Path) -> None:
    config = str(tmp_path / "none.toml")
    done = tidegate("check", config)
    assert done.returncode == 1
    assert done.stderr == f"{config}: cannot be read: No such file or directory\n"


def test_run_refuses_a_bad_config_before_it_makes_a_directory(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[firm]\n")
    done = tidegate("run", str(tmp_path / "bad.toml"), "--run-dir", str(tmp_path / "run"))
    assert done.returncode == 1
    assert "bad.toml: venues: missing; a config needs venues, " in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["check"], "risk.backend: this package was built without verilator"),
        (["run"], "risk.backend: this package was built without verilator"),
    ],
)
def test_a_card_that_was_not_built_is_one_sentence(
    tmp_path: Path, command: list[str], said: str
) -> None:
    config = tmp_path / "card.toml"
    text = (ROOT / "configs/dev.toml").read_text().replace("demo/", f"{ROOT}/configs/demo/")
    config.write_text(text + '\n[risk]\nbackend = "fpga"\n')
    code = (
        "import sys\nsys.modules['tidegate.native.fpga'] = None\n"
        f"sys.argv = ['tidegate', *{command}, {str(config)!r}]\n"
        "from tidegate.cli import main\nmain()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"{config}: {said}" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_unknown_command_is_refused() -> None:
    done = tidegate("chek")
    assert done.returncode == 2
    assert "No such command 'chek'" in done.stderr


def test_check_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom tidegate.cli import main\n"
        "main(['check', 'configs/dev.toml'], standalone_mode=False)\n"
        "print(sorted({'numpy', 'zmq', 'rich', 'uvloop', 'asyncio'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
