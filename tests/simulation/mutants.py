"""`make mutants`: puts each deliberate bug into a copy of the tree and runs seeds until one fails.

    python tests/simulation/mutants.py [--only NAME]... [--list] [--record] [COPY]

COPY is the copy's directory (kept, so that a second run builds less). Exits with 1 when a bug is
not caught. --record writes the seeds that caught the bugs into mutants.toml.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent.parent
TABLE = Path(__file__).with_name("mutants.toml")
TAKEN = ("engine", "ext", "build", "setup.py", "pyproject.toml", "configs")
SEEDS = 60
STEPS = 20_000
# Not to be tried forever: a bug may also hang the run that it is in.
PATIENCE_S = 900


class Caught(NamedTuple):
    """The seed that failed, and what was said first."""

    seed: int
    said: str


def mutants() -> list[dict[str, Any]]:
    """The table's rows."""
    found: list[dict[str, Any]] = tomllib.loads(TABLE.read_text())["mutants"]
    return found


def apply(tree: Path, mutant: dict[str, Any]) -> dict[str, str]:
    """Patch the tree; the files as they were. ValueError where a patch does not fit."""
    before: dict[str, str] = {}
    for file, old, new in mutant["edits"]:
        path = tree / file
        text = path.read_text()
        before.setdefault(file, text)
        if text.count(old) != 1:
            raise ValueError(f"{mutant['name']}: {file} has {old!r} {text.count(old)} times")
        path.write_text(text.replace(old, new))
    return before


def build(tree: Path) -> None:
    """Build what has changed."""
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr)[-3000:])


def restore(tree: Path, before: dict[str, str]) -> None:
    """Take a patch back."""
    for file, text in before.items():
        (tree / file).write_text(text)


def hunt(
    tree: Path,
    seeds: Iterable[int],
    steps: int = STEPS,
    without: Iterable[str] = (),
    backend: str = "native",
) -> Caught | None:
    """Run seeds in the tree, the known one first, until one fails or crashes."""
    environment = {**os.environ, "PYTHONPATH": str(tree / "engine")}
    for seed in seeds:
        command = [sys.executable, "-m", "tidegate", "simulate"]
        command += ["--seed", str(seed), "--steps", str(steps), "--backend", backend]
        command += [f"--without={fault}" for fault in without]
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, text=True, timeout=PATIENCE_S
        )
        if done.returncode:
            return Caught(seed, said_first(done.stdout + done.stderr))
    return None


def said_first(output: str) -> str:
    """The first problem, or the last line of a crash."""
    problems = re.findall(r"^  (\S.*)$", output, re.M)
    lines = output.strip().splitlines() or ["it crashed without a word"]
    return str(problems[0]) if problems else lines[-1]


def copy_of_tree(place: Path) -> Path:
    """The parts of the tree that a run needs, with what was built."""
    for name in TAKEN:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, dirs_exist_ok=True)
        else:
            shutil.copy2(source, place / name)
    return place


def record(caught: dict[str, Caught]) -> None:
    """Write into the table which seed catches what, and which checker says so."""
    parts = re.split(r"(?=^\[\[mutants\]\]$)", TABLE.read_text(), flags=re.M)
    for index, part in enumerate(parts):
        name = re.search(r'^name = "(.*)"$', part, re.M)
        if name is None or name[1] not in caught:
            continue
        found = caught[name[1]]
        part = re.sub(r"^(seed|checker) = .*\n", "", part, flags=re.M)
        lines = f'seed = {found.seed}\nchecker = "{found.said.split(":")[0]}"\n'
        parts[index] = re.sub(r"^(what = .*\n)", rf"\1{lines}", part, flags=re.M)
    TABLE.write_text("".join(parts))


def main() -> int:
    """Try the mutants that are asked for, all by default."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", action="append")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("copy", nargs="?", type=Path)
    asked = parser.parse_args()
    rows = [row for row in mutants() if not asked.only or row["name"] in asked.only]
    if asked.list:
        print("\n".join(f"{row['name']}: {row['what']}" for row in rows))
        return 0
    with tempfile.TemporaryDirectory(prefix="tidegate-mutants-") as place:
        tree = copy_of_tree(asked.copy or Path(place))
        return try_all(tree, rows, asked)


def try_all(tree: Path, rows: list[dict[str, Any]], asked: argparse.Namespace) -> int:
    """One after another; how many were not caught, as an exit status."""
    caught: dict[str, Caught] = {}
    is_stale = False
    for row in rows:
        first = [row["seed"]] if "seed" in row else []
        seeds = first + [seed for seed in range(1, SEEDS + 1) if seed not in first]
        before = apply(tree, row)
        rules = {"without": asked.without, "backend": row.get("backend", "native")}
        is_native = any(file.startswith("ext/") for file in before)
        try:
            # What was built of the mutant before is still there when its patch is not.
            if is_native or is_stale:
                build(tree)
            is_stale = is_native
            found = hunt(tree, seeds, **rules)
            while found is not None and hunt(ROOT, [found.seed], **rules):
                # It fails without the bug too, which is a bug of another kind.
                print(f"seed {found.seed} fails by itself", flush=True)
                seeds = seeds[seeds.index(found.seed) + 1 :]
                found = hunt(tree, seeds, **rules)
        finally:
            restore(tree, before)
        if found is not None:
            caught[row["name"]] = found
        verdict = f"seed {found.seed}: {found.said}" if found else "NOT CAUGHT"
        print(f"{row['name']:32} {verdict}", flush=True)
    if asked.record:
        record(caught)
    print(f"{len(caught)} of {len(rows)} caught")
    return 0 if len(caught) == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
