// Money that each lane gives for the lots of a command: by lot, by price, and by scenario.
// Row and command at clock 3, money at clock 9, whether it can be expressed at clock 10.
module needs
    import card_pkg::*;
(
    input logic clk,
    input logic [53:0] price_3,
    input logic [QTY-1:0] lots_3,
    input logic [QTY-1:0] lots_6,
    input logic [MONEY-1:0] price_rate_3,
    input logic [MONEY-1:0] lot_margin_3,
    input logic [SCENARIOS-1:0][RATE-1:0] scan_3,
    // A fill moves what scenarios lose, and leaves the rest with the position.
    input logic is_fill_6,
    input logic is_traded_7,
    input logic [LANES-1:0] takes_amount_7,
    input logic signed [LANE-1:0] amount_7,
    input logic by_price_8,
    output logic [LANES-1:0][LANE:0] need_9,
    output logic is_overflow_10
);
    logic [107:0] of_price_6;
    logic [89:0] by_lot_6, by_price_9;
    logic [2:0][89:0] sums_8;
    logic [SCENARIOS-1:0][71:0] scan_6;
    logic [LANES-1:0][MONEY:0] need_7;
    logic [LANES-1:0][LANE:0] need_8;
    logic [LANE:0] part_0, part_1;
    logic [SCENARIOS-1:0] is_over_scan_7;
    logic is_over_lot_7, is_over_price_7, is_over_8, is_over_9, by_price_9_used, is_traded_8;
    logic is_traded_9;
    logic [LANES-1:0] is_over_need;
    logic [35:0] lots_wide_3, lots_wide_6;

    assign lots_wide_3 = 36'(lots_3);
    assign lots_wide_6 = 36'(lots_6);

    multiply_54 #(.LIMBS(3), .ROUNDS(1)) of_price (
        .clk, .left(price_3), .right(price_rate_3), .sums(), .product(of_price_6));
    multiply_54 by_lot (
        .clk, .left(lot_margin_3), .right(lots_wide_3), .sums(), .product(by_lot_6));
    multiply_54 by_price (
        .clk, .left(of_price_6[FRACTION+:MONEY]), .right(lots_wide_6), .sums(sums_8),
        .product(by_price_9));

    for (genvar k = 0; k < SCENARIOS; k++) begin : scans
        multiply_36 scan (
            .clk, .left(scan_3[k]), .right(lots_wide_3), .product(scan_6[k]));
    end

    assign part_0 = by_price_8 ? sums_8[0][LANE:0] : '0;
    assign part_1 = by_price_8 ? sums_8[1][LANE:0] : '0;

    always_ff @(posedge clk) begin
        is_over_lot_7 <= by_lot_6[89:MONEY] != '0 && !is_fill_6;
        is_over_price_7 <= of_price_6[107:FRACTION+MONEY] != '0 && !is_fill_6;
        for (int k = 0; k < SCENARIOS; k++) begin
            is_over_scan_7[k] <= scan_6[k][71:MONEY] != '0;
            need_7[k] <= {1'b0, scan_6[k][MONEY-1:0]}
                + (is_fill_6 ? '0 : {1'b0, by_lot_6[MONEY-1:0]});
        end
        need_7[SCENARIOS] <= is_fill_6 ? '0 : {1'b0, by_lot_6[MONEY-1:0]};

        for (int k = 0; k < LANES; k++)
            need_8[k] <= is_traded_7 ? (LANE + 1)'(need_7[k])
                : takes_amount_7[k] ? {amount_7[LANE-1], amount_7} : '0;
        is_over_8 <= is_over_lot_7 || is_over_price_7 || is_over_scan_7 != '0;
        is_traded_8 <= is_traded_7;

        for (int k = 0; k < LANES; k++) need_9[k] <= need_8[k] + part_0 + part_1;
        is_over_9 <= is_over_8;
        by_price_9_used <= by_price_8;
        is_traded_9 <= is_traded_8;

        is_overflow_10 <= is_traded_9
            && (is_over_9 || is_over_need != '0
                || (by_price_9_used && by_price_9[89:MONEY] != '0));
    end

    always_comb
        for (int k = 0; k < LANES; k++) is_over_need[k] = need_9[k][LANE:LANE-1] != '0;
endmodule
