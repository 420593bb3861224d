// The least of 17 signed values: all pairs of a group are compared at once, twice; four clocks.
module least_of #(
    parameter int COUNT = 4,
    parameter int WIDTH = 56
) (
    input logic clk,
    input logic [WIDTH-1:0] values[COUNT],
    output logic [WIDTH-1:0] least
);
    logic [WIDTH-1:0] kept[COUNT];
    logic [COUNT-1:0] is_before[COUNT];
    logic [COUNT-1:0] is_least;
    logic [WIDTH-1:0] found;

    always_ff @(posedge clk) begin
        for (int i = 0; i < COUNT; i++) begin
            kept[i] <= values[i];
            for (int j = i + 1; j < COUNT; j++) is_before[i][j] <= $signed(values[i]) <= $signed(values[j]);
        end
        least <= found;
    end

    always_comb begin
        found = '0;
        for (int i = 0; i < COUNT; i++) begin
            is_least[i] = 1'b1;
            for (int j = 0; j < COUNT; j++) begin
                if (j > i) is_least[i] &= is_before[i][j];
                if (j < i) is_least[i] &= !is_before[j][i];
            end
            found |= kept[i] & {WIDTH{is_least[i]}};
        end
    end
endmodule

module least #(
    parameter int WIDTH = 56
) (
    input logic clk,
    input logic [WIDTH-1:0] values[17],
    output logic [WIDTH-1:0] least
);
    logic [WIDTH-1:0] found[4];

    // 17 = 5 + 4 + 4 + 4.
    for (genvar i = 0; i < 4; i++) begin : groups
        localparam int COUNT = i == 0 ? 5 : 4;
        logic [WIDTH-1:0] members[COUNT];

        for (genvar j = 0; j < COUNT; j++) begin : member
            assign members[j] = values[i == 0 ? j : 4 * i + 1 + j];
        end
        least_of #(.COUNT(COUNT), .WIDTH(WIDTH)) group (.clk, .values(members), .least(found[i]));
    end
    least_of #(.COUNT(4), .WIDTH(WIDTH)) last (.clk, .values(found), .least(least));
endmodule
