"""The RTL against the card's rules as Cython, clock by clock, and the laws of its clocks."""

import numpy as np
import pytest
from card_fight import differing, share_back_to_back
from card_workload import Stream

from tidegate.native.card import RESPONSE, Card

fpga = pytest.importorskip(
    "tidegate.native.fpga", reason="built without the FPGA backend: verilator was not there"
)
SIZE = 15_000


@pytest.mark.parametrize("has_gaps", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_rtl_answers_as_the_rules_do(seed: int, has_gaps: bool) -> None:
    stream = Stream(seed)
    commands = stream.commands(SIZE)
    gaps = stream.gaps(SIZE) if has_gaps else None
    assert share_back_to_back(commands) > 0.25
    assert differing(commands, Card(), fpga.Fpga(), gaps) == []


def test_a_stream_takes_a_clock_a_command_and_the_latency_once() -> None:
    commands = Stream(3).commands(5_000)
    card = fpga.Fpga()
    card.apply(commands, np.zeros(5_000, RESPONSE))
    assert card.clocks == 5_000 + fpga.LATENCY - 1


def test_a_command_alone_takes_the_same_clocks_whatever_it_is() -> None:
    commands = Stream(4).commands(3_000)
    card, responses = fpga.Fpga(), np.zeros(1, RESPONSE)
    taken = set()
    for index in range(3_000):
        before = card.clocks
        card.apply(commands[index : index + 1], responses)
        taken.add(card.clocks - before)
    assert taken == {fpga.LATENCY}


def test_the_card_goes_on_from_where_it_was() -> None:
    commands = Stream(5).commands(4_000)
    whole, halves = np.zeros(4_000, RESPONSE), np.zeros(4_000, RESPONSE)
    fpga.Fpga().apply(commands, whole)
    card = fpga.Fpga()
    for half in (slice(None, 1_500), slice(1_500, None)):
        card.apply(commands[half], halves[half])
    assert np.array_equal(whole, halves)


def test_arrays_of_other_lengths_are_refused() -> None:
    commands = Stream(6).commands(3)
    with pytest.raises(ValueError, match="3 commands need as many responses and gaps"):
        fpga.Fpga().apply(commands, np.zeros(3, RESPONSE), np.zeros(2, np.uint8))
