"""Plays a tape: which of its rows are due at a given time. Stepped, never asleep."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tidegate.errors import VenueError
from tidegate.tape.events import EVENT, Contract, Events, TapeFlag, TapeKind
from tidegate.tape.format import TapeReader
from tidegate.venue.exchange import TapeRow

# 32 bytes each in memory: the tape is read whole at start, so that playing it never waits.
EVENTS_MAX = 20_000_000
TAKE_MAX = 4096


class Feed:
    """The rows of some contracts of a tape; time_ns is the tape's, `speed` tape ns per ns."""

    def __init__(self, reader: TapeReader, codes: Mapping[str, int], speed: float) -> None:
        places = {contract.code: index for index, contract in enumerate(reader.contracts)}
        missing = [code for code in codes if code not in places]
        if missing:
            raise VenueError(
                f"{reader.path}: no {', '.join(missing)} on this tape; it has {', '.join(places)}"
            )
        self.contracts: dict[int, Contract] = {
            security_id: reader.contracts[places[code]] for code, security_id in codes.items()
        }
        numbers = np.zeros(len(places), np.int64)
        for code, security_id in codes.items():
            numbers[places[code]] = security_id
        self._events = _load(reader, numbers)
        self._security_ids = numbers[self._events["contract_index"]]
        self._times = np.ascontiguousarray(self._events["time_ns"])
        self._next = 0
        self._next_tape_ns = int(self._times[0]) if len(self._times) else 0
        self._started_ns: int | None = None
        self._speed = speed
        self.span_ns = reader.span_ns

    @property
    def is_started(self) -> bool:
        """Whether the tape runs, or has run."""
        return self._started_ns is not None

    @property
    def event_count(self) -> int:
        """Rows of this feed's contracts."""
        return len(self._events)

    @property
    def played_count(self) -> int:
        """Rows taken so far."""
        return self._next

    def start(self, now_ns: int) -> None:
        """The tape's time is 0 now."""
        self._started_ns = now_ns

    def tape_ns(self, now_ns: int) -> int:
        """The tape's time, at most its span; 0 before the start."""
        if self._started_ns is None:
            return 0
        return min(self.span_ns, int((now_ns - self._started_ns) * self._speed))

    def take(self, now_ns: int) -> list[TapeRow]:
        """Rows that are due, whole updates, about TAKE_MAX at once; call until it is empty."""
        if self._started_ns is None or self._next == len(self._events):
            return []
        start, limit_ns = self._next, self.tape_ns(now_ns)
        if self._next_tape_ns > limit_ns:
            return []
        end = int(self._times[start : start + TAKE_MAX].searchsorted(limit_ns, "right")) + start
        while self._events["flags"][end - 1] & TapeFlag.MORE:
            end += 1
        self._next = end
        self._next_tape_ns = int(self._times[end]) if end < len(self._times) else 0
        part = self._events[start:end]
        columns = [part[name].tolist() for name in ("time_ns", "price", "qty")]
        columns.append(self._security_ids[start:end].tolist())
        columns += [part[name].tolist() for name in ("kind", "side", "flags")]
        return list(zip(*columns, strict=True))

    def next_ns(self) -> int | None:
        """When the next row is due, or the end; None before the start and after the last row."""
        if self._started_ns is None or self._next == len(self._events):
            return None
        return self._started_ns + int(self._next_tape_ns / self._speed)

    def is_over(self, now_ns: int) -> bool:
        """Whether the tape has come to its END and every row was taken."""
        played = self._next == len(self._events)
        return self.is_started and played and self.tape_ns(now_ns) == self.span_ns

    def sessionless(self) -> list[int]:
        """Securities for which the tape never opens a session: they trade from the start."""
        opened = set(self._security_ids[self._events["kind"] == TapeKind.SESSION_OPEN].tolist())
        return [security_id for security_id in self.contracts if security_id not in opened]


def _load(reader: TapeReader, numbers: npt.NDArray[np.int64]) -> Events:
    """All rows of the contracts that have a number, END left out."""
    parts = [np.empty(0, EVENT)]
    count = 0
    for block in reader.blocks():
        wanted = (numbers[block["contract_index"]] != 0) & (block["kind"] != TapeKind.END)
        parts.append(block[wanted])
        count += len(parts[-1])
        if count > EVENTS_MAX:
            raise VenueError(f"{reader.path}: more than {EVENTS_MAX} events; play a part of it")
    return np.concatenate(parts)
