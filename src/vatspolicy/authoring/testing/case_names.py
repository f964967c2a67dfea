"""Names of tests from their facts, and the mark for names and comments that an update may have outdated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from vatspolicy.core.documents import Document, Path

_BY_FACTS = re.compile(r"[a-z0-9-]+( on \d{4}-\d\d-\d\d\b|: each of the )")
_MARK = "# Check the name and the comments of this test: an update changed"


def mark_words(document: Document, changed: Iterable[Path]) -> str:
    """Return the text of an updated file, with a comment above each entry whose name does not state its facts alone.

    `changed`: the places of the expectations that the update rewrote.
    """
    by_entry: dict[Path, list[str]] = {}
    for path in changed:
        rest = [step for step in path[2:] if step not in ("expect", "rows") and isinstance(step, str)]
        by_entry.setdefault(path[:2], []).append(" ".join(rest))
    lines = document.text.split("\n")
    for entry, words in sorted(by_entry.items(), reverse=True):
        line, name = document.mark(entry)[0] - 1, document.data[entry[0]][entry[1]].get("it", "")
        if not _BY_FACTS.match(name) and not lines[line - 1].strip().startswith(_MARK):
            indent = " " * (len(lines[line]) - len(lines[line].lstrip()))
            lines.insert(line, f"{indent}{_MARK} {', '.join(dict.fromkeys(words))}.")
    return "\n".join(lines)


def find_marks(document: Document) -> Iterator[int]:
    """Yield the numbers of lines that an update has marked."""
    if _MARK in document.text:
        yield from (n for n, line in enumerate(document.text.split("\n"), 1) if line.strip().startswith(_MARK))
