"""The host's rings and registers: order, room, epochs, a card that stands still or is wrong."""

import numpy as np
import pytest
from card_twin import KILL, LANE, ORDER, Command
from card_workload import Stream, packed
from numpy.typing import NDArray

from tidegate.errors import CardError
from tidegate.native.card import RESPONSE, Card
from tidegate.native.card_device import CardDevice
from tidegate.native.card_driver import CardDriver
from tidegate.native.card_page import CardMemory, Register
from tidegate.native.records import Reason

KILLED = np.uint64(1 << Reason.KILL_SWITCH)


def opened(count: int = 64) -> tuple[CardMemory, CardDevice, CardDriver]:
    memory = CardMemory(count)
    device = CardDevice(memory, Card())
    return memory, device, CardDriver(device)


def played(driver: CardDriver, commands: NDArray[np.void]) -> NDArray[np.void]:
    responses = np.zeros(len(commands), RESPONSE)
    driver.exchange(commands, responses)
    return responses


def loaded() -> tuple[CardMemory, CardDriver, Stream]:
    memory, _, driver = opened()
    stream = Stream(1)
    played(driver, packed(stream.loads()))
    driver.commit(1)
    return memory, driver, stream


@pytest.mark.parametrize("count", [1, 64, 4096])
def test_what_goes_through_the_rings_is_answered_as_without_them(count: int) -> None:
    memory, _, driver = opened(count)
    commands = Stream(1).commands(3_000)
    loads = len(Stream(1).loads())
    first = played(driver, commands[:loads])
    driver.commit(1)
    rest = played(driver, commands[loads:])
    expected = np.zeros(3_000, RESPONSE)
    Card().apply(commands, expected)
    assert np.array_equal(np.concatenate([first, rest]), expected)
    assert memory.read(Register.REG_ORDERS) == int((commands["op"] == ORDER).sum())


def test_no_order_passes_before_the_first_epoch_counts() -> None:
    _, _, driver = opened()
    stream = Stream(1)
    assert any(command.op == KILL and not command.index for command in stream.loads())
    played(driver, packed(stream.loads()))
    orders = packed([stream.order() for _ in range(50)])
    assert (played(driver, orders)["verdict"] & KILLED != 0).all()
    driver.commit(1)
    assert not (played(driver, orders)["verdict"] & KILLED != 0).any()


def test_an_epoch_with_a_refused_load_does_not_count() -> None:
    _, _, driver = opened()
    played(driver, packed([*Stream(1).loads(), Command(LANE, account=77, amount=1)]))
    with pytest.raises(CardError, match="the card refused epoch 1: 1 loads were refused"):
        driver.commit(1)


def test_a_stale_epoch_is_refused_by_the_host_and_by_the_card() -> None:
    memory, device, driver = opened()
    driver.commit(3)
    with pytest.raises(CardError, match="the card has epoch 3; expected one below 2"):
        driver.commit(2)
    memory.write(Register.REG_EPOCH_WANTED, 2)
    device.turn()
    assert memory.read(Register.REG_EPOCH) == 3
    assert memory.read(Register.REG_EPOCHS_REFUSED) == 1


def test_a_kill_is_heard_in_the_order_of_commands() -> None:
    _, driver, stream = loaded()
    orders = [stream.order() for _ in range(4)]
    both = [orders[0], Command(KILL, index=1), *orders[1:3], Command(KILL), orders[3]]
    said = played(driver, packed(both))["verdict"] & KILLED != 0
    assert said[[0, 2, 3, 5]].tolist() == [False, True, True, False]


def test_a_kill_from_before_the_first_epoch_counts_after_it() -> None:
    _, _, driver = opened()
    stream = Stream(1)
    played(driver, packed([*stream.loads(), Command(KILL, index=1)]))
    driver.commit(1)
    assert (played(driver, packed([stream.order()]))["verdict"] & KILLED != 0).all()
    played(driver, packed([Command(KILL)]))
    assert not (played(driver, packed([stream.order()]))["verdict"] & KILLED != 0).any()


def test_a_card_takes_no_more_than_there_is_room_to_answer() -> None:
    memory, device, _ = opened()
    memory.commands[:] = packed([Stream(1).order() for _ in range(64)])
    memory.write(Register.REG_COMMANDS_PUT, 64)
    assert (device.turn(7), device.turn()) == (7, 57)
    memory.write(Register.REG_COMMANDS_PUT, 100)
    assert device.turn() == 0
    memory.write(Register.REG_RESPONSES_TAKEN, 10)
    assert device.turn() == 10


def test_a_card_that_stands_still_is_told_and_stays_told() -> None:
    memory, driver, stream = loaded()
    orders = packed([stream.order() for _ in range(3)])
    memory.write(Register.REG_HOLD, 1)
    with pytest.raises(CardError, match="has answered 0 of 3 commands and stands still"):
        played(driver, orders)
    memory.write(Register.REG_HOLD, 0)
    assert driver.is_still
    with pytest.raises(CardError, match="stands still"):
        played(driver, orders)


def test_a_card_that_stood_still_passes_nothing_when_it_wakes() -> None:
    memory, device, driver = opened()
    stream = Stream(1)
    played(driver, packed(stream.loads()))
    driver.commit(1)
    orders = packed([stream.order() for _ in range(50)])
    assert (played(driver, orders)["verdict"] & KILLED == 0).any()
    memory.write(Register.REG_HOLD, 1)
    with pytest.raises(CardError, match="stands still"):
        played(driver, orders)
    memory.write(Register.REG_HOLD, 0)
    first = memory.read(Register.REG_RESPONSES_PUT) % 64
    assert device.turn(64 - first) == 64 - first
    assert (memory.responses[first:]["verdict"] & KILLED != 0).all()


def test_no_kill_in_the_ring_ends_that_of_the_register_and_the_register_ends_none_in_the_ring() -> (
    None
):
    memory, driver, stream = loaded()
    orders = packed([Command(KILL, index=0), *(stream.order() for _ in range(30))])

    def is_killed() -> bool:
        return bool((played(driver, orders)["verdict"][1:] & KILLED != 0).all())

    memory.write(Register.REG_KILL, 1)
    assert is_killed()
    memory.write(Register.REG_KILL, 0)
    assert not is_killed()
    played(driver, packed([Command(KILL, index=1)]))
    memory.write(Register.REG_KILL, 1)
    memory.write(Register.REG_KILL, 0)
    assert (played(driver, orders[1:])["verdict"] & KILLED != 0).all()


@pytest.mark.parametrize("beside", [3, 4_000, -1, 1 << 62])
def test_a_card_that_has_answered_what_it_was_not_given_is_wrong_and_stays_wrong(
    beside: int,
) -> None:
    memory, driver, stream = loaded()
    put = memory.read(Register.REG_RESPONSES_PUT)
    memory.write(Register.REG_HOLD, 1)
    memory.write(Register.REG_RESPONSES_PUT, put + beside)
    orders, responses = packed([stream.order() for _ in range(2)]), np.zeros(2, RESPONSE)
    with pytest.raises(CardError, match="answered 0 of 2 commands and says that it has answered"):
        driver.exchange(orders, responses)
    assert not responses.view(np.uint8).any()
    memory.write(Register.REG_RESPONSES_PUT, put)
    memory.write(Register.REG_HOLD, 0)
    with pytest.raises(CardError, match="answered 0 of 2 commands"):
        driver.exchange(orders, responses)
    assert (driver.is_wrong, driver.is_still) == (True, False)
    assert memory.read(Register.REG_KILL) == 1


def test_an_epoch_of_a_card_that_stands_still_does_not_count() -> None:
    memory, _, driver = opened()
    memory.write(Register.REG_HOLD, 1)
    with pytest.raises(CardError, match="the card has not taken epoch 1 and stands still"):
        driver.commit(1)


def test_each_command_needs_room_for_its_answer() -> None:
    _, driver, stream = loaded()
    with pytest.raises(ValueError, match="1 commands need as many responses, got 2"):
        driver.exchange(packed([stream.order()]), np.zeros(2, RESPONSE))


def test_a_ring_is_a_power_of_two() -> None:
    with pytest.raises(ValueError, match="a ring of 48 commands"):
        CardMemory(48)
