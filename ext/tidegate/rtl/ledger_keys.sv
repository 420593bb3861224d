// Which of the commands before has the row of this one: to be forwarded in ledger_field.
// Key at clock 6; the flags are those of the command at the clock of their name.
module ledger_keys #(
    parameter int KEY = 8
) (
    input logic clk,
    input logic [KEY-1:0] key_6,
    input logic clear_8,
    input logic touch_9,
    input logic applied_11,
    output logic touch_11,
    output logic [KEY-1:0] key_11,
    output logic is_third_8,
    output logic is_fourth_8,
    output logic is_fifth_8,
    output logic is_first_9,
    output logic is_second_9,
    // Of the command at clock 10: the one before has its row and was applied.
    output logic second_10
);
    logic [KEY-1:0] key_7, key_8, key_9, key_10, key_12;
    logic touch_10, touch_12, is_first_10;

    always_ff @(posedge clk) begin
        {key_7, key_8, key_9} <= {key_6, key_7, key_8};
        {key_10, key_11, key_12} <= {key_9, key_10, key_11};
        {touch_10, touch_11, touch_12} <= {touch_9, touch_10, touch_11};
        is_third_8 <= touch_10 && key_10 == key_7;
        is_fourth_8 <= touch_11 && key_11 == key_7;
        is_fifth_8 <= touch_12 && key_12 == key_7;
        is_first_9 <= touch_9 && key_9 == key_8 && !clear_8;
        is_second_9 <= touch_10 && key_10 == key_8 && !clear_8;
        is_first_10 <= is_first_9;
    end

    assign second_10 = is_first_10 && applied_11;
endmodule
