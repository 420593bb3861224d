"""An independent recomputation of risk's tables: plain integers, no native code, read-only.

audit() says in sentences what does not add up; an empty list means that all of it does. It
reads copies or regions that others write; a live region may change between two tables, so a
live system is audited while it is quiet. Ledger watches money from record to record.
"""

from tidegate.audit.indexes import audit_indexes, audit_references
from tidegate.audit.ledger import Ledger
from tidegate.audit.lots import audit_levels, audit_lots, worst_sizes
from tidegate.audit.margins import audit_instruments, audit_margins
from tidegate.audit.money import (
    audit_balances,
    audit_conservation,
    audit_orders,
    audit_positions,
)
from tidegate.audit.state import Arrays, read
from tidegate.native.tables import DTYPES
from tidegate.region import Region
from tidegate.run_dir import RunDir

__all__ = ["Ledger", "audit", "audit_run"]


def audit_run(run_dir: RunDir) -> list[str]:
    """What does not add up in the regions of a run directory."""
    regions = [Region.attach(run_dir.region(name), DTYPES[name]) for name in DTYPES]
    try:
        return audit({name: region.rows for name, region in zip(DTYPES, regions, strict=True)})
    finally:
        for region in regions:
            region.close()


def audit(arrays: Arrays) -> list[str]:
    """What does not add up in the tables, one sentence each; empty = all is right."""
    state = read(arrays)
    if broken := list(audit_references(state)):
        return broken
    worst = worst_sizes(state)
    return [
        *audit_orders(state),
        *audit_lots(state, worst),
        *audit_levels(state),
        *audit_instruments(state),
        *audit_margins(state, worst),
        *audit_positions(state),
        *audit_balances(state, worst),
        *audit_conservation(state),
        *audit_indexes(state),
    ]
