"""What a seed's records are mostly about, so that rare reasons are reached too."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Theme:
    """Weights of record makers, and how often the odd things happen."""

    new: int = 3
    request: int = 1
    answer: int = 2
    control: int = 1
    instruments: tuple[int, ...] = (1, 1, 1, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8, 9, 10, 11)
    traders: tuple[int, ...] = (8, 9, 11, 12, 13, 14, 15, 16)
    lists: float = 0.05
    same: float = 0.05
    close: float = 0.3
    cancel: float = 0.5
    match: float = 0.3
    jump: float = 0.05
    states: int = 1
    is_strict: bool = False
    is_poor: bool = False
    episodes: float = 0.0
    orders: int = 256
    days: float = 0.0
    reuses_ids: bool = False
    stale_ns: int = 15 * 10**9


BALANCED = Theme(lists=0.15, control=2, orders=24, days=0.03)
CANCELS = Theme(
    new=3,
    request=3,
    answer=3,
    instruments=(4, 4, 11, 11, 1, 1),
    traders=(8, 9, 15),
    same=0.2,
    cancel=0.55,
    orders=8,
    is_strict=True,
)
TRADES = Theme(
    new=4,
    answer=3,
    episodes=0.15,
    instruments=(1, 1, 3, 4, 5, 6, 7, 10),
    traders=(8, 9, 14),
    close=0.7,
    match=0.8,
    jump=0.1,
    is_strict=True,
    is_poor=True,
)
OPERATORS = Theme(answer=4, control=7, states=6, stale_ns=2 * 10**9, jump=0.15, days=0.03)
DAYS = Theme(
    new=4,
    request=1,
    answer=4,
    control=3,
    instruments=(1, 3, 3, 4, 5, 5, 5, 6, 7, 9, 10, 11, 11),
    traders=(8, 9, 11, 12, 13, 14, 15),
    close=0.6,
    days=0.35,
    orders=64,
    reuses_ids=True,
)
THEMES = (BALANCED, CANCELS, TRADES, OPERATORS, DAYS)


def theme_of(seed: int) -> Theme:
    return THEMES[seed % len(THEMES)]
