"""Risk's tables: the rows of tables.h and the pointers that its steps work on."""
cimport cython
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t


cdef extern from "tables.h" nogil:
    enum:
        TG_CHAIN_MAX
        TG_PRODUCT_WORDS
    const int64_t TG_NO_LIMIT

    ctypedef struct risk_row:
        uint64_t sequence
        int64_t now_ns
        uint32_t instrument_count
        uint32_t account_count
        uint32_t currency_count
        uint32_t pair_count
        uint32_t order_slots_used
        uint32_t free_first
        uint32_t free_last
        uint32_t open_orders
        uint32_t cl_ord_id_count
        uint32_t pad
        uint64_t accepted
        uint64_t denied
        uint64_t fills
        uint64_t late_fills
        uint64_t orphan_reports
        uint64_t duplicate_reports
        uint64_t unbookable
        uint64_t refused_records
        uint64_t denied_by_reason[128]

    ctypedef struct instrument_row:
        int64_t tick_value
        int64_t mark_px
        int64_t mark_ns
        int64_t stale_ns
        int64_t settlement_px
        int64_t collar_ticks
        int64_t collar_permille
        int64_t max_order_qty
        int64_t margin_long
        int64_t margin_short
        int64_t margin_long_lot
        int64_t margin_short_lot
        int64_t margin_long_ppm
        int64_t margin_short_ppm
        int64_t fee_lot
        int64_t fee_ppm
        uint32_t currency
        uint32_t product
        uint32_t venue
        uint32_t first_pair
        uint8_t trading_state
        uint8_t pad[7]

    ctypedef struct account_row:
        uint64_t products[4]
        int64_t max_position
        int64_t max_order_qty
        int64_t rate_interval_ns
        int64_t rate_tolerance_ns
        int64_t rate_next_ns
        uint32_t chain[5]
        uint8_t level
        uint8_t trading_state
        uint8_t cancel_on_disconnect
        uint8_t chain_count

    ctypedef struct pair_row:
        uint32_t account
        uint32_t instrument
        uint32_t parent
        uint32_t balance
        uint32_t next
        uint32_t pad
        int64_t net
        int64_t open_buy
        int64_t open_sell
        int64_t max_long
        int64_t max_short
        int64_t margin
        int64_t open_cost
        int64_t unrealised
        int64_t bought_qty
        int64_t sold_qty
        uint64_t fill_count

    ctypedef struct balance_row:
        int64_t cash
        int64_t initial_cash
        int64_t margin
        int64_t fee_held
        int64_t unrealised
        int64_t fees
        uint8_t is_checked
        uint8_t pad[15]

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
        int64_t replace_price
        int64_t replace_qty
        uint32_t account
        uint32_t instrument
        uint32_t pair
        uint32_t next
        uint32_t previous
        uint16_t session
        uint8_t side
        uint8_t ord_type
        uint8_t time_in_force
        uint8_t ord_status
        uint8_t flags
        uint8_t is_cancel_pending
        uint8_t is_replace_pending
        uint8_t pad[3]

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
        uint32_t pad


ctypedef struct tables:
    risk_row* risk
    instrument_row* instruments
    account_row* accounts
    pair_row* pairs
    uint32_t* pair_index      # open addressing over pairs, by (account, instrument)
    balance_row* balances     # dense: account * currency_count + currency
    order_row* orders
    cl_ord_id_row* cl_ord_ids
    session_orders_row* sessions
    uint32_t instrument_capacity
    uint32_t account_capacity
    uint32_t currency_capacity
    uint32_t pair_capacity
    uint32_t pair_mask
    uint32_t order_capacity
    uint32_t cl_ord_id_mask
    uint32_t session_capacity


@cython.final
cdef class Tables:
    cdef tables t
    cdef readonly dict arrays
