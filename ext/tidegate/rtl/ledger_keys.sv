// Which of the six commands before has the row of this one: to be forwarded in its ledgers.
// Keys are compared early, once for all of them; what each needs is there a clock before.
module ledger_keys
    import card_pkg::*;
#(
    parameter int KEY = 8
) (
    input logic clk,
    input logic [KEY-1:0] key_5,
    input logic clear_7,
    input logic touch_8,
    output logic [KEY-1:0] key_11,
    output meets_t meets
);
    logic [KEY-1:0] key_6, key_7, key_8, key_9, key_10;
    logic [6:1] same_6, same_7;
    logic [3:1] same_8;
    logic clear_8, touch_9, touch_10, touch_11, touch_12, touch_13;

    always_ff @(posedge clk) begin
        {key_6, key_7, key_8} <= {key_5, key_6, key_7};
        {key_9, key_10, key_11} <= {key_8, key_9, key_10};
        same_6 <= {key_11 == key_5, key_10 == key_5, key_9 == key_5, key_8 == key_5,
            key_7 == key_5, key_6 == key_5};
        {same_7, same_8} <= {same_6, same_7[3:1]};
        clear_8 <= clear_7;
        {touch_9, touch_10, touch_11} <= {touch_8, touch_9, touch_10};
        {touch_12, touch_13} <= {touch_11, touch_12};
    end

    assign meets.first_8 = same_8[1] && touch_9 && !clear_8;
    assign meets.second_8 = same_8[2] && touch_10 && !clear_8;
    assign meets.third_8 = same_8[3] && touch_11 && !clear_8;
    assign meets.fourth_7 = same_7[4] && touch_11;
    assign meets.fifth_7 = same_7[5] && touch_12;
    assign meets.sixth_7 = same_7[6] && touch_13;
    assign meets.touch_11 = touch_11;
endmodule
