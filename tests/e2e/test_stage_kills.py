"""A stage is killed under a stream of orders: each ends once, and each fill is booked once."""

import json
import os
import signal
from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest
from e2e_rig import Desk, Engine, engine, until

from tidegate import Client, NewOrder, latency
from tidegate.client.report import Order
from tidegate.errors import SessionError

CONFIG = Path(__file__).with_name("kill.toml")
RESTS, TRADES = "1305.0", "1345.0"
BATCH = 50
BATCHES = 30
KILLED_AFTER = (8, 16)
LANES = ("orders", "control", "routes", "executions", "reports")


def batch() -> list[NewOrder]:
    """Orders to buy a lot: most rest, each fifth trades."""
    return [
        NewOrder(
            account="strategy-a",
            instrument="GCZ3",
            side="BUY",
            order_qty=1,
            price=TRADES if index % 5 == 0 else RESTS,
        )
        for index in range(BATCH)
    ]


def patiently(desk: Desk, send: Callable[[], list[Order]]) -> list[Order]:
    """Sends once the client is logged on again; an order is never kept to be sent late."""
    sent: list[Order] = []

    def is_sent() -> bool:
        desk.drain()
        try:
            sent.extend(send())
        except SessionError:
            return False
        return True

    until(is_sent, "a logon")
    return sent


def cancel(desk: Desk, order: Order) -> list[Order]:
    desk.client.cancel(order)
    return []


def until_restarted(run: Engine, stage: str, count: int) -> None:
    """And ready: one that is killed while it starts is another matter."""

    def is_back() -> bool:
        row = json.loads(run.run_dir.stages.read_text())[stage]
        return bool(row["restarts"] == count and row["is_ready"])

    until(is_back, f"{stage} number {count + 1}")


def in_shared_memory(place: Path, layout: str) -> Path:
    """The same config with every hop from client to venue in shared memory."""
    tapes = CONFIG.parents[2] / "configs" / "demo"
    text = CONFIG.read_text().replace("../../configs/demo", str(tapes))
    for lane in LANES:
        text += f'\n[lanes.{lane}]\nendpoint = "shm://{lane}"\n'
    text = text.replace('kind = "simulated"', 'kind = "simulated"\nshm = true')
    text = text.replace('name = "a"', 'name = "a"\nshm = true')
    text += f'\n[placement]\nlayout = "{layout}"\n'
    config = place / f"{layout}.toml"
    config.write_text(text)
    return config


@pytest.mark.parametrize(
    ("stage", "transport"),
    [*product(("risk", "router", "gateway"), ("ipc", "shm")), ("fused", "shm")],
)
def test_a_killed_stage_loses_no_order_and_doubles_no_fill(
    place: Path, stage: str, transport: str
) -> None:
    config, scheme = CONFIG, "ipc://"
    if transport == "shm":
        layout = "fused" if stage == "fused" else "processes"
        config, scheme = in_shared_memory(place, layout), "shm://"
    with engine(config, run_dir=place / f"{stage}-{transport}") as run:
        with Client(run.front.replace("ipc://", scheme), "a") as client:
            desk = Desk(client, "a")
            sent = desk.submit(batch())
            desk.take_until(lambda: any(order.is_final for order in sent), "a first end")
            while not any(order.cum_qty for order in sent):
                sent += desk.submit(batch())
                desk.take_until(lambda last=sent[-BATCH]: last.is_final, "an end of what trades")
            before = len(sent)
            for index in range(BATCHES):
                if index in KILLED_AFTER:
                    os.kill(run.pids()[stage], signal.SIGKILL)
                sent += patiently(desk, lambda: desk.submit(batch()))
                if index in KILLED_AFTER:
                    until_restarted(run, stage, 1 + KILLED_AFTER.index(index))
            desk.take_until(lambda: len(desk.reports) > BATCH, "some answers")
            for order in sent:
                if not order.is_final:
                    patiently(desk, lambda order=order: cancel(desk, order))
            outcome = desk.settle()
            assert outcome.sent == before + BATCHES * BATCH
            filled = sum(order.cum_qty for order in sent)
            assert filled > 0
            until(lambda: run.nets() == {filled}, "risk's positions to be the client's fills")
        until(lambda: sum(run.held().values()) == 0, "nothing to be held")
        until(run.is_consistent, "risk's tables to add up")
        legs = latency.read_curves(run.run_dir)
        assert set(legs) >= {*latency.STACKED, latency.WHOLE, "reported"}
        run.stop()
