/* The rows of tables.h that say what holds: instruments, currencies, fees, limits, and the two
 * shapes that limits take. Money, lots, ticks and ns as everywhere. */
#ifndef TIDEGATE_REFERENCE_H
#define TIDEGATE_REFERENCE_H

#include <assert.h>
#include <stdint.h>

#define TG_CHAIN_MAX 5
#define TG_PRODUCT_WORDS 4
#define TG_SCENARIOS 16
#define TG_NO_LIMIT INT64_MAX
/* In a credit "no limit" must leave room to add and take lots. */
#define TG_CREDIT_MAX ((int64_t)1 << 60)

/* Token bucket as GCRA: full when next_ns is no later than now. interval 0 = no limit. */
typedef struct {
    int64_t interval_ns;
    int64_t tolerance_ns;
    int64_t next_ns;
} bucket;

/* What may still be added, kept so that a check is a subtraction whose sign is looked at, of the
 * first four at once (credits.h). Of an account, an account's product, or an account's instrument;
 * one line of the cache. */
typedef struct {
    int64_t buy_credit;        /* max_long - worst long; worst long = net + working buys */
    int64_t sell_credit;       /* max_short - worst short; worst short = working sells - net */
    int64_t gross_credit;      /* max_gross - gross; gross = sum of pairs' worst sizes */
    int64_t order_credit;      /* max_open_orders - open orders */
    int64_t max_long;
    int64_t max_short;
    int64_t max_gross;
    int64_t max_open_orders;
} credits;

typedef struct {
    int64_t bid_rate;          /* base money for 1e9 of this currency's; -1 = not known */
    int64_t ask_rate;
    int64_t asset_rate;        /* bid, less the haircut */
    int64_t liability_rate;    /* ask, plus the haircut */
    uint32_t haircut_ppm;
    uint8_t pad[28];
} currency_row;

/* In the order in which an order needs them, a line of the cache at a time. */
typedef struct {
    int64_t tick_value;        /* money of one tick of one lot */
    int64_t mark_px;
    int64_t mark_ns;
    int64_t stale_ns;
    int64_t lot_notional;      /* max(|mark| * tick_value, notional_floor); -1 = not known */
    int64_t notional_floor;
    int64_t collar_low;        /* of the mark now; INT64_MIN + 1 = none */
    int64_t collar_high;

    bucket order_rate;
    int64_t period_ns;         /* control 6; 0 = off */
    int64_t period_ticks;
    uint32_t currency;
    uint32_t product;
    uint8_t trading_state;
    uint8_t phase;
    uint8_t side_lock;         /* 1 = no buys, 2 = no sells, 3 = restricted */
    uint8_t margin_model;
    uint8_t price_basis;       /* of today's lots: 1 settlement 2 last 3 average 4 open price */
    uint8_t is_max_side;
    uint8_t has_sides;         /* long and short lots are kept apart */
    uint8_t closes_today;      /* CLOSE_TODAY and CLOSE_YESTERDAY; plain CLOSE = yesterday */
    uint8_t is_option;
    uint8_t is_call;
    uint8_t is_premium_paid;   /* the premium is cash at the fill */
    uint8_t exempts_immediate; /* FAK and FOK do not count as cancels */
    uint8_t is_settled;        /* a SETTLEMENT has come since the last DAY_ROLL */
    uint8_t pad[3];

    int64_t margin_long;       /* money a lot, rounded up; -1 = not known, deny */
    int64_t margin_short;
    int64_t margin_long_today; /* SIDES: of lots opened today and of working opens */
    int64_t margin_short_today;
    int64_t exchange_long;     /* the venue's own, checked at shared levels */
    int64_t exchange_short;
    int64_t exchange_long_today;
    int64_t exchange_short_today;

    int32_t scan[TG_SCENARIOS];     /* loss of long one lot, MARGIN.md 3 */

    int64_t scan_unit;         /* money of one unit of scan values */
    int32_t scan_delta;        /* composite delta, 1e-4 */
    int32_t intra_rate;        /* most that a lot of delta can be charged for spreads */
    int32_t delivery_rate;
    int32_t short_option_rate;
    int64_t day_orders_max;    /* control 11, of an owner group in this contract; TG_NO_LIMIT */
    int64_t day_cancels_max;
    int64_t day_large_cancels_max;
    int64_t day_self_trades_max;
    int64_t large_cancel_qty;

    int64_t order_to_trade_max;     /* messages for each trade */
    int64_t order_to_trade_floor;   /* messages a day before it applies */
    int64_t min_order_qty;
    int64_t lot_step;
    int64_t price_step;
    int64_t max_order_qty;
    int64_t max_market_qty;
    uint32_t venue;
    uint32_t first_pair;       /* list of its pairs, through pairs[].next */

    bucket replace_rate;
    bucket cancel_rate;
    int64_t collar_ticks;
    int64_t collar_permille;

    int64_t settlement_px;
    int64_t average_px;        /* for price basis 3; NO_PRICE = not known */
    int64_t margin_long_lot;   /* by volume: money a lot */
    int64_t margin_short_lot;
    int64_t margin_long_ppm;   /* by money: of |price| * tick_value */
    int64_t margin_short_ppm;
    int64_t exchange_long_lot;
    int64_t exchange_short_lot;

    int64_t exchange_long_ppm;
    int64_t exchange_short_ppm;
    int64_t next_phase_ns;
    uint32_t phase_index;      /* the next row of phases[] */
    uint32_t phase_end;
    int64_t spare[4];
} instrument_row;

/* A staged change of an instrument's margin; is_staged bits: 1 rates, 2 4 8 16 array parts. */
typedef struct {
    int64_t margin_long_lot;
    int64_t margin_short_lot;
    int64_t margin_long_ppm;
    int64_t margin_short_ppm;
    int32_t scan[TG_SCENARIOS + 4];
    int32_t scan_spare[4];
    uint32_t epoch;
    uint8_t is_staged;
    uint8_t pad[27];
} staged_row;

/* When an instrument's phase changes, in order of time; from the calendars of the config. */
typedef struct {
    int64_t from_ns;
    uint8_t phase;
    uint8_t pad[7];
} phase_row;

/* Exchange fee plus the broker's markup: fees[instrument * tier_count + tier]; tier 0 = exchange */
typedef struct {
    int64_t open_lot;
    int64_t close_lot;
    int64_t close_today_lot;
    uint32_t open_ppm;
    uint32_t close_ppm;
    uint32_t close_today_ppm;
    uint32_t pad;
} fee_row;

/* Limits that are compared as they stand, and the maxima of credits; -1 = not stated. Open
 * addressing by (account, instrument, product + 1); an account's own row has neither. */
typedef struct {
    uint32_t account;          /* 0 = free */
    uint32_t instrument;
    uint32_t product;          /* product_index + 1 */
    uint32_t side_lock;
    int64_t max_order_qty;
    int64_t max_market_qty;
    int64_t max_notional;
    int64_t max_long;
    int64_t max_short;
    int64_t max_gross;
    int64_t max_open_orders;
} limit_row;

/* A limit that goes back to base_value by itself. kind 0 = free. */
typedef struct {
    int64_t base_value;
    int64_t expires_ns;
    uint32_t account;
    uint32_t instrument;
    uint32_t currency;
    uint16_t product;
    uint8_t limit_kind;
    uint8_t pad;
} override_row;

static_assert(sizeof(bucket) == 24, "hidden padding");
static_assert(sizeof(credits) == 64, "hidden padding");
static_assert(sizeof(currency_row) == 64, "hidden padding");
static_assert(sizeof(instrument_row) == 576, "hidden padding");
static_assert(sizeof(staged_row) == 160, "hidden padding");
static_assert(sizeof(phase_row) == 16, "hidden padding");
static_assert(sizeof(fee_row) == 40, "hidden padding");
static_assert(sizeof(limit_row) == 72, "hidden padding");
static_assert(sizeof(override_row) == 32, "hidden padding");

#endif
