"""Risk's tables of a run as they stood between two of its steps, also while it trades."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tidegate.native.tables import DTYPES
from tidegate.region import Region
from tidegate.run_dir import RunDir

PATIENCE_S = 10.0
# Tables whose rows are taken in turn from row 1 on, and which counter of risk says how many.
ROWS_USED = {
    "pairs": "pair_count",
    "products": "group_count",
    "sides": "side_count",
    "scans": "scan_count",
    "days": "day_count",
    "orders": "order_slots_used",
}


def copy_of(run_dir: RunDir) -> dict[str, npt.NDArray[Any]]:
    """Copies of all tables; RegionError when risk never rests, or died in the middle of a step."""
    regions = {name: Region.attach(run_dir.region(name), DTYPES[name]) for name in DTYPES}
    try:
        # Kept over the tries: pages that are new to this process take longer.
        copies = {name: np.zeros_like(region.rows) for name, region in regions.items()}
        return regions["risk"].between_changes(lambda: _copied(regions, copies), PATIENCE_S)
    finally:
        for region in regions.values():
            region.close()


def _copied(
    regions: dict[str, Region], copies: dict[str, npt.NDArray[Any]]
) -> dict[str, npt.NDArray[Any]]:
    risk = regions["risk"].rows[0]
    for name, region in regions.items():
        used = int(risk[ROWS_USED[name]]) + 1 if name in ROWS_USED else len(region.rows)
        copies[name][:used] = region.rows[:used]
    return copies
