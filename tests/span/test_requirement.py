"""The exact requirement against a second computation, and the properties of every margin."""

from fractions import Fraction

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from span_rig import SMALL
from span_twin import PORTFOLIO, TERMS, Twin

from tidegate.span.pa2 import read_pa2
from tidegate.span.portfolio import Portfolio, holdings
from tidegate.span.requirement import Parts, requirement, totals

SET = read_pa2(SMALL)
TWIN = Twin(SMALL)

Lots = dict[str, int]

lots = st.dictionaries(st.sampled_from(sorted(TERMS)), st.integers(-3, 3), max_size=8).map(
    # Short, it has no price to be bought back at, and is refused.
    lambda held: {name: abs(q) if name == "OA_C5200" else q for name, q in held.items() if q}
)


def parts_of(held: Lots) -> dict[str, Parts]:
    """By the last two letters of the combined commodity."""
    rows = [{**PORTFOLIO[name], "qty": qty} for name, qty in held.items()]
    portfolio = msgspec.convert({"positions": rows}, Portfolio)
    [(_, found)] = holdings([SET], portfolio)
    parts = requirement(SET, [entry.held for entry in found])
    return {part.combined_commodity[3:]: part for part in parts}


@given(lots)
@settings(max_examples=80, deadline=None)
def test_all_parts_equal_the_second_computation(held: Lots) -> None:
    found = parts_of(held)
    expected = TWIN.parts(list(held.items()))
    assert found.keys() == expected.keys()
    for code, parts in expected.items():
        assert {name: getattr(found[code], name) for name in parts} == parts, code


@given(lots)
@settings(deadline=None)
def test_credits_are_never_negative_and_never_more_than_the_scan(held: Lots) -> None:
    for part in parts_of(held).values():
        assert 0 <= part.inter_credit <= part.scan
        assert part.span_risk >= part.som >= 0
        assert min(part.scan, part.intra, part.delivery, part.wfpr) >= 0


@given(lots, lots)
@settings(deadline=None)
def test_scan_risk_of_two_accounts_together_is_at_most_the_sum(one: Lots, other: Lots) -> None:
    both = {name: one.get(name, 0) + other.get(name, 0) for name in {*one, *other}}
    first, second, joined = parts_of(one), parts_of(other), parts_of(both)
    for code, part in joined.items():
        alone = sum((found[code].scan for found in (first, second) if code in found), Fraction(0))
        assert part.scan <= alone


@given(lots, st.integers(2, 5))
@settings(deadline=None)
def test_the_requirement_grows_with_the_lots(held: Lots, times: int) -> None:
    once, more = parts_of(held), parts_of({name: qty * times for name, qty in held.items()})
    for code, part in once.items():
        assert more[code].requirement == part.requirement * times
        assert more[code].active_scenario == part.active_scenario


@given(lots)
@settings(deadline=None)
def test_the_order_of_positions_changes_nothing(held: Lots) -> None:
    assert parts_of(held) == parts_of(dict(reversed(held.items())))


def test_an_empty_account_needs_nothing() -> None:
    assert parts_of({}) == {}
    assert totals([]) == {}


@pytest.mark.parametrize("name", ["GA12", "SI03", "TB03"])
def test_a_short_outright_needs_what_a_long_one_needs_in_the_mirrored_scenario(name: str) -> None:
    [long], [short] = (parts_of({name: qty}).values() for qty in (2, -2))
    assert long.scan == short.scan
    assert (long.active_scenario, short.active_scenario) == (13, 11)


def test_a_spread_of_three_legs_takes_its_delta_before_tiers_do() -> None:
    # 2 butterflies: first the series spread 2512/2602, then what is left of each leg.
    part = parts_of({"GA12": 2, "GA02": -4, "GA04": 2})["AU"]
    # Two of 2512/2602 at 200; then no 2512 is left for the butterfly; the rest in tier 2 at 180.
    assert part.intra == 2 * 200 + 2 * 180
    assert part.scan == 0
    assert part.delivery == 2 * 50


def test_delivery_charges_what_is_spread_and_what_is_left() -> None:
    part = parts_of({"GA12": 5, "GA02": -2})["AU"]
    assert (part.intra, part.delivery) == (2 * 200, 2 * 50 + 3 * 120)


def test_a_mini_contract_counts_by_its_delta_scaling_factor() -> None:
    part = parts_of({"GM12": 10, "GA02": -1})["AU"]
    assert (part.scan, part.intra, part.delivery) == (0, 200, 50)


def test_scanning_tiers_do_not_offset_each_other() -> None:
    part = parts_of({"SI12": 1, "SI03": -1, "SI05": 1})["AG"]
    assert part.scan == 7000
    assert [(tier.tier, tier.scan) for tier in part.scan_tiers] == [(1, 7000), (2, 0)]


def test_a_super_spread_takes_delta_before_the_months_are_spread() -> None:
    plain = parts_of({"GA12": 1, "GA02": -2})["AU"]
    found = parts_of({"GA12": 1, "GA02": -2, "TB03": 6})
    assert plain.intra == 200
    # The account is short one gold net: the front of its shorts went into the super spread.
    assert found["AU"].intra == 200
    assert found["AU"].inter_credit == Fraction(30, 100) * 9000
    assert found["TB"].inter_credit == Fraction(30, 100) * 3 * 2500


def test_the_exponent_counts_for_arrays_and_short_option_minimum() -> None:
    part = parts_of({"WH03": 1, "OW_P": -4})["WH"]
    assert parts_of({"WH03": 1})["WH"].scan == 150 * 10
    assert part.som == 4 * 3 * 10


def test_arrays_of_eight_digits_are_read_with_their_decimals() -> None:
    assert parts_of({"EI12": -1})["EI"].scan == Fraction("1799.75")


def test_futures_style_options_have_no_value_of_their_own() -> None:
    part = parts_of({"OE_P": -2})["EI"]
    assert (part.short_option_value, part.requirement) == (0, part.span_risk)


def test_a_spread_that_no_rule_covers_gives_no_credit_and_says_so() -> None:
    found = parts_of({"SI03": 1, "WH03": -1})
    assert found["AG"].inter_credit == found["WH"].inter_credit == 0
    assert found["AG"].notes == (
        "no credit for spread MET 3: method 04, credit method W, group flag N",
    )


def test_excess_option_value_helps_its_own_group_and_currency_only() -> None:
    # AU and AG are one group, WH is another, EI is in euro.
    found = parts_of({"OA_C4300": 5, "SI03": 1, "WH03": 1, "EI12": 1})
    assert found["AU"].requirement < -found["AG"].requirement < 0
    summed = totals(found.values())
    assert summed["USD"].requirement == found["WH"].requirement
    assert summed["EUR"].requirement == found["EI"].requirement
    assert summed["USD"].span_risk == sum(found[code].span_risk for code in ("AU", "AG", "WH"))
