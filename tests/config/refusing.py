"""What is wrong with a config, as the lines of its refusal."""

from pathlib import Path

import pytest

from tidegate.config import load_universe
from tidegate.errors import ConfigError
from tidegate.run_dir import RunDir


def refusal(config: Path, text: str, run_dir: str = "/tmp/run") -> list[str]:
    """The lines with which `text` is refused, without the file's name."""
    config.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_universe(config, RunDir(run_dir))
    lines = str(caught.value).splitlines()
    assert all(line.startswith(f"{config}: ") for line in lines)
    return [line.removeprefix(f"{config}: ") for line in lines]
