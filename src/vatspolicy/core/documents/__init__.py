"""Strict YAML and JSON, with the line and column of every key, value and character of a value.

YAML is read from the parser's events and never constructed: one text has one reading, and what two YAML versions read
differently (`no`, `010`, `12:30:00`) is refused. JSON has its own reader, because tabs, escapes and exponents that
JSON allows are not YAML's.
"""

from vatspolicy.core.documents.document import Document, DocumentNode, Path, Scalar, format_path, split_part, split_path
from vatspolicy.core.documents.load import STDIN, load_document, parse_document, recall_document
from vatspolicy.core.documents.reader import MAX_EXACT, Limits

__all__ = [
    "MAX_EXACT",
    "STDIN",
    "Document",
    "DocumentNode",
    "Limits",
    "Path",
    "Scalar",
    "format_path",
    "load_document",
    "parse_document",
    "recall_document",
    "split_part",
    "split_path",
]
