"""The code table: what each venue calls our instruments and accounts, as it told at logon."""

from collections.abc import Sequence
from typing import final

import numpy as np

VENUE_CODE: np.dtype[np.void]

@final
class VenueCodes:
    """Each venue's own numbers, by our handles; instrument_channels[0] stands for none."""

    def __init__(
        self, instrument_channels: Sequence[int], channel_count: int, account_count: int
    ) -> None: ...
    @property
    def instrument_count(self) -> int: ...
    @property
    def channel_count(self) -> int: ...
    @property
    def account_count(self) -> int: ...
    def learn(self, channel: int, securities: dict[int, int], accounts: dict[int, int]) -> None:
        """Takes what a venue told at logon, by our handles, in place of what it told before."""
