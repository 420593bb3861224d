"""`tidegate margin`: what it prints, and what it says when it will not."""

import json
import re
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from span_rig import SMALL, future, margin, option, refusal, run

from tidegate.span.numbers import plain

ASKED_FOR = {
    "scan",
    "active_scenario",
    "intra",
    "delivery",
    "inter_credit",
    "som",
    "span_risk",
    "long_option_value",
    "short_option_value",
    "requirement",
}
GOLD = future("GA", "202512", 1)


def call(maturity: str, strike: Any, qty: int, **more: Any) -> dict[str, Any]:
    return {**option(maturity, "C", strike, qty), "product": "OA", **more}


def test_every_part_is_printed_per_combined_commodity_and_totals_per_currency(
    tmp_path: Path,
) -> None:
    positions = [GOLD, call("202601", "4300", -1), future("EI", "202512", 2)]
    found = margin(tmp_path, {"positions": positions}, SMALL)
    assert list(found["combined_commodities"]) == ["CC-AU", "CC-EI"]
    assert all(part.keys() >= ASKED_FOR for part in found["combined_commodities"].values())
    assert list(found["totals"]) == ["EUR", "USD"]
    assert "hold" not in found
    assert found["parameters"][0]["skipped_records"] == {"1 ": 1, "T ": 1}


def test_numbers_are_integers_where_whole_and_exact_decimals_elsewhere(tmp_path: Path) -> None:
    positions = [call("202601", "4300", 1), future("GA", "202512", -1)]
    result = run(tmp_path, {"positions": positions}, SMALL)
    part = json.loads(result.output, parse_float=str)["combined_commodities"]["CC-AU"]
    # 0.42 spreads of 202512 and 202602 at 200, and 0.42 * 50 + 0.58 * 120 for delivery.
    assert (part["intra"], part["delivery"]) == (84, "90.6")


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        (Fraction(-4400), -4400),
        (Fraction(1, 8), Decimal("0.125")),
        (Fraction(10**30 + 1, 10**12), Decimal("1000000000000000000.000000000001")),
        (Fraction(1, 3), Decimal("0.3334")),
        (Fraction(-1, 3), Decimal("-0.3333")),
    ],
)
def test_a_figure_is_exact_and_rounded_up_only_without_finite_decimal(
    figure: Fraction, expected: Any
) -> None:
    assert plain(figure) == expected


def test_lots_of_one_contract_are_netted(tmp_path: Path) -> None:
    found = margin(tmp_path, {"positions": [GOLD, GOLD, future("GA", "202512", -2)]}, SMALL)
    part = found["combined_commodities"]["CC-AU"]
    assert {part[name] for name in ASKED_FOR - {"active_scenario"}} == {0}


def test_an_empty_portfolio_needs_0_in_every_currency(tmp_path: Path) -> None:
    found = margin(tmp_path, {}, SMALL)
    nothing = {"span_risk": 0, "net_option_value": 0, "requirement": 0}
    assert found["combined_commodities"] == {}
    assert found["totals"] == {"EUR": nothing, "USD": nothing}


def test_orders_add_a_hold_beside_the_exact_figure(tmp_path: Path) -> None:
    orders = [
        {**future("GA", "202602", 2), "side": "SELL"},
        {**call("202601", "4300", 1), "price": "70"},
    ]
    found = margin(tmp_path, {"positions": [GOLD], "orders": orders}, SMALL)
    held = found["hold"]["combined_commodities"]["CC-AU"]
    assert found["totals"]["USD"]["requirement"] == 9000 + 120
    # Down 3/3 with the call bought: 9,000 + 1,770 or 3,170 and no sells.
    assert (held["scan"], held["active_scenario"]) == (9000 + 3170, 14)
    assert held["premium"] == 7000
    assert found["hold"]["totals"]["USD"]["requirement"] == held["requirement"]


def test_an_order_alone_is_held_though_nothing_is_required(tmp_path: Path) -> None:
    found = margin(tmp_path, {"orders": [{**GOLD, "side": "BUY"}]}, SMALL)
    assert found["combined_commodities"]["CC-AU"]["requirement"] == 0
    assert found["totals"]["USD"]["requirement"] == 0
    assert found["hold"]["totals"]["USD"]["requirement"] == 9000 + 120


def test_strikes_and_maturities_may_be_numbers_and_strikes_of_any_places(tmp_path: Path) -> None:
    expected = margin(tmp_path, {"positions": [call("202601", "4300", 1)]}, SMALL)
    for stated in ({**call("202601", 4300, 1), "maturity": 202601}, call("202601", "4300.00", 1)):
        assert margin(tmp_path, {"positions": [stated]}, SMALL) == expected


def test_several_files_are_several_exchange_complexes_that_do_not_help_each_other(
    tmp_path: Path,
) -> None:
    text = SMALL.read_text().replace("0 DEMO  ", "0 OTHER ", 1)
    for code, kind in (("GA", "FUT"), ("OA", "OOF")):
        text = text.replace(f"DEM{code} ", f"DEM{code[0]}X ")
        text = text.replace(f"   {code}        {kind}", f"   {code[0]}X        {kind}")
    other = tmp_path / "other.pa2"
    other.write_text(text)
    positions = [call("202601", "4300", 5), {**GOLD, "product": "GX"}]
    found = margin(tmp_path, {"positions": positions}, SMALL, other)
    parts = found["combined_commodities"]
    assert parts["DEMO/CC-AU"]["requirement"] < 0
    assert parts["OTHER/CC-AU"]["requirement"] == 9000 + 120
    assert found["totals"]["USD"]["requirement"] == 9000 + 120
    message = refusal(tmp_path, {"positions": [future("SI", "202603", 1)]}, SMALL, other)
    assert "expected it in one file" in message


def test_the_readme_s_portfolio_is_margined_with_the_readme_s_file(tmp_path: Path) -> None:
    readme = (SMALL.parent.parent.parent / "README.md").read_text()
    assert f"--params {SMALL.relative_to(SMALL.parent.parent.parent)}\n" in readme
    [portfolio] = re.findall(r"^```json\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    found = margin(tmp_path, portfolio, SMALL)
    assert found["hold"]["totals"].keys() == {"USD"}
    assert (
        found["totals"]["USD"]["requirement"]
        == found["combined_commodities"]["CC-AU"]["requirement"]
    )


def test_the_sample_rate_table_margins_both_models(tmp_path: Path) -> None:
    table = SMALL.parent.parent.parent / "configs" / "rates.toml"
    positions = [
        {"product": "au", "maturity": "2106", "qty": 2, "yesterday": 1},
        {"product": "au", "maturity": "2106", "qty": -1},
        {"instrument": "GCZ3", "qty": -3},
    ]
    found = margin(tmp_path, {"positions": positions}, table)
    # The larger side of gold: yesterday's lot at 391.74, today's at 392.00.
    gold = 1000 * (Decimal("391.74") + 392) * Decimal("0.08")
    assert found["totals"]["CNY"]["requirement"] == gold
    assert found["totals"]["USD"]["requirement"] == 3 * 8000


ARRAY = [0] * 15 + [7]


@pytest.mark.parametrize(
    "positions",
    [
        [{"product": "fut", "qty": 2}],
        [{"array": "fut", "qty": 2}],
        [{"instrument": "fut", "qty": 1}, {"product": "fut", "qty": 1}],
        {"fut": 2},
    ],
)
def test_arrays_may_stand_in_the_portfolio(positions: Any, tmp_path: Path) -> None:
    found = margin(tmp_path, {"arrays": {"fut": ARRAY}, "positions": positions})
    part = found["combined_commodities"]["arrays"]
    assert part.keys() >= ASKED_FOR
    assert (part["scan"], part["active_scenario"], part["requirement"]) == (14, 16, 14)
    assert found["totals"] == {"XXX": {"span_risk": 14, "net_option_value": 0, "requirement": 14}}


def test_orders_in_arrays_are_held_at_their_worst(tmp_path: Path) -> None:
    portfolio = {
        "arrays": {"a": ARRAY, "b": [-7] + [0] * 15},
        "positions": {"a": 1},
        "orders": [{"array": "a", "qty": 2}, {"array": "b", "qty": 3, "side": "SELL"}],
        "currency": "USD",
    }
    found = margin(tmp_path, portfolio)
    assert found["totals"]["USD"]["requirement"] == 7
    assert found["hold"]["totals"] == {"USD": {"requirement": 21}}


@pytest.mark.parametrize(
    ("portfolio", "message"),
    [
        ("", "expected a portfolio in JSON"),
        ("[]", "Expected `object`"),
        ("[" * 100_000, "expected a portfolio in JSON"),
        ('{"positions": [{"product": "\\ud800"}]}', "expected a portfolio in JSON"),
        ({"position": []}, "unknown field `position`"),
        ({"positions": [{**GOLD, "qty": 1.5}]}, "positions[0].qty"),
        ({"positions": [{**GOLD, "qty": "1"}]}, "positions[0].qty"),
        ({"positions": [{**GOLD, "qty": 10**25}]}, "positions[0].qty"),
        ({"positions": [{**GOLD, "qty": -(2**63)}]}, "fits 64 bits"),
        ({"positions": [{"product": "GA", "qty": 1}]}, "missing required field `maturity`"),
        ({"positions": [future("XX", "202512", 1)]}, "has no 'XX'"),
        ({"positions": [future("GA", "203012", 1)]}, "maturities of GA are 202512, 202602"),
        ({"positions": [call("202601", "4301", 1)]}, "no risk array for OA 202601 C 4301"),
        ({"positions": [call("202601", "4300", 1, right="c")]}, "right: 'c'; expected C or P"),
        ({"positions": [{**GOLD, "right": "C"}]}, "expected right and strike for an option"),
        ({"positions": [{**GOLD, "strike": "1"}]}, "expected right and strike for an option"),
        ({"positions": [call("202601", "NaN", 1)]}, "strike: NaN; expected a finite number"),
        ({"positions": [call("202601", "1e999999", 1)]}, "at most 38 digits"),
        ({"positions": [{**GOLD, "exchange": "CME"}]}, "no risk array for GA 202512"),
        ({"orders": [GOLD | {"side": "BUY", "qty": 0}]}, "orders[0].qty: 0"),
        ({"orders": [GOLD | {"price": "Infinity"}]}, "orders[0].price: Infinity; expected a"),
    ],
)
def test_a_bad_portfolio_is_refused_in_one_sentence(
    portfolio: Any, message: str, tmp_path: Path
) -> None:
    assert message in refusal(tmp_path, portfolio, SMALL)


@pytest.mark.parametrize(
    ("portfolio", "message"),
    [
        ({"positions": [GOLD]}, "expected --params FILE"),
        ({"arrays": {"a": [1] * 15}, "positions": []}, "15 numbers; expected 16"),
        ({"arrays": {"a": ARRAY}, "positions": {"b": 1}}, "no array 'b'; expected one of a"),
        ({"arrays": {"a": ARRAY}, "positions": [{"qty": 1}]}, "no array ''"),
        ({"arrays": {"a": ARRAY}, "pnl": {"a": ARRAY}}, "expected it in arrays or in pnl"),
        ({"arrays": {}}, "arrays: none"),
        ({"arrays": {"a": ["NaN"] * 16}}, "expected a finite number"),
        (
            {"arrays": {"a": ARRAY}, "positions": {"a": 2**64}},
            "positions[0].qty: 18446744073709551616",
        ),
    ],
)
def test_bad_arrays_are_refused_in_one_sentence(
    portfolio: Any, message: str, tmp_path: Path
) -> None:
    assert message in refusal(tmp_path, portfolio)


def test_arrays_and_a_file_do_not_go_together(tmp_path: Path) -> None:
    assert "expected no --params" in refusal(tmp_path, {"arrays": {"a": ARRAY}}, SMALL)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("")
    assert "expected .pa2 files, or one rate table" in refusal(tmp_path, {"positions": []}, path)


def test_help_says_how_a_portfolio_is_written_and_loads_nothing_native() -> None:
    script = "import sys, tidegate.cli as c; c.main(['--help'], standalone_mode=False);"
    script += "print([m for m in sys.modules if m.startswith(('tidegate.span', 'numpy'))])"
    command = [sys.executable, "-c", script]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "margin" in shown
    assert shown.endswith("[]\n")
    script = "import tidegate.cli as c; c.main(['margin', '--help'], standalone_mode=False)"
    command = [sys.executable, "-c", script]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert '"arrays"' in shown
    assert "positive = loss" in shown
