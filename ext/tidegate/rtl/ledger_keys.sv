// Which of the commands before has the row of this one: to be forwarded in ledger_field.
// Key at clock 6; the flags are those of the command at the clock of their name.
module ledger_keys #(
    parameter int KEY = 8
) (
    input logic clk,
    input logic [KEY-1:0] key_6,
    input logic clear_9,
    input logic touch_9,
    // The command at clock 13 is applied: it has written its row.
    input logic applied_13,
    output logic [KEY-1:0] key_7,
    output logic [KEY-1:0] key_13,
    output logic writes_13,
    output logic is_fourth_9,
    output logic is_fifth_9,
    output logic is_sixth_9,
    output logic is_first_10,
    output logic is_second_10,
    output logic is_third_10
);
    logic [KEY-1:0] key_8, key_9, key_10, key_11, key_12, key_14;
    logic touch_10, touch_11, touch_12, touch_13, writes_14;

    assign writes_13 = touch_13 && applied_13;

    always_ff @(posedge clk) begin
        {key_7, key_8, key_9, key_10} <= {key_6, key_7, key_8, key_9};
        {key_11, key_12, key_13, key_14} <= {key_10, key_11, key_12, key_13};
        {touch_10, touch_11, touch_12, touch_13} <= {touch_9, touch_10, touch_11, touch_12};
        writes_14 <= writes_13;
        is_fourth_9 <= touch_12 && key_12 == key_8;
        is_fifth_9 <= writes_13 && key_13 == key_8;
        is_sixth_9 <= writes_14 && key_14 == key_8;
        is_first_10 <= touch_10 && key_10 == key_9 && !clear_9;
        is_second_10 <= touch_11 && key_11 == key_9 && !clear_9;
        is_third_10 <= touch_12 && key_12 == key_9 && !clear_9;
    end
endmodule
