"""Collects what is wrong with a config, so that one run of `tidegate check` names all of it."""

import difflib
from collections.abc import Iterable

from tidegate.errors import ConfigError


class Problems:
    """The problems of a config, each with its file and the key path it was found at."""

    def __init__(self, file: str, found: list[str] | None = None) -> None:
        self.file = file
        self.found: list[str] = [] if found is None else found

    def within(self, file: str) -> "Problems":
        """The same collection, for what is wrong in an included file."""
        return Problems(file, self.found)

    def add(self, where: str, what: str) -> None:
        """Note that the value at key path `where` is wrong, and what was expected."""
        problem = f"{self.file}: {where}: {what}" if where else f"{self.file}: {what}"
        # The accounts of a block share its slips.
        if problem not in self.found:
            self.found.append(problem)

    def raise_any(self) -> None:
        """ConfigError if there is any problem."""
        if self.found:
            raise ConfigError("\n".join(self.found))


def expected(word: str, known: Iterable[str]) -> str:
    """The known words, or when one is close to `word`, that one."""
    words = sorted(known)
    close = difflib.get_close_matches(word, words, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    listed = ", ".join(words[:20]) + (", ..." if len(words) > 20 else "")
    return f"expected one of: {listed or 'nothing, none is defined'}"
