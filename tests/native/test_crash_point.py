"""The counter that stops a process of the debug build at a marked place."""

import pytest

from tidegate.native import build, crash_point


def test_a_crash_point_before_the_first_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 0 or more"):
        crash_point.die_at(-1)


def test_only_the_debug_build_has_crash_points() -> None:
    assert (build.PROFILE == "debug") == crash_point.HAS_CRASH_POINTS
