"""A duty cycle that a simulation stops at one of its crash points; the debug build alone does."""

ctypedef int (*cycle_of_agent)(void* agent) noexcept nogil

# What the cycle did, or -1 where it was stopped within.
cdef int live(cycle_of_agent cycle, void* agent) noexcept nogil
# Called at each crash point; does not return from the last one that was asked for.
cdef void pass_within() noexcept nogil
