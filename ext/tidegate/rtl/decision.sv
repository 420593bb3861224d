// Decides: clock 10 to 11 what fails in which case, 11 to 12 which case it is. That is the only
// loop through a verdict, so nothing is added, compared or collected from all lanes in it.
module decision
    import card_pkg::*;
(
    input logic clk,
    input logic is_order_11,
    input logic sell_10,
    input logic touch_11,
    input logic is_stopped_11,
    input logic is_reducing_11,
    input logic is_over_need_11,
    input logic is_over_notional_11,
    input logic is_big_notional_11,
    input reasons_t refusal_11,
    input reasons_t stated_11,
    input logic [3:0] negative_pair_10[4],
    input logic [3:0] overflow_pair_10[4],
    input logic [3:0] is_poor_10,
    input logic [3:0] is_over_money_10,
    output logic applies_11,
    output logic applied_12,
    output reasons_t reasons_12
);
    logic [3:0] is_full_10, is_beyond_10, is_over_lots_10;
    // Bit a: for the case that the command before was applied (ledger_field.sv).
    logic [1:0] is_full_11, is_beyond_11, is_over_lots_11, is_poor_11, is_over_money_11;
    logic is_closing, is_beyond, is_poor, is_over, is_held_back;
    reasons_t reasons;

    always_comb begin
        // Room of the side, then its credit.
        is_full_10 = negative_pair_10[{1'b0, sell_10}];
        is_beyond_10 = negative_pair_10[{1'b1, sell_10}];
        is_over_lots_10 = overflow_pair_10[0] | overflow_pair_10[1] | overflow_pair_10[2]
            | overflow_pair_10[3];
    end

    // At clock 10 it is known whether the second command before was applied.
    function automatic logic [1:0] left(input logic [3:0] cases, input logic applied);
        return applied ? {cases[3], cases[1]} : {cases[2], cases[0]};
    endfunction

    always_ff @(posedge clk) begin
        is_full_11 <= left(is_full_10, applied_12);
        is_beyond_11 <= left(is_beyond_10, applied_12);
        is_over_lots_11 <= left(is_over_lots_10, applied_12);
        is_poor_11 <= left(is_poor_10, applied_12);
        is_over_money_11 <= left(is_over_money_10, applied_12);
    end

    always_comb begin
        is_closing = is_order_11 && !is_full_11[applied_12];
        is_beyond = is_beyond_11[applied_12];
        is_poor = is_poor_11[applied_12];
        is_over = is_over_need_11 || is_over_notional_11 || is_over_lots_11[applied_12]
            || is_over_money_11[applied_12];
        is_held_back = is_order_11 && !is_closing
            && (is_beyond || is_poor || is_reducing_11 || is_big_notional_11);

        reasons = refusal_11;
        if (refusal_11 == '0) begin
            reasons = stated_11;
            reasons.reducing = is_order_11 && !is_closing && is_reducing_11;
            reasons.notional = is_order_11 && !is_closing && is_big_notional_11
                && !is_over_notional_11;
            reasons.position = is_order_11 && !is_closing && is_beyond;
            reasons.margin = is_order_11 && !is_closing && is_poor && !is_over_need_11;
            reasons.overflow = touch_11 && is_over;
        end
    end

    assign applies_11 = touch_11 && !is_stopped_11 && !is_over && !is_held_back;

    always_ff @(posedge clk) begin
        applied_12 <= applies_11;
        reasons_12 <= reasons;
    end
endmodule
