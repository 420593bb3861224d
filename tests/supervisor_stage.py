"""A stage for the supervisor's tests: `NAME RUN_DIR`, behaving as RUN_DIR/behaviour.json says.

It uses the real entry's readiness and its tie to the supervisor, and no lane or region.
"""

import json
import os
import signal
import sys
from pathlib import Path

from tidegate.stage import READY_FD, die_with_parent, ready


def stop(_number: int, _frame: object) -> None:
    print("stopped", flush=True)
    sys.exit(0)


def main(name: str, run_dir: Path) -> int:
    if READY_FD in os.environ:
        die_with_parent()
    behaviour = json.loads((run_dir / "behaviour.json").read_text()).get(name, "works")
    signal.signal(signal.SIGTERM, signal.SIG_IGN if behaviour == "stubborn" else stop)
    with (run_dir / "order").open("a") as order:
        order.write(f"{name}\n")
    if behaviour == "dies":
        print("no room", file=sys.stderr)
        return 3
    if behaviour != "is silent":
        ready()
    if behaviour == "dies when ready":
        return 7
    while True:
        signal.pause()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
