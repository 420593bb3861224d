"""Finds libzmq's entry points in the library that pyzmq loaded, once, at import."""

def library_path() -> str:
    """The file that the entry points are in."""

def require(name: str) -> None:
    """Raise LibraryError unless libzmq has this symbol."""

def refuse_second_library() -> None:
    """Raise LibraryError when another libzmq is mapped into this process."""
