"""What a simulated venue remembers when it is killed: a file of its reports, in lines of JSON.

The first line says of which venue; then come logons, the requests served and the reports that they
caused, of one turn of its work a line. A line is written before any of its reports leaves, so the
venue that is started again from it has given nothing that it does not know. What is behind the last
whole line is cut. While the disk is full nothing is written and the venue stands still, as one that
hangs: it takes and gives nothing, until there is room. A file that has grown large is written anew:
what stands, in place of how it came to that.
"""

import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tidegate.errors import VenueError
from tidegate.venue.settings import Settings
from tidegate.venue.wire import Row


class Opened(msgspec.Struct, frozen=True, array_like=True, tag="opened"):
    """In the first line: whose memory this is."""

    incarnation: int
    accounts: dict[str, int]
    securities: dict[str, int]


class LoggedOn(msgspec.Struct, frozen=True, array_like=True, tag="logged_on"):
    """A channel and the accounts that are its own."""

    channel: str
    accounts: tuple[int, ...]


class Served(msgspec.Struct, frozen=True, array_like=True, tag="served"):
    """All requests of the channel up to this number have had their effect."""

    channel: str
    seq_num: int


class Reported(msgspec.Struct, frozen=True, array_like=True, tag="reported"):
    """Reports given to a channel, in the order of their numbers."""

    channel: str
    rows: list[list[Any]]


class Kept(msgspec.Struct, frozen=True, array_like=True, tag="kept"):
    """Reports that a channel may ask for again, from number `first` on."""

    channel: str
    first: int
    rows: list[list[Any]]


class Stands(msgspec.Struct, frozen=True, array_like=True, tag="stands"):
    """What the exchange has: its last order_id, exec_id and match, by account the last exec_id;
    holdings, working orders, and the youngest that are over, as exchange.py has them.
    """

    last_ids: tuple[int, int, int]
    exec_ids: dict[int, int]
    holdings: list[tuple[int, int, int, int, int, int]]
    working: list[tuple[int, ...]]
    over: list[tuple[int, int, int]]


Line = Opened | LoggedOn | Served | Reported | Kept | Stands
_DECODER = msgspec.json.Decoder(list[Line])


# From this size on the file is written anew, and again when it has grown as much once more.
LARGE = 64 << 20
FULL = (errno.ENOSPC, errno.EDQUOT)


class Memory:
    """The file of one venue, in its run directory. One process writes it."""

    def __init__(self, path: Path, settings: Settings, incarnation: int) -> None:
        self.path = path
        self._pending: list[bytes] = []
        self.is_full = False
        opened = Opened(
            incarnation,
            settings.accounts,
            {security.code: security.security_id for security in settings.securities},
        )
        try:
            self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise VenueError(f"{path}: cannot be opened: {error.strerror}") from error
        self.lines = list(self._read())
        self.size = os.fstat(self.fd).st_size
        self.large = LARGE
        if not self.lines:
            self.lines = [opened]
            self._note(opened)
            if not self.flush():
                raise VenueError(f"{path}: cannot be written: its disk is full")
        first = self.lines.pop(0)
        if not isinstance(first, Opened) or (
            (first.accounts, first.securities) != (opened.accounts, opened.securities)
        ):
            raise VenueError(
                f"{path}: is the memory of a venue with other accounts or securities; expected "
                "those of this config: give another run directory, or remove the file"
            )
        self.incarnation = first.incarnation
        self.first = first

    def logged_on(self, channel: str, accounts: frozenset[int]) -> None:
        """A channel is new, or has more accounts than before."""
        self._note(LoggedOn(channel, tuple(sorted(accounts))))

    def served(self, channel: str, seq_num: int) -> None:
        """A request has had its effect."""
        self._note(Served(channel, seq_num))

    def reported(self, channel: str, rows: list[Row]) -> None:
        """Reports are on their way to a channel."""
        self._note(Reported(channel, [list(row) for row in rows]))

    def flush(self) -> bool:
        """Writes what was noted; from here on it survives this process. False = the disk is full.

        As one line, for a kill may cut a write anywhere: what a request led to is never known
        without the request, nor the request without that.
        """
        if not self._pending:
            return True
        data = b"[" + b",".join(self._pending) + b"]\n"
        try:
            write_all(self.fd, data)
        except OSError as error:
            if error.errno not in FULL:
                raise VenueError(f"{self.path}: cannot be written: {error.strerror}") from error
            self._wait_for_room()
            return False
        self._pending.clear()
        self.size += len(data)
        if self.is_full:
            self.is_full = False
            print(f"{self.path}: there is room again", file=sys.stderr, flush=True)
        return True

    @property
    def is_large(self) -> bool:
        """Whether it is time to write it anew."""
        return self.size >= self.large

    def write_anew(self, lines: list[Line]) -> None:
        """These lines in place of all so far; where the disk has no room it goes on as it is."""
        data = b"".join(msgspec.json.encode([line]) + b"\n" for line in (self.first, *lines))
        partial = self.path.with_suffix(".partial")
        try:
            fd = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                write_all(fd, data)
                os.replace(partial, self.path)
            except OSError:
                os.close(fd)
                raise
        except OSError:
            self.large = self.size + LARGE
            return
        os.lseek(fd, 0, os.SEEK_END)
        os.close(self.fd)
        self.fd = fd
        self.size = len(data)
        self.large = self.size + LARGE

    def close(self) -> None:
        """Gives the file back. What there is no room for has led to nothing yet."""
        self.flush()
        os.close(self.fd)

    def _wait_for_room(self) -> None:
        """Cuts what was written of a line, and says once why the venue stands still."""
        if os.fstat(self.fd).st_size > self.size:
            os.ftruncate(self.fd, self.size)
        if not self.is_full:
            self.is_full = True
            print(
                f"{self.path}: its disk is full; the venue stands still until there is room",
                file=sys.stderr,
                flush=True,
            )

    def _note(self, line: Line) -> None:
        self._pending.append(msgspec.json.encode(line))

    def _read(self) -> Iterator[Line]:
        with self.path.open("rb") as file:
            whole = 0
            for number, text in enumerate(file, 1):
                if not text.endswith(b"\n"):
                    break
                whole += len(text)
                try:
                    yield from _DECODER.decode(text)
                except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                    raise VenueError(
                        f"{self.path}: line {number}: {error}; expected what a venue wrote"
                    ) from error
        os.ftruncate(self.fd, whole)


def write_all(fd: int, data: bytes) -> None:
    """Write to the file's end, however often it takes less."""
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]
