// A signed field of a row, to which each command adds if it is applied: that is known only a clock
// after the sum. So both sums are made, for the case that the command before was applied and for
// the case that it was not. Key at clock 6, sums at clock 10, decision at clock 11.
//
//   clock   6     7     8       9             10              11        12   13
//           key   RAM   merge   sums          decision        write     kept for reads
//   what a row has                  of n - 1:  two cases  of n - 2     that were too early
module ledger_field #(
    parameter int KEY = 8,
    parameter int WIDTH = 56
) (
    input logic clk,
    input logic [KEY-1:0] key_6,
    input logic clear_8,
    input logic touch_11,
    input logic [KEY-1:0] key_11,
    input logic is_third_8,
    input logic is_fourth_8,
    input logic is_fifth_8,
    input logic is_first_9,
    input logic is_second_9,
    input logic second_10,
    input logic applied_11,
    input logic minus_9,
    input logic [WIDTH:0] delta_9,
    output logic is_negative_10,
    output logic is_overflow_10,
    output logic [WIDTH-1:0] before_11,
    output logic [WIDTH-1:0] after_11
);
    logic [WIDTH-1:0] ram_7, ram_8, base_9, final_11, final_12, final_13;
    logic [WIDTH-1:0] start_0, start_1, base_0_10, base_1_10;
    logic [WIDTH:0] change_9, sum_0_10, sum_1_10, chosen_10;

    block_ram #(.KEY(KEY), .WIDTH(WIDTH)) ram (
        .clk, .read_key(key_6), .read_value(ram_7), .write(touch_11), .write_key(key_11),
        .write_value(final_11));

    assign final_11 = applied_11 ? after_11 : before_11;
    assign chosen_10 = second_10 ? sum_1_10 : sum_0_10;
    assign start_0 = is_second_9 ? final_11 : is_first_9 ? base_0_10 : base_9;
    assign start_1 = is_first_9 ? chosen_10[WIDTH-1:0] : start_0;
    assign change_9 = delta_9 ^ {WIDTH + 1{minus_9}};
    assign is_negative_10 = chosen_10[WIDTH];
    assign is_overflow_10 = chosen_10[WIDTH] != chosen_10[WIDTH-1];

    always_ff @(posedge clk) begin
        ram_8 <= ram_7;

        if (clear_8) base_9 <= '0;
        else if (is_third_8) base_9 <= final_11;
        else if (is_fourth_8) base_9 <= final_12;
        else if (is_fifth_8) base_9 <= final_13;
        else base_9 <= ram_8;

        base_0_10 <= start_0;
        base_1_10 <= start_1;
        sum_0_10 <= {start_0[WIDTH-1], start_0} + change_9 + (WIDTH + 1)'(minus_9);
        sum_1_10 <= {start_1[WIDTH-1], start_1} + change_9 + (WIDTH + 1)'(minus_9);

        after_11 <= chosen_10[WIDTH-1:0];
        before_11 <= second_10 ? base_1_10 : base_0_10;
        final_12 <= final_11;
        final_13 <= final_12;
    end
endmodule
