"""The card: its rules as Cython against the twin in plain Python, and its laws."""

import re

import numpy as np
import pytest
from card_library import RTL
from card_twin import (
    BUY,
    FILL,
    MONEY,
    ORDER,
    RELEASE,
    SELL,
    CardTwin,
    Command,
)
from card_workload import Stream, packed, unpacked, words_of
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tidegate.native.card import COMMAND, RESPONSE, Card
from tidegate.native.records import Reason

SIZE = 6_000
NATIVE = RTL.parent / "native"


def answers(commands: NDArray[np.void]) -> NDArray[np.void]:
    found = np.zeros(len(commands), RESPONSE)
    Card().apply(commands, found)
    return found


def loaded(seed: int) -> tuple[CardTwin, Stream]:
    twin, stream = CardTwin(), Stream(seed, accounts=2, instruments=2)
    for command in stream.loads():
        twin.apply(command)
    return twin, stream


def test_a_command_is_a_cache_line_and_a_response_half_of_one() -> None:
    assert (COMMAND.itemsize, RESPONSE.itemsize) == (64, 32)


@pytest.mark.parametrize("seed", [1, 2])
def test_cython_answers_as_the_twin_does(seed: int) -> None:
    commands = Stream(seed).commands(SIZE)
    found = answers(commands)
    twin = CardTwin()
    for index, command in enumerate(unpacked(commands)):
        assert tuple(found[index].tolist()) == twin.apply(command), (seed, index, command)


def test_a_stream_denies_for_each_reason_and_accepts_many() -> None:
    commands = Stream(1).commands(20_000)
    found = answers(commands)
    of_orders = found["verdict"][commands["op"] == ORDER]
    missing = [
        reason.name
        for reason in Reason
        if reason in CARD_REASONS and not (of_orders >> np.uint64(reason) & np.uint64(1)).any()
    ]
    assert missing == []
    assert (of_orders == 1 << 63).mean() > 0.2


CARD_REASONS = {
    *(Reason.MALFORMED, Reason.UNKNOWN_ACCOUNT, Reason.UNKNOWN_INSTRUMENT, Reason.KILL_SWITCH),
    *(Reason.HALTED_STATE, Reason.SESSION_CLOSED, Reason.NOT_PERMITTED, Reason.RESTRICTED),
    *(Reason.SIDE_LOCKED, Reason.REDUCING_STATE, Reason.ORDER_SIZE, Reason.ORDER_NOTIONAL),
    *(Reason.REFERENCE_MISSING, Reason.REFERENCE_STALE, Reason.PRICE_COLLAR, Reason.ORDER_RATE),
    *(Reason.REPLACE_RATE, Reason.POSITION_LIMIT, Reason.MARGIN, Reason.OVERFLOW),
}


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 60))
def test_what_is_released_was_taken_and_nothing_else(seed: int, count: int) -> None:
    twin, stream = loaded(seed)
    before = twin.accounts[1], twin.pairs[1, 2].sides
    taken = []
    for _ in range(count):
        stream.account, stream.instrument = 1, 2
        command = stream.order()
        if twin.apply(command).verdict == 1 << 63:
            taken.append(command)
    for command in reversed(taken):
        assert twin.apply(command._replace(op=RELEASE)).verdict == 1 << 63
    assert (twin.accounts[1], twin.pairs[1, 2].sides) == before


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 60))
def test_an_accepted_order_that_is_not_closing_leaves_money_and_credit(
    seed: int, count: int
) -> None:
    twin, stream = loaded(seed)
    for _ in range(count):
        command = stream.order()
        sides = twin.pairs[command.account, command.instrument].sides
        is_closing = command.lots <= -sides[command.side].worst
        response = twin.apply(command)
        if response.verdict == 1 << 63 and not is_closing:
            side = twin.pairs[command.account, command.instrument].sides[command.side]
            assert response.available >= 0
            assert side.worst <= side.limit


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 40))
def test_a_denied_or_refused_command_changes_no_money_and_no_lots(seed: int, count: int) -> None:
    twin, stream = loaded(seed)
    draws = (stream.order, stream.edge, stream.release, stream.fill, stream.money, stream.limit)
    for _ in range(count):
        command = stream.random.choice(draws)()
        accounts, pairs = dict(twin.accounts), {k: v.sides for k, v in twin.pairs.items()}
        if twin.apply(command).verdict != 1 << 63:
            assert {k: v for k, v in twin.accounts.items() if k in accounts} == accounts
            assert {k: v.sides for k, v in twin.pairs.items() if k in pairs} == pairs


@settings(max_examples=30)
@given(lots=st.integers(1, 10), filled=st.integers(0, 10), side=st.sampled_from((BUY, SELL)))
def test_a_fill_frees_the_other_side_and_keeps_the_own_worst_size(
    lots: int, filled: int, side: int
) -> None:
    twin, _ = loaded(3)
    row = {"account": 1, "instrument": 2}
    other = BUY + SELL - side
    before = twin.pairs[1, 2].sides
    twin.apply(Command(MONEY, account=1, amount=2**53))
    for _ in range(min(filled, lots)):
        assert twin.apply(Command(FILL, **row, side=side, lots=1)).verdict == 1 << 63
    after = twin.pairs[1, 2].sides
    assert after[side] == before[side]
    assert after[other].worst == before[other].worst - min(filled, lots)


def test_a_card_that_was_told_nothing_refuses_every_order() -> None:
    order = Stream(1).order()
    verdict = int(answers(packed([order]))["verdict"][0])
    assert verdict == 1 << 63 | 1 << Reason.MALFORMED
    assert answers(np.zeros(1, COMMAND))["verdict"][0] == verdict


def test_a_product_that_is_too_wide_is_refused_and_no_sum_is_made_of_it() -> None:
    """Debug traps a sum that does not fit: 2^10 lots at 2^53 need 2^63."""
    stream = Stream(1)
    words = {4: 1 << 50, 5: 0, **{16 + k: 0 for k in range(16)}}
    commands = [*stream.loads(), *words_of(1, BUY, words)]
    for op in (ORDER, RELEASE):
        wide = stream.order()._replace(op=op, side=BUY, price=1 << 34, lots=1 << 10)
        commands.append(wide._replace(account=1, instrument=1))
    found = answers(packed(commands))
    assert (found["verdict"][-2:] & np.uint64(1 << Reason.OVERFLOW) != 0).all()
    twin = CardTwin()
    assert [tuple(row) for row in found.tolist()] == [twin.apply(c) for c in commands]


def test_the_rtl_is_of_the_widths_that_the_host_states() -> None:
    header = dict(re.findall(r"#define CARD_(\w+) (\d+)", (NATIVE / "card.h").read_text()))
    package = dict(re.findall(r"int (\w+) = (\d+);", (RTL / "card_pkg.sv").read_text()))
    for key, size in (("ACCOUNT", "ACCOUNTS"), ("INSTRUMENT", "INSTRUMENTS")):
        assert 1 << int(package[f"{key}_BITS"]) == int(header[size])
    assert 1 << int(package["SESSION_BITS"]) == int(header["SESSIONS"])
    assert package["SCENARIOS"] == header["SCENARIOS"]
    for name in ("LANE", "CREDIT", "MONEY", "RATE", "PRICE", "QTY", "TIME", "FRACTION"):
        assert package[name] == header[f"{name}_BITS"], name


def test_as_many_responses_as_commands_are_asked_for() -> None:
    with pytest.raises(ValueError, match="1 commands need as many responses, got 2"):
        Card().apply(np.zeros(1, COMMAND), np.zeros(2, RESPONSE))
