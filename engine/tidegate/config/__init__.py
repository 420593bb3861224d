"""The config file: schema.py says what may be in it, load.py reads it, resolve.py makes of it
the universe of a run. configs/dev.toml shows a small one.
"""

from datetime import UTC, date, datetime
from pathlib import Path

from tidegate.config.load import load
from tidegate.config.resolve import resolve
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

__all__ = ["load", "load_universe", "resolve"]


def load_universe(path: Path | str, run_dir: RunDir, today: date | None = None) -> Universe:
    """The universe of config file `path` in `run_dir`; ConfigError lists every problem found.

    Calendars start `today` (UTC; the clock's day by default), unless the config says when.
    """
    if today is None:
        today = datetime.now(UTC).date()  # nondeterministic: once, before the run begins
    return resolve(load(Path(path)), run_dir, today)
