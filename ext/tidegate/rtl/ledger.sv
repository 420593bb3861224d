// Fields of a row to which commands add; with its own copy of what was decided, of the keys and of
// what says how to add, so that none of these has to reach all ledgers and act within a clock.
module ledger
    import card_pkg::*;
#(
    parameter int KEY = 8,
    parameter int FIELDS = 1,
    parameter int WIDTH = 56
) (
    input logic clk,
    input logic [KEY-1:0] key_5,
    input logic [KEY-1:0] key_11,
    input meets_t meets,
    input logic clear_7,
    input logic minus_8,
    input logic [WIDTH:0] delta_9[FIELDS],
    // The command at clock 11 is applied.
    input logic applies_11,
    // See ledger_field.
    output logic [1:0] tops_10[FIELDS][4],
    // What is there if the command is applied.
    output logic [WIDTH-1:0] after_12[FIELDS],
    output logic [WIDTH-1:0] after_13[FIELDS]
);
    logic [KEY-1:0] key_6, key_12;
    logic clear_8, minus_9, touch_12, applied_12, applied_13, writes_12;
    logic is_fourth_8, is_fifth_8, is_sixth_8, is_first_9, is_second_9, is_newer_9, is_third_9;

    assign writes_12 = touch_12 && applied_12;

    always_ff @(posedge clk) begin
        {key_6, key_12} <= {key_5, key_11};
        {clear_8, minus_9, touch_12} <= {clear_7, minus_8, meets.touch_11};
        {applied_12, applied_13} <= {applies_11, applied_12};
        is_fourth_8 <= meets.fourth_7;
        is_fifth_8 <= meets.fifth_7 && applied_12;
        is_sixth_8 <= meets.sixth_7 && applied_13;
        {is_first_9, is_second_9, is_third_9} <= {meets.first_8, meets.second_8, meets.third_8};
        is_newer_9 <= meets.first_8 || meets.second_8;
    end

    for (genvar f = 0; f < FIELDS; f++) begin : fields
        ledger_field #(.KEY(KEY), .WIDTH(WIDTH)) field (
            .clk, .key_6, .key_12, .writes_12, .clear_8, .is_fourth_8, .is_fifth_8, .is_sixth_8,
            .is_first_9, .is_second_9, .is_newer_9, .is_third_9, .applied_12, .minus_9,
            .delta_9(delta_9[f]), .tops_10(tops_10[f]), .after_12(after_12[f]),
            .after_13(after_13[f]));
    end
endmodule
