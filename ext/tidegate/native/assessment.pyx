"""From a well-formed order to the verdict of every check, on every level. checks.pxd lists
them, doubts.pxd asks which of them have to be made, a backend (backend.pyx) makes some of them."""
from libc.stdint cimport int64_t, uint32_t, uint64_t

cimport tidegate.native.doubts as doubts
cimport tidegate.native.holding as holding
cimport tidegate.native.margin as margin
cimport tidegate.native.positions as positions
cimport tidegate.native.verdict as verdict
from tidegate.native.backend cimport Backend
from tidegate.native.balances cimport pool_balance
from tidegate.native.context cimport context
from tidegate.native.days cimport day_of
from tidegate.native.identical cimport signature_of
from tidegate.native.invariant cimport must
from tidegate.native.orders cimport is_close
from tidegate.native.records cimport (
    BUY, CLOSE, CLOSE_TODAY, CLOSE_YESTERDAY, DAY, FILL_OR_KILL, GOOD_TILL_CANCEL,
    IMMEDIATE_OR_CANCEL, LIMIT, MARKET, OPEN, POSS_DUP, POSS_RESEND, POST_ONLY, REDUCE_ONLY, SELL,
    TG_NO_PRICE, order_record,
)
from tidegate.native.tables cimport instrument_row, order_row, pair_row, tables
from tidegate.native.verdict cimport DECIDED_BIT

# The largest order: 31 bits, so that products of a few of them cannot overflow.
cdef int64_t QTY_MAX = 2147483647
# A price of more ticks is no price of this world.
cdef int64_t PRICE_MAX = 9007199254740992

cdef extern from *:
    """
    #ifdef NDEBUG
    #define TG_IS_CHECKED 0
    #else
    #define TG_IS_CHECKED 1
    #endif
    """
    const bint IS_CHECKED "TG_IS_CHECKED"

cdef enum:
    FLAGS_KNOWN = POSS_DUP | POSS_RESEND | REDUCE_ONLY | POST_ONLY


cdef bint has_known_effect(const instrument_row* instrument, int effect) noexcept nogil:
    if effect == 0:
        return not instrument.has_sides
    if effect == CLOSE_TODAY or effect == CLOSE_YESTERDAY:
        return instrument.closes_today
    return effect == OPEN or effect == CLOSE


cdef inline bint has_known_terms(const order_record* o) noexcept nogil:
    """Terms that are not traded are better refused than traded as something else."""
    if (
        (o.flags & ~<int>FLAGS_KNOWN) | <uint64_t>o.stop_px | <uint64_t>o.expire_ns
        | o.exec_inst | o.hedge_flag
    ):
        return False
    if o.list_id == 0:
        return (o.list_seq_no | o.tot_no_orders) == 0
    return 0 < o.list_seq_no <= o.tot_no_orders


cdef bint is_well_formed(const tables* t, const order_record* o) noexcept nogil:
    """RISK.md 2; the instrument is known."""
    if o.order_qty <= 0 or o.order_qty > QTY_MAX or (o.side != BUY and o.side != SELL):
        return False
    if o.ord_type == LIMIT:
        if o.price < -PRICE_MAX or o.price > PRICE_MAX:
            return False
    elif o.ord_type != MARKET or o.price != TG_NO_PRICE:
        return False
    return (
        (
            o.time_in_force == DAY or o.time_in_force == GOOD_TILL_CANCEL
            or o.time_in_force == IMMEDIATE_OR_CANCEL or o.time_in_force == FILL_OR_KILL
        )
        and has_known_effect(&t.instruments[o.instrument], o.position_effect)
        and has_known_terms(o)
    )


cdef inline int64_t beyond(int64_t needed, int64_t is_held) noexcept nogil:
    return needed - is_held if needed > is_held else 0


cdef inline void gather_money(
    const tables* t, const order_record* o, const order_row* order, context* c
) noexcept nogil:
    """Notional, and what fee and premium of the lots to come need beyond what is held."""
    cdef int64_t left = o.order_qty - (order.cum_qty if order != NULL else 0)
    cdef int64_t fee = 0
    cdef int64_t premium = 0
    c.is_overflow |= margin.notional_of(
        c.instrument, margin.notional_price(c.instrument, o.price), o.order_qty, &c.notional
    )
    c.is_overflow |= margin.fee_to_hold(
        margin.fees_of(t, o.account, o.instrument), c.instrument, o.position_effect, c.price,
        left, &fee
    )
    c.is_overflow |= margin.premium_to_hold(c.instrument, c.is_buy, c.price, left, &premium)
    c.fee = beyond(fee, order.fee_held if order != NULL else 0)
    c.premium = beyond(premium, order.premium_held if order != NULL else 0)


cdef inline void gather_room(context* c) noexcept nogil:
    """Lots that the order may still close, and whether it only closes (RISK.md 1)."""
    cdef const pair_row* own = c.own
    cdef int effect = c.order.position_effect
    if c.instrument.has_sides:
        c.is_closing = is_close(effect)
        c.room = 0
        if c.is_closing:
            c.room = holding.closable(c.t, own, c.is_buy, <unsigned char>effect)
    elif own.net < 0 and c.is_buy:
        c.room = -own.net - positions.open_buy(own)
        c.is_closing = c.lots <= c.room
        c.room = max(c.room, 0)
    elif own.net > 0 and not c.is_buy:
        c.room = own.net - positions.open_sell(own)
        c.is_closing = c.lots <= c.room
        c.room = max(c.room, 0)
    else:
        c.room = 0
        c.is_closing = False


cdef inline void gather(
    const tables* t, const order_record* o, int64_t lots, const order_row* order, uint32_t pair,
    context* c
) noexcept nogil:
    """Everything that the checks look at, on every level of the hierarchy."""
    c.t = t
    c.order = o
    c.instrument = &t.instruments[o.instrument]
    c.session = &t.sessions[o.session]
    c.own = &t.pairs[pair]
    c.day_index = day_of(t, pair)
    c.day = &t.days[c.day_index]
    c.now_ns = t.risk.now_ns
    c.lots = lots
    c.is_new = order == NULL
    c.is_buy = o.side == BUY
    c.is_overflow = False
    c.notional = 0
    c.price = margin.price_of(c.instrument, c.is_buy, o.price)
    c.pool_balance = pool_balance(t, o.account, c.own.balance)
    c.level_count = t.accounts[o.account].chain_count
    if t.accounts[o.account].identical_max:
        c.signature = signature_of(o)
    gather_money(t, o, order, c)
    if holding.plan_chain(
        t, pair, c.is_buy, o.position_effect, lots, c.is_new, c.plans, &c.level_count
    ):
        c.is_overflow = True
        holding.plan_gross(t, pair, c.is_buy, o.position_effect, lots, c.is_new, c.plans)
    gather_room(c)


cdef uint64_t assess(
    tables* t, const order_record* o, int64_t lots, const order_row* order, uint32_t pair,
    context* c
) noexcept nogil:
    """Run every check as if `lots` were added: bit r = the check of reason r failed.

    `pair` is the order's own, `order` the one to be replaced, NULL for a new one.
    """
    cdef uint64_t failed = 0
    cdef uint64_t doubted
    if t.pairs[pair].fold_version != t.risk.fold_version:
        positions.fold(t, pair)
    gather(t, o, lots, order, pair, c)
    doubted = doubts.doubts(c)
    if t.backend != NULL:
        doubted &= ~(<Backend>t.backend).ask(c)
    if doubted:
        failed = verdict.failed_checks(c, doubted)
    if IS_CHECKED:
        must(failed == verdict.failed_checks(c, <uint64_t>-1))
        must(t.backend == NULL or (<Backend>t.backend).agrees(c, failed))
    return <uint64_t>1 << DECIDED_BIT | failed
