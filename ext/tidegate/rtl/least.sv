// The least of 17 signed values: all pairs of a group are compared at once, twice; four clocks.
module least_of #(
    parameter int COUNT = 4,
    parameter int WIDTH = 56
) (
    input logic clk,
    input logic signed [COUNT-1:0][WIDTH-1:0] values,
    output logic [WIDTH-1:0] least
);
    logic [COUNT-1:0][WIDTH-1:0] kept;
    logic [COUNT-1:0][COUNT-1:0] is_before;
    logic [COUNT-1:0] is_least;
    logic [WIDTH-1:0] found;

    always_ff @(posedge clk) begin
        kept <= values;
        for (int i = 0; i < COUNT; i++)
            for (int j = i + 1; j < COUNT; j++)
                is_before[i][j] <= $signed(values[i]) <= $signed(values[j]);
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
    input logic [16:0][WIDTH-1:0] values,
    output logic [WIDTH-1:0] least
);
    logic [3:0][WIDTH-1:0] found;

    least_of #(.COUNT(5), .WIDTH(WIDTH)) group_0 (.clk, .values(values[4:0]), .least(found[0]));
    for (genvar i = 1; i < 4; i++) begin : groups
        least_of #(.COUNT(4), .WIDTH(WIDTH)) group (
            .clk, .values(values[4*i+1+:4]), .least(found[i]));
    end
    least_of #(.COUNT(4), .WIDTH(WIDTH)) last (.clk, .values(found), .least(least));
endmodule
