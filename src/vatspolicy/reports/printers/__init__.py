"""Printers: each writes any document, or any findings, in one format. A printer knows no result."""

from __future__ import annotations

import importlib

from vatspolicy.reports.document import Document


def print_document(format: str, document: Document, color: bool = False, room: int = 100) -> str:
    """Return a document in a format: text, markdown, html or ics. `color` and `room` (columns) apply to text only."""
    write = importlib.import_module(f"vatspolicy.reports.printers.{format}").write
    text: str = write(document, color, room) if format == "text" else write(document)
    return text
