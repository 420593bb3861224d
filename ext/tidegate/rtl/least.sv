// The least of 17 signed values, after four clocks: 17 to 9, to 5, to 3, to 1.
module least #(
    parameter int WIDTH = 56
) (
    input logic clk,
    input logic [WIDTH-1:0] values[17],
    output logic [WIDTH-1:0] least
);
    logic [WIDTH-1:0] of_nine[9], of_five[5];
    logic [WIDTH-1:0] first, second, third;
    logic is_first, is_before_third;

    function automatic logic [WIDTH-1:0] lesser(
        input logic [WIDTH-1:0] left, input logic [WIDTH-1:0] right);
        return $signed(left) < $signed(right) ? left : right;
    endfunction

    // Both compared with the third before it is known which of them is the lesser.
    assign is_first = $signed(first) < $signed(second);
    assign is_before_third = is_first ? $signed(first) < $signed(third)
        : $signed(second) < $signed(third);

    always_ff @(posedge clk) begin
        for (int i = 0; i < 8; i++) of_nine[i] <= lesser(values[2*i], values[2*i+1]);
        of_nine[8] <= values[16];
        for (int i = 0; i < 4; i++) of_five[i] <= lesser(of_nine[2*i], of_nine[2*i+1]);
        of_five[4] <= of_nine[8];
        first <= lesser(of_five[0], of_five[1]);
        second <= lesser(of_five[2], of_five[3]);
        third <= of_five[4];
        least <= is_before_third ? (is_first ? first : second) : third;
    end
endmodule
