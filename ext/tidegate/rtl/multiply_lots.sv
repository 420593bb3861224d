// A word of three 18-bit limbs by lots: the product, of 72 bits, is there in the second clock, for
// a register of whoever takes it.
module multiply_lots (
    input logic clk,
    input logic [53:0] left,
    input logic [17:0] lots,
    output logic [71:0] product_1
);
    logic [35:0] low, middle, high;

    always_ff @(posedge clk) begin
        low <= left[17:0] * lots;
        middle <= left[35:18] * lots;
        high <= left[53:36] * lots;
    end

    assign product_1 = {{high, low[35:18]} + {18'd0, middle}, low[17:0]};
endmodule
