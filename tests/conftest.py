"""Says in the header which build is under test, and makes hypothesis draw the same each time.

TIDEGATE_RANDOM=1 draws anew: for a search, not for a check that must mean the same tomorrow.
"""

import os

from hypothesis import settings

from tidegate.native.build import PROFILE

settings.register_profile("same", derandomize=True)
if os.environ.get("TIDEGATE_RANDOM") != "1":
    settings.load_profile("same")


def pytest_report_header() -> str:
    """Names the build profile."""
    return f"tidegate build profile: {PROFILE}"
