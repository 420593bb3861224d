/* Risk's state: tables of fixed capacity in named regions. Row 0 of each is unused, so that
 * index 0 means none. Risk alone writes them. RISK.md has the rules that they serve.
 *
 *   account 7 (sub) -> 3 (owner group) -> 2 (master) -> 1 (firm)        accounts[].chain
 *   pair (7, GC)    -> (3, GC)         -> (2, GC)    -> (1, GC)         pairs[].parent
 *       |-- product (7, metals), limits over several instruments and margin that nets in it
 *       |-- sides (7, GC), only where long and short lots are kept apart
 *       '-- balance (7, USD)
 */
#ifndef TIDEGATE_TABLES_H
#define TIDEGATE_TABLES_H

#include "reference.h"

/* Lanes into risk: executions, control, orders; and out of it: routes, reports. */
#define TG_LANES_IN 3
#define TG_LANES_OUT 2

/* One row: what is not kept by account, instrument or order. */
typedef struct {
    uint64_t sequence;
    int64_t now_ns;
    int64_t next_phase_ns;     /* earliest instruments[].next_phase_ns */
    int64_t next_expiry_ns;    /* earliest overrides[].expires_ns */
    uint32_t fold_version;     /* raised by every change of a limit, a state or a lock */
    uint32_t margin_epoch;     /* of the last MARGIN_COMMIT */
    uint32_t staged_count;     /* staged records since */
    uint32_t instrument_count;
    uint32_t account_count;
    uint32_t currency_count;
    uint32_t product_count;
    uint32_t pair_count;
    uint32_t group_count;      /* rows used in products */
    uint32_t side_count;
    uint32_t scan_count;
    uint32_t day_count;
    uint32_t limit_count;
    uint32_t override_count;
    uint32_t cash_hold_count;
    uint32_t dirty_first;      /* accounts to be graded at the next TICK */
    uint32_t order_slots_used;
    uint32_t free_first;
    uint32_t free_last;
    uint32_t open_orders;
    uint32_t cl_ord_id_count;
    uint32_t open_lists;
    uint32_t taken[TG_LANES_IN];     /* msg_seq_num of the last record of each lane, as journaled */
    uint32_t given[TG_LANES_OUT];    /* of the last record that a step gave to each */
    uint32_t business_day;           /* the last that ended, YYYYMMDD; 0 = none has */
    uint32_t break_count;            /* rows used in breaks */
    uint32_t order_age_ms_max;       /* of the config; 0 = any age */
    uint64_t accepted;
    uint64_t denied;
    uint64_t fills;
    uint64_t late_fills;
    uint64_t orphan_reports;
    uint64_t duplicate_reports;
    uint64_t unbookable;
    uint64_t refused_records;
    uint64_t alerts;
    uint64_t stale_credits;    /* MARGIN_CREDIT for positions that have changed since */
    uint64_t stale_breaks;     /* BREAK computed before fills that are booked now */
    uint64_t denied_by_reason[128];
} risk_row;

/* What every order reads of each level of its chain comes first: two lines of the cache. */
typedef struct {
    credits all;

    bucket order_rate;
    int64_t last_order_ns;
    int64_t day_orders_max;
    int64_t day_orders;
    uint32_t pool;             /* the account on whose money it draws; 0 = its own */
    uint32_t next_dirty;
    uint8_t is_dirty;
    uint8_t is_converted;      /* its currencies back each other, in base money */
    uint8_t is_shared;         /* its money backs the net of all below */
    uint8_t level;
    uint32_t group;            /* its owner group's account */

    int64_t margin_ppm;        /* of the client's margin; 1,000,000 = as it is */
    int64_t leverage_max;      /* hundredths; TG_NO_LIMIT */
    int64_t concentration_permille;  /* of the master's total; TG_NO_LIMIT */
    int64_t concentration_floor;     /* master's lots below which it does not apply */
    int64_t identical_max;
    int64_t identical_window_ns;
    uint8_t self_match_own;
    uint8_t self_match_group;
    uint8_t tier;              /* of fees */
    uint8_t chain_count;
    uint8_t trading_state;     /* as an operator set it */
    uint8_t graded_state;      /* as a graded action set it: ACTIVE, REDUCING, HALTED */
    uint8_t is_slowed;
    uint8_t side_lock;
    uint8_t cancel_on_disconnect;
    uint8_t is_halted_by_executions;
    uint8_t is_pool;           /* some account draws on its money; its own pairs book none */
    uint8_t grades[3];         /* reached now: margin, loss, position */
    uint16_t session;

    uint32_t identical_signature[4];
    uint32_t identical_count[4];
    int64_t identical_since_ns[4];

    uint32_t chain[TG_CHAIN_MAX];  /* itself first, the firm last, 0 behind */
    uint32_t breaks;           /* open differences with the venue; not 0 = REDUCING */
    int64_t executions_max;    /* control 24 */
    int64_t executions;
    uint64_t fill_count;
    int64_t max_position;      /* of each instrument; TG_NO_LIMIT, or -1 = missing, deny */
    int64_t converted_free;    /* base money of all its balances */

    bucket replace_rate;
    bucket cancel_rate;
    int64_t slow_interval_ns;
    int64_t protection_window_ns;    /* control 35; 0 = off */

    int64_t protection_qty;
    int64_t protection_delta;
    uint32_t margin_grades[4]; /* per mille of the limit: alert, slow, reduce, halt; 0 = none */
    uint32_t loss_grades[4];
    uint32_t position_grades[4];
    uint64_t products[TG_PRODUCT_WORDS];  /* bit p: may trade product p */
    int64_t spare[4];
} account_row;

/* (account, product): limits over its instruments, margin that nets between them */
typedef struct {
    credits all;
    uint32_t account;
    uint16_t product;
    uint8_t is_pulled;         /* control 35 */
    uint8_t pad;
    uint32_t balance;
    uint32_t scan;             /* row of scans; 0 = no SPAN */
    int64_t margin;            /* held at this row */
    int64_t margin_longs;      /* SIDES with max-side: sums over its pairs */
    int64_t margin_shorts;
    int64_t protection_since_ns;
    int64_t protection_qty;
    int64_t protection_delta;
} product_row;

/* SPAN at a product row: the worst scan of any subset of working orders, in scan units. */
typedef struct {
    int64_t worst[TG_SCENARIOS];
    int64_t intra_longs;       /* bounds from above, MARGIN.md 3 */
    int64_t intra_shorts;
    int64_t delivery;
    int64_t short_options;
    int64_t pad[4];
} scan_row;

/* (account, instrument): two lines of the cache for an order, a third for what fills book. */
typedef struct {
    credits all;               /* its gross, the worst size, is max_gross - gross_credit */

    uint32_t account;
    uint32_t instrument;
    uint32_t parent;
    uint32_t product;
    uint32_t balance;
    uint32_t sides;
    uint32_t day;              /* at owner groups */
    uint32_t fold_version;
    int64_t net;               /* lots, long positive */
    int64_t margin;            /* held here; 0 where the product row or no row holds it */
    int64_t max_notional;      /* folded: the least of all levels and scopes */
    int32_t max_order_qty;     /* folded */
    uint32_t watched;          /* folded: which controls the chain states (positions.pxd) */

    int32_t max_market_qty;    /* folded */
    uint8_t state;             /* folded: bit s = a level or the instrument is in state s */
    uint8_t side_lock;         /* folded */
    uint8_t is_permitted;      /* folded */
    uint8_t pad;
    int64_t period_px;         /* control 6: first accepted price of the window */
    int64_t period_since_ns;
    int64_t open_cost;         /* money paid for the open lots (SIDES: the long ones) */
    int64_t unrealised;
    int64_t bought_qty;        /* today, and net as the day began; sold today = bought_qty - net */
    uint64_t fill_count;
    uint32_t next;             /* pairs of the instrument */
    uint32_t reduce_only_orders;
} pair_row;

/* Long and short lots, today's and yesterday's; frozen = asked to be closed by working orders. */
typedef struct {
    int32_t long_today;
    int32_t long_yesterday;
    int32_t short_today;
    int32_t short_yesterday;
    int32_t frozen_long_today;
    int32_t frozen_long_yesterday;
    int32_t frozen_short_today;
    int32_t frozen_short_yesterday;
    int32_t charged_long_today;   /* opened today and not yet closed at the close-today fee */
    int32_t charged_short_today;
    int64_t short_cost;
    int64_t long_today_cost;   /* for price basis 4 */
    int64_t short_today_cost;
} sides_row;

/* Of an owner group in an instrument: what self-match and the day's counts need. */
typedef struct {
    uint32_t first_order;      /* working orders, through orders[].next_of_group */
    uint32_t orders;
    uint32_t replaces;
    uint32_t cancels;
    uint32_t large_cancels;
    uint32_t self_trades;
    uint32_t trades;
    uint32_t last_match_id;
    int64_t best_buy_px;       /* no working buy is above it; only where first_order is not 0 */
    int64_t best_sell_px;
    uint8_t last_match_side;
    uint8_t pad[15];
} day_row;

typedef struct {
    int64_t cash;              /* deposits + realised - fees */
    int64_t credit_line;       /* of a pool's member: its slice */
    int64_t unrealised;
    int64_t margin;
    int64_t fee_held;
    int64_t premium_held;      /* of working buys of options that are paid at the fill */
    int64_t cash_held;         /* pending withdrawals and transfers */
    int64_t notional;          /* sum of gross * lot_notional */

    int64_t initial_cash;      /* deposits - withdrawals */
    int64_t peak;              /* of the day's profit */
    int64_t max_loss;          /* TG_NO_LIMIT = not stated */
    int64_t max_drawdown;
    int64_t margin_credit;     /* by how much exact SPAN is below the hold; margin is net of it */
    int64_t fees;
    int64_t converted;         /* its part of accounts[].converted_free */
    uint8_t is_checked;        /* this level states its own cash: margin is checked against it */
    uint8_t pad[7];
} balance_row;

/* Pending withdrawals and transfers by the request's number; request 0 = free. */
typedef struct {
    uint64_t request;
    int64_t amount;
    uint32_t account;
    uint32_t currency;
    uint32_t to_account;
    uint32_t pad;
} cash_hold_row;

/* A difference with the venue's own report that nobody has decided: the venue's figure less
 * ours, of lots (instrument), money (currency) or leaves_qty of an order (order_id too).
 * account 0 = free. */
typedef struct {
    uint64_t order_id;
    int64_t amount;
    int64_t since_ns;
    uint32_t account;
    uint32_t instrument;
    uint32_t currency;
    uint8_t is_dismissed;      /* decided: it stays as it is */
    uint8_t pad[3];
} break_row;

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
    int64_t held_qty;          /* lots of it in the worst sizes of its pairs */
    int64_t fee_held;
    int64_t premium_held;
    int64_t replace_price;
    int64_t replace_qty;
    uint32_t account;
    uint32_t instrument;
    uint32_t pair;
    uint32_t next;             /* its session's list, or the free list */
    uint32_t previous;
    uint32_t next_of_group;    /* working orders of its owner group in its instrument */
    uint32_t previous_of_group;
    uint32_t frozen_today;     /* lots of today that it closes; the rest are yesterday's */
    uint16_t session;
    uint16_t cancel_reason;    /* why risk itself canceled it */
    uint16_t list_id;
    uint8_t side;
    uint8_t ord_type;
    uint8_t time_in_force;
    uint8_t position_effect;
    uint8_t ord_status;
    uint8_t flags;
    uint8_t is_cancel_pending;
    uint8_t is_replace_pending;
    uint8_t is_staged;         /* of a list that is not complete: held, not routed */
    uint8_t pad[9];
} order_row;

/* Every cl_ord_id of the day and of the day before, with its order's end. Open addressing; 0
 * order_id = denied. */
typedef struct {
    uint64_t cl_ord_id;
    uint64_t order_id;
    int64_t order_qty;         /* EXEC_REPLACED: its order's first cl_ord_id, which has the state */
    int64_t cum_qty;
    uint32_t session;          /* 0 = free */
    uint16_t reason;
    uint8_t exec_type;         /* of its last report; EXEC_REPLACED = an id that a replace gave */
    uint8_t is_past;           /* over since before the last DAY_ROLL: a resend alone means it */
} cl_ord_id_row;

typedef struct {
    uint32_t first_order;
    uint32_t open_orders;
    uint32_t cl_ord_ids;
    uint16_t list_id;          /* the list that is being taken; 0 = none */
    uint8_t list_count;
    uint8_t list_taken;
    uint8_t list_staged;       /* of those taken, held and not yet routed */
    uint8_t is_list_refused;
    uint8_t trading_state;     /* ACTIVE or KILLED */
    uint8_t pad[5];
    int64_t list_since_ns;
    bucket order_rate;
    bucket replace_rate;
    bucket cancel_rate;
} session_orders_row;

static_assert(sizeof(risk_row) == 1264, "hidden padding");
static_assert(sizeof(account_row) == 512, "hidden padding");
static_assert(sizeof(product_row) == 128, "hidden padding");
static_assert(sizeof(scan_row) == 192, "hidden padding");
static_assert(sizeof(pair_row) == 192, "hidden padding");
static_assert(sizeof(sides_row) == 64, "hidden padding");
static_assert(sizeof(day_row) == 64, "hidden padding");
static_assert(sizeof(balance_row) == 128, "hidden padding");
static_assert(sizeof(cash_hold_row) == 32, "hidden padding");
static_assert(sizeof(break_row) == 40, "hidden padding");
static_assert(sizeof(order_row) == 160, "hidden padding");
static_assert(sizeof(cl_ord_id_row) == 40, "hidden padding");
static_assert(sizeof(session_orders_row) == 104, "hidden padding");

#endif
