// A table of few rows, read in the clock in which its key is there, and written in the same stage:
// the next command reads a clock later, so nothing is forwarded.
module small_ram #(
    parameter int KEY = 4,
    parameter int WIDTH = 4
) (
    input logic clk,
    input logic [KEY-1:0] key,
    output logic [WIDTH-1:0] value,
    input logic write,
    input logic [WIDTH-1:0] new_value
);
    (* ram_style = "distributed", no_rw_check *)
    logic [WIDTH-1:0] rows[2**KEY];

    initial rows = '{default: '0};

    always_ff @(posedge clk) begin
        if (write) rows[key] <= new_value;
        value <= rows[key];
    end
endmodule
