"""Office files and other archives: the same bytes for the same content."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from xml.etree.ElementTree import canonicalize

_STAMP = re.compile(r"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_DAY = (1980, 1, 1, 0, 0, 0)
"""The first day that a zip file can represent."""


FORMULA = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
"""Characters that begin a formula in a spreadsheet, including full-width forms."""


def settle(content: bytes) -> bytes:
    """Return an office file without its time of writing, with XML in canonical form."""
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        parts = {name: canonicalize(old.read(name).decode()) for name in old.namelist()}
    return pack({name: _STAMP.sub(r"\g<1>1980-01-01T00:00:00Z", part).encode() for name, part in parts.items()})


def pack(parts: Mapping[str, bytes]) -> bytes:
    """Return an archive (ZIP) whose bytes depend on the parts alone."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(parts):
            archive.writestr(zipfile.ZipInfo(name, _DAY), parts[name], zipfile.ZIP_DEFLATED, 9)
    return held.getvalue()
