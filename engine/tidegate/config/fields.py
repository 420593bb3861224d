"""The kinds of values in a config file. load.py shows a kind's description when a value does not
fit.
"""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tidegate.naming import NAME, NAME_WORDS

QTY_MAX = 1_000_000_000
PPM_MAX = 1_000_000
PERMILLE_MAX = 1000

Name = Annotated[str, Meta(pattern=f"^{NAME.pattern}$", description=NAME_WORDS)]
Code = Annotated[str, Meta(pattern="^[A-Z]{3,5}$", description="3 to 5 capital letters")]
Decimals = Annotated[str | int, Meta(description='a decimal in quotes such as "0.25", or an int')]
Count = Annotated[int, Meta(ge=1, le=QTY_MAX)]
CountOrZero = Annotated[int, Meta(ge=0, le=QTY_MAX)]
# Two weeks of milliseconds fit; as ns that is far from 2^63.
Milliseconds = Annotated[int, Meta(ge=1, le=QTY_MAX)]
Ppm = Annotated[int, Meta(ge=0, le=PPM_MAX)]
Permille = Annotated[int, Meta(ge=1, le=PERMILLE_MAX)]
State = Literal["active", "reducing", "halted"]
SelfMatch = Literal["allow", "deny_new", "cancel_resting", "cancel_both"]
SideLock = Literal["no_buys", "no_sells", "restricted"]
Endpoint = Annotated[
    str,
    Meta(
        pattern=r"^(ipc://.+|tcp://[^:/\s]+:[0-9]{1,5})$",
        description="ipc://PATH or tcp://HOST:PORT",
    ),
]
# A lane of this host may also be a ring in shared memory: of the run directory, or at a path.
LaneEndpoint = Annotated[
    str,
    Meta(
        pattern=rf"^(ipc://.+|tcp://[^:/\s]+:[0-9]{{1,5}}|shm://(/.+|{NAME.pattern}))$",
        description="ipc://PATH, tcp://HOST:PORT or shm://NAME",
    ),
]
TimeOfDay = Annotated[
    str,
    Meta(
        pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        description='a time of day such as "09:30", at most "24:00"',
    ),
]
Date = Annotated[date, Meta(description="a date such as 2026-11-24, without quotes")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the config: a key that is not listed here is an error."""
