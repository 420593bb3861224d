"""Rows are asked for a batch ahead of the step: whatever its records say, and with no effect."""

import numpy as np
import numpy.typing as npt
from risk_rig import GOLD, INDEX, mark, order, universe

from tidegate import risk_state
from tidegate.native.pretrade import Pretrade
from tidegate.native.records import ORDER_RECORD, RECORD, Kind
from tidegate.native.tables import Tables
from tidegate.universe import Capacity

SEED, COUNT = 20261122, 4_000
ORDERS = 256
KINDS = (Kind.NEW_ORDER_SINGLE, Kind.CANCEL_REQUEST, Kind.CANCEL_REPLACE_REQUEST)
MARKED = np.concatenate([mark(GOLD, 13_000), mark(INDEX, 13_000)])
# Of 32 bits: what there is, what is just beyond, and the ends.
NUMBERS = np.array([0, 1, 2, 3, 5, 6, 7, 14, 15, 16, ORDERS, 1 << 16, (1 << 32) - 1], np.uint64)


def drawn() -> npt.NDArray[np.void]:
    """Requests for accounts, instruments and orders that are there, or not."""
    draw = np.random.Generator(np.random.PCG64(SEED))
    rows = np.concatenate([order(1)] * COUNT).view(ORDER_RECORD)
    rows["kind"] = draw.choice(KINDS, COUNT, p=(0.7, 0.2, 0.1))
    rows["cl_ord_id"] = draw.integers(1, COUNT, COUNT)
    rows["orig_cl_ord_id"] = draw.integers(0, COUNT, COUNT)
    is_odd = draw.random(COUNT) < 0.3
    for name in ("account", "instrument"):
        rows[name][is_odd] = draw.choice(NUMBERS, int(is_odd.sum()))
    whole = rows.view(RECORD)
    whole[: len(MARKED)] = MARKED
    whole["sequence"] = np.arange(1, COUNT + 1)
    return whole


def replayed(rows: npt.NDArray[np.void], size: int) -> Tables:
    tables = risk_state.in_memory(
        universe(capacity=Capacity(orders=ORDERS, pairs=64, cl_ord_ids=1 << 13))
    )
    step = Pretrade(tables)
    for first in range(0, len(rows), size):
        step.replay(rows[first : first + size])
    return tables


def test_batches_of_any_size_end_in_the_state_of_single_records() -> None:
    rows = drawn()
    single = replayed(rows, 1)
    accepted, denied = (int(single.arrays["risk"][name][0]) for name in ("accepted", "denied"))
    assert accepted > 30
    assert denied > 100
    for size in (2, 63, 64, 65, COUNT):
        assert replayed(rows, size).state_hash() == single.state_hash()
