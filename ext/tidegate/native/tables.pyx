"""Risk's tables as numpy arrays (in memory or over regions) and as C pointers for its steps."""
cimport cython
from libc.stdint cimport uint32_t

import hashlib

import numpy as np

NO_LIMIT = TG_NO_LIMIT
CHAIN_MAX = TG_CHAIN_MAX


def _dtypes():
    cdef risk_row risk_row_sample
    cdef instrument_row instrument_row_sample
    cdef account_row account_row_sample
    cdef pair_row pair_row_sample
    cdef balance_row balance_row_sample
    cdef order_row order_row_sample
    cdef cl_ord_id_row cl_ord_id_row_sample
    cdef session_orders_row session_orders_row_sample
    return {
        "risk": np.asarray(<risk_row[:1]>&risk_row_sample).dtype,
        "instruments": np.asarray(<instrument_row[:1]>&instrument_row_sample).dtype,
        "accounts": np.asarray(<account_row[:1]>&account_row_sample).dtype,
        "pairs": np.asarray(<pair_row[:1]>&pair_row_sample).dtype,
        "balances": np.asarray(<balance_row[:1]>&balance_row_sample).dtype,
        "orders": np.asarray(<order_row[:1]>&order_row_sample).dtype,
        "cl_ord_ids": np.asarray(<cl_ord_id_row[:1]>&cl_ord_id_row_sample).dtype,
        "sessions": np.asarray(<session_orders_row[:1]>&session_orders_row_sample).dtype,
        "pair_index": np.dtype(np.uint32),
    }


DTYPES = _dtypes()


def is_power_of_two(value):
    return value > 0 and value & (value - 1) == 0


cdef tables _point(dict arrays) except *:
    cdef risk_row[::1] risk = arrays["risk"]
    cdef instrument_row[::1] instruments = arrays["instruments"]
    cdef account_row[::1] accounts = arrays["accounts"]
    cdef pair_row[::1] pairs = arrays["pairs"]
    cdef uint32_t[::1] pair_index = arrays["pair_index"]
    cdef balance_row[::1] balances = arrays["balances"]
    cdef order_row[::1] orders = arrays["orders"]
    cdef cl_ord_id_row[::1] cl_ord_ids = arrays["cl_ord_ids"]
    cdef session_orders_row[::1] sessions = arrays["sessions"]
    if len(balances) % len(accounts):
        raise ValueError("table balances is not accounts x currencies")
    return tables(
        risk=&risk[0],
        instruments=&instruments[0],
        accounts=&accounts[0],
        pairs=&pairs[0],
        pair_index=&pair_index[0],
        balances=&balances[0],
        orders=&orders[0],
        cl_ord_ids=&cl_ord_ids[0],
        sessions=&sessions[0],
        instrument_capacity=<uint32_t>len(instruments),
        account_capacity=<uint32_t>len(accounts),
        currency_capacity=<uint32_t>(len(balances) // len(accounts)),
        pair_capacity=<uint32_t>len(pairs),
        pair_mask=<uint32_t>(len(pair_index) - 1),
        order_capacity=<uint32_t>len(orders),
        cl_ord_id_mask=<uint32_t>(len(cl_ord_ids) - 1),
        session_capacity=<uint32_t>len(sessions),
    )


def state_hash(arrays):
    """BLAKE2b-128 over every byte of every table, as hex. Equal state, equal hash."""
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(DTYPES):
        digest.update(memoryview(arrays[name]).cast("B"))
    return digest.hexdigest()


@cython.final
cdef class Tables:
    """Risk's whole state over given arrays, one for each name of DTYPES.

    The arrays may lie in memory (replay, tests) or in regions (a live system). pair_index and
    cl_ord_ids are hash tables: their sizes must be powers of two.
    """

    def __cinit__(self, dict arrays):
        self.arrays = arrays
        for name, dtype in DTYPES.items():
            if name not in arrays:
                raise ValueError(f"table {name} is missing")
            if arrays[name].dtype != dtype:
                raise ValueError(f"table {name} has {arrays[name].dtype}, expected {dtype}")
            if len(arrays[name]) == 0:
                raise ValueError(f"table {name} is empty")
        for name in ("pair_index", "cl_ord_ids"):
            if not is_power_of_two(len(arrays[name])):
                raise ValueError(f"table {name} has {len(arrays[name])} rows, not a power of two")
        self.t = _point(arrays)

    def state_hash(self):
        """state_hash of these tables."""
        return state_hash(self.arrays)
