"""A node of the raw libzmq chain, as a process: python bench/rig/chain.py ROLE DIRECTORY.

client DEALER -> ROUTER gateway PUSH -> PULL risk PUSH -> PULL router DEALER -> ROUTER venue
and back the same way: the sockets that the stages have, and nothing between them.
"""

import sys
from pathlib import Path
from typing import Any

import zmq

sys.path.insert(0, str(Path(__file__).parents[1]))

from rig.processes import tell_ready

from tidegate.native.chain_bench import give_back, relay

HWM = 10_000
# Role -> (type, binds, name) of its sockets: there, onward, back, home.
NODES = {
    "gateway": (
        (zmq.ROUTER, True, "front"),
        (zmq.PUSH, False, "orders"),
        (zmq.PULL, True, "reports"),
    ),
    "risk": (
        (zmq.PULL, True, "orders"),
        (zmq.PUSH, False, "routes"),
        (zmq.PULL, True, "executions"),
        (zmq.PUSH, False, "reports"),
    ),
    "router": (
        (zmq.PULL, True, "routes"),
        (zmq.DEALER, False, "venue"),
        (zmq.PUSH, False, "executions"),
    ),
    "venue": ((zmq.ROUTER, True, "venue"),),
}


def endpoint(directory: str, name: str) -> str:
    return f"ipc://{directory}/{name}"


def opened(
    context: zmq.Context[Any], directory: str, kind: int, binds: bool, name: str
) -> zmq.Socket[Any]:
    socket = context.socket(kind)
    socket.linger = 0
    socket.set_hwm(HWM)
    if binds:
        socket.bind(endpoint(directory, name))
    else:
        socket.connect(endpoint(directory, name))
    return socket


def main() -> None:
    role, directory = sys.argv[1:]
    with zmq.Context() as context:
        sockets = [opened(context, directory, *each) for each in NODES[role]]
        tell_ready()
        if role == "venue":
            give_back(sockets[0])
        elif role == "gateway":
            relay(sockets[0], sockets[1], sockets[2], sockets[0], is_first=True)
        elif role == "router":
            relay(sockets[0], sockets[1], sockets[1], sockets[2])
        else:
            relay(*sockets)


if __name__ == "__main__":
    main()
