"""An example: a strategy in Cython that trades through an embedded engine without the GIL.

    include = tidegate.get_include()
    headers = [include + "/tidegate/native", numpy.get_include()]
    extension = Extension("strategy", ["strategy.pyx"], include_dirs=headers)
    cythonize(extension, include_path=[include])
"""
from libc.string cimport memset

from tidegate.native.embedded cimport Embedded
from tidegate.native.records cimport (
    BUY,
    EXEC_TRADE,
    LIMIT,
    NEW_ORDER_SINGLE,
    TG_LAYOUT_VERSION,
    execution_record,
    order_record,
    record,
)


def trade(Embedded engine not None, int account, int instrument, long long price, int count,
          int lots):
    """Submits `count` buys of one lot and polls until `lots` are filled, all without the GIL.

    (accepted, the last reason, its limit, filled lots); 99 = NOT_LOGGED_ON when it is closed.
    """
    cdef order_record order
    cdef record reports[64]
    cdef Py_ssize_t index, found
    cdef int accepted = 0
    cdef int reason, last = 0
    cdef int filled = 0
    with nogil:
        memset(&order, 0, sizeof(order))
        order.kind = NEW_ORDER_SINGLE
        order.layout_version = TG_LAYOUT_VERSION
        order.account = account
        order.instrument = instrument
        order.side = BUY
        order.ord_type = LIMIT
        order.time_in_force = c"0"
        order.price = price
        order.order_qty = 1
        while order.cl_ord_id < <unsigned int>count:
            order.cl_ord_id += 1
            reason = engine.submit(&order)
            if reason == 0:
                accepted += 1
            else:
                last = reason
        engine.flush()
        while filled < lots:
            found = engine.poll(reports, 64)
            if found < 0:
                break
            for index in range(found):
                if reports[index].exec_type == EXEC_TRADE:
                    filled += (<execution_record*>&reports[index]).last_qty
    return accepted, last, engine.answer.limit_value, filled
