"""The router's tables, and its step for a request; reports.pyi, resolving.pyi have the rest."""

from enum import IntEnum
from typing import Any, final

import numpy as np
import numpy.typing as npt

from tidegate.native.venue_codes import VenueCodes

CHANNEL_ROW: np.dtype[np.void]
ROUTER_ROW: np.dtype[np.void]
RATE_MAX: int

class ChannelState(IntEnum):
    CHANNEL_DOWN = 1
    CHANNEL_LOGGING_ON = 2
    CHANNEL_UP = 3
    CHANNEL_RESOLVING = 4

class Routed(IntEnum):
    """What the step made of a request, when it is not the index of a channel (1 and more)."""

    ROUTED_DROPPED = -1
    ROUTED_REFUSED = 0

class Step(IntEnum):
    """What the router is in the middle of; between its answer and finish()."""

    STEP_NONE = 0
    STEP_SUBMITTING = 1
    STEP_REFUSING = 2
    STEP_SETTLING = 3
    STEP_ENDING = 4

@final
class Routing:
    """The order map and the channels (given arrays, perhaps over regions) and the codes."""

    def __init__(
        self,
        routes: npt.NDArray[Any],
        channels: npt.NDArray[Any],
        router: npt.NDArray[Any],
        codes: VenueCodes,
        order_age_ms_max: int = 0,
    ) -> None: ...
    @property
    def route_count(self) -> int: ...
    @property
    def channel_count(self) -> int: ...
    @property
    def taken(self) -> int:
        """The last request from risk whose effect stands, by its lane's number; 0 = none."""

    def recover(self, next_given: int) -> None:
        """Finish or forget the step in which the router before this one was killed.

        Before anything is put on the lane to risk, whose next number is `next_given`.
        """

    def open_channel(self, channel: int, message_rate: int, message_burst: int) -> None:
        """Makes a channel's row ready: down, its bucket full; numbers go on."""

    def set_state(self, channel: int, state: int) -> None:
        """Only a channel that is up is given requests."""

    def set_next_sending(self, channel: int, next_sending: int) -> None:
        """The number that the venue expects of the next request."""

    def set_incarnation(self, channel: int, incarnation: int) -> None:
        """The venue was started anew: it numbers its reports from 1 and may give exec_ids again."""

    def number_cancel(self, channel: int, now_ns: int) -> int:
        """The number of a cancel that no route stands for, counted against the venue's limit."""

    def withdraw_cancel(self, channel: int) -> None:
        """The cancel of the last number_cancel was not sent."""

    def route(
        self, request: npt.NDArray[Any], now_ns: int, given: int = 0, ahead_ns: int = 0
    ) -> tuple[int, npt.NDArray[Any]]:
        """The step for one request: (channel or a member of Routed, out).

        ROUTED_REFUSED: out is put on the lane to risk as number `given`, then comes finished().
        ahead_ns: by how much now_ns is ahead of a clock that was set back.
        """

    def withdrawn(self, channel: int, sent: npt.NDArray[Any], given: int = 0) -> npt.NDArray[Any]:
        """Takes back the last request submitted, as the venue was to read it, and refuses it.

        What it gives is put, then comes finished().
        """

    def finished(self) -> None:
        """The answer of the last step stands on the lane to risk."""
