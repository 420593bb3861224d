// Whether a command can be looked at, and who may trade now, at which price. Clock 3 to 4.
module admission
    import card_pkg::*;
(
    input logic clk,
    input command_t command_3,
    input logic signed [PRICE-1:0] price_3,
    input row_t row_3,
    input logic [2:0] account_state_3,
    input logic [2:0] session_state_3,
    input logic is_killed_3,
    input logic [TIME-1:0] now_3,
    output reasons_t refusal_4,
    output logic is_refused_4,
    output reasons_t stated_4,
    output logic is_reducing_4
);
    logic is_traded, is_of_account, names_account, names_instrument;
    reasons_t refusal, stated;

    assign is_traded = command_3.order || command_3.release_ || command_3.fill || command_3.cancel;
    assign is_of_account = is_traded || command_3.lane || command_3.money;
    assign names_account = is_of_account || command_3.limit || command_3.pair || command_3.terms
        || command_3.account;
    assign names_instrument = is_traded || command_3.limit || command_3.pair || command_3.terms
        || command_3.instrument;

    always_comb begin
        refusal = '0;
        refusal.malformed = !command_3.well_formed
            || ((command_3.order || command_3.cancel) && session_state_3 == '0);
        refusal.unknown_account = !refusal.malformed
            && ((names_account && !command_3.has_account)
                || (is_of_account && account_state_3 == '0));
        refusal.unknown_instrument = !refusal.malformed
            && ((names_instrument && !command_3.has_instrument)
                || (is_traded && row_3.state == '0));
        stated = '0;
        if (command_3.order) begin
            stated.killed = is_killed_3 || account_state_3 == KILLED || session_state_3 == KILLED
                || row_3.state == KILLED;
            stated.halted = account_state_3 == HALTED || row_3.state == HALTED
                || session_state_3 == REDUCING || session_state_3 == HALTED;
            stated.closed = !row_3.is_open;
            stated.no_mark = !row_3.has_mark;
            stated.stale = row_3.has_mark && now_3 > row_3.stale_at;
            stated.collar = price_3 < row_3.collar_low || price_3 > row_3.collar_high;
        end
    end

    always_ff @(posedge clk) begin
        refusal_4 <= refusal;
        is_refused_4 <= refusal != '0;
        stated_4 <= stated;
        is_reducing_4 <= account_state_3 == REDUCING || row_3.state == REDUCING;
    end
endmodule
