"""Python's way into the embedded engine: names and decimals into a record, the verdict back.

Everything that a caller may get wrong is refused here by an exception, before a record is made;
what risk refuses is a Verdict. Prices become ticks exactly, as in prices.py, which is asked where
a price is not a plain decimal of few digits.
"""
cimport cython
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stdint cimport INT32_MAX, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

import numpy as np

from tidegate.errors import SessionError
from tidegate.native.records import Level, Reason, Scope, Side, TimeInForce
from tidegate.prices import to_ticks

cimport tidegate.native.orders as orders
from tidegate.native.embedded cimport Embedded
from tidegate.native.records cimport (
    CANCEL_REPLACE_REQUEST,
    CANCEL_REQUEST,
    LIMIT,
    MARKET,
    MASS_CANCEL_REQUEST,
    NEW_ORDER_SINGLE,
    POSS_RESEND,
    POST_ONLY,
    REDUCE_ONLY,
    TG_LAYOUT_VERSION,
    TG_NO_PRICE,
    order_record,
)
from tidegate.native.tables cimport Tables, cl_ord_id_row, order_row


cdef enum:
    DIGITS_MAX = 17


cdef struct tick:
    int64_t mantissa         # 0 = not one that fits here
    int places


# What 10 ** places times a number of so many digits is made of without overflow.
cdef int64_t power_of_ten(int places) noexcept nogil:
    cdef int64_t power = 1
    while places > 0:
        power *= 10
        places -= 1
    return power


cdef bint plain_ticks(
    const char* text, Py_ssize_t size, const tick* unit, int64_t* ticks
) noexcept nogil:
    """The ticks of a plain decimal such as "-1335.25"; False = ask prices.py."""
    cdef int64_t mantissa = 0
    cdef Py_ssize_t index = 0
    cdef int digits = 0
    cdef int places = -1
    cdef bint is_negative = size > 0 and text[0] == c'-'
    if is_negative:
        index = 1
    while index < size:
        if c'0' <= text[index] <= c'9':
            mantissa = mantissa * 10 + (text[index] - c'0')
            digits += 1
            places += places >= 0
        elif text[index] == c'.' and places < 0 and digits > 0:
            places = 0
        else:
            return False
        if digits > DIGITS_MAX:
            return False
        index += 1
    places = max(places, 0)
    if digits == 0 or unit.mantissa == 0 or places > unit.places:
        return False
    if digits + unit.places - places > DIGITS_MAX:
        return False
    mantissa *= power_of_ten(unit.places - places)
    if mantissa % unit.mantissa != 0:
        return False
    ticks[0] = mantissa // unit.mantissa
    if is_negative:
        ticks[0] = -ticks[0]
    return True


@cython.final
@cython.freelist(64)
cdef class Verdict:
    """Risk's decision on one request."""
    cdef readonly uint64_t cl_ord_id
    cdef readonly int64_t limit
    cdef readonly int64_t used
    cdef readonly int64_t asked
    cdef uint16_t reason_code
    cdef uint8_t level_code
    cdef uint8_t scope_code

    @property
    def is_accepted(self):
        return self.reason_code == 0

    @property
    def reason(self):
        return Reason(self.reason_code) if self.reason_code else None

    @property
    def level(self):
        return Level(self.level_code) if self.level_code else None

    @property
    def scope(self):
        return Scope(self.scope_code) if self.scope_code else None

    def __bool__(self):
        return self.reason_code == 0

    def __repr__(self):
        if self.reason_code == 0:
            return f"<Verdict {self.cl_ord_id} accepted>"
        words = f"limit {self.limit}, used {self.used}, asked {self.asked}"
        for place in (self.level, self.scope):
            words += f", {place.name}" if place is not None else ""
        return f"<Verdict {self.cl_ord_id} denied {self.reason.name} ({words})>"


cdef class OrderEntry:
    cdef Embedded engine
    cdef Tables tables
    cdef object names
    # Looked up first; what is not there is for `names` to refuse.
    cdef dict accounts
    cdef dict instruments
    cdef dict sides
    cdef list tick_sizes
    cdef tick[::1] ticks
    cdef uint64_t next_id
    # For requests on orders that are not there: of the session, as each request must be.
    cdef uint32_t own_account

    def __cinit__(self, Embedded engine not None, Tables tables not None, names, accounts,
                  instruments, *, uint64_t first_cl_ord_id):
        cdef tick unit
        self.engine = engine
        self.tables = tables
        self.names = names
        self.accounts = dict(accounts)
        self.own_account = min(self.accounts.values())
        self.instruments = {symbol: handle for handle, symbol, _ in instruments}
        self.sides = {name: int(Side[name]) for name in ("BUY", "SELL")}
        self.sides.update({side: int(side) for side in (Side.BUY, Side.SELL)})
        self.tick_sizes = [None]
        memset(&unit, 0, sizeof(unit))
        self.ticks = np.zeros(len(instruments) + 1, np.asarray(<tick[:1]>&unit).dtype)
        for handle, _, tick_size in instruments:
            if handle != len(self.tick_sizes):
                raise ValueError(f"instrument {handle} is not the {len(self.tick_sizes)}th")
            self.tick_sizes.append(tick_size)
            self._set_tick(handle, tick_size)
        self.next_id = first_cl_ord_id

    def _set_tick(self, Py_ssize_t handle, tick_size):
        _, digits, exponent = tick_size.as_tuple()
        mantissa = int("".join(map(str, digits))) * 10 ** max(exponent, 0)
        if mantissa < 10 ** DIGITS_MAX and exponent > -DIGITS_MAX:
            self.ticks[handle].mantissa = mantissa
            self.ticks[handle].places = max(-exponent, 0)

    cdef int64_t _price(self, object price, uint32_t instrument) except? -1:
        cdef Py_ssize_t size
        cdef const char* text
        cdef int64_t found
        if price is None:
            return TG_NO_PRICE
        if type(price) is str:
            text = PyUnicode_AsUTF8AndSize(price, &size)
            if plain_ticks(text, size, &self.ticks[instrument], &found):
                return found
        return to_ticks(price, self.tick_sizes[instrument])

    cdef uint64_t _id(self, object cl_ord_id) except? 0:
        if cl_ord_id is None:
            self.next_id += 1
            return self.next_id - 1
        return id_of("cl_ord_id", cl_ord_id)

    cdef uint32_t _account(self, object account) except? 0:
        found = self.accounts.get(account)
        return found if found is not None else self.names.account(account)

    cdef uint32_t _instrument(self, object symbol) except 0:
        found = self.instruments.get(symbol)
        return found if found is not None else self.names.instrument(symbol)[0]

    cdef object _submit(self, order_record* o):
        cdef Verdict verdict = Verdict.__new__(Verdict)
        cdef int reason
        o.layout_version = TG_LAYOUT_VERSION
        reason = self.engine.submit(o)
        verdict.cl_ord_id = o.cl_ord_id
        if reason:
            verdict.reason_code = <uint16_t>reason
            verdict.limit = self.engine.answer.limit_value
            verdict.used = self.engine.answer.used_value
            verdict.asked = self.engine.answer.asked_value
            verdict.level_code = self.engine.answer.level
            verdict.scope_code = self.engine.answer.scope
        return verdict

    def submit(self, *, account, instrument, side, order_qty, price=None,
               time_in_force=TimeInForce.DAY, bint reduce_only=False, bint post_only=False,
               position_effect=None, cl_ord_id=None, bint poss_resend=False):
        cdef order_record o
        self.engine.check_open()
        memset(&o, 0, sizeof(o))
        o.kind = NEW_ORDER_SINGLE
        o.account = self._account(account)
        o.instrument = self._instrument(instrument)
        found = self.sides.get(side)
        if found is None:
            raise SessionError(f"side {side!r} is neither BUY nor SELL")
        o.side = found
        o.order_qty = quantity(order_qty)
        o.price = self._price(price, o.instrument)
        o.ord_type = MARKET if price is None else LIMIT
        o.time_in_force = time_in_force
        o.position_effect = 0 if position_effect is None else position_effect
        o.flags = REDUCE_ONLY * reduce_only | POST_ONLY * post_only | POSS_RESEND * poss_resend
        o.cl_ord_id = self._id(cl_ord_id)
        return self._submit(&o)

    def cancel(self, orig_cl_ord_id, *, cl_ord_id=None, bint poss_resend=False):
        cdef order_record o
        self._change(&o, CANCEL_REQUEST, orig_cl_ord_id, cl_ord_id, poss_resend)
        return self._submit(&o)

    def replace(self, orig_cl_ord_id, *, price=None, order_qty=None, cl_ord_id=None,
                bint poss_resend=False):
        cdef order_record o
        if price is None and order_qty is None:
            raise SessionError("replace needs a price or an order_qty")
        self._change(&o, CANCEL_REPLACE_REQUEST, orig_cl_ord_id, cl_ord_id, poss_resend)
        if price is not None and o.instrument != 0:
            o.price = self._price(price, o.instrument)
        if order_qty is not None:
            o.order_qty = quantity(order_qty)
        return self._submit(&o)

    def mass_cancel(self, *, account=None, instrument=None, bint is_disconnect=False):
        cdef order_record o
        self.engine.check_open()
        memset(&o, 0, sizeof(o))
        o.kind = MASS_CANCEL_REQUEST
        o.mass_cancel_type = c'd' if is_disconnect else c'7'
        o.price = TG_NO_PRICE
        if account is not None:
            o.account = self._account(account)
        if instrument is not None:
            o.instrument = self._instrument(instrument)
        return self._submit(&o)

    cdef int _change(self, order_record* o, int kind, object orig_cl_ord_id, object cl_ord_id,
                     bint poss_resend) except -1:
        """A request on an order, with the order's own terms; risk says when there is none."""
        cdef const cl_ord_id_row* known
        cdef const order_row* order = NULL
        self.engine.check_open()
        memset(o, 0, sizeof(order_record))
        o.kind = <uint8_t>kind
        o.flags = POSS_RESEND * poss_resend
        o.cl_ord_id = self._id(cl_ord_id)
        o.orig_cl_ord_id = id_of("orig_cl_ord_id", orig_cl_ord_id)
        o.price = TG_NO_PRICE
        o.account = self.own_account
        known = orders.find_cl_ord_id(&self.tables.t, self.engine.session, o.orig_cl_ord_id)
        if known != NULL and known.order_id != 0:
            order = orders.find_order(&self.tables.t, known.order_id)
        if order == NULL:
            return 0
        o.order_id = order.order_id
        o.price = order.price
        o.order_qty = order.order_qty
        o.account = order.account
        o.instrument = order.instrument
        o.side = order.side
        o.ord_type = order.ord_type
        o.time_in_force = order.time_in_force
        o.position_effect = order.position_effect
        return 0


cdef int64_t quantity(object value) except -1:
    """Lots of an order; a bool or a float is a mistake."""
    cdef int64_t lots = 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"order_qty {value!r} is a {type(value).__name__}, not an int")
    try:
        lots = value
    except OverflowError:
        pass
    if not 0 < lots <= INT32_MAX:
        raise SessionError(f"order_qty {value}: expected 1 to {INT32_MAX}")
    return lots


cdef uint64_t id_of(str name, object value) except? 0:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} {value!r} is a {type(value).__name__}, not an int")
    try:
        return value
    except OverflowError:
        raise SessionError(f"{name} {value} does not fit 64 bits") from None
