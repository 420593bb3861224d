// Decides: clock 10 to 11 what fails in which case, 11 to 12 which case it is. That is the only
// loop through a verdict: what need not wait for it is collected before.
module decision
    import card_pkg::*;
(
    input logic clk,
    input logic is_order_10,
    input logic sell_10,
    input logic touch_10,
    input logic is_stopped_10,
    input logic is_reducing_10,
    input logic is_over_need_10,
    input logic is_over_notional_10,
    input logic is_big_notional_10,
    input reasons_t refusal_10,
    input reasons_t stated_10,
    // For a = 0 and 1 (ledger.sv).
    input logic [1:0] tops_pair_10[4][2],
    input logic [1:0] is_poor_10,
    input logic [1:0] is_over_money_10[2],
    output logic applies_11,
    output logic applied_12,
    output reasons_t reasons_12
);
    // Bit a: for the case that the command before was applied.
    logic [1:0] is_full_10, is_opening_10, is_beyond_10, is_over_lots_10, is_over_money_11[2];
    logic [1:0] is_opening_11, is_beyond_11, is_over_lots_11, is_poor_11, is_held_back_11;
    logic is_touched_11, is_reducing_11, is_big_notional_11, is_opening;
    logic is_over_need_11, is_over_notional_11;
    reasons_t refusal_11, stated_11, reasons;

    always_comb begin
        is_over_lots_10 = '0;
        for (int i = 0; i < 2; i++) begin
            // Room of the side, then its credit.
            is_full_10[i] = tops_pair_10[{1'b0, sell_10}][i][1];
            is_beyond_10[i] = tops_pair_10[{1'b1, sell_10}][i][1];
            for (int f = 0; f < 4; f++) is_over_lots_10[i] |= ^tops_pair_10[f][i];
        end
    end

    assign is_opening_10 = is_order_10 ? is_full_10 : '0;

    always_ff @(posedge clk) begin
        {refusal_11, stated_11} <= {refusal_10, stated_10};
        {is_touched_11, is_reducing_11} <= {touch_10, is_reducing_10};
        {is_over_need_11, is_over_notional_11, is_big_notional_11} <=
            {is_over_need_10, is_over_notional_10, is_big_notional_10};
        {is_opening_11, is_beyond_11} <= {is_opening_10, is_beyond_10};
        is_over_lots_11 <= is_over_lots_10;
        // What closes needs no money.
        is_poor_11 <= is_opening_10 & is_poor_10;
        is_over_money_11 <= is_over_money_10;
        // By all but the lanes.
        is_held_back_11 <= is_over_lots_10
            | {2{!touch_10 || is_stopped_10 || is_over_need_10 || is_over_notional_10}}
            | (is_opening_10 & (is_beyond_10 | {2{is_reducing_10 || is_big_notional_10}}));
    end

    assign applies_11 = !is_held_back_11[applied_12]
        && !is_over_money_11[0][applied_12] && !is_over_money_11[1][applied_12]
        && !is_poor_11[applied_12];

    always_comb begin
        is_opening = is_opening_11[applied_12];
        reasons = refusal_11;
        if (refusal_11 == '0) begin
            reasons = stated_11;
            reasons.reducing = is_opening && is_reducing_11;
            reasons.notional = is_opening && is_big_notional_11 && !is_over_notional_11;
            reasons.position = is_opening && is_beyond_11[applied_12];
            reasons.margin = is_poor_11[applied_12] && !is_over_need_11;
            reasons.overflow = is_touched_11 && (is_over_need_11 || is_over_notional_11
                || is_over_lots_11[applied_12] || is_over_money_11[0][applied_12]
                || is_over_money_11[1][applied_12]);
        end
    end

    always_ff @(posedge clk) begin
        applied_12 <= applies_11;
        reasons_12 <= reasons;
    end
endmodule
