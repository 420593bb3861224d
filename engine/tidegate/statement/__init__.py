"""Statements of sub-accounts for a business day, computed from the journal and nothing else.

The day is replayed; each line names the record it is from, and the sums are checked against the
state at the day's two ends: a statement that does not add up is an error, never a print.
"""

from tidegate.statement.make import make
from tidegate.statement.model import Fill, Money, Move, Position, Statement

__all__ = ["Fill", "Money", "Move", "Position", "Statement", "make"]
