"""Margin of one level by the instrument's model (RISK.md 4.1): planned first, then kept."""
from libc.stdint cimport int64_t

from tidegate.native.margin cimport money_ppm_up, money_times
from tidegate.native.records cimport MARGIN_NET
from tidegate.native.tables cimport (
    TG_SCENARIOS, account_row, instrument_row, pair_row, sides_row, tables,
)

cdef enum:
    MARGIN_AS_IT_IS = 1_000_000


# What the pair's or its product's row holds afterwards. The first two are always set, the rest
# by the models that keep sums at the product row.
ctypedef struct margin_plan:
    int64_t row
    int64_t added            # row, less what it holds now
    int64_t sum_longs        # max-side: the sides' sums; SPAN: intra sums
    int64_t sum_shorts
    int64_t delivery
    int64_t short_options
    int64_t worst[TG_SCENARIOS]


cdef bint plan_sums(
    const tables* t, const pair_row* pair, const instrument_row* instrument, bint is_buy,
    int64_t lots, int64_t gross, margin_plan* out
) noexcept nogil
cdef void keep_sums(
    tables* t, pair_row* pair, const instrument_row* instrument, const margin_plan* kept
) noexcept nogil
# The same where anything changes: from rates and lots as they are (`before`) to rates `after`,
# `sides` (NULL: none are kept) and worst sizes. True = not expressible.
cdef bint replan(
    const tables* t, const pair_row* pair, const instrument_row* before,
    const instrument_row* after, const sides_row* sides, int64_t longs, int64_t shorts,
    margin_plan* out
) noexcept nogil


cdef inline int64_t positive(int64_t value) noexcept nogil:
    return value if value > 0 else 0


cdef inline bint of_client(
    const account_row* account, int64_t margin, int64_t* out
) noexcept nogil:
    """What the account's group is asked for it: the margin times margin_ppm, rounded up.

    A shared level is margined as its venue does it.
    """
    if account.margin_ppm == MARGIN_AS_IT_IS or account.is_shared:
        out[0] = margin
        return False
    return money_ppm_up(margin, account.margin_ppm, out)


cdef inline bint plan_net(
    const tables* t, const pair_row* pair, const instrument_row* instrument, int64_t longs,
    int64_t shorts, margin_plan* out
) noexcept nogil:
    """R = max(mL * max(0, worst long), mS * max(0, worst short)).

    Exact over all fills of the working orders: margin is convex in the net position, so an end
    of [net - PS, net + PB] is the worst, whatever their order (MARGIN.md 1).
    """
    cdef const account_row* account = &t.accounts[pair.account]
    cdef bint is_shared = account.is_shared
    cdef int64_t long_rate = instrument.exchange_long if is_shared else instrument.margin_long
    cdef int64_t short_rate = instrument.exchange_short if is_shared else instrument.margin_short
    cdef int64_t long_part, short_part
    if (
        of_client(account, positive(long_rate), &long_rate)
        or of_client(account, positive(short_rate), &short_rate)
        or money_times(long_rate, positive(longs), &long_part)
        or money_times(short_rate, positive(shorts), &short_part)
    ):
        return True
    out.row = max(long_part, short_part)
    out.added = out.row - pair.margin
    return False


cdef inline bint plan_side(
    const tables* t, const pair_row* pair, const instrument_row* instrument, bint is_buy,
    int64_t lots, int64_t longs, int64_t shorts, int64_t gross, margin_plan* out
) noexcept nogil:
    """With lots more (negative: fewer) of working opening orders on a side: `longs` and `shorts`
    are the worst sizes then, `gross` the change of the pair's. True = not expressible.
    """
    if instrument.margin_model != MARGIN_NET:
        return plan_sums(t, pair, instrument, is_buy, lots, gross, out)
    return plan_net(t, pair, instrument, longs, shorts, out)


cdef inline void keep(
    tables* t, pair_row* pair, const instrument_row* instrument, const margin_plan* kept
) noexcept nogil:
    if instrument.margin_model == MARGIN_NET:
        pair.margin = kept.row
    else:
        keep_sums(t, pair, instrument, kept)
