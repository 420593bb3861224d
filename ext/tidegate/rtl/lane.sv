// Money of an account that is left under one scenario: what the lots of a command take of it, and
// the field that keeps it. Each lane has flags and a decision of its own, so that none has to reach
// all lanes and be added within a clock; synthesis must not merge them.
module lane
    import card_pkg::*;
#(
    parameter int NUMBER = 0
) (
    input logic clk,
    input command_t command_3,
    input logic [RATE-1:0] load_3,
    input logic [QTY-1:0] lots_5,
    input logic is_traded_6,
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
    output logic [1:0] tops_10[4],
    output logic [LANE-1:0] after_12,
    output logic [LANE-1:0] after_13
);
    logic [MONEY-1:0] scan_8;
    logic [LANE:0] need_9;
    logic [LANE-1:0] afters_12[1], afters_13[1];
    logic [1:0] tops[1][4];
    logic is_other_8;

    // The last lane has no scenario.
    if (NUMBER < SCENARIOS) begin : scenario
        logic [RATE-1:0] rate_4, rate_5, rate_6;
        logic [QTY-1:0] lots_6;
        logic [35:0] low_7, high_7;
        logic is_traded_7, loads_3;

        assign loads_3 = command_3.valid && command_3.well_formed && command_3.instrument
            && command_3.has_instrument && command_3.index == 8'(16 + NUMBER);

        // Written in the stage in which it is read, so nothing is forwarded.
        block_ram #(.KEY(INSTRUMENT_BITS + 1), .WIDTH(RATE)) rates (
            .clk, .read_key({command_3.instrument_key, command_3.freed_sell}),
            .read_value(rate_4), .write(loads_3),
            .write_key({command_3.instrument_key, command_3.freed_sell}), .write_value(load_3));

        always_ff @(posedge clk) begin
            // From the RAM to the multiplier is a long way.
            {rate_5, rate_6} <= {rate_4, rate_5};
            lots_6 <= lots_5;
            low_7 <= rate_6[17:0] * lots_6;
            high_7 <= rate_6[35:18] * lots_6;
            is_traded_7 <= is_traded_6;
            scan_8 <= is_traded_7 ? {high_7 + {18'd0, low_7[35:18]}, low_7[17:0]} : '0;
        end
    end else begin : no_scenario
        assign scan_8 = '0;
    end

    always_ff @(posedge clk) begin
        is_other_8 <= is_other_7;
        need_9 <= is_other_8 ? '0 : money_8 + (LANE + 1)'(scan_8);
    end

    ledger #(.KEY(ACCOUNT_BITS), .FIELDS(1), .WIDTH(LANE)) money (
        .clk, .key_5, .key_11, .meets, .clear_7, .minus_8, .applies_11, .delta_9('{need_9}),
        .tops_10(tops), .after_12(afters_12), .after_13(afters_13));
    assign tops_10 = tops[0];
    assign after_12 = afters_12[0];
    assign after_13 = afters_13[0];
endmodule
