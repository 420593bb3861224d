// Money of the lots that does not depend on a scenario: lots * (lot_margin + the price's part); or
// the command's own amount. Row and command at clock 3, there at clock 8.
module lot_money
    import card_pkg::*;
(
    input logic clk,
    input logic [PRICE-1:0] price_size_3,
    input logic [MONEY-1:0] price_rate_3,
    input logic [MONEY-1:0] lot_margin_3,
    // Lots of no other command: a fill leaves this money with the position.
    input logic takes_lots_5,
    input logic [QTY-1:0] lots_5,
    input logic takes_amount_7,
    input logic signed [LANE-1:0] amount_7,
    output logic [LANE:0] money_8,
    output logic is_over_9
);
    logic [MONEY-1:0] of_lot_6;
    logic [MONEY+17:0] of_lots_7;
    logic [17:0] top_8;
    logic [QTY-1:0] lots_6;
    logic takes_lots_6, takes_lots_7, takes_lots_8, is_over_7, is_over_8;

    multiply_rate of_lot (
        .clk, .left(price_size_3), .right(price_rate_3), .addend(lot_margin_3),
        .result(of_lot_6), .is_over(is_over_7));
    multiply_lots of_lots (.clk, .left(of_lot_6), .lots(lots_6), .product_1(of_lots_7));

    always_ff @(posedge clk) begin
        lots_6 <= takes_lots_5 ? lots_5 : '0;
        {takes_lots_6, takes_lots_7, takes_lots_8} <= {takes_lots_5, takes_lots_6, takes_lots_7};
        money_8 <= takes_amount_7 ? {amount_7[LANE-1], amount_7}
            : (LANE + 1)'(of_lots_7[MONEY-1:0]);
        top_8 <= of_lots_7[MONEY+17:MONEY];
        is_over_8 <= is_over_7;
        is_over_9 <= takes_lots_8 && (is_over_8 || top_8 != '0);
    end
endmodule
