"""What must hold after chaos, once all is quiet: nothing lost, nothing doubled, all sums equal."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
from load import Strategy
from victim import Victim

from tidegate import replay
from tidegate.audit import audit_run
from tidegate.demo import venues
from tidegate.native.tables import DTYPES, Tables
from tidegate.region import Region
from tidegate.run_dir import RunDir

# How a stage ends that nobody has killed, and what it says when a lane had lost something.
BAD_WORDS = re.compile(r"was ended by SIG(?!KILL)|exited with|are lost|Traceback|AssertionError")
# What a stage that starts on a full disk does until there is room.
FULL_DISK = re.compile(r"did not start: it exited with 1$|exited with 1; restart")


def problems_of(strategies: list[Strategy]) -> list[str]:
    """Each order has one end that its owner knows; fills and positions agree."""
    found = []
    for strategy in strategies:
        found += strategy.problems
        ended = sum(1 for order in strategy.orders if order.is_final)
        if ended != len(strategy.orders):
            found.append(f"{strategy.name}: {ended} of {len(strategy.orders)} orders have ended")
        if len(strategy.finals) != len(strategy.orders):
            found.append(
                f"{strategy.name}: {len(strategy.orders)} orders, {len(strategy.finals)} of them "
                "with a final report"
            )
        for account in strategy.accounts:
            held = {row.instrument: row.position for row in strategy.client.positions(account)}
            lots = sum(held.values())
            if lots != strategy.positions[account]:
                found.append(
                    f"{account}: risk has {lots} lots, its owner was told of fills of "
                    f"{strategy.positions[account]}"
                )
            working = strategy.client.orders(account)
            if working:
                found.append(f"{account}: risk has {len(working)} orders that work on")
    return found


def venue_differs(run_dir: RunDir, strategies: list[Strategy]) -> list[str]:
    """The venue's own position of the master is the sum of what the strategies were told."""
    total: Counter[str] = Counter()
    for strategy in strategies:
        total.update(strategy.positions)
    statement = venues.ask(run_dir.read_universe(), "statement")["SIM"]
    theirs = sum(statement["accounts"]["master"]["position"].values())
    ours = sum(total.values())
    return [] if theirs == ours else [f"master: the venue has {theirs} lots, we {ours}"]


def state_differs(run_dir: RunDir) -> list[str]:
    """After the stop: the audit, and replay to the state that risk had."""
    found = [str(finding) for finding in audit_run(run_dir)]
    regions = {name: Region.attach(run_dir.region(name), DTYPES[name]) for name in DTYPES}
    live = Tables({name: np.array(region.rows) for name, region in regions.items()})
    for region in regions.values():
        region.close()
    replayed = replay.replay(Path(run_dir.journal))
    if replayed.state_hash != live.state_hash():
        found.append(
            f"replay to {replayed.sequence} gives state {replayed.state_hash}, risk had "
            f"{live.state_hash()}"
        )
    return found


def logs_differ(victim: Victim, *, was_full: bool) -> list[str]:
    """No stage ended otherwise than by a kill, and no lane has lost anything."""
    found = []
    for path in (victim.log, *sorted(victim.run_dir.logs.glob("*.log"))):
        lines = [line for line in path.read_text().splitlines() if BAD_WORDS.search(line)]
        if was_full:
            lines = [line for line in lines if not FULL_DISK.search(line)]
        found += [f"{path.name}, {len(lines)} times: {line}" for line in lines[:3]]
    return found
