"""What a DAY_ROLL must have left: variation margin at settlement, lots a day older, a new day.

rolled(before, after) compares the tables of two moments, as Ledger does for every record.
"""

from collections.abc import Iterator

from tidegate.audit.money import own_values
from tidegate.audit.state import (
    Row,
    State,
    balance_name,
    differs,
    open_orders,
    own_deposits,
    pair_name,
)

COUNTED = ("orders", "replaces", "cancels", "large_cancels", "self_trades", "trades")
SIDES = ("long", "short")


def is_rolled(before: State, after: State) -> bool:
    """Whether the record that lies between has ended a day."""
    return bool(before.risk["business_day"] != after.risk["business_day"])


def rolled(before: State, after: State) -> Iterator[str]:
    """All that does not follow from the end of a day."""
    if after.risk["business_day"] < before.risk["business_day"]:
        yield f"risk: business_day went back to {after.risk['business_day']}"
    yield from _money(before, after)
    old = {(row["account"], row["instrument"]): row for row in before.pairs[1:]}
    for pair in after.pairs[1:]:
        was = old[pair["account"], pair["instrument"]]
        yield from _position(after, pair, before.instruments[pair["instrument"]])
        yield from _lots(before.sides[was["sides"]], after.sides[pair["sides"]], pair_name(pair))
        yield from differs(pair_name(pair), "net", pair["net"], was["net"])
        yield from differs(pair_name(pair), "bought_qty", pair["bought_qty"], pair["net"])
    yield from _counts(after)


def _money(before: State, after: State) -> Iterator[str]:
    """cash - open_cost + short_cost and fees stay; the day's profit starts at 0."""
    was, now = own_values(before), own_values(after)
    old, new = own_deposits(before), own_deposits(after)
    for index, row in enumerate(after.balances):
        where = balance_name(after, index)
        moved = now[index][0] + new[index] - was[index][0] - old[index]
        yield from differs(where, "cash less cost, over the end of a day,", moved, 0)
        yield from differs(where, "change of fees", now[index][1] - was[index][1], 0)
        yield from differs(where, "initial_cash", row["initial_cash"], _worth(row))
        yield from differs(where, "peak", row["peak"], 0)


def _worth(row: Row) -> int:
    return int(row["cash"] + row["unrealised"])


def _position(after: State, pair: Row, was: Row) -> Iterator[str]:
    """Every open lot stands at the settlement price."""
    row, sides = after.instruments[pair["instrument"]], after.sides[pair["sides"]]
    where = pair_name(pair)
    longs, shorts = pair["net"], 0
    if row["has_sides"]:
        longs, shorts = sides["long_yesterday"], sides["short_yesterday"]
    if not (longs or shorts or pair["net"]):
        return
    if not was["is_settled"]:
        yield f"{where}: a day ended without a settlement of its instrument"
    value = 0 if row["is_premium_paid"] else row["settlement_px"] * row["tick_value"]
    yield from differs(where, "open_cost at settlement", pair["open_cost"], longs * value)
    yield from differs(where, "short_cost at settlement", sides["short_cost"], shorts * value)


def _lots(was: Row, now: Row, where: str) -> Iterator[str]:
    """Today's are yesterday's, frozen ones too, and none is charged as today's."""
    for side in SIDES:
        for name in (side, f"frozen_{side}"):
            total = was[f"{name}_today"] + was[f"{name}_yesterday"]
            yield from differs(where, f"{name}_yesterday", now[f"{name}_yesterday"], total)
            yield from differs(where, f"{name}_today", now[f"{name}_today"], 0)
        yield from differs(where, f"charged_{side}_today", now[f"charged_{side}_today"], 0)
        yield from differs(where, f"{side}_today_cost", now[f"{side}_today_cost"], 0)


def _counts(after: State) -> Iterator[str]:
    """Nothing is counted, settled or remembered yet of the new day."""
    for index, day in enumerate(after.days[1:], 1):
        for name in (*COUNTED, "last_match_id", "last_match_side"):
            yield from differs(f"day {index}", name, day[name], 0)
    for account, row in enumerate(after.accounts[1:], 1):
        yield from differs(f"account {account}", "day_orders", row["day_orders"], 0)
    for handle, row in enumerate(after.instruments[1:], 1):
        yield from differs(f"instrument {handle}", "is_settled", row["is_settled"], 0)
    working = {order["order_id"] for _, order in open_orders(after)}
    for row in after.cl_ord_ids:
        where = f"session {row['session']}: cl_ord_id {row['cl_ord_id']}"
        yield from differs(where, "is_past", row["is_past"], row["order_id"] not in working)
    for slot, order in open_orders(after):
        yield from differs(f"order {slot}", "frozen_today", order["frozen_today"], 0)
