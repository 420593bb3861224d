"""Bad input to a real run: each is refused with a reason and counted, and no process dies."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from e2e_rig import DEADLINE_S, ENVIRONMENT, Desk, Engine, Raw, command, engine, raw_order, until

from tidegate import Client, NewOrder
from tidegate.client.report import CANCELED, NEW, PENDING_NEW, REJECTED
from tidegate.codec import SESSION
from tidegate.errors import PriceError, SessionError
from tidegate.native.records import ExecType, Flag, Kind, Reason

CONFIG = Path(__file__).with_name("small.toml")
GOLD, SUB_1, SUB_2 = 1, "sub-1", "sub-2"
# Far below the market, and within the collar.
RESTS = "1315.0"


@pytest.fixture(scope="module")
def run(place: Path) -> Iterator[Engine]:
    """One run for all tests; at the end it is stopped and has nothing to complain of."""
    with engine(CONFIG, run_dir=place / "run") as opened:
        yield opened
        opened.stop()


@pytest.fixture(autouse=True)
def unharmed(run: Engine) -> Iterator[None]:
    """Afterwards the same processes trade on, and risk's tables add up."""
    pids = run.pids()
    yield
    assert run.pids() == pids
    with Client(run.front, "bystander") as client:
        desk = Desk(client, "bystander")
        [order] = desk.submit([buy("sub-6", RESTS)])
        desk.take_until(lambda: order.ord_status == NEW, "the order to rest")
        client.cancel(order)
        desk.settle()
        assert order.ord_status == CANCELED
    until(run.is_consistent, "risk's tables to add up")
    assert run.pids() == pids
    assert not any(run.restarts().values())


@pytest.fixture
def raw(run: Engine) -> Iterator[Raw]:
    opened = Raw(run.front)
    opened.logon("raw")
    yield opened
    opened.close()


@pytest.fixture
def account(run: Engine) -> int:
    return handle(run, SUB_1)


def handle(run: Engine, name: str) -> int:
    return next(a.handle for a in run.run_dir.read_universe().accounts if a.name == name)


def buy(account: str, price: str | Decimal | None, order_qty: int = 1) -> NewOrder:
    return NewOrder(
        account=account, instrument="GCZ3", side="BUY", order_qty=order_qty, price=price
    )


def is_counted(run: Engine, reason: Reason, before: int) -> None:
    name = f"refused.{reason.name}"
    until(lambda: run.count("gateway", name) == before + 1, f"{name} to be counted")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"kind": 0}, Reason.FRAME_KIND),
        ({"kind": 200}, Reason.FRAME_KIND),
        ({"kind": Kind.EXECUTION_REPORT}, Reason.FRAME_KIND),
        ({"layout_version": 9}, Reason.FRAME_VERSION),
        ({"account": 0}, Reason.ACCOUNT_NOT_OF_SESSION),
        ({"account": 4_000_000_000}, Reason.ACCOUNT_NOT_OF_SESSION),
        ({"account": SUB_2}, Reason.ACCOUNT_NOT_OF_SESSION),
    ],
)
def test_a_record_of_wrong_kind_version_or_account(
    run: Engine, raw: Raw, account: int, fields: dict[str, Any], reason: Reason
) -> None:
    before = run.count("gateway", f"refused.{reason.name}")
    decided = run.risk("accepted"), run.risk("denied")
    fields = {name: handle(run, SUB_2) if v == SUB_2 else v for name, v in fields.items()}
    number = raw.expected
    raw.send(raw_order(**{"account": account, "instrument": GOLD, "msg_seq_num": number, **fields}))
    refusal = raw.refusal()
    assert (refusal["reason"], refusal["ref_seq_num"]) == (reason, number)
    is_counted(run, reason, before)
    assert (run.risk("accepted"), run.risk("denied")) == decided


@pytest.mark.parametrize("size", [0, 1, 127, 129, 128 * 257])
def test_a_frame_of_wrong_length(run: Engine, raw: Raw, size: int) -> None:
    before = run.count("gateway", "refused.FRAME_LENGTH")
    raw.send(bytes(size))
    assert raw.refusal()["reason"] == Reason.FRAME_LENGTH
    is_counted(run, Reason.FRAME_LENGTH, before)


def test_records_out_of_sequence(run: Engine, raw: Raw, account: int) -> None:
    """What follows a gap is taken once, in order, when the gap is filled; a low number never."""
    before = run.count("gateway", "gateway.gaps")
    first = raw.expected

    def record(number: int, flags: int = 0) -> bytes:
        return raw_order(
            account=account,
            instrument=99,
            cl_ord_id=7000 + number,
            msg_seq_num=number,
            flags=flags,
        )

    raw.send(record(first + 1))
    asked = SESSION.unpack(raw.receive(Kind.RESEND_REQUEST))
    assert asked[SESSION.index["begin_seq_no"]] == first
    assert asked[SESSION.index["reason"]] == Reason.SEQUENCE_GAP
    until(lambda: run.count("gateway", "gateway.gaps") == before + 1, "the gap to be counted")
    for number in (first, first + 1):
        raw.send(record(number, Flag.POSS_DUP))
        assert raw.refusal(Kind.DENIED)["cl_ord_id"] == 7000 + number
    low = run.count("gateway", "refused.SEQUENCE_LOW")
    raw.send(record(first))
    refusal = raw.refusal()
    assert (refusal["reason"], refusal["ref_seq_num"]) == (Reason.SEQUENCE_LOW, first)
    is_counted(run, Reason.SEQUENCE_LOW, low)


def test_an_unknown_instrument_on_the_wire(run: Engine, raw: Raw, account: int) -> None:
    before = run.risk("denied UNKNOWN_INSTRUMENT")
    for index, instrument in enumerate((0, 2, 4_000_000_000)):
        raw.send(
            raw_order(
                account=account,
                instrument=instrument,
                cl_ord_id=8000 + index,
                msg_seq_num=raw.expected + index,
            )
        )
        refusal = raw.refusal(Kind.DENIED)
        assert (refusal["reason"], refusal["cl_ord_id"]) == (
            Reason.UNKNOWN_INSTRUMENT,
            8000 + index,
        )
    assert run.risk("denied UNKNOWN_INSTRUMENT") == before + 3


@pytest.mark.parametrize(
    ("order", "error", "words"),
    [
        (buy(SUB_2, "NaN"), PriceError, "not finite; tick size is 0.1"),
        (buy(SUB_2, Decimal("sNaN")), PriceError, "not finite; tick size is 0.1"),
        (buy(SUB_2, "Infinity"), PriceError, "not finite; tick size is 0.1"),
        (buy(SUB_2, "1" * 40), PriceError, "more than 36 digits; tick size is 0.1"),
        (buy(SUB_2, "0." + "1" * 40), PriceError, "more than 36 digits; tick size is 0.1"),
        (buy(SUB_2, "1300.05"), PriceError, "not a multiple of tick size 0.1; nearest is 1300.0"),
        (buy(SUB_2, 1300.5), TypeError, "is a float; give a str or a Decimal"),  # type: ignore[arg-type]
        (buy("sub-9", "1300"), SessionError, "'sub-9' is not of this session; it has sub-2"),
        (
            NewOrder(account=SUB_2, instrument="GCG4", side="BUY", order_qty=1),
            SessionError,
            "instrument 'GCG4' is unknown; there are GCZ3",
        ),
    ],
)
def test_what_the_client_refuses_is_not_sent(
    run: Engine, order: NewOrder, error: type[Exception], words: str
) -> None:
    with Client(run.front, "client") as client:
        decided = run.risk("accepted"), run.risk("denied")
        with pytest.raises(error, match=words):
            client.submit_many([buy(SUB_2, RESTS), order])
        assert client.orders(SUB_2) == []
        assert (run.risk("accepted"), run.risk("denied")) == decided


def test_a_config_with_a_missing_venue_starts_nothing(place: Path) -> None:
    tape = CONFIG.parents[2] / "configs/demo/gc.tape"
    text = CONFIG.read_text().replace("../../configs/demo/gc.tape", str(tape))
    bad = place / "bad.toml"
    bad.write_text(text.replace('name = "sim-master"\nvenue = "SIM"', 'name = "m"\nvenue = "X"'))
    ended = subprocess.run(
        command("run", bad, "--run-dir", place / "bad"),
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert ended.returncode != 0
    assert ended.stdout == ""
    assert f"{bad}: masters[0] \"m\".venue: unknown venue 'X'; expected one of: SIM" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (place / "bad").exists()


def test_a_full_lane_denies_orders_takes_cancels_and_loses_nothing(run: Engine) -> None:
    before = run.count("gateway", "refused.LANE_FULL")
    with Client(run.front, "flood") as client:
        desk = Desk(client, "flood")
        resting = desk.submit([buy("sub-3", RESTS) for _ in range(4)])
        desk.take_until(lambda: all(o.ord_status == NEW for o in resting), "orders to rest")
        with run.frozen("risk"):

            def flood() -> bool:
                desk.submit([buy("sub-3", RESTS) for _ in range(256)])
                return "LANE_FULL" in desk.reasons()

            desk.take_until(flood, "the lane to be full")
            for order in resting:
                client.cancel(order)
            cancels = "gateway.cancels_reserved"
            until(lambda: run.count("gateway", cancels) >= len(resting), "cancels to be taken")
            denied = desk.submit([buy("sub-3", RESTS)])[0]
            desk.take_until(lambda: denied.ord_status == REJECTED, "the last one to be denied")
            assert denied.reason == Reason.LANE_FULL
            assert not any(order.is_final for order in resting)
        desk.take_until(lambda: all(o.is_final for o in resting), "the cancels to be served")
        assert {order.ord_status for order in resting} == {CANCELED}
        desk.take_until(
            lambda: not any(o.ord_status == PENDING_NEW for o in desk.tally.unfinished()),
            "an answer to every order",
        )
        for order in desk.tally.unfinished():
            client.cancel(order)
        outcome = desk.settle()
        counted = before + outcome.denied["LANE_FULL"]
        until(lambda: run.count("gateway", "refused.LANE_FULL") == counted, "each to be counted")
        assert "reports_missed" not in client.counters
    until(lambda: not any(run.held().values()), "holds to be released")


def test_a_venue_that_is_not_up_refuses_and_comes_back(run: Engine) -> None:
    with Client(run.front, "venue") as client:
        desk = Desk(client, "venue")
        [resting] = desk.submit([buy("sub-4", RESTS)])
        desk.take_until(lambda: resting.ord_status == NEW, "the order to rest")
        with run.frozen("venue:SIM"):
            # Sent while nobody knows yet: they must end too, one way or the other.
            early = desk.submit([buy("sub-4", RESTS) for _ in range(3)])

            def refused() -> bool:
                desk.submit([buy("sub-4", RESTS)])
                return "VENUE_DOWN" in desk.reasons()

            desk.take_until(refused, "a refusal VENUE_DOWN")
            [down] = desk.submit([buy("sub-4", RESTS)])
            desk.take_until(lambda: down.is_final, "the refusal")
            assert (down.ord_status, down.reason) == (REJECTED, Reason.VENUE_DOWN)
            assert all(not order.is_final or order.reason for order in early)

        def is_taken() -> bool:
            [order] = desk.submit([buy("sub-4", RESTS)])
            desk.take_until(lambda: order.ord_status != PENDING_NEW, "an answer")
            return bool(order.ord_status == NEW)

        desk.take_until(is_taken, "the venue to be back")
        desk.take_until(
            lambda: not any(o.ord_status == PENDING_NEW for o in desk.tally.unfinished()),
            "an answer to every order",
        )
        for order in desk.tally.unfinished():
            client.cancel(order)
        desk.settle()
        assert desk.reasons()["VENUE_DOWN"] >= 2


STRATEGY = """
import sys
from tidegate import Client, NewOrder

order = NewOrder(account="sub-5", instrument="GCZ3", side="BUY", order_qty=2, price="1315.0")
with Client(sys.argv[1], "killed") as client:
    client.submit_many([order] * 10)
    news = 0
    for report in client.reports():
        news += report.ord_status == "New"
        if news == 10:
            print("ten orders rest", flush=True)
"""


def test_orders_of_a_strategy_that_is_killed_half_way_are_canceled(run: Engine) -> None:
    cancels = run.count("gateway", "gateway.mass_cancels")
    strategy = subprocess.Popen(
        [sys.executable, "-c", STRATEGY, run.front],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert strategy.stdout is not None
    try:
        assert strategy.stdout.readline() == "ten orders rest\n"
        assert run.held()["open_buy"] == 20 * 4
    finally:
        os.kill(strategy.pid, signal.SIGKILL)
        strategy.communicate()
    until(lambda: not any(run.held().values()), "the holds to be released")
    until(lambda: run.count("gateway", "gateway.mass_cancels") > cancels, "it to be counted")
    with Client(run.front, "killed", resume=True) as client:
        assert client.orders("sub-5") == []
        ended: dict[int, int] = {}

        def all_canceled() -> bool:
            for report in client.reports(timeout=0):
                if report.exec_type == ExecType.EXEC_CANCELED:
                    ended[report.order_id] = ended.get(report.order_id, 0) + 1
            return len(ended) == 10

        until(all_canceled, "the reports of what was canceled")
        assert set(ended.values()) == {1}
