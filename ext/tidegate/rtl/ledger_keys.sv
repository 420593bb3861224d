// Which of the six commands before has the row of this one: to be forwarded in ledger_field.
// Keys are compared early, once for all fields; what each field needs is there a clock before.
module ledger_keys
    import card_pkg::*;
#(
    parameter int KEY = 8
) (
    input logic clk,
    input logic [KEY-1:0] key_6,
    input logic clear_8,
    input logic touch_9,
    output logic [KEY-1:0] key_12,
    output meets_t meets
);
    logic [KEY-1:0] key_7, key_8, key_9, key_10, key_11;
    logic [6:1] same_7, same_8;
    logic [3:1] same_9;
    logic clear_9, touch_10, touch_11, touch_12, touch_13, touch_14;

    always_ff @(posedge clk) begin
        {key_7, key_8, key_9} <= {key_6, key_7, key_8};
        {key_10, key_11, key_12} <= {key_9, key_10, key_11};
        same_7 <= {key_12 == key_6, key_11 == key_6, key_10 == key_6, key_9 == key_6,
            key_8 == key_6, key_7 == key_6};
        {same_8, same_9} <= {same_7, same_8[3:1]};
        clear_9 <= clear_8;
        {touch_10, touch_11, touch_12} <= {touch_9, touch_10, touch_11};
        {touch_13, touch_14} <= {touch_12, touch_13};
    end

    assign meets.first_9 = same_9[1] && touch_10 && !clear_9;
    assign meets.second_9 = same_9[2] && touch_11 && !clear_9;
    assign meets.third_9 = same_9[3] && touch_12 && !clear_9;
    assign meets.fourth_8 = same_8[4] && touch_12;
    assign meets.fifth_8 = same_8[5] && touch_13;
    assign meets.sixth_8 = same_8[6] && touch_14;
    assign meets.touch_12 = touch_12;
endmodule
