// The lanes of all accounts. Amounts at clock 7, cases of what they leave at clock 11.
module accounts
    import card_pkg::*;
(
    input logic clk,
    input logic [INSTRUMENT_BITS:0] row_key_2,
    input logic [LANES-1:0] loads_2,
    input logic [RATE-1:0] load_2,
    input logic [QTY-1:0] lots_2,
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
    input logic applies_12,
    output logic is_over_10,
    // Of any lane.
    output logic [1:0] is_poor_11,
    output logic [1:0] is_over_money_11,
    output logic [LANE-1:0] before_13[LANES],
    output logic [LANE-1:0] after_13[LANES]
);
    logic [LANES-1:0] is_over_lane_10;
    logic [1:0] negatives_11[LANES], overflows_11[LANES];

    logic [ACCOUNT_BITS-1:0] key_12;
    meets_t meets;

    ledger_keys #(.KEY(ACCOUNT_BITS)) keys (.clk, .key_6, .clear_8, .touch_9, .key_12, .meets);

    for (genvar k = 0; k < LANES; k++) begin : lanes
        lane #(.NUMBER(k)) lane (
            .clk, .row_key_2, .loads_2(loads_2[k]), .load_2, .lots_2, .by_lot_6, .is_traded_7,
            .takes_amount_7(takes_amount_7[k]), .amount_7, .addend_0_8, .addend_1_8,
            .is_over_10(is_over_lane_10[k]), .key_6, .key_12, .meets, .clear_8, .minus_9,
            .applies_12, .is_negative_11(negatives_11[k]), .is_overflow_11(overflows_11[k]),
            .before_13(before_13[k]), .after_13(after_13[k]));
    end

    assign is_over_10 = is_over_lane_10 != '0;

    always_comb begin
        is_poor_11 = '0;
        is_over_money_11 = '0;
        for (int k = 0; k < LANES; k++) begin
            is_poor_11 |= negatives_11[k];
            is_over_money_11 |= overflows_11[k];
        end
    end
endmodule
