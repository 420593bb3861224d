// The card: one command a clock, in order, a response 18 clocks later; it never stalls.
//
//    1 widths      4 limbs   who may trade    7 limbs   buckets       11 sums of four cases
//    2 decoded     5 sums                     8 sums    pair's terms  12 cases collected
//    3 row         6 money of a lot          10 needs                 13 decided
//                                                                     14-17 least  18 response
//
// A name's last number is the clock after which it is there. Nothing is reset but by loading.
module card
    import card_pkg::*;
(
    input logic clk,
    input logic in_valid,
    input logic [63:0] in_tag,
    input logic [63:0] in_price,
    input logic [63:0] in_amount,
    input logic [31:0] in_order_qty,
    input logic [31:0] in_lots,
    input logic [31:0] in_account,
    input logic [15:0] in_instrument,
    input logic [15:0] in_session,
    input logic [7:0] in_op,
    input logic [7:0] in_side,
    input logic [7:0] in_kind,
    input logic [7:0] in_index,
    output logic out_valid,
    output logic [63:0] out_tag,
    output logic [63:0] out_verdict,
    output logic [63:0] out_margin,
    output logic [63:0] out_available
);
    // Clocks 1 and 2: what came.
    logic [63:0] price_1, amount_1;
    logic [QTY-1:0] order_qty_1, lots_1;
    command_t decoded;

    command_t c[2:9];
    logic signed [63:0] price[2:8];
    logic [53:0] price_size_2, price_size_3;
    logic [63:0] amount[2:8];
    logic [QTY-1:0] order_qty[2:8];
    logic [QTY-1:0] lots[2:8];
    logic [63:0] tag[1:17];

    always_ff @(posedge clk) begin
        {price_1, amount_1} <= {in_price, in_amount};
        {order_qty_1, lots_1} <= {in_order_qty[QTY-1:0], in_lots[QTY-1:0]};
        tag[1] <= in_tag;
        for (int i = 2; i <= 17; i++) tag[i] <= tag[i-1];

        c[2] <= decoded;
        price[2] <= price_1;
        amount[2] <= amount_1;
        order_qty[2] <= order_qty_1;
        lots[2] <= lots_1;
        price_size_2 <= price_1[63] ? -price_1[53:0] : price_1[53:0];
        price_size_3 <= price_size_2;
        for (int i = 3; i <= 9; i++) c[i] <= c[i-1];
        for (int i = 3; i <= 8; i++) begin
            price[i] <= price[i-1];
            amount[i] <= amount[i-1];
            order_qty[i] <= order_qty[i-1];
            lots[i] <= lots[i-1];
        end
    end

    decode decode (
        .clk, .valid(in_valid), .price(in_price), .amount(in_amount), .order_qty(in_order_qty),
        .lots(in_lots), .account(in_account), .instrument(in_instrument), .session(in_session),
        .op(in_op), .side(in_side), .kind(in_kind), .index(in_index), .command(decoded));

    // Clock 3: rows that orders only read.
    row_t row_3;
    logic [2:0] account_state_3, session_state_3;
    logic loads_2;

    assign loads_2 = c[2].valid && c[2].well_formed;

    logic [INSTRUMENT_BITS:0] row_key_2;
    logic [31:0] loads_words_2;

    assign row_key_2 = {c[2].instrument_key, c[2].freed_sell};
    assign loads_words_2 = loads_2 && c[2].instrument && c[2].has_instrument
        ? 32'd1 << c[2].index[4:0] : 32'd0;

    instrument_rows instrument_rows (
        .clk, .key(row_key_2), .writes(loads_words_2[6:0]), .amount(amount[2][TIME-1:0]),
        .row(row_3));
    small_ram #(.KEY(ACCOUNT_BITS), .WIDTH(3)) account_states (
        .clk, .key(c[2].account_key), .value(account_state_3),
        .write(loads_2 && c[2].has_account
            && (c[2].account || (c[2].state && !c[2].kind))),
        .new_value(c[2].index[2:0]));
    small_ram #(.KEY(SESSION_BITS), .WIDTH(3)) session_states (
        .clk, .key(c[2].session_key), .value(session_state_3),
        .write(loads_2 && c[2].state && c[2].kind), .new_value(c[2].index[2:0]));

    // Clock 4: whether it can be looked at, and who may trade.
    logic [TIME-1:0] now_3, now_4, now_5;
    logic is_killed_3;
    reasons_t refusal_4, stated_4;
    logic is_refused_4, is_reducing_4;

    admission admission (
        .clk, .command_3(c[3]), .price_3(price[3][PRICE-1:0]), .row_3, .account_state_3,
        .session_state_3, .is_killed_3, .now_3, .refusal_4, .is_refused_4, .stated_4,
        .is_reducing_4);

    always_ff @(posedge clk) begin
        if (c[3].valid && c[3].well_formed) begin
            if (c[3].tick && amount[3][TIME-1:0] > now_3) now_3 <= amount[3][TIME-1:0];
            if (c[3].kill) is_killed_3 <= c[3].index[0];
        end
        {now_4, now_5} <= {now_3, now_4};
    end

    initial now_3 = '0;
    initial is_killed_3 = 1'b0;

    // Clock 7: rates.
    logic [2:0] is_full_7;
    logic [2:0] sets_3, sets_6;
    logic is_refused_5, is_refused_6, is_refused_7, is_refused_8, counts_6;

    always_comb
        for (int i = 0; i < 3; i++) begin
            sets_3[i] = c[3].valid && c[3].well_formed && c[3].bucket && c[3].index[1:0] == 2'(i);
            sets_6[i] = c[6].valid && c[6].well_formed && c[6].debt && c[6].index[1:0] == 2'(i);
        end
    assign counts_6 = c[6].valid && c[6].order && !is_refused_6;

    bucket #(.KEY(ACCOUNT_BITS + 1)) account_bucket (
        .clk, .key_3({c[3].kind, c[3].account_key}), .set_rate_3(sets_3[0]),
        .interval_3(price[3][29:0]), .tolerance_3(amount[3][49:0]), .now_5, .counts_6,
        .set_debt_6(sets_6[0]), .debt_6(amount[6][TIME-1:0]), .is_full_7(is_full_7[0]));
    bucket #(.KEY(SESSION_BITS + 1)) session_bucket (
        .clk, .key_3({c[3].kind, c[3].session_key}), .set_rate_3(sets_3[1]),
        .interval_3(price[3][29:0]), .tolerance_3(amount[3][49:0]), .now_5, .counts_6,
        .set_debt_6(sets_6[1]), .debt_6(amount[6][TIME-1:0]), .is_full_7(is_full_7[1]));
    bucket #(.KEY(INSTRUMENT_BITS + 1)) instrument_bucket (
        .clk, .key_3({c[3].kind, c[3].instrument_key}), .set_rate_3(sets_3[2]),
        .interval_3(price[3][29:0]), .tolerance_3(amount[3][49:0]), .now_5, .counts_6,
        .set_debt_6(sets_6[2]), .debt_6(amount[6][TIME-1:0]), .is_full_7(is_full_7[2]));

    // Clocks 6 to 10: money.
    logic [MONEY-1:0] lot_notional_6, notional_9, by_lot_6;
    logic [LANE:0] addend_0_8, addend_1_8;
    logic is_over_rate_9, is_over_rate_10, is_over_lanes_10, is_over_notional_10;
    logic is_big_notional_10, is_over_lot_6, is_over_lot_7, is_over_lot_8, is_over_lot_9;
    logic is_over_product_9;
    logic is_traded_7, is_traded_8, is_traded_9;
    logic [LANES-1:0] takes_amount_7;

    assign is_traded_7 = c[7].order || c[7].release_ || c[7].fill;
    always_comb
        for (int k = 0; k < LANES; k++)
            takes_amount_7[k] = c[7].money || c[7].account
                || (c[7].lane && c[7].index == 8'(k));

    multiply_54 lot_notional (
        .clk, .left(price_size_3), .right(row_3.tick_value), .low(), .high(),
        .product(lot_notional_6), .is_over(is_over_lot_6));
    multiply_54 notional (
        .clk, .left(lot_notional_6), .right(36'(order_qty[6])), .low(), .high(),
        .product(notional_9), .is_over(is_over_product_9));
    rate_money rate_money (
        .clk, .price_3(price_size_3), .lots_3(lots[3]), .lots_5(lots[5]),
        .price_rate_3(row_3.price_rate), .lot_margin_3(row_3.lot_margin), .is_fill_6(c[6].fill),
        .by_price_5(c[5].order || c[5].release_), .by_lot_6, .addend_0_8, .addend_1_8,
        .is_over_9(is_over_rate_9));

    always_ff @(posedge clk) begin
        {is_traded_8, is_traded_9} <= {is_traded_7, is_traded_8};
        is_over_rate_10 <= is_traded_9 && is_over_rate_9;
    end

    // Clock 8: the pair's own terms.
    logic [PAIR_BITS-1:0] pair_6;
    logic loads_terms_6;
    logic [MONEY-1:0] max_notional_7, max_notional_8, max_notional_9;
    logic [QTY-1:0] max_qty_7, max_qty_8;
    logic [3:0] term_bits_7, term_bits_8;

    assign pair_6 = {c[6].account_key, c[6].instrument_key};
    assign loads_terms_6 = c[6].valid && c[6].terms && !is_refused_6;

    block_ram #(.KEY(PAIR_BITS), .WIDTH(MONEY)) most_notional (
        .clk, .read_key(pair_6), .read_value(max_notional_7), .write(loads_terms_6),
        .write_key(pair_6), .write_value(amount[6][MONEY-1:0]));
    block_ram #(.KEY(PAIR_BITS), .WIDTH(QTY + 4)) terms (
        .clk, .read_key(pair_6), .read_value({max_qty_7, term_bits_7}), .write(loads_terms_6),
        .write_key(pair_6), .write_value({order_qty[6], c[6].index[3:0]}));

    // Clocks 9 and 10: all that does not depend on a command that is still being decided.
    reasons_t refusal_5, refusal_6, refusal_7, refusal_8, refusal_9, refusal_10;
    reasons_t stated_5, stated_6, stated_7, stated_8, stated_9, stated_10;
    logic is_reducing_5, is_reducing_6, is_reducing_7, is_reducing_8, is_reducing_9;
    logic is_full_8, is_stopped_10, is_reducing_10;
    logic known_8, has_terms_8, touch_pair_9, touch_lanes_9, touch_pair_10, touch_lanes_10;
    logic is_order_9, is_order_10, shows_9, shows_10, sell_10;

    assign known_8 = c[8].valid && !is_refused_8;
    assign has_terms_8 = term_bits_8[3];

    always_ff @(posedge clk) begin
        {is_refused_5, is_refused_6} <= {is_refused_4, is_refused_5};
        {is_refused_7, is_refused_8} <= {is_refused_6, is_refused_7};
        {refusal_5, refusal_6, refusal_7} <= {refusal_4, refusal_5, refusal_6};
        {stated_5, stated_6, stated_7} <= {stated_4, stated_5, stated_6};
        {is_reducing_5, is_reducing_6, is_reducing_7} <=
            {is_reducing_4, is_reducing_5, is_reducing_6};
        {is_reducing_8, is_reducing_9, is_reducing_10} <=
            {is_reducing_7, is_reducing_8, is_reducing_9};
        {refusal_8, refusal_9, refusal_10} <= {refusal_7, refusal_8, refusal_9};
        stated_8 <= stated_7;
        is_full_8 <= is_full_7 != '0;
        is_over_lot_7 <= is_over_lot_6;
        {is_over_lot_8, is_over_lot_9} <= {is_over_lot_7, is_over_lot_8};
        {max_qty_8, term_bits_8} <= {max_qty_7, term_bits_7};
        {max_notional_8, max_notional_9} <= {max_notional_7, max_notional_8};

        stated_9 <= stated_8;
        stated_9.order_rate <= c[8].order && is_full_8 && !c[8].kind;
        stated_9.replace_rate <= c[8].order && is_full_8 && c[8].kind;
        stated_9.no_terms <= !has_terms_8
            && (c[8].order || c[8].release_ || c[8].fill || c[8].limit);
        stated_9.not_permitted <= c[8].order && term_bits_8[2];
        stated_9.restricted <= c[8].order && term_bits_8[1:0] == 2'b11;
        stated_9.side_locked <=
            c[8].order && term_bits_8[1:0] == (c[8].sell ? 2'b10 : 2'b01);
        stated_9.size <= c[8].order && order_qty[8] > max_qty_8;
        is_order_9 <= known_8 && c[8].order;
        touch_pair_9 <= known_8 && (c[8].order || c[8].pair
            || (has_terms_8 && (c[8].release_ || c[8].fill || c[8].limit)));
        touch_lanes_9 <= known_8 && (c[8].order || c[8].account || c[8].lane || c[8].money
            || (has_terms_8 && (c[8].release_ || c[8].fill)));
        shows_9 <= known_8 && (c[8].order || c[8].release_ || c[8].fill || c[8].cancel
            || c[8].account || c[8].lane || c[8].money);

        is_over_notional_10 <= c[9].order && (is_over_product_9 || is_over_lot_9);
        is_big_notional_10 <= notional_9 > max_notional_9;
        is_stopped_10 <= stated_9 != '0;
        stated_10 <= stated_9;
        {is_order_10, shows_10, sell_10} <= {is_order_9, shows_9, c[9].freed_sell};
        {touch_pair_10, touch_lanes_10} <= {touch_pair_9, touch_lanes_9};
    end

    // Clock 11: what is left of lots and money; clock 13: as the decision has it.
    logic applies_12, applied_13;
    logic [1:0] negative_pair_11[4], overflow_pair_11[4];
    logic [1:0] is_poor_11, is_over_money_11;
    logic [LANE-1:0] before_13[LANES], after_13[LANES];

    pairs pairs (
        .clk, .key_6(pair_6), .command_8(c[8]), .lots_8(lots[8]),
        .buys_8(price[8][CREDIT:0]), .sells_8(amount[8][CREDIT:0]), .touch_9(touch_pair_9),
        .minus_9(c[9].order), .applies_12, .is_negative_11(negative_pair_11),
        .is_overflow_11(overflow_pair_11));
    accounts accounts (
        .clk, .row_key_2, .loads_2({1'b0, loads_words_2[31:16]}), .load_2(amount[2][RATE-1:0]),
        .lots_2(lots[2]), .by_lot_6, .key_6(c[6].account_key), .is_traded_7, .takes_amount_7,
        .amount_7(amount[7][LANE-1:0]), .addend_0_8, .addend_1_8, .clear_8(c[8].account),
        .touch_9(touch_lanes_9), .minus_9(c[9].order), .applies_12,
        .is_over_10(is_over_lanes_10), .is_poor_11,
        .is_over_money_11, .before_13, .after_13);

    // Clocks 11 to 13: the decision.
    reasons_t refusal_11, refusal_12, stated_11, stated_12, reasons_13;
    logic is_order_11, is_order_12, touch_11, touch_12, sell_11, is_stopped_11, is_stopped_12;
    logic is_reducing_11, is_reducing_12, is_over_need_11, is_over_need_12;
    logic is_over_notional_11, is_over_notional_12, is_big_notional_11, is_big_notional_12;

    always_ff @(posedge clk) begin
        {refusal_11, refusal_12} <= {refusal_10, refusal_11};
        {stated_11, stated_12} <= {stated_10, stated_11};
        {is_order_11, is_order_12} <= {is_order_10, is_order_11};
        {touch_11, touch_12} <= {touch_pair_10 || touch_lanes_10, touch_11};
        sell_11 <= sell_10;
        {is_stopped_11, is_stopped_12} <= {is_stopped_10, is_stopped_11};
        {is_reducing_11, is_reducing_12} <= {is_reducing_10, is_reducing_11};
        {is_over_need_11, is_over_need_12} <=
            {is_over_rate_10 || is_over_lanes_10, is_over_need_11};
        {is_over_notional_11, is_over_notional_12} <= {is_over_notional_10, is_over_notional_11};
        {is_big_notional_11, is_big_notional_12} <= {is_big_notional_10, is_big_notional_11};
    end

    decision decision (
        .clk, .is_order_12, .sell_11, .touch_12, .is_stopped_12, .is_reducing_12,
        .is_over_need_12, .is_over_notional_12, .is_big_notional_12, .refusal_12, .stated_12,
        .negative_pair_11, .overflow_pair_11, .is_poor_11, .is_over_money_11,
        .applies_12, .applied_13, .reasons_13);

    // Clocks 14 to 18: what is left.
    logic [LANE-1:0] before_17, after_17;
    logic [63:0] verdict[14:17];
    logic valid[10:17];
    logic shows[11:17];
    logic applied[14:17];

    least least_before (.clk, .values(before_13), .least(before_17));
    least least_after (.clk, .values(after_13), .least(after_17));

    always_ff @(posedge clk) begin
        valid[10] <= c[9].valid;
        for (int i = 11; i <= 17; i++) valid[i] <= valid[i-1];
        shows[11] <= shows_10;
        for (int i = 12; i <= 17; i++) shows[i] <= shows[i-1];
        applied[14] <= applied_13;
        verdict[14] <= verdict_of(reasons_13);
        for (int i = 15; i <= 17; i++) begin
            applied[i] <= applied[i-1];
            verdict[i] <= verdict[i-1];
        end
        out_valid <= valid[17];
        out_tag <= tag[17];
        out_verdict <= verdict[17];
        out_margin <= shows[17] && applied[17]
            ? 64'($signed(before_17)) - 64'($signed(after_17)) : 64'd0;
        out_available <= shows[17]
            ? 64'($signed(applied[17] ? after_17 : before_17)) : 64'd0;
    end
endmodule
