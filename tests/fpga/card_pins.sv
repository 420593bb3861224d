// The card with as many pins as a package has: commands are shifted in and responses out, between
// registers, so that place and route measures the card alone. For make fpga-synth only.
module card_pins (
    input logic clk,
    input logic shift,
    input logic in_bit,
    output logic out_bit
);
    localparam int IN = 1 + 3 * 64 + 3 * 32 + 2 * 16 + 4 * 8;
    localparam int OUT = 1 + 4 * 64;

    // Held twice: what is shifted may stand far from the card.
    logic [IN-1:0] in_shifted, in_kept, in_held;
    logic [OUT-1:0] out_shifted, out_kept, out_held, out;

    always_ff @(posedge clk) begin
        in_shifted <= {in_shifted[IN-2:0], in_bit};
        if (shift) in_kept <= in_shifted;
        in_held <= in_kept;
        {out_held, out_kept} <= {out, out_held};
        out_shifted <= shift ? out_kept : {out_shifted[OUT-2:0], 1'b0};
        out_bit <= out_shifted[OUT-1];
    end

    logic valid;
    logic [63:0] tag, price, amount;
    logic [31:0] order_qty, lots, account;
    logic [15:0] instrument, session;
    logic [7:0] op, side, kind, index;

    assign {valid, tag, price, amount, order_qty, lots, account, instrument, session, op, side,
        kind, index} = in_held;

    card card (
        .clk, .in_valid(valid), .in_tag(tag), .in_price(price), .in_amount(amount),
        .in_order_qty(order_qty), .in_lots(lots), .in_account(account),
        .in_instrument(instrument), .in_session(session), .in_op(op), .in_side(side),
        .in_kind(kind), .in_index(index), .out_valid(out[256]), .out_tag(out[255:192]),
        .out_verdict(out[191:128]), .out_margin(out[127:64]), .out_available(out[63:0]));
endmodule
