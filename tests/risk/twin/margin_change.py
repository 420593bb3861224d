"""Margin rates and arrays: staged, committed in one step; exact margin swapped in. RISK.md 5.7."""

from typing import Any

import msgspec

from twin.balances import Balance
from twin.refused import Numbers, RefusedError, need
from twin.state import MONEY_MAX, PPM, Contract, Row, State, Verdict

DELTA, INTRA, DELIVERY, SHORT_OPTION, VALUES, ROOM = 16, 17, 18, 19, 20, 24
INT32_MIN = -(1 << 31)
PARTS = {1, 2, 3, 4}


def stage(s: State, r: Row, part: int) -> None:
    """Under an epoch; a later one drops what was staged for the instrument before."""
    instrument, epoch = r["instrument"], r["epoch"]
    staged = {key: row for key, row in s.staged.items() if key[0] == instrument}
    need(epoch > s.epoch and all(row["epoch"] <= epoch for row in staged.values()))
    for key, row in staged.items():
        if row["epoch"] < epoch:
            del s.staged[key]
    s.staged[instrument, part] = r


def stage_rates(s: State, r: Row, verdict: Verdict) -> None:
    need(r["instrument"] in s.contracts)
    for side in ("long", "short"):
        lot, ppm = r[f"margin_{side}_lot"], r[f"margin_{side}_ppm"]
        need(0 <= lot <= MONEY_MAX and ppm <= PPM and (lot > 0 or ppm > 0))
    stage(s, r, 0)


def stage_array(s: State, r: Row, verdict: Verdict) -> None:
    need(r["instrument"] in s.contracts)
    need(s.contracts[r["instrument"]].scan is not None)
    need(r["first"] % 6 == 0 and r["first"] < ROOM)
    for index, value in enumerate(r["values"], r["first"]):
        need(value != INT32_MIN)
        need(value >= 0 or index not in (INTRA, DELIVERY, SHORT_OPTION))
        need(value == 0 or index < VALUES)
    stage(s, r, 1 + r["first"] // 6)


def commit(s: State, r: Row, verdict: Verdict) -> Numbers:
    """All that was staged under the epoch, or nothing."""
    epoch = r["order_qty"]
    need(epoch > s.epoch)
    found = {key: row for key, row in s.staged.items() if row["epoch"] == epoch}
    parts = {one: {part for other, part in found if other == one and part} for one, _ in found}
    is_whole = all(one in (set(), PARTS) for one in parts.values())
    counted = len(found) if is_whole else -1, 0, r["amount"]
    if not is_whole or not r["amount"] == len(found) > 0:
        raise RefusedError(*counted)
    for (instrument, part), row in found.items():
        contract = s.contracts[instrument]
        if part == 0:
            apply_rates(contract, row)
        else:
            apply_array(contract, row)
        del s.staged[instrument, part]
    s.epoch = epoch
    s.margin_credit.clear()
    return (*counted, 0, 0)


def apply_rates(contract: Contract, row: Row) -> None:
    """The venue's go with the client's where all of them were the same."""
    sides = ("long", "short")
    goes = all(contract.rates["client", one] == contract.rates["exchange", one] for one in sides)
    for side in sides:
        rate = row[f"margin_{side}_lot"], row[f"margin_{side}_ppm"]
        contract.rates["client", side] = rate
        if goes:
            contract.rates["exchange", side] = rate


def apply_array(contract: Contract, row: Row) -> None:
    scan = contract.scan
    assert scan is not None
    values = [*scan.losses, scan.delta, scan.intra_rate, scan.delivery_rate]
    values.append(scan.short_option_rate)
    for index, value in enumerate(row["values"], row["first"]):
        if index < VALUES:
            values[index] = value
    named: dict[str, Any] = {
        "losses": tuple(values[:DELTA]),
        "delta": values[DELTA],
        "intra_rate": values[INTRA],
        "delivery_rate": values[DELIVERY],
        "short_option_rate": values[SHORT_OPTION],
    }
    contract.scan = msgspec.structs.replace(scan, **named)


def credit(s: State, r: Row, verdict: Verdict) -> None:
    """The exact margin of an account is lower than its hold by `amount`."""
    need(r["account"] in s.traders and r["currency"] in s.currencies and r["amount"] >= 0)
    now = s.traders[r["account"]].fill_count, s.epoch
    if now != (r["order_qty"], r["cl_ord_id"]):
        s.counts["stale_credits"] += 1
        return
    key = r["account"], r["currency"]
    s.margin_credit[key] = min(r["amount"], Balance(s, *key).gross_margin)
