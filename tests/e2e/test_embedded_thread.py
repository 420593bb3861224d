"""An embedded engine whose router is a thread of its own process, with its real simulated venue."""

import ctypes
import os
import threading
from pathlib import Path

import pytest
from e2e_rig import DEADLINE_S

from tidegate import Engine
from tidegate.audit import audit_run
from tidegate.demo.proofs import replays
from tidegate.embedded import router_thread
from tidegate.errors import RunDirError, StageError
from tidegate.native.clock import wall_ns
from tidegate.run_dir import RunDir

SMALL = Path(__file__).with_name("small.toml")
# Deals at once, and rests.
DEALS, RESTS = "1332.0", "1315.0"
CORE = max(os.sched_getaffinity(0))
HOLD_S, TRIES = 0.03, 50


@pytest.fixture
def config(place: Path) -> Path:
    home = place / f"thread-{len(list(place.iterdir()))}"
    home.mkdir()
    text = SMALL.read_text().replace("../../configs", str(SMALL.parents[2] / "configs"))
    text = text.replace("message_rate_per_s", "speed = 20\nmessage_rate_per_s", 1)
    text += '\n[placement]\nlayout = "embedded"\nchannels = "thread"\n'
    text += f"[placement.cores]\nrouter = [{CORE}]\n[reconciliation]\nevery_seconds = 1\n"
    path = home / "small.toml"
    path.write_text(text)
    return path


def opened(config: Path) -> Engine:
    run = Engine.from_config(config, session="client", run_dir=config.parent / "run")
    assert run.until(lambda: run.mark("GCZ3"), timeout=DEADLINE_S)
    return run


def buy(run: Engine, price: str = DEALS) -> int:
    verdict = run.submit(account="sub-2", instrument="GCZ3", side="BUY", order_qty=1, price=price)
    assert verdict, verdict
    return verdict.cl_ord_id


def lots(run: Engine) -> int:
    return sum(each.position for each in run.positions("sub-2"))


def routers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "tidegate-router"]


def test_a_router_in_a_thread_trades_and_ends_with_its_engine(config: Path) -> None:
    run_dir = RunDir(config.parent / "run")
    before = os.sched_getaffinity(0)
    with opened(config) as run:
        assert "router" not in run_dir.stages.read_text()
        [thread] = routers()
        assert thread.native_id is not None
        assert os.sched_getaffinity(thread.native_id) == {CORE}
        with pytest.raises(RunDirError, match="stage router is run by process"):
            router_thread.RouterThread(run.universe, run_dir)
        buy(run)
        buy(run, RESTS)
        assert run.until(lambda: lots(run) == 1, DEADLINE_S)
    assert not routers()
    assert audit_run(run_dir) == []
    assert os.sched_getaffinity(0) == before
    # The same directory goes on with the router in a process.
    config.write_text(config.read_text().replace('"thread"', '"process"'))
    with opened(config) as run:
        assert "router" in run_dir.stages.read_text()
        buy(run)
        assert run.until(lambda: lots(run) == 2, DEADLINE_S)
    assert replays(run_dir).against == []


def test_a_router_in_a_thread_works_while_the_strategy_keeps_the_gil(config: Path) -> None:
    """It is back in Python for a moment 25 times a second: one of the tries meets it elsewhere."""
    # PyDLL, unlike CDLL, does not release it.
    keep_gil = ctypes.PyDLL(None).usleep
    with opened(config) as run:
        for _ in range(TRIES):
            cl_ord_id = buy(run, RESTS)
            began_ns = wall_ns()
            keep_gil(int(HOLD_S * 1e6))
            ended_ns = wall_ns()
            [report] = run.poll(timeout=DEADLINE_S)
            assert report.cl_ord_id == cl_ord_id
            if began_ns <= report.routed_ns <= ended_ns:
                break
        else:
            pytest.fail("the router never worked while the GIL was kept")


def test_a_router_that_dies_in_its_thread_is_told_and_the_next_engine_goes_on(
    config: Path,
) -> None:
    run_dir = RunDir(config.parent / "run")
    run = opened(config)
    order = buy(run, RESTS)
    assert run.until(lambda: [each.cl_ord_id for each in run.orders("sub-2")] == [order], 5)
    [thread] = routers()
    # As an error in its Python would end it.
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(ZeroDivisionError)
    )
    with pytest.raises(StageError, match="router ended by itself: ZeroDivisionError"):
        run.until(lambda: False, timeout=DEADLINE_S)
    # Nor does it hide that nobody cancels the order.
    with pytest.raises(StageError, match="router ended by itself"):
        run.close()
    with opened(config) as again:
        # At its start, as for a session that was lost.
        assert again.until(lambda: not again.orders("sub-2"), DEADLINE_S)
        buy(again)
        assert again.until(lambda: lots(again) == 1, DEADLINE_S)
    assert audit_run(run_dir) == []
    assert replays(run_dir).against == []
