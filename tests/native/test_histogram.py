"""Histograms against numpy's own percentile of the same values."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import RegionError
from tidegate.native.histogram import BUCKET_HIGHS, HISTOGRAM, Histogram, name_of, percentiles
from tidegate.region import Region

HIGHEST = int(BUCKET_HIGHS[-1])


def test_bucket_edges_increase_and_are_at_most_one_64th_wide() -> None:
    widths = np.diff(BUCKET_HIGHS)
    assert (widths > 0).all()
    assert (widths[127:] <= BUCKET_HIGHS[128:] / 64).all()
    assert HIGHEST == 2**36 - 1


@given(st.lists(st.integers(0, HIGHEST), min_size=1, max_size=200), st.floats(0, 1))
def test_percentiles_are_the_true_ones_up_to_the_buckets_width(
    values: list[int], quantile: float
) -> None:
    rows = np.zeros(1, HISTOGRAM)
    histogram = Histogram(rows, 0, "leg")
    for value in values:
        histogram.record_ns(value)
    true = sorted(values)[max(1, int(np.ceil(quantile * len(values)))) - 1]
    (found,) = percentiles(rows[0], quantile)
    assert true <= found <= true + true // 64 + 1
    assert rows[0]["low_ns"] == min(values)
    assert rows[0]["high_ns"] == max(values)
    assert rows[0]["total_ns"] == sum(values)
    assert rows[0]["count"] == rows[0]["buckets"].sum() == len(values)


def test_values_outside_the_range_are_clamped_and_counted() -> None:
    rows = np.zeros(1, HISTOGRAM)
    histogram = Histogram(rows, 0, "leg")
    for value in (-5, HIGHEST + 1, 2**62):
        histogram.record_ns(value)
    assert rows[0]["negative_count"] == 1
    assert rows[0]["above_count"] == 2
    assert percentiles(rows[0], 0, 1) == [0, HIGHEST]


def test_an_empty_histogram_has_zero_percentiles() -> None:
    assert percentiles(np.zeros(1, HISTOGRAM)[0], 0.5, 0.999) == [0, 0]


def test_a_reader_sees_the_rows_of_a_region_live(tmp_path: Path) -> None:
    region = Region.create(tmp_path / "latency", HISTOGRAM, 2)
    histogram = Histogram(region.rows, 1, "decided")
    reader = Region.attach(tmp_path / "latency", HISTOGRAM)
    histogram.record_ns(100)
    assert [name_of(row) for row in reader.rows] == ["", "decided"]
    assert percentiles(reader.rows[1], 0.5) == [100]
    reader.close()
    region.close()


def test_a_row_or_name_that_does_not_exist_or_fit_is_refused() -> None:
    rows = np.zeros(2, HISTOGRAM)
    with pytest.raises(RegionError, match="no histogram 2 in a region of 2"):
        Histogram(rows, 2, "leg")
    with pytest.raises(RegionError, match="has 33 bytes; 32 fit"):
        Histogram(rows, 0, "x" * 33)
