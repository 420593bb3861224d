// The lanes of all accounts. Amounts at clock 7, what both cases leave at clock 10.
module accounts
    import card_pkg::*;
(
    input logic clk,
    input logic [INSTRUMENT_BITS:0] row_key_2,
    input logic [LANES-1:0] loads_2,
    input logic [RATE-1:0] load_2,
    input logic [QTY-1:0] lots_3,
    input logic [MONEY-1:0] by_lot_6,
    input logic [ACCOUNT_BITS-1:0] key_6,
    input logic is_traded_7,
    input logic [LANES-1:0] takes_amount_7,
    input logic signed [LANE-1:0] amount_7,
    input logic [LANE:0] addend_0_8,
    input logic [LANE:0] addend_1_8,
    input logic clear_8,
    input logic touch_9,
    input logic minus_9,
    input logic applied_11,
    output logic is_over_9,
    output logic second_10,
    output logic [LANES-1:0] negative_0_10,
    output logic [LANES-1:0] negative_1_10,
    output logic [LANES-1:0] overflow_0_10,
    output logic [LANES-1:0] overflow_1_10,
    output logic [LANE-1:0] before_11[LANES],
    output logic [LANE-1:0] after_11[LANES]
);
    logic touch_11, is_third_8, is_fourth_8, is_fifth_8, is_first_9, is_second_9;
    logic [ACCOUNT_BITS-1:0] key_11;
    logic [LANES-1:0] is_over_lane_9;

    ledger_keys #(.KEY(ACCOUNT_BITS)) keys (
        .clk, .key_6, .clear_8, .touch_9, .applied_11, .touch_11, .key_11, .is_third_8,
        .is_fourth_8, .is_fifth_8, .is_first_9, .is_second_9, .second_10);

    for (genvar k = 0; k < LANES; k++) begin : lanes
        lane #(.NUMBER(k)) lane (
            .clk, .row_key_2, .loads_2(loads_2[k]), .load_2, .lots_3, .by_lot_6, .is_traded_7,
            .takes_amount_7(takes_amount_7[k]), .amount_7, .addend_0_8, .addend_1_8,
            .is_over_9(is_over_lane_9[k]), .key_6, .clear_8, .touch_11, .key_11, .is_third_8,
            .is_fourth_8, .is_fifth_8, .is_first_9, .is_second_9, .second_10, .applied_11,
            .minus_9, .is_negative_10({negative_1_10[k], negative_0_10[k]}),
            .is_overflow_10({overflow_1_10[k], overflow_0_10[k]}), .before_11(before_11[k]),
            .after_11(after_11[k]));
    end

    assign is_over_9 = is_over_lane_9 != '0;
endmodule
