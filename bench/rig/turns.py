"""The far end of a peer's process: batches of orders are submitted and timed when it is told to.

Standard library alone: it runs in the peer's own venv. The orders come as a file of JSON; each line
on stdin is a turn, answered with a line of JSON: ns of each batch by way, and how many orders the
peer let through.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

Orders = list[dict[str, Any]]


class Way(NamedTuple):
    """How a batch is submitted: `ready` prepares it and is not timed, `submit` is."""

    ready: Callable[[Orders], Any]
    submit: Callable[[Any], None]


def serve(version: str, batch: int, ways: dict[str, Way], passed: Callable[[], int]) -> None:
    """Take turns until stdin ends. passed: how many orders went on since it was last asked; it is
    called between batches and may wait for the peer to come to rest."""
    orders: Orders = json.loads(Path(sys.argv[1]).read_text())
    parts = [orders[at : at + batch] for at in range(0, len(orders), batch)]
    print(json.dumps({"version": version}), flush=True)
    for _ in sys.stdin:
        found: dict[str, list[int]] = {name: [] for name in ways}
        count = 0
        for part in parts:
            for name, way in ways.items():
                prepared = way.ready(part)
                began = time.perf_counter_ns()
                way.submit(prepared)
                found[name].append(time.perf_counter_ns() - began)
                count += passed()
        print(json.dumps({"ns": found, "passed": count}), flush=True)
