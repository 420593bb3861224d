"""Margin of one level by the instrument's model (RISK.md 4.1): planned first, then kept."""
from libc.stdint cimport int32_t, int64_t

from tidegate.native.tables cimport (
    instrument_row, pair_row, scan_row, sides_row, tables,
)


# What the pair's or product's row holds afterwards.
ctypedef struct margin_plan:
    int64_t row
    int64_t added            # row, less what it holds now
    int64_t sum_longs        # max-side: the sides' sums; SPAN: intra sums
    int64_t sum_shorts
    int64_t delivery
    int64_t short_options
    int32_t longs            # SPAN: by how much the worst sizes change
    int32_t shorts


# The plan for worst sizes longs and shorts, reached by lots of working opening orders or by
# fills of a net instrument; `gross` is the change of the pair's. True = not expressible.
cdef bint plan(
    const tables* t, const pair_row* pair, const instrument_row* instrument, int64_t longs,
    int64_t shorts, int64_t gross, margin_plan* out
) noexcept nogil
cdef void keep(
    tables* t, pair_row* pair, const instrument_row* instrument, const margin_plan* kept
) noexcept nogil


# The same where a side's lots or the instrument's own rates change.
ctypedef struct whole_plan:
    margin_plan margin
    scan_row scan


# From rates and lots as they are (`before`) to `after` and `sides` (NULL: none are kept).
cdef bint replan(
    const tables* t, const pair_row* pair, const instrument_row* before,
    const instrument_row* after, const sides_row* sides, int64_t longs, int64_t shorts,
    whole_plan* out
) noexcept nogil
cdef void keep_whole(
    tables* t, pair_row* pair, const instrument_row* instrument, const whole_plan* kept
) noexcept nogil
