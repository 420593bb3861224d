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
    input logic [KEY-1:0] key_6,
    input logic [KEY-1:0] key_12,
    input meets_t meets,
    input logic clear_8,
    input logic minus_9,
    input logic [WIDTH:0] delta_10[FIELDS],
    // The command at clock 12 is applied.
    input logic applies_12,
    // In the cases of ledger_field that are left at clock 11.
    output logic [1:0] is_negative_11[FIELDS],
    output logic [1:0] is_overflow_11[FIELDS],
    output logic [WIDTH-1:0] before_13[FIELDS],
    output logic [WIDTH-1:0] after_13[FIELDS]
);
    logic [KEY-1:0] key_7, key_13;
    logic clear_9, minus_10, touch_13, applied_13, applied_14, writes_13;
    logic is_fourth_9, is_fifth_9, is_sixth_9, is_first_10, is_second_10, is_third_10;

    assign writes_13 = touch_13 && applied_13;

    always_ff @(posedge clk) begin
        {key_7, key_13} <= {key_6, key_12};
        {clear_9, minus_10, touch_13} <= {clear_8, minus_9, meets.touch_12};
        {applied_13, applied_14} <= {applies_12, applied_13};
        is_fourth_9 <= meets.fourth_8;
        is_fifth_9 <= meets.fifth_8 && applied_13;
        is_sixth_9 <= meets.sixth_8 && applied_14;
        {is_first_10, is_second_10, is_third_10} <=
            {meets.first_9, meets.second_9, meets.third_9};
    end

    for (genvar f = 0; f < FIELDS; f++) begin : fields
        ledger_field #(.KEY(KEY), .WIDTH(WIDTH)) field (
            .clk, .key_7, .key_13, .writes_13, .clear_9, .is_fourth_9, .is_fifth_9, .is_sixth_9,
            .is_first_10, .is_second_10, .is_third_10, .applied_13, .minus_10,
            .delta_10(delta_10[f]), .is_negative_11(is_negative_11[f]),
            .is_overflow_11(is_overflow_11[f]), .before_13(before_13[f]), .after_13(after_13[f]));
    end
endmodule
