"""The risk stage once more, slow and obvious: written from RISK.md, never from the compiled code.

Twin(universe).run(record as a dict of its view) -> Verdict; compare(twin, arrays) -> what differs.
"""

from twin.compare import compare
from twin.machine import Twin
from twin.state import Verdict

__all__ = ["Twin", "Verdict", "compare"]
