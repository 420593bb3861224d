/* The record: 128 bytes, one layout for a lane, the journal, the wire to strategies and the
 * FPGA descriptor. The first cache line is all that a check needs; the second has the stamps
 * and a body that depends on the kind. A field has the same name, offset and meaning in
 * every view that has it. RECORDS.md documents it for other languages.
 *
 *   0        4    5       6     7         8        16        24       32    40        48
 *   checksum kind version flags exec_type sequence cl_ord_id order_id price order_qty account
 *   52         56      58     60   61       62            63
 *   instrument session reason side ord_type time_in_force position_effect
 *   64          72..88 (u32 each)                        92          96..127
 *   received_ns sequenced decided routed venue back (ns) msg_seq_num body
 */
#ifndef TIDEGATE_RECORDS_H
#define TIDEGATE_RECORDS_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define TG_LAYOUT_VERSION 3
#define TG_RECORD_SIZE 128
#define TG_NO_PRICE INT64_MIN

/* Stamps are nanoseconds after received_ns; UINT32_MAX = 4.29 s or more; 0 = not reached. */
#define TG_HEAD              \
    uint32_t checksum;       \
    uint8_t kind;            \
    uint8_t layout_version;  \
    uint8_t flags;           \
    uint8_t exec_type;       \
    uint64_t sequence;       \
    uint64_t cl_ord_id;      \
    uint64_t order_id;       \
    int64_t price;           \
    int64_t order_qty;       \
    uint32_t account;        \
    uint32_t instrument;     \
    uint16_t session;        \
    uint16_t reason;         \
    uint8_t side;            \
    uint8_t ord_type;        \
    uint8_t time_in_force;   \
    uint8_t position_effect; \
    int64_t received_ns;     \
    uint32_t sequenced_delta; \
    uint32_t decided_delta;  \
    uint32_t routed_delta;   \
    uint32_t venue_delta;    \
    uint32_t back_delta;     \
    uint32_t msg_seq_num;

/* Any kind, when the body does not matter. */
typedef struct {
    TG_HEAD
    uint64_t body[4];
} record;

/* NEW_ORDER_SINGLE, CANCEL_REQUEST, CANCEL_REPLACE_REQUEST, MASS_CANCEL_REQUEST */
typedef struct {
    TG_HEAD
    uint64_t orig_cl_ord_id;
    int64_t stop_px;
    int64_t expire_ns;
    uint8_t exec_inst;
    uint8_t hedge_flag;
    uint8_t mass_cancel_type;
    uint8_t list_seq_no;
    uint8_t tot_no_orders;
    uint8_t pad;
    uint16_t list_id;
} order_record;

/* EXECUTION_REPORT */
typedef struct {
    TG_HEAD
    uint64_t exec_id;
    int64_t last_px;
    int32_t last_qty;
    uint32_t trd_match_id;   /* the same in both reports of one match; 0 = not given */
    int64_t cum_qty;
} execution_record;

/* DENIED, CANCEL_REJECT, SESSION_REJECT, ALERT: what was compared, at which level and scope */
typedef struct {
    TG_HEAD
    int64_t limit_value;
    int64_t used_value;
    int64_t asked_value;
    uint32_t ref_seq_num;
    uint8_t level;
    uint8_t ref_kind;
    uint8_t scope;
    uint8_t grade;
} denial_record;

/* MARK, QUOTE, TRADE: price = mark or last, order_qty = last size */
typedef struct {
    TG_HEAD
    int64_t bid_px;
    int64_t bid_qty;
    int64_t ask_px;
    int64_t ask_qty;
} quote_record;

/* LOGON, LOGOUT, HEARTBEAT, RESEND_REQUEST, SEQUENCE_RESET, REQUEST, RESPONSE */
typedef struct {
    TG_HEAD
    uint32_t next_sending;
    uint32_t next_expected;
    uint32_t begin_seq_no;
    uint32_t end_seq_no;
    int64_t heartbeat_ns;
    uint64_t request_id;
} session_record;

/* What an operator or the firm's own systems tell risk: states, limits, cash, kill, time, days.
 * price = settlement price, of an ADJUSTMENT of lots what they are booked at; cl_ord_id = the
 * request's number, the same in its NOTE; order_qty = in MARGIN_COMMIT the epoch, in MARGIN_CREDIT
 * and BREAK the fill_count it was computed at, in a LIMIT_CHANGE of a rate the burst; amount = in
 * DAY_ROLL the day that ends as YYYYMMDD. */
typedef struct {
    TG_HEAD
    int64_t amount;
    int64_t expires_ns;
    uint16_t actor;
    uint16_t product;        /* product_index + 1; 0 = none */
    uint16_t currency;
    uint8_t trading_state;
    uint8_t limit_kind;
    uint32_t to_account;
    uint8_t cash_phase;
    uint8_t side_lock;
    uint16_t venue;          /* KILL, TRADING_STATE: of all its instruments */
} control_record;

/* NOTE: why an operator did what the record with the same cl_ord_id does */
typedef struct {
    TG_HEAD
    char text[32];
} note_record;

/* MARGIN_RATES, staged until MARGIN_COMMIT */
typedef struct {
    TG_HEAD
    int64_t margin_long_lot;
    int64_t margin_short_lot;
    uint32_t margin_long_ppm;
    uint32_t margin_short_ppm;
    uint32_t epoch;
    uint8_t pad[4];
} margin_record;

/* MARGIN_ARRAY, staged until MARGIN_COMMIT: six of an instrument's scan values */
typedef struct {
    TG_HEAD
    int32_t values[6];
    uint32_t epoch;
    uint16_t first;
    uint8_t pad[2];
} array_record;

/* CURRENCY_RATE: 1/1e9 of the base currency's unit for one unit */
typedef struct {
    TG_HEAD
    int64_t bid_rate;
    int64_t ask_rate;
    uint32_t haircut_ppm;
    uint16_t actor;
    uint16_t currency;
    uint64_t pad;
} rate_record;

#define TG_SAME(view, field) \
    static_assert(offsetof(view, field) == offsetof(record, field), #view "." #field " moved")
#define TG_VIEW(view)                                                             \
    static_assert(sizeof(view) == TG_RECORD_SIZE, #view " is not 128 bytes");     \
    TG_SAME(view, price); TG_SAME(view, account); TG_SAME(view, received_ns); \
    TG_SAME(view, msg_seq_num)

TG_VIEW(record);
TG_VIEW(order_record);
TG_VIEW(execution_record);
TG_VIEW(denial_record);
TG_VIEW(quote_record);
TG_VIEW(session_record);
TG_VIEW(control_record);
TG_VIEW(note_record);
TG_VIEW(margin_record);
TG_VIEW(array_record);
TG_VIEW(rate_record);
static_assert(offsetof(record, received_ns) == 64, "the hot part is one cache line");
static_assert(offsetof(record, body) == 96, "the body starts at 96");

#endif
