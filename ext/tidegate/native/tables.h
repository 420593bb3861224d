/* Risk's state: tables of fixed capacity, one row a line or two of cache, in named regions.
 * Row 0 of each is unused, so that index 0 means none. Risk alone writes them.
 *
 *   account 7 (sub) -> 3 (owner group) -> 2 (master) -> 1 (firm)        accounts[].chain
 *   pair (7, GC)    -> (3, GC)         -> (2, GC)    -> (1, GC)         pairs[].parent
 *       |                 |                 |            |
 *   balance (7, USD)   (3, USD)          (2, USD)     (1, USD)          pairs[].balance
 */
#ifndef TIDEGATE_TABLES_H
#define TIDEGATE_TABLES_H

#include <assert.h>
#include <stdint.h>

#define TG_CHAIN_MAX 5
#define TG_PRODUCT_WORDS 4
#define TG_NO_LIMIT INT64_MAX

/* One row: what is not kept by account, instrument or order. */
typedef struct {
    uint64_t sequence;
    int64_t now_ns;
    uint32_t instrument_count;
    uint32_t account_count;
    uint32_t currency_count;
    uint32_t pair_count;
    uint32_t order_slots_used;
    uint32_t free_first;
    uint32_t free_last;
    uint32_t open_orders;
    uint32_t cl_ord_id_count;
    uint32_t pad;
    uint64_t accepted;
    uint64_t denied;
    uint64_t fills;
    uint64_t late_fills;
    uint64_t orphan_reports;
    uint64_t duplicate_reports;
    uint64_t unbookable;
    uint64_t refused_records;
    uint64_t denied_by_reason[128];
} risk_row;

typedef struct {
    int64_t tick_value;        /* money of one tick of one lot */
    int64_t mark_px;
    int64_t mark_ns;
    int64_t stale_ns;
    int64_t settlement_px;
    int64_t collar_ticks;
    int64_t collar_permille;
    int64_t max_order_qty;
    int64_t margin_long;       /* money a lot, rounded up; -1 = not known, deny */
    int64_t margin_short;
    int64_t margin_long_lot;   /* by volume: money a lot */
    int64_t margin_short_lot;
    int64_t margin_long_ppm;   /* by money: of |settlement| x tick_value */
    int64_t margin_short_ppm;
    int64_t fee_lot;
    int64_t fee_ppm;
    uint32_t currency;
    uint32_t product;
    uint32_t venue;
    uint32_t first_pair;       /* list of its pairs, through pairs[].next */
    uint8_t trading_state;
    uint8_t pad[7];
} instrument_row;

typedef struct {
    uint64_t products[TG_PRODUCT_WORDS];  /* bit p: may trade product p */
    int64_t max_position;      /* of each instrument; TG_NO_LIMIT, or -1 = missing, deny */
    int64_t max_order_qty;
    int64_t rate_interval_ns;  /* 0 = no rate limit at this level */
    int64_t rate_tolerance_ns;
    int64_t rate_next_ns;      /* when the bucket is empty again (GCRA) */
    uint32_t chain[TG_CHAIN_MAX];  /* itself first, the firm last, 0 behind */
    uint8_t level;
    uint8_t trading_state;
    uint8_t cancel_on_disconnect;
    uint8_t chain_count;
} account_row;

typedef struct {
    uint32_t account;
    uint32_t instrument;
    uint32_t parent;
    uint32_t balance;
    uint32_t next;
    uint32_t pad;
    int64_t net;               /* lots, long positive */
    int64_t open_buy;          /* working lots, pending replaces at the worse of both */
    int64_t open_sell;
    int64_t max_long;
    int64_t max_short;
    int64_t margin;            /* held for position and working orders */
    int64_t open_cost;         /* money paid for the open lots; negative when short */
    int64_t unrealised;
    int64_t bought_qty;
    int64_t sold_qty;
    uint64_t fill_count;
} pair_row;

typedef struct {
    int64_t cash;              /* deposits + realised - fees */
    int64_t initial_cash;
    int64_t margin;
    int64_t fee_held;
    int64_t unrealised;
    int64_t fees;
    uint8_t is_checked;        /* this level states its own cash: margin is checked against it */
    uint8_t pad[15];
} balance_row;

/* ord_status: FIX 39 as its character; 0 = never used. A closed row stays readable until its
 * slot is used again, so that a late fill still finds its account. */
typedef struct {
    uint64_t order_id;         /* generation << 32 | slot */
    uint64_t cl_ord_id;
    uint64_t cancel_cl_ord_id;
    uint64_t replace_cl_ord_id;
    uint64_t exec_id;          /* the last one booked */
    int64_t price;
    int64_t order_qty;
    int64_t cum_qty;
    int64_t held_qty;          /* lots of it in its pairs' open_buy or open_sell */
    int64_t fee_held;
    int64_t replace_price;
    int64_t replace_qty;
    uint32_t account;
    uint32_t instrument;
    uint32_t pair;
    uint32_t next;             /* its session's list, or the free list */
    uint32_t previous;
    uint16_t session;
    uint8_t side;
    uint8_t ord_type;
    uint8_t time_in_force;
    uint8_t ord_status;
    uint8_t flags;
    uint8_t is_cancel_pending;
    uint8_t is_replace_pending;
    uint8_t pad[3];
} order_row;

/* Every cl_ord_id of the day, with its order's end. Open addressing; 0 order_id = denied. */
typedef struct {
    uint64_t cl_ord_id;
    uint64_t order_id;
    int64_t order_qty;
    int64_t cum_qty;
    uint32_t session;          /* 0 = free */
    uint16_t reason;
    uint8_t exec_type;         /* of its last report */
    uint8_t pad;
} cl_ord_id_row;

typedef struct {
    uint32_t first_order;
    uint32_t open_orders;
    uint32_t cl_ord_ids;
    uint32_t pad;
} session_orders_row;

static_assert(sizeof(risk_row) == 16 + 4 * 10 + 8 * 8 + 128 * 8, "hidden padding");
static_assert(sizeof(instrument_row) == 152, "hidden padding");
static_assert(sizeof(account_row) == 96, "hidden padding");
static_assert(sizeof(pair_row) == 112, "hidden padding");
static_assert(sizeof(balance_row) == 64, "hidden padding");
static_assert(sizeof(order_row) == 128, "hidden padding");
static_assert(sizeof(cl_ord_id_row) == 40, "hidden padding");

#endif
