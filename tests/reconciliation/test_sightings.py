"""When a difference counts: never while it may be on its way."""

import pytest

from tidegate.reconciliation.books import Key
from tidegate.reconciliation.figures import Figure
from tidegate.reconciliation.sightings import BUSY_LOOKS, PENDING_S, Sightings

LOTS = Key(instrument=1)
ORDER = Key(instrument=1, order_id=7)


def test_a_difference_counts_at_the_second_look_a_second_later() -> None:
    sightings = Sightings(1.0)
    found = {LOTS: Figure(5, 7)}
    assert sightings.see(found, {}, (3, 9), 10.0) == {}
    assert sightings.see(found, {}, (3, 9), 10.9) == {}
    assert sightings.see(found, {}, (3, 9), 11.0) == {LOTS: 2}


@pytest.mark.parametrize("moved", [(4, 9), (3, 10)])
def test_it_does_not_count_when_either_side_moved_in_between(moved: tuple[int, int]) -> None:
    sightings = Sightings(1.0)
    sightings.see({LOTS: Figure(5, 7)}, {}, (3, 9), 10.0)
    assert sightings.see({LOTS: Figure(6, 8)}, {}, moved, 11.0) == {}
    assert sightings.see({LOTS: Figure(6, 8)}, {}, moved, 11.5) == {}
    assert sightings.see({LOTS: Figure(6, 8)}, {}, moved, 12.0) == {LOTS: 2}


def test_another_difference_begins_anew() -> None:
    sightings = Sightings(1.0)
    sightings.see({LOTS: Figure(5, 7)}, {}, (3, 9), 10.0)
    assert sightings.see({LOTS: Figure(5, 8)}, {}, (3, 9), 11.0) == {}
    assert sightings.see({LOTS: Figure(5, 5)}, {}, (3, 9), 11.5) == {}
    assert sightings.see({LOTS: Figure(5, 8)}, {}, (3, 9), 12.0) == {}


def test_what_stands_is_not_told_again_and_its_end_is_told_once_it_counts() -> None:
    sightings = Sightings(1.0)
    for now in (10.0, 11.0, 12.0):
        assert sightings.see({LOTS: Figure(5, 7)}, {LOTS: 2}, (3, 9), now) == {}
        assert not sightings.is_open
    assert sightings.see({LOTS: Figure(7, 7)}, {LOTS: 2}, (4, 9), 13.0) == {}
    assert sightings.is_open
    assert sightings.see({LOTS: Figure(7, 7)}, {LOTS: 2}, (4, 9), 14.0) == {LOTS: 0}


def test_a_master_that_always_trades_is_told_after_many_looks_that_saw_the_same() -> None:
    sightings = Sightings(1.0)
    for look in range(BUSY_LOOKS - 1):
        # Several looks within a second are one.
        for part in (0.0, 0.3):
            figure = {LOTS: Figure(look, look + 2)}
            assert sightings.see(figure, {}, (look, look), look + part) == {}
    last = BUSY_LOOKS - 1
    assert sightings.see({LOTS: Figure(last, last + 2)}, {}, (99, 99), float(last)) == {LOTS: 2}


def test_an_order_s_difference_waits_for_its_own_two_sides_alone() -> None:
    sightings = Sightings(1.0)
    sightings.see({ORDER: Figure(5, 0)}, {}, (3, 9), 10.0)
    assert sightings.see({ORDER: Figure(5, 0)}, {}, (4, 10), 11.0) == {ORDER: -5}
    # The same difference of other figures is another.
    sightings = Sightings(1.0)
    sightings.see({ORDER: Figure(5, 3)}, {}, (3, 9), 10.0)
    assert sightings.see({ORDER: Figure(4, 2)}, {}, (3, 9), 11.0) == {}
    for second in range(12, 12 + 2 * BUSY_LOOKS):
        figure = {ORDER: Figure(second + 2, second)}
        assert sightings.see(figure, {}, (second, second), float(second)) == {}


def test_an_order_with_a_pending_request_is_given_longer() -> None:
    sightings = Sightings(1.0)
    pending = {ORDER: Figure(5, 0, is_pending=True)}
    sightings.see(pending, {}, (3, 9), 10.0)
    assert sightings.see(pending, {}, (3, 9), 10.0 + PENDING_S - 0.1) == {}
    assert sightings.see(pending, {}, (3, 9), 10.0 + PENDING_S) == {ORDER: -5}


def test_what_was_seen_before_a_side_was_away_does_not_count() -> None:
    sightings = Sightings(1.0)
    sightings.see({LOTS: Figure(5, 7)}, {}, (3, 9), 10.0)
    sightings.forget()
    assert sightings.see({LOTS: Figure(5, 7)}, {}, (3, 9), 11.0) == {}


def test_a_slow_venue_s_reports_are_given_its_own_time() -> None:
    sightings = Sightings(6.0)
    sightings.see({LOTS: Figure(5, 7)}, {}, (3, 9), 10.0)
    assert sightings.see({LOTS: Figure(5, 7)}, {}, (3, 9), 15.9) == {}
    assert sightings.see({LOTS: Figure(5, 7)}, {}, (3, 9), 16.0) == {LOTS: 2}
