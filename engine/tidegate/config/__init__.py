"""The config file: schema.py says what may be in it, load.py reads it, resolve.py makes of it
the universe of a run. configs/dev.toml shows a small one.
"""

from datetime import UTC, date, datetime
from pathlib import Path

from tidegate import universe
from tidegate.config.load import load
from tidegate.config.resolve import resolve
from tidegate.errors import RunDirError
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

__all__ = ["load", "load_universe", "resolve"]


def load_universe(path: Path | str, run_dir: RunDir, today: date | None = None) -> Universe:
    """The universe of config file `path` in `run_dir`; ConfigError lists every problem found.

    Calendars start `today` (UTC; by default the day of the directory's first run, or the clock's),
    unless the config says when.
    """
    if today is None:
        today = first_day(run_dir)
    if today is None:
        today = datetime.now(UTC).date()  # nondeterministic: once, before the run begins
    return resolve(load(Path(path)), run_dir, today)


def first_day(run_dir: RunDir) -> date | None:
    """The day at which the calendars of the directory's journal begin; None where none does."""
    try:
        kept = str(universe.read(run_dir.journal_universe).calendar_day)
        return datetime.strptime(kept, "%Y%m%d").replace(tzinfo=UTC).date()
    except (RunDirError, OSError, ValueError):
        return None
