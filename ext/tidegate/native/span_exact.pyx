"""The exact SPAN requirement from flat tables that Python has prepared. One thread an object."""
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

cimport cython

from enum import IntEnum

import numpy as np

from tidegate.native.span_spreads cimport credit_of, spread
from tidegate.native.span_tables cimport (
    DONE,
    LOTS_MAX,
    NEEDS_REFERENCE,
    NO_PRICE,
    SCENARIOS,
    TOO_LARGE,
    WIDE_MONEY_MAX,
    WIDE_NONE,
    absolute,
    account_t,
    commodity_t,
    delivery_t,
    instrument_t,
    inter_leg_t,
    inter_t,
    leg_t,
    spread_t,
    wide,
    wide_add_lots,
    wide_add_product,
    wide_clear,
    wide_share,
    work_t,
)


cpdef enum Column:
    COMMODITY = 0
    SCAN = 1
    ACTIVE_SCENARIO = 2
    INTRA = 3
    DELIVERY = 4
    INTER_CREDIT = 5
    SOM = 6
    SPAN_RISK = 7
    LONG_OPTION_VALUE = 8
    SHORT_OPTION_VALUE = 9
    REQUIREMENT = 10
    COLUMNS = 11


Outcome = IntEnum(
    "Outcome",
    {
        "DONE": DONE,
        "NEEDS_REFERENCE": NEEDS_REFERENCE,
        "NO_PRICE": NO_PRICE,
        "TOO_LARGE": TOO_LARGE,
    },
)


def _dtypes():
    """numpy's own reading of the C structs, so that no layout is typed a second time."""
    cdef instrument_t instrument
    cdef commodity_t commodity
    cdef spread_t intra
    cdef leg_t leg
    cdef delivery_t delivery
    cdef inter_t inter
    cdef inter_leg_t inter_leg
    return {
        "instruments": np.asarray(<instrument_t[:1]>&instrument).dtype,
        "commodities": np.asarray(<commodity_t[:1]>&commodity).dtype,
        "spreads": np.asarray(<spread_t[:1]>&intra).dtype,
        "legs": np.asarray(<leg_t[:1]>&leg).dtype,
        "deliveries": np.asarray(<delivery_t[:1]>&delivery).dtype,
        "inters": np.asarray(<inter_t[:1]>&inter).dtype,
        "inter_legs": np.asarray(<inter_leg_t[:1]>&inter_leg).dtype,
    }


DTYPES = _dtypes()


cdef void scan(account_t* a, int32_t number) noexcept nogil:
    """Scan risk, twice the price risk and the net delta of a commodity."""
    cdef const commodity_t* commodity = &a.commodities[number]
    cdef work_t* work = &a.work[number]
    cdef int64_t* losses
    cdef int64_t largest, best = -1
    cdef int32_t slot, k, active, pair
    for slot in range(commodity.slot_first, commodity.slot_end):
        if not a.slot_is_held[slot]:
            continue
        losses = a.losses + SCENARIOS * slot
        active, largest = 0, losses[0]
        for k in range(1, SCENARIOS):
            active = k if losses[k] > largest else active
            largest = losses[k] if losses[k] > largest else largest
        pair = active if active >= SCENARIOS - 2 else active ^ 1
        work.price_risk += losses[active] + losses[pair] - losses[0] - losses[1]
        largest = largest if largest > 0 else 0
        work.scan += largest
        if largest > best:
            best = largest
            work.active = active + 1
    for slot in range(commodity.month_first, commodity.month_end):
        a.left[slot] = a.start[slot]
        work.net += a.start[slot]


cdef int take(
    account_t* a, const int32_t* index, const int64_t* qty, Py_ssize_t count
) noexcept nogil:
    """Sums losses, delta, short options and option values of all positions."""
    cdef const instrument_t* instrument
    cdef work_t* work
    cdef int64_t lots, bought, sold, all_lots = 0
    cdef int64_t* losses
    cdef Py_ssize_t row
    a.held_count = 0
    for row in range(count):
        lots = qty[row]
        if lots == 0:
            continue
        if lots > LOTS_MAX or lots < -LOTS_MAX:
            return TOO_LARGE
        all_lots += absolute(lots)
        if all_lots > LOTS_MAX:
            return TOO_LARGE
        instrument = &a.instruments[index[row]]
        if not instrument.has_price and lots < 0:
            return NO_PRICE
        work = &a.work[instrument.commodity]
        if not work.is_held:
            work.is_held = True
            work.range = WIDE_NONE
            a.held[a.held_count] = instrument.commodity
            a.held_count += 1
        losses = a.losses + SCENARIOS * instrument.slot
        a.slot_is_held[instrument.slot] = True
        wide_add_lots(losses, instrument.values, <int32_t>lots)
        a.start[instrument.month] += lots * instrument.delta
        work.range = instrument.scan_range if instrument.scan_range < work.range else work.range
        # No branch on side or right, which no processor can guess: futures count in slot 0.
        bought = lots if lots > 0 else 0
        sold = bought - lots
        a.puts[instrument.som] += sold * instrument.is_put
        a.calls[instrument.som] += sold * (1 - instrument.is_put)
        work.longs += bought * instrument.value
        work.shorts += sold * instrument.value
    for row in range(a.held_count):
        scan(a, a.held[row])
    return DONE


cdef int sum_groups(account_t* a, int64_t* totals, int32_t currencies) noexcept nogil:
    cdef int64_t total
    cdef int32_t row, group
    for row in range(currencies):
        totals[row] = 0
    for row in range(a.held_count):
        group = a.commodities[a.held[row]].group
        total = a.group_sums[group]
        a.group_sums[group] = 0
        if total > 0:
            totals[a.currency_by_group[group]] += total
    return DONE


cdef int finish(account_t* a, int64_t* parts, int64_t* totals, int32_t currencies) noexcept nogil:
    """Parts by commodity; totals by currency of max(0, sum) by group."""
    cdef const commodity_t* commodity
    cdef work_t* work
    cdef int64_t scan, credit, som, calls, puts, risk, value, lots
    cdef wide amount
    cdef int32_t row, number, slot
    cdef int outcome
    for row in range(a.held_count):
        number = a.held[row]
        work, commodity = &a.work[number], &a.commodities[number]
        amount = <wide>work.scan * commodity.unit
        if wide_share(amount, 1, 0, &scan):
            return TOO_LARGE
        outcome = credit_of(a, number, &credit)
        if outcome != DONE:
            return outcome
        if credit > scan:
            credit = scan
        amount = 0
        for slot in range(commodity.som_first, commodity.som_end):
            calls, puts = a.calls[slot], a.puts[slot]
            lots = calls + puts
            if commodity.som_takes_larger:
                lots = calls if calls > puts else puts
            if wide_add_product(&amount, lots, a.som_rates[slot]):
                return TOO_LARGE
        if wide_share(amount, 1, 0, &som):
            return TOO_LARGE
        risk = scan + work.intra + work.delivery - credit
        if risk < som:
            risk = som
        value = work.longs - work.shorts
        if commodity.caps_option_value and value > risk:
            value = risk
        if absolute(value) > WIDE_MONEY_MAX or risk > WIDE_MONEY_MAX:
            return TOO_LARGE
        parts[row * COLUMNS + COMMODITY] = number
        parts[row * COLUMNS + SCAN] = scan
        parts[row * COLUMNS + ACTIVE_SCENARIO] = work.active
        parts[row * COLUMNS + INTRA] = work.intra
        parts[row * COLUMNS + DELIVERY] = work.delivery
        parts[row * COLUMNS + INTER_CREDIT] = credit
        parts[row * COLUMNS + SOM] = som
        parts[row * COLUMNS + SPAN_RISK] = risk
        parts[row * COLUMNS + LONG_OPTION_VALUE] = work.longs
        parts[row * COLUMNS + SHORT_OPTION_VALUE] = work.shorts
        parts[row * COLUMNS + REQUIREMENT] = risk - value
        a.group_sums[commodity.group] += risk - value
    return sum_groups(a, totals, currencies)


cdef void clear(account_t* a) noexcept nogil:
    """Zeros in all scratch that this account used."""
    cdef const commodity_t* commodity
    cdef int32_t row, slot
    a.calls[0] = 0
    a.puts[0] = 0
    for row in range(a.held_count):
        commodity = &a.commodities[a.held[row]]
        a.group_sums[commodity.group] = 0
        wide_clear(&a.work[a.held[row]], sizeof(work_t))
        for slot in range(commodity.slot_first, commodity.slot_end):
            if a.slot_is_held[slot]:
                a.slot_is_held[slot] = False
                wide_clear(a.losses + SCENARIOS * slot, SCENARIOS * sizeof(int64_t))
        wide_clear(
            a.start + commodity.month_first,
            (commodity.month_end - commodity.month_first) * sizeof(int64_t),
        )
        for slot in range(commodity.som_first, commodity.som_end):
            a.calls[slot] = 0
            a.puts[slot] = 0


cdef int compute(
    account_t* a,
    const int32_t* index,
    const int64_t* qty,
    Py_ssize_t count,
    int64_t* parts,
    int64_t* totals,
    int32_t currencies,
) noexcept nogil:
    """One account: parts by commodity in the first rows, totals by currency."""
    cdef int outcome = take(a, index, qty, count)
    if outcome == DONE:
        outcome = spread(a)
    if outcome == DONE:
        outcome = finish(a, parts, totals, currencies)
    clear(a)
    return outcome


@cython.final
cdef class SpanTable:
    """Tables of one parameter set, and the scratch of the account that is computed."""

    cdef account_t account
    cdef object kept
    cdef Py_ssize_t instrument_count
    cdef Py_ssize_t commodity_count
    cdef int32_t currencies

    def __cinit__(self, flat not None):
        cdef const instrument_t[::1] instruments = flat.instruments
        cdef const commodity_t[::1] commodities = flat.commodities
        cdef const spread_t[::1] spreads = flat.spreads
        cdef const leg_t[::1] legs = flat.legs
        cdef const delivery_t[::1] deliveries = flat.deliveries
        cdef const inter_t[::1] inters = flat.inters
        cdef const inter_leg_t[::1] inter_legs = flat.inter_legs
        cdef const int32_t[::1] inter_by_commodity = flat.inter_by_commodity
        cdef const int64_t[::1] som_rates = flat.som_rates
        cdef const int32_t[::1] currency_by_group = flat.currency_by_group
        cdef Py_ssize_t slots = flat.slot_count, months = flat.month_count
        cdef account_t* a = &self.account
        memset(a, 0, sizeof(account_t))
        # The tables are views into these arrays.
        self.kept = (
            instruments, commodities, spreads, legs, deliveries, inters, inter_legs,
            inter_by_commodity, som_rates, currency_by_group,
        )
        self.instrument_count = instruments.shape[0]
        self.commodity_count = commodities.shape[0]
        self.currencies = flat.currency_count
        # Python has put a row into every table, used or not.
        a.instruments = &instruments[0]
        a.commodities = &commodities[0]
        a.spreads = &spreads[0]
        a.legs = &legs[0]
        a.deliveries = &deliveries[0]
        a.inters = &inters[0]
        a.inter_legs = &inter_legs[0]
        a.inter_by_commodity = &inter_by_commodity[0]
        a.som_rates = &som_rates[0]
        a.currency_by_group = &currency_by_group[0]
        a.grains = flat.grains
        a.losses = <int64_t*>calloc(slots + 1, SCENARIOS * sizeof(int64_t))
        a.slot_is_held = <int32_t*>calloc(slots + 1, sizeof(int32_t))
        a.left = <int64_t*>calloc(months + 1, sizeof(int64_t))
        a.start = <int64_t*>calloc(months + 1, sizeof(int64_t))
        a.calls = <int64_t*>calloc(som_rates.shape[0], sizeof(int64_t))
        a.puts = <int64_t*>calloc(som_rates.shape[0], sizeof(int64_t))
        a.group_sums = <int64_t*>calloc(currency_by_group.shape[0], sizeof(int64_t))
        a.work = <work_t*>calloc(self.commodity_count, sizeof(work_t))
        a.held = <int32_t*>calloc(self.commodity_count, sizeof(int32_t))
        a.candidates = <int32_t*>calloc(inters.shape[0], sizeof(int32_t))
        if (
            a.losses == NULL or a.slot_is_held == NULL or a.left == NULL or a.start == NULL
            or a.calls == NULL or a.puts == NULL or a.group_sums == NULL or a.work == NULL
            or a.held == NULL or a.candidates == NULL
        ):
            raise MemoryError

    def __dealloc__(self):
        cdef account_t* a = &self.account
        free(a.losses)
        free(a.slot_is_held)
        free(a.left)
        free(a.start)
        free(a.calls)
        free(a.puts)
        free(a.group_sums)
        free(a.work)
        free(a.held)
        free(a.candidates)

    def requirement(
        self,
        const int32_t[::1] index not None,
        const int64_t[::1] qty not None,
        int64_t[:, ::1] parts not None,
        int64_t[::1] totals not None,
    ):
        cdef Py_ssize_t count = index.shape[0], row
        cdef int outcome
        if qty.shape[0] != count:
            raise ValueError(f"{qty.shape[0]} quantities for {count} instruments")
        if parts.shape[0] < self.commodity_count or parts.shape[1] != COLUMNS:
            raise ValueError(f"parts needs {self.commodity_count} rows of {COLUMNS}")
        if totals.shape[0] < self.currencies:
            raise ValueError(f"totals needs {self.currencies} places")
        for row in range(count):
            if not 0 <= index[row] < self.instrument_count:
                raise ValueError(f"instrument {index[row]} of {self.instrument_count}")
        with nogil:
            outcome = compute(
                &self.account, &index[0] if count else NULL, &qty[0] if count else NULL,
                count, &parts[0, 0], &totals[0], self.currencies,
            )
        return Outcome(outcome), self.account.held_count

    def repeat(
        self,
        const int32_t[:, ::1] index not None,
        const int64_t[:, ::1] qty not None,
        int64_t[:, ::1] parts not None,
        int64_t[::1] totals not None,
    ):
        """All accounts of a batch, one a row; the sum of their totals. For benches."""
        cdef Py_ssize_t row
        cdef int64_t total = 0
        cdef int32_t place
        cdef int outcome = DONE
        if index.shape[0] != qty.shape[0] or index.shape[1] != qty.shape[1]:
            raise ValueError("index and qty differ in shape")
        if index.shape[0] == 0 or index.shape[1] == 0:
            return Outcome(outcome), 0
        self.requirement(index[0], qty[0], parts, totals)
        with nogil:
            for row in range(index.shape[0]):
                outcome = compute(
                    &self.account, &index[row, 0], &qty[row, 0], index.shape[1],
                    &parts[0, 0], &totals[0], self.currencies,
                )
                if outcome != DONE:
                    break
                for place in range(self.currencies):
                    total += totals[place]
        return Outcome(outcome), total
