// A signed field of a row, to which each command adds if it is applied: that is known only two
// clocks after the sum. So a sum is made for each case: case 2 * a + b holds when the command
// before was applied (a) and the one before that was (b). Cases that cannot differ are alike, so
// that a decision chooses between them whatever rows its command and this one have.
//
//   clock   7    8    9      10     11            12           13        14, 15
//           key  RAM  merge  sums   cases of      cases of     decided,  kept for reads
//                            of 4   b are chosen  a are chosen written   that were too early
module ledger_field #(
    parameter int KEY = 8,
    parameter int WIDTH = 56
) (
    input logic clk,
    input logic [KEY-1:0] key_7,
    input logic [KEY-1:0] key_13,
    input logic writes_13,
    input logic clear_9,
    input logic is_fourth_9,
    input logic is_fifth_9,
    input logic is_sixth_9,
    input logic is_first_10,
    input logic is_second_10,
    input logic is_third_10,
    input logic applied_13,
    input logic minus_10,
    input logic [WIDTH:0] delta_10,
    // Bit a of what is left in the cases of a.
    output logic [1:0] is_negative_11,
    output logic [1:0] is_overflow_11,
    output logic [WIDTH-1:0] before_13,
    output logic [WIDTH-1:0] after_13
);
    logic [WIDTH-1:0] ram_8, ram_9, base_10, after_14, after_15, chosen_12;
    logic [WIDTH-1:0] start_0, start_1, start_2, start_3, after_0_12, after_1_12;
    logic [WIDTH:0] sum_0_11, sum_1_11, sum_2_11, sum_3_11, left_0_11, left_1_11, change_10;
    logic [WIDTH-1:0] change_11, change_12;
    logic minus_11, minus_12;

    block_ram #(.KEY(KEY), .WIDTH(WIDTH)) ram (
        .clk, .read_key(key_7), .read_value(ram_8), .write(writes_13), .write_key(key_13),
        .write_value(after_13));

    assign change_10 = delta_10 ^ {WIDTH + 1{minus_10}};
    assign chosen_12 = applied_13 ? after_1_12 : after_0_12;

    assign start_0 = is_third_10 && applied_13 ? after_13 : base_10;
    assign start_1 = is_second_10 ? chosen_12 : start_0;
    // At clock 11 b is known; a of the command at clock 11 is b of the one at clock 10.
    assign left_0_11 = applied_13 ? sum_1_11 : sum_0_11;
    assign left_1_11 = applied_13 ? sum_3_11 : sum_2_11;
    assign start_2 = is_first_10 ? left_0_11[WIDTH-1:0] : start_0;
    assign start_3 = is_first_10 ? left_1_11[WIDTH-1:0] : start_1;
    assign is_negative_11 = {left_1_11[WIDTH], left_0_11[WIDTH]};
    assign is_overflow_11 = is_negative_11 ^ {left_1_11[WIDTH-1], left_0_11[WIDTH-1]};

    always_ff @(posedge clk) begin
        ram_9 <= ram_8;

        if (clear_9) base_10 <= '0;
        else if (is_fourth_9 && applied_13) base_10 <= after_13;
        else if (is_fifth_9) base_10 <= after_14;
        else if (is_sixth_9) base_10 <= after_15;
        else base_10 <= ram_9;

        sum_0_11 <= {start_0[WIDTH-1], start_0} + change_10 + (WIDTH + 1)'(minus_10);
        sum_1_11 <= {start_1[WIDTH-1], start_1} + change_10 + (WIDTH + 1)'(minus_10);
        sum_2_11 <= {start_2[WIDTH-1], start_2} + change_10 + (WIDTH + 1)'(minus_10);
        sum_3_11 <= {start_3[WIDTH-1], start_3} + change_10 + (WIDTH + 1)'(minus_10);
        after_0_12 <= left_0_11[WIDTH-1:0];
        after_1_12 <= left_1_11[WIDTH-1:0];

        {change_11, minus_11} <= {change_10[WIDTH-1:0], minus_10};
        {change_12, minus_12} <= {change_11, minus_11};
        before_13 <= chosen_12 + ~change_12 + WIDTH'(!minus_12);
        after_13 <= chosen_12;
        {after_14, after_15} <= {after_13, after_14};
    end
endmodule
