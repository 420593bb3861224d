"""The card as a backend of the check: kept in step with risk's tables, asked before the rules.

A card that does not answer, or otherwise than its own rules, is never asked again: the rules decide
alone, from the same tables. So do they where the card says no, for they name the reason.
"""
cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcmp

from tidegate.errors import CardError

from tidegate.native.balances cimport available
from tidegate.native.card cimport CARD_PRICE_BITS, CARD_QTY_BITS, card_response
from tidegate.native.card_driver cimport CardDriver
from tidegate.native.card_form cimport card_fits
from tidegate.native.card_sync cimport CardSync
from tidegate.native.card_wanted cimport has_own_money
from tidegate.native.context cimport context
from tidegate.native.invariant cimport mul_checked
from tidegate.native.level_margin cimport MARGIN_AS_IT_IS
from tidegate.native.orders cimport is_close
from tidegate.native.records cimport (
    HALTED_STATE, KILL_SWITCH, LIMIT, LIMIT_MISSING, MALFORMED, MARGIN, NOT_PERMITTED,
    ORDER_NOTIONAL, ORDER_RATE, ORDER_SIZE, OVERFLOW, POSITION_LIMIT, PRICE_COLLAR, REDUCING_STATE,
    REFERENCE_MISSING, REFERENCE_STALE, REPLACE_RATE, RESTRICTED, SESSION_CLOSED, SIDE_LOCKED,
    UNKNOWN_ACCOUNT, UNKNOWN_INSTRUMENT,
)
from tidegate.native.tables cimport Tables, account_row, instrument_row, tables
from tidegate.native.verdict cimport DECIDED_BIT

# By ALONE_*, and by OUT_*.
ALONE = ("", "out", "slot", "market", "close", "no_lots", "floor", "margin", "width")
OUT = ("", "stands still", "answers wrongly")


cdef inline uint64_t one(int reason) noexcept nogil:
    return <uint64_t>1 << reason


cdef inline uint64_t of_places() noexcept nogil:
    return one(KILL_SWITCH) | one(HALTED_STATE) | one(REDUCING_STATE)


cdef inline uint64_t of_card() noexcept nogil:
    """Controls that the card decides wholly: the host folds all levels and scopes into them."""
    return (
        of_places() | one(SESSION_CLOSED) | one(NOT_PERMITTED) | one(RESTRICTED)
        | one(SIDE_LOCKED) | one(ORDER_SIZE) | one(ORDER_NOTIONAL) | one(REFERENCE_MISSING)
        | one(REFERENCE_STALE) | one(PRICE_COLLAR) | one(LIMIT_MISSING)
    )


cdef inline uint64_t of_part() noexcept nogil:
    """Those of which it decides a part that the rules state too, of a wider whole."""
    return one(ORDER_RATE) | one(REPLACE_RATE) | one(POSITION_LIMIT)


cdef inline uint64_t of_form() noexcept nogil:
    """The card could not look at it, or not express it: this says nothing of any check."""
    return one(MALFORMED) | one(UNKNOWN_ACCOUNT) | one(UNKNOWN_INSTRUMENT) | one(OVERFLOW)


cdef inline uint64_t worst_place(uint64_t failed) noexcept nogil:
    """Of several states that stand in the way the card knows the worst."""
    if failed & one(KILL_SWITCH):
        return failed & ~(one(HALTED_STATE) | one(REDUCING_STATE))
    if failed & one(HALTED_STATE):
        return failed & ~one(REDUCING_STATE)
    return failed


def attach(Tables tables_ not None, Backend backend):
    """From now on orders over these tables are decided with the backend; None = rules alone."""
    tables_.backend = backend
    tables_.t.backend = NULL if backend is None else <void*>backend


@cython.final
cdef class Backend:
    """A card of tables' accounts, pairs, instruments and sessions, loaded under an epoch."""

    def __cinit__(self, Tables tables_ not None, CardDriver driver not None, uint64_t epoch):
        self.driver = driver
        self.sync = CardSync(tables_)
        self.load(tables_)
        driver.commit(epoch)

    def load(self, Tables tables_ not None):
        """All that has a slot; CardError when the card does not take it."""
        cdef tables* t = &tables_.t
        cdef CardSync sync = self.sync
        cdef uint32_t row
        for row in range(1, t.session_capacity):
            sync.bring_session(t, row)
            self.give()
        for row in range(1, t.risk.account_count + 1):
            if sync.account_slots[row]:
                sync.bring_account(t, row)
                self.give()
        for row in range(1, t.risk.instrument_count + 1):
            for is_buy in (True, False):
                sync.bring_words(t, row, is_buy)
                self.give()
        for row in range(1, t.risk.pair_count + 1):
            # One that is to be folded anew is brought when it is next used.
            if (
                sync.account_slots[t.pairs[row].account]
                and sync.instrument_slots[t.pairs[row].instrument]
                and t.pairs[row].fold_version == t.risk.fold_version
            ):
                sync.bring(t, &t.pairs[row], True)
                self.give()

    def give(self):
        """What was brought, at a start: there it must be answered."""
        if not self.exchange():
            raise CardError(f"the card was not loaded: it {OUT[self.out]}")
        # Wider than the card is: orders that need it ask the rules.
        self.sync.is_refused = False

    @property
    def memory(self):
        return self.driver.memory

    @property
    def out_reason(self):
        return OUT[self.out]

    @property
    def counters(self):
        cdef dict found = {
            "is_out": 1 if self.out else 0, "asked": self.asked, "passed": self.passed,
            "to_rules": self.asked - self.passed, "commands": self.given,
        }
        cdef int why
        for why in range(1, <int>ALONE_COUNT):
            found[f"alone_{ALONE[why]}"] = self.alone[why]
        return found

    cdef uint64_t ask(self, const context* c) noexcept nogil:
        cdef int why = self.why_alone(c)
        self.verdict = 0
        if why == ALONE_NOT:
            self.sync.bring(c.t, c.own, c.is_buy)
            self.sync.bring_session(c.t, c.order.session)
            self.sync.bring_buckets(c)
            if self.sync.is_refused:
                why = ALONE_WIDTH
            else:
                self.sync.order(c)
            self.sync.is_refused = False
            if not self.exchange():
                why = ALONE_OUT
        if why != ALONE_NOT:
            self.alone[why] += 1
            return 0
        self.asked += 1
        self.verdict = self.said
        if self.verdict != one(DECIDED_BIT):
            return 0
        self.passed += 1
        return of_card()

    cdef bint agrees(self, const context* c, uint64_t failed) noexcept nogil:
        cdef uint64_t said = self.verdict & ~one(DECIDED_BIT)
        cdef bint is_poor = (
            not c.is_closing and has_own_money(c.t, c.own)
            and c.plans[0].margin.added + c.premium > available(&c.t.balances[c.own.balance])
        )
        if self.verdict == 0 or said & of_form() or c.is_overflow:
            return True
        if said & one(LIMIT_MISSING):
            # Room and credit are not brought then.
            return failed & one(LIMIT_MISSING) != 0
        return (
            worst_place(said & of_card()) == worst_place(failed & of_card())
            and said & of_part() & ~failed == 0
            and (not is_poor or said & one(MARGIN) != 0)
        )

    cdef int why_alone(self, const context* c) noexcept nogil:
        cdef const account_row* account = c.plans[0].account
        cdef const instrument_row* row = c.instrument
        cdef int64_t price = c.order.price
        cdef int64_t worth
        if self.out:
            return ALONE_OUT
        if (
            not self.sync.account_slots[c.order.account]
            or not self.sync.instrument_slots[c.order.instrument]
            or not self.sync.session_slots[c.order.session]
        ):
            return ALONE_SLOT
        if c.order.ord_type != LIMIT:
            return ALONE_MARKET
        if row.has_sides and is_close(c.order.position_effect):
            return ALONE_CLOSE
        if c.lots <= 0:
            return ALONE_NO_LOTS
        if (
            c.order.order_qty >> CARD_QTY_BITS or c.lots >> CARD_QTY_BITS
            or not card_fits(price, CARD_PRICE_BITS)
        ):
            return ALONE_WIDTH
        if (
            account.margin_ppm > MARGIN_AS_IT_IS or account.is_shared
            or (row.is_premium_paid and not c.is_new)
        ):
            return ALONE_MARGIN
        if row.notional_floor > 0 and (
            not mul_checked(price if price > 0 else -price, row.tick_value, &worth)
            or worth < row.notional_floor
        ):
            return ALONE_FLOOR
        return ALONE_NOT

    cdef bint exchange(self) noexcept nogil:
        """Give the card what was brought and note its last answer. False = it is out."""
        cdef int count = self.sync.count
        self.sync.count = 0
        if count == 0 or self.out:
            return not self.out
        self.given += count
        if self.driver.exchange_all(self.sync.commands, self.answers, count) != count:
            self.out = OUT_WRONG if self.driver.is_wrong else OUT_STILL
            return False
        if memcmp(self.answers, self.sync.expected, count * sizeof(card_response)) != 0:
            self.out = OUT_WRONG
            self.driver.kill()
        self.said = self.answers[count - 1].verdict
        return not self.out
