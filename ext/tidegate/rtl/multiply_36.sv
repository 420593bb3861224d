// Two words of two 18-bit limbs; product after three clocks.
module multiply_36 (
    input logic clk,
    input logic [35:0] left,
    input logic [35:0] right,
    output logic [71:0] product
);
    logic [35:0] low, high, middle_0, middle_1;
    logic [71:0] outer;
    logic [36:0] middle;

    always_ff @(posedge clk) begin
        low <= left[17:0] * right[17:0];
        high <= left[35:18] * right[35:18];
        middle_0 <= left[35:18] * right[17:0];
        middle_1 <= left[17:0] * right[35:18];
        outer <= {high, low};
        middle <= {1'b0, middle_0} + {1'b0, middle_1};
        product <= outer + {17'd0, middle, 18'd0};
    end
endmodule
