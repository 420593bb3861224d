"""Asks for the rows of a batch of orders before they are decided, so that memory answers early."""
from tidegate.native.records cimport record
from tidegate.native.tables cimport tables

# Records looked at in one go.
cdef enum:
    AHEAD_MAX = 64


# Orders of `records`, at most AHEAD_MAX of them; others are passed over. Changes nothing.
cdef void ask(const tables* t, const record* records, int count) noexcept nogil

# Of a batch that is replayed: records of every kind, orders as above. Changes nothing.
cdef void ask_replayed(const tables* t, const record* records, int count) noexcept nogil
