"""Numpy dtypes of the record's views, derived from records.h, and the layout's identity."""
import hashlib

import numpy as np

NO_PRICE = TG_NO_PRICE
LAYOUT_VERSION = TG_LAYOUT_VERSION
RECORD_SIZE = TG_RECORD_SIZE


def _views():
    cdef record record_sample
    cdef order_record order_record_sample
    cdef execution_record execution_record_sample
    cdef denial_record denial_record_sample
    cdef quote_record quote_record_sample
    cdef session_record session_record_sample
    cdef control_record control_record_sample
    cdef note_record note_record_sample
    cdef margin_record margin_record_sample
    cdef array_record array_record_sample
    cdef rate_record rate_record_sample
    # A view by name: without one Cython declares what views are made of too late.
    cdef record[::1] view = <record[:1]>&record_sample
    return (
        np.asarray(view).dtype,
        np.asarray(<order_record[:1]>&order_record_sample).dtype,
        np.asarray(<execution_record[:1]>&execution_record_sample).dtype,
        np.asarray(<denial_record[:1]>&denial_record_sample).dtype,
        np.asarray(<quote_record[:1]>&quote_record_sample).dtype,
        np.asarray(<session_record[:1]>&session_record_sample).dtype,
        np.asarray(<control_record[:1]>&control_record_sample).dtype,
        np.asarray(<note_record[:1]>&note_record_sample).dtype,
        np.asarray(<margin_record[:1]>&margin_record_sample).dtype,
        np.asarray(<array_record[:1]>&array_record_sample).dtype,
        np.asarray(<rate_record[:1]>&rate_record_sample).dtype,
    )


(
    RECORD,
    ORDER_RECORD,
    EXECUTION_RECORD,
    DENIAL_RECORD,
    QUOTE_RECORD,
    SESSION_RECORD,
    CONTROL_RECORD,
    NOTE_RECORD,
    MARGIN_RECORD,
    ARRAY_RECORD,
    RATE_RECORD,
) = _views()


def layout_hash(*dtypes):
    """First 8 bytes of BLAKE2b over name, offset and format of each field, as an int."""
    text = ";".join(
        f"{name}:{field[1]}:{field[0].str}{field[0].shape}"
        for dtype in dtypes
        for name, field in sorted(
            (dtype.fields or {"": (dtype, 0)}).items(), key=lambda item: item[1][1]
        )
    )
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


LAYOUT_HASH = layout_hash(
    RECORD,
    ORDER_RECORD,
    EXECUTION_RECORD,
    DENIAL_RECORD,
    QUOTE_RECORD,
    SESSION_RECORD,
    CONTROL_RECORD,
    NOTE_RECORD,
    MARGIN_RECORD,
    ARRAY_RECORD,
    RATE_RECORD,
)
