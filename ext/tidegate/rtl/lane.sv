// Money of an account that is left under one scenario: what the lots of a command take of it, and
// the field that keeps it. The scenario's rate at clock 3, the decision at clock 13. Each lane has
// flags and addends of its own, so that none has to reach all lanes and be added within a clock;
// synthesis must not merge them.
module lane
    import card_pkg::*;
#(
    parameter int NUMBER = 0
) (
    input logic clk,
    input logic [INSTRUMENT_BITS:0] row_key_2,
    input logic loads_2,
    input logic [RATE-1:0] load_2,
    input logic [QTY-1:0] lots_2,
    input logic [MONEY-1:0] by_lot_6,
    input logic is_traded_7,
    // The command's own amount instead, on the lane that it names.
    input logic takes_amount_7,
    input logic signed [LANE-1:0] amount_7,
    input logic [LANE:0] addend_0_8,
    input logic [LANE:0] addend_1_8,
    output logic is_over_10,
    // See ledger.
    input logic [ACCOUNT_BITS-1:0] key_6,
    input logic [ACCOUNT_BITS-1:0] key_12,
    input meets_t meets,
    input logic clear_8,
    input logic minus_9,
    input logic applies_12,
    output logic [1:0] is_negative_11,
    output logic [1:0] is_overflow_11,
    output logic [LANE-1:0] before_13,
    output logic [LANE-1:0] after_13
);
    logic [MONEY-1:0] scan_6, scan_7, by_lot_7;
    logic [LANE:0] need_8, need_9, need_10, addend_0_9, addend_1_9;
    logic [LANE-1:0] befores[1], afters[1];
    logic [1:0] negatives[1], overflows[1];
    logic is_over_scan_6, is_over_7, is_over_8, is_over_9, was_over_10;
    logic is_traded_8, is_traded_9, is_traded_10;

    // The last lane has no scenario.
    if (NUMBER < SCENARIOS) begin : scenario
        logic [RATE-1:0] scan_3;
        logic [QTY-1:0] lots_3;

        always_ff @(posedge clk) lots_3 <= lots_2;

        small_ram #(.KEY(INSTRUMENT_BITS + 1), .WIDTH(RATE)) scans (
            .clk, .key(row_key_2), .write(loads_2), .new_value(load_2), .value(scan_3));
        multiply_36 scan (
            .clk, .left(scan_3), .right(36'(lots_3)), .product(scan_6),
            .is_over(is_over_scan_6));
    end else begin : no_scenario
        assign scan_6 = '0;
        assign is_over_scan_6 = 1'b0;
    end

    always_ff @(posedge clk) begin
        {scan_7, by_lot_7} <= {scan_6, by_lot_6};
        need_8 <= is_traded_7 ? (LANE + 1)'(scan_7) + (LANE + 1)'(by_lot_7)
            : takes_amount_7 ? {amount_7[LANE-1], amount_7} : '0;
        {need_9, addend_0_9, addend_1_9} <= {need_8, addend_0_8, addend_1_8};
        need_10 <= need_9 + addend_0_9 + addend_1_9;
        {is_over_7, is_over_8} <= {is_over_scan_6, is_over_7};
        {is_over_9, was_over_10} <= {is_over_8, is_over_9};
        {is_traded_8, is_traded_9, is_traded_10} <= {is_traded_7, is_traded_8, is_traded_9};
    end

    assign is_over_10 = is_traded_10 && (was_over_10 || need_10[LANE:LANE-1] != '0);

    ledger #(.KEY(ACCOUNT_BITS), .FIELDS(1), .WIDTH(LANE)) money (
        .clk, .key_6, .key_12, .meets, .clear_8, .minus_9, .applies_12, .delta_10('{need_10}),
        .is_negative_11(negatives), .is_overflow_11(overflows), .before_13(befores),
        .after_13(afters));
    assign is_negative_11 = negatives[0];
    assign is_overflow_11 = overflows[0];
    assign before_13 = befores[0];
    assign after_13 = afters[0];
endmodule
