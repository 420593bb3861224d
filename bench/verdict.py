"""One full verdict with its hold, in C: python bench/verdict.py.

Every control of RISK.md is on, the chain has four levels (sub-account, owner group, shared
master, firm), margin is checked at two. Timed is what lies between a record and its verdict: its
rows found, well-formedness, all checks, all counts, the order's row, and holds on all levels; not
the id's table and the record that is routed. Hot: an account with 1 to 500 positions, orders in
one of them. Uniform: 2,000 accounts x 256 instruments, drawn; prefetched: each batch of 32 asks
for its rows first, and that is timed too. The median is over batches of the mean of a batch;
beside it the floor of the same run: four levels' credits compared and held, and nothing else.
"""

from typing import Any

import numpy as np
from rig.bench import Bench
from verdict_world import orders_of, tables_of, world

from tidegate.native.verdict_bench import BATCH, measure

HOT_POSITIONS = (1, 10, 50, 500)
ACCOUNTS, INSTRUMENTS = 2_000, 256
COLUMNS = {"p50": ".1f", "p10": ".1f", "p99": ".1f", "floor p50": ".1f", "over floor": ".1f"}
COLUMNS |= {"result": ""}


def tell(bench: Bench, name: str, found: tuple[Any, Any, int, int]) -> None:
    """One line of the table, without the first tenth of the rounds; all or none must pass."""
    taken, least, hashed, accepted = found
    if accepted != (taken.size * BATCH if name.startswith("accept") else 0):
        raise SystemExit(f"{name}: {accepted} of {taken.size * BATCH} orders were accepted")
    warm = max(len(taken) // 10, 1)
    ns, floor = (rows[warm:].ravel() / BATCH for rows in (taken, least))
    quick, middle, slow = map(float, np.percentile(ns, [10, 50, 99]))
    base = float(np.median(floor))
    values = (middle, quick, slow, base, middle / base, f"{hashed:016x}")
    bench.row(name, dict(zip(COLUMNS, values, strict=True)))


def hot(bench: Bench, model: str, count: int, rounds: int, seed: int, **fields: int) -> None:
    """One account with `count` positions; every order in the same instrument."""
    content = world(1, max(HOT_POSITIONS), model, pairs=8 * max(HOT_POSITIONS))
    owner = len(content.accounts)
    positions = [(owner, handle + 1) for handle in range(count)]
    tables = tables_of(content, positions, is_filled=True)
    orders = orders_of([positions[0]] * BATCH, seed, **fields)
    name = "deny" if fields else "accept"
    tell(bench, f"{name} hot {model} {count} positions", measure(tables, orders, rounds, False))


def uniform(bench: Bench, model: str, rounds: int, seed: int, *, is_fetched: bool) -> None:
    """Accounts and instruments drawn; every pair exists."""
    content = world(ACCOUNTS, INSTRUMENTS, model, pairs=(ACCOUNTS + 200) * INSTRUMENTS)
    first = len(content.accounts) - ACCOUNTS + 1
    pairs = [(first + a, handle + 1) for a in range(ACCOUNTS) for handle in range(INSTRUMENTS)]
    tables = tables_of(content, pairs, is_filled=False)
    draw = np.random.Generator(np.random.PCG64(seed))
    drawn = [pairs[index] for index in draw.integers(0, len(pairs), 2_048 * BATCH)]
    orders = orders_of(drawn, seed)
    name = "uniform, prefetched" if is_fetched else "uniform"
    tell(
        bench, f"accept {name} {model}", measure(tables, orders, max(rounds // 1000, 3), is_fetched)
    )


def main() -> None:
    """A line for each case."""
    bench = Bench("verdict", __doc__)
    bench.parser.add_argument("--rounds", type=int, default=20_000)
    options = bench.begin()
    rounds = 200 if options.small else options.rounds
    bench.line("rounds", f"{rounds} of {BATCH} verdicts, the floor by turns with them")
    bench.table("a verdict with its hold", "ns", COLUMNS)
    for model in ("net", "span"):
        for count in HOT_POSITIONS:
            hot(bench, model, count, rounds, options.seed)
        hot(bench, model, 1, rounds, options.seed, order_qty=5_000)
    if not options.small:
        for model in ("net", "span"):
            for is_fetched in (False, True):
                uniform(bench, model, rounds, options.seed, is_fetched=is_fetched)
    bench.end()


if __name__ == "__main__":
    main()
