"""Cards that are not the host's: of another layout, or answering otherwise than by its rules."""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from risk_rig import universe
from test_backend import GOLDEN, Run, needs_hardware

from tidegate import card, risk_state
from tidegate.card import attach_card, hardware
from tidegate.cli import main
from tidegate.errors import CardError
from tidegate.native.card import COMMAND, RESPONSE, Card, Op
from tidegate.native.card_page import CardMemory, Register

PASSED = 1 << 63
BEYOND_THE_COLLAR = 90_000
Rows = NDArray[Any]
Bend = Callable[[Rows, Rows], None]
APPLY = ctypes.CFUNCTYPE(
    ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64
)
NAME = b"card_pipe"
new_capsule = ctypes.pythonapi.PyCapsule_New
new_capsule.restype = ctypes.py_object
new_capsule.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]


class Pipe(ctypes.Structure):
    _fields_ = (("apply", APPLY), ("of", ctypes.c_void_p))


class Wrong:
    """Decides by the rules; `bend` is given the commands and changes what is said."""

    def __init__(self, bend: Bend, made_of: tuple[int, int, int] | None = None) -> None:
        self.rules, self.bend = Card(), bend
        self.made_of = made_of or self.rules.made_of
        self.way = Pipe(APPLY(self.apply), None)

    def apply(self, of: None, commands: int, responses: int, count: int) -> int:
        given = np.frombuffer(ctypes.string_at(commands, count * COMMAND.itemsize), COMMAND).copy()
        found = np.zeros(count, RESPONSE)
        self.rules.apply(given, found)
        self.bend(given, found)
        ctypes.memmove(responses, found.ctypes.data, found.nbytes)
        return count

    @property
    def pipe(self) -> object:
        return new_capsule(ctypes.addressof(self.way), NAME, None)


def is_order(commands: Rows) -> Rows:
    return commands["op"] == Op.OP_ORDER


def as_it_is(_commands: Rows, _responses: Rows) -> None:
    pass


def pass_all(commands: Rows, responses: Rows) -> None:
    responses["verdict"][is_order(commands)] = PASSED


def deny_all(commands: Rows, responses: Rows) -> None:
    responses["verdict"][is_order(commands)] |= np.uint64(1 << 8)


def other_tag(commands: Rows, responses: Rows) -> None:
    responses["tag"][is_order(commands)] += np.uint64(1)


def other_money(commands: Rows, responses: Rows) -> None:
    responses["available"][is_order(commands)] += 1


def test_a_card_that_answers_by_the_rules_is_asked() -> None:
    run = Run(decider=Wrong(as_it_is))
    run.order()
    run.order(BEYOND_THE_COLLAR)
    assert run.card.out_reason == ""
    assert (run.card.counters["passed"], run.card.counters["to_rules"]) == (1, 1)


@pytest.mark.parametrize(
    ("bend", "price"),
    [
        (pass_all, BEYOND_THE_COLLAR),
        (deny_all, 13_000),
        (other_tag, 13_000),
        (other_money, 13_000),
    ],
)
def test_a_card_that_answers_wrongly_clears_nothing_and_is_not_asked_again(
    bend: Bend, price: int
) -> None:
    run = Run(decider=Wrong(bend))
    run.order(price)
    run.order()
    assert run.card.out_reason == "answers wrongly"
    counted = run.card.counters
    assert (counted["asked"], counted["passed"], counted["alone_out"]) == (0, 0, 2)
    assert run.memory.read(Register.REG_KILL) == 1


@pytest.mark.parametrize("beside", [4_000, -1])
def test_orders_go_on_by_the_rules_when_a_card_says_that_it_answered_what_nobody_asked(
    beside: int,
) -> None:
    run = Run()
    run.order()
    put = run.memory.read(Register.REG_RESPONSES_PUT)
    run.memory.write(Register.REG_HOLD, 1)
    run.memory.write(Register.REG_RESPONSES_PUT, put + beside)
    run.order()
    run.order(BEYOND_THE_COLLAR)
    assert run.card.out_reason == "answers wrongly"
    assert run.card.counters["alone_out"] == 2


@pytest.mark.parametrize(
    ("at", "name"), [(0, "identity"), (1, "layout version"), (2, "layout hash")]
)
def test_a_card_that_was_compiled_of_another_layout_refuses_to_start(at: int, name: str) -> None:
    made_of = list(Card().made_of)
    made_of[at] = 7
    memory = CardMemory()
    with pytest.raises(CardError, match=f"the card's {name} is 0x7; expected"):
        attach_card(risk_state.in_memory(universe()), memory, Wrong(as_it_is, tuple(made_of)))


@needs_hardware
def test_the_hardware_was_compiled_of_the_host_s_layout() -> None:
    assert hardware().made_of == Card().made_of


@needs_hardware
@pytest.mark.parametrize("words", [[], ["--hash"]])
def test_a_replay_whose_card_goes_out_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    (tmp_path / "journal").symlink_to(GOLDEN)
    monkeypatch.setattr(card, "hardware", lambda: Wrong(other_tag))
    found = CliRunner().invoke(main, ["replay", str(tmp_path), "--backend", "fpga", *words])
    assert found.exit_code == 1
    assert found.stderr == "the card went out: from there on the rules decided alone\n"


@pytest.mark.parametrize(
    "words", [["--every", "5"], ["--check-snapshots"], ["--compare", str(GOLDEN)]]
)
def test_a_replay_on_the_card_is_not_one_of_those_by_the_rules_alone(words: list[str]) -> None:
    found = CliRunner().invoke(main, ["replay", str(GOLDEN), "--backend", "fpga", *words])
    assert found.exit_code == 2
    assert "--backend fpga: expected none of --every" in found.stderr
