"""The one way in which a control record fails."""

Numbers = tuple[int, int, int, int, int]
NOTHING: Numbers = (0, 0, 0, 0, 0)


class RefusedError(Exception):
    """Refused whole; numbers = limit, used, asked where something was compared."""

    def __init__(self, limit: int = 0, used: int = 0, asked: int = 0) -> None:
        super().__init__(limit, used, asked)
        self.numbers: Numbers = (limit, used, asked, 0, 0)


def need(is_right: bool) -> None:
    """Refuse unless it is."""
    if not is_right:
        raise RefusedError
