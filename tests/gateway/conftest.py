"""A running gateway for each test that asks for one."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from gateway_rig import House, house


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory whose ipc paths fit a socket address."""
    with tempfile.TemporaryDirectory(prefix="tg") as name:
        yield Path(name)


@pytest.fixture
def gateway(short_path: Path) -> Iterator[House]:
    with house(short_path) as opened:
        yield opened
