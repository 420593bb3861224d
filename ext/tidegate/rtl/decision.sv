// Decides: clock 11 to 12 what fails in which case, 12 to 13 which case it is. That is the only
// loop through a verdict, so nothing is added, compared or collected from all lanes in it.
module decision
    import card_pkg::*;
(
    input logic clk,
    input logic is_order_12,
    input logic sell_11,
    input logic touch_12,
    input logic is_stopped_12,
    input logic is_reducing_12,
    input logic is_over_need_12,
    input logic is_over_notional_12,
    input logic is_big_notional_12,
    input reasons_t refusal_12,
    input reasons_t stated_12,
    input logic [1:0] negative_pair_11[4],
    input logic [1:0] overflow_pair_11[4],
    input logic [1:0] is_poor_11,
    input logic [1:0] is_over_money_11,
    output logic applies_12,
    output logic applied_13,
    output reasons_t reasons_13
);
    logic [1:0] is_full_11, is_beyond_11, is_over_lots_11;
    // Bit a: for the case that the command before was applied (ledger_field.sv).
    logic [1:0] is_full_12, is_beyond_12, is_over_lots_12, is_poor_12, is_over_money_12;
    logic is_closing, is_beyond, is_poor, is_over, is_held_back;
    reasons_t reasons;

    always_comb begin
        // Room of the side, then its credit.
        is_full_11 = negative_pair_11[{1'b0, sell_11}];
        is_beyond_11 = negative_pair_11[{1'b1, sell_11}];
        is_over_lots_11 = overflow_pair_11[0] | overflow_pair_11[1] | overflow_pair_11[2]
            | overflow_pair_11[3];
    end

    always_ff @(posedge clk) begin
        {is_full_12, is_beyond_12} <= {is_full_11, is_beyond_11};
        {is_over_lots_12, is_poor_12, is_over_money_12} <=
            {is_over_lots_11, is_poor_11, is_over_money_11};
    end

    always_comb begin
        is_closing = is_order_12 && !is_full_12[applied_13];
        is_beyond = is_beyond_12[applied_13];
        is_poor = is_poor_12[applied_13];
        is_over = is_over_need_12 || is_over_notional_12 || is_over_lots_12[applied_13]
            || is_over_money_12[applied_13];
        is_held_back = is_order_12 && !is_closing
            && (is_beyond || is_poor || is_reducing_12 || is_big_notional_12);

        reasons = refusal_12;
        if (refusal_12 == '0) begin
            reasons = stated_12;
            reasons.reducing = is_order_12 && !is_closing && is_reducing_12;
            reasons.notional = is_order_12 && !is_closing && is_big_notional_12
                && !is_over_notional_12;
            reasons.position = is_order_12 && !is_closing && is_beyond;
            reasons.margin = is_order_12 && !is_closing && is_poor && !is_over_need_12;
            reasons.overflow = touch_12 && is_over;
        end
    end

    assign applies_12 = touch_12 && !is_stopped_12 && !is_over && !is_held_back;

    always_ff @(posedge clk) begin
        applied_13 <= applies_12;
        reasons_13 <= reasons;
    end
endmodule
