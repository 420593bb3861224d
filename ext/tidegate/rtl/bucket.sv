// A token bucket a row: the time up to which what was sent has used up the rate. Key at clock 3,
// whether it is full at clock 7. That depends on no decision, so one clock closes its loop.
module bucket
    import card_pkg::*;
#(
    parameter int KEY = 8
) (
    input logic clk,
    input logic [KEY-1:0] key_3,
    input logic set_rate_3,
    input logic [29:0] interval_3,
    input logic [49:0] tolerance_3,
    input logic [TIME-1:0] now_5,
    input logic counts_6,
    input logic set_debt_6,
    input logic [TIME-1:0] debt_6,
    output logic is_full_7
);
    logic [KEY-1:0] key_4, key_5, key_6, key_7, key_8;
    logic [29:0] interval_4, interval_5;
    logic [49:0] tolerance_4, tolerance_5;
    logic [TIME:0] next_4, next_5, base_6, next_7, next_8, next_9;
    logic [TIME:0] now_6, now_interval_6, now_limit_6;
    logic [29:0] interval_6;
    logic [TIME:0] base_next_6, forwarded_next_6;
    logic write_7, write_8, write_9, is_forwarded, is_full, is_later;
    logic is_second_5, is_third_5, is_fourth_5, is_first_6;

    block_ram #(.KEY(KEY), .WIDTH(30)) intervals (
        .clk, .read_key(key_3), .read_value(interval_4), .write(set_rate_3), .write_key(key_3),
        .write_value(interval_3));
    block_ram #(.KEY(KEY), .WIDTH(50)) tolerances (
        .clk, .read_key(key_3), .read_value(tolerance_4), .write(set_rate_3), .write_key(key_3),
        .write_value(tolerance_3));
    block_ram #(.KEY(KEY), .WIDTH(TIME + 1)) debts (
        .clk, .read_key(key_3), .read_value(next_4), .write(write_7), .write_key(key_7),
        .write_value(next_7));

    // By the sign of a difference: one carry and no more.
    function automatic logic is_above(input logic [TIME:0] left, input logic [TIME:0] right);
        logic [TIME+1:0] difference;
        difference = {1'b0, right} - {1'b0, left};
        return difference[TIME+1];
    endfunction

    // Compared and added to for both: to choose first would come too late.
    assign is_forwarded = write_7 && is_first_6;
    assign is_full = is_forwarded ? is_above(next_7, now_limit_6) : is_above(base_6, now_limit_6);
    assign is_later = is_forwarded ? is_above(next_7, now_6) : is_above(base_6, now_6);
    assign base_next_6 = base_6 + (TIME + 1)'(interval_6);
    assign forwarded_next_6 = next_7 + (TIME + 1)'(interval_6);

    always_ff @(posedge clk) begin
        {key_4, key_5, key_6, key_7} <= {key_3, key_4, key_5, key_6};
        key_8 <= key_7;
        {is_second_5, is_third_5, is_fourth_5} <= {key_4 == key_6, key_4 == key_7, key_4 == key_8};
        is_first_6 <= key_6 == key_5;
        next_5 <= next_4;
        {interval_5, tolerance_5} <= {interval_4, tolerance_4};

        if (write_7 && is_second_5) base_6 <= next_7;
        else if (write_8 && is_third_5) base_6 <= next_8;
        else if (write_9 && is_fourth_5) base_6 <= next_9;
        else base_6 <= next_5;
        now_6 <= {1'b0, now_5};
        interval_6 <= interval_5;
        now_interval_6 <= {1'b0, now_5} + (TIME + 1)'(interval_5);
        now_limit_6 <= {1'b0, now_5} + (TIME + 1)'(tolerance_5);

        is_full_7 <= is_full;
        write_7 <= set_debt_6 || (counts_6 && !is_full);
        if (set_debt_6) next_7 <= {1'b0, debt_6};
        else if (is_later) next_7 <= is_forwarded ? forwarded_next_6 : base_next_6;
        else next_7 <= now_interval_6;

        {next_8, next_9} <= {next_7, next_8};
        {write_8, write_9} <= {write_7, write_8};
    end
endmodule
