"""`tidegate drop-copy RUN_DIR`."""

from pathlib import Path

import click
import msgspec
import numpy as np
import zmq

from tidegate import topology
from tidegate.explain.explanation import as_dict
from tidegate.native.records import RECORD, Kind
from tidegate.run_dir import RunDir


@click.command("drop-copy")
@click.argument("run_dir", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many records.")
def drop_copy(run_dir: Path, count: int | None) -> None:
    """Follow what risk reports to all strategies, a JSON object a line.

    msg_seq_num counts every record: a gap means that this reader was too slow.
    """
    universe = RunDir(run_dir).read_universe()
    accounts = {row.handle: row.name for row in universe.accounts}
    symbols = {row.handle: row.symbol for row in universe.instruments}
    left = count
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.setsockopt(zmq.SUBSCRIBE, b"")
        socket.connect(topology.endpoint(universe, "drop_copy"))
        while left is None or left > 0:
            rows = np.frombuffer(socket.recv(), RECORD)
            for at in range(len(rows) if left is None else min(left, len(rows))):
                found = as_dict(rows[at : at + 1].copy())
                found["kind"] = Kind(found["kind"]).name
                if "account" in found:
                    found["account"] = accounts.get(found["account"], found["account"])
                if "instrument" in found:
                    found["instrument"] = symbols.get(found["instrument"], found["instrument"])
                click.echo(msgspec.json.encode(found).decode())
            left = None if left is None else left - len(rows)
