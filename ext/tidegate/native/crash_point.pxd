"""crash_point(): a place between two stores at which the process may die, and must not matter.

All stores to a region before it are done before all after it. Between two of them stores may be
left in any order, and half of them. In the debug build a test stops the process at the n-th.
"""
cdef extern from "crash_point.h" nogil:
    const bint TG_HAS_CRASH_POINTS
    void keep_order()


cdef void pass_one() noexcept nogil


cdef inline void crash_point() noexcept nogil:
    keep_order()
    if TG_HAS_CRASH_POINTS:
        pass_one()
