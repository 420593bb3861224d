// Widths, commands and bits of a verdict: card.h and RISK.md say the same.
package card_pkg;

    localparam int ACCOUNT_BITS = 8;
    localparam int INSTRUMENT_BITS = 4;
    localparam int SESSION_BITS = 6;
    localparam int PAIR_BITS = ACCOUNT_BITS + INSTRUMENT_BITS;
    localparam int SCENARIOS = 16;
    localparam int LANES = SCENARIOS + 1;

    localparam int LANE = 56;      // signed money of a lane
    localparam int CREDIT = 36;    // signed lots
    localparam int MONEY = 54;     // money of one product
    localparam int RATE = 36;      // money of one lot in a scenario, or of a tick
    localparam int PRICE = 36;     // signed
    localparam int QTY = 18;
    localparam int TIME = 62;
    localparam int FRACTION = 31;  // of a price rate

    localparam logic [7:0] BUY = 8'd49;
    localparam logic [7:0] SELL = 8'd50;

    localparam logic [2:0] REDUCING = 3'd2;
    localparam logic [2:0] HALTED = 3'd3;
    localparam logic [2:0] KILLED = 3'd4;

    typedef enum logic [7:0] {
        OP_ORDER = 8'd1, OP_RELEASE = 8'd2, OP_FILL = 8'd3, OP_CANCEL = 8'd4, OP_LIMIT = 8'd5,
        OP_PAIR = 8'd6, OP_TERMS = 8'd7, OP_ACCOUNT = 8'd8, OP_LANE = 8'd9,
        OP_MONEY = 8'd10, OP_STATE = 8'd11, OP_INSTRUMENT = 8'd12, OP_BUCKET = 8'd13,
        OP_DEBT = 8'd14, OP_TICK = 8'd15, OP_KILL = 8'd16
    } op_t;

    // What a command is, decoded once; handles are cut to the tables' sizes.
    typedef struct packed {
        logic valid;
        logic order, release_, fill, cancel, limit, pair, terms, account, lane, money;
        logic state, instrument, bucket, debt, tick, kill;
        logic traded;  // an order, release or fill
        logic well_formed, has_account, has_instrument;
        logic sell, freed_sell, kind;
        logic [7:0] index;
        logic [ACCOUNT_BITS-1:0] account_key;
        logic [INSTRUMENT_BITS-1:0] instrument_key;
        logic [SESSION_BITS-1:0] session_key;
    } command_t;

    // One side of an instrument, less its scan rates.
    typedef struct packed {
        logic has_mark, is_open;
        logic [2:0] state;
        logic signed [PRICE-1:0] collar_low, collar_high;
        logic [RATE-1:0] tick_value;
        logic [MONEY-1:0] price_rate, lot_margin;
        logic [TIME-1:0] stale_at;
    } row_t;

    // Which commands before have the row of this one, from the first before on (ledger_keys.sv).
    typedef struct packed {
        logic first_8, second_8, third_8, fourth_7, fifth_7, sixth_7, touch_11;
    } meets_t;

    // The verdict's bits that are there; the place of each is its reason's code.
    typedef struct packed {
        logic malformed, unknown_account, unknown_instrument, killed, halted, closed;
        logic not_permitted, restricted, side_locked, reducing, size, notional, no_mark, stale;
        logic collar, order_rate, replace_rate, no_terms, position, margin, overflow;
    } reasons_t;

    function automatic logic [63:0] verdict_of(input reasons_t r);
        verdict_of = 64'd0;
        verdict_of[1] = r.malformed;
        verdict_of[2] = r.unknown_account;
        verdict_of[3] = r.unknown_instrument;
        verdict_of[7] = r.killed;
        verdict_of[8] = r.halted;
        verdict_of[11] = r.closed;
        verdict_of[12] = r.not_permitted;
        verdict_of[13] = r.restricted;
        verdict_of[14] = r.side_locked;
        verdict_of[15] = r.reducing;
        verdict_of[20] = r.size;
        verdict_of[25] = r.notional;
        verdict_of[26] = r.no_mark;
        verdict_of[27] = r.stale;
        verdict_of[28] = r.collar;
        verdict_of[31] = r.order_rate;
        verdict_of[32] = r.replace_rate;
        verdict_of[43] = r.no_terms;
        verdict_of[44] = r.position;
        verdict_of[51] = r.margin;
        verdict_of[54] = r.overflow;
        verdict_of[63] = 1'b1;
    endfunction

endpackage
