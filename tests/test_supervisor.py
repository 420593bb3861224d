"""The supervisor with real processes: order of start, restart, stop, and its own death."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tidegate import stage, topology
from tidegate.admission import stages_of
from tidegate.adoption import survivors
from tidegate.errors import RunDirError, StageError
from tidegate.run_dir import RunDir

ROOT = Path(__file__).parent.parent
STAGES = ["venue:SIM", "router", "risk", "snapshot", "reconcile", "gateway"]
DEADLINE_SECONDS = 30.0

Start = Callable[..., subprocess.Popen[str]]


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait until the condition holds, at most DEADLINE_SECONDS."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {DEADLINE_SECONDS} s for: {what}"
        time.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def run_dir(tmp_path: Path) -> RunDir:
    made = RunDir(tmp_path / "run")
    made.create()
    return made


@pytest.fixture
def start(run_dir: RunDir, tmp_path: Path) -> Iterator[Start]:
    """Starts a supervisor whose stages behave as told; ended with the test."""
    running: list[subprocess.Popen[str]] = []

    def begin(behaviour: dict[str, str] | None = None, settings: str = "") -> subprocess.Popen[str]:
        (run_dir.path / "behaviour.json").write_text(json.dumps(behaviour or {}))
        config = tmp_path / "test.toml"
        text = (ROOT / "configs/dev.toml").read_text().replace("demo/", f"{ROOT}/configs/demo/")
        config.write_text(f"[supervisor]\nbackoff_ms = 10\n{settings}\n{text}")
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "tests/supervisor_run.py"), config, run_dir.path],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()
    # Stages that are to be adopted go on without it.
    for left in survivors(stages_of(run_dir)).values():
        left.end()


def wait_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def state(run_dir: RunDir) -> dict[str, dict[str, int]]:
    content: dict[str, dict[str, int]] = json.loads(run_dir.stages.read_text())
    return content


def pids(run_dir: RunDir) -> list[int]:
    return [stage["pid"] for stage in state(run_dir).values()]


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit status and stderr."""
    _, errors = process.communicate(timeout=DEADLINE_SECONDS)
    return process.returncode, errors


def test_stages_start_in_the_order_of_the_topology(start: Start, run_dir: RunDir) -> None:
    wait_ready(start())
    assert (run_dir.path / "order").read_text().split() == STAGES
    assert list(state(run_dir)) == STAGES
    assert all(stage["is_ready"] for stage in state(run_dir).values())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_all_stages_the_last_first(
    start: Start, run_dir: RunDir, number: signal.Signals
) -> None:
    process = start()
    wait_ready(process)
    process.send_signal(number)
    code, errors = finish(process)
    assert code == 0, errors
    assert not any(map(is_running, pids(run_dir)))
    stopped = [line for line in errors.splitlines() if line.endswith("] stopped")]
    assert sorted(stopped) == sorted(f"[{name}] stopped" for name in STAGES)
    in_turn = [f"[{name}] stopped" for name in reversed(STAGES) if name not in topology.BESIDE]
    assert [line for line in stopped if line in in_turn] == in_turn


def test_killed_stage_is_started_again(start: Start, run_dir: RunDir) -> None:
    process = start()
    wait_ready(process)
    before = state(run_dir)
    os.kill(before["risk"]["pid"], signal.SIGKILL)
    until(
        lambda: (
            state(run_dir)["risk"]["restarts"] == 1 and bool(state(run_dir)["risk"]["is_ready"])
        ),
        "risk to be back",
    )
    after = state(run_dir)
    assert after["risk"]["pid"] != before["risk"]["pid"]
    assert after["gateway"] == before["gateway"]
    process.terminate()
    code, errors = finish(process)
    assert code == 0
    assert "[supervisor] stage risk was ended by SIGKILL; restart 1" in errors
    assert not any(map(is_running, pids(run_dir)))


def test_stage_that_dies_too_often_ends_the_run(start: Start, run_dir: RunDir) -> None:
    process = start({"risk": "dies when ready"}, "restarts_max = 2")
    code, errors = finish(process)
    assert code == 1
    assert (
        "[supervisor] stage risk exited with 7; it was started again 2 times, expected no more "
        "(supervisor.restarts_max)"
    ) in errors
    assert (run_dir.path / "order").read_text().split().count("risk") == 3
    assert not any(map(is_running, pids(run_dir)))


def test_stage_that_does_not_start_ends_the_run_with_its_own_words(
    start: Start, run_dir: RunDir
) -> None:
    code, errors = finish(start({"router": "dies"}))
    assert code == 1
    assert "[router] no room\n" in errors
    assert "[supervisor] stage router did not start: it exited with 3" in errors
    assert (run_dir.path / "order").read_text().split() == ["venue:SIM", "router"]
    assert not any(pid and is_running(pid) for pid in pids(run_dir))


def test_stage_that_is_never_ready_ends_the_run(start: Start, run_dir: RunDir) -> None:
    code, errors = finish(start({"router": "is silent"}, "ready_timeout_ms = 500"))
    assert code == 1
    assert "stage router did not start: it was not ready within 500 ms" in errors
    assert not any(pid and is_running(pid) for pid in pids(run_dir))


def test_signal_while_starting_stops_what_has_started(start: Start, run_dir: RunDir) -> None:
    process = start({"risk": "is silent"})
    order = run_dir.path / "order"
    until(lambda: order.exists() and "risk" in order.read_text(), "risk to start")
    process.terminate()
    code, errors = finish(process)
    assert code == 0, errors
    assert not any(pid and is_running(pid) for pid in pids(run_dir))


def test_stage_that_ignores_sigterm_is_killed_and_said_so(start: Start, run_dir: RunDir) -> None:
    process = start({"risk": "stubborn"})
    wait_ready(process)
    process.terminate()
    code, errors = finish(process)
    assert code == 1
    assert "[supervisor] stage risk did not stop in time and was killed" in errors
    assert not any(map(is_running, pids(run_dir)))


def test_no_stage_outlives_a_killed_supervisor(start: Start, run_dir: RunDir) -> None:
    process = start({"risk": "stubborn"})
    wait_ready(process)
    process.kill()
    until(lambda: not any(map(is_running, pids(run_dir))), "all stages to be gone")


def test_second_run_in_the_same_directory_is_refused(start: Start, run_dir: RunDir) -> None:
    first = start()
    wait_ready(first)
    code, errors = finish(start())
    assert code == 1
    assert f"{run_dir.path}: in use by process {first.pid}; stop that run or give another" in errors
    assert all(map(is_running, pids(run_dir)))


def test_directory_with_files_of_others_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    tmp_path.chmod(0o755)
    with pytest.raises(RunDirError, match=r"files of others, such as notes\.txt; expected"):
        RunDir(tmp_path).create()
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_directory_is_closed_to_others_and_free_after_the_run(
    start: Start, run_dir: RunDir
) -> None:
    process = start()
    wait_ready(process)
    for path in (run_dir.path, run_dir.lanes, run_dir.regions, run_dir.journal):
        assert path.stat().st_mode & 0o777 == 0o700
    process.terminate()
    finish(process)
    os.close(run_dir.lock())


def test_stages_that_may_be_orphans_go_on_and_the_next_supervisor_adopts_them(
    start: Start, run_dir: RunDir
) -> None:
    first = start(settings='orphans = "adopt"')
    wait_ready(first)
    first.kill()
    first.wait()
    before = {name: row["pid"] for name, row in state(run_dir).items()}
    os.kill(before["router"], signal.SIGKILL)
    until(lambda: not is_running(before["router"]), "the router to be dead")
    assert all(is_running(pid) for name, pid in before.items() if name != "router")
    second = start(settings='orphans = "adopt"')
    wait_ready(second)
    after = {name: row["pid"] for name, row in state(run_dir).items()}
    assert [name for name in STAGES if after[name] != before[name]] == ["router"]
    os.kill(after["risk"], signal.SIGKILL)
    until(lambda: state(run_dir)["risk"]["restarts"] == 1, "the adopted stage's restart")
    until(lambda: bool(state(run_dir)["risk"]["is_ready"]), "risk to be ready")
    pids = [row["pid"] for row in state(run_dir).values()]
    second.terminate()
    _, errors = second.communicate(timeout=DEADLINE_SECONDS)
    assert second.returncode == 0, errors
    assert not [pid for pid in pids if is_running(pid)]
    assert f"stage risk still runs as process {before['risk']}: adopted" in errors
    assert "stage risk has ended; restart 1" in errors
    assert (run_dir.logs / "gateway.log").read_text() == "stopped\n"


def test_what_could_not_be_written_of_the_stages_is_written_once_it_can_be(
    start: Start, run_dir: RunDir
) -> None:
    running = start()
    wait_ready(running)
    # Nothing can be written where this is a directory.
    partial = run_dir.stages.with_suffix(".partial")
    partial.mkdir()
    before = state(run_dir)["router"]["pid"]
    os.kill(before, signal.SIGKILL)
    assert running.stderr is not None
    words = (line for line in running.stderr if "not written" in line)
    assert "the stages go on" in next(words)
    assert state(run_dir)["router"]["pid"] == before
    partial.rmdir()
    until(
        lambda: state(run_dir)["router"]["pid"] != before and state(run_dir)["router"]["is_ready"],
        "the router that runs now to be told of",
    )
    running.terminate()
    assert running.wait(DEADLINE_SECONDS) == 0


def test_adopted_stages_go_on_while_another_does_not_start(start: Start, run_dir: RunDir) -> None:
    settings = 'orphans = "adopt"\nrestarts_max = 10_000'
    first = start(settings=settings)
    wait_ready(first)
    first.kill()
    first.wait()
    before = {name: row["pid"] for name, row in state(run_dir).items()}
    os.kill(before["router"], signal.SIGKILL)
    until(lambda: not is_running(before["router"]), "the router to be dead")
    wait_ready(start({"router": "dies"}, settings))
    until(lambda: state(run_dir)["router"]["restarts"] > 1, "the router to be tried again")
    (run_dir.path / "behaviour.json").write_text("{}")
    until(lambda: bool(state(run_dir)["router"]["is_ready"]), "the router to be ready")
    after = {name: row["pid"] for name, row in state(run_dir).items()}
    assert [name for name in STAGES if after[name] != before[name]] == ["router"]


def test_a_stage_that_was_not_ready_when_its_supervisor_died_is_started_anew(
    start: Start, run_dir: RunDir
) -> None:
    first = start({"router": "is silent"}, 'orphans = "adopt"')
    until(lambda: run_dir.stages.exists() and state(run_dir)["router"]["pid"] != 0, "the router")
    first.kill()
    first.wait()
    silent = state(run_dir)["router"]["pid"]
    second = start(settings='orphans = "adopt"')
    wait_ready(second)
    assert state(run_dir)["router"]["pid"] != silent
    assert not is_running(silent)


def test_orphans_of_another_config_are_refused_by_name(start: Start, run_dir: RunDir) -> None:
    first = start(settings='orphans = "adopt"')
    wait_ready(first)
    first.kill()
    first.wait()
    pids = {name: row["pid"] for name, row in state(run_dir).items()}
    code, errors = finish(start(settings='orphans = "adopt"\nrestarts_max = 7'))
    assert code == 1
    assert (
        f"stages of another run are still there (venue:SIM as process {pids['venue:SIM']}" in errors
    )
    for pid in pids.values():
        assert is_running(pid)
        os.kill(pid, signal.SIGKILL)


def test_what_a_stage_says_to_a_full_disk_is_lost_and_not_the_stage(run_dir: RunDir) -> None:
    code = (
        "import sys\nfrom tidegate.stage import Words\nwords = Words(sys.stderr)\n"
        "print('lost', file=words, flush=True)\nprint('went on')\n"
    )
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE,
            stderr=full,
            timeout=DEADLINE_SECONDS,
            check=False,
        )
    assert (done.returncode, done.stdout) == (0, b"went on\n")


def test_a_stage_whose_supervisor_died_while_it_started_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, target = os.pipe()
    os.close(source)
    monkeypatch.setenv(stage.READY_FD, str(target))
    with pytest.raises(StageError, match="supervisor that started this stage is gone"):
        stage.ready()
    os.close(target)
