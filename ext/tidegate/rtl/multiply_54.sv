// A word of three 18-bit limbs by one of two; product after three clocks, and whether it has more
// than 54 bits. `low + high * 2^36` is the product a clock earlier, where it has no more.
module multiply_54 (
    input logic clk,
    input logic [53:0] left,
    input logic [35:0] right,
    output logic [55:0] low,
    output logic [36:0] high,
    output logic [53:0] product,
    output logic is_over
);
    logic [35:0] limbs_00, limbs_01, limbs_02, limbs_10, limbs_11, limbs_12, top;
    logic [56:0] sum;

    assign sum = {1'b0, low} + {3'd0, high[17:0], 36'd0};

    always_ff @(posedge clk) begin
        limbs_00 <= left[17:0] * right[17:0];
        limbs_01 <= left[17:0] * right[35:18];
        limbs_02 <= left[35:18] * right[35:18];
        limbs_10 <= left[35:18] * right[17:0];
        limbs_11 <= left[53:36] * right[17:0];
        limbs_12 <= left[53:36] * right[35:18];
        low <= {20'd0, limbs_00} + {2'd0, limbs_01, 18'd0} + {2'd0, limbs_10, 18'd0};
        high <= {1'b0, limbs_02} + {1'b0, limbs_11};
        top <= limbs_12;
        product <= sum[53:0];
        is_over <= sum[56:54] != '0 || high[36:18] != '0 || top != '0;
    end
endmodule
