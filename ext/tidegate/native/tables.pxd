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
        int64_t interval_ns
        int64_t tolerance_ns
        int64_t next_ns

    ctypedef struct credits:
        int64_t buy_credit
        int64_t sell_credit
        int64_t gross_credit
        int64_t max_long
        int64_t max_short
        int64_t max_gross
        int32_t order_credit
        int32_t max_open_orders

    ctypedef struct risk_row:
        uint64_t sequence
        int64_t now_ns
        int64_t next_phase_ns
        int64_t next_expiry_ns
        uint32_t fold_version
        uint32_t margin_epoch
        uint32_t staged_count
        uint32_t instrument_count
        uint32_t account_count
        uint32_t currency_count
        uint32_t product_count
        uint32_t pair_count
        uint32_t group_count
        uint32_t side_count
        uint32_t scan_count
        uint32_t day_count
        uint32_t limit_count
        uint32_t override_count
        uint32_t cash_hold_count
        uint32_t dirty_first
        uint32_t order_slots_used
        uint32_t free_first
        uint32_t free_last
        uint32_t open_orders
        uint32_t cl_ord_id_count
        uint32_t open_lists
        uint64_t accepted
        uint64_t denied
        uint64_t fills
        uint64_t late_fills
        uint64_t orphan_reports
        uint64_t duplicate_reports
        uint64_t unbookable
        uint64_t refused_records
        uint64_t alerts
        uint64_t stale_credits
        uint64_t denied_by_reason[128]

    ctypedef struct currency_row:
        int64_t bid_rate
        int64_t ask_rate
        int64_t asset_rate
        int64_t liability_rate
        uint32_t haircut_ppm
        uint8_t pad[28]

    ctypedef struct instrument_row:
        int64_t tick_value
        int64_t mark_px
        int64_t mark_ns
        int64_t stale_ns
        int64_t lot_notional
        int64_t notional_floor
        int64_t collar_low
        int64_t collar_high
        int64_t collar_ticks
        int64_t collar_permille
        int64_t period_ns
        int64_t period_ticks
        int64_t min_order_qty
        int64_t lot_step
        int64_t price_step
        int64_t max_order_qty
        int64_t max_market_qty
        int64_t margin_long
        int64_t margin_short
        int64_t margin_long_today
        int64_t margin_short_today
        int64_t exchange_long
        int64_t exchange_short
        int64_t exchange_long_today
        int64_t exchange_short_today
        bucket order_rate
        bucket replace_rate
        bucket cancel_rate
        int64_t settlement_px
        int64_t average_px
        int64_t margin_long_lot
        int64_t margin_short_lot
        int64_t margin_long_ppm
        int64_t margin_short_ppm
        int64_t exchange_long_lot
        int64_t exchange_short_lot
        int64_t exchange_long_ppm
        int64_t exchange_short_ppm
        int64_t next_phase_ns
        int64_t day_orders_max
        int64_t day_cancels_max
        int64_t day_large_cancels_max
        int64_t day_self_trades_max
        int64_t large_cancel_qty
        int64_t order_to_trade_max
        int64_t order_to_trade_floor
        int64_t scan_unit
        int32_t scan[16]
        int32_t scan_delta
        int32_t intra_rate
        int32_t delivery_rate
        int32_t short_option_rate
        uint32_t currency
        uint32_t product
        uint32_t venue
        uint32_t first_pair
        uint32_t phase_index
        uint32_t phase_end
        uint8_t trading_state
        uint8_t phase
        uint8_t side_lock
        uint8_t margin_model
        uint8_t price_basis
        uint8_t is_max_side
        uint8_t has_sides
        uint8_t closes_today
        uint8_t is_option
        uint8_t is_call
        uint8_t is_premium_paid
        uint8_t exempts_immediate
        uint8_t pad[4]

    ctypedef struct staged_row:
        int64_t margin_long_lot
        int64_t margin_short_lot
        int64_t margin_long_ppm
        int64_t margin_short_ppm
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
        uint32_t chain[5]
        uint32_t pool
        uint32_t group
        uint32_t next_dirty
        uint8_t level
        uint8_t chain_count
        uint8_t trading_state
        uint8_t graded_state
        uint8_t is_slowed
        uint8_t is_dirty
        uint8_t is_shared
        uint8_t is_converted
        uint8_t cancel_on_disconnect
        uint8_t self_match_own
        uint8_t self_match_group
        uint8_t side_lock
        uint16_t session
        uint8_t tier
        uint8_t is_halted_by_executions
        credits all
        bucket order_rate
        bucket replace_rate
        bucket cancel_rate
        uint64_t products[4]
        int64_t max_position
        int64_t converted_free
        int64_t slow_interval_ns
        int64_t last_order_ns
        int64_t leverage_max
        int64_t concentration_permille
        int64_t concentration_floor
        int64_t identical_max
        int64_t identical_window_ns
        int64_t executions_max
        int64_t executions
        int64_t day_orders_max
        int64_t day_orders
        int64_t protection_window_ns
        int64_t protection_qty
        int64_t protection_delta
        uint32_t margin_grades[4]
        uint32_t loss_grades[4]
        uint32_t position_grades[4]
        uint8_t grades[3]
        uint8_t pad[5]
        uint32_t identical_signature[4]
        uint32_t identical_count[4]
        int64_t identical_since_ns[4]
        uint64_t fill_count

    ctypedef struct product_row:
        uint32_t account
        uint32_t product
        uint32_t balance
        uint32_t scan
        credits all
        int64_t margin_longs
        int64_t margin_shorts
        int64_t margin
        int64_t protection_since_ns
        int64_t protection_qty
        int64_t protection_delta
        uint8_t is_pulled
        uint8_t pad[7]

    ctypedef struct scan_row:
        int64_t worst[16]
        int64_t intra_longs
        int64_t intra_shorts
        int64_t delivery
        int64_t short_options
        int64_t pad[4]

    ctypedef struct pair_row:
        uint32_t account
        uint32_t instrument
        uint32_t parent
        uint32_t product
        uint32_t balance
        uint32_t next
        uint32_t sides
        uint32_t day
        credits all
        int64_t net
        int64_t margin
        int64_t open_cost
        int64_t unrealised
        int64_t bought_qty
        uint64_t fill_count
        int64_t gross
        int64_t period_px
        int64_t period_since_ns
        int64_t max_notional
        int32_t max_order_qty
        int32_t max_market_qty
        uint32_t fold_version
        uint32_t reduce_only_orders
        uint8_t state
        uint8_t side_lock
        uint8_t is_permitted
        uint8_t pad[5]

    ctypedef struct sides_row:
        int32_t long_today
        int32_t long_yesterday
        int32_t short_today
        int32_t short_yesterday
        int32_t frozen_long_today
        int32_t frozen_long_yesterday
        int32_t frozen_short_today
        int32_t frozen_short_yesterday
        int32_t charged_long_today
        int32_t charged_short_today
        int64_t short_cost
        int64_t long_today_cost
        int64_t short_today_cost

    ctypedef struct day_row:
        uint32_t first_order
        uint32_t orders
        uint32_t replaces
        uint32_t cancels
        uint32_t large_cancels
        uint32_t self_trades
        uint32_t trades
        uint32_t last_match_id
        uint8_t last_match_side
        uint8_t pad[7]

    ctypedef struct balance_row:
        int64_t cash
        int64_t initial_cash
        int64_t credit_line
        int64_t margin
        int64_t fee_held
        int64_t premium_held
        int64_t cash_held
        int64_t unrealised
        int64_t fees
        int64_t notional
        int64_t margin_credit
        int64_t converted
        int64_t peak
        int64_t max_loss
        int64_t max_drawdown
        uint8_t is_checked
        uint8_t pad[7]

    ctypedef struct limit_row:
        uint32_t account
        uint32_t instrument
        uint32_t product
        uint32_t side_lock
        int64_t max_order_qty
        int64_t max_market_qty
        int64_t max_notional
        int64_t max_long
        int64_t max_short
        int64_t max_gross
        int64_t max_open_orders

    ctypedef struct override_row:
        int64_t base_value
        int64_t expires_ns
        uint32_t account
        uint32_t instrument
        uint32_t currency
        uint16_t product
        uint8_t limit_kind
        uint8_t pad

    ctypedef struct fee_row:
        int64_t open_lot
        int64_t close_lot
        int64_t close_today_lot
        uint32_t open_ppm
        uint32_t close_ppm
        uint32_t close_today_ppm
        uint32_t pad

    ctypedef struct cash_hold_row:
        uint64_t request
        int64_t amount
        uint32_t account
        uint32_t currency
        uint32_t to_account
        uint32_t pad

    ctypedef struct order_row:
        uint64_t order_id
        uint64_t cl_ord_id
        uint64_t cancel_cl_ord_id
        uint64_t replace_cl_ord_id
        uint64_t exec_id
        int64_t price
        int64_t order_qty
        int64_t cum_qty
        int64_t held_qty
        int64_t fee_held
        int64_t premium_held
        int64_t replace_price
        int64_t replace_qty
        uint32_t account
        uint32_t instrument
        uint32_t pair
        uint32_t next
        uint32_t previous
        uint32_t next_of_group
        uint32_t previous_of_group
        uint32_t frozen_today
        uint16_t session
        uint16_t cancel_reason
        uint16_t list_id
        uint8_t side
        uint8_t ord_type
        uint8_t time_in_force
        uint8_t position_effect
        uint8_t ord_status
        uint8_t flags
        uint8_t is_cancel_pending
        uint8_t is_replace_pending
        uint8_t is_staged
        uint8_t pad[9]

    ctypedef struct cl_ord_id_row:
        uint64_t cl_ord_id
        uint64_t order_id
        int64_t order_qty
        int64_t cum_qty
        uint32_t session
        uint16_t reason
        uint8_t exec_type
        uint8_t pad

    ctypedef struct session_orders_row:
        uint32_t first_order
        uint32_t open_orders
        uint32_t cl_ord_ids
        uint16_t list_id
        uint8_t list_count
        uint8_t list_taken
        uint8_t is_list_refused
        uint8_t trading_state
        uint8_t pad[6]
        int64_t list_since_ns
        bucket order_rate
        bucket replace_rate
        bucket cancel_rate


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
    uint32_t order_capacity
    uint32_t cl_ord_id_mask
    uint32_t session_capacity


@cython.final
cdef class Tables:
    cdef tables t
    cdef readonly dict arrays
