// The card: one command a clock, in order, a response 16 clocks later; it never stalls.
//
//    1 widths      4 limbs   who may trade    7 limbs   buckets, terms   10 sums of four cases
//    2 decoded     5 sums                     8 money of the lots        11 cases collected
//    3 row         6 money of a lot           9 needs                    12 decided
//                                                                        13-15 least  16 response
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

    command_t c[2:8];
    logic signed [63:0] price[2:7];
    logic [PRICE-1:0] price_size_2, price_size_3;
    logic [63:0] amount[2:7];
    logic [QTY-1:0] order_qty[2:7];
    logic [QTY-1:0] lots[2:7];
    logic [63:0] tag_15;

    always_ff @(posedge clk) begin
        {price_1, amount_1} <= {in_price, in_amount};
        {order_qty_1, lots_1} <= {in_order_qty[QTY-1:0], in_lots[QTY-1:0]};

        c[2] <= decoded;
        price[2] <= price_1;
        amount[2] <= amount_1;
        order_qty[2] <= order_qty_1;
        lots[2] <= lots_1;
        price_size_2 <= price_1[63] ? -price_1[PRICE-1:0] : price_1[PRICE-1:0];
        price_size_3 <= price_size_2;
        for (int i = 3; i <= 8; i++) c[i] <= c[i-1];
        for (int i = 3; i <= 7; i++) begin
            price[i] <= price[i-1];
            amount[i] <= amount[i-1];
            order_qty[i] <= order_qty[i-1];
            lots[i] <= lots[i-1];
        end
    end

    delay #(.CLOCKS(15), .WIDTH(64)) tags (.clk, .value(in_tag), .delayed(tag_15));
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
    logic [6:0] loads_words_2;

    assign row_key_2 = {c[2].instrument_key, c[2].freed_sell};
    assign loads_words_2 = loads_2 && c[2].instrument && c[2].has_instrument
            && c[2].index[7:3] == '0 ? 7'd1 << c[2].index[2:0] : '0;

    instrument_rows instrument_rows (
        .clk, .key(row_key_2), .writes(loads_words_2), .amount(amount[2][TIME-1:0]),
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
    logic is_refused_5, is_refused_6, is_refused_7, counts_6;

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

    // Clocks 8 and 9: money.
    logic [MONEY-1:0] notional_8;
    logic [LANE:0] money_8;
    logic is_over_need_9, is_over_worth_9, is_over_notional_9;

    notional notional (
        .clk, .price_size_3, .tick_value_3(row_3.tick_value), .order_qty_6(order_qty[6]),
        .notional_8, .is_over_9(is_over_worth_9));
    lot_money lot_money (
        .clk, .price_size_3, .price_rate_3(row_3.price_rate), .lot_margin_3(row_3.lot_margin),
        .takes_lots_5(c[5].order || c[5].release_), .lots_5(lots[5]),
        .takes_amount_7(c[7].account || c[7].lane || c[7].money),
        .amount_7(amount[7][LANE-1:0]), .money_8, .is_over_9(is_over_need_9));

    // Clock 7: the pair's own terms.
    logic [PAIR_BITS-1:0] pair_5;
    logic loads_terms_5;
    logic [MONEY-1:0] max_notional_6, max_notional_7, max_notional_8;
    logic [QTY-1:0] max_qty_6, max_qty_7;
    logic [3:0] term_bits_6, term_bits_7;

    assign pair_5 = {c[5].account_key, c[5].instrument_key};
    assign loads_terms_5 = c[5].valid && c[5].terms && !is_refused_5;

    block_ram #(.KEY(PAIR_BITS), .WIDTH(MONEY)) most_notional (
        .clk, .read_key(pair_5), .read_value(max_notional_6), .write(loads_terms_5),
        .write_key(pair_5), .write_value(amount[5][MONEY-1:0]));
    block_ram #(.KEY(PAIR_BITS), .WIDTH(QTY + 4)) terms (
        .clk, .read_key(pair_5), .read_value({max_qty_6, term_bits_6}), .write(loads_terms_5),
        .write_key(pair_5), .write_value({order_qty[5], c[5].index[3:0]}));

    // Clocks 8 and 9: all that does not depend on a command that is still being decided.
    reasons_t refusal_5, refusal_6, refusal_7, refusal_8, refusal_9;
    reasons_t stated_5, stated_6, stated_7, stated_8, stated_9;
    logic is_reducing_5, is_reducing_6, is_reducing_7, is_reducing_8, is_reducing_9;
    logic is_big_notional_9, is_stopped_9, is_order_8, is_order_9, shows_8, shows_9, sell_9;
    logic known_7, has_terms_7, touch_pair_8, touch_lanes_8, touch_pair_9, touch_lanes_9, clear_9;

    assign known_7 = c[7].valid && !is_refused_7;
    assign has_terms_7 = term_bits_7[3];

    always_ff @(posedge clk) begin
        {is_refused_5, is_refused_6, is_refused_7} <= {is_refused_4, is_refused_5, is_refused_6};
        {refusal_5, refusal_6, refusal_7} <= {refusal_4, refusal_5, refusal_6};
        {refusal_8, refusal_9} <= {refusal_7, refusal_8};
        {stated_5, stated_6, stated_7} <= {stated_4, stated_5, stated_6};
        {is_reducing_5, is_reducing_6, is_reducing_7} <=
            {is_reducing_4, is_reducing_5, is_reducing_6};
        {is_reducing_8, is_reducing_9} <= {is_reducing_7, is_reducing_8};
        {max_qty_7, term_bits_7} <= {max_qty_6, term_bits_6};
        {max_notional_7, max_notional_8} <= {max_notional_6, max_notional_7};

        stated_8 <= stated_7;
        stated_8.order_rate <= c[7].order && is_full_7 != '0 && !c[7].kind;
        stated_8.replace_rate <= c[7].order && is_full_7 != '0 && c[7].kind;
        stated_8.no_terms <= !has_terms_7 && (c[7].traded || c[7].limit);
        stated_8.not_permitted <= c[7].order && term_bits_7[2];
        stated_8.restricted <= c[7].order && term_bits_7[1:0] == 2'b11;
        stated_8.side_locked <=
            c[7].order && term_bits_7[1:0] == (c[7].sell ? 2'b10 : 2'b01);
        stated_8.size <= c[7].order && order_qty[7] > max_qty_7;
        is_order_8 <= known_7 && c[7].order;
        touch_pair_8 <= known_7 && (c[7].order || c[7].pair
            || (has_terms_7 && (c[7].release_ || c[7].fill || c[7].limit)));
        touch_lanes_8 <= known_7 && (c[7].order || c[7].account || c[7].lane || c[7].money
            || (has_terms_7 && (c[7].release_ || c[7].fill)));
        shows_8 <= known_7 && (c[7].traded || c[7].cancel || c[7].account || c[7].lane
            || c[7].money);

        is_big_notional_9 <= notional_8 > max_notional_8;
        is_stopped_9 <= stated_8 != '0;
        stated_9 <= stated_8;
        {is_order_9, shows_9} <= {is_order_8, shows_8};
        {sell_9, clear_9} <= {c[8].freed_sell, c[8].account};
        {touch_pair_9, touch_lanes_9} <= {touch_pair_8, touch_lanes_8};
    end

    assign is_over_notional_9 = is_order_9 && is_over_worth_9;

    // Clock 10: what is left of lots and money; clock 12: as the decision has it.
    logic applies_11, applied_12;
    logic [1:0] tops_pair_10[4][2];
    logic [1:0] is_poor_10, is_over_money_10[2];
    logic [LANE-1:0] after_12[LANES], after_13[LANES];

    pairs pairs (
        .clk, .key_5(pair_5), .command_7(c[7]), .lots_7(lots[7]),
        .buys_7(price[7][CREDIT:0]), .sells_7(amount[7][CREDIT:0]), .touch_8(touch_pair_8),
        .minus_8(c[8].order), .applies_11, .tops_10(tops_pair_10));
    accounts accounts (
        .clk, .command_3(c[3]), .command_7(c[7]), .load_3(amount[3][RATE-1:0]),
        .key_5(c[5].account_key), .lots_4(lots[4]), .traded_6(c[6].traded), .money_8,
        .touch_8(touch_lanes_8), .minus_8(c[8].order), .applies_11, .is_poor_10,
        .is_over_money_10, .after_12, .after_13);

    // Clocks 10 to 12: the decision.
    reasons_t refusal_10, stated_10, reasons_12;
    logic is_order_10, touch_10, sell_10, is_stopped_10, is_reducing_10, is_over_need_10;
    logic is_over_notional_10, is_big_notional_10;

    always_ff @(posedge clk) begin
        {refusal_10, stated_10} <= {refusal_9, stated_9};
        touch_10 <= touch_pair_9 || touch_lanes_9;
        {is_order_10, sell_10, is_stopped_10} <= {is_order_9, sell_9, is_stopped_9};
        {is_reducing_10, is_over_need_10} <= {is_reducing_9, is_over_need_9};
        {is_over_notional_10, is_big_notional_10} <= {is_over_notional_9, is_big_notional_9};
    end

    decision decision (
        .clk, .is_order_10, .sell_10, .touch_10, .is_stopped_10, .is_reducing_10,
        .is_over_need_10, .is_over_notional_10, .is_big_notional_10, .refusal_10, .stated_10,
        .tops_pair_10, .is_poor_10, .is_over_money_10,
        .applies_11, .applied_12, .reasons_12);

    // Clocks 13 to 16: what is left.
    logic [LANE-1:0] three_15[3];
    logic [1:0] pick_15;
    logic [63:0] verdict[13:15];
    logic valid[9:15];
    logic shows[10:15];
    logic clears[10:15];
    logic is_taken[13:15];
    logic [ACCOUNT_BITS-1:0] key_12;

    delay #(.CLOCKS(7), .WIDTH(ACCOUNT_BITS)) keys (
        .clk, .value(c[5].account_key), .delayed(key_12));
    least least (
        .clk, .values_12(after_12), .values_13(after_13), .three_15, .pick_15);
    available available (
        .clk, .key_12, .three_15, .pick_15, .is_taken_15(is_taken[15]),
        .clear_15(clears[15]), .shows_15(shows[15]), .margin_16(out_margin),
        .available_16(out_available));

    always_ff @(posedge clk) begin
        valid[9] <= c[8].valid;
        {shows[10], clears[10]} <= {shows_9, clear_9};
        for (int i = 10; i <= 15; i++) valid[i] <= valid[i-1];
        for (int i = 11; i <= 15; i++) {shows[i], clears[i]} <= {shows[i-1], clears[i-1]};
        // One that is applied to lots alone adds nothing to the lanes: what is left is what was.
        is_taken[13] <= applied_12;
        verdict[13] <= verdict_of(reasons_12);
        for (int i = 14; i <= 15; i++) begin
            is_taken[i] <= is_taken[i-1];
            verdict[i] <= verdict[i-1];
        end
        out_valid <= valid[15];
        out_tag <= tag_15;
        out_verdict <= verdict[15];
    end
endmodule
