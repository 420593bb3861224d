"""What risk's rows say without storing it: working lots, states, and money that is free.

Risk keeps what may still be added (RISK.md 4); consoles and the auditor want what is there.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.native.records import TradingState

HELD = ("margin", "fee_held", "premium_held", "cash_held")
BACKING = ("cash", "credit_line", "unrealised")


def working_lots(
    pairs: npt.NDArray[Any], sides: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Lots that working buys and working sells hold, of each pair; closing orders included."""
    own = sides[pairs["sides"]]
    has_sides = pairs["sides"] != 0
    longs = own["long_today"].astype(np.int64) + own["long_yesterday"]
    shorts = own["short_today"].astype(np.int64) + own["short_yesterday"]
    closing_buys = own["frozen_short_today"].astype(np.int64) + own["frozen_short_yesterday"]
    closing_sells = own["frozen_long_today"].astype(np.int64) + own["frozen_long_yesterday"]
    limits = pairs["all"]
    buys = limits["max_long"] - limits["buy_credit"]
    sells = limits["max_short"] - limits["sell_credit"]
    return (
        np.where(has_sides, buys - longs + closing_buys, buys - pairs["net"]),
        np.where(has_sides, sells - shorts + closing_sells, sells + pairs["net"]),
    )


def trading_state(account: np.void) -> TradingState:
    """The worst of what an operator, a graded action and a difference with the venue set."""
    states = [int(account["trading_state"]), int(account["graded_state"])]
    if account["breaks"]:
        states.append(TradingState.REDUCING)
    return TradingState(max(states))


def held(balance: np.void) -> int:
    """Money of a balance that working orders, positions and pending moves hold."""
    return sum(int(balance[name]) for name in HELD)


def available(balance: np.void) -> int:
    """Money of a balance that a new order may use."""
    return sum(int(balance[name]) for name in BACKING) - held(balance)
