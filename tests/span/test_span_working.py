"""The hold for working orders against all sets of fills that can come, by brute force."""

from fractions import Fraction
from itertools import product
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from span_rig import SMALL
from span_twin import PORTFOLIO, TERMS

from tidegate.span.pa2 import read_pa2
from tidegate.span.portfolio import Found, Portfolio, holdings
from tidegate.span.requirement import held_by_combined, option_values, requirement
from tidegate.span.scanning import Holding, losses, scans, worst
from tidegate.span.working import Hold, hold, intra_bound, per_delta, reach, worst_losses

SET = read_pa2(SMALL)
NAMES = sorted(name for name in TERMS if name != "OA_C5200")

# Position, buys, sells of one contract.
Box = dict[str, tuple[int, int, int]]

boxes = st.dictionaries(
    st.sampled_from([name for name in NAMES if TERMS[name].commodity == "AU"]),
    st.tuples(st.integers(-2, 2), st.integers(0, 2), st.integers(0, 2)),
    min_size=1,
    max_size=4,
)


def found_of(box: Box, **order: Any) -> list[Found]:
    rows: dict[str, list[Any]] = {"positions": [], "orders": []}
    for name, (qty, buys, sells) in box.items():
        rows["positions"].append({**PORTFOLIO[name], "qty": qty})
        for lots in (buys, -sells):
            if lots:
                rows["orders"].append({**PORTFOLIO[name], "qty": lots, **order})
    [(_, found)] = holdings([SET], msgspec.convert(rows, Portfolio))
    return found


def hold_of(found: list[Found]) -> Hold:
    combined = SET.combined["CC-AU"]
    premium = sum((entry.premium for entry in found), Fraction(0))
    return hold(SET, combined, [entry.held for entry in found], premium)


def reachable(found: list[Found]) -> list[list[Holding]]:
    """The holdings after every set of fills."""
    ranges = [range(-e.held.open_sell, e.held.open_buy + 1) for e in found]
    return [
        [Holding(e.held.contract, e.held.qty + fill) for e, fill in zip(found, fills, strict=True)]
        for fills in product(*ranges)
    ]


@given(boxes)
@settings(max_examples=60, deadline=None)
def test_the_scan_of_the_hold_is_the_worst_of_all_sets_of_fills(box: Box) -> None:
    found = found_of(box)
    combined = SET.combined["CC-AU"]
    brute = max(worst(losses(combined, held))[0] for held in reachable(found))
    assert worst(worst_losses(combined, [e.held for e in found]))[0] == brute
    assert hold_of(found).scan == brute


@given(boxes)
@settings(max_examples=60, deadline=None)
def test_no_set_of_fills_needs_more_than_was_held(box: Box) -> None:
    found = found_of(box)
    held = hold_of(found)
    for after in reachable(found):
        [part] = requirement(SET, after)
        assert part.scan <= held.scan
        assert part.intra <= held.intra
        assert part.delivery <= held.delivery
        assert part.som <= held.som
        assert part.span_risk <= held.span_risk
        # Premium that a fill pays was held; premium that a fill brings in counts for nothing.
        assert part.requirement <= held.requirement
        longs, shorts, _ = option_values(SET, after)
        assert longs - shorts >= held.long_option_value - held.short_option_value


@given(boxes)
@settings(max_examples=60, deadline=None)
def test_one_more_order_never_lowers_the_hold(box: Box) -> None:
    name = next(iter(box))
    qty, buys, sells = box[name]
    before = hold_of(found_of(box)).requirement
    for more in ((qty, buys + 1, sells), (qty, buys, sells + 1)):
        assert hold_of(found_of({**box, name: more})).requirement >= before


def test_without_orders_the_hold_only_lacks_credits_and_exact_charges() -> None:
    found = found_of({"GA12": (2, 0, 0), "OA_P4100": (-1, 0, 0)})
    [part] = requirement(SET, [entry.held for entry in found])
    held = hold_of(found)
    assert (held.scan, held.active_scenario) == (part.scan, part.active_scenario)
    assert held.requirement >= part.requirement


def test_buy_orders_of_options_hold_their_premium_at_their_own_price() -> None:
    box = {"OA_C4300": (0, 2, 0)}
    assert hold_of(found_of(box, price="70.25")).premium == 2 * 100 * Fraction("70.25")
    # Without a price, at settlement: 65.50.
    assert hold_of(found_of(box)).premium == 2 * 6550
    assert hold_of(found_of({"OA_C4300": (0, 0, 2)}, price="70.25")).premium == 0


def test_scanning_tiers_are_bounded_one_by_one() -> None:
    found = found_of({"SI12": (1, 0, 1), "SI03": (0, 1, 2)})
    combined = SET.combined["CC-AG"]
    held = hold(SET, combined, [e.held for e in found], Fraction(0))
    brute = max(sum(tier.scan for tier in scans(combined, after)) for after in reachable(found))
    assert held.scan == brute == 7000 + 2 * 7000


def test_an_outright_that_nothing_can_spread_holds_no_intra_charge() -> None:
    found = found_of({"GA12": (3, 2, 0), "GA02": (1, 1, 0)})
    combined = SET.combined["CC-AU"]
    assert intra_bound(combined, reach(SET, [e.held for e in found])) == 0
    assert per_delta(combined.tier_spreads) == 640 / Fraction(2)


def test_each_combined_commodity_is_held_alone() -> None:
    found = found_of({"GA12": (1, 0, 0), "SI03": (-2, 0, 0)})
    assert list(held_by_combined(SET, [e.held for e in found])) == ["CC-AG", "CC-AU"]
