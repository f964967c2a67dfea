"""The header `Link`: examples of RFC 8288, and headers that cannot be read."""

from __future__ import annotations

import re
import time

import pytest

from vatspolicy.bundles.oci_client import find_link


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", None),
        ('<http://example.com/TheBook/chapter2>; rel="previous"; title="previous chapter"', None),
        ('</TheBook/chapter2>; rel="previous"; title*=UTF-8\'de\'letztes%20Kapitel, </four>; rel="next"; t=1', "/four"),
        ('<http://example.org/>; rel="start http://example.net/relation/other next"', "http://example.org/"),
        ("</two>; rel=next", "/two"),
        ("</two>;rel=NEXT", "/two"),
        ("</two> ; REL = next ;", "/two"),
        ("</two?a=1,2;b=>; rel=next", "/two?a=1,2;b="),
        ('</two>; rel=prev; rel="next"', None),
        ('</two>; title="a, <b>; rel=next"; rel="prev"', None),
        ('</two>; title="a \\" b"; rel="n\\ext"', "/two"),
        ("</one>; rel=prev,, </two>; rel=next, </three>; rel=next", "/two"),
        ("<>; rel=next", ""),
        ('</two>; anchor="#x"; rel', None),
    ],
)
def test_a_relation_is_found(header: str, found: str | None) -> None:
    assert find_link(header, "next") == found


@pytest.mark.parametrize(
    "header",
    ["/two; rel=next", "</two; rel=next", '</two>; rel="next', "</two> rel=next", "</two>; =next", "</one>, x", "x"],
)
def test_a_header_that_cannot_be_read_is_an_error(header: str) -> None:
    with pytest.raises(ValueError, match=re.escape(header)):
        find_link(header, "next")


@pytest.mark.parametrize("part", ["<", "<>;", '<>;a="\\', "; ", ", "])
def test_long_headers_take_no_time(part: str) -> None:
    began = time.process_time()
    with pytest.raises(ValueError, match=r"\x00"):
        find_link(part * (65536 // len(part)) + "\x00", "next")
    assert time.process_time() - began < 2
