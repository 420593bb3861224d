"""Says in the header which build is under test."""

from tidegate.native.build import PROFILE


def pytest_report_header() -> str:
    """Names the build profile."""
    return f"tidegate build profile: {PROFILE}"
