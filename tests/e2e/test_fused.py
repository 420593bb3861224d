"""A run whose gateway, risk and router are one stage: what a person asks of it, and its layouts."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e_rig import DEADLINE_S, ENVIRONMENT, Desk, Engine, command, engine, until

from tidegate import Client, NewOrder, topology
from tidegate.client.report import CANCELED, FILLED, NEW
from tidegate.errors import TidegateError
from tidegate.native.records import Reason

SMALL = Path(__file__).with_name("small.toml")
RESTS, TRADES = "1315.0", "1330.0"


def config(place: Path, layout: str) -> Path:
    """small.toml in that layout, with an operator."""
    text = SMALL.read_text().replace("../../configs", str(SMALL.parents[2] / "configs"))
    text += '\n[[sessions]]\nname = "desk"\nrole = "operator"\n'
    text += "[reconciliation]\nevery_seconds = 1\n"
    text += f'[placement]\nlayout = "{layout}"\nhuge_pages = true\n'
    # Its own lanes, not the tiny ones of other tests.
    text = text.replace("[lanes.orders]\nhwm = 2\n", "")
    path = place / f"{layout}.toml"
    path.write_text(text)
    return path


@pytest.fixture
def run(place: Path) -> Iterator[Engine]:
    with engine(config(place, "fused"), run_dir=place / "run") as opened:
        yield opened


def said(run: Engine, word: str, *words: str) -> str:
    """A command about the run, as a person types it, that succeeds."""
    done = subprocess.run(
        command(word, run.run_dir.path, *words),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def buy(price: str) -> NewOrder:
    return NewOrder(account="sub-2", instrument="GCZ3", side="BUY", order_qty=1, price=price)


def fill(run: Engine) -> None:
    """A fill and an order that works, whoever runs the stages."""
    with Client(run.front, "client") as client:
        desk = Desk(client, "client")
        filled, working = desk.submit([buy(TRADES), buy(RESTS)])
        desk.take_until(lambda: filled.is_final and working.ord_status == NEW, "both answers")
        assert filled.ord_status == FILLED
        client.cancel(working)
        desk.take_until(lambda: working.ord_status == CANCELED, "the cancel")
    until(run.is_consistent, "risk's tables to add up")


def test_every_tool_knows_a_fused_run_and_its_directory_goes_on_in_another_layout(
    run: Engine, place: Path
) -> None:
    assert set(run.pids()) == set(topology.stages(run.run_dir.read_universe()))
    assert "fused" in run.pids()
    assert not set(topology.PATH) & set(run.pids())
    fill(run)
    assert '"fused"' in said(run, "inspect", "--json")
    assert "answered" in said(run, "latency")
    looks = run.count("reconcile", "SIM.looks")
    until(lambda: run.count("reconcile", "SIM.looks") > looks + 2, "two looks at the venue's books")
    assert "lots GCZ3" in said(run, "reconcile", "--json")
    assert run.count("risk", "orders.records") > 0
    assert run.count("router", "routes.records") > 0
    assert run.count("gateway", "gateway.forwarded") > 0
    with Client(run.front, "client") as client:
        desk = Desk(client, "client")
        [working] = desk.submit([buy(RESTS)])
        desk.take_until(lambda: working.ord_status == NEW, "the order to rest")
        told = ("--operator", "desk", "--why", "a test")
        assert "1 orders canceled" in said(run, "ctl", "kill", "--account", "sub-2", *told)
        desk.take_until(lambda: working.ord_status == CANCELED, "the cancel")
        assert working.reason == Reason.CANCELED_BY_KILL
        said(run, "ctl", "resume", "--account", "sub-2", *told)
    for name in topology.PATH:
        with pytest.raises(TidegateError, match=f"stage {name} is run"):
            run.run_dir.lock_stage(name)
    _, errors = run.terminate()
    assert "placement: huge_pages: " in errors
    with engine(config(place, "processes"), run_dir=run.run_dir.path) as other:
        assert set(topology.PATH) <= set(other.pids())
        assert other.nets() == {1}
        fill(other)
        other.stop()
    with engine(config(place, "fused"), run_dir=run.run_dir.path) as again:
        fill(again)
        assert again.nets() == {3}
        again.stop()
