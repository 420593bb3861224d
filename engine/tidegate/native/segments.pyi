"""A journal's segments as files: made, mapped, marked and released.

A segment is allocated whole before it has its name, so that a full disk shows when it is made and
never when a record is stored.
"""

from tidegate.native.records import LAYOUT_HASH as LAYOUT_HASH

NEXT_NAME: str
