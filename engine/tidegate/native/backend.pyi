"""The card as a backend of the check: kept in step with risk's tables, asked before the rules."""

from typing import final

from tidegate.native.card_driver import CardDriver
from tidegate.native.card_page import CardMemory
from tidegate.native.tables import Tables

ALONE: tuple[str, ...]
OUT: tuple[str, ...]

def attach(tables_: Tables, backend: Backend | None) -> None:
    """From now on orders over these tables are decided with the backend; None = rules alone."""

@final
class Backend:
    """A card of tables' accounts, pairs, instruments and sessions, loaded under an epoch."""

    def __new__(cls, tables_: Tables, driver: CardDriver, epoch: int) -> Backend:
        """CardError when the card does not take the tables, or has an epoch that is not below."""

    @property
    def memory(self) -> CardMemory:
        """The card's registers and rings."""

    @property
    def out_reason(self) -> str:
        """Why the card is not asked any more; "" = it is."""

    @property
    def counters(self) -> dict[str, int]:
        """Orders asked, passed and left to the rules, by why; commands given."""

    def load(self, tables_: Tables) -> None: ...
    def give(self) -> None: ...
