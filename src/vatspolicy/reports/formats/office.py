"""Office files: the same bytes for the same content."""

from __future__ import annotations

import io
import re
import zipfile

_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_DAY = (1980, 1, 1, 0, 0, 0)
"""The first day that a zip file can represent."""


FORMULA = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
"""Characters that begin a formula in a spreadsheet, including full-width forms."""


def settle(content: bytes) -> bytes:
    """Return an office file without its time of writing."""
    held = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = _STAMP.sub(rb"\g<1>1980-01-01T00:00:00Z", part)
            new.writestr(zipfile.ZipInfo(name, _DAY), part, zipfile.ZIP_DEFLATED)
    return held.getvalue()
