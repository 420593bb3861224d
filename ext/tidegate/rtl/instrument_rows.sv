// One row a side of an instrument, loaded word by word. Clock 2 to 3. Scan rates are in lane.sv.
module instrument_rows
    import card_pkg::*;
(
    input logic clk,
    input logic [INSTRUMENT_BITS:0] key,
    input logic [6:0] writes,
    input logic [TIME-1:0] amount,
    output row_t row
);
    small_ram #(.KEY(INSTRUMENT_BITS + 1), .WIDTH(5)) state (
        .clk, .key, .write(writes[0]), .new_value(amount[4:0]),
        .value({row.has_mark, row.is_open, row.state}));
    small_ram #(.KEY(INSTRUMENT_BITS + 1), .WIDTH(PRICE)) collar_low (
        .clk, .key, .write(writes[1]), .new_value(amount[PRICE-1:0]), .value(row.collar_low));
    small_ram #(.KEY(INSTRUMENT_BITS + 1), .WIDTH(PRICE)) collar_high (
        .clk, .key, .write(writes[2]), .new_value(amount[PRICE-1:0]), .value(row.collar_high));
    small_ram #(.KEY(INSTRUMENT_BITS + 1), .WIDTH(RATE)) tick_value (
        .clk, .key, .write(writes[3]), .new_value(amount[RATE-1:0]), .value(row.tick_value));
    small_ram #(.KEY(INSTRUMENT_BITS + 1), .WIDTH(MONEY)) price_rate (
        .clk, .key, .write(writes[4]), .new_value(amount[MONEY-1:0]), .value(row.price_rate));
    small_ram #(.KEY(INSTRUMENT_BITS + 1), .WIDTH(MONEY)) lot_margin (
        .clk, .key, .write(writes[5]), .new_value(amount[MONEY-1:0]), .value(row.lot_margin));
    small_ram #(.KEY(INSTRUMENT_BITS + 1), .WIDTH(TIME)) stale_at (
        .clk, .key, .write(writes[6]), .new_value(amount[TIME-1:0]), .value(row.stale_at));
endmodule
