// Decides. Clock 10 to 11: the only loop through a verdict, so nothing is added or compared here.
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
    input logic [3:0] negative_pair_10,
    input logic [3:0] overflow_pair_10,
    input logic [LANES-1:0] negative_lanes_10,
    input logic [LANES-1:0] overflow_lanes_10,
    output logic applies_10,
    output logic applied_11,
    output reasons_t reasons_11
);
    logic is_closing, is_beyond, is_poor, is_over, is_held_back;
    reasons_t reasons;

    always_comb begin
        // Room of the side, then its credit.
        is_closing = is_order_10 && !negative_pair_10[{1'b0, sell_10}];
        is_beyond = negative_pair_10[{1'b1, sell_10}];
        is_poor = negative_lanes_10 != '0;
        is_over = is_over_need_10 || is_over_notional_10 || overflow_pair_10 != '0
            || overflow_lanes_10 != '0;
        is_held_back = is_order_10 && !is_closing
            && (is_beyond || is_poor || is_reducing_10 || is_big_notional_10);

        reasons = refusal_10;
        if (refusal_10 == '0) begin
            reasons = stated_10;
            reasons.reducing = is_order_10 && !is_closing && is_reducing_10;
            reasons.notional = is_order_10 && !is_closing && is_big_notional_10
                && !is_over_notional_10;
            reasons.position = is_order_10 && !is_closing && is_beyond;
            reasons.margin = is_order_10 && !is_closing && is_poor && !is_over_need_10;
            reasons.overflow = touch_10 && is_over;
        end
    end

    assign applies_10 = touch_10 && !is_stopped_10 && !is_over && !is_held_back;

    always_ff @(posedge clk) begin
        applied_11 <= applies_10;
        reasons_11 <= reasons;
    end
endmodule
