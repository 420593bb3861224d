"""Gateway, risk and router in one thread, turn by turn: no hand-off between them, one wait for all.

Where the router had something risk and gateway have a second turn, so that an order's way out and
a report's way back are one round each.
Between them are the same lanes as between processes, rings in shared memory, with the same numbers
and the same records kept: to what a restart finds one process is as good as three.
"""
cimport cython
from libc.stdint cimport int64_t

from tidegate.native.clock cimport monotonic_ns
from tidegate.native.gateway_agent cimport GatewayAgent
from tidegate.native.poll cimport POLL_FAILED, Poller
from tidegate.native.risk_agent cimport RiskAgent
from tidegate.native.router_agent cimport RouterAgent

cdef enum:
    # The gateway looks at its sessions' times so often.
    IDLE_MS = 10
    BLOCKED_MS = 1


@cython.final
cdef class Turns:
    cdef GatewayAgent gateway
    cdef RiskAgent risk
    cdef RouterAgent router
    cdef Poller poller

    def __cinit__(self, *, GatewayAgent gateway not None, RiskAgent risk not None,
                  RouterAgent router not None, Poller poller not None):
        self.gateway = gateway
        self.risk = risk
        self.router = router
        self.poller = poller

    def run(self, int for_ms):
        cdef int64_t end_ns = monotonic_ns() + <int64_t>for_ms * 1_000_000
        cdef int work, waited = 1
        cdef bint is_idle = False
        with nogil:
            self.poller.begin()
            while not self.risk.journal.is_failed and not self.poller.is_stopping():
                work = self.round()
                if work != 0:
                    is_idle = False
                    waited = self.poller.wait_after(work, 0)
                elif is_idle or monotonic_ns() >= end_ns:
                    # What woke us is not for an agent: an answer to a logon at a venue.
                    break
                elif self.risk.is_blocked() or self.router.is_blocked():
                    waited = self.poller.nap(BLOCKED_MS)
                else:
                    waited = self.poller.wait_after(0, IDLE_MS)
                    is_idle = waited > 0
                if waited < 0 or (work != 0 and monotonic_ns() >= end_ns):
                    break
            self.poller.end()
        self.risk.refuse_failed()
        self.router.refuse_failed()
        if waited == POLL_FAILED:
            raise OSError("the stages cannot wait for their lanes, clients and channels")
        return not self.poller.is_stopping()

    def finish(self):
        self.gateway.finish()

    cdef int round(self) noexcept nogil:
        cdef int work = self.gateway.do_work() + self.risk.do_work()
        cdef int routed = self.router.do_work()
        if routed != 0:
            work += routed + self.risk.do_work() + self.gateway.do_work()
        return work
