"""The open vectors, by id, through the command."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from span_rig import SYNTHETIC, VECTORS, future, margin, option

from tidegate.span.price_fields import decimal_price

pytestmark = pytest.mark.skipif(not VECTORS.exists(), reason="the vectors are not beside this tree")

NAMES = {
    "scan": "scan",
    "act": "active_scenario",
    "intra": "intra",
    "som": "som",
    "span": "span_risk",
    "lov": "long_option_value",
    "sov": "short_option_value",
    "credit": "inter_credit",
    "wfpr": "wfpr",
    "req": "requirement",
}


def vector(name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(v for v in json.loads(VECTORS.read_text()) if v["id"] == name)
    return found


def compare(expected: dict[str, Any], parts: dict[str, Any]) -> None:
    assert {name: parts[NAMES[name]] for name in expected} == expected


SYNTHETIC_POSITIONS = {
    "SPAN-S1": [future("ZZ", "202509", 1)],
    "SPAN-S2": [future("ZZ", "202510", -3)],
    "SPAN-S3": [future("ZZ", "202509", 1), future("ZZ", "202510", -1)],
    "SPAN-S6": [option("202512", "P", "3200", -10)],
    "SPAN-S7": [option("202512", "C", "3600", 1)],
}


@pytest.mark.parametrize("name", SYNTHETIC_POSITIONS)
def test_a_vector_on_the_synthetic_file_comes_out_part_by_part(name: str, tmp_path: Path) -> None:
    found = margin(tmp_path, {"positions": SYNTHETIC_POSITIONS[name]}, SYNTHETIC)
    compare(vector(name)["expected"], found["combined_commodities"]["CC-ZZ"])


def test_span_s10_credits_both_commodities(tmp_path: Path) -> None:
    positions = [future("ZZ", "202512", 2), future("YY", "202512", -3)]
    found = margin(tmp_path, {"positions": positions}, SYNTHETIC)["combined_commodities"]
    for code, expected in vector("SPAN-S10")["expected"].items():
        compare(expected, found[f"CC-{code}"])


@pytest.mark.parametrize(
    ("name", "array"), [("SPAN-P1", "pnl_long_future"), ("SPAN-P2", "pnl_long_call_410")]
)
def test_a_textbook_s_table_of_profits_gives_its_scan_risk(
    name: str, array: str, tmp_path: Path
) -> None:
    given = vector(name)
    portfolio = {
        "pnl": {"it": given["input"][array]},
        "positions": [{"product": "it", "qty": 1}],
    }
    losses = {
        "arrays": {"it": [-value for value in given["input"][array]]},
        "positions": [{"array": "it", "qty": 1}],
    }
    for stated in (portfolio, losses):
        parts = margin(tmp_path, stated)["combined_commodities"]["arrays"]
        assert parts["scan"] == parts["requirement"] == given["expected"]["scan_risk"]
        assert parts["active_scenario"] == given["expected"]["scenario"]


def test_span_p4_is_the_published_margin(tmp_path: Path) -> None:
    given = vector("SPAN-P4")
    portfolio = {"arrays": {"gc": given["input"]["gc_202509_array"]}, "positions": {"gc": 1}}
    parts = margin(tmp_path, portfolio)["combined_commodities"]["arrays"]
    assert parts["scan"] == given["expected"]["scan_risk"]


def test_span_p8_multiplies_decimals_exactly(tmp_path: Path) -> None:
    given = vector("SPAN-P8")
    worst = given["input"]["nifty_worst_per_unit"]
    positions = [{"product": "nifty", "qty": given["input"]["lot"]}]
    portfolio = {"arrays": {"nifty": [worst] + [0] * 15}, "positions": positions}
    found = margin(tmp_path, portfolio)["totals"]["XXX"]["requirement"]
    assert found == given["expected"]["margin_per_lot"]


@pytest.mark.parametrize("name", ["PA2-0251100", "PA2-0091905"])
def test_a_price_field_is_read_with_its_locator(name: str) -> None:
    given = vector(name)
    found = decimal_price(**{k: given["input"][k] for k in ("field", "locator", "align")})
    assert str(found) == given["expected"]["price"]


def rate_table(tmp_path: Path, **terms: Any) -> Path:
    path = tmp_path / "rates.json"
    path.write_text(json.dumps({"currency": "CNY", "instruments": [terms]}))
    return path


def test_cn_3_is_the_rate_of_gold(tmp_path: Path) -> None:
    given = vector("CN-3")
    rate = given["input"]["rate_by_money"]
    table = rate_table(
        tmp_path,
        instrument="au2106",
        multiplier=given["input"]["mult"],
        model="long_short",
        pre_settlement=given["input"]["au2106 pre_settle"],
        rates=[{"long_by_money": rate, "short_by_money": rate}],
    )
    positions = [{"product": "au2106", "qty": given["input"]["lots"]}]
    found = margin(tmp_path, {"positions": positions}, table)["totals"]["CNY"]["requirement"]
    assert found == Decimal(given["expected"]["margin"])


@pytest.mark.parametrize("name", ["RES-0", "RES-1", "RES-5"])
def test_a_reserve_is_the_worst_that_fills_can_reach(name: str, tmp_path: Path) -> None:
    given = vector(name)["input"]
    table = rate_table(
        tmp_path,
        instrument="x",
        multiplier=1,
        pre_settlement=1,
        rates=[{"long_by_volume": given["mL"], "short_by_volume": given["mS"]}],
    )
    orders = [
        {"product": "x", "side": side, "qty": given[key]}
        for side, key in (("BUY", "pend_buy"), ("SELL", "pend_sell"))
        if given[key]
    ]
    portfolio = {"positions": [{"product": "x", "qty": given["pos"]}], "orders": orders}
    found = margin(tmp_path, portfolio, table)["totals"]["CNY"]
    assert found["hold"] == vector(name)["expected"]["R"]


def test_res_gc2_holds_an_order_by_volume(tmp_path: Path) -> None:
    given = vector("RES-GC2")
    rate = given["input"]["MM"]
    table = rate_table(
        tmp_path,
        instrument="ZFZ4",
        multiplier=1000,
        pre_settlement="107.5",
        rates=[{"long_by_volume": rate, "short_by_volume": rate}],
    )
    orders = [{"product": "ZFZ4", "side": "BUY", "qty": 500}]
    found = margin(tmp_path, {"orders": orders}, table)["totals"]["CNY"]
    assert (found["requirement"], found["hold"]) == (0, given["expected"]["exposure"])
