"""The demo's proofs: each compares two independent accounts of the same thing.

A proof is a sentence and what contradicts it; empty = it holds.
"""

from typing import Any, NamedTuple

from tidegate import counters, replay
from tidegate.audit import audit_run
from tidegate.backend import NATIVE
from tidegate.demo.outcome import Outcome
from tidegate.errors import TidegateError
from tidegate.inspect import Inspector
from tidegate.native.records import Level
from tidegate.native.tables import DTYPES
from tidegate.native.tables import state_hash as hash_of
from tidegate.reconciliation.report import NOT_COMPARED, SAME, Line
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.working import working_lots

# Marks never stop on "executions": there only gaps can be told.
COUNTED_LANES = ("orders", "routes", "reports")


class Proof(NamedTuple):
    """A claim, and what was found against it."""

    claim: str
    against: list[str]


def prove(
    run_dir: RunDir, outcomes: list[Outcome], statements: dict[str, Any], lines: list[Line]
) -> list[Proof]:
    """All proofs that need the regions; the run must be idle. `lines` = its last reconciliation."""
    return [
        Proof("every order sent has exactly one final state", finals(outcomes)),
        Proof("risk saw every order that was sent, once", seen(run_dir, outcomes)),
        Proof(
            "holds equal their recomputation, sub-accounts sum to their masters and the firm",
            audit_run(run_dir),
        ),
        Proof(
            "masters equal the venues' statements, positions and money", venues(run_dir, statements)
        ),
        Proof(
            "reconciliation looked at each venue while it traded, and at the end nothing differs",
            reconciled(run_dir, lines),
        ),
        Proof("nothing is held when flat and idle", idle(run_dir)),
        Proof("no lane lost, damaged or doubled a record", lanes(run_dir)),
    ]


def finals(outcomes: list[Outcome]) -> list[str]:
    """From each strategy's raw reports."""
    against = []
    for each in outcomes:
        if each.final != each.sent or each.doubled or each.unfinished:
            against.append(
                f"{each.session}: {each.sent} orders sent, {each.final} with a final report, "
                f"{each.doubled} with several, {len(each.unfinished)} without"
            )
    return against


def seen(run_dir: RunDir, outcomes: list[Outcome]) -> list[str]:
    """What the strategies sent against what risk accepted and denied."""
    risk = Region.attach(run_dir.region("risk"), DTYPES["risk"]).rows[0]
    sent = sum(each.sent for each in outcomes)
    # Refused by the gateway: risk has not seen these.
    stopped = sum(
        count
        for each in outcomes
        for reason, count in each.denied.items()
        if reason in ("LANE_FULL", "ACCOUNT_NOT_OF_SESSION")
    )
    decided = int(risk["accepted"]) + int(risk["denied"])
    if sent - stopped == decided:
        return []
    return [f"{sent} sent, {stopped} refused by the gateway, {decided} decided by risk"]


def venues(run_dir: RunDir, statements: dict[str, Any]) -> list[str]:
    """Each master's position, traded value and fees in each instrument, to the last unit."""
    universe = run_dir.read_universe()
    pairs = Region.attach(run_dir.region("pairs"), DTYPES["pairs"]).rows
    codes = {each.handle: each.venue_code for each in universe.instruments}
    against = []
    for master in universe.accounts:
        if master.level != Level.MASTER:
            continue
        venue = universe.venues[master.venue - 1].name
        stated = statements[venue]["accounts"][master.name]["codes"]
        ours = {
            codes[int(row["instrument"])]: row for row in pairs if row["account"] == master.handle
        }
        for code in sorted(stated.keys() | ours.keys()):
            said = stated.get(code, {"position": 0, "volume": 0})
            row = ours.get(code)
            net = int(row["net"]) if row is not None else 0
            # A day starts flat: sold = bought - net.
            volume = int(2 * row["bought_qty"] - row["net"]) if row is not None else 0
            if (net, volume) != (said["position"], said["volume"]):
                against.append(
                    f"{master.name} {code}: position {net}, volume {volume}; "
                    f"{venue} says {said['position']}, {said['volume']}"
                )
        against += money(run_dir, master.handle, f"{master.name} at {venue}", stated)
    return against


def reconciled(run_dir: RunDir, lines: list[Line]) -> list[str]:
    """Lots, traded value and orders of each master as its stage compares them, and what stands."""
    against = [
        f"{line.account} {line.what}: ours {line.ours}, {line.venue} says {line.theirs}"
        for line in lines
        if line.state not in (SAME, NOT_COMPARED)
    ]
    universe = run_dir.read_universe()
    compared = {line.account for line in lines}
    counted = counters.read(run_dir).get("reconcile", {})
    against += [
        f"{account.name} was not compared"
        for account in universe.accounts
        if account.level == Level.MASTER and account.name not in compared
    ]
    against += [
        f"{venue.name} was not looked at"
        for venue in universe.venues
        if not counted.get(f"{venue.name}.looks")
    ]
    risk = Region.attach(run_dir.region("risk"), DTYPES["risk"]).rows[0]
    if risk["break_count"]:
        against.append(f"{int(risk['break_count'])} differences stand")
    return against


def money(run_dir: RunDir, account: int, name: str, stated: dict[str, Any]) -> list[str]:
    """cash - initial_cash - open_cost + fees = traded value, over a master's instruments."""
    universe = run_dir.read_universe()
    stride = len(universe.currencies) + 1
    balances = Region.attach(run_dir.region("balances"), DTYPES["balances"]).rows
    pairs = Region.attach(run_dir.region("pairs"), DTYPES["pairs"]).rows
    own = balances[account * stride : (account + 1) * stride]
    fees = int(own["fees"].sum())
    cost = int(pairs["open_cost"][pairs["account"] == account].sum())
    traded = int((own["cash"] - own["initial_cash"]).sum()) + fees - cost
    said = (
        sum(each["traded_value"] for each in stated.values()),
        sum(each["fees"] for each in stated.values()),
    )
    if (traded, fees) == said:
        return []
    return [f"{name}: traded value {traded}, fees {fees}; the venue says {said[0]}, {said[1]}"]


def idle(run_dir: RunDir) -> list[str]:
    """No position, no working order, nothing held on any level."""
    pairs, sides, balances = (
        Region.attach(run_dir.region(name), DTYPES[name]).rows
        for name in ("pairs", "sides", "balances")
    )
    against = [
        f"{int(abs(pairs[field]).sum())} {field} left over all levels"
        for field in ("net", "margin", "open_cost", "unrealised")
        if pairs[field].any()
    ]
    against += [
        f"{int(lots.sum())} lots of working {side} left over all levels"
        for side, lots in zip(("buys", "sells"), working_lots(pairs, sides), strict=True)
        if lots.any()
    ]
    return against + [
        f"{field} {int(balances[field].sum())} left over all levels"
        for field in ("margin", "fee_held", "premium_held", "cash_held", "unrealised")
        if balances[field].any()
    ]


def lanes(run_dir: RunDir) -> list[str]:
    """The lanes' own counters: what was sent was taken, and nothing bad came."""
    against = []
    taken: dict[str, dict[str, int]] = {}
    for row in Inspector(run_dir).view("lanes"):
        lane = str(row["lane"])
        taken.setdefault(lane, {})[str(row["end"])] = int(row["records"])
        for column in ("bad", "gaps", "lost", "error"):
            if row[column]:
                against.append(f"lane {lane} at {row['stage']}: {column} {row[column]}")
    for lane in COUNTED_LANES:
        ends = taken[lane]
        if ends["in"] != ends["out"]:
            against.append(f"lane {lane}: {ends['out']} records sent, {ends['in']} taken")
    return against


def replays(run_dir: RunDir) -> Proof:
    """The journal again, against the regions that risk left; risk must have stopped."""
    arrays = {
        name: Region.attach(run_dir.region(name), dtype).rows for name, dtype in DTYPES.items()
    }
    left = hash_of(arrays)
    by_rules = "by the rules alone " if run_dir.read_universe().backend != NATIVE else ""
    claim = f"replaying the journal {by_rules}gives the same state hash {left[:16]}"
    try:
        done = replay.replay(run_dir.journal)
    except TidegateError as error:
        return Proof(claim, [str(error)])
    if done.state_hash == left:
        return Proof(f"{claim} after {done.sequence} records", [])
    return Proof(claim, [f"{done.sequence} records give {done.state_hash[:16]}"])
