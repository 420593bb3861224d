"""Two commits or two settings by turns: python bench/compare.py A B --run "lanes --pin one".

A and B are commits, checked out and built below build/compare, or, with --settings, two strings of
options for the bench at the tree as it is ("" = none; a word alone as " --small"):
    python bench/compare.py --settings "--pin one" "--pin two" --run "pipeline --pairs 5"
Each pair runs the bench once on each side, every other pair the other way round. Printed is B over
A for each figure that both have, with a 95 % interval from a bootstrap over the pairs: a figure
whose interval holds 1 has not changed as far as these pairs can tell. The bench itself is this
tree's: a commit that lacks what the bench needs of the engine cannot be compared by it.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rig.bench import Bench
from rig.host import ROOT
from rig.samples import ratio

PLACE = ROOT / "build" / "compare"
COLUMNS = {"A": ",.3f", "B": ",.3f", "B over A": ".3f", "low": ".3f", "high": ".3f"}
# Of a table: these say how, not how much.
SETTINGS = ("rate",)


class Side(NamedTuple):
    """An engine and options."""

    name: str
    tree: Path
    options: list[str]


def built(commit: str) -> Path:
    """A worktree of the commit with its own release build."""
    git = ["git", "-C", str(ROOT)]
    found = subprocess.run(
        [*git, "rev-parse", "--verify", f"{commit}^{{commit}}"], capture_output=True, text=True
    )
    if found.returncode:
        raise SystemExit(f"no commit {commit!r}: {found.stderr.strip()}")
    sha = found.stdout.strip()
    tree = PLACE / sha[:12]
    if not tree.exists():
        # One that was deleted is still in git's list.
        do([*git, "worktree", "prune"], ROOT)
        do([*git, "worktree", "add", "-q", "--detach", str(tree), sha], ROOT)
    print(f"building {commit} in {tree.relative_to(ROOT)}", flush=True)
    do([sys.executable, "setup.py", "-q", "build_ext", "--inplace"], tree)
    return tree


def do(command: list[str], tree: Path) -> None:
    """Run something that has nothing to say unless it fails."""
    environment = os.environ | {"TIDEGATE_PROFILE": "release", "PYTHONPATH": str(tree / "engine")}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout)[-2_000:]
        raise SystemExit(f"{' '.join(command)} in {tree} ended with {done.returncode}\n{said}")


def run(side: Side, command: list[str]) -> dict[tuple[str, str, str], float]:
    """Every figure of one run, by table, row and column."""
    with tempfile.TemporaryDirectory(prefix="tgc") as out:
        name, *options = command
        done = subprocess.run(
            [sys.executable, f"{ROOT}/bench/{name}.py", *options, *side.options, "--out", out],
            env=os.environ | {"PYTHONPATH": str(side.tree / "engine")},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise SystemExit(f"{side.name}: {name} ended with {done.returncode}\n{done.stderr}")
        content: dict[str, Any] = json.loads((Path(out) / f"{name}.json").read_text())
    return {
        (table["title"], row["name"], column): float(value)
        for table in content["tables"]
        for row in table["rows"]
        for column, value in row.items()
        if column not in SETTINGS and isinstance(value, int | float) and value
    }


def main() -> None:
    """Build what is to be built, alternate, compare."""
    bench = Bench("compare", __doc__)
    bench.parser.add_argument("sides", nargs=2, metavar=("A", "B"))
    bench.parser.add_argument("--run", required=True, help="a bench's name and its options")
    bench.parser.add_argument("--settings", action="store_true")
    bench.parser.add_argument("--pairs", type=int, default=10)
    options = bench.begin()
    if options.settings:
        sides = [Side(f"{text!r}", ROOT, text.split()) for text in options.sides]
    else:
        sides = [Side(name, built(name), []) for name in options.sides]
    command = options.run.split()
    if options.small:
        options.pairs = 2
        command.append("--small")
    found: list[list[dict[tuple[str, str, str], float]]] = []
    for turn in range(options.pairs):
        pair: list[dict[tuple[str, str, str], float]] = [{}, {}]
        for at in (0, 1) if turn % 2 == 0 else (1, 0):
            pair[at] = run(sides[at], command)
        found.append(pair)
    bench.line("A", sides[0].name)
    bench.line("B", sides[1].name)
    bench.table(options.run, f"{options.pairs} pairs", COLUMNS)
    common = [key for key in found[0][0] if all(key in side for pair in found for side in pair)]
    if not common:
        raise SystemExit(f"{options.run}: no figure that every run has")
    is_one = len({title for title, _, _ in common}) == 1
    for key in common:
        pairs = [(np.array([pair[1][key]]), np.array([pair[0][key]])) for pair in found]
        value, low, high = ratio(pairs, 50, options.seed)
        title, row, column = key
        bench.row(
            f"{row}, {column}" if is_one else f"{title}: {row}, {column}",
            {
                "A": float(np.median([pair[0][key] for pair in found])),
                "B": float(np.median([pair[1][key] for pair in found])),
                "B over A": value,
                "low": low,
                "high": high,
            },
        )
    bench.end()


if __name__ == "__main__":
    main()
