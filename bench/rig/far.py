"""The far ends of the lanes of bench/lanes.py, as a process: python bench/rig/far.py PLACE.

Each line of stdin is `KIND;echo;ROUNDS` or `KIND;produce;COUNT`; "done" is said when it is.
"""

import sys
from pathlib import Path

import zmq

sys.path.insert(0, str(Path(__file__).parents[1]))

from rig.ends import KINDS, THREADS, End
from rig.processes import tell_ready


def main() -> None:
    place = Path(sys.argv[1])
    with zmq.Context() as context:
        ends: dict[str, End] = {
            kind: make(context, place, kind, False)
            for kind, make in KINDS.items()
            if kind not in THREADS
        }
        tell_ready()
        for line in sys.stdin:
            kind, action, count = line.rstrip("\n").split(";")
            end = ends[kind]
            (end.echo if action == "echo" else end.produce)(int(count))
            print("done", flush=True)
        context.destroy(linger=0)


if __name__ == "__main__":
    main()
