"""The venue as a process of its own, over real sockets."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
import zmq
from venue_rig import BUY, DEADLINE_S, SECOND, SELL, Wire, two_sided, write_tape

from tidegate import universe as u
from tidegate.native.records import ExecType, Kind, Level, Reason, TimeInForce
from tidegate.run_dir import RunDir


def venue(run_dir: RunDir, tape: Path) -> u.Venue:
    return u.Venue(
        handle=1,
        name="CME",
        kind="simulated",
        endpoint=run_dir.ipc("venue-CME"),
        md_endpoint=run_dir.ipc("md-CME"),
        tape=str(tape),
        speed=1.0,
        seed=1,
        latency_us=(50, 200),
        reject_ppm=0,
        message_rate=1000,
        message_burst=1000,
        mark_interval_ms=10,
        start="immediately",
    )


INSTRUMENT = u.Instrument(
    handle=1,
    symbol="GCZ3.CME",
    product="GC",
    product_index=0,
    venue=1,
    venue_code="GCZ3",
    currency=1,
    tick_size=Decimal("0.1"),
    multiplier=Decimal(100),
    tick_value=100_000,
    max_order_qty=100,
    collar_ticks=None,
    collar_permille=None,
    stale_ns=SECOND,
    settlement=None,
    margin_long_lot=0,
    margin_short_lot=0,
    margin_long_ppm=0,
    margin_short_ppm=0,
    fee_lot=15_000,
    fee_ppm=7,
)
MASTER = u.Account(
    handle=1,
    name="M1",
    level=Level.MASTER,
    parent=0,
    venue=1,
    products=(0,),
    cash={},
    max_position=None,
    position_limits={},
    max_order_qty=None,
    order_rate=None,
    order_burst=1,
    cancel_on_disconnect=True,
    trading_state=1,
)


def universe(run_dir: RunDir, tape: Path) -> u.Universe:
    """One venue, instrument and master; what no venue reads is filled in anyhow."""
    return u.Universe(
        currencies=(u.Currency(handle=1, code="USD"),),
        products=(u.Product(product_index=0, name="GC", venue=1),),
        venues=(venue(run_dir, tape),),
        instruments=(INSTRUMENT,),
        accounts=(MASTER,),
        sessions=(),
        lanes={},
        gateway=u.Gateway(endpoints=(), secret_key_file=None, outbox=1),
        capacity=u.Capacity(**dict.fromkeys(u.Capacity.__struct_fields__, 1)),
        segment_records=1,
        supervisor=u.Supervisor(restarts_max=1, backoff_ms=1, ready_timeout_ms=1),
    )


@pytest.fixture
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    found = RunDir(tmp_path_factory.mktemp("r"))
    found.create()
    tape = write_tape(found.path / "small.tape", two_sided(), span_ns=SECOND)
    found.write_universe(universe(found, tape))
    return found


@pytest.fixture
def process(run_dir: RunDir) -> Iterator["subprocess.Popen[bytes]"]:
    ready, told = os.pipe()
    environment = dict(os.environ, TIDEGATE_READY_FD=str(told))
    command = [sys.executable, "-m", "tidegate.stage", "venue:CME", str(run_dir.path)]
    started = subprocess.Popen(command, pass_fds=(told,), env=environment)
    os.close(told)
    try:
        said = os.read(ready, 16)
        os.close(ready)
        assert said == b"ready\n"
        yield started
    finally:
        started.kill()
        started.wait()


@pytest.mark.usefixtures("process")
def test_an_order_rests_fills_and_is_on_the_statement_of_a_real_venue(
    run_dir: RunDir,
) -> None:
    with zmq.Context() as context:
        wire = Wire(context, run_dir.ipc("venue-CME"), pump=lambda: None)
        welcome = wire.log_on()
        assert welcome["accounts"] == {"M1": 1}
        assert welcome["securities"] == [{"code": "GCZ3", "security_id": 1, "tick_size": "0.1"}]
        wire.until(lambda: wire.marks or None)
        assert wire.marks[0]["price"] == 101
        wire.order(1, side=SELL, price=101, order_qty=3)
        wire.order(2, price=102, order_qty=5, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
        wire.order(1, Kind.CANCEL_REQUEST)
        first, *rest = wire.until_reports(6)
        assert (first["exec_type"], first["cl_ord_id"], first["msg_seq_num"]) == (48, 1, 1)
        fills = [
            (r["cl_ord_id"], r["last_px"], r["last_qty"]) for r in rest if r["exec_type"] == 70
        ]
        assert sorted(fills) == [(1, 101, 3), (2, 101, 3), (2, 102, 2)]
        assert rest[-1]["kind"] == Kind.CANCEL_REJECT
        assert rest[-1]["reason"] == Reason.VENUE_TOO_LATE
        account = wire.request("statement")["accounts"]["M1"]  # type: ignore[index]
        assert account["position"] == {"GCZ3": 2}
        assert account["traded_value"] == (3 * 101 - 3 * 101 - 2 * 102) * 100_000
        fees = [15_000 * qty + -(-px * 100_000 * qty * 7 // 1_000_000) for _, px, qty in fills]
        assert account["fees"] == sum(fees)
        assert account["cash"] == {"USD": account["traded_value"] - sum(fees)}
        assert account["volume"] == 8
        wire.close()


@pytest.mark.usefixtures("process")
def test_market_data_and_the_end_of_the_tape_are_published(
    run_dir: RunDir,
) -> None:
    with zmq.Context() as context:
        wire = Wire(context, run_dir.ipc("venue-CME"), pump=lambda: None)
        with context.socket(zmq.SUB) as market:
            market.connect(run_dir.ipc("md-CME"))
            market.subscribe(b"")
            market.rcvtimeo = int(DEADLINE_S * 1000)
            seen: dict[bytes, bytes] = {}
            while len(seen) < 2:
                topic, body = market.recv_multipart()
                seen[topic] = body
            assert set(seen) == {b"*", b"GCZ3"}
            assert len(seen[b"GCZ3"]) % 128 == 0
            assert wire.request("status")["state"] == "ended"
        wire.close()


def test_the_process_stops_at_sigterm_with_status_0(
    process: "subprocess.Popen[bytes]",
) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE_S) == 0


@pytest.mark.usefixtures("process")
def test_a_vanished_channel_finds_the_cancel_of_its_orders_at_its_next_logon(
    run_dir: RunDir,
) -> None:
    with zmq.Context() as context:
        lost = Wire(context, run_dir.ipc("venue-CME"), pump=lambda: None)
        lost.log_on()
        lost.order(1, side=BUY, price=90)
        lost.until_reports(1)
        lost.close()
        again = Wire(context, run_dir.ipc("venue-CME"), pump=lambda: None)
        again.log_on(next_expected=1, next_sending=2)
        first, second = again.until_reports(2)
        assert [r["exec_type"] for r in (first, second)] == [
            ExecType.EXEC_NEW,
            ExecType.EXEC_CANCELED,
        ]
        assert first["flags"] == 1
        again.close()
