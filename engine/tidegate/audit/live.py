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
    """Copies of all tables; RegionError when risk never rests, or died in the middle of a step.

    Of the cl_ord_ids only the rows that are taken, in any order.
    """
    regions = {name: Region.attach(run_dir.region(name), DTYPES[name]) for name in DTYPES}
    try:
        return regions["risk"].between_changes(Copier(regions).copied, PATIENCE_S)
    finally:
        for region in regions.values():
            region.close()


class Copier:
    """Copies what is in use: a copy must fit between two steps of a busy day."""

    def __init__(self, regions: dict[str, Region]) -> None:
        self.regions = regions
        # Kept over the tries: pages that are new to this process take longer.
        self.copies = {
            name: np.zeros_like(region.rows)
            for name, region in regions.items()
            if name != "cl_ord_ids"
        }
        self.known = (-1, -1)
        self.ids: npt.NDArray[Any] = np.zeros(0, np.intp)

    def copied(self) -> dict[str, npt.NDArray[Any]] | None:
        """The tables as they are; None = ask again, the cl_ord_ids had to be found first."""
        risk = self.regions["risk"].rows[0]
        # Within a day they only become more, so these are all of them as long as no more are known.
        known = int(risk["cl_ord_id_count"]), int(risk["business_day"])
        cl_ord_ids = self.regions["cl_ord_ids"].rows
        if known != self.known:
            self.known = known
            self.ids = np.flatnonzero(cl_ord_ids["session"])
            return None
        for name, copy in self.copies.items():
            used = int(risk[ROWS_USED[name]]) + 1 if name in ROWS_USED else len(copy)
            copy[:used] = self.regions[name].rows[:used]
        return {**self.copies, "cl_ord_ids": cl_ord_ids[self.ids]}
