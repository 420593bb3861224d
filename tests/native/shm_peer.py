"""The other process of a lane in shared memory: `shm_peer.py ENDPOINT COUNT SEED [FIRST [HWM]]`.

Every word of record n is made from n, so that a half of another record shows. Now and then a
sender or taker rests, for times drawn from the seed.
"""

import random
import sys
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.native.lane import LaneSource, LaneTarget
from tidegate.native.records import LAYOUT_VERSION, RECORD, Kind

Rows = npt.NDArray[Any]
WORDS = 16
BATCH_MAX = 256
RESTS = 200
REST_S_MAX = 0.001


def rows_of(first: int, count: int) -> Rows:
    """Records first .. first + count - 1: all words but the first two tell the number."""
    words = np.empty((count, WORDS), np.uint64)
    words[:] = np.arange(first, first + count, dtype=np.uint64)[:, None]
    words[:] *= np.arange(1, WORDS + 1, dtype=np.uint64)
    rows = words.reshape(-1).view(RECORD)
    rows["kind"] = Kind.NEW_ORDER_SINGLE
    rows["layout_version"] = LAYOUT_VERSION
    rows["msg_seq_num"] = 0
    rows["checksum"] = 0
    return rows


def is_as_sent(rows: Rows, first: int) -> bool:
    """Whether these are the records from `first` on, whole."""
    return rows.tobytes() == rows_of(first, len(rows)).tobytes()


def rest(draw: random.Random) -> None:
    if draw.randrange(RESTS) == 0:
        time.sleep(draw.random() * REST_S_MAX)


def send(endpoint: str, count: int, seed: int, first: int = 1, hwm: int = 1000) -> None:
    """Put records first .. count, in batches of any size."""
    draw = random.Random(seed)
    target = LaneTarget(None, endpoint, numbered=False, hwm=hwm)
    number = first
    while number <= count:
        batch = rows_of(number, min(draw.randint(1, BATCH_MAX), count + 1 - number))
        while len(batch):
            put = target.put_rows(batch)
            number += put
            batch = batch[put:]
            target.flush_rows()
            if put == 0:
                time.sleep(0)
        rest(draw)
    while target.flush_rows():
        time.sleep(0)
    target.close()


def take(source: LaneSource, count: int, seed: int) -> int:
    """Take records 1 .. count; the number of the first that is not as it was sent, or 0."""
    draw = random.Random(seed)
    number = 1
    while number <= count:
        rows = source.take_rows(draw.randint(1, BATCH_MAX))
        if len(rows) == 0:
            time.sleep(0)
        if not is_as_sent(rows, number):
            return number
        number += len(rows)
        rest(draw)
    return 0


if __name__ == "__main__":
    send(sys.argv[1], *map(int, sys.argv[2:]))
