// What the order is worth, |price| * tick_value * order_qty. Row and command at clock 3, there at
// clock 8; a clock later whether it has more than 54 bits.
module notional
    import card_pkg::*;
(
    input logic clk,
    input logic [PRICE-1:0] price_size_3,
    input logic [RATE-1:0] tick_value_3,
    input logic [QTY-1:0] order_qty_6,
    output logic [MONEY-1:0] notional_8,
    output logic is_over_9
);
    logic [MONEY-1:0] of_lot_6;
    logic [MONEY+17:0] of_order_7;
    logic [17:0] top_8;
    logic is_over_7, is_over_8;

    multiply_36 of_lot (
        .clk, .left(price_size_3), .right(tick_value_3), .product(of_lot_6),
        .is_over(is_over_7));
    multiply_lots of_order (
        .clk, .left(of_lot_6), .lots(order_qty_6), .product_1(of_order_7));

    always_ff @(posedge clk) begin
        {top_8, notional_8} <= of_order_7;
        is_over_8 <= is_over_7;
        is_over_9 <= is_over_8 || top_8 != '0;
    end
endmodule
