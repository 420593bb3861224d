"""A stage's counters by name, for whoever looks: region counters-STAGE of the run directory.

The stage publishes four times a second, between two runs of its duty cycle; inspect reads. A lane's
counters are named "LANE.COUNTER", such as "orders.full".
"""

from collections.abc import Mapping
from pathlib import Path
from time import monotonic

import numpy as np

from tidegate.errors import RegionError
from tidegate.region import Region
from tidegate.run_dir import RunDir

NAME_SIZE = 48
COUNTERS_MAX = 256
# It costs a stage of the path as much as some orders, of which one in a hundred would wait for it.
PUBLISH_S = 0.25
PREFIX = "counters-"
COUNTER = np.dtype([("name", f"S{NAME_SIZE}"), ("value", "<i8")])


class Counters:
    """The writing end: names take their row when they are first published, for good."""

    def __init__(self, run_dir: RunDir, stage: str, *, capacity: int = COUNTERS_MAX) -> None:
        self.region = Region.create(run_dir.region(PREFIX + stage), COUNTER, capacity)
        self.index: dict[str, int] = {}
        self._due_at = 0.0

    def is_due(self) -> bool:
        """Whether it is time to publish again; True begins the next wait."""
        now = monotonic()  # nondeterministic: how often people are shown counters
        if now < self._due_at:
            return False
        self._due_at = now + PUBLISH_S
        return True

    def publish(self, group: str, values: Mapping[str, int]) -> None:
        """Write the counters of one lane or other group."""
        for key, value in values.items():
            index = self.index.get(f"{group}.{key}")
            if index is None:
                index = self._add(f"{group}.{key}")
            self.region.rows["value"][index] = value

    def _add(self, name: str) -> int:
        index = len(self.index)
        capacity = self.region.capacity
        if index == capacity or len(name) > NAME_SIZE:
            raise RegionError(
                f"counter {name!r}: expected at most {capacity} of {NAME_SIZE} characters"
            )
        self.region.rows["name"][index] = name.encode()
        self.index[name] = index
        self.region.header["count"] = index + 1
        return index


def read(run_dir: RunDir) -> dict[str, dict[str, int]]:
    """The counters of every stage that publishes some: stage -> name -> value."""
    return {
        path.name.removeprefix(PREFIX): read_region(path)
        for path in sorted(run_dir.regions.glob(f"{PREFIX}*"))
        if path.suffix != ".new"
    }


def group(run_dir: RunDir, stage: str, name: str) -> dict[str, int]:
    """One group of a stage's counters; nothing where it publishes none."""
    prefix = f"{name}."
    found = read(run_dir).get(stage, {})
    return {
        key.removeprefix(prefix): value for key, value in found.items() if key.startswith(prefix)
    }


def read_region(path: Path) -> dict[str, int]:
    region = Region.attach(path, COUNTER)
    rows = region.rows[: region.count]
    found = {row["name"].decode(): int(row["value"]) for row in rows}
    region.close()
    return found
