"""How a refusal is written: what was refused, why, and nothing else."""
from libc.string cimport memset

from tidegate.native.records cimport (
    DENIED,
    EXEC_REJECTED,
    TG_LAYOUT_VERSION,
    denial_record,
    record,
)


cdef inline void refuse(denial_record* answer, const record* r, int kind,
                        int reason) noexcept nogil:
    memset(answer, 0, sizeof(answer[0]))
    answer.kind = kind
    answer.layout_version = TG_LAYOUT_VERSION
    answer.exec_type = EXEC_REJECTED if kind == DENIED else 0
    answer.reason = reason
    answer.ref_kind = r.kind
    answer.ref_seq_num = r.msg_seq_num
    answer.cl_ord_id = r.cl_ord_id
    answer.order_id = r.order_id
    answer.price = r.price
    answer.order_qty = r.order_qty
    answer.account = r.account
    answer.instrument = r.instrument
    answer.session = r.session
    answer.side = r.side
    answer.ord_type = r.ord_type
    answer.time_in_force = r.time_in_force
    answer.received_ns = r.received_ns
