// Says what a command is and whether it is well formed: its widths at clock 1, the rest of it from
// those for clock 2.
module decode
    import card_pkg::*;
(
    input logic clk,
    input logic valid,
    input logic [63:0] price,
    input logic [63:0] amount,
    input logic [31:0] order_qty,
    input logic [31:0] lots,
    input logic [31:0] account,
    input logic [15:0] instrument,
    input logic [15:0] session,
    input logic [7:0] op,
    input logic [7:0] side,
    input logic [7:0] kind,
    input logic [7:0] index,
    output command_t command
);
    logic has_side, has_account, has_session, has_instrument, has_owner, is_order_like;
    logic price_is_price, price_is_credit, price_is_interval;
    logic amount_is_lane, amount_is_credit, amount_is_money, amount_is_rate, amount_is_collar;
    logic amount_is_time, amount_is_tolerance, amount_is_state, is_word, is_traded;
    logic good;

    logic is_lots, is_qty, has_qty, valid_1;
    logic [7:0] op_1, side_1, kind_1, index_1;
    logic [ACCOUNT_BITS-1:0] account_key;
    logic [SESSION_BITS-1:0] session_key;
    logic [INSTRUMENT_BITS-1:0] instrument_key;

    always_ff @(posedge clk) begin
        valid_1 <= valid;
        {op_1, side_1, kind_1, index_1} <= {op, side, kind, index};
        account_key <= account[ACCOUNT_BITS-1:0];
        session_key <= session[SESSION_BITS-1:0];
        instrument_key <= instrument[INSTRUMENT_BITS-1:0];
        has_account <= account[31:ACCOUNT_BITS] == '0 && account[ACCOUNT_BITS-1:0] != '0;
        has_session <= session[15:SESSION_BITS] == '0 && session[SESSION_BITS-1:0] != '0;
        has_instrument <=
            instrument[15:INSTRUMENT_BITS] == '0 && instrument[INSTRUMENT_BITS-1:0] != '0;
        is_lots <= lots[31:QTY] == '0 && lots[QTY-1:0] != '0;
        is_qty <= order_qty[31:QTY] == '0;
        has_qty <= order_qty != '0;

        // Signed: all bits from the sign down are alike.
        price_is_price <= price[63:PRICE-1] == '0 || price[63:PRICE-1] == '1;
        price_is_credit <= price[63:CREDIT-1] == '0 || price[63:CREDIT-1] == '1;
        price_is_interval <= price[63:30] == '0;
        amount_is_lane <= amount[63:LANE-1] == '0 || amount[63:LANE-1] == '1;
        amount_is_credit <= amount[63:CREDIT-1] == '0 || amount[63:CREDIT-1] == '1;
        amount_is_collar <= amount[63:PRICE-1] == '0 || amount[63:PRICE-1] == '1;
        amount_is_money <= amount[63:MONEY] == '0;
        amount_is_rate <= amount[63:RATE] == '0;
        amount_is_time <= amount[63:TIME] == '0;
        amount_is_tolerance <= amount[63:50] == '0;
        amount_is_state <= amount[63:5] == '0 && amount[2:0] <= KILLED;
    end

    assign has_side = side_1 == BUY || side_1 == SELL;

    always_comb begin
        unique case (index_1)
            8'd0: is_word = amount_is_state;
            8'd1, 8'd2: is_word = amount_is_collar;
            8'd3: is_word = amount_is_rate;
            8'd4, 8'd5: is_word = amount_is_money;
            8'd6: is_word = amount_is_time;
            default: is_word = index_1[7:4] == 4'd1 && amount_is_rate;
        endcase
        unique case (index_1)
            8'd0: has_owner = has_account;
            8'd1: has_owner = has_session;
            8'd2: has_owner = has_instrument;
            default: has_owner = 1'b0;
        endcase
        has_owner = has_owner && kind_1 <= 8'd1;
    end

    assign is_order_like = op_1 == OP_ORDER || op_1 == OP_CANCEL;
    assign is_traded = has_side && price_is_price
        && (op_1 == OP_CANCEL || is_lots)
        && (op_1 != OP_ORDER || (is_qty && has_qty && kind_1 <= 8'd1))
        && (!is_order_like || has_session);

    always_comb begin
        unique case (op_1)
            OP_ORDER, OP_RELEASE, OP_FILL, OP_CANCEL: good = is_traded;
            OP_LIMIT, OP_PAIR: good = price_is_credit && amount_is_credit;
            OP_TERMS: good = is_qty && amount_is_money && index_1 < 8'd16;
            OP_ACCOUNT: good = amount_is_lane && index_1 <= {5'd0, KILLED};
            OP_LANE: good = amount_is_lane && index_1 < 8'(LANES);
            OP_MONEY: good = amount_is_lane;
            OP_STATE: good = index_1 <= {5'd0, KILLED}
                && ((kind_1 == 8'd0 && has_account) || (kind_1 == 8'd1 && has_session));
            OP_INSTRUMENT: good = has_side && is_word;
            OP_BUCKET: good = price_is_interval && amount_is_tolerance && has_owner;
            OP_DEBT: good = amount_is_time && has_owner;
            OP_TICK: good = amount_is_time;
            OP_KILL: good = index_1 <= 8'd1;
            default: good = 1'b0;
        endcase
    end

    always_comb begin
        command.valid = valid_1;
        command.order = op_1 == OP_ORDER;
        command.release_ = op_1 == OP_RELEASE;
        command.fill = op_1 == OP_FILL;
        command.cancel = op_1 == OP_CANCEL;
        command.limit = op_1 == OP_LIMIT;
        command.pair = op_1 == OP_PAIR;
        command.terms = op_1 == OP_TERMS;
        command.account = op_1 == OP_ACCOUNT;
        command.lane = op_1 == OP_LANE;
        command.money = op_1 == OP_MONEY;
        command.state = op_1 == OP_STATE;
        command.instrument = op_1 == OP_INSTRUMENT;
        command.bucket = op_1 == OP_BUCKET;
        command.debt = op_1 == OP_DEBT;
        command.tick = op_1 == OP_TICK;
        command.kill = op_1 == OP_KILL;
        command.traded = command.order || command.release_ || command.fill;
        command.well_formed = good;
        command.has_account = has_account;
        command.has_instrument = has_instrument;
        command.sell = side_1 == SELL;
        // A fill frees the other side: what was held for it stays with the position.
        command.freed_sell = (side_1 == SELL) != (op_1 == OP_FILL);
        command.kind = kind_1[0];
        command.index = index_1;
        command.account_key = account_key;
        command.instrument_key = instrument_key;
        command.session_key = session_key;
    end
endmodule
