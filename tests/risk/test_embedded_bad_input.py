"""What an embedded engine refuses: arguments, records, sessions and configs."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from embedded_rig import DESK, STRATEGY, Rig, buy, rig
from risk_rig import order

from tidegate.audit import audit_run
from tidegate.errors import ConfigError, PriceError, ReplayError, RunDirError, SessionError
from tidegate.native.records import ORDER_RECORD, Kind, Reason
from tidegate.universe import Placement, Universe

replace = msgspec.structs.replace


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory whose ipc paths fit a socket address."""
    return tmp_path_factory.mktemp("e")


@pytest.fixture
def house(place: Path) -> Iterator[Rig]:
    with rig(place) as opened:
        yield opened


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"account": "nobody"}, SessionError),
        ({"account": "account-2"}, SessionError),
        ({"instrument": "XX"}, SessionError),
        ({"side": "buy"}, SessionError),
        ({"side": None}, SessionError),
        ({"order_qty": 1.0}, TypeError),
        ({"order_qty": True}, TypeError),
        ({"order_qty": "1"}, TypeError),
        ({"order_qty": 2**63}, SessionError),
        ({"price": 1300.0}, TypeError),
        ({"price": True}, TypeError),
        ({"price": "1300.05"}, PriceError),
        ({"price": "13OO"}, PriceError),
        ({"price": ""}, PriceError),
        ({"price": "."}, PriceError),
        ({"price": "1" * 30}, PriceError),
        ({"price": "nan"}, PriceError),
        ({"cl_ord_id": -1}, SessionError),
        ({"cl_ord_id": 2**64}, SessionError),
        ({"cl_ord_id": "7"}, TypeError),
        ({"time_in_force": 300}, OverflowError),
        ({"account": 2**40}, SessionError),
        ({"lots": 3}, TypeError),
    ],
)
def test_bad_arguments_are_refused_before_there_is_a_record(
    house: Rig, fields: dict[str, Any], error: type[Exception]
) -> None:
    before = sequence(house)
    with pytest.raises(error):
        buy(house.engine, **fields)
    assert sequence(house) == before


def sequence(house: Rig) -> int:
    return int(house.engine._risk.tables.arrays["risk"]["sequence"][0])


@pytest.mark.parametrize(
    "price", ["1300", "1300.0", "1300.00", "01300.0", "+1300", "1.3e3", " 1300.0", 1300]
)
def test_a_price_is_read_as_the_client_reads_it(house: Rig, price: str | int) -> None:
    assert buy(house.engine, price=price)
    assert int(house.routes(1)[0]["price"]) == 13_000


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"account": 99}, Reason.ACCOUNT_NOT_OF_SESSION),
        ({"account": 4}, Reason.ACCOUNT_NOT_OF_SESSION),
        ({"instrument": 99}, Reason.UNKNOWN_INSTRUMENT),
        ({"layout_version": 1}, Reason.FRAME_VERSION),
        ({"kind": Kind.TICK}, Reason.FRAME_KIND),
        ({"kind": Kind.EXECUTION_REPORT}, Reason.FRAME_KIND),
        ({"kind": 0}, Reason.FRAME_KIND),
        ({"kind": Kind.KILL}, Reason.CONTROL_NOT_ALLOWED),
        ({"kind": Kind.NOTE}, Reason.CONTROL_NOT_ALLOWED),
        ({"cl_ord_id": 0}, Reason.MALFORMED),
        ({"order_qty": 0}, Reason.MALFORMED),
        ({"side": 7}, Reason.MALFORMED),
        ({"mass_cancel_type": 1, "kind": Kind.MASS_CANCEL_REQUEST}, Reason.MALFORMED),
    ],
)
def test_a_bad_record_is_refused_by_its_reason(
    house: Rig, fields: dict[str, Any], reason: Reason
) -> None:
    row = order(5)
    view = row.view(ORDER_RECORD)
    for name, value in fields.items():
        view[name] = value
    assert house.engine.native.submit_rows(row).tolist() == [reason]
    assert house.engine.native.refusals == {int(reason): 1}
    assert audit_run(house.run_dir) == []


@pytest.mark.parametrize("order_qty", [0, -1, 2**31, 2**63])
def test_lots_that_no_order_can_have_are_refused_by_name(house: Rig, order_qty: int) -> None:
    with pytest.raises(SessionError, match=f"order_qty {order_qty}: expected 1 to {2**31 - 1}"):
        buy(house.engine, order_qty=order_qty)
    assert house.engine.native.refusals == {}


@pytest.mark.parametrize("name", ["session", "operator"])
def test_a_session_must_be_there_and_of_its_role(house: Rig, name: str) -> None:
    house.engine.close()
    for wrong in ("nobody", {"session": DESK, "operator": STRATEGY}[name]):
        with pytest.raises(SessionError, match=wrong):
            house.open(**{name: wrong})
    with pytest.raises(ValueError, match="flush_every"):
        house.open(flush_every=65)
    house.open()


def test_a_config_of_another_layout_opens_no_engine(house: Rig) -> None:
    house.engine.close()
    made, house.content = (
        house.content,
        replace(house.content, placement=Placement(layout="processes")),
    )
    with pytest.raises(ConfigError, match="embedded"):
        house.open()
    house.content = made
    house.open()


def contents(path: Path) -> dict[str, bytes]:
    """Every file there but locks, which name who looked last."""
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file() and file.parent.name != "locks" and file.name != "lock"
    }


def with_slow_venue(made: Universe) -> Universe:
    """Of the same state: only how a stage runs is another."""
    return replace(made, venues=(replace(made.venues[0], latency_us=(5, 5)),))


def test_a_config_of_another_state_touches_nothing(house: Rig) -> None:
    house.engine.close()
    made = house.content
    before = contents(house.run_dir.path)
    house.content = replace(made, order_age_ms_max=7)
    with pytest.raises(ReplayError, match="order_age_ms_max was 0, the config now has 7"):
        house.open(starts_channels=True)
    assert contents(house.run_dir.path) == before
    house.content = made
    house.open()


def test_a_config_that_is_not_that_of_the_running_stages_touches_nothing(house: Rig) -> None:
    house.engine.close()
    made = house.content
    house.run_dir.write_universe(made)
    before = contents(house.run_dir.path)
    house.content = with_slow_venue(made)
    lock = house.run_dir.lock()
    try:
        with pytest.raises(RunDirError, match="runs the stages of another config there"):
            house.open()
        assert contents(house.run_dir.path) == before
    finally:
        os.close(lock)
    house.content = made
    house.open()
