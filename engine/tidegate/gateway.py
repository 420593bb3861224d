"""The gateway stage: the front door for strategies, and the desk that answers for it.

The agent (native.gateway_agent) runs on its own thread without the GIL and owns the front
socket, the lanes and the regions. The desk, here, proves logons and answers requests; it talks
to the agent over one inproc socket and is never in an order's way.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread, current_thread, main_thread
from typing import Any

import numpy as np
import numpy.typing as npt
import zmq
from zmq.auth.thread import ThreadAuthenticator

from tidegate import lane_ends, topology
from tidegate import session_messages as messages
from tidegate.codec import SESSION
from tidegate.counters import Counters
from tidegate.errors import ConfigError, RegionError, SessionError, StageError
from tidegate.gateway_logon import Logons, refusal
from tidegate.gateway_requests import Requests, dead_man
from tidegate.lane_ends import Losses, Ring
from tidegate.native import clock
from tidegate.native.clock import wall_ns
from tidegate.native.door import Door
from tidegate.native.gateway_agent import GatewayAgent
from tidegate.native.histogram import HISTOGRAM
from tidegate.native.intake import account_words
from tidegate.native.intents import INTENT_ROW, Intents
from tidegate.native.legs import NAMES
from tidegate.native.link import Link
from tidegate.native.numbered import NumberedSource
from tidegate.native.poll import Poller
from tidegate.native.records import RECORD, Kind, Reason
from tidegate.native.sessions import GATEWAY_ROW, SESSION_ROW, SessionState
from tidegate.native.tables import DTYPES
from tidegate.region import Region
from tidegate.run_dir import RunDir
from tidegate.stopping import on_stop
from tidegate.universe import Session, Universe

POLL_MS = 100
# A frame above this ends the connection; between the protocol's bound and this it is refused.
FRAME_SIZE_MAX = 1 << 20
# Frames a client may leave unread before its reports wait in the outbox instead.
FRONT_HWM = 64
ZAP_DOMAIN = "tidegate"
REASONS = tuple(
    reason for reason in Reason if Reason.CONTROL_NOT_ALLOWED <= reason < Reason.VENUE_DOWN
)


class Gateway:
    """Sockets, regions and threads of one gateway; run() until stop()."""

    def __init__(
        self,
        universe: Universe,
        run_dir: RunDir,
        context: zmq.Context[zmq.Socket[bytes]] | None = None,
        *,
        poller: Poller | None = None,
    ) -> None:
        """poller: the one that it shares with other stages of its process."""
        self._universe = universe
        self._run_dir = run_dir
        self._requests = Requests(universe, run_dir)
        follow_risk(run_dir)
        self._started_ns = wall_ns()
        self._stopping = Event()
        self._regions = _regions(universe, run_dir)
        self._counters = Counters(run_dir, "gateway")
        self._context: zmq.Context[zmq.Socket[bytes]] = context or zmq.Context()
        self._authenticator: ThreadAuthenticator | None = None
        self._poller = poller or lane_ends.poller(universe, self._context)
        self._rings: dict[str, Ring] = {}
        self._reports: NumberedSource | None = None
        self._losses = Losses("gateway")
        self._door: Door | None = None
        self._front = self._context.socket(zmq.ROUTER)
        self._desk = self._context.socket(zmq.PAIR)
        self._agent_desk = self._context.socket(zmq.PAIR)
        try:
            self.agent = self._open()
        except BaseException:
            self.close()
            raise

    def run(self, ready: Callable[[], None], serve: Callable[[], None] | None = None) -> None:
        """Serve until stop(); `ready` is called when clients are heard.

        serve: what runs the agent on its thread, where not it alone.
        """
        agent = Thread(target=serve or self.agent.run, name="gateway-agent")
        agent.start()
        try:
            ready()
            while not self._stopping.is_set():
                if not agent.is_alive():
                    raise StageError("the gateway's agent ended by itself")
                if self._desk.poll(POLL_MS):
                    self._serve()
                if self._counters.is_due():
                    self._publish()
        finally:
            self._poller.stop()
            agent.join()
            self.close()

    def work(self) -> int:
        """One duty cycle of the agent and of the desk in this thread, without waiting."""
        work = self.agent.work()
        while int(self._desk.get(zmq.EVENTS)) & zmq.POLLIN:
            self._serve()
            work += 1
        return work

    @property
    def counted(self) -> npt.NDArray[Any]:
        """The agent's own counters: one row, live."""
        return self._regions["gateway"].rows

    def stop(self) -> None:
        """Ends run(); from any thread or signal handler."""
        self._stopping.set()

    def close(self) -> None:
        """Frees sockets and regions; the files stay for the next gateway."""
        self._poller.close()
        for ring in self._rings.values():
            ring.close()
        if self._reports is not None:
            self._reports.close()
        if self._door is not None:
            self._door.close()
        for socket in (self._front, self._desk, self._agent_desk):
            socket.close(linger=200)
        if self._authenticator is not None:
            self._authenticator.stop()
        self._context.term()
        self._requests.close()
        for region in self._regions.values():
            region.close()

    def _open(self) -> GatewayAgent:
        universe = self._universe
        self._desk.bind("inproc://desk")
        self._agent_desk.connect("inproc://desk")
        lanes = ("orders", "control")
        self._rings = {name: Ring(universe, self._run_dir, self._context, name) for name in lanes}
        intents = Intents(
            self._regions["gateway_intents"].rows,
            self._regions["gateway_sessions"].rows,
            *(ring.target for ring in self._rings.values()),
        )
        self._reports = lane_ends.source(universe, self._context, "reports", intents.taken)
        # Whom the front hears finds the rings.
        self._door = door(universe)
        self._bind_front()
        self._logons = Logons(universe, self._door, started_ns=self._started_ns)
        accounts = np.stack(
            [account_words(handles, len(universe.accounts)) for handles in self._handles()]
        )
        return GatewayAgent(
            front=self._front,
            door=self._door,
            desk=self._agent_desk,
            link=Link(
                self._rings["orders"].target,
                self._reports,
                second_target=self._rings["control"].target,
            ),
            poller=self._poller,
            sessions=self._regions["gateway_sessions"].rows,
            outbox=self._regions["outbox"].rows,
            intents=intents,
            counters=self._regions["gateway"].rows,
            latency=self._regions["latency"].rows,
            accounts=accounts,
            account_count=len(universe.accounts),
            operators=np.array(
                [0, *(session.role == "operator" for session in universe.sessions)], np.uint8
            ),
        )

    def _handles(self) -> list[tuple[int, ...]]:
        return [(), *(session.accounts for session in self._universe.sessions)]

    def _bind_front(self) -> None:
        """ipc first: what is set after it, CURVE, holds for the tcp endpoints only."""
        front = self._front
        front.set(zmq.ROUTER_MANDATORY, 1)
        front.set(zmq.MAXMSGSIZE, FRAME_SIZE_MAX)
        front.set(zmq.LINGER, 0)
        front.set_hwm(FRONT_HWM)
        endpoints = self._universe.gateway.endpoints
        for endpoint in (name for name in endpoints if not name.startswith("tcp://")):
            _bind(front, endpoint)
        remote = [name for name in endpoints if name.startswith("tcp://")]
        if not remote:
            return
        self._authenticate()
        public_key, secret_key = _load_keys(self._universe.gateway.secret_key_file)
        front.set(zmq.CURVE_SERVER, 1)
        front.set(zmq.CURVE_PUBLICKEY, public_key)
        front.set(zmq.CURVE_SECRETKEY, secret_key)
        front.set(zmq.ZAP_DOMAIN, ZAP_DOMAIN.encode())
        for endpoint in remote:
            _bind(front, endpoint)

    def _authenticate(self) -> None:
        keys = {session.public_key for session in self._universe.sessions}
        self._authenticator = ThreadAuthenticator(self._context)
        self._authenticator.start()
        self._authenticator.configure_curve_callback(ZAP_DOMAIN, _KnownKeys(keys - {None}))

    def _publish(self) -> None:
        """Counters by name, for inspect and the demo; single words of the agent's own rows."""
        row = self._regions["gateway"].rows[0]
        for name in GATEWAY_ROW.names or ():
            if name not in ("pad", "refused"):
                self._counters.publish("gateway", {name: int(row[name])})
        refused = row["refused"]
        self._counters.publish(
            "refused", {Reason(code).name: int(refused[code]) for code in REASONS}
        )
        for name in self._rings:
            self._counters.publish(name, self._rings[name].target.counters)
        if self._door is not None and any(self._door.counters.values()):
            self._counters.publish("door", self._door.counters)
        if self._reports is not None:
            self._losses.look({"reports": self._reports})
            self._counters.publish("reports", self._reports.counters)

    def _serve(self) -> None:
        """Answers one message of the agent: peer, record, proven key, JSON."""
        peer, record, user_id, frame = self._desk.recv_multipart()
        values = SESSION.unpack(record)
        request_id = values[SESSION.index["request_id"]]
        try:
            if values[SESSION.index["kind"]] == Kind.LOGON:
                answer, body = self._logons.answer(values, user_id.decode(), frame)
            else:
                session = self._universe.sessions[values[SESSION.index["session"]] - 1]
                body, timer = self._answer(session, messages.decode(frame, messages.Request))
                answer = SESSION.pack({"kind": Kind.RESPONSE, "request_id": request_id} | timer)
        except SessionError as error:
            answer = refusal(values)
            body = messages.encode(messages.Refusal(str(error)))
        self._desk.send_multipart([peer, answer, body])

    def _answer(self, session: Session, request: messages.Request) -> tuple[bytes, dict[str, int]]:
        """An answer's JSON, and what the agent is to do with the session's dead-man timer."""
        if request.request != "dead_man":
            return self._requests.answer(session, request), {}
        timeout_ms = dead_man(session, request)
        timer = {"session": session.handle, "heartbeat_ns": timeout_ms * 1_000_000}
        return messages.encode(messages.DeadManReply(timeout_ms)), timer


class _KnownKeys:
    """ZAP: a key may connect when some session has it; the logon says which."""

    def __init__(self, keys: set[Any]) -> None:
        self._keys = {key.encode() for key in keys}

    def callback(self, domain: str, key: bytes) -> bool:  # noqa: ARG002
        return key in self._keys


def main(universe: Universe, run_dir: RunDir, ready: Callable[[], None]) -> int:
    """The gateway as a process: until SIGTERM or SIGINT."""
    gateway = Gateway(universe, run_dir)
    if current_thread() is main_thread():
        on_stop(gateway.stop)
    gateway.run(ready)
    return 0


def door(universe: Universe) -> Door:
    """The rings of the sessions that have some, beside the ipc endpoint."""
    front = topology.front_path(universe)
    places = {
        session.handle: messages.ring_places(front, session.name)
        for session in universe.sessions
        if session.shm
    }
    opened = Door(places, len(universe.sessions) + 1)
    for handle, problem in opened.problems.items():
        name = universe.sessions[handle - 1].name
        print(f"session {name} shares no memory until the next start: {problem}", file=sys.stderr)
    return opened


def _regions(universe: Universe, run_dir: RunDir) -> dict[str, Region]:
    """Sessions and outbox of the gateway before this one, if any; connections are gone."""
    count = len(universe.sessions) + 1
    regions = {
        "gateway_sessions": Region.keep(run_dir.region("gateway_sessions"), SESSION_ROW, count),
        "outbox": Region.keep(run_dir.region("outbox"), RECORD, count * universe.gateway.outbox),
        "gateway_intents": Region.keep(run_dir.region("gateway_intents"), INTENT_ROW, 1),
        "gateway": Region.keep(run_dir.region("gateway"), GATEWAY_ROW, 1),
        "latency": Region.keep(run_dir.region("latency"), HISTOGRAM, len(NAMES)),
    }
    rows = regions["gateway_sessions"].rows
    rows["peer"] = 0
    rows["handle"] = np.arange(count)
    rows["state"][rows["state"] == SessionState.SESSION_ON] = SessionState.SESSION_LOST
    rows["heard_ns"] = wall_ns()
    for session in universe.sessions:
        rows["heartbeat_ns"][session.handle] = session.heartbeat_ns
    fresh = rows["next_out"] == 0
    for number in ("next_expected", "next_out", "next_sent", "sent_end"):
        rows[number][fresh] = 1
    rows["state"][fresh] = SessionState.SESSION_OUT
    rows["state"][0] = SessionState.SESSION_NONE
    return regions


def follow_risk(run_dir: RunDir) -> None:
    """Stamp no order earlier than risk's time, though the clock was set back while this was down.

    Or risk, whose time never goes back, would take each for one that has waited as long.
    """
    path = run_dir.region("risk")
    if not path.exists():
        return
    try:
        region = Region.attach(path, DTYPES["risk"])
    except RegionError:
        return
    clock.not_before(int(region.rows["now_ns"][0]))
    region.close()


def _bind(socket: zmq.Socket[bytes], endpoint: str) -> None:
    try:
        socket.bind(endpoint)
    except zmq.ZMQError as error:
        raise StageError(f"the gateway cannot bind {endpoint}: {error}") from error


def _load_keys(file: str | None) -> tuple[bytes, bytes]:
    if file is None:
        raise ConfigError("gateway.secret_key_file is missing; tcp endpoints need a key")
    try:
        secret_key = Path(file).read_bytes().strip()
        return zmq.curve_public(secret_key), secret_key
    except (OSError, ValueError, zmq.ZMQError) as error:
        raise ConfigError(f"{file}: {error}; expected a file with a CURVE secret key") from error
