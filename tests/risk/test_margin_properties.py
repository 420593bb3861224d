"""Properties of margin that must hold for any portfolio, on the compiled step."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties_rig import (
    CALL,
    CALL_LOSSES,
    FUTURE,
    LONG,
    LOSSES,
    PRICES,
    SHORT,
    SIDE_LOT,
    UNIT,
    Trader,
    contracts,
    margin_credit,
    rich,
)
from risk_rig import (
    CNY,
    GOLD,
    INDEX,
    MASTER,
    SUB,
    USD,
    Step,
)

from tidegate.universe import Scan

LOTS = st.integers(1, 6)
SIGNED = st.integers(-6, 6)


def margin(step: Step, account: int = SUB) -> int:
    """Of both currencies together: each is moved by its own model alone."""
    return step.balance(account, USD)["margin"] + step.balance(account, CNY)["margin"]


def reachable(net: int, orders: list[int]) -> list[int]:
    """All positions that some fills of the orders lead to."""
    steps = [range(0, lots + (1 if lots > 0 else -1), 1 if lots > 0 else -1) for lots in orders]
    return [net + sum(fills) for fills in itertools.product(*steps)]


@settings(max_examples=15, deadline=None)
@given(net=SIGNED, orders=st.lists(SIGNED.filter(bool), max_size=4))
def test_held_is_the_margin_of_the_worst_reachable_position(net: int, orders: list[int]) -> None:
    """5, NET: brute force over all partial fills, and exactly their maximum."""
    step = rich()
    trader = Trader(step)
    if net:
        trader.fill(GOLD, net)
    for lots in orders:
        trader.work(GOLD, lots)
    worst = max(max(LONG * q, -SHORT * q) for q in reachable(net, orders))
    assert step.pair(SUB, GOLD)["margin"] == worst


@settings(max_examples=15, deadline=None)
@given(longs=LOTS, shorts=LOTS, orders=st.lists(SIGNED.filter(bool), max_size=4))
def test_held_by_sides_covers_every_reachable_position(
    longs: int, shorts: int, orders: list[int]
) -> None:
    """5, SIDES: long and short lots are margined apart, and no fill needs more than is held."""
    step = rich()
    trader = Trader(step)
    trader.fill(INDEX, longs)
    trader.fill(INDEX, -shorts)
    for lots in orders:
        trader.work(INDEX, lots)
    worst = SIDE_LOT * (longs + shorts + sum(map(abs, orders)))
    assert step.pair(SUB, INDEX)["margin"] == worst


@settings(max_examples=15, deadline=None)
@given(
    nets=st.tuples(SIGNED, SIGNED),
    futures=st.lists(SIGNED.filter(bool), max_size=2),
    calls=st.lists(SIGNED.filter(bool), max_size=2),
)
def test_held_by_span_covers_the_scan_of_every_reachable_position(
    nets: tuple[int, int], futures: list[int], calls: list[int]
) -> None:
    """5, SPAN: sixteen scenarios, every subset of fills of both contracts."""
    step = rich()
    trader = Trader(step)
    for one, net, orders in zip((FUTURE, CALL), nets, (futures, calls), strict=True):
        if net:
            trader.fill(one, net)
        for lots in orders:
            trader.work(one, lots)
    worst = max(
        scan(first, second)
        for first in reachable(nets[0], futures)
        for second in reachable(nets[1], calls)
    )
    shorts = max(0, *(-q for q in reachable(nets[1], calls)))
    assert step.balance(SUB)["margin"] == UNIT * max(worst, 4 * shorts)


def scan(futures: int, calls: int) -> int:
    losses = zip(LOSSES, CALL_LOSSES, strict=True)
    return max(0, *(futures * first + calls * second for first, second in losses))


@settings(max_examples=15, deadline=None)
@given(orders=st.lists(st.tuples(st.sampled_from((GOLD, INDEX, FUTURE)), SIGNED.filter(bool))))
def test_one_more_order_never_lowers_what_is_held(orders: list[tuple[int, int]]) -> None:
    """6: in every model."""
    step = rich()
    trader = Trader(step)
    for one, lots in orders:
        before = margin(step), margin(step, MASTER)
        trader.work(one, lots)
        assert margin(step) >= before[0]
        assert margin(step, MASTER) >= before[1]


@pytest.mark.parametrize("scale", [2, 3, 7])
def test_what_is_held_is_homogeneous_in_lots(scale: int) -> None:
    """6: twice the lots, twice the margin, by net, by sides and by SPAN."""
    steps = rich(), rich()
    for step, times in zip(steps, (1, scale), strict=True):
        trader = Trader(step)
        for one in PRICES:
            trader.fill(one, 2 * times)
            trader.work(one, 3 * times)
            trader.work(one, -4 * times)
    assert margin(steps[1]) == scale * margin(steps[0])


def test_span_of_nothing_is_nothing() -> None:
    """7."""
    step = rich()
    trader = Trader(step)
    for one in (FUTURE, CALL):
        trader.fill(one, 3)
        trader.fill(one, -3)
    assert step.balance(SUB)["margin"] == 0


@settings(max_examples=10, deadline=None)
@given(net=SIGNED, orders=st.lists(SIGNED.filter(bool), max_size=3))
def test_span_of_the_mirrored_portfolio_in_the_mirrored_array_is_the_same(
    net: int, orders: list[int]
) -> None:
    """7: long and short flip."""
    mirrored = Scan(unit=UNIT, losses=tuple(-loss for loss in LOSSES), delta=-10_000)
    ends = []
    for contents, sign in ((contracts(), 1), (contracts(scan=mirrored), -1)):
        step = rich(contents)
        trader = Trader(step)
        if net:
            trader.fill(FUTURE, sign * net)
        for lots in orders:
            trader.work(FUTURE, sign * lots)
        ends.append(step.balance(SUB)["margin"])
    assert ends[0] == ends[1]


@settings(max_examples=10, deadline=None)
@given(first=st.tuples(SIGNED, SIGNED), second=st.tuples(SIGNED, SIGNED))
def test_span_of_two_portfolios_together_is_at_most_the_sum(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    """7: subadditive, with intra spreads charged too."""
    contents = contracts(scan=Scan(unit=UNIT, losses=LOSSES, delta=10_000, intra_rate=0))
    held = []
    for parts in ([first], [second], [first, second]):
        step = rich(contents)
        trader = Trader(step)
        for lots in (pair for part in parts for pair in zip((FUTURE, CALL), part, strict=True)):
            if lots[1]:
                trader.fill(*lots)
        held.append(step.balance(SUB)["margin"])
    assert held[2] <= held[0] + held[1]


@pytest.mark.parametrize("amount", [0, 1, 1_200_000, 1 << 60])
def test_a_margin_credit_is_not_negative_and_at_most_what_is_held(amount: int) -> None:
    """7: and falls back to nothing with the next fill."""
    step = rich()
    trader = Trader(step)
    trader.fill(FUTURE, 2)
    held = step.balance(SUB)["margin"]
    margin_credit(step, amount)
    row = step.balance(SUB)
    assert row["margin_credit"] == min(amount, held)
    assert row["margin"] == held - row["margin_credit"] >= 0
    trader.fill(FUTURE, 1)
    assert step.balance(SUB)["margin_credit"] == 0
