// A word of two 18-bit limbs by one of three, in units of 2^FRACTION, rounded up, and a word added
// to it: there after three clocks; a clock later whether it has more than 54 bits.
module multiply_rate
    import card_pkg::*;
(
    input logic clk,
    input logic [35:0] left,
    input logic [53:0] right,
    input logic [53:0] addend,
    output logic [53:0] result,
    output logic is_over
);
    logic [35:0] limbs_00, limbs_01, limbs_02, limbs_10, limbs_11, limbs_12;
    logic [53:0] addend_1;
    // All from bit 18 on: of what is below only whether it is nothing is needed, to round up.
    logic [66:0] one, two, three;
    logic [67:0] rest_2;
    logic [72:0] limbs_2;
    logic [74:0] sum;
    logic [6:0] top;
    logic is_rest_2;

    // All ones below the cut make it a rounding up.
    localparam int CUT = FRACTION - 18;
    assign one = {addend_1, {CUT{1'b1}}};
    assign two = {31'd0, limbs_10};
    assign three = {13'd0, limbs_02, 18'd0};
    assign sum = {1'b0, limbs_2, 1'b1} + {6'd0, rest_2, is_rest_2};

    always_ff @(posedge clk) begin
        limbs_00 <= left[17:0] * right[17:0];
        limbs_01 <= left[17:0] * right[35:18];
        limbs_02 <= left[17:0] * right[53:36];
        limbs_10 <= left[35:18] * right[17:0];
        limbs_11 <= left[35:18] * right[35:18];
        limbs_12 <= left[35:18] * right[53:36];
        addend_1 <= addend;

        limbs_2 <= {1'b0, limbs_12, limbs_01} + {19'd0, limbs_11, limbs_00[35:18]};
        // Three words to two, then one carry.
        rest_2 <= {1'b0, one ^ two ^ three} + {(one & two) | (one & three) | (two & three), 1'b0};
        is_rest_2 <= limbs_00[17:0] != '0;

        {top, result} <= sum[74:CUT+1];
        is_over <= top != '0;
    end
endmodule
