"""Asks for the rows of a batch of records before they are run, so that memory answers early."""
from tidegate.native.records cimport record
from tidegate.native.tables cimport tables

# Records looked at in one go.
cdef enum:
    AHEAD_MAX = 64


# Of the first AHEAD_MAX of `records` at most, of every kind. Changes nothing.
cdef void ask(const tables* t, const record* records, int count) noexcept nogil
