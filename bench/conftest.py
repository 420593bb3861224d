"""Names the build profile, and refuses to time any but release."""

import pytest

from tidegate.native.build import PROFILE


def pytest_report_header() -> str:
    """Names the build profile."""
    return f"tidegate build profile: {PROFILE}"


def pytest_configure() -> None:
    """Ends the run before it starts when the numbers would mean nothing."""
    if PROFILE != "release":
        pytest.exit(f"benches measure the release build, this is {PROFILE}", returncode=2)
