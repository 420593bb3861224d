// Two words of three 18-bit limbs in units of 2^31, rounded up; product after three clocks, and
// whether it has more than 54 bits.
module multiply_rate (
    input logic clk,
    input logic [53:0] left,
    input logic [53:0] right,
    output logic [53:0] product,
    output logic is_over
);
    // 2^31 - 1 makes the cut at bit 31 a rounding up.
    localparam logic [55:0] ROUNDING = 56'h7fffffff;

    logic [35:0] limbs_00, limbs_01, limbs_02, limbs_10, limbs_11, limbs_12;
    logic [35:0] limbs_20, limbs_21, limbs_22, top;
    logic [55:0] low;
    logic [37:0] middle;
    logic [36:0] upper;
    logic [56:0] high;

    assign high = {37'd0, low[55:36]} + {19'd0, middle} + {2'd0, upper, 18'd0}
        + {8'd0, top[12:0], 36'd0};

    always_ff @(posedge clk) begin
        limbs_00 <= left[17:0] * right[17:0];
        limbs_01 <= left[17:0] * right[35:18];
        limbs_02 <= left[17:0] * right[53:36];
        limbs_10 <= left[35:18] * right[17:0];
        limbs_11 <= left[35:18] * right[35:18];
        limbs_12 <= left[35:18] * right[53:36];
        limbs_20 <= left[53:36] * right[17:0];
        limbs_21 <= left[53:36] * right[35:18];
        limbs_22 <= left[53:36] * right[53:36];
        low <= {20'd0, limbs_00} + {2'd0, limbs_01, 18'd0} + {2'd0, limbs_10, 18'd0} + ROUNDING;
        middle <= {2'd0, limbs_02} + {2'd0, limbs_11} + {2'd0, limbs_20};
        upper <= {1'b0, limbs_12} + {1'b0, limbs_21};
        top <= limbs_22;
        product <= {high[48:0], low[35:31]};
        is_over <= high[56:49] != '0 || top[35:13] != '0;
    end
endmodule
