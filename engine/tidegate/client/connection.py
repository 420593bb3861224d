"""A client's DEALER socket, and the frames it carries for a session core. Never blocks."""

import zmq

from tidegate.client.core import SessionCore
from tidegate.errors import SessionError

HWM = 10_000


class Connection:
    """Owns one socket. The caller makes sure that one thread at a time is in here."""

    def __init__(self, endpoint: str, *, key: str | None, server_key: str | None) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.set(zmq.LINGER, 200)
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

    def exchange(self, core: SessionCore, now_ns: int) -> None:
        """Takes what has arrived, lets the core keep time, and sends what it has to say."""
        while self._take(core, now_ns):
            pass
        core.tick(now_ns)
        self.flush(core)

    def flush(self, core: SessionCore) -> None:
        """Sends what the core has queued; what the socket refuses is lost and asked for again."""
        while core.outgoing:
            try:
                self._socket.send_multipart(core.outgoing.popleft(), flags=zmq.DONTWAIT)
            except zmq.Again:
                core.counters["unsent"] += 1

    @property
    def fd(self) -> int:
        """Becomes readable when exchange() may have something to do; edge-triggered."""
        return int(self._socket.get(zmq.FD))

    def has_input(self) -> bool:
        """Whether a message is there now."""
        return bool(int(self._socket.get(zmq.EVENTS)) & zmq.POLLIN)

    def close(self) -> None:
        """Frees the socket; what is queued has a moment to leave."""
        self._socket.close()
        self._context.term()

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
        self._socket.set(zmq.CURVE_SERVERKEY, server_key.encode())
        self._socket.set(zmq.CURVE_SECRETKEY, key.encode())
        self._socket.set(zmq.CURVE_PUBLICKEY, zmq.curve_public(key.encode()))
