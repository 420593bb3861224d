"""Starts the stages of a run one after the other, starts a dead one again, and stops them all.

It writes stages.json of the run directory: {stage: {"pid", "started", "restarts", "is_ready"}}. It
never touches a lane or a region: a stage that dies comes back by itself or the whole run ends.
When the supervisor itself dies, its stages die with it, or go on until the next one adopts them:
supervisor.orphans.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import uvloop

from tidegate import topology
from tidegate.admission import begin, find_orphans
from tidegate.adoption import UNKNOWN_CODE, Adopted, Process, started_at
from tidegate.errors import StageError
from tidegate.run_dir import RunDir
from tidegate.stage import ORPHANS, READY_FD
from tidegate.universe import Universe

ENTRY = (sys.executable, "-m", "tidegate.stage")
# All stages together get this long to stop by themselves, so that 2 s suffice with the kill.
STOP_SECONDS = 1.7
STAGE_STOP_SECONDS = 0.6
LINE_MAX = 4096
WRITE_AGAIN_S = 0.1


@dataclass(slots=True)
class Child:
    """A stage and its present process."""

    name: str
    process: Process | None = None
    restarts: int = 0
    is_ready: bool = False

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.returncode is None


class Supervisor:
    """The stages of one run. `entry` is the command that NAME and RUN_DIR are appended to."""

    def __init__(
        self,
        universe: Universe,
        run_dir: RunDir,
        *,
        entry: Sequence[str] = ENTRY,
        adopted: Mapping[str, Adopted] | None = None,
    ) -> None:
        self.settings = universe.supervisor
        self.run_dir = run_dir
        self.entry = tuple(entry)
        self.children = [Child(name) for name in topology.stages(universe)]
        self.forwards: set[asyncio.Task[None]] = set()
        # Of stages.json, where it could not be written.
        self.next_try: asyncio.TimerHandle | None = None
        for child in self.children:
            child.process = (adopted or {}).get(child.name)
            child.is_ready = child.process is not None

    async def start(self) -> None:
        """Start each stage once the one before it is ready; StageError when one is not.

        One that was adopted is taken as it is, and does not end because another has to be tried
        again: watch() does so.
        """
        is_running = any(child.process is not None for child in self.children)
        for child in self.children:
            if child.process is not None:
                say(f"stage {child.name} still runs as process {child.process.pid}: adopted")
                continue
            try:
                await self.start_stage(child)
            except StageError as error:
                if not is_running:
                    raise
                say(str(error))
        self.write_state()

    async def watch(self) -> None:
        """Start dead stages again until cancelled; StageError when one died too often."""
        async with asyncio.TaskGroup() as group:
            for child in self.children:
                group.create_task(self.keep(child))

    async def stop(self) -> list[str]:
        """Stop all, the last started first; the names of those that had to be killed."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + STOP_SECONDS
        for child in self.children:
            # No order passes these: they stop while the others do.
            if child.name in topology.BESIDE and child.process is not None and child.is_alive:
                terminate(child.process)
        for child in reversed(self.children):
            if child.process is not None and child.is_alive:
                terminate(child.process)
                # Fused, the three of the path close one after the other.
                limit = STOP_SECONDS if child.name == topology.FUSED else STAGE_STOP_SECONDS
                left = min(limit, max(0.0, deadline - loop.time()))
                await settled(child.process.wait(), left)
        killed = [child for child in self.children if child.is_alive]
        for child in killed:
            if child.process is not None:
                with contextlib.suppress(ProcessLookupError):
                    child.process.kill()
                await child.process.wait()
        await settled(asyncio.gather(*self.forwards), STAGE_STOP_SECONDS)
        return [child.name for child in killed]

    async def start_stage(self, child: Child) -> None:
        """Start one stage and wait until it says that it is ready."""
        source, target = os.pipe()
        try:
            child.process = process = await self.spawn(child.name, target)
        except BaseException:
            os.close(source)
            raise
        finally:
            os.close(target)
        child.is_ready = False
        last_words = self.forward(child.name, process)
        self.write_state()
        answer = await self.read_ready(source)
        if answer != b"ready\n":
            if process.returncode is None:
                process.kill()
            code = await process.wait()
            if last_words is not None:
                await settled(last_words, STAGE_STOP_SECONDS)
            why = (
                ended(code)
                if answer is not None
                else (f"was not ready within {self.settings.ready_timeout_ms} ms")
            )
            raise StageError(f"stage {child.name} did not start: it {why}")
        child.is_ready = True
        self.write_state()

    async def spawn(self, name: str, ready_fd: int) -> asyncio.subprocess.Process:
        """Start the process of a stage. One that may outlive us writes to a file of its own."""
        output = None if self.settings.orphans == "stop" else open_log(self.run_dir, name)
        try:
            return await asyncio.create_subprocess_exec(
                *self.entry,
                name,
                str(self.run_dir.path),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if output is None else output,
                stderr=asyncio.subprocess.STDOUT,
                env={**os.environ, READY_FD: str(ready_fd), ORPHANS: self.settings.orphans},
                pass_fds=(ready_fd,),
                # A terminal's SIGINT goes to its whole group; only we decide who stops when.
                start_new_session=True,
            )
        finally:
            if output is not None:
                os.close(output)

    async def read_ready(self, fd: int) -> bytes | None:
        """What the stage wrote to its pipe: b"" when it ended first, None when it was too slow."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(fd, "rb")
        )
        try:
            return await asyncio.wait_for(reader.readline(), self.settings.ready_timeout_ms / 1000)
        except TimeoutError:
            return None
        finally:
            transport.close()

    async def keep(self, child: Child) -> None:
        """Start one stage again each time it dies, later each time, until the limit."""
        while child.process is not None:
            code = await child.process.wait()
            child.is_ready = False
            child.restarts += 1
            if child.restarts > self.settings.restarts_max:
                raise StageError(
                    f"stage {child.name} {ended(code)}; it was started again "
                    f"{self.settings.restarts_max} times, expected no more (supervisor."
                    "restarts_max)"
                )
            # 2 ** 30 of the least is longer than any longest.
            delay_ms = self.settings.backoff_ms * 2 ** min(child.restarts - 1, 30)
            say(f"stage {child.name} {ended(code)}; restart {child.restarts}")
            await asyncio.sleep(min(delay_ms, self.settings.backoff_ms_max) / 1000)
            try:
                await self.start_stage(child)
            except StageError as error:
                say(str(error))

    def forward(self, name: str, process: asyncio.subprocess.Process) -> asyncio.Task[None] | None:
        """Copy what the stage prints to our stderr, each line with its name."""
        if process.stdout is None:
            return None
        task = asyncio.ensure_future(forward_lines(name, process.stdout))
        self.forwards.add(task)
        task.add_done_callback(self.forwards.discard)
        return task

    def write_state(self) -> None:
        """Write stages.json whole or not at all; then again until the disk takes it."""
        pending, self.next_try = self.next_try, None
        if pending is not None:
            pending.cancel()
        state = {
            child.name: {
                "pid": child.process.pid if child.process else 0,
                "started": started_at(child.process.pid) if child.process else 0,
                "restarts": child.restarts,
                "is_ready": child.is_ready,
            }
            for child in self.children
        }
        partial = self.run_dir.stages.with_suffix(".partial")
        try:
            partial.write_bytes(msgspec.json.encode(state))
            os.replace(partial, self.run_dir.stages)
        except OSError as error:
            if pending is None:
                say(f"{self.run_dir.stages}: not written ({error.strerror}); the stages go on")
            self.next_try = asyncio.get_running_loop().call_later(WRITE_AGAIN_S, self.write_state)


def terminate(process: Process) -> None:
    """Ask it to stop; it may have ended a moment ago, which wait() is about to say."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()


async def supervise(
    universe: Universe,
    run_dir: RunDir,
    *,
    entry: Sequence[str] = ENTRY,
    on_ready: Callable[[], None] = lambda: None,
    adopted: Mapping[str, Adopted] | None = None,
) -> int:
    """Run all stages until SIGINT or SIGTERM (0), or until one cannot be kept alive (1)."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    supervisor = Supervisor(universe, run_dir, entry=entry, adopted=adopted)

    async def work() -> None:
        await supervisor.start()
        on_ready()
        await supervisor.watch()

    working = asyncio.ensure_future(work())
    waiting = asyncio.ensure_future(asked.wait())
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    working.cancel()
    failure = (await asyncio.gather(working, return_exceptions=True))[0]
    killed = await supervisor.stop()
    for name in killed:
        say(f"stage {name} did not stop in time and was killed")
    if isinstance(failure, ExceptionGroup):
        failure = failure.exceptions[0]
    if isinstance(failure, StageError):
        say(str(failure))
    elif isinstance(failure, Exception):
        raise failure
    return 1 if killed or isinstance(failure, Exception) else 0


def run(
    universe: Universe,
    run_dir: RunDir,
    *,
    entry: Sequence[str] = ENTRY,
    on_ready: Callable[[], None] = lambda: None,
) -> int:
    """Make the run directory, take it, and supervise its stages.

    RunDirError when it is taken, ReplayError when its journal is of another config.
    """
    run_dir.create()
    lock = run_dir.lock()
    try:
        adopted = find_orphans(universe, run_dir)
        begin(universe, run_dir)
        return uvloop.run(
            supervise(universe, run_dir, entry=entry, on_ready=on_ready, adopted=adopted)
        )
    finally:
        os.close(lock)


def open_log(run_dir: RunDir, name: str) -> int:
    """The file that a stage appends what it prints to."""
    run_dir.logs.mkdir(mode=0o700, exist_ok=True)
    path = run_dir.logs / f"{name}.log"
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


async def settled(work: Awaitable[object], seconds: float) -> None:
    """Wait for `work` no longer than `seconds`."""
    try:
        await asyncio.wait_for(work, seconds)
    except TimeoutError:
        return


async def forward_lines(name: str, source: asyncio.StreamReader) -> None:
    rest = b""
    while chunk := await source.read(LINE_MAX):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > LINE_MAX:
            lines, rest = [*lines, rest], b""
        for line in lines:
            say(line.decode(errors="replace"), name)
    if rest:
        say(rest.decode(errors="replace"), name)


def ended(code: int) -> str:
    """How a process ended, in words."""
    if code == UNKNOWN_CODE:
        return "has ended"
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"


def say(text: str, name: str = "supervisor") -> None:
    """Nobody dies because a log is on a full disk or its reader is gone."""
    with contextlib.suppress(OSError):
        print(f"[{name}] {text}", file=sys.stderr, flush=True)
