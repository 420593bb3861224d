// Rows of signed fields to which each command adds, where it is applied: that is known only a clock
// after the sum. So both sums are made, for the case that the command before was applied and for
// the case that it was not. Key at clock 6, sums at clock 10, decision at clock 11.
//
//   clock   6     7     8       9             10              11        12   13
//           key   RAM   merge   sums          decision        write     kept for reads
//   what a row has                  of n - 1:  two cases  of n - 2     that were too early
module ledger #(
    parameter int KEY = 8,
    parameter int FIELDS = 17,
    parameter int WIDTH = 56
) (
    input logic clk,
    input logic [KEY-1:0] key_6,
    input logic clear_8,
    input logic touch_9,
    input logic [FIELDS-1:0] minus_9,
    input logic signed [FIELDS-1:0][WIDTH:0] delta_9,
    // The command at clock 11 was applied.
    input logic applied_11,
    // Of the command at clock 10: whether the second case holds; signs and overflows of both.
    output logic second_10,
    output logic [1:0][FIELDS-1:0] is_negative_10,
    output logic [1:0][FIELDS-1:0] is_overflow_10,
    output logic [FIELDS-1:0][WIDTH-1:0] before_11,
    output logic [FIELDS-1:0][WIDTH-1:0] after_11
);
    typedef logic [FIELDS-1:0][WIDTH-1:0] row_t;

    logic [KEY-1:0] key_7, key_8, key_9, key_10, key_11, key_12, key_13;
    logic touch_10, touch_11, touch_12, touch_13;
    logic is_third_8, is_fourth_8, is_fifth_8, is_first_9, is_second_9, is_first_10;
    row_t ram_7, ram_8, base_9, final_11, final_12, final_13;
    row_t [1:0] base_10, start;
    logic [1:0][FIELDS-1:0][WIDTH:0] sum, sum_10;
    row_t chosen_10;

    block_ram #(.KEY(KEY), .WIDTH(FIELDS * WIDTH)) rows (
        .clk, .read_key(key_6), .read_value(ram_7), .write(touch_11), .write_key(key_11),
        .write_value(final_11));

    assign final_11 = applied_11 ? after_11 : before_11;
    assign second_10 = is_first_10 && applied_11;

    always_comb begin
        for (int f = 0; f < FIELDS; f++)
            chosen_10[f] = second_10 ? sum_10[1][f][WIDTH-1:0] : sum_10[0][f][WIDTH-1:0];
        start[0] = is_second_9 ? final_11 : is_first_9 ? base_10[0] : base_9;
        start[1] = is_first_9 ? chosen_10 : start[0];
        for (int c = 0; c < 2; c++)
            for (int f = 0; f < FIELDS; f++)
                sum[c][f] = {start[c][f][WIDTH-1], start[c][f]}
                    + (delta_9[f] ^ {WIDTH + 1{minus_9[f]}}) + (WIDTH + 1)'(minus_9[f]);
        for (int c = 0; c < 2; c++)
            for (int f = 0; f < FIELDS; f++) begin
                is_negative_10[c][f] = sum_10[c][f][WIDTH];
                is_overflow_10[c][f] = sum_10[c][f][WIDTH] != sum_10[c][f][WIDTH-1];
            end
    end

    always_ff @(posedge clk) begin
        {key_7, key_8, key_9, key_10} <= {key_6, key_7, key_8, key_9};
        {key_11, key_12, key_13} <= {key_10, key_11, key_12};
        {touch_10, touch_11, touch_12, touch_13} <= {touch_9, touch_10, touch_11, touch_12};
        ram_8 <= ram_7;

        is_third_8 <= touch_10 && key_10 == key_7;
        is_fourth_8 <= touch_11 && key_11 == key_7;
        is_fifth_8 <= touch_12 && key_12 == key_7;
        if (clear_8) base_9 <= '0;
        else if (is_third_8) base_9 <= final_11;
        else if (is_fourth_8) base_9 <= final_12;
        else if (is_fifth_8) base_9 <= final_13;
        else base_9 <= ram_8;

        is_first_9 <= touch_9 && key_9 == key_8 && !clear_8;
        is_second_9 <= touch_10 && key_10 == key_8 && !clear_8;
        is_first_10 <= is_first_9;
        base_10 <= start;
        sum_10 <= sum;

        after_11 <= chosen_10;
        before_11 <= second_10 ? base_10[1] : base_10[0];
        final_12 <= final_11;
        final_13 <= final_12;
    end
endmodule
