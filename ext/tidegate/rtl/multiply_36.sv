// Two words of two 18-bit limbs: product after three clocks; a clock later whether it has more than
// 54 bits.
module multiply_36 (
    input logic clk,
    input logic [35:0] left,
    input logic [35:0] right,
    output logic [53:0] product,
    output logic is_over
);
    logic [35:0] low, high, middle_0, middle_1;
    logic [53:0] outer;
    logic [36:0] middle;
    logic [17:0] rest, top;

    always_ff @(posedge clk) begin
        low <= left[17:0] * right[17:0];
        high <= left[35:18] * right[35:18];
        middle_0 <= left[35:18] * right[17:0];
        middle_1 <= left[17:0] * right[35:18];
        outer <= {high, low[35:18]};
        middle <= {1'b0, middle_0} + {1'b0, middle_1};
        rest <= low[17:0];
        {top, product[53:18]} <= outer + {17'd0, middle};
        product[17:0] <= rest;
        is_over <= top != '0;
    end
endmodule
