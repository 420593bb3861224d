"""What is derived from risk's rows, against rows whose lots are known."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tidegate.native.records import TradingState
from tidegate.native.tables import CREDIT_MAX, DTYPES
from tidegate.working import available, held, trading_state, working_lots

LOTS = st.integers(0, 1000)
LIMIT = st.one_of(st.just(-1), st.just(CREDIT_MAX), st.integers(0, 5000))


@given(net=st.integers(-1000, 1000), buys=LOTS, sells=LOTS, longs=LIMIT, shorts=LIMIT)
def test_working_lots_of_a_net_pair_follow_from_its_credits(
    net: int, buys: int, sells: int, longs: int, shorts: int
) -> None:
    pairs, sides = np.zeros(1, DTYPES["pairs"]), np.zeros(1, DTYPES["sides"])
    pairs["net"] = net
    pairs["all"]["max_long"], pairs["all"]["max_short"] = longs, shorts
    pairs["all"]["buy_credit"] = longs - (net + buys)
    pairs["all"]["sell_credit"] = shorts - (sells - net)
    assert [int(lots[0]) for lots in working_lots(pairs, sides)] == [buys, sells]


@given(lots=st.tuples(LOTS, LOTS, LOTS, LOTS), frozen=st.tuples(LOTS, LOTS, LOTS, LOTS), opens=LOTS)
def test_where_there_are_sides_closing_orders_are_working_lots_too(
    lots: tuple[int, int, int, int], frozen: tuple[int, int, int, int], opens: int
) -> None:
    pairs, sides = np.zeros(2, DTYPES["pairs"]), np.zeros(2, DTYPES["sides"])
    names = ("long_today", "long_yesterday", "short_today", "short_yesterday")
    for name, held_lots, asked in zip(names, lots, frozen, strict=True):
        sides[name][1], sides[f"frozen_{name}"][1] = held_lots, asked
    pairs["sides"][1] = 1
    pairs["all"]["max_long"][1] = pairs["all"]["max_short"][1] = 5000
    pairs["all"]["buy_credit"][1] = 5000 - (lots[0] + lots[1] + opens)
    pairs["all"]["sell_credit"][1] = 5000 - (lots[2] + lots[3])
    buys, sells = working_lots(pairs, sides)
    assert (buys[1], sells[1]) == (opens + frozen[2] + frozen[3], frozen[0] + frozen[1])
    assert (buys[0], sells[0]) == (0, 0)


def test_money_is_available_that_nothing_holds() -> None:
    balance = np.zeros(1, DTYPES["balances"])
    for place, name in enumerate(("cash", "credit_line", "unrealised")):
        balance[name] = 100 * 10**place
    for place, name in enumerate(("margin", "fee_held", "premium_held", "cash_held")):
        balance[name] = 10**place
    assert held(balance[0]) == 1111
    assert available(balance[0]) == 11100 - 1111


def test_the_worse_of_two_states_counts() -> None:
    account = np.zeros(1, DTYPES["accounts"])
    account["trading_state"], account["graded_state"] = TradingState.ACTIVE, TradingState.REDUCING
    assert trading_state(account[0]) == TradingState.REDUCING
    account["trading_state"] = TradingState.KILLED
    assert trading_state(account[0]) == TradingState.KILLED
