"""Who may log on at the gateway, and what a session is told then."""

from typing import Any

import zmq

from tidegate import logon_reply, topology
from tidegate import session_messages as messages
from tidegate.codec import DENIAL, SESSION
from tidegate.errors import SessionError
from tidegate.native.door import Door
from tidegate.native.records import Flag, Kind, Reason
from tidegate.universe import Session, Universe


class Logons:
    """Knows the universe's sessions and their keys."""

    def __init__(self, universe: Universe, door: Door, *, started_ns: int) -> None:
        self._universe = universe
        self._door = door
        self._started_ns = started_ns
        self._sessions = {session.name: session for session in universe.sessions}
        self._terms = logon_reply.terms(universe)

    def answer(self, values: tuple[Any, ...], user_id: str, frame: bytes) -> tuple[bytes, bytes]:
        """The agent fills in the numbers and binds the connection to the session."""
        logon = messages.decode(frame, messages.Logon)
        session = self._sessions.get(logon.session)
        if session is None:
            raise SessionError(f"there is no session {logon.session!r}")
        _prove(session, user_id, logon.secret_key)
        flags = values[SESSION.index["flags"]] & Flag.SHARES_MEMORY
        if flags:
            self._prove_sharing(session)
        record = SESSION.pack(
            {
                "kind": Kind.LOGON,
                "flags": flags,
                "session": session.handle,
                "next_expected": values[SESSION.index["next_expected"]],
                "request_id": values[SESSION.index["request_id"]],
                "heartbeat_ns": session.heartbeat_ns,
            }
        )
        reply = logon_reply.reply(self._universe, session, self._terms, self._started_ns)
        return record, messages.encode(reply)

    def _prove_sharing(self, session: Session) -> None:
        """A client has the session's rings open before it says that it shares memory."""
        if not session.shm:
            raise SessionError(f"session {session.name!r} shares no memory; expected shm = true")
        problem = self._door.problem(session.handle)
        if problem:
            front = topology.front_path(self._universe)
            raise SessionError(
                f"session {session.name!r} shares no memory: {problem}; "
                f"expected a client at shm://{front}, or at ipc://{front} without"
            )


def refusal(values: tuple[Any, ...]) -> bytes:
    """SESSION_REJECT to a logon or request; cl_ord_id carries the request_id."""
    kind = values[SESSION.index["kind"]]
    is_logon = kind == Kind.LOGON
    return DENIAL.pack(
        {
            "kind": Kind.SESSION_REJECT,
            "reason": Reason.LOGON_REFUSED if is_logon else Reason.REQUEST_UNKNOWN,
            "ref_kind": kind,
            "cl_ord_id": values[SESSION.index["request_id"]],
        }
    )


def _prove(session: Session, user_id: str, secret_key: str | None) -> None:
    """On tcp CURVE has proved a key; on ipc the client shows the key's other half."""
    name = session.name
    if user_id:
        if user_id != session.public_key:
            raise SessionError(f"the connection's key is not the key of session {name!r}")
        return
    if session.public_key is None:
        return
    if secret_key is None:
        raise SessionError(f"session {name!r} has a public_key; its secret_key was not shown")
    try:
        shown = zmq.curve_public(secret_key.encode()).decode()
    except (ValueError, zmq.ZMQError, UnicodeError):
        raise SessionError("secret_key is not a Z85 key of 40 characters") from None
    if shown != session.public_key:
        raise SessionError(f"secret_key is not the one of session {name!r}")
