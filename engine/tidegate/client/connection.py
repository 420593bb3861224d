"""A client's DEALER socket, its rings if it has some, and what they carry for a session core.

Never blocks. At shm:///PATH the session is proved and asked at ipc:///PATH, and records go through
rings beside it.
"""

import re
from pathlib import Path

import zmq

from tidegate.client.core import SessionCore
from tidegate.client.rings import Rings, is_logon
from tidegate.errors import SessionError

HWM = 10_000
# Characters of a CURVE key (Z85).
KEY_SIZE = 40
LINGER_MS = 200
SHM = "shm://"
ENDPOINT = r"(ipc|shm)://.+|tcp://[^:/\s]+:[0-9]{1,5}"


class Connection:
    """Owns one socket. The caller makes sure that one thread at a time is in here."""

    def __init__(
        self, endpoint: str, session: str, *, key: str | None, server_key: str | None
    ) -> None:
        self._session = session
        # Beside it are the rings, where it has some.
        self._front: str | None = None
        self._rings: Rings | None = None
        # Logged on, at the last exchange: until then what is in the ring waits.
        self._is_reading = False
        if re.fullmatch(ENDPOINT, endpoint) is None:
            raise SessionError(
                f"endpoint {endpoint!r}: expected ipc://PATH, shm://PATH or tcp://HOST:PORT; an "
                "absolute path has three slashes"
            )
        if endpoint.startswith(SHM):
            self._front = endpoint.removeprefix(SHM)
            self._rings = Rings.find(self._front, session)
            endpoint = f"ipc://{self._front}"
        self._endpoint = endpoint
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.set(zmq.LINGER, LINGER_MS)
        self._socket.set_hwm(HWM)
        # What cannot be sent now is not kept by the socket: the session resends it in order.
        self._socket.set(zmq.IMMEDIATE, 1)
        try:
            if endpoint.startswith("tcp://"):
                self._secure(endpoint, key, server_key)
            self._socket.connect(endpoint)
        except (zmq.ZMQError, ValueError) as error:
            self.close()
            raise SessionError(f"cannot connect to {endpoint!r}: {error}") from error
        except SessionError:
            self.close()
            raise

    def exchange(self, core: SessionCore, now_ns: int) -> bool:
        """Takes what has arrived, lets the core keep time, and sends what it has to say.

        Whether anything had arrived.
        """
        has_taken = False
        while True:
            while self._take(core, now_ns):
                has_taken = True
            self._is_reading = self._rings is not None and core.is_logged_on
            # Before the answer to the logon nothing could be made of them.
            while self._rings is not None and core.is_logged_on:
                frame = self._rings.take(core.logon_id)
                if not frame:
                    break
                has_taken = True
                core.receive([frame], now_ns)
            # Once all is taken that it had put: no frame tells that the other end is gone.
            if core.is_logged_on and self._rings is not None and self._rings.are_deserted(now_ns):
                core.counters["gateways_lost"] += 1
                core.logon(now_ns)
            core.tick(now_ns)
            self.flush(core)
            # Rung again also where nothing is read yet, or its descriptor would stay readable.
            is_left = self._rings is not None and self._rings.pair.rearm()
            if not is_left or not core.is_logged_on:
                return has_taken

    def flush(self, core: SessionCore) -> None:
        """Sends what the core has queued; what is refused is lost and asked for again.

        What a ring has no room for waits there, as in a socket.
        """
        if self._rings is not None:
            self._rings.pair.push()
        while core.outgoing:
            parts = core.outgoing.popleft()
            if self._rings is not None and len(parts) == 1:
                core.counters["unsent"] += not self._rings.pair.put(parts[0])
                continue
            if is_logon(parts) and not self._may_log_on(core):
                core.counters["unsent"] += 1
                continue
            if self._rings is not None and is_logon(parts):
                # The gateway needs room for its answer, and each side sends again what was on
                # its way.
                self._rings.pair.empty()
            try:
                self._socket.send_multipart(parts, flags=zmq.DONTWAIT)
            except zmq.Again:
                core.counters["unsent"] += 1

    @property
    def fds(self) -> list[int]:
        """One becomes readable when exchange() may have something to do; edge-triggered."""
        socket = int(self._socket.get(zmq.FD))
        return [socket] if self._rings is None else [socket, self._rings.pair.fd]

    def has_input(self) -> bool:
        """Whether a message is there now."""
        if self._rings is not None and self._is_reading and self._rings.pair.has_input:
            return True
        return bool(int(self._socket.get(zmq.EVENTS)) & zmq.POLLIN)

    @property
    def has_unsent(self) -> bool:
        """Whether records wait for room in a ring: exchange() again within RETRY_S."""
        return self._rings is not None and self._rings.pair.has_unsent

    def silence(self) -> str:
        """What may be wrong at an endpoint that does not answer."""
        path = Path(self._endpoint.removeprefix("ipc://"))
        if self._endpoint.startswith("ipc://") and not path.exists():
            return f"no gateway has made {path.absolute()}; is that the path, and the run up?"
        # CURVE answers nothing to a key that it does not know.
        keys = ", and are the keys right" if self._endpoint.startswith("tcp://") else ""
        return f"no gateway answers at {self._endpoint}; is the run up{keys}?"

    def close(self) -> None:
        """Frees the socket; what is queued has a moment to leave."""
        if self._rings is not None:
            self._rings.pair.linger(LINGER_MS / 1000)
            self._rings.pair.close()
        self._socket.close()
        self._context.term()

    def _may_log_on(self, core: SessionCore) -> bool:
        """Whether the rings are there if it has some, or a gateway is that says why they are not.

        It makes them before it can be reached.
        """
        if self._front is None or self._rings is not None:
            return True
        if not int(self._socket.get(zmq.EVENTS)) & zmq.POLLOUT:
            return False
        try:
            self._rings = Rings.find(self._front, self._session)
        except SessionError as error:
            core.refuse(str(error))
            return False
        return True

    def _take(self, core: SessionCore, now_ns: int) -> bool:
        try:
            frames = self._socket.recv_multipart(flags=zmq.DONTWAIT)
        except zmq.Again:
            return False
        core.receive(frames, now_ns)
        return True

    def _secure(self, endpoint: str, key: str | None, server_key: str | None) -> None:
        """CURVE: the gateway is known by its public key, we by ours."""
        if key is None or server_key is None:
            raise SessionError(f"{endpoint!r} is tcp: it needs key and server_key")
        for name, text in (("key", key), ("server_key", server_key)):
            if not isinstance(text, str) or len(text) != KEY_SIZE:
                raise SessionError(f"{name}: expected a CURVE key, a str of {KEY_SIZE} characters")
        self._socket.set(zmq.CURVE_SERVERKEY, server_key.encode())
        self._socket.set(zmq.CURVE_SECRETKEY, key.encode())
        self._socket.set(zmq.CURVE_PUBLICKEY, zmq.curve_public(key.encode()))
