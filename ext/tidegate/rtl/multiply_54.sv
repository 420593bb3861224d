// A word of three 18-bit limbs by one of LIMBS, in units of 2^SHIFT, rounded up; after three
// clocks. `sums` is what is still to be added, a clock earlier, for two limbs.
module multiply_54 #(
    parameter int LIMBS = 2,
    parameter bit ROUNDS = 0
) (
    input logic clk,
    input logic [53:0] left,
    input logic [18*LIMBS-1:0] right,
    output logic [18*LIMBS+53:0] sums[3],
    output logic [18*LIMBS+53:0] product
);
    localparam int WIDTH = 18 * LIMBS + 54;
    // 2^31 - 1, in places where the limbs' sums have only zeros.
    localparam logic [17:0] ONES_1 = ROUNDS ? '1 : '0;
    localparam logic [35:0] ONES_2 = ROUNDS ? 36'h7ffc0000 : '0;

    logic [35:0] limbs[LIMBS][3];
    logic [WIDTH-1:0] addends[3];

    always_ff @(posedge clk) begin
        for (int i = 0; i < LIMBS; i++)
            for (int j = 0; j < 3; j++) limbs[i][j] <= left[18*j+:18] * right[18*i+:18];
    end

    always_comb begin
        addends[2] = '0;
        addends[0] = WIDTH'({limbs[0][2], limbs[0][0]}) + (WIDTH'(limbs[0][1]) << 18);
        addends[1] = WIDTH'({limbs[1][2], limbs[1][0], ONES_1}) + (WIDTH'(limbs[1][1]) << 36);
        if (LIMBS > 2)
            addends[2] = WIDTH'({limbs[LIMBS-1][2], limbs[LIMBS-1][0], ONES_2})
                + (WIDTH'(limbs[LIMBS-1][1]) << 54);
    end

    always_ff @(posedge clk) begin
        for (int i = 0; i < 3; i++) sums[i] <= addends[i];
        product <= sums[0] + sums[1] + sums[2];
    end
endmodule
