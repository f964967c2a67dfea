"""A set of places, such as those of rules in a list, as the bits of one number."""

from __future__ import annotations

from collections.abc import Iterator


def find_places(bits: int) -> Iterator[int]:
    """Yield the places of the bits that are set."""
    for index, byte in enumerate(bits.to_bytes((bits.bit_length() + 7) // 8, "little")):
        if byte:
            for bit in _BITS[byte]:
                yield index * 8 + bit


_BITS = tuple(tuple(bit for bit in range(8) if byte >> bit & 1) for byte in range(256))
"""Places of the bits that are set, by byte."""
