// Rows of signed fields to which commands add; its own copy of what was decided, and of what says
// how to add. A field's flags are of the four cases of ledger_field.
module ledger #(
    parameter int KEY = 8,
    parameter int FIELDS = 1,
    parameter int WIDTH = 56
) (
    input logic clk,
    input logic [KEY-1:0] key_6,
    input logic clear_8,
    input logic touch_9,
    input logic minus_9,
    input logic [WIDTH:0] delta_10[FIELDS],
    // The command at clock 12 is applied.
    input logic applies_12,
    output logic [3:0] is_negative_11[FIELDS],
    output logic [3:0] is_overflow_11[FIELDS],
    output logic [WIDTH-1:0] before_13[FIELDS],
    output logic [WIDTH-1:0] after_13[FIELDS]
);
    logic [KEY-1:0] key_7, key_13;
    logic clear_9, minus_10, applied_13, writes_13, is_fourth_9, is_fifth_9, is_sixth_9;
    logic is_first_10, is_second_10, is_third_10;

    always_ff @(posedge clk) {clear_9, minus_10, applied_13} <= {clear_8, minus_9, applies_12};

    ledger_keys #(.KEY(KEY)) keys (
        .clk, .key_6, .clear_9, .touch_9, .applied_13, .key_7, .key_13, .writes_13, .is_fourth_9,
        .is_fifth_9, .is_sixth_9, .is_first_10, .is_second_10, .is_third_10);

    for (genvar f = 0; f < FIELDS; f++) begin : fields
        ledger_field #(.KEY(KEY), .WIDTH(WIDTH)) field (
            .clk, .key_7, .key_13, .writes_13, .clear_9, .is_fourth_9, .is_fifth_9, .is_sixth_9,
            .is_first_10, .is_second_10, .is_third_10, .applied_13, .minus_10,
            .delta_10(delta_10[f]), .is_negative_11(is_negative_11[f]),
            .is_overflow_11(is_overflow_11[f]), .before_13(before_13[f]), .after_13(after_13[f]));
    end
endmodule
