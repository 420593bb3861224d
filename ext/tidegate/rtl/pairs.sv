// Lots of each account in each instrument: room to close and credit to the limit, of buys and of
// sells. Command at clock 7, cases of what they leave at clock 10.
module pairs
    import card_pkg::*;
(
    input logic clk,
    input logic [PAIR_BITS-1:0] key_5,
    input command_t command_7,
    input logic [QTY-1:0] lots_7,
    input logic [CREDIT:0] buys_7,
    input logic [CREDIT:0] sells_7,
    input logic touch_8,
    input logic minus_8,
    input logic applies_11,
    // Room of buys, of sells, credit of buys, of sells; each for a = 0 and 1 (ledger.sv).
    output logic [1:0] tops_10[4][2]
);
    logic [PAIR_BITS-1:0] key_11;
    meets_t meets;

    ledger_keys #(.KEY(PAIR_BITS)) keys (
        .clk, .key_5, .clear_7(command_7.pair), .touch_8, .key_11, .meets);

    for (genvar f = 0; f < 4; f++) begin : fields
        localparam bit IS_SELL = f % 2 == 1;
        localparam bit IS_CREDIT = f >= 2;
        logic [CREDIT:0] delta_8, delta_9;

        always_ff @(posedge clk) begin
            if (command_7.traded)
                delta_8 <= command_7.freed_sell == IS_SELL ? (CREDIT + 1)'(lots_7) : '0;
            else if (command_7.pair || (command_7.limit && IS_CREDIT))
                delta_8 <= IS_SELL ? sells_7 : buys_7;
            else delta_8 <= '0;
            delta_9 <= delta_8;
        end

        ledger #(.KEY(PAIR_BITS), .WIDTH(CREDIT)) lots (
            .clk, .key_5, .key_11, .meets, .clear_7(command_7.pair), .minus_8, .delta_9,
            .applies_11, .tops_10(tops_10[f]), .after_12(), .after_13());
    end
endmodule
