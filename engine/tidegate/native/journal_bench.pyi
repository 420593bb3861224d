"""Times what journaling adds to risk's step, in C, for bench/journal.py. Nothing that runs
imports it.
"""

from typing import Any

import numpy.typing as npt

from tidegate.native.journal import Journal
from tidegate.native.records import RECORD as RECORD
from tidegate.native.tables import Tables

BATCH: int

def measure(
    plain: Tables, journaled: Tables, journal: Journal, rows: npt.NDArray[Any]
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """(ns of each batch stepped, ns of each batch appended and stepped).

    Both tables get the same records, batch by batch, by turns first.
    """

def measure_syncs(
    journal: Journal, rows: npt.NDArray[Any], group: int, fd: int
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """(ns of one block written to fd and synced, ns of `group` appended and synced), by turns.

    The file of fd has its blocks already, as the journal's segment does.
    """
