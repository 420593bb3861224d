"""`make wheel-test`: build a wheel, install it where nothing of this tree is, and use it there.

    python tests/wheel/install.py [--no-demo]

Its venv is empty: pip brings the wheel's dependencies, and Cython for the example strategy.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
STRATEGY = ROOT / "tests" / "risk" / "strategy.pyx"
# What a strategy is compiled with; its own setup.py would say so.
NEEDS = ("cython>=3.1,<4", "setuptools>=77")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-demo", action="store_true", help="leave out its half a minute")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tg") as path:
        place = Path(path)
        built = place / "built"
        run(ROOT, sys.executable, "-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-deps",
            "--wheel-dir", built, ROOT)  # fmt: skip
        [wheel] = built.iterdir()
        print(f"{wheel.name}: {wheel.stat().st_size >> 10} KB", flush=True)
        run(place, sys.executable, "-m", "venv", "venv")
        python = place / "venv" / "bin" / "python"
        run(place, python, "-m", "pip", "install", "-q", wheel, *NEEDS)
        tidegate = python.with_name("tidegate")
        run(place, tidegate, "--version")
        for name in (STRATEGY, *Path(__file__).parent.glob("use_*.py")):
            shutil.copy(name, place)
        run(place, python, "use_strategy.py", "build_ext", "--inplace", "--quiet")
        run(place, python, "use_engine.py")
        if not options.no_demo:
            run(place, tidegate, "demo")
    print("the wheel works where it is installed")
    return 0


def run(place: Path, *command: str | Path) -> None:
    """Without what could find this tree, or build less than all of it."""
    left_out = ("PYTHONPATH", "PYTHONHOME", "TIDEGATE_MODULES")
    environment = {name: value for name, value in os.environ.items() if name not in left_out}
    environment["TIDEGATE_PROFILE"] = "release"
    subprocess.run(command, cwd=place, env=environment, check=True)


if __name__ == "__main__":
    sys.exit(main())
