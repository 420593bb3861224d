// Lots of each account in each instrument: room to close and credit to the limit, of buys and of
// sells. Command at clock 8, cases of what they leave at clock 11.
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
    input logic applies_12,
    // Room of buys, of sells, credit of buys, of sells; each in two cases.
    output logic [1:0] is_negative_11[4],
    output logic [1:0] is_overflow_11[4]
);
    logic is_traded_8;
    logic [CREDIT:0] delta_9[4], delta_10[4];

    assign is_traded_8 = command_8.order || command_8.release_ || command_8.fill;

    for (genvar f = 0; f < 4; f++) begin : fields
        localparam bit IS_SELL = f % 2 == 1;
        localparam bit IS_CREDIT = f >= 2;

        always_ff @(posedge clk) begin
            if (is_traded_8)
                delta_9[f] <= command_8.freed_sell == IS_SELL ? (CREDIT + 1)'(lots_8) : '0;
            else if (command_8.pair || (command_8.limit && IS_CREDIT))
                delta_9[f] <= IS_SELL ? sells_8 : buys_8;
            else delta_9[f] <= '0;
            delta_10[f] <= delta_9[f];
        end
    end

    logic [PAIR_BITS-1:0] key_12;
    meets_t meets;

    ledger_keys #(.KEY(PAIR_BITS)) keys (
        .clk, .key_6, .clear_8(command_8.pair), .touch_9, .key_12, .meets);
    ledger #(.KEY(PAIR_BITS), .FIELDS(4), .WIDTH(CREDIT)) lots (
        .clk, .key_6, .key_12, .meets, .clear_8(command_8.pair), .minus_9, .delta_10, .applies_12,
        .is_negative_11, .is_overflow_11, .before_13(), .after_13());
endmodule
