"""A venue that answers at once, as a process: python bench/rig/venue.py RUN_DIR.

Logons are answered here, requests in native.venue_bench. Each logon is followed by a mark of every
instrument, so that risk has its reference prices.
"""

import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import zmq

sys.path.insert(0, str(Path(__file__).parents[1]))

from flow import PRICE
from rig.processes import tell_ready

from tidegate import topology
from tidegate.codec import SESSION
from tidegate.native.poll import Poller
from tidegate.native.records import LAYOUT_VERSION, NO_PRICE, QUOTE_RECORD, Kind, Level
from tidegate.native.venue_bench import BenchVenue
from tidegate.run_dir import RunDir
from tidegate.universe import Universe

FRAME_RECORDS = 256


def marks(content: Universe) -> list[bytes]:
    """A mark of each instrument, in frames."""
    rows = np.zeros(len(content.instruments), QUOTE_RECORD)
    rows["kind"], rows["layout_version"] = Kind.MARK, LAYOUT_VERSION
    rows["instrument"] = [row.handle for row in content.instruments]
    rows["price"] = PRICE
    rows["bid_px"] = rows["ask_px"] = NO_PRICE
    return [rows[at : at + FRAME_RECORDS].tobytes() for at in range(0, len(rows), FRAME_RECORDS)]


def welcome(content: Universe) -> bytes:
    """What a logon is told: our masters and our instruments, each by our own handle."""
    return msgspec.json.encode(
        {
            "venue": content.venues[0].name,
            "incarnation": 1,
            "accounts": {
                row.name: row.handle for row in content.accounts if row.level == Level.MASTER
            },
            "securities": [
                {
                    "code": row.venue_code,
                    "security_id": row.handle,
                    "tick_size": str(row.tick_size),
                }
                for row in content.instruments
            ],
            "working": [],
        }
    )


def log_on(
    socket: zmq.Socket[Any], venue: BenchVenue, identity: bytes, logon: bytes, content: Universe
) -> None:
    venue.drop()
    asked = SESSION.unpack(logon)
    answer = SESSION.pack(
        {
            "kind": Kind.LOGON,
            "next_sending": asked[SESSION.index["next_expected"]],
            "next_expected": asked[SESSION.index["next_sending"]],
            "heartbeat_ns": asked[SESSION.index["heartbeat_ns"]],
        }
    )
    socket.send_multipart([identity, answer, welcome(content)])
    for frame in marks(content):
        if content.venues[0].shm:
            venue.put(frame)
        else:
            socket.send_multipart([identity, frame])


def main() -> None:
    content = RunDir(sys.argv[1]).read_universe()
    with zmq.Context() as context, context.socket(zmq.ROUTER) as socket:
        socket.bind(content.venues[0].endpoint)
        rings = topology.venue_rings(content.venues[0])
        # It may share its core with the client: it gives way between two looks, and never spins.
        poller = Poller(context, yields=content.placement.yields) if rings else None
        venue = BenchVenue(socket, rings, poller)
        tell_ready()
        while True:
            identity, first, has_more = venue.serve()
            if has_more:
                socket.recv_multipart()
            if first[4] != Kind.LOGON:
                raise SystemExit(f"the venue got kind {first[4]}; expected orders and logons")
            log_on(socket, venue, identity, first, content)


if __name__ == "__main__":
    main()
