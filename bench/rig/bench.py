"""What every bench begins and ends with: options, the header, tables, goals and a file of JSON.

    bench = Bench("lanes", __doc__)
    options = bench.begin()
    bench.table("ping-pong", "us", PERCENTILES)
    bench.row("ipc", percentiles(samples))
    bench.goal("over raw libzmq at p50", 1.07, at_most=1.10)
    bench.end()

The header says machine, commit, build and seed; what is worth nothing is refused: any build but
release. The same as is printed goes to build/bench/NAME.json, from which report.py makes its page.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rig import host
from rig.samples import Samples

from tidegate.native.build import PROFILE

PLACE = host.ROOT / "build" / "bench"
NAME_WIDTH = 40
PERCENTILES = {"p50": ".2f", "p90": ".2f", "p99": ".2f", "p99.9": ".2f", "max": ".1f"}
CURVE = [*range(0, 90, 5), *range(90, 99), 99, 99.5, 99.9, 99.95, 99.99, 100]


def refuse_other_builds() -> None:
    """Exits unless the compiled modules are those of the release build."""
    if PROFILE != "release":
        raise SystemExit(f"this is the {PROFILE} build; only release is worth timing")


def hashed(*parts: bytes | str) -> str:
    """A short hash of what a bench computed: the same seed must give the same."""
    found = hashlib.blake2b(digest_size=8)
    for part in parts:
        found.update(part.encode() if isinstance(part, str) else part)
    return found.hexdigest()


class Bench:
    """One run. `small` is set where only the working of the bench is to be shown."""

    def __init__(self, name: str, about: str | None, *, seed: int = 7) -> None:
        self.parser = argparse.ArgumentParser(
            description=about, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        self.parser.add_argument("--seed", type=int, default=seed)
        self.parser.add_argument("--small", action="store_true", help="seconds, not minutes")
        self.parser.add_argument("--out", type=Path, help="of the JSON; default: build/bench")
        self.name = name
        self.about = (about or "").strip().splitlines()[0]
        self.content: dict[str, Any] = {}
        self.columns: dict[str, str] = {}

    def begin(self, arguments: list[str] | None = None) -> argparse.Namespace:
        """Parse the options, refuse what cannot be timed, print the header."""
        options = self.parser.parse_args(arguments)
        refuse_other_builds()
        self.out = options.out or PLACE
        self.content = {
            "bench": self.name,
            "about": self.about,
            "machine": host.describe(),
            "build": PROFILE,
            "seed": options.seed,
            "small": options.small,
            "options": {name: str(value) for name, value in sorted(vars(options).items())},
            "began": int(time.time()),
            "lines": [],
            "tables": [],
            "goals": [],
            "curves": [],
        }
        print(f"{self.name}: {self.about}")
        print(f"machine: {host.line()}")
        print(f"build: {PROFILE}; seed: {options.seed}; small: {options.small}")
        return options

    def line(self, key: str, text: str) -> None:
        """A line that says how: pinning, flow, result, what falls short."""
        print(f"{key}: {text}", flush=True)
        self.content["lines"].append([key, text])

    def table(self, title: str, unit: str, columns: Mapping[str, str]) -> None:
        """Begin a table: column name -> how its values are formatted."""
        self.columns = dict(columns)
        self.content["tables"].append(
            {"title": title, "unit": unit, "columns": list(columns), "rows": []}
        )
        heads = "".join(f" {name:>11}" for name in columns)
        print(f"\n{f'{title}, {unit}':{NAME_WIDTH}}{heads}", flush=True)

    def row(self, name: str, values: Mapping[str, Any]) -> None:
        """A line of the table that was begun last; a column without a value stays empty."""
        cells = "".join(
            f" {format(values[column], form) if column in values else '':>11}"
            for column, form in self.columns.items()
        )
        print(f"{name:{NAME_WIDTH}}{cells}", flush=True)
        self.content["tables"][-1]["rows"].append({"name": name, **values})

    def curve(self, title: str, name: str, ns: Samples) -> None:
        """Keep the distribution for the page's plots: ns at CURVE."""
        values = np.percentile(ns, CURVE, method="inverted_cdf")
        self.content["curves"].append(
            {"title": title, "name": name, "at": CURVE, "ns": [int(value) for value in values]}
        )

    def goal(
        self,
        name: str,
        value: float,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        interval: tuple[float, float] | None = None,
    ) -> bool:
        """Say whether a figure reaches what was asked for; True when it does."""
        if (at_most is None) == (at_least is None):
            raise ValueError(f"{name}: expected at_most or at_least")
        is_met = value <= at_most if at_most is not None else value >= (at_least or 0)
        limit = f"at most {at_most:g}" if at_most is not None else f"at least {at_least:g}"
        between = f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
        print(f"{name}: {value:.3f}{between}, asked {limit}: {'met' if is_met else 'MISSED'}")
        self.content["goals"].append(
            {"name": name, "value": value, "limit": limit, "met": is_met, "interval": interval}
        )
        return is_met

    def end(self) -> None:
        """Write the file; a run that is killed leaves the one before."""
        self.out.mkdir(parents=True, exist_ok=True)
        path = self.out / f"{self.name}.json"
        partial = path.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(self.content, indent=1) + "\n")
        os.replace(partial, path)
        print(f"\nwritten: {os.path.relpath(path)}", file=sys.stderr)
