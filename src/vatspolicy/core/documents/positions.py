"""Lines and columns of a text, and the places of the characters of a scalar."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

# Characters that YAML forbids, line breaks of YAML 1.1 only, the byte order mark, and characters that reorder
# text on screen: so that a reviewer sees the same text as a machine.
_UNPRINTABLE = "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"


def unprintable(text: str) -> Iterator[re.Match[str]]:
    """Yield every such character of a text."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return iter(())
    return re.finditer(_UNPRINTABLE, text)


def line_starts(text: str) -> list[int]:
    """Return the index of the first character of each line."""
    return [0, *accumulate(len(line) + 1 for line in text.split("\n"))][:-1]


def position(lines: list[int], index: int) -> tuple[int, int]:
    """(line, column), counted from 1, of a character of the text that has these line starts."""
    line = bisect_right(lines, index)
    return line, index - lines[line - 1] + 1


def characters(text: str, start: int, style: str, value: str) -> Iterator[tuple[str, int]]:
    """Yield the characters of a scalar's value, each with its index in the text; possibly more than the value has.

    `start` is where the scalar begins, `style` how it is written: "" plain, ' or " quoted, | or > block.
    """
    if style in ("|", ">"):
        return _block_characters(text, start, style == ">", value)
    return _flow_characters(text, start + len(style), style)


def _flow_characters(text: str, index: int, quote: str) -> Iterator[tuple[str, int]]:
    while index < len(text):
        char = text[index]
        if char in " \t\n" and (run := re.compile(_SPACE).match(text, index)):
            yield from _fold(text, index, run.end())
            index = run.end()
        elif quote == "'" and text.startswith("''", index):
            yield "'", index
            index += 2
        elif char == quote:
            return
        elif quote == '"' and char == "\\":
            escape = re.compile(_ESCAPE).match(text, index)
            if escape is None:
                return
            folds = range(index + 2, escape.end()) if escape["fold"] is not None else ()
            yield from [("\n", at) for at in folds if text[at] == "\n"] if folds else [(_unescape(escape), index)]
            index = escape.end()
        else:
            yield char, index
            index += 1


def _fold(text: str, start: int, end: int) -> Iterator[tuple[str, int]]:
    """White space within a line is kept; one line break becomes a space, and n breaks become n - 1."""
    breaks = [at for at in range(start, end) if text[at] == "\n"]
    if not breaks:
        yield from ((text[at], at) for at in range(start, end))
    elif len(breaks) == 1:
        yield " ", start
    else:
        yield from (("\n", at) for at in breaks[1:])


def _unescape(escape: re.Match[str]) -> str:
    if escape["low"]:
        return chr(0x10000 + ((int(escape["high"], 16) - 0xD800) << 10) + int(escape["low"], 16) - 0xDC00)
    if digits := escape["hex"]:
        return chr(int(digits[1:], 16))
    return _ESCAPES.get(escape["char"], "")


_SPACE = r"[ \t\n]+"
_ESCAPE = (
    r"\\(?:u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?P<hex>x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|(?P<fold>\n[ \t\n]*)|(?P<char>.))"
)
_ESCAPES = dict(zip('0abt\tnvfre "/\\N_LP', '\0\a\b\t\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029', strict=True))


def _block_characters(text: str, start: int, folded: bool, value: str) -> Iterator[tuple[str, int]]:
    """Follows the parser's folding. The indentation is the excess of the first line over the value's first line."""
    at = text.find("\n", start) + 1
    first = re.compile(_FIRST_LINE).match(text, at)
    inner = re.compile(_FIRST_LINE).match(value)
    indent = len(first[1]) - len(inner[1]) if first and inner else 0
    breaks: list[int] = []
    line_break, flush = -1, False
    while 0 < at <= len(text):
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        body = text[at + indent : end]
        if text[at : min(at + indent, end)].strip(" "):
            break
        if body:
            was_flush, flush = flush, body[0] not in " \t"
            joined = folded and was_flush and flush
            if line_break >= 0 and not (joined and breaks):
                yield " " if joined else "\n", line_break
            yield from (("\n", index) for index in breaks)
            yield from zip(body, range(at + indent, end), strict=True)
            breaks, line_break = [], end
        else:
            breaks.append(end)
        at = end + 1
    if line_break >= 0:
        yield "\n", line_break
    yield from (("\n", index) for index in breaks)


_FIRST_LINE = r"(?:[ ]*\n)*([ ]*)"
