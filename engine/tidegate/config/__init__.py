"""The config file: schema.py says what may be in it, load.py reads it, resolve.py makes of it
the universe of a run. configs/dev.toml shows a small one.
"""

from pathlib import Path

from tidegate.config.load import load
from tidegate.config.resolve import resolve
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

__all__ = ["load", "load_universe", "resolve"]


def load_universe(path: Path | str, run_dir: RunDir) -> Universe:
    """The universe of config file `path` in `run_dir`; ConfigError lists every problem found."""
    return resolve(load(Path(path)), run_dir)
