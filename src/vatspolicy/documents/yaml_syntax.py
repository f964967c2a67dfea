"""Syntax errors of YAML parsers in plain words."""

from __future__ import annotations

import re

from vatspolicy.documents.reader import NO_ESCAPE

BLOCK_HEADER = ("The line after | or > holds something else.", "Begin the text on the next line.")
NO_SPACE = ("A space is missing behind the : of this key.", "Write one, or put the key in quotes.")
# Messages of the two parsers, which differ slightly, and the message for the user. The first match counts.
_SYNTAX = (
    (r"document start", "Text follows after the end of the document.", "Check the indentation and quotes."),
    (r"scanning a directive", "A line cannot begin with %.", "Put the text in quotes."),
    (r"quoted scalar.*(end of stream|document (separator|indicator))", "The closing quote is missing.", "Add it."),
    (r"quoted scalar", *NO_ESCAPE),
    (r"scanning an? (anchor|alias)|expected alphabetic", "A value cannot begin with !, & or *.", "Put it in quotes."),
    (r"(scanning|parsing) a tag|tag handle", "Tags such as !name are not used here.", "Put the value in quotes."),
    (r"exceeded", "Values are nested too deep.", "Check the brackets."),
    (r"mapping values are not allowed", "A : is not allowed here.", "Check the indentation, or use quotes."),
    (r"mapping keys are not allowed", "A ? is not allowed here.", "Put the value in quotes."),
    (r"sequence entries are not allowed", "A list item cannot begin here.", "Begin it on a line of its own."),
    (r"cannot start any token", "A value cannot begin with this character.", "Put it in quotes."),
    (r"unexpected ':'", *NO_SPACE),
    (r"expected ':'", "A : is missing after this key.", "Check the indentation and quotes."),
    (r"flow mapping|',' or '}'", "A comma or the closing } is missing.", "Check the brackets and quotes."),
    (r"flow sequence|',' or ']'", "A comma or the closing ] is missing.", "Check the brackets and quotes."),
    (r"block scalar", *BLOCK_HEADER),
    (r"block (mapping|collection|sequence)", "This does not fit what is above.", "Check the indentation and quotes."),
    (r"node content", "A value is missing here.", "Write it, or put the text in quotes."),
)


def explain(jargon: str, text: str, start: int, at: int) -> tuple[int, str, str]:
    """Return the index, the message and the hint of a syntax error, from the `jargon` of a YAML parser.

    `at` is the index that the parser points at, `start` where the broken construct begins.
    """
    for words, message, hint in _SYNTAX:
        if re.search(words, jargon, re.IGNORECASE | re.DOTALL):
            if message == NO_ESCAPE[0]:
                at = max(text.rfind("\\", start, at + 1), start)
            elif "missing" in message and (at >= len(text.rstrip()) or "node content" not in words):
                at = start
            return at, message, hint
    return at, "This is not YAML.", "Check the indentation and quotes."
