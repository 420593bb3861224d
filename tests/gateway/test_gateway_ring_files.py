"""The files of a session's rings: who makes them, what becomes of a client that finds none."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_rig import House, next_order, share, shared, sharing, submit, until

from tidegate import Client
from tidegate import session_messages as messages
from tidegate.client.trading import Trading
from tidegate.errors import SessionError
from tidegate.native.door import HWM
from tidegate.native.shm_ring import RingTarget, ring_records


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A gateway that shares memory with each of its sessions."""
    yield from sharing(House(tmp_path))


@pytest.mark.parametrize("which", [0, 1])
def test_a_ring_that_was_removed_is_named_and_the_way_out_too(house: House, which: int) -> None:
    place = messages.ring_places(house.front.removeprefix("ipc://"), "one")[which]
    Path(place).unlink()
    said = rf"{place} was removed .* next start; .*, or at {house.front} without"
    with pytest.raises(SessionError, match=said):
        Client(shared(house), "one").connect()
    assert not Path(place).exists()
    # One that somebody has made anew is not the gateway's.
    RingTarget(place, ring_records(HWM)).close()
    with pytest.raises(SessionError, match=said):
        Client(shared(house), "one").connect()
    with Client(house.front, "one") as client:
        submit(client)
        house.risk.accept(next_order(house))
        assert next(client.reports(timeout=5)).ord_status == "New"
    house.stop()
    house.start()
    with Client(shared(house), "one") as client:
        order = submit(client)
        assert next_order(house)["cl_ord_id"] == order.cl_ord_id


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".", "x" * 33])
def test_what_is_no_name_is_refused_before_it_leads_anywhere(house: House, name: str) -> None:
    before = everything(house)
    with pytest.raises(SessionError, match="expected a name of up to 32 letters"):
        Client(shared(house), name).connect()
    assert everything(house) == before


def test_a_session_that_is_unknown_leaves_nothing_behind(house: House) -> None:
    before = everything(house)
    with pytest.raises(SessionError, match="there is no session 'three'"):
        Client(shared(house), "three").connect()
    assert everything(house) == before


def everything(house: House) -> list[Path]:
    return sorted(house.run_dir.path.parent.rglob("*"))


def test_a_client_that_is_there_before_the_gateway_waits_for_its_rings(tmp_path: Path) -> None:
    house = House(tmp_path)
    before = everything(house)
    share(house)
    client = Trading(shared(house), "one", None, None, resume=False)
    client.work()
    assert everything(house) == before
    house.start()

    def is_ready() -> bool:
        client.work()
        return client.is_ready

    until(is_ready, "the logon")
    client.close()
    house.close()


def test_a_session_whose_rings_are_held_otherwise_is_without_and_the_gateway_starts(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    house = House(tmp_path)
    there, _ = messages.ring_places(house.front.removeprefix("ipc://"), "one")
    held = RingTarget(there, 2 * ring_records(HWM))
    starting = sharing(house)
    next(starting)
    assert "session one shares no memory until the next start: " in capfd.readouterr().err
    held.close()
    with pytest.raises(SessionError, match=r"opened at the gateway's start: .* otherwise"):
        Client(shared(house), "one").connect()
    with Client(house.front, "one"), Client(shared(house), "two") as client:
        client.submit(account="dev-2", instrument="GCZ3", side="BUY", order_qty=2)
        assert next_order(house)["session"] == 2
    next(starting, None)


def test_a_session_without_memory_to_share_says_so(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.start()
    before = everything(house)
    with pytest.raises(SessionError, match="expected shm = true"):
        Client(shared(house), "one").connect()
    assert everything(house) == before
    house.close()


def test_a_client_that_finds_no_bell_leaves_its_rings_to_the_next(house: House) -> None:
    _, back = messages.ring_places(house.front.removeprefix("ipc://"), "one")
    bell = Path(f"{back}.bell")
    bell.mkdir()
    with pytest.raises(SessionError, match="cannot open the bell"):
        Client(shared(house), "one").connect()
    bell.rmdir()
    with Client(shared(house), "one") as client:
        assert submit(client).cl_ord_id == next_order(house)["cl_ord_id"]
