// What is available to each account: what a command took of it and what is left, told at clock 16.
// All that is needed of the commands before is what each left to its account.
module available
    import card_pkg::*;
(
    input logic clk,
    input logic [ACCOUNT_BITS-1:0] key_12,
    // The least lane after the command, if it is applied (least.sv).
    input logic [LANE-1:0] three_15[3],
    input logic [1:0] pick_15,
    input logic is_taken_15,
    // The account starts anew, from nothing.
    input logic clear_15,
    input logic shows_15,
    output logic [63:0] margin_16,
    output logic [63:0] available_16
);
    logic [ACCOUNT_BITS-1:0] key_13, key_14, key_15, key_16, key_17;
    logic [LANE-1:0] ram_13, ram_14, known_15, before_15, least_15, left_15;
    logic [LANE-1:0] left_16, left_17, left_18;
    logic [LANE:0] margin_15;
    logic is_second_14, is_third_14, is_fourth_14, is_same_15;

    block_ram #(.KEY(ACCOUNT_BITS), .WIDTH(LANE)) left (
        .clk, .read_key(key_12), .read_value(ram_13), .write(1'b1), .write_key(key_16),
        .write_value(left_16));

    assign before_15 = is_same_15 ? left_16 : known_15;
    assign least_15 = pick_15[0] ? three_15[0] : pick_15[1] ? three_15[1] : three_15[2];
    assign left_15 = is_taken_15 ? least_15 : before_15;
    assign margin_15 = (clear_15 ? '0 : {before_15[LANE-1], before_15})
        - {least_15[LANE-1], least_15};

    always_ff @(posedge clk) begin
        {key_13, key_14, key_15} <= {key_12, key_13, key_14};
        {key_16, key_17} <= {key_15, key_16};
        {is_second_14, is_third_14, is_fourth_14} <=
            {key_13 == key_15, key_13 == key_16, key_13 == key_17};
        is_same_15 <= key_14 == key_15;
        ram_14 <= ram_13;

        if (is_second_14) known_15 <= left_16;
        else if (is_third_14) known_15 <= left_17;
        else if (is_fourth_14) known_15 <= left_18;
        else known_15 <= ram_14;

        {left_16, left_17, left_18} <= {left_15, left_16, left_17};
        margin_16 <= is_taken_15 ? 64'($signed(margin_15)) : '0;
        available_16 <= shows_15 ? 64'($signed(left_15)) : '0;
    end
endmodule
