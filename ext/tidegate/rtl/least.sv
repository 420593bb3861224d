// The least of 17 signed values in three clocks: 17 to 6, to 3, to which of them. In a clock values
// are chosen by what was compared in the clock before, and the chosen are compared.
module least
    import card_pkg::*;
(
    input logic clk,
    input logic [LANE-1:0] values_12[LANES],
    input logic [LANE-1:0] values_13[LANES],
    output logic [LANE-1:0] three_15[3],
    // Bit 0: the first is the least; bit 1: the second is; neither: the third.
    output logic [1:0] pick_15
);
    typedef logic [LANE-1:0] money_t;

    logic [1:0] picks_13[6];
    logic picks_14[3];
    money_t chosen_13[6], chosen_14[3], six_14[6];

    // By the sign of the difference: one carry, where a comparison of signed values takes two.
    function automatic logic is_less(input money_t left, input money_t right);
        logic [LANE:0] difference;
        difference = {left[LANE-1], left} - {right[LANE-1], right};
        return difference[LANE];
    endfunction

    function automatic logic [1:0] compared(input money_t a, input money_t b, input money_t c);
        return {!is_less(a, b) && is_less(b, c), is_less(a, b) && is_less(a, c)};
    endfunction

    always_comb begin
        for (int i = 0; i < 5; i++)
            chosen_13[i] = picks_13[i][0] ? values_13[3*i]
                : picks_13[i][1] ? values_13[3*i+1] : values_13[3*i+2];
        chosen_13[5] = picks_13[5][0] ? values_13[15] : values_13[16];
        for (int i = 0; i < 3; i++)
            chosen_14[i] = picks_14[i] ? six_14[2*i] : six_14[2*i+1];
    end

    always_ff @(posedge clk) begin
        for (int i = 0; i < 5; i++)
            picks_13[i] <= compared(values_12[3*i], values_12[3*i+1], values_12[3*i+2]);
        picks_13[5] <= {1'b0, is_less(values_12[15], values_12[16])};
        six_14 <= chosen_13;
        for (int i = 0; i < 3; i++)
            picks_14[i] <= is_less(chosen_13[2*i], chosen_13[2*i+1]);
        three_15 <= chosen_14;
        pick_15 <= compared(chosen_14[0], chosen_14[1], chosen_14[2]);
    end
endmodule
