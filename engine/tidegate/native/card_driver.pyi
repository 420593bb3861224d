"""The host's end of a card's rings: opens it, gives commands, takes answers, asks for epochs."""

from typing import Any, final

from numpy.typing import NDArray

from tidegate.native.card import IDENTITY as IDENTITY
from tidegate.native.card import LAYOUT_HASH as LAYOUT_HASH
from tidegate.native.card import LAYOUT_VERSION as LAYOUT_VERSION
from tidegate.native.card_device import CardDevice

@final
class CardDriver:
    """One card as its host sees it. CardError where it is no card, or one of another layout."""

    is_still: bool
    is_wrong: bool
    def __new__(cls, device: CardDevice) -> CardDriver: ...
    def exchange(self, commands: NDArray[Any], responses: NDArray[Any]) -> None:
        """Give all commands and take an answer of each, in order.

        ValueError unless both have the same length, CardError when the card stands still or says
        that it has answered what it was not given.
        """

    def commit(self, epoch: int) -> None:
        """All tables up to here are the epoch's: orders count from now on.

        CardError when it is not above the card's own, or a load before it was refused.
        """
