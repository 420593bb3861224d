"""Directories whose ipc paths fit a socket address."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A directory for the module's runs."""
    with tempfile.TemporaryDirectory(prefix="tg") as name:
        yield Path(name)
