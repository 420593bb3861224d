"""The project's exceptions. A message says what is wrong, where, and what was expected."""


class TidegateError(Exception):
    """Any refusal or failure that Tidegate reports by exception."""


class ConfigError(TidegateError):
    """A config or universe that does not say what it must; names the file and the key."""


class RunDirError(TidegateError):
    """A run directory that cannot be used: missing, in use, or its path too long for ipc."""


class RegionError(TidegateError):
    """A region that cannot be created, or that has another layout than this program."""


class RegionInUseError(RegionError):
    """Another process writes the region."""


class JournalError(TidegateError):
    """A journal that cannot be opened, extended or read."""


class CardError(TidegateError):
    """A card that is of another layout, refuses its tables, or stands still."""


class LaneError(TidegateError):
    """A lane that cannot be bound or connected, or was used after close."""


class LaneInUseError(LaneError):
    """Another process has this end of a lane."""


class LibraryError(TidegateError):
    """The libzmq that pyzmq loaded cannot be used without the GIL."""


class RecordError(TidegateError):
    """Bytes that are not records of this layout."""


class SessionError(TidegateError):
    """A session that was refused, or lost."""


class TapeError(TidegateError):
    """A recording or tape that cannot be read."""


class VenueError(TidegateError):
    """A venue or channel that answers outside its protocol."""


class StageError(TidegateError):
    """A stage that did not start, or died."""


class ReplayError(TidegateError):
    """A journal that does not replay to the state it should."""


class SnapshotError(TidegateError):
    """A snapshot that cannot be used: broken, or of another layout, universe or journal."""


class PriceError(TidegateError):
    """A price that is not a whole number of ticks; names the tick size."""


class MarginError(TidegateError):
    """Risk parameters or a portfolio from which no margin can be computed; names the place."""


class StatementError(TidegateError):
    """A statement that cannot be made, or whose sums do not hold."""
