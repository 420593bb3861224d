"""The end of a day (RISK.md 5.10)."""
from tidegate.native.alerts cimport numbers
from tidegate.native.records cimport control_record
from tidegate.native.tables cimport tables


# True = refused, and nothing is changed. n: done, the day before and the pairs settled; refused,
# how many instruments with lots are not settled and the first of them.
cdef bint day_roll(tables* t, const control_record* r, numbers* n) noexcept nogil
