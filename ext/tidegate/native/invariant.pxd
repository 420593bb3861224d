"""must() and checked arithmetic. The checked functions return True when the result fits."""
from libc.stdint cimport int64_t


cdef extern from "invariant.h" nogil:
    void must(bint condition)
    bint mul_checked(int64_t left, int64_t right, int64_t* product)
    bint add_checked(int64_t left, int64_t right, int64_t* sum)
    bint sub_checked(int64_t left, int64_t right, int64_t* difference)
