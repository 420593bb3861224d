// One write port, one read port. What a read gives of a row that is written at the same edge is
// never used: who writes forwards it.
module block_ram #(
    parameter int KEY = 8,
    parameter int WIDTH = 36
) (
    input logic clk,
    input logic [KEY-1:0] read_key,
    output logic [WIDTH-1:0] read_value,
    input logic write,
    input logic [KEY-1:0] write_key,
    input logic [WIDTH-1:0] write_value
);
    (* ram_style = "block", no_rw_check *)
    logic [WIDTH-1:0] rows[2**KEY];

    initial rows = '{default: '0};

    always_ff @(posedge clk) begin
        if (write) rows[write_key] <= write_value;
        read_value <= rows[read_key];
    end
endmodule
