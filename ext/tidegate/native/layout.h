/* Where the C compiler puts each field of the record's views: what every other statement of
 * the layout (records.pxd, the dtypes, RECORDS.md) is tested against. */
#ifndef TIDEGATE_LAYOUT_H
#define TIDEGATE_LAYOUT_H

#include "records.h"

typedef struct {
    const char *view;
    const char *field;
    size_t offset;
    size_t size;
} layout_field;

#define TG_FIELD(view, field) {#view, #field, offsetof(view, field), sizeof(((view *)0)->field)}
#define TG_HEAD_FIELDS(view)                                                             \
    TG_FIELD(view, checksum), TG_FIELD(view, kind), TG_FIELD(view, layout_version),      \
    TG_FIELD(view, flags), TG_FIELD(view, exec_type), TG_FIELD(view, sequence),          \
    TG_FIELD(view, cl_ord_id), TG_FIELD(view, order_id), TG_FIELD(view, price),          \
    TG_FIELD(view, order_qty), TG_FIELD(view, account), TG_FIELD(view, instrument),      \
    TG_FIELD(view, session), TG_FIELD(view, reason), TG_FIELD(view, side),               \
    TG_FIELD(view, ord_type), TG_FIELD(view, time_in_force),                             \
    TG_FIELD(view, position_effect), TG_FIELD(view, received_ns),                        \
    TG_FIELD(view, sequenced_delta), TG_FIELD(view, decided_delta),                      \
    TG_FIELD(view, routed_delta), TG_FIELD(view, venue_delta), TG_FIELD(view, back_delta), \
    TG_FIELD(view, msg_seq_num)

static const layout_field TG_LAYOUT[] = {
    TG_HEAD_FIELDS(record),
    TG_FIELD(record, body),
    TG_HEAD_FIELDS(order_record),
    TG_FIELD(order_record, orig_cl_ord_id),
    TG_FIELD(order_record, stop_px),
    TG_FIELD(order_record, expire_ns),
    TG_FIELD(order_record, exec_inst),
    TG_FIELD(order_record, hedge_flag),
    TG_FIELD(order_record, mass_cancel_type),
    TG_FIELD(order_record, list_seq_no),
    TG_FIELD(order_record, tot_no_orders),
    TG_FIELD(order_record, pad),
    TG_FIELD(order_record, list_id),
    TG_HEAD_FIELDS(execution_record),
    TG_FIELD(execution_record, exec_id),
    TG_FIELD(execution_record, last_px),
    TG_FIELD(execution_record, last_qty),
    TG_FIELD(execution_record, trd_match_id),
    TG_FIELD(execution_record, cum_qty),
    TG_HEAD_FIELDS(denial_record),
    TG_FIELD(denial_record, limit_value),
    TG_FIELD(denial_record, used_value),
    TG_FIELD(denial_record, asked_value),
    TG_FIELD(denial_record, ref_seq_num),
    TG_FIELD(denial_record, level),
    TG_FIELD(denial_record, ref_kind),
    TG_FIELD(denial_record, scope),
    TG_FIELD(denial_record, grade),
    TG_HEAD_FIELDS(quote_record),
    TG_FIELD(quote_record, bid_px),
    TG_FIELD(quote_record, bid_qty),
    TG_FIELD(quote_record, ask_px),
    TG_FIELD(quote_record, ask_qty),
    TG_HEAD_FIELDS(session_record),
    TG_FIELD(session_record, next_sending),
    TG_FIELD(session_record, next_expected),
    TG_FIELD(session_record, begin_seq_no),
    TG_FIELD(session_record, end_seq_no),
    TG_FIELD(session_record, heartbeat_ns),
    TG_FIELD(session_record, request_id),
    TG_HEAD_FIELDS(control_record),
    TG_FIELD(control_record, amount),
    TG_FIELD(control_record, expires_ns),
    TG_FIELD(control_record, actor),
    TG_FIELD(control_record, product),
    TG_FIELD(control_record, currency),
    TG_FIELD(control_record, trading_state),
    TG_FIELD(control_record, limit_kind),
    TG_FIELD(control_record, to_account),
    TG_FIELD(control_record, cash_phase),
    TG_FIELD(control_record, side_lock),
    TG_FIELD(control_record, venue),
    TG_HEAD_FIELDS(note_record),
    TG_FIELD(note_record, text),
    TG_HEAD_FIELDS(margin_record),
    TG_FIELD(margin_record, margin_long_lot),
    TG_FIELD(margin_record, margin_short_lot),
    TG_FIELD(margin_record, margin_long_ppm),
    TG_FIELD(margin_record, margin_short_ppm),
    TG_FIELD(margin_record, epoch),
    TG_FIELD(margin_record, pad),
    TG_HEAD_FIELDS(array_record),
    TG_FIELD(array_record, values),
    TG_FIELD(array_record, epoch),
    TG_FIELD(array_record, first),
    TG_FIELD(array_record, pad),
    TG_HEAD_FIELDS(rate_record),
    TG_FIELD(rate_record, bid_rate),
    TG_FIELD(rate_record, ask_rate),
    TG_FIELD(rate_record, haircut_ppm),
    TG_FIELD(rate_record, actor),
    TG_FIELD(rate_record, currency),
    TG_FIELD(rate_record, pad),
};
static const size_t TG_LAYOUT_COUNT = sizeof(TG_LAYOUT) / sizeof(TG_LAYOUT[0]);

#endif
