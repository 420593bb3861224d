// Lots of each account in each instrument: room to close and credit to the limit, of buys and of
// sells. Command at clock 8, what both cases leave at clock 10.
module pairs
    import card_pkg::*;
(
    input logic clk,
    input logic [PAIR_BITS-1:0] key_6,
    input command_t command_8,
    input logic [QTY-1:0] lots_8,
    input logic [CREDIT:0] buys_8,
    input logic [CREDIT:0] sells_8,
    input logic touch_9,
    input logic minus_9,
    input logic applied_11,
    output logic second_10,
    // Room of buys, of sells, credit of buys, of sells.
    output logic [3:0] negative_0_10,
    output logic [3:0] negative_1_10,
    output logic [3:0] overflow_0_10,
    output logic [3:0] overflow_1_10
);
    logic touch_11, is_third_8, is_fourth_8, is_fifth_8, is_first_9, is_second_9, is_traded_8;
    logic [PAIR_BITS-1:0] key_11;

    ledger_keys #(.KEY(PAIR_BITS)) keys (
        .clk, .key_6, .clear_8(command_8.pair), .touch_9, .applied_11, .touch_11, .key_11,
        .is_third_8, .is_fourth_8, .is_fifth_8, .is_first_9, .is_second_9, .second_10);

    assign is_traded_8 = command_8.order || command_8.release_ || command_8.fill;

    for (genvar f = 0; f < 4; f++) begin : fields
        localparam bit IS_SELL = f % 2 == 1;
        localparam bit IS_CREDIT = f >= 2;
        logic [CREDIT:0] delta_9;

        always_ff @(posedge clk) begin
            if (is_traded_8)
                delta_9 <= command_8.freed_sell == IS_SELL ? (CREDIT + 1)'(lots_8) : '0;
            else if (command_8.pair || (command_8.limit && IS_CREDIT))
                delta_9 <= IS_SELL ? sells_8 : buys_8;
            else delta_9 <= '0;
        end

        ledger_field #(.KEY(PAIR_BITS), .WIDTH(CREDIT)) lots (
            .clk, .key_6, .clear_8(command_8.pair), .touch_11, .key_11, .is_third_8,
            .is_fourth_8, .is_fifth_8, .is_first_9, .is_second_9, .second_10, .applied_11,
            .minus_9, .delta_9, .is_negative_10({negative_1_10[f], negative_0_10[f]}),
            .is_overflow_10({overflow_1_10[f], overflow_0_10[f]}), .before_11(), .after_11());
    end
endmodule
