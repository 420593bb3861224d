"""One full verdict with its hold, in C: python bench/verdict.py [--rounds N] [--seed S].

Every control of RISK.md is on, the chain has four levels (sub-account, owner group, shared
master, firm), margin is checked at two. Timed is what lies between a record and its verdict: its
rows found, well-formedness, all checks, all counts, the order's row, and holds on all levels; not
the id's table and the record that is routed. Hot: an account with 1 to 500 positions, orders in
one of them. Uniform: 2,000 accounts x 256 instruments, drawn; prefetched: each batch of 32 asks
for its rows first, and that is timed too. The median is over batches of the mean of a batch;
beside it the floor of the same run: four levels' credits compared and held, and nothing else.
"""

import argparse
import platform
from pathlib import Path
from typing import Any

import numpy as np
from verdict_world import orders_of, tables_of, world

from tidegate.native.build import PROFILE
from tidegate.native.verdict_bench import BATCH, measure

HOT_POSITIONS = (1, 10, 50, 500)
ACCOUNTS, INSTRUMENTS = 2_000, 256


def machine() -> str:
    """The processor and the kernel, as the system names them."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{names[0] if names else platform.processor()} x {len(names)}, {platform.release()}"


def tell(name: str, found: tuple[Any, Any, int, int]) -> None:
    """One line of the table, without the first tenth of the rounds; all or none must pass."""
    taken, least, hashed, accepted = found
    if accepted != (taken.size * BATCH if name.startswith("accept") else 0):
        raise SystemExit(f"{name}: {accepted} of {taken.size * BATCH} orders were accepted")
    warm = max(len(taken) // 10, 1)
    ns, floor = (rows[warm:].ravel() / BATCH for rows in (taken, least))
    quick, middle, slow = np.percentile(ns, [10, 50, 99])
    base = np.median(floor)
    print(
        f"{name:34} {middle:8.1f} {quick:8.1f} {slow:8.1f} {base:8.1f} {middle / base:6.1f}"
        f"  {hashed:016x}"
    )


def hot(model: str, count: int, rounds: int, seed: int, **fields: int) -> None:
    """One account with `count` positions; every order in the same instrument."""
    content = world(1, max(HOT_POSITIONS), model, pairs=8 * max(HOT_POSITIONS))
    owner = len(content.accounts)
    positions = [(owner, handle + 1) for handle in range(count)]
    tables = tables_of(content, positions, is_filled=True)
    orders = orders_of([positions[0]] * BATCH, seed, **fields)
    name = "deny" if fields else "accept"
    tell(f"{name} hot {model} {count} positions", measure(tables, orders, rounds, False))


def uniform(model: str, rounds: int, seed: int, *, is_fetched: bool) -> None:
    """Accounts and instruments drawn; every pair exists."""
    content = world(ACCOUNTS, INSTRUMENTS, model, pairs=(ACCOUNTS + 200) * INSTRUMENTS)
    first = len(content.accounts) - ACCOUNTS + 1
    pairs = [(first + a, handle + 1) for a in range(ACCOUNTS) for handle in range(INSTRUMENTS)]
    tables = tables_of(content, pairs, is_filled=False)
    draw = np.random.Generator(np.random.PCG64(seed))
    drawn = [pairs[index] for index in draw.integers(0, len(pairs), 2_048 * BATCH)]
    orders = orders_of(drawn, seed)
    name = "uniform, prefetched" if is_fetched else "uniform"
    tell(f"accept {name} {model}", measure(tables, orders, max(rounds // 1000, 3), is_fetched))


def main() -> None:
    """Print the machine, the build, the seed, and a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--small", action="store_true", help="hot cases alone, few rounds")
    options = parser.parse_args()
    if PROFILE != "release":
        parser.error(f"this is the {PROFILE} build; only release is worth timing")
    rounds = 200 if options.small else options.rounds
    print(f"machine {machine()}; build {PROFILE}; seed {options.seed}; rounds {rounds}")
    heads = "".join(f"{head:>9}" for head in ("median", "p10", "p99", "floor"))
    print(f"{'ns a verdict with its hold':34}{heads}{'ratio':>7}  hash")
    for model in ("net", "span"):
        for count in HOT_POSITIONS:
            hot(model, count, rounds, options.seed)
        hot(model, 1, rounds, options.seed, order_qty=5_000)
    if not options.small:
        for model in ("net", "span"):
            for is_fetched in (False, True):
                uniform(model, rounds, options.seed, is_fetched=is_fetched)


if __name__ == "__main__":
    main()
