// The least of 17 signed values, of threes in three clocks: 17 to 6, to 2, to 1. In a clock values
// are chosen by what was compared in the clock before, and the chosen are compared.
module least
    import card_pkg::*;
(
    input logic clk,
    input logic [LANE-1:0] values_12[LANES],
    input logic [LANE-1:0] values_13[LANES],
    // The lesser of these, at clock 15.
    output logic [LANE-1:0] first_15,
    output logic [LANE-1:0] second_15,
    output logic is_first_15
);
    typedef logic [LANE-1:0] money_t;

    // Bit 0: the first of three is the least; bit 1: the second is; neither: the third.
    logic [1:0] picks_13[6], picks_14[2];
    money_t chosen_13[6], chosen_14[2], six_14[6];

    // By the sign of the difference: one carry, where a comparison of signed values takes two.
    function automatic logic is_less(input money_t left, input money_t right);
        logic [LANE:0] difference;
        difference = {left[LANE-1], left} - {right[LANE-1], right};
        return difference[LANE];
    endfunction

    function automatic logic [1:0] compared(input money_t a, input money_t b, input money_t c);
        return {!is_less(a, b) && is_less(b, c), is_less(a, b) && is_less(a, c)};
    endfunction

    function automatic money_t chosen(
        input logic [1:0] pick, input money_t a, input money_t b, input money_t c);
        return pick[0] ? a : pick[1] ? b : c;
    endfunction

    always_comb begin
        for (int i = 0; i < 5; i++)
            chosen_13[i] = chosen(
                picks_13[i], values_13[3*i], values_13[3*i+1], values_13[3*i+2]);
        chosen_13[5] = picks_13[5][0] ? values_13[15] : values_13[16];
        for (int i = 0; i < 2; i++)
            chosen_14[i] = chosen(picks_14[i], six_14[3*i], six_14[3*i+1], six_14[3*i+2]);
    end

    always_ff @(posedge clk) begin
        for (int i = 0; i < 5; i++)
            picks_13[i] <= compared(values_12[3*i], values_12[3*i+1], values_12[3*i+2]);
        picks_13[5] <= {1'b0, is_less(values_12[15], values_12[16])};
        six_14 <= chosen_13;
        for (int i = 0; i < 2; i++)
            picks_14[i] <= compared(chosen_13[3*i], chosen_13[3*i+1], chosen_13[3*i+2]);
        {first_15, second_15} <= {chosen_14[0], chosen_14[1]};
        is_first_15 <= is_less(chosen_14[0], chosen_14[1]);
    end
endmodule
