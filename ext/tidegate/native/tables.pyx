"""Risk's tables as numpy arrays (in memory or over regions) and as C pointers for its steps."""
cimport cython
from libc.stdint cimport uint32_t

import hashlib

import numpy as np

NO_LIMIT = TG_NO_LIMIT
CREDIT_MAX = TG_CREDIT_MAX
CHAIN_MAX = TG_CHAIN_MAX
HASH_TABLES = ("pair_index", "product_index", "limits", "cl_ord_ids")


def _dtypes():
    cdef risk_row risk_row_sample
    cdef currency_row currency_row_sample
    cdef instrument_row instrument_row_sample
    cdef staged_row staged_row_sample
    cdef phase_row phase_row_sample
    cdef account_row account_row_sample
    cdef product_row product_row_sample
    cdef scan_row scan_row_sample
    cdef pair_row pair_row_sample
    cdef sides_row sides_row_sample
    cdef day_row day_row_sample
    cdef balance_row balance_row_sample
    cdef limit_row limit_row_sample
    cdef override_row override_row_sample
    cdef fee_row fee_row_sample
    cdef cash_hold_row cash_hold_row_sample
    cdef break_row break_row_sample
    cdef order_row order_row_sample
    cdef cl_ord_id_row cl_ord_id_row_sample
    cdef session_orders_row session_orders_row_sample
    # A view by name: without one Cython declares what views are made of too late.
    cdef risk_row[::1] view = <risk_row[:1]>&risk_row_sample
    return {
        "risk": np.asarray(view).dtype,
        "currencies": np.asarray(<currency_row[:1]>&currency_row_sample).dtype,
        "instruments": np.asarray(<instrument_row[:1]>&instrument_row_sample).dtype,
        "staged": np.asarray(<staged_row[:1]>&staged_row_sample).dtype,
        "phases": np.asarray(<phase_row[:1]>&phase_row_sample).dtype,
        "accounts": np.asarray(<account_row[:1]>&account_row_sample).dtype,
        "products": np.asarray(<product_row[:1]>&product_row_sample).dtype,
        "scans": np.asarray(<scan_row[:1]>&scan_row_sample).dtype,
        "pairs": np.asarray(<pair_row[:1]>&pair_row_sample).dtype,
        "sides": np.asarray(<sides_row[:1]>&sides_row_sample).dtype,
        "days": np.asarray(<day_row[:1]>&day_row_sample).dtype,
        "balances": np.asarray(<balance_row[:1]>&balance_row_sample).dtype,
        "limits": np.asarray(<limit_row[:1]>&limit_row_sample).dtype,
        "overrides": np.asarray(<override_row[:1]>&override_row_sample).dtype,
        "fees": np.asarray(<fee_row[:1]>&fee_row_sample).dtype,
        "cash_holds": np.asarray(<cash_hold_row[:1]>&cash_hold_row_sample).dtype,
        "breaks": np.asarray(<break_row[:1]>&break_row_sample).dtype,
        "orders": np.asarray(<order_row[:1]>&order_row_sample).dtype,
        "cl_ord_ids": np.asarray(<cl_ord_id_row[:1]>&cl_ord_id_row_sample).dtype,
        "sessions": np.asarray(<session_orders_row[:1]>&session_orders_row_sample).dtype,
        "pair_index": np.dtype(np.uint32),
        "product_index": np.dtype(np.uint32),
    }


DTYPES = _dtypes()


def is_power_of_two(value):
    return value > 0 and value & (value - 1) == 0


cdef size_t _at(dict arrays, str name) except 0:
    """Where a table starts; its dtype has been compared with the C struct's."""
    if not arrays[name].flags.c_contiguous:
        raise ValueError(f"table {name} is not contiguous")
    return arrays[name].ctypes.data


cdef uint32_t _rows(dict arrays, str name) except? 0:
    return <uint32_t>len(arrays[name])


cdef tables _point(dict arrays) except *:
    for name, of in (("balances", "accounts"), ("fees", "instruments")):
        if len(arrays[name]) % len(arrays[of]):
            raise ValueError(f"table {name} is no multiple of {of}")
    return tables(
        risk=<risk_row*>_at(arrays, "risk"),
        currencies=<currency_row*>_at(arrays, "currencies"),
        instruments=<instrument_row*>_at(arrays, "instruments"),
        staged=<staged_row*>_at(arrays, "staged"),
        phases=<phase_row*>_at(arrays, "phases"),
        accounts=<account_row*>_at(arrays, "accounts"),
        products=<product_row*>_at(arrays, "products"),
        scans=<scan_row*>_at(arrays, "scans"),
        pairs=<pair_row*>_at(arrays, "pairs"),
        sides=<sides_row*>_at(arrays, "sides"),
        days=<day_row*>_at(arrays, "days"),
        balances=<balance_row*>_at(arrays, "balances"),
        limits=<limit_row*>_at(arrays, "limits"),
        overrides=<override_row*>_at(arrays, "overrides"),
        fees=<fee_row*>_at(arrays, "fees"),
        cash_holds=<cash_hold_row*>_at(arrays, "cash_holds"),
        breaks=<break_row*>_at(arrays, "breaks"),
        orders=<order_row*>_at(arrays, "orders"),
        cl_ord_ids=<cl_ord_id_row*>_at(arrays, "cl_ord_ids"),
        sessions=<session_orders_row*>_at(arrays, "sessions"),
        pair_index=<uint32_t*>_at(arrays, "pair_index"),
        product_index=<uint32_t*>_at(arrays, "product_index"),
        instrument_capacity=_rows(arrays, "instruments"),
        account_capacity=_rows(arrays, "accounts"),
        currency_capacity=_rows(arrays, "currencies"),
        product_capacity=_rows(arrays, "products"),
        product_mask=_rows(arrays, "product_index") - 1,
        scan_capacity=_rows(arrays, "scans"),
        pair_capacity=_rows(arrays, "pairs"),
        pair_mask=_rows(arrays, "pair_index") - 1,
        side_capacity=_rows(arrays, "sides"),
        day_capacity=_rows(arrays, "days"),
        limit_mask=_rows(arrays, "limits") - 1,
        override_capacity=_rows(arrays, "overrides"),
        tier_count=_rows(arrays, "fees") // _rows(arrays, "instruments"),
        cash_hold_capacity=_rows(arrays, "cash_holds"),
        break_capacity=_rows(arrays, "breaks"),
        order_capacity=_rows(arrays, "orders"),
        cl_ord_id_mask=_rows(arrays, "cl_ord_ids") - 1,
        session_capacity=_rows(arrays, "sessions"),
        backend=NULL,
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

    The arrays may lie in memory (replay, tests) or in regions (a live system). The sizes of
    HASH_TABLES must be powers of two; balances is accounts x currencies, fees instruments x tiers.
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
        for name in HASH_TABLES:
            if not is_power_of_two(len(arrays[name])):
                raise ValueError(f"table {name} has {len(arrays[name])} rows, not a power of two")
        self.t = _point(arrays)

    def state_hash(self):
        """state_hash of these tables."""
        return state_hash(self.arrays)
