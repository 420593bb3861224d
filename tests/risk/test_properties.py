"""Properties of money, holds and replay that must hold for any numbers, on the compiled step."""

import itertools
import sys
from random import Random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from properties_rig import (
    CALL,
    CLOSE,
    FUTURE,
    LONG,
    PRICES,
    Trader,
    contracts,
    rich,
    shuffled,
)
from risk_rig import (
    CNY,
    GOLD,
    GROUP,
    INDEX,
    MASTER,
    OTHER_MASTER,
    SISTER,
    STRANGER,
    SUB,
    USD,
    Step,
    execution,
    mark,
    order,
    trade,
    universe,
)
from twin_desk import Desk
from twin_rig import Both, Replica
from twin_world import world

from tidegate.native.records import ExecType, Kind
from tidegate.universe import Capacity

LOTS = st.integers(1, 6)
SEEDS = st.integers(0, 1 << 32)
HELD = ("margin", "fee_held", "premium_held", "cash_held")


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_money_is_conserved_in_each_currency_with_fees_pools_and_rounding(seed: int) -> None:
    """1: what accounts own changes by what was traded and by fees, to the last unit."""
    rng = Random(seed)
    step = rich(contracts(fee_ppm=333, tick_value=7))
    traders = [Trader(step, account) for account in (SUB, SISTER, STRANGER)]
    traded = dict.fromkeys((USD, CNY), 0)
    for _ in range(25):
        one, lots = rng.choice(tuple(PRICES)), rng.choice((-3, -2, -1, 1, 2, 3))
        px = PRICES[one] + rng.randint(-9, 9)
        effect = CLOSE if can_close(step, traders[0], one, lots) else 0
        (traders[0] if effect else rng.choice(traders)).fill(one, lots, px, effect)
        row = step.tables.arrays["instruments"][one]
        traded[int(row["currency"])] -= lots * px * int(row["tick_value"])
    for currency, value in traded.items():
        rows = [step.balance(t.account, currency) for t in traders]
        cash = sum(row["cash"] - row["initial_cash"] + row["fees"] for row in rows)
        costs = sum(cost(step, t.account, currency) for t in traders)
        assert cash - costs == value


def can_close(step: Step, trader: Trader, one: int, lots: int) -> bool:
    net = step.pair(trader.account, one)["net"]
    return one == INDEX and net * lots < 0 and abs(lots) <= abs(net)


def cost(step: Step, account: int, currency: int) -> int:
    """What the open positions of an account cost."""
    total = 0
    for one in PRICES:
        if int(step.tables.arrays["instruments"]["currency"][one]) == currency:
            row = step.pair(account, one)
            total += row["open_cost"]
            if row["sides"]:
                total -= int(step.tables.arrays["sides"]["short_cost"][row["sides"]])
    return total


def test_a_pool_owns_what_its_members_own_and_held_is_never_negative() -> None:
    """1, 2: with the twin's own recomputation from orders and fills at every record."""
    both = Both(3)
    desk = Desk(3, both.twin)
    for row in [*desk.opening(), *(None for _ in range(300))]:
        both.run(desk.next() if row is None else row)
        balances = both.tables.arrays["balances"]
        assert all((balances[name] >= 0).all() for name in HELD)
    pool = [int(balances[3 * 4 + c]["cash"] - balances[3 * 4 + c]["initial_cash"]) for c in (1, 2)]
    members = [
        sum(
            int(balances[a * 4 + c]["cash"] - balances[a * 4 + c]["initial_cash"]) for a in (11, 12)
        )
        for c in (1, 2)
    ]
    assert pool == members


@settings(max_examples=10, deadline=None)
@given(orders=st.lists(st.tuples(st.sampled_from(tuple(PRICES)), LOTS), min_size=1, max_size=5))
def test_nothing_is_held_without_position_and_order(orders: list[tuple[int, int]]) -> None:
    """3: at every level, in every model, after fills, closes and cancels."""
    step = rich()
    trader = Trader(step)
    for one, lots in orders:
        number = trader.work(one, lots)
        step.run(execution(number, ExecType.EXEC_CANCELED, exec_id=number))
        trader.fill(one, lots)
        trader.fill(one, -lots, effect=CLOSE)
    for account, currency in itertools.product(range(1, 9), (USD, CNY)):
        row = step.balance(account, currency)
        assert {row[name] for name in HELD} == {0}
        assert row["cash"] == row["initial_cash"] - row["fees"]
        assert row["notional"] == row["unrealised"] == 0


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, one=st.sampled_from((GOLD, INDEX, FUTURE)))
def test_any_order_of_the_same_fills_and_cancels_ends_in_the_same_state(
    seed: int, one: int
) -> None:
    """4: position, money together with its open cost, and holds."""
    ends = set()
    for shuffle in range(3):
        step = rich()
        trader = Trader(step)
        rows = []
        for lots in (4, 5, -3, -6):
            number = trader.work(one, lots)
            filled = Random(seed + lots).randint(1, abs(lots))
            px = PRICES[one] + Random(seed * 7 + lots).randint(-20, 20)
            rows.append(trade(number, 0, filled, px))
            if filled < abs(lots):
                rows.append(execution(number, ExecType.EXEC_CANCELED))
        for row in shuffled(rows, seed + shuffle):
            step.run(row)
        pair = step.pair(SUB, one)
        currency = int(step.tables.arrays["instruments"]["currency"][one])
        money = step.balance(SUB, currency)
        owned = money["cash"] - cost(step, SUB, currency)
        held = tuple(money[name] for name in HELD)
        room = pair["buy_credit"], pair["sell_credit"], pair["gross_credit"]
        ends.add((pair["net"], *held, *room, owned, money["cash"] + money["unrealised"]))
    assert len(ends) == 1


@settings(max_examples=5, deadline=None)
@given(seed=SEEDS)
def test_replay_of_the_same_records_is_byte_identical(seed: int) -> None:
    """8: state, routes and reports."""
    both = Both(seed)
    desk = Desk(seed, both.twin)
    rows = []
    for row in [*desk.opening(), *(None for _ in range(60))]:
        rows.append(desk.next() if row is None else row)
        both.run(rows[-1])
    again = Replica(seed)
    outputs = [again.step(row) for row in rows]
    assert again.tables.state_hash() == both.tables.state_hash()
    assert outputs == both.outputs


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, ranks=st.permutations((0, 1, 2, 3)))
def test_shuffled_instrument_ids_give_the_same_verdicts(seed: int, ranks: list[int]) -> None:
    """9: margin of other symbols counts, wherever they are stored."""
    handles = {old + 1: ranks.index(old) + 1 for old in range(4)}
    rows = contracts()
    moved = tuple(
        msgspec.structs.replace(rows[old], handle=new + 1) for new, old in enumerate(ranks)
    )
    assert verdicts(seed, {one: one for one in PRICES}, rows) == verdicts(seed, handles, moved)


def verdicts(seed: int, handles: dict[int, int], contents: Any) -> list[int]:
    rng = Random(seed)
    step = rich(contents, cash={USD: 900_000_000, CNY: 200_000_000})
    for one, price in PRICES.items():
        step.run(mark(handles[one], price))
    trader = Trader(step)
    found = []
    for _ in range(25):
        one, lots = rng.choice(tuple(PRICES)), rng.choice((-3, -2, -1, 1, 2, 3))
        row = trader.row(one, lots)
        row["instrument"] = handles[one]
        routes, _ = step.run(row)
        found.append(step.verdict)
        if routes and rng.random() < 0.5:
            step.run(trade(int(routes[0]["order_id"]), 1, abs(lots), PRICES[one]))
    return found


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_the_accounts_below_sum_to_the_level_above(seed: int) -> None:
    """10: lots, fills, and money with its open cost, to the last unit."""
    rng = Random(seed)
    step = rich()
    traders = [Trader(step, account) for account in (SUB, SISTER)]
    for _ in range(20):
        one, lots = rng.choice((GOLD, FUTURE, CALL)), rng.choice((-3, -2, -1, 1, 2, 3))
        rng.choice(traders).fill(one, lots, PRICES[one] + rng.randint(-9, 9))
    for one in (GOLD, FUTURE, CALL):
        rows = [step.pair(trader.account, one) for trader in traders]
        for level in (GROUP, MASTER, 1):
            above = step.pair(level, one)
            for name in ("net", "bought_qty", "fill_count"):
                assert above[name] == sum(row[name] for row in rows)
    owned = [owned_by(step, account) for account in (SUB, SISTER)]
    assert owned_by(step, MASTER) == (sum(a for a, _ in owned), sum(b for _, b in owned))
    assert step.balance(OTHER_MASTER)["cash"] == 0


def owned_by(step: Step, account: int) -> tuple[int, int]:
    """Cash less open cost since the start, and equity since the start."""
    row = step.balance(account)
    gained = row["cash"] - row["initial_cash"]
    return gained - cost(step, account, USD), gained + row["unrealised"]


@pytest.mark.parametrize("price", [-1, 0, -3_763, 1 << 53, -(1 << 53)])
def test_negative_zero_and_locked_prices_are_held_booked_and_marked(price: int) -> None:
    """11: a limit-locked market trades at one price, of any sign; the hold is by lots."""
    wide = msgspec.structs.replace(contracts()[0], collar_ticks=None, tick_value=1, fee_ppm=10)
    step = rich((wide, *contracts()[1:]))
    step.run(mark(GOLD, price))
    for side, lots in ((49, 2), (50, 2)):
        row = order(side, side=side, order_qty=lots, price=price)
        step.fill(row)
        assert step.pair(SUB, GOLD)["margin"] == (2 * LONG if side == 49 else 0)
        assert step.balance(SUB)["unrealised"] == 0
    fees = 4 * 23_200 + 2 * (2 * abs(price) * 10 // 1_000_000 + (abs(price) % 50_000 != 0))
    assert step.balance(SUB)["cash"] == step.balance(SUB)["initial_cash"] - fees


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


def test_the_world_of_the_twin_is_the_same_for_the_same_seed() -> None:
    assert world(11) == world(11)
