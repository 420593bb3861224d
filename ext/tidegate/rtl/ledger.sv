// A signed field of each row, to which commands add if they are applied: that is known only two
// clocks after the sum. So a sum is made for each of four cases: a is 1 where the command before
// was applied, b where the one before that was, and case 2 * a + b is theirs. Cases that cannot
// differ are alike, so that a decision chooses between them whatever rows the commands have.
//
//   clock   6    7    9       10         11            12             13, 14
//           key  RAM  merged  sums of 4  b is chosen,  a is chosen,   kept for reads
//                                        2 are left    1 is left,     that were too early
//                                                      and written
//
// Each ledger has its own copy of what was decided, of the keys and of what says how to add, so
// that none of these has to reach all ledgers and act within a clock; synthesis must not merge them.
module ledger
    import card_pkg::*;
#(
    parameter int KEY = 8,
    parameter int WIDTH = 56
) (
    input logic clk,
    input logic [KEY-1:0] key_5,
    input logic [KEY-1:0] key_11,
    input meets_t meets,
    input logic clear_7,
    input logic minus_8,
    input logic [WIDTH:0] delta_9,
    // The command at clock 11 is applied.
    input logic applies_11,
    // For a = 0 and 1, the two highest bits of the sum: it is less than nothing, or cannot be
    // expressed where they differ.
    output logic [1:0] tops_10[2],
    // What is there if the command is applied.
    output logic [WIDTH-1:0] after_12,
    output logic [WIDTH-1:0] after_13
);
    logic [KEY-1:0] key_6, key_12;
    logic clear_8, minus_9, touch_12, applied_12, applied_13;
    logic is_fourth_8, is_fifth_8, is_sixth_8, is_first_9, is_second_9, is_newer_9, is_third_9;

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

    logic [WIDTH-1:0] ram_7, ram_8, base_9, older_9, newer_9, after_14, chosen_11;
    logic [WIDTH-1:0] start_1, start_2, start_3, after_0_11, after_1_11;
    logic [WIDTH:0] sum_0_10, sum_1_10, sum_2_10, sum_3_10, left_0_10, left_1_10, change_9;

    block_ram #(.KEY(KEY), .WIDTH(WIDTH)) ram (
        .clk, .read_key(key_6), .read_value(ram_7), .write(touch_12 && applied_12),
        .write_key(key_12), .write_value(after_12));

    assign change_9 = delta_9 ^ {WIDTH + 1{minus_9}};

    // At clock 10 b is known; a of the command at clock 10 is b of the one at clock 9.
    assign left_0_10 = applied_12 ? sum_1_10 : sum_0_10;
    assign left_1_10 = applied_12 ? sum_3_10 : sum_2_10;
    assign tops_10 = '{left_0_10[WIDTH:WIDTH-1], left_1_10[WIDTH:WIDTH-1]};
    assign chosen_11 = applied_12 ? after_1_11 : after_0_11;
    assign older_9 = is_third_9 && applied_12 ? after_12 : base_9;
    assign newer_9 = is_first_9 ? left_1_10[WIDTH-1:0] : chosen_11;
    assign start_1 = is_second_9 ? chosen_11 : older_9;
    assign start_2 = is_first_9 ? left_0_10[WIDTH-1:0] : older_9;
    assign start_3 = is_newer_9 ? newer_9 : older_9;

    // Less than nothing is added as complement and carry.
    function automatic logic [WIDTH:0] sum(
        input logic [WIDTH-1:0] start, input logic [WIDTH:0] change, input logic minus);
        logic [WIDTH+1:0] with_carry;
        with_carry = {start[WIDTH-1], start, 1'b1} + {change, minus};
        return with_carry[WIDTH+1:1];
    endfunction

    always_ff @(posedge clk) begin
        ram_8 <= ram_7;

        if (clear_8) base_9 <= '0;
        else if (is_fourth_8 && applied_12) base_9 <= after_12;
        else if (is_fifth_8) base_9 <= after_13;
        else if (is_sixth_8) base_9 <= after_14;
        else base_9 <= ram_8;

        sum_0_10 <= sum(older_9, change_9, minus_9);
        sum_1_10 <= sum(start_1, change_9, minus_9);
        sum_2_10 <= sum(start_2, change_9, minus_9);
        sum_3_10 <= sum(start_3, change_9, minus_9);
        {after_0_11, after_1_11} <= {left_0_10[WIDTH-1:0], left_1_10[WIDTH-1:0]};
        after_12 <= chosen_11;
        {after_13, after_14} <= {after_12, after_13};
    end
endmodule
