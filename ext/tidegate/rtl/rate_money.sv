// Money of the lots that does not depend on a scenario: lots * (lot_margin + the price's part).
// Row and command at clock 3; by lot at clock 6, by price as two addends at clock 8.
module rate_money
    import card_pkg::*;
(
    input logic clk,
    input logic [MONEY-1:0] price_3,
    input logic [QTY-1:0] lots_3,
    input logic [QTY-1:0] lots_5,
    input logic [MONEY-1:0] price_rate_3,
    input logic [MONEY-1:0] lot_margin_3,
    // A fill leaves this money with the position.
    input logic is_fill_6,
    input logic by_price_5,
    output logic [MONEY-1:0] by_lot_6,
    output logic [LANE:0] addend_0_8,
    output logic [LANE:0] addend_1_8,
    output logic is_over_9
);
    logic [107:0] of_price_6;
    logic [89:0] lot_6, price_9;
    logic [89:0] sums_8[3];
    logic [QTY-1:0] lots_6;
    logic is_over_7, is_over_8, was_over_9;

    multiply_54 #(.LIMBS(3), .ROUNDS(1)) of_price (
        .clk, .left(price_3), .right(price_rate_3), .sums(), .product(of_price_6));
    multiply_54 by_lot (
        .clk, .left(lot_margin_3), .right(36'(lots_3)), .sums(), .product(lot_6));
    multiply_54 by_price (
        .clk, .left(of_price_6[FRACTION+:MONEY]), .right(36'(lots_6)), .sums(sums_8),
        .product(price_9));

    assign by_lot_6 = is_fill_6 ? '0 : lot_6[MONEY-1:0];
    assign addend_0_8 = sums_8[0][LANE:0];
    assign addend_1_8 = sums_8[1][LANE:0];
    assign is_over_9 = was_over_9 || price_9[89:MONEY] != '0;

    always_ff @(posedge clk) begin
        // Lots of no other command reach the product, so it is 0 there.
        lots_6 <= by_price_5 ? lots_5 : '0;
        is_over_7 <= !is_fill_6
            && (lot_6[89:MONEY] != '0 || of_price_6[107:FRACTION+MONEY] != '0);
        is_over_8 <= is_over_7;
        was_over_9 <= is_over_8;
    end
endmodule
