// A word as it was some clocks ago, 2 to 16: a ring of rows instead of a register a clock.
module delay #(
    parameter int CLOCKS = 2,
    parameter int WIDTH = 64
) (
    input logic clk,
    input logic [WIDTH-1:0] value,
    output logic [WIDTH-1:0] delayed
);
    (* ram_style = "distributed", no_rw_check *)
    logic [WIDTH-1:0] rows[16];
    logic [3:0] write_at, read_at;

    initial write_at = '0;
    initial read_at = 4'(17 - CLOCKS);

    always_ff @(posedge clk) begin
        write_at <= write_at + 4'd1;
        read_at <= read_at + 4'd1;
        rows[write_at] <= value;
        delayed <= rows[read_at];
    end
endmodule
