"""`CONFIG RUN_DIR`: what `tidegate run` does, with the tests' own stage program."""

import sys
from pathlib import Path

from tidegate import supervisor
from tidegate.config import load_universe
from tidegate.errors import TidegateError
from tidegate.run_dir import RunDir

STAGE = Path(__file__).with_name("supervisor_stage.py")

if __name__ == "__main__":
    run_dir = RunDir(sys.argv[2])
    universe = load_universe(sys.argv[1], run_dir)
    try:
        sys.exit(
            supervisor.run(
                universe,
                run_dir,
                entry=(sys.executable, str(STAGE)),
                on_ready=lambda: print("ready", flush=True),
            )
        )
    except TidegateError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
