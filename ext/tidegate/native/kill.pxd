"""The kill switch (control 28)."""
from tidegate.native.alerts cimport numbers
from tidegate.native.outputs cimport outputs
from tidegate.native.records cimport control_record
from tidegate.native.tables cimport tables


# True = refused, and nothing is changed. n: limit = canceled, asked = pending already.
cdef bint kill(tables* t, const control_record* r, numbers* n, outputs* out) noexcept nogil
