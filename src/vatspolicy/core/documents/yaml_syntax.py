"""Syntax errors of YAML parsers in plain words."""

from __future__ import annotations

import re

from vatspolicy.core.documents.reader import NO_ESCAPE
from vatspolicy.i18n import _

BLOCK_HEADER = (_("The line after | or > holds something else."), _("Begin the text on the next line."))
NO_SPACE = (_("A space is missing behind the : of this key."), _("Write one, or put the key in quotes."))
# Messages of the two parsers, which differ slightly, and the message for the user. The first match counts.
_SYNTAX = (
    (r"document start", _("Text follows after the end of the document."), _("Check the indentation and quotes.")),
    (r"scanning a directive", _("A line cannot begin with %."), _("Put the text in quotes.")),
    (
        r"quoted scalar.*(end of stream|document (separator|indicator))",
        _("The closing quote is missing."),
        _("Add it."),
    ),
    (r"quoted scalar", *NO_ESCAPE),
    (
        r"scanning an? (anchor|alias)|expected alphabetic",
        _("A value cannot begin with !, & or *."),
        _("Put it in quotes."),
    ),
    (r"(scanning|parsing) a tag|tag handle", _("Tags such as !name are not used here."), _("Put the value in quotes.")),
    (r"exceeded", _("Values are nested too deep."), _("Check the brackets.")),
    (r"mapping values are not allowed", _("A : is not allowed here."), _("Check the indentation, or use quotes.")),
    (r"mapping keys are not allowed", _("A ? is not allowed here."), _("Put the value in quotes.")),
    (r"sequence entries are not allowed", _("A list item cannot begin here."), _("Begin it on a line of its own.")),
    (r"cannot start any token", _("A value cannot begin with this character."), _("Put it in quotes.")),
    (r"unexpected ':'", *NO_SPACE),
    (r"expected ':'", _("A : is missing after this key."), _("Check the indentation and quotes.")),
    (r"flow mapping|',' or '}'", _("A comma or the closing } is missing."), _("Check the brackets and quotes.")),
    (r"flow sequence|',' or ']'", _("A comma or the closing ] is missing."), _("Check the brackets and quotes.")),
    (r"block scalar", *BLOCK_HEADER),
    (
        r"block (mapping|collection|sequence)",
        _("This does not fit what is above."),
        _("Check the indentation and quotes."),
    ),
    (r"node content", _("A value is missing here."), _("Write it, or put the text in quotes.")),
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
    return at, _("This is not YAML."), _("Check the indentation and quotes.")
