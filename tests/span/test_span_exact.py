"""The native requirement against the one in Fractions, on small.pa2."""

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from span_rig import SMALL

from tidegate.errors import MarginError
from tidegate.native.span_exact import Column, Outcome, SpanTable
from tidegate.span.flat import flatten
from tidegate.span.pa2 import read_pa2
from tidegate.span.requirement import Parts, requirement, totals
from tidegate.span.scanning import Holding

SET = read_pa2(SMALL)
FLAT = flatten(SET)
TABLE = SpanTable(FLAT)
MONEY = 10_000

accounts = st.dictionaries(st.integers(0, len(FLAT.contracts) - 1), st.integers(-9, 9), max_size=12)


class Answer:
    """What the native table says of an account."""

    def __init__(self, lots: dict[int, int], table: SpanTable = TABLE) -> None:
        index = np.array(list(lots), np.int32)
        qty = np.array(list(lots.values()), np.int64)
        parts = np.zeros((len(FLAT.codes), Column.COLUMNS), np.int64)
        summed = np.zeros(len(FLAT.currencies), np.int64)
        self.outcome, count = table.requirement(index, qty, parts, summed)
        self.parts = {FLAT.codes[row[Column.COMMODITY]]: row.tolist() for row in parts[:count]}
        self.totals = dict(zip(FLAT.currencies, summed.tolist(), strict=True))


def up(figure: Fraction) -> int:
    return ceil(figure * MONEY)


def rounded(part: Parts) -> list[int]:
    """The parts in 1/10,000: charges up, credits down, sums of what is rounded."""
    scan, intra, delivery = up(part.scan), up(part.intra), up(part.delivery)
    credit = floor(part.inter_credit * MONEY)
    risk = max(scan + intra + delivery - credit, up(part.som))
    longs, shorts = up(part.long_option_value), up(part.short_option_value)
    found = [scan, part.active_scenario, intra, delivery, credit, up(part.som), risk]
    return [*found, longs, shorts, risk - longs + shorts]


def reference(lots: dict[int, int]) -> list[Parts]:
    held = [Holding(FLAT.contracts[index], qty) for index, qty in lots.items() if qty]
    return requirement(SET, held)


@given(accounts)
@settings(max_examples=400, deadline=None)
def test_the_native_parts_equal_the_exact_ones(lots: dict[int, int]) -> None:
    answer = Answer(lots)
    if answer.outcome == Outcome.NO_PRICE:
        with pytest.raises(MarginError, match="no settlement price"):
            reference(lots)
        return
    parts = reference(lots)
    if answer.outcome == Outcome.NEEDS_REFERENCE:
        # A super spread and a plain one, or a flat credit and one by price risk.
        assert sum(bool(part.inter_credit) for part in parts) >= 2
        return
    assert answer.outcome == Outcome.DONE
    found = {code: row[1:] for code, row in answer.parts.items()}
    assert found == {part.combined_commodity: rounded(part) for part in parts}
    exact = {currency: total.requirement * MONEY for currency, total in totals(parts).items()}
    for currency, total in answer.totals.items():
        assert 0 <= total - exact.get(currency, 0) < 4


def test_the_table_forgets_an_account_when_the_next_one_comes() -> None:
    fresh = {index: 3 - index % 7 for index in range(len(FLAT.contracts)) if index % 3 == 0}
    alone = Answer(fresh, SpanTable(flatten(SET)))
    for lots in ({0: 5, 5: 2}, dict.fromkeys(range(len(FLAT.contracts)), 1), {7: -(2**40)}):
        Answer(lots)
    again = Answer(fresh)
    assert (again.outcome, again.parts, again.totals) == (
        alone.outcome,
        alone.parts,
        alone.totals,
    )


@pytest.mark.parametrize("qty", [2**22, -(2**22), 2**62, -(2**63)])
def test_lots_that_could_overflow_are_left_to_the_reference(qty: int) -> None:
    assert Answer({0: qty}).outcome == Outcome.TOO_LARGE
    assert Answer({0: 2**21, 1: -(2**21)}).outcome == Outcome.TOO_LARGE


def test_an_empty_account_needs_nothing() -> None:
    for lots in ({}, {0: 0}):
        answer = Answer(lots)
        assert (answer.outcome, answer.parts) == (Outcome.DONE, {})
        assert set(answer.totals.values()) == {0}


def test_an_instrument_or_shape_that_is_not_of_the_tables_is_refused() -> None:
    parts = np.zeros((len(FLAT.codes), Column.COLUMNS), np.int64)
    summed = np.zeros(len(FLAT.currencies), np.int64)
    one = np.zeros(1, np.int64)
    for wrong in (-1, len(FLAT.contracts)):
        with pytest.raises(ValueError, match=f"instrument {wrong} of"):
            TABLE.requirement(np.array([wrong], np.int32), one, parts, summed)
    with pytest.raises(ValueError, match="quantities"):
        TABLE.requirement(np.zeros(2, np.int32), one, parts, summed)
    with pytest.raises(ValueError, match="rows of"):
        TABLE.requirement(np.zeros(1, np.int32), one, parts[:1], summed)
    with pytest.raises(ValueError, match="places"):
        TABLE.requirement(np.zeros(1, np.int32), one, parts, summed[:0])


def test_every_contract_of_the_file_is_in_the_tables() -> None:
    assert FLAT.reference == {}
    assert len(FLAT.contracts) == sum(map(len, SET.contracts.values()))
    assert set(FLAT.codes) == set(SET.combined)
