"""The host's rings and registers: order, room, epochs, kill switch, a card that stands still."""

import numpy as np
import pytest
from card_twin import KILL, LANE, ORDER, Command
from card_workload import Stream, packed
from numpy.typing import NDArray

from tidegate.card.device import CardDevice
from tidegate.card.driver import CardDriver
from tidegate.card.registers import CardMemory, Register
from tidegate.errors import CardError
from tidegate.native.card import RESPONSE, Card
from tidegate.native.records import Reason

PATIENCE_NS = 1_000


def opened(count: int = 64) -> tuple[CardDevice, CardDriver]:
    memory = CardMemory(count)
    return CardDevice(memory, Card()), CardDriver(memory, patience_ns=PATIENCE_NS)


def played(device: CardDevice, driver: CardDriver, commands: NDArray[np.void]) -> NDArray[np.void]:
    """Gives all of them as there is room, and takes what comes."""
    found = [np.zeros(0, RESPONSE)]
    given = 0
    while given < len(commands) or driver.waiting:
        given += driver.give(commands[given:])
        device.turn(7)
        found.append(driver.take(0))
    return np.concatenate(found)


def loaded() -> tuple[CardDevice, CardDriver, Stream]:
    device, driver = opened()
    stream = Stream(1)
    played(device, driver, packed(stream.loads()))
    driver.want_epoch(1)
    device.turn()
    assert driver.check_epoch(1)
    return device, driver, stream


def test_what_goes_through_the_rings_is_answered_as_without_them() -> None:
    device, driver = opened()
    commands = Stream(1).commands(3_000)
    loads = len(Stream(1).loads())
    first = played(device, driver, commands[:loads])
    driver.want_epoch(1)
    device.turn()
    rest = played(device, driver, commands[loads:])
    expected = np.zeros(3_000, RESPONSE)
    Card().apply(commands, expected)
    assert np.array_equal(np.concatenate([first, rest]), expected)
    assert device.memory.read(Register.ORDERS) == int((commands["op"] == ORDER).sum())


def test_no_order_passes_before_the_first_epoch_counts() -> None:
    device, driver = opened()
    stream = Stream(1)
    assert any(command.op == KILL and not command.index for command in stream.loads())
    played(device, driver, packed(stream.loads()))
    orders = packed([stream.order() for _ in range(50)])
    killed = np.uint64(1 << Reason.KILL_SWITCH)
    assert (played(device, driver, orders)["verdict"] & killed != 0).all()
    driver.want_epoch(1)
    device.turn()
    assert not (played(device, driver, orders)["verdict"] & killed != 0).any()


def test_an_epoch_with_a_refused_load_does_not_count() -> None:
    device, driver = opened()
    played(device, driver, packed([*Stream(1).loads(), Command(LANE, account=77, amount=1)]))
    driver.want_epoch(1)
    device.turn()
    with pytest.raises(CardError, match="refused epoch 1: 1 loads were refused, its epoch is 0"):
        driver.check_epoch(1)


def test_a_stale_epoch_is_refused() -> None:
    device, driver, _ = loaded()
    driver.want_epoch(3)
    device.turn()
    driver.want_epoch(2)
    device.turn()
    assert device.memory.read(Register.EPOCH) == 3
    with pytest.raises(CardError, match="refused epoch 2: 0 loads were refused, its epoch is 3"):
        driver.check_epoch(2)


def test_the_kill_switch_is_heard_before_commands_that_wait() -> None:
    device, driver, stream = loaded()
    driver.give(packed([stream.order() for _ in range(5)]))
    driver.kill(True)
    device.turn()
    killed = np.uint64(1 << Reason.KILL_SWITCH)
    assert (driver.take(0)["verdict"] & killed != 0).all()
    driver.kill(False)
    driver.give(packed([stream.order() for _ in range(5)]))
    device.turn()
    assert not (driver.take(0)["verdict"] & killed != 0).any()


def test_a_full_ring_takes_no_more_and_loses_nothing() -> None:
    device, driver, stream = loaded()
    orders = packed([stream.order() for _ in range(100)])
    assert driver.give(orders) == 64
    assert driver.give(orders[64:]) == 0
    device.turn()
    assert driver.give(orders[64:]) == 0
    assert len(driver.take(0)) == 64
    assert driver.give(orders[64:]) == 36


def test_a_card_that_stands_still_is_told_and_stays_told() -> None:
    device, driver, stream = loaded()
    driver.give(packed([stream.order()]))
    assert len(driver.take(5)) == 0
    assert len(driver.take(5 + PATIENCE_NS)) == 0
    with pytest.raises(CardError, match="has not answered 1 commands for 1000 ns"):
        driver.take(6 + PATIENCE_NS)
    device.turn()
    with pytest.raises(CardError):
        driver.take(7 + PATIENCE_NS)


@pytest.mark.parametrize("place", [Register.IDENTITY, Register.VERSION, Register.LAYOUT])
def test_a_card_of_another_layout_is_not_opened(place: Register) -> None:
    memory = CardMemory()
    memory.write(place, 7)
    with pytest.raises(CardError, match=f"card's {place.name}: 0x7, expected"):
        CardDriver(memory, patience_ns=PATIENCE_NS)


def test_a_ring_is_a_power_of_two() -> None:
    with pytest.raises(ValueError, match="a ring of 48 commands"):
        CardMemory(48)
