// Money of an account that is left under one scenario: what the lots of a command take of it, and
// the ledger that keeps it. Each lane has flags of its own, as ledgers have.
module lane
    import card_pkg::*;
#(
    parameter int NUMBER = 0
) (
    input logic clk,
    input command_t command_3,
    input logic [RATE-1:0] load_3,
    input logic [QTY-1:0] lots_4,
    input logic traded_6,
    // The command gives an amount to another lane.
    input logic is_other_7,
    input logic [LANE:0] money_8,
    // See ledger.
    input logic [ACCOUNT_BITS-1:0] key_5,
    input logic [ACCOUNT_BITS-1:0] key_11,
    input meets_t meets,
    input logic clear_7,
    input logic minus_8,
    input logic applies_11,
    output logic [1:0] tops_10[2],
    output logic [LANE-1:0] after_12,
    output logic [LANE-1:0] after_13
);
    logic [MONEY-1:0] scan_8;
    logic [LANE:0] need_9;
    logic is_other_8;

    // The last lane has no scenario.
    if (NUMBER < SCENARIOS) begin : scenario
        logic [RATE-1:0] rate_4, rate_5;
        logic [QTY-1:0] lots_5;
        logic [35:0] low_6, high_6, low_7, high_7;
        logic traded_7, loads_3;

        assign loads_3 = command_3.valid && command_3.well_formed && command_3.instrument
            && command_3.has_instrument && command_3.index == 8'(16 + NUMBER);

        // Written in the stage in which it is read, so nothing is forwarded.
        block_ram #(.KEY(INSTRUMENT_BITS + 1), .WIDTH(RATE)) rates (
            .clk, .read_key({command_3.instrument_key, command_3.freed_sell}),
            .read_value(rate_4), .write(loads_3),
            .write_key({command_3.instrument_key, command_3.freed_sell}), .write_value(load_3));

        always_ff @(posedge clk) begin
            rate_5 <= rate_4;
            lots_5 <= lots_4;
            low_6 <= rate_5[17:0] * lots_5;
            high_6 <= rate_5[35:18] * lots_5;
            // From the multiplier to the sum is a long way.
            {low_7, high_7} <= {low_6, high_6};
            traded_7 <= traded_6;
            scan_8 <= traded_7 ? {high_7 + {18'd0, low_7[35:18]}, low_7[17:0]} : '0;
        end
    end else begin : no_scenario
        assign scan_8 = '0;
    end

    always_ff @(posedge clk) begin
        is_other_8 <= is_other_7;
        need_9 <= is_other_8 ? '0 : money_8 + (LANE + 1)'(scan_8);
    end

    ledger #(.KEY(ACCOUNT_BITS), .WIDTH(LANE)) money (
        .clk, .key_5, .key_11, .meets, .clear_7, .minus_8, .delta_9(need_9), .applies_11,
        .tops_10, .after_12, .after_13);
endmodule
