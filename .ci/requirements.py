"""Prints requirements named in pyproject.toml, one a line: build-system, project or an extra."""

import sys
import tomllib
from pathlib import Path


def requirements(part: str) -> list[str]:
    """Returns the requirement lines of one part."""
    root = tomllib.loads(Path("pyproject.toml").read_text())
    lines: list[str]
    if part == "build-system":
        lines = root["build-system"]["requires"]
    elif part == "project":
        lines = root["project"]["dependencies"]
    else:
        lines = root["project"]["optional-dependencies"][part]
    return lines


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(*requirements(name), sep="\n")
