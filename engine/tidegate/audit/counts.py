"""The day's counts of owner groups (RISK.md 5.9) from record to record, as far as orders tell."""

from collections import defaultdict
from collections.abc import Iterator

from tidegate.audit.state import OPEN, SLOT, Row, State, differs, pair_name
from tidegate.native.records import Kind, TimeInForce

IMMEDIATE = (TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL)
CANCELED = ord("4")
Key = tuple[int, int]


def counted(before: State, after: State, record: Row) -> Iterator[str]:
    """What the record has added to the counts that was not to be counted, or has left out.

    record: the head of any kind, and trd_match_id of an execution report.
    """
    canceled, large = _canceled(before, after)
    fill, match = _fill(before, after, record)
    asked = _asked(before, after, record)
    old = {(row["account"], row["instrument"]): before.days[row["day"]] for row in before.pairs}
    for pair in after.pairs[1:]:
        if not pair["day"]:
            continue
        key = pair["account"], pair["instrument"]
        day, was = after.days[pair["day"]], old.get(key, before.days[0])
        where = f"{pair_name(pair)}, its day"
        self_trades = int(key == fill and _matches(was, match))
        for name, added in (
            ("cancels", canceled[key]),
            ("large_cancels", large[key]),
            ("trades", int(key == fill)),
            ("self_trades", self_trades),
        ):
            yield from differs(where, f"change of {name}", day[name] - was[name], added)
        for name in ("orders", "replaces"):
            change = day[name] - was[name]
            if change not in asked[key, name]:
                yield f"{where}: change of {name} is {change}; expected {asked[key, name]}"


def _canceled(before: State, after: State) -> tuple[dict[Key, int], dict[Key, int]]:
    """Orders that the record has ended as Canceled with lots left, by group and instrument."""
    found: dict[Key, int] = defaultdict(int)
    large: dict[Key, int] = defaultdict(int)
    for was, now in zip(before.orders, after.orders, strict=False):
        if was["ord_status"] not in OPEN or now["ord_status"] != CANCELED:
            continue
        row = after.instruments[now["instrument"]]
        left = now["order_qty"] - now["cum_qty"]
        is_exempt = row["exempts_immediate"] and now["time_in_force"] in IMMEDIATE
        if left > 0 and not is_exempt:
            key = after.accounts[now["account"]]["group"], now["instrument"]
            found[key] += 1
            large[key] += 0 < row["large_cancel_qty"] <= left
    return found, large


def _fill(before: State, after: State, record: Row) -> tuple[Key, tuple[int, int]]:
    """The group and instrument of a fill, with its match and side; zeros when there is none."""
    if after.risk["fills"] == before.risk["fills"]:
        return (0, 0), (0, 0)
    if record["kind"] == Kind.ADJUSTMENT:
        return (after.accounts[record["account"]]["group"], record["instrument"]), (0, 0)
    order = after.orders[record["order_id"] & SLOT]
    key = after.accounts[order["account"]]["group"], order["instrument"]
    return key, (record["trd_match_id"], order["side"])


def _matches(was: Row, match: tuple[int, int]) -> bool:
    """Both sides of one match were the group's."""
    number, side = match
    return bool(number and was["last_match_id"] == number and was["last_match_side"] != side)


def _asked(before: State, after: State, record: Row) -> dict[tuple[Key, str], tuple[int, ...]]:
    """How many orders and replaces may have been counted: one that was routed surely was."""
    found: dict[tuple[Key, str], tuple[int, ...]] = defaultdict(lambda: (0,))
    if record["kind"] == Kind.NEW_ORDER_SINGLE and record["account"] < len(after.accounts):
        key = after.accounts[record["account"]]["group"], record["instrument"]
        is_new = after.risk["accepted"] > before.risk["accepted"] and not record["list_id"]
        found[key, "orders"] = (1,) if is_new else (0, 1)
    elif record["kind"] == Kind.CANCEL_REPLACE_REQUEST:
        named = record["session"], record["orig_cl_ord_id"]
        ids = {(row["session"], row["cl_ord_id"]): row["order_id"] for row in before.cl_ord_ids}
        slot = ids.get(named, 0) & SLOT
        was, now = before.orders[slot], after.orders[slot]
        key = after.accounts[now["account"]]["group"], now["instrument"]
        is_asked = now["is_replace_pending"] and not was["is_replace_pending"]
        found[key, "replaces"] = (1,) if is_asked else (0, 1)
    return found
