"""Risk's tables: the rows of tables.h and the pointers that its steps work on."""
cimport cython
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "tables.h" nogil:
    enum:
        TG_CHAIN_MAX
        TG_PRODUCT_WORDS
        TG_SCENARIOS
    const int64_t TG_NO_LIMIT
    const int64_t TG_CREDIT_MAX

    ctypedef struct bucket:
        int64_t interval_ns, tolerance_ns, next_ns

    ctypedef struct credits:
        int64_t buy_credit, sell_credit, gross_credit, order_credit, max_long, max_short, max_gross
        int64_t max_open_orders

    ctypedef struct risk_row:
        uint64_t sequence
        int64_t now_ns, next_phase_ns, next_expiry_ns
        uint32_t fold_version, margin_epoch, staged_count, instrument_count, account_count
        uint32_t currency_count, product_count, pair_count, group_count, side_count, scan_count
        uint32_t day_count, limit_count, override_count, cash_hold_count, dirty_first
        uint32_t order_slots_used, free_first, free_last, open_orders, cl_ord_id_count, open_lists
        uint32_t taken[3]
        uint32_t given[2]
        uint32_t business_day, break_count, order_age_ms_max
        uint64_t accepted, denied, fills, late_fills, orphan_reports, duplicate_reports
        uint64_t unbookable, refused_records, alerts, stale_credits, stale_breaks
        uint64_t denied_by_reason[128]

    ctypedef struct currency_row:
        int64_t bid_rate, ask_rate, asset_rate, liability_rate
        uint32_t haircut_ppm
        uint8_t pad[28]

    ctypedef struct instrument_row:
        int64_t tick_value, mark_px, mark_ns, stale_ns, lot_notional, notional_floor, collar_low
        int64_t collar_high
        bucket order_rate
        int64_t period_ns, period_ticks
        uint32_t currency, product
        uint8_t trading_state, phase, side_lock, margin_model, price_basis, is_max_side, has_sides
        uint8_t closes_today, is_option, is_call, is_premium_paid, exempts_immediate, is_settled
        uint8_t pad[3]
        int64_t margin_long, margin_short, margin_long_today, margin_short_today, exchange_long
        int64_t exchange_short, exchange_long_today, exchange_short_today
        int32_t scan[16]
        int64_t scan_unit
        int32_t scan_delta, intra_rate, delivery_rate, short_option_rate
        int64_t day_orders_max, day_cancels_max, day_large_cancels_max, day_self_trades_max
        int64_t large_cancel_qty, order_to_trade_max, order_to_trade_floor, min_order_qty, lot_step
        int64_t price_step, max_order_qty, max_market_qty
        uint32_t venue, first_pair
        bucket replace_rate, cancel_rate
        int64_t collar_ticks, collar_permille, settlement_px, average_px, margin_long_lot
        int64_t margin_short_lot, margin_long_ppm, margin_short_ppm, exchange_long_lot
        int64_t exchange_short_lot, exchange_long_ppm, exchange_short_ppm, next_phase_ns
        uint32_t phase_index, phase_end
        int64_t spare[4]

    ctypedef struct staged_row:
        int64_t margin_long_lot, margin_short_lot, margin_long_ppm, margin_short_ppm
        int32_t scan[20]
        int32_t scan_spare[4]
        uint32_t epoch
        uint8_t is_staged
        uint8_t pad[27]

    ctypedef struct phase_row:
        int64_t from_ns
        uint8_t phase
        uint8_t pad[7]

    ctypedef struct account_row:
        credits all
        bucket order_rate
        int64_t last_order_ns, day_orders_max, day_orders
        uint32_t pool, next_dirty
        uint8_t is_dirty, is_converted, is_shared, level
        uint32_t group
        int64_t margin_ppm, leverage_max, concentration_permille, concentration_floor
        int64_t identical_max, identical_window_ns
        uint8_t self_match_own, self_match_group, tier, chain_count, trading_state, graded_state
        uint8_t is_slowed, side_lock, cancel_on_disconnect, is_halted_by_executions, is_pool
        uint8_t grades[3]
        uint16_t session
        uint32_t identical_signature[4]
        uint32_t identical_count[4]
        int64_t identical_since_ns[4]
        uint32_t chain[5]
        uint32_t breaks
        int64_t executions_max, executions
        uint64_t fill_count
        int64_t max_position, converted_free
        bucket replace_rate, cancel_rate
        int64_t slow_interval_ns, protection_window_ns, protection_qty, protection_delta
        uint32_t margin_grades[4]
        uint32_t loss_grades[4]
        uint32_t position_grades[4]
        uint64_t products[4]
        int64_t spare[4]

    ctypedef struct product_row:
        credits all
        uint32_t account
        uint16_t product
        uint8_t is_pulled, pad
        uint32_t balance, scan
        int64_t margin, margin_longs, margin_shorts, protection_since_ns, protection_qty
        int64_t protection_delta

    ctypedef struct scan_row:
        int64_t worst[16]
        int64_t intra_longs, intra_shorts, delivery, short_options
        int64_t pad[4]

    ctypedef struct pair_row:
        credits all
        uint32_t account, instrument, parent, product, balance, sides, day, fold_version
        int64_t net, margin, max_notional
        int32_t max_order_qty
        uint32_t watched
        int32_t max_market_qty
        uint8_t state, side_lock, is_permitted, pad
        int64_t period_px, period_since_ns, open_cost, unrealised, bought_qty
        uint64_t fill_count
        uint32_t next, reduce_only_orders

    ctypedef struct sides_row:
        int32_t long_today, long_yesterday, short_today, short_yesterday, frozen_long_today
        int32_t frozen_long_yesterday, frozen_short_today, frozen_short_yesterday
        int32_t charged_long_today, charged_short_today
        int64_t short_cost, long_today_cost, short_today_cost

    ctypedef struct day_row:
        uint32_t first_order, orders, replaces, cancels, large_cancels, self_trades, trades
        uint32_t last_match_id
        int64_t best_buy_px, best_sell_px
        uint8_t last_match_side
        uint8_t pad[15]

    ctypedef struct balance_row:
        int64_t cash, credit_line, unrealised, margin, fee_held, premium_held, cash_held, notional
        int64_t initial_cash, peak, max_loss, max_drawdown, margin_credit, fees, converted
        uint8_t is_checked
        uint8_t pad[7]

    ctypedef struct limit_row:
        uint32_t account, instrument, product, side_lock
        int64_t max_order_qty, max_market_qty, max_notional, max_long, max_short, max_gross
        int64_t max_open_orders

    ctypedef struct override_row:
        int64_t base_value, expires_ns
        uint32_t account, instrument, currency
        uint16_t product
        uint8_t limit_kind, pad

    ctypedef struct fee_row:
        int64_t open_lot, close_lot, close_today_lot
        uint32_t open_ppm, close_ppm, close_today_ppm, pad

    ctypedef struct break_row:
        uint64_t order_id
        int64_t amount, since_ns
        uint32_t account, instrument, currency
        uint8_t is_dismissed
        uint8_t pad[3]

    ctypedef struct cash_hold_row:
        uint64_t request
        int64_t amount
        uint32_t account, currency, to_account, pad

    ctypedef struct order_row:
        uint64_t order_id, cl_ord_id, cancel_cl_ord_id, replace_cl_ord_id, exec_id
        int64_t price, order_qty, cum_qty, held_qty, fee_held, premium_held, replace_price
        int64_t replace_qty
        uint32_t account, instrument, pair, next, previous, next_of_group, previous_of_group
        uint32_t frozen_today
        uint16_t session, cancel_reason, list_id
        uint8_t side, ord_type, time_in_force, position_effect, ord_status, flags
        uint8_t is_cancel_pending, is_replace_pending, is_staged
        uint8_t pad[9]

    ctypedef struct cl_ord_id_row:
        uint64_t cl_ord_id, order_id
        int64_t order_qty, cum_qty
        uint32_t session
        uint16_t reason
        uint8_t exec_type, is_past

    ctypedef struct session_orders_row:
        uint32_t first_order, open_orders, cl_ord_ids
        uint16_t list_id
        uint8_t list_count, list_taken, list_staged, is_list_refused, trading_state
        uint8_t pad[5]
        int64_t list_since_ns
        bucket order_rate, replace_rate, cancel_rate


ctypedef struct tables:
    risk_row* risk
    currency_row* currencies
    instrument_row* instruments
    staged_row* staged        # one for each instrument
    phase_row* phases
    account_row* accounts
    product_row* products
    scan_row* scans
    pair_row* pairs
    uint32_t* pair_index      # open addressing over pairs, by (account, instrument)
    uint32_t* product_index   # open addressing over products, by (account, product)
    sides_row* sides
    day_row* days
    balance_row* balances     # dense: account * currency_capacity + currency
    limit_row* limits
    override_row* overrides
    fee_row* fees             # dense: instrument * tier_count + tier
    cash_hold_row* cash_holds
    break_row* breaks
    order_row* orders
    cl_ord_id_row* cl_ord_ids
    session_orders_row* sessions
    uint32_t instrument_capacity
    uint32_t account_capacity
    uint32_t currency_capacity
    uint32_t product_capacity
    uint32_t product_mask
    uint32_t scan_capacity
    uint32_t pair_capacity
    uint32_t pair_mask
    uint32_t side_capacity
    uint32_t day_capacity
    uint32_t limit_mask
    uint32_t override_capacity
    uint32_t tier_count
    uint32_t cash_hold_capacity
    uint32_t break_capacity
    uint32_t order_capacity
    uint32_t cl_ord_id_mask
    uint32_t session_capacity
    void* backend             # a Backend that is asked first (backend.pyx); NULL = rules alone


@cython.final
cdef class Tables:
    cdef tables t
    cdef object backend       # what t.backend points to
    cdef readonly dict arrays
