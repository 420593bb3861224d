"""The gateway's second door: a pair of rings for each session that shares memory with it.

A client proves its session at the socket, and asks its questions there; orders and what else is
a record go through its ring, reports and the session's own messages come back through the other.
What comes through the ring of a session that is not logged on with it is refused like the frame
of a stranger. The next client of a session finds in its rings what the last one left: the gateway
drops it at the logon, and a client what lies before the mark that the logon leaves. The rings are
in the run directory: who can enter it can trade.
"""
from libc.stdint cimport uint16_t, uint64_t
from libc.stdlib cimport calloc, free

from tidegate.errors import LaneError

from tidegate.native.front cimport PEER_LOST, PEER_SLOW
from tidegate.native.lane cimport LaneSource
from tidegate.native.records cimport TG_RECORD_SIZE, record
from tidegate.native.shm_ring import RingSource, ring_records
from tidegate.native.shm_ring cimport RingTarget, ring_end


cdef extern from "shm.h" nogil:
    uint64_t TG_LOAD_ACQUIRE(uint64_t place)
    void TG_STORE_RELEASE(uint64_t place, uint64_t value)


# Records that a client may leave unread before its reports wait in the outbox instead.
HWM = 256

cdef enum:
    # A last client's LOGOUT, and the answer to the new one's LOGON.
    LOGON_RECORDS = 2


cdef class Door:
    def __cinit__(self, places, int session_count):
        """places = {session's handle: (path of its orders, path of its reports)}."""
        self.targets = {}
        self.problems = {}
        self.outs = <void**>calloc(session_count, sizeof(void*))
        self.handles = <uint16_t*>calloc(max(len(places), 1), sizeof(uint16_t))
        self.is_open_to = <unsigned char*>calloc(session_count, 1)
        if self.outs == NULL or self.handles == NULL or self.is_open_to == NULL:
            raise MemoryError(f"no memory for the rings of {len(places)} sessions")
        for handle, (orders, reports) in places.items():
            self._open(handle, orders, reports)
        if not self.targets:
            return
        first, *others = [f"shm://{places[handle][0]}" for handle in self.targets]
        self.lane = LaneSource(None, first, hwm=HWM, numbered=False, others=others)
        self.source = self.lane.ring
        for handle, target in self.targets.items():
            self.outs[<uint16_t>handle] = <void*>target
            self.handles[self.count] = handle
            self.count += 1

    # A client that holds its pair otherwise, of an older version say, is without one, not all.
    def _open(self, handle, orders, reports):
        try:
            RingSource([orders], ring_records(HWM)).close()
            self.targets[handle] = RingTarget(reports, ring_records(HWM))
        except LaneError as error:
            self.problems[handle] = str(error)

    def __dealloc__(self):
        free(self.outs)
        free(self.handles)
        free(self.is_open_to)

    cdef Py_ssize_t take(self, record* out, Py_ssize_t limit, uint16_t* session) noexcept nogil:
        cdef Py_ssize_t count
        if self.count == 0:
            return 0
        count = self.source.take(out, limit)
        session[0] = self.handles[self.source.taken_of]
        return count

    cdef bint has(self, uint16_t session) noexcept nogil:
        return self.is_open_to[session] != 0

    cdef int send(self, uint16_t session, const void* rows, size_t size) noexcept nogil:
        if self.outs[session] == NULL:
            return PEER_LOST
        if (<RingTarget>self.outs[session]).put(rows, size // TG_RECORD_SIZE):
            return 0
        # Whether anybody is there its silence tells; asking would take the GIL for each report.
        return PEER_SLOW

    cdef bint is_ready(self, uint16_t session) noexcept nogil:
        return (
            self.outs[session] != NULL
            and (<RingTarget>self.outs[session]).has_room(LOGON_RECORDS)
        )

    cdef void log_on(self, uint16_t session, const void* answer) noexcept nogil:
        cdef int place = 0
        cdef ring_end* end
        while self.handles[place] != session:
            place += 1
        end = &self.source.ends[place]
        end.next_taken = end.seen_head = TG_LOAD_ACQUIRE(end.shared.head)
        TG_STORE_RELEASE(end.shared.tail, end.next_taken)
        self.is_open_to[session] = self.send(session, answer, TG_RECORD_SIZE) == 0

    cdef void log_out(self, uint16_t session) noexcept nogil:
        self.is_open_to[session] = 0

    def problem(self, handle):
        if handle in self.problems:
            return f"its rings could not be opened at the gateway's start: {self.problems[handle]}"
        place = list(self.targets).index(handle)
        ends = self.source.opened[place], (<RingTarget>self.targets[handle]).opened
        alone = [end for end in ends if not end.has_peer()]
        for end in alone:
            if end.is_removed():
                return (
                    f"{end.path} was removed while the gateway runs, which makes it again at its "
                    "next start"
                )
        return f"no client has {alone[0].path} open" if alone else ""

    @property
    def counters(self):
        return {
            "sessions": len(self.targets),
            "sessions_without_rings": len(self.problems),
            "bells_missing": sum(target.bells_missing for target in self.targets.values()),
        }

    def close(self):
        """Clients find their rings without a gateway."""
        if self.lane is not None:
            self.lane.close()
        for target in self.targets.values():
            target.close()
