"""CRC32C by instruction and by table are one function, the published one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.native.checksum import checksum, checksum_portable

# RFC 3720 B.4, and the check value of the CRC catalogue.
PUBLISHED = [
    (b"123456789", 0xE3069283),
    (b"\x00" * 32, 0x8A9136AA),
    (b"\xff" * 32, 0x62A8AB43),
    (bytes(range(32)), 0x46DD794E),
    (bytes(range(31, -1, -1)), 0x113FDB5C),
]


@pytest.mark.parametrize(("data", "expected"), PUBLISHED)
def test_both_ways_give_the_published_value(data: bytes, expected: int) -> None:
    assert checksum(data) == expected
    assert checksum_portable(data) == expected


@given(st.binary(max_size=300))
def test_both_ways_agree_on_any_bytes(data: bytes) -> None:
    assert checksum(data) == checksum_portable(data)
