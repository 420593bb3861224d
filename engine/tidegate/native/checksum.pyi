"""CRC32C. Which way it is computed is decided once, at import, by what the processor has."""

from typing_extensions import Buffer

HAS_INSTRUCTION: bool

def checksum(data: Buffer) -> int:
    """CRC32C of data."""

def checksum_portable(data: Buffer) -> int:
    """The same from tables, for a processor without the instruction."""
