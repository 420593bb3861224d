"""Writes the corpus' seeds: `python tests/fuzz/make_corpus.py`. Findings are added by hand."""

import tempfile
from pathlib import Path

import numpy as np
from targets import ROOT, TARGETS

from tidegate.native.journal_reader import HEADER
from tidegate.native.records import LAYOUT_VERSION, ORDER_RECORD, RECORD, Kind, OrdType, Side
from tidegate.native.sessions import SESSION_ROW
from tidegate.tape.events import EVENT, TapeKind
from tidegate.tape.format import TapeReader, TapeWriter

CORPUS = Path(__file__).parent / "corpus"
PA2_LINES = 40


def orders() -> bytes:
    """A mark, two orders and a cancel."""
    rows = np.zeros(4, ORDER_RECORD)
    rows["layout_version"] = LAYOUT_VERSION
    rows["msg_seq_num"] = np.arange(1, 5)
    rows["kind"] = Kind.MARK, Kind.NEW_ORDER_SINGLE, Kind.NEW_ORDER_SINGLE, Kind.CANCEL_REQUEST
    rows["cl_ord_id"] = 0, 1, 2, 3
    rows["orig_cl_ord_id"][3] = 1
    rows["price"], rows["order_qty"], rows["instrument"] = 13_000, 1, 1
    rows["account"], rows["session"] = 4, 1
    rows["side"], rows["ord_type"], rows["time_in_force"] = Side.BUY, OrdType.LIMIT, ord("0")
    return rows.tobytes()


def seeds() -> dict[str, bytes]:
    """Inputs by target and name; where a target is a family, the first byte is the member's."""
    header = np.zeros(1, HEADER)
    header["segment_records"], header["first_sequence"] = 8, 1
    session = np.zeros(1, SESSION_ROW)
    session["next_expected"] = 1
    pa2 = (ROOT / "tests" / "span" / "small.pa2").read_bytes().splitlines(keepends=True)
    return {
        "config/seed": (ROOT / "configs" / "dev.toml").read_bytes(),
        "pa2/seed": b"".join(pa2[:PA2_LINES]),
        "tape/seed": b"\0" + small_tape(),
        "tape/columns": b"\1" + (2).to_bytes(2, "little") + bytes(2 * 29),
        "journal/seed": b"\0\3" + header.tobytes() + bytes(128) + orders(),
        "journal/shown": b"\1\3" + header.tobytes() + bytes(128) + orders(),
        "frame/seed": b"\0" + orders()[: RECORD.itemsize],
        "frame/intake": b"\1\1" + session.tobytes() + orders(),
        "frame/request": b'\2{"request": "positions", "account": "dev-1"}\n',
        "step/seed": orders(),
    }


def small_tape() -> bytes:
    """The first events of a demo tape as a tape of its own."""
    with TapeReader(ROOT / "configs" / "demo" / "gc.tape") as reader:
        metadata, events = reader.metadata, reader.events()[:20]
    events = events[events["kind"] != TapeKind.END].astype(EVENT)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "small.tape"
        with TapeWriter(path, metadata) as writer:
            writer.append(events)
        return path.read_bytes()


def main() -> None:
    for name, data in seeds().items():
        path = CORPUS / name
        assert path.parent.name in TARGETS
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
