"""An embedded engine with its real router and venue; the program that trades is killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from e2e_rig import DEADLINE_S, ENVIRONMENT, command, until
from e2e_rig import Engine as Supervised

from tidegate import Engine
from tidegate.audit import audit_run
from tidegate.demo.proofs import replays
from tidegate.errors import TidegateError
from tidegate.native.records import Reason
from tidegate.run_dir import RunDir

SMALL = Path(__file__).with_name("small.toml")
# Deals at once.
DEALS = "1332.0"
# Trades until it is killed; says each cl_ord_id before it is submitted.
PROGRAM = """
import sys
from tidegate import Engine

engine = Engine.from_config(sys.argv[1], session="client", run_dir=sys.argv[2])
assert engine.until(lambda: engine.mark("GCZ3"), timeout=30)
for number in range(1, 100_000):
    print(number, flush=True)
    engine.submit(
        account="sub-2", instrument="GCZ3", side="BUY" if number % 4 < 2 else "SELL", order_qty=1,
        price=("1332.0", "1315.0", "1318.0", "1335.0")[number % 4], cl_ord_id=number,
    )
    engine.poll()
"""
PRICES = ("1332.0", "1315.0", "1318.0", "1335.0")


@pytest.fixture
def config(place: Path, request: pytest.FixtureRequest) -> Path:
    home = place / str(len(list(place.iterdir())))
    home.mkdir()
    text = SMALL.read_text().replace("../../configs", str(SMALL.parents[2] / "configs"))
    text = text.replace("message_rate_per_s", "speed = 20\nmessage_rate_per_s", 1)
    channels = getattr(request, "param", "process")
    text += f'\n[placement]\nlayout = "embedded"\nchannels = "{channels}"\n'
    text += "[reconciliation]\nevery_seconds = 1\n"
    path = home / "small.toml"
    path.write_text(text)
    return path


def opened(config: Path, **options: bool) -> Engine:
    return Engine.from_config(config, session="client", run_dir=config.parent / "run", **options)


def is_marked(run: Engine) -> bool:
    return run.until(lambda: run.mark("GCZ3"), timeout=DEADLINE_S)


def run_command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*words), env=ENVIRONMENT, capture_output=True, text=True, timeout=DEADLINE_S
    )


@pytest.mark.parametrize("config", ["process", "thread"], indirect=True)
def test_a_killed_program_finds_every_order_s_fate_and_its_books_agree_with_the_venue(
    config: Path,
) -> None:
    run_dir = RunDir(config.parent / "run")
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(config), str(run_dir.path)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    told = [int(program.stdout.readline()) for _ in range(200)]
    os.kill(program.pid, signal.SIGKILL)
    told += [int(line) for line in program.communicate()[0].splitlines()]
    with opened(config) as run:
        assert is_marked(run)
        for number in told:
            verdict = run.submit(
                account="sub-2",
                instrument="GCZ3",
                side="BUY" if number % 4 < 2 else "SELL",
                order_qty=1,
                price=PRICES[number % 4],
                cl_ord_id=number,
                poss_resend=True,
            )
            assert verdict or verdict.reason is Reason.REFERENCE_STALE
            run.poll()
        run.mass_cancel()
        assert run.until(lambda: not run.orders("sub-2"), timeout=DEADLINE_S)
        ids = run._risk.tables.arrays["cl_ord_ids"]
        known = ids[(ids["session"] == run.native.session) & (ids["cl_ord_id"] <= told[-1])]
        assert sorted(known["cl_ord_id"].tolist()) == told
        assert set(known["exec_type"].tolist()) <= {*b"F48"}
        filled = {
            is_buy: int(known["cum_qty"][(known["cl_ord_id"] % 4 < 2) == is_buy].sum())
            for is_buy in (True, False)
        }
        positions = {each.instrument: each.position for each in run.positions("sub-2")}
        assert positions.get("GCZ3", 0) == filled[True] - filled[False]
        assert audit_run(run_dir) == []

        def agrees() -> bool:
            """The command asks the venue and reads the books, which go on meanwhile."""
            asked = subprocess.Popen(
                command("reconcile", run_dir.path),
                env=ENVIRONMENT,
                stdout=subprocess.DEVNULL,
            )
            assert run.until(lambda: asked.poll() is not None, timeout=DEADLINE_S)
            return asked.returncode == 0

        until(agrees, "nothing to differ")
    assert replays(run_dir).against == []


def test_channels_of_tidegate_run_outlive_the_engine_and_take_the_next_one(config: Path) -> None:
    run_dir = RunDir(config.parent / "run")
    supervised = Supervised(config, run_dir=run_dir.path)
    try:
        assert supervised.process.stdout is not None
        assert supervised.process.stdout.readline().startswith(f"ready: {run_dir.path}, for ")
        pids = supervised.pids()
        assert {"venue:SIM", "router", "snapshot", "reconcile"} == pids.keys()
        for deals in (1, 2):
            with opened(config) as run:
                assert is_marked(run)
                assert run.submit(
                    account="sub-2", instrument="GCZ3", side="BUY", order_qty=1, price=DEALS
                )
                assert run.until(
                    lambda run=run, deals=deals: (  # type: ignore[misc]
                        [each.position for each in run.positions("sub-2")] == [deals]
                    ),
                    timeout=DEADLINE_S,
                )
            assert supervised.pids() == pids
        other = config.with_name("other.toml")
        other.write_text(config.read_text().replace("max_order_qty = 20", "max_order_qty = 30"))
        with pytest.raises(TidegateError, match="another config"):
            Engine.from_config(other, session="client", run_dir=run_dir.path)
    finally:
        supervised.kill()
    shown = run_command("inspect", run_dir.path, "risk")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "fills" in shown.stdout
