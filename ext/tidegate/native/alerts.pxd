"""What risk says of its own accord: alerts, and answers to an operator's control records."""
from libc.stdint cimport int64_t, uint16_t, uint32_t
from libc.string cimport memset

from tidegate.native.outputs cimport add_report, outputs
from tidegate.native.records cimport (
    ALERT, CONTROL_ANSWER, TG_LAYOUT_VERSION, denial_record, record,
)
from tidegate.native.tables cimport tables


# What a refusal was compared with.
ctypedef struct numbers:
    int64_t limit_value
    int64_t used_value
    int64_t asked_value


cdef inline void alert(
    tables* t, outputs* out, uint32_t account, uint32_t instrument, int reason, int grade,
    int64_t limit_value, int64_t used_value, int64_t asked_value
) noexcept nogil:
    """ALERT to the account's session; of a level without one it goes to session 0 = nobody.

    Counted in any case, so that state does not depend on how much room the outputs have.
    """
    cdef denial_record* d
    t.risk.alerts += 1
    if out.report_count >= out.capacity:
        return
    d = <denial_record*>add_report(out)
    memset(d, 0, sizeof(denial_record))
    d.kind = ALERT
    d.layout_version = TG_LAYOUT_VERSION
    d.sequence = t.risk.sequence
    d.account = account
    d.instrument = instrument
    d.session = t.accounts[account].session
    d.reason = <uint16_t>reason
    d.received_ns = t.risk.now_ns
    d.limit_value = limit_value
    d.used_value = used_value
    d.asked_value = asked_value
    d.level = t.accounts[account].level
    d.grade = <unsigned char>grade


cdef inline void answer(
    const tables* t, const record* r, uint16_t actor, int reason, const numbers* n, outputs* out
) noexcept nogil:
    """CONTROL_ANSWER to the operator's session `actor`; reason 0 = done."""
    cdef denial_record* d
    if out.report_count >= out.capacity:
        return
    d = <denial_record*>add_report(out)
    memset(d, 0, sizeof(denial_record))
    d.kind = CONTROL_ANSWER
    d.layout_version = TG_LAYOUT_VERSION
    d.sequence = t.risk.sequence
    d.cl_ord_id = r.cl_ord_id
    d.account = r.account
    d.instrument = r.instrument
    d.session = actor
    d.reason = <uint16_t>reason
    d.received_ns = r.received_ns
    d.limit_value = n.limit_value
    d.used_value = n.used_value
    d.asked_value = n.asked_value
    d.ref_seq_num = r.msg_seq_num
    d.ref_kind = r.kind
