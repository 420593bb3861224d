"""The router's steps over its tables. It alone writes them; consoles read the regions."""

from enum import IntEnum
from typing import Any, final

import numpy as np
import numpy.typing as npt

from tidegate.native.venue_codes import VenueCodes

CHANNEL_ROW: np.dtype[np.void]
RATE_MAX: int

class ChannelState(IntEnum):
    CHANNEL_DOWN = 1
    CHANNEL_LOGGING_ON = 2
    CHANNEL_UP = 3

class Routed(IntEnum):
    """What the step made of a request, when it is not the index of a channel (1 and more)."""

    ROUTED_DROPPED = -1
    ROUTED_REFUSED = 0

@final
class Routing:
    """The order map and the channels (given arrays, perhaps over regions) and the codes."""

    def __init__(
        self, routes: npt.NDArray[Any], channels: npt.NDArray[Any], codes: VenueCodes
    ) -> None: ...
    @property
    def route_count(self) -> int: ...
    @property
    def channel_count(self) -> int: ...
    def open_channel(self, channel: int, message_rate: int, message_burst: int) -> None:
        """Makes a channel's row ready: down, its bucket full, nothing seen; numbers go on."""

    def set_state(self, channel: int, state: int) -> None:
        """Only a channel that is up is given requests."""

    def set_next_sending(self, channel: int, next_sending: int) -> None:
        """The number that the venue expects of the next request."""

    def route(self, request: npt.NDArray[Any], now_ns: int) -> tuple[int, npt.NDArray[Any]]:
        """The step for one request: (channel or a member of Routed, out)."""

    def withdrawn(self, channel: int, sent: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Takes back the last request submitted, as the venue was to read it, and refuses it."""

    def set_incarnation(self, channel: int, incarnation: int) -> None:
        """The venue was started anew: it may give exec_ids again."""

    def report(
        self, channel: int, report: npt.NDArray[Any], now_ns: int
    ) -> tuple[bool, npt.NDArray[Any]]:
        """The step for one report: (whether it is to go to risk, out)."""

    def lost(self, channel: int, next_expected: int, count_max: int) -> npt.NDArray[Any]:
        """Refusals of what the venue never got; call until it gives none."""

    def forgotten(self, channel: int, count_max: int) -> npt.NDArray[Any]:
        """Reports that end what a venue started anew has forgotten; call until it gives none."""
