"""The record's layout as the C compiler sees it; read by tests, never by the engine."""

def compiled_fields() -> list[tuple[str, str, int, int]]:
    """(view, field, offset, size) of each field of each view, in the order of records.h."""
