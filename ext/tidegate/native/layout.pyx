"""The record's layout as the C compiler sees it; read by tests, never by the engine."""

cdef extern from "layout.h" nogil:
    ctypedef struct layout_field:
        const char* view
        const char* field
        size_t offset
        size_t size
    const layout_field TG_LAYOUT[1]
    const size_t TG_LAYOUT_COUNT


def compiled_fields():
    """(view, field, offset, size) of each field of each view, in the order of records.h."""
    return [
        (
            TG_LAYOUT[index].view.decode(),
            TG_LAYOUT[index].field.decode(),
            TG_LAYOUT[index].offset,
            TG_LAYOUT[index].size,
        )
        for index in range(TG_LAYOUT_COUNT)
    ]
