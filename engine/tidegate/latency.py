"""Plots of a run's latency by leg, from its histograms, with matplotlib where it is installed.

Above, the legs of an answered request stacked, percentile by percentile; below, each leg and the
whole by itself. The percentile of a sum is not the sum of percentiles: the whole is drawn too.
"""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.errors import TidegateError
from tidegate.native.histogram import HISTOGRAM, name_of, percentiles
from tidegate.region import Region
from tidegate.run_dir import RunDir

STACKED = ("sequenced", "decided", "routed", "venue", "back")
WHOLE = "answered"
# 0 to the highest value, the tail drawn out: the axis is 1 / (1 - quantile), and ends at 1 / LEAST.
QUANTILES = (*np.linspace(0, 0.9, 19), *(1 - np.logspace(-1, -4, 31)[1:]), 1.0)
MARKS = {0.0: "0", 0.5: "50", 0.9: "90", 0.99: "99", 0.999: "99.9", 0.9999: "99.99", 1.0: "100"}
LEAST = 1e-5
SUFFIXES = (".png", ".svg")

Curves = dict[str, npt.NDArray[np.float64]]


def read_curves(run_dir: RunDir) -> Curves:
    """Microseconds at QUANTILES of each leg that has counted anything."""
    region = Region.attach(run_dir.region("latency"), HISTOGRAM)
    try:
        rows = region.read_rows()
    finally:
        region.close()
    return {
        name_of(row): np.array(percentiles(row, *QUANTILES)) / 1000 for row in rows if row["count"]
    }


def plot(run_dir: RunDir, file: Path) -> list[Path]:
    """Write FILE as its suffix says, PNG or SVG, without a suffix both; what was written.

    TidegateError where matplotlib is not installed, the suffix is another, or nothing has been
    counted; RegionError where the run has no region.
    """
    if file.suffix not in ("", *SUFFIXES):
        raise TidegateError(f"{file}: expected a name that ends in .png or .svg, or in neither")
    try:
        figures = importlib.import_module("matplotlib.figure")
    except ImportError:
        raise TidegateError(
            "matplotlib is not installed, which draws the plots; pip install 'tidegate[plot]'"
        ) from None
    curves = read_curves(run_dir)
    if not curves:
        raise TidegateError(f"{run_dir.region('latency')}: no request has been answered yet")
    figure = drawn(figures.Figure(figsize=(9, 8), layout="constrained"), curves)
    files = [file] if file.suffix else [file.with_suffix(suffix) for suffix in SUFFIXES]
    for path in files:
        try:
            figure.savefig(path)
        except OSError as error:
            raise TidegateError(f"{path}: {error.strerror}") from error
    return files


def drawn(figure: Any, curves: Curves) -> Any:
    """Both plots in an empty figure of matplotlib."""
    stacked, single = figure.subplots(2, 1)
    away = 1 / np.maximum(1 - np.array(QUANTILES), LEAST)
    legs = {name: curves[name] for name in STACKED if name in curves}
    if legs:
        stacked.stackplot(away, *legs.values(), labels=list(legs), alpha=0.85)
    if WHOLE in curves:
        stacked.plot(away, curves[WHOLE], "k--", label=f"{WHOLE}, as measured", lw=1.2)
    stacked.set(title="Legs stacked, percentile by percentile", ylabel="us")
    for name, us in curves.items():
        single.plot(away, us, label=name, lw=2 if name == WHOLE else 1.2)
    single.set(title="Each by itself", yscale="log", ylabel="us", xlabel="percentile")
    for axes in (stacked, single):
        axes.set_xscale("log")
        axes.set_xticks([1 / max(1 - at, LEAST) for at in MARKS], list(MARKS.values()))
        axes.minorticks_off()
        axes.grid(alpha=0.3)
        axes.legend(loc="best", fontsize=8, frameon=False)
    return figure
