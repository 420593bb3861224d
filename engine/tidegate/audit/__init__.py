"""An independent recomputation of risk's tables: plain integers, no native code, read-only.

audit() says in sentences what does not add up; an empty list means that all of it does. It
reads tables that nobody changes meanwhile; audit_run copies those of a run between two of risk's
steps. Ledger watches money and the day's counts from record to record.
"""

from tidegate.audit.breaks import audit_breaks, audit_folds
from tidegate.audit.indexes import audit_indexes, audit_references
from tidegate.audit.ledger import Ledger
from tidegate.audit.live import copy_of
from tidegate.audit.lots import audit_levels, audit_lots, worst_sizes
from tidegate.audit.margins import audit_instruments, audit_margins
from tidegate.audit.money import (
    audit_balances,
    audit_conservation,
    audit_orders,
    audit_positions,
)
from tidegate.audit.state import Arrays, read
from tidegate.run_dir import RunDir

__all__ = ["Ledger", "audit", "audit_run"]


def audit_run(run_dir: RunDir) -> list[str]:
    """What does not add up in the regions of a run directory, also of one that is trading.

    RegionError when risk never rests long enough to be copied, or died in the middle of a step.
    """
    return audit(copy_of(run_dir))


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
        *audit_breaks(state),
        *audit_folds(state),
        *audit_indexes(state),
    ]
