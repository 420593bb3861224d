"""Properties of holds that must hold for any numbers, and a step that allocates nothing."""

import itertools
import sys
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from risk_rig import (
    BUY,
    GOLD,
    MASTER,
    MILLION,
    SELL,
    SUB,
    USD,
    Step,
    changed,
    execution,
    order,
    trade,
    universe,
)

from tidegate.native.records import ExecType, Kind
from tidegate.universe import Capacity

LOTS = st.integers(0, 6)
LONG, SHORT = 88_000_000, 80_000_000


def rich() -> Step:
    return Step(universe(accounts=changed(SUB, cash={USD: 100 * MILLION})))


def with_orders(step: Step, net: int, buys: list[int], sells: list[int]) -> list[tuple[int, int]]:
    """A position and working orders; (order_id, signed lots) of each."""
    if net:
        step.fill(order(1, side=BUY if net > 0 else SELL, order_qty=abs(net)))
    found = []
    for number, lots in enumerate([*buys, *(-lots for lots in sells)], 2):
        if lots:
            side = BUY if lots > 0 else SELL
            found.append((step.accept(order(number, side=side, order_qty=abs(lots))), lots))
    return found


@settings(max_examples=20, deadline=None)
@given(net=st.integers(-6, 6), buys=st.lists(LOTS, max_size=2), sells=st.lists(LOTS, max_size=2))
def test_held_is_the_margin_of_the_worst_reachable_position(
    net: int, buys: list[int], sells: list[int]
) -> None:
    """Property 5: brute force over all partial fills, and exactly their maximum."""
    step = rich()
    orders = with_orders(step, net, buys, sells)
    ranges = [range(0, lots + (1 if lots > 0 else -1), 1 if lots > 0 else -1) for _, lots in orders]
    worst = max(
        max(LONG * position, -SHORT * position)
        for fills in itertools.product(*ranges)
        for position in [net + sum(fills)]
    )
    assert step.pair(SUB, GOLD)["margin"] == worst


@settings(max_examples=10, deadline=None)
@given(net=st.integers(-6, 6), first=LOTS, second=LOTS)
def test_one_more_order_never_lowers_what_is_held(net: int, first: int, second: int) -> None:
    """Property 6."""
    step = rich()
    held = 0
    for number, (side, lots) in enumerate(((BUY, abs(net)), (SELL, first), (BUY, second)), 1):
        if lots:
            step.accept(order(number, side=side, order_qty=lots))
        assert step.pair(SUB, GOLD)["margin"] >= held
        held = step.pair(SUB, GOLD)["margin"]


@pytest.mark.parametrize("scale", [2, 3])
def test_what_is_held_is_homogeneous_in_lots(scale: int) -> None:
    once, more = rich(), rich()
    with_orders(once, 2, [3], [4])
    with_orders(more, 2 * scale, [3 * scale], [4 * scale])
    assert more.pair(SUB, GOLD)["margin"] == scale * once.pair(SUB, GOLD)["margin"]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_any_order_of_the_same_fills_and_cancels_ends_in_the_same_state(seed: int) -> None:
    """Property 4: position, money together with its open cost, and holds."""
    ends = set()
    for shuffle in range(3):
        step = rich()
        orders = with_orders(step, 0, [4, 5], [3, 6])
        rows = []
        for number, lots in orders:
            filled = Random(seed + number).randint(1, abs(lots))
            price = 13_000 + Random(seed * 7 + number).randint(-20, 20)
            rows.append(trade(number, 0, filled, price))
            if filled < abs(lots):
                rows.append(execution(number, ExecType.EXEC_CANCELED))
        Random(seed + shuffle).shuffle(rows)
        for row in rows:
            step.run(row)
        pair, balance = step.pair(SUB, GOLD), step.balance(SUB)
        held = pair["margin"], balance["fee_held"], pair["open_buy"], pair["open_sell"]
        money = balance["cash"] - pair["open_cost"], balance["fees"]
        equity = balance["cash"] + balance["unrealised"]
        ends.add((pair["net"], *held, *money, equity))
    assert len(ends) == 1


def test_nothing_is_held_without_position_and_order() -> None:
    """Properties 2, 3: at every level."""
    step = rich()
    step.fill(order(1, order_qty=7))
    step.fill(order(2, side=SELL, order_qty=7))
    for account in (1, MASTER, 4, SUB):
        balance = step.balance(account)
        assert balance["margin"] == balance["fee_held"] == 0
        assert balance["cash"] == balance["initial_cash"] - balance["fees"]


def test_twenty_thousand_records_allocate_nothing() -> None:
    step = Step(universe(capacity=Capacity(orders=1024, pairs=64, cl_ord_ids=1 << 16)))
    count = 20_000
    rows = np.concatenate([order(1)] * count)
    rows["cl_ord_id"] = np.arange(1, count + 1)
    rows["order_qty"][::2] = 99
    rows["kind"][::5] = int(Kind.MARK)
    rows["sequence"] = np.arange(1, count + 1) + step.risk("sequence")
    step.pretrade.replay(rows[:100].copy())
    warm = rows[100:].copy()
    before = sys.getallocatedblocks()
    step.pretrade.replay(warm)
    assert sys.getallocatedblocks() - before < 50
    assert step.risk("denied") > 0
    assert step.risk("accepted") > 0
