// Rows of signed fields to which commands add; its own copy of what was decided. A field's flags
// are of the case that holds for the command before.
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
    input logic [WIDTH:0] delta_9[FIELDS],
    // The command at clock 10 is applied.
    input logic applies_10,
    output logic [FIELDS-1:0] is_negative_10,
    output logic [FIELDS-1:0] is_overflow_10,
    output logic [WIDTH-1:0] before_11[FIELDS],
    output logic [WIDTH-1:0] after_11[FIELDS]
);
    logic touch_11, is_third_8, is_fourth_8, is_fifth_8, is_first_9, is_second_9, second_10;
    logic [KEY-1:0] key_11;
    logic applied_11;

    always_ff @(posedge clk) applied_11 <= applies_10;

    ledger_keys #(.KEY(KEY)) keys (
        .clk, .key_6, .clear_8, .touch_9, .applied_11, .touch_11, .key_11, .is_third_8,
        .is_fourth_8, .is_fifth_8, .is_first_9, .is_second_9, .second_10);

    for (genvar f = 0; f < FIELDS; f++) begin : fields
        ledger_field #(.KEY(KEY), .WIDTH(WIDTH)) field (
            .clk, .key_6, .clear_8, .touch_11, .key_11, .is_third_8, .is_fourth_8, .is_fifth_8,
            .is_first_9, .is_second_9, .second_10, .applied_11, .minus_9, .delta_9(delta_9[f]),
            .is_negative_10(is_negative_10[f]), .is_overflow_10(is_overflow_10[f]),
            .before_11(before_11[f]), .after_11(after_11[f]));
    end
endmodule
