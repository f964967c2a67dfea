"""Printers: each writes any document, or any findings, in one format. A printer knows no result."""

from __future__ import annotations

import importlib

from vatspolicy.reports.document import FINE, PROOF, Document, replace, select


def print_document(format: str, document: Document, color: bool = False, room: int = 100) -> str:
    """Return a document in a format: text, markdown, html or ics. `color` and `room` (columns) apply to text only.

    A page alone has the evidence.
    """
    document = replace(document, blocks=select(document.blocks, PROOF if format == "html" else FINE))
    write = importlib.import_module(f"vatspolicy.reports.printers.{format}").write
    text: str = write(document, color, room) if format == "text" else write(document)
    return text
