"""Collects what is wrong with a config, so that one run of `tidegate check` names all of it."""

import difflib
from collections.abc import Iterable

from tidegate.errors import ConfigError


class Problems:
    """The problems of one config file, each at the key path it was found at."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[str] = []

    def add(self, where: str, what: str) -> None:
        """Note that the value at key path `where` is wrong, and what was expected."""
        problem = f"{where}: {what}" if where else what
        # The accounts of a block share its slips.
        if problem not in self.found:
            self.found.append(problem)

    def raise_any(self) -> None:
        """ConfigError if there is any problem."""
        if self.found:
            raise ConfigError("\n".join(f"{self.file}: {problem}" for problem in self.found))


def expected(word: str, known: Iterable[str]) -> str:
    """The known words, or when one is close to `word`, that one."""
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    listed = ", ".join(words[:20]) + (", ..." if len(words) > 20 else "")
    return f"expected one of: {listed or 'nothing, none is defined'}"
