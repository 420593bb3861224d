// The lanes of all accounts. Money of the command at clock 8, cases of what it leaves at clock 10.
module accounts
    import card_pkg::*;
(
    input logic clk,
    input command_t command_3,
    input command_t command_7,
    input logic [RATE-1:0] load_3,
    input logic [ACCOUNT_BITS-1:0] key_5,
    input logic [QTY-1:0] lots_4,
    input logic traded_6,
    input logic [LANE:0] money_8,
    input logic touch_8,
    input logic minus_8,
    input logic applies_11,
    // Of any lane, for a = 0 and 1 (ledger.sv); is_over_money_10 of the even and of the odd lanes,
    // for what is collected of all comes too late.
    output logic [1:0] is_poor_10,
    output logic [1:0] is_over_money_10[2],
    output logic [LANE-1:0] after_12[LANES],
    output logic [LANE-1:0] after_13[LANES]
);
    logic [1:0] tops_10[LANES][2];

    logic [ACCOUNT_BITS-1:0] key_11;
    meets_t meets;

    ledger_keys #(.KEY(ACCOUNT_BITS)) keys (
        .clk, .key_5, .clear_7(command_7.account), .touch_8, .key_11, .meets);

    for (genvar k = 0; k < LANES; k++) begin : lanes
        lane #(.NUMBER(k)) lane (
            .clk, .command_3, .load_3, .lots_4, .traded_6,
            .is_other_7(command_7.lane && command_7.index != 8'(k)), .money_8, .key_5, .key_11,
            .meets, .clear_7(command_7.account), .minus_8, .applies_11,
            .tops_10(tops_10[k]), .after_12(after_12[k]), .after_13(after_13[k]));
    end

    always_comb begin
        is_poor_10 = '0;
        is_over_money_10 = '{default: '0};
        for (int k = 0; k < LANES; k++)
            for (int i = 0; i < 2; i++) begin
                is_poor_10[i] |= tops_10[k][i][1];
                is_over_money_10[k % 2][i] |= ^tops_10[k][i];
            end
    end
endmodule
