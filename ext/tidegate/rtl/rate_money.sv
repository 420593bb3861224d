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
    logic [MONEY-1:0] of_price_6, lot_6;
    logic [55:0] low_8;
    logic [36:0] high_8;
    logic [QTY-1:0] lots_6;
    logic is_over_price_6, is_over_lot_6, is_over_7, is_over_8, was_over_9, is_over_product_9;

    multiply_rate of_price (
        .clk, .left(price_3), .right(price_rate_3), .product(of_price_6),
        .is_over(is_over_price_6));
    multiply_54 by_lot (
        .clk, .left(lot_margin_3), .right(36'(lots_3)), .low(), .high(), .product(lot_6),
        .is_over(is_over_lot_6));
    multiply_54 by_price (
        .clk, .left(of_price_6), .right(36'(lots_6)), .low(low_8), .high(high_8), .product(),
        .is_over(is_over_product_9));

    assign by_lot_6 = is_fill_6 ? '0 : lot_6;
    assign addend_0_8 = {1'b0, low_8};
    assign addend_1_8 = {high_8[20:0], 36'd0};
    assign is_over_9 = was_over_9 || is_over_product_9;

    always_ff @(posedge clk) begin
        // Lots of no other command reach the product, so it is 0 there.
        lots_6 <= by_price_5 ? lots_5 : '0;
        is_over_7 <= !is_fill_6 && (is_over_lot_6 || is_over_price_6);
        is_over_8 <= is_over_7;
        was_over_9 <= is_over_8;
    end
endmodule
