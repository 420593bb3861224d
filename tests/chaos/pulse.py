"""How far each stage of a run is, as the regions say that it and its neighbours write."""

import contextlib
from typing import Any

import numpy as np

from tidegate.errors import RegionError
from tidegate.native.routing import CHANNEL_ROW, ROUTER_ROW
from tidegate.native.sessions import GATEWAY_ROW
from tidegate.native.tables import DTYPES
from tidegate.region import Region
from tidegate.run_dir import RunDir

# Stage -> region, its row type, row, and the fields whose sum goes up with each record. A venue is
# where the router has heard of it; all that no order passes, the supervisor too, are where risk is.
PLACES: dict[str, tuple[str, np.dtype[Any], int, tuple[str, ...]]] = {
    "gateway": ("gateway", GATEWAY_ROW, 0, ("records", "reports")),
    "risk": ("risk", DTYPES["risk"], 0, ("taken",)),
    "router": ("router", ROUTER_ROW, 0, ("taken",)),
    "venue": ("channels", CHANNEL_ROW, 1, ("next_report",)),
}


def progress(run_dir: RunDir, stage: str) -> int:
    """Records that have passed a stage; -1 while that cannot be read."""
    name, dtype, row, fields = PLACES.get(stage.partition(":")[0], PLACES["risk"])
    with contextlib.suppress(RegionError):
        region = Region.attach(run_dir.region(name), dtype)
        found = sum(int(np.sum(region.rows[row][field], dtype=np.int64)) for field in fields)
        region.close()
        return found
    return -1
