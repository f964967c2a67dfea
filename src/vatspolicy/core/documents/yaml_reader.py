"""Strict YAML with the place of every key and value, read from the events of the parser."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from vatspolicy.core.documents.document import DocumentNode, Scalar
from vatspolicy.core.documents.reader import EMPTY, NO_ESCAPE, Limits, TextReader
from vatspolicy.core.documents.scalars import ASCII_COLON, WIDE_COLON, doubt, is_number, is_surely_text
from vatspolicy.errors import suggest
from vatspolicy.i18n import _

if TYPE_CHECKING:
    from typing import Any, NoReturn

    import yaml


BLOCK_HEADER = (_("The line after | or > contains something else."), _("Begin the text on the next line."))
BEGINNING = (_("A value cannot begin with !, & or *."), _("Put it in quotes."))
NO_SPACE = (_("A space is missing after the : of this key."), _("Write one, or put the key in quotes."))
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
    (r"scanning an? (anchor|alias)|expected alphabetic", *BEGINNING),
    (r"(scanning|parsing) a tag|tag handle", _("Tags such as !name are not supported."), _("Put the value in quotes.")),
    (r"exceeded", _("Values are nested too deeply."), _("Check the brackets.")),
    (r"mapping values are not allowed", _("A : is not allowed here."), _("Check the indentation, or use quotes.")),
    (r"mapping keys are not allowed", _("A ? is not allowed here."), _("Put the value in quotes.")),
    (r"sequence entries are not allowed", _("A list item cannot begin here."), _("Begin it on a separate line.")),
    (r"cannot start any token", _("A value cannot begin with this character."), _("Put it in quotes.")),
    (r"unexpected ':'", *NO_SPACE),
    (r"expected ':'", _("A : is missing after this key."), _("Check the indentation and quotes.")),
    (r"flow mapping|',' or '}'", _("A comma or the closing } is missing."), _("Check the brackets and quotes.")),
    (r"flow sequence|',' or ']'", _("A comma or the closing ] is missing."), _("Check the brackets and quotes.")),
    (r"block scalar", *BLOCK_HEADER),
    (
        r"block (mapping|collection|sequence)",
        _("This does not fit the text above."),
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
            elif message == BLOCK_HEADER[0] and (tag := re.search(r"[:\-,[{] +(![^\n]*)$", text[:start])):
                return tag.start(1), *BEGINNING  # an expression such as !(a >= b), of which > is not the beginning
            elif "missing" in message and (at >= len(text.rstrip()) or "node content" not in words):
                at = start
            return at, message, hint
    return at, _("This is not YAML."), _("Check the indentation and quotes.")


# --- strict YAML with the place of every key and value, read from the events of the parser
#
# PyYAML has two parsers, libyaml's and one in Python. Text that they read differently is refused, so that both accept
# the same files, read the same from them, and say the same about the others.


def yaml_loader() -> type[yaml.SafeLoader] | type[yaml.CSafeLoader]:
    """Return the parser of libyaml if PyYAML has it, else the slower one in Python, with the same results."""
    import yaml

    return yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class YamlReader(TextReader):
    """Reads one document of the YAML that YAML 1.1 and 1.2 read alike, without tags and merge keys."""

    def __init__(self, text: str, file: str, limits: Limits) -> None:
        super().__init__(text, file, limits)
        self.anchors: dict[str, DocumentNode | None] = {}  # None while the anchored value is still being read
        self.aliases = 0
        self.flow = 0  # number of open containers in brackets
        self.verbatim: list[tuple[int, int]] = []  # quoted and block scalars, the only values that may contain a tab
        self.crowded = [match.end() - 1 for match in re.compile(_CROWDED_COMMENT).finditer(text)] if "#" in text else []
        self.plain: list[tuple[int, int]] = []  # plain scalars; noted only where `crowded` has a candidate

    def read(self) -> DocumentNode:
        """Read the root of the text. Raises StopError."""
        import yaml

        if "%" in self.text and (directive := re.compile(_DIRECTIVE).match(self.text)):
            self.fail(directive.end() - 1, _("Directives are not supported."), _("Remove the line that begins with %."))
        self.yaml = yaml
        self.events: Iterator[Any] = iter(yaml_loader()(self.text).get_event, None)
        try:
            root = self._document()
        except yaml.MarkedYAMLError as error:
            self._refuse_syntax(error)
        except (ValueError, OverflowError):  # the parser in Python, for a character beyond Unicode
            character = re.compile(_BEYOND_UNICODE).search(self.text)
            self.fail(character.start() if character else 0, *NO_ESCAPE)
        self._refuse_tabs(len(self.text))
        self._refuse_crowded_comments()
        return root

    def _refuse_syntax(self, error: yaml.MarkedYAMLError) -> NoReturn:
        """Refuse a text that the parser cannot read, at the place and with the words that fit it best."""
        context, mark = error.context or "", error.problem_mark or error.context_mark
        at = mark.index if mark else 0
        start = error.context_mark.index if error.context_mark else at
        self._refuse_tabs(start if "quoted" in context else at + 1)
        if self.text[at : at + 1] == "?" and "flow" in context:
            self.fail_alone(at, *_QUESTION_MARK)
        self._refuse_wide_colon(start, at)
        self.fail(*explain(f"{context}; {error.problem or ''}", self.text, start, at))

    def _refuse_wide_colon(self, start: int, at: int) -> None:
        """Refuse a key before a full-width colon, from the line above `start` to the line of `at`."""
        line = self.text.rfind("\n", 0, start)
        begin, end = self.text.rfind("\n", 0, max(line, 0)) + 1, f"{self.text}\n".find("\n", at)
        if wide := re.compile(rf"(?m:^[ -]*){WIDE_COLON}").search(self.text, begin, end):
            self.fail_alone(wide.end() - 1, _("This is a full-width colon."), ASCII_COLON)

    def _document(self) -> DocumentNode:
        next(self.events)
        opening = next(self.events)
        if isinstance(opening, self.yaml.StreamEndEvent):
            self.fail(0, EMPTY)
        first = next(self.events)
        if isinstance(first, self.yaml.ScalarEvent) and not first.value and not first.style and not first.tag:
            self.fail(0, EMPTY)
        root = self._value(first, first.start_mark.index)
        next(self.events)
        closing = next(self.events)
        if not isinstance(closing, self.yaml.StreamEndEvent):
            self.fail(
                closing.start_mark.index, _("A second document begins here."), _("Keep one document in one file.")
            )
        return root

    def _value(self, event: Any, named_at: int) -> DocumentNode:
        """`named_at` is the position of the key, for errors about an empty value."""
        start = event.start_mark.index
        self._check_line(start)
        if event.anchor is not None:
            self._check_anchor(event, start)
        if isinstance(event, self.yaml.AliasEvent):
            return self._alias(str(event.anchor), start)
        if event.tag is not None:
            hint = _("Remove the tag; put the value in quotes if it begins with !.")
            self.note(start, _("Tags such as !name are not supported."), hint)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if isinstance(event, self.yaml.ScalarEvent):
            node = self._scalar(event, start, named_at)
        else:
            node = self._container(event, start)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _check_anchor(self, event: Any, start: int) -> None:
        """Refuse `&a:b`: YAML 1.2 reads an anchor named `a:b`, this parser an anchor `a` and the text `:b`."""
        behind = start + 1 + len(event.anchor)
        if self.text[start : start + 1] in ("&", "*") and re.compile(_ANCHOR_GOES_ON).match(self.text, behind):
            self.note(
                start, _("The name of an anchor can contain only letters, digits, - and _."), _("Rename the anchor.")
            )

    def _alias(self, name: str, start: int) -> DocumentNode:
        self.aliases += 1
        if self.aliases > self.limits.aliases:
            self.fail(start, _("The file uses more than {aliases} aliases.", aliases=self.limits.aliases))
        target = self.anchors.get(name)
        if target is None:
            if name in self.anchors:
                self.note(start, _("An alias cannot be inside its own anchor."))
            else:
                self.note(
                    start, _("This alias has no anchor above it."), suggest(name, islice(self.anchors, _MOST_ANCHORS))
                )
            return DocumentNode(None, start, start)
        self.spend(start, target.size, target.height)
        return replace(target, start=start)

    def _scalar(self, event: Any, start: int, named_at: int) -> DocumentNode:
        self.spend(start)
        behind_properties = re.compile(_PROPERTIES).match(self.text, start) if event.tag or event.anchor else None
        text_start = behind_properties.end() if behind_properties else start
        self._check_text(event, text_start)
        value: Scalar = event.value
        if not event.style and event.tag is None:
            value = self._resolve(event.value, start, named_at)
        return DocumentNode(value, start, text_start, event.style or "")

    def _resolve(self, text: str, start: int, named_at: int) -> Scalar:
        if is_surely_text(text):
            return text
        if not text:
            self.note(named_at, _("The value is missing."), _("Write null or remove the key."))
            return text
        if text in ("true", "false"):
            return text == "true"
        if text == "null":
            return None
        if is_number(text):
            return self.number(start, text)
        if doubtful := doubt(text):
            self.note(start, *doubtful)
        return text

    def _container(self, event: Any, start: int) -> DocumentNode:
        flow = 1 if event.flow_style else 0
        self.flow += flow
        self.depth += 1
        self.spend(start)
        node = self._list(start) if isinstance(event, self.yaml.SequenceStartEvent) else self._mapping(start)
        self.depth -= 1
        self.flow -= flow
        return node

    def _list(self, start: int) -> DocumentNode:
        items: list[DocumentNode] = []
        node = DocumentNode(items, start, start, height=1)
        while not isinstance(event := next(self.events), self.yaml.SequenceEndEvent):
            self.path.append(len(items))
            items.append(self._value(event, event.start_mark.index))
            self.leave(node, items[-1])
        return node

    def _mapping(self, start: int) -> DocumentNode:
        entries: dict[str, DocumentNode] = {}
        keys: dict[str, int] = {}
        node = DocumentNode(entries, start, start, keys=keys, height=1)
        while not isinstance(event := next(self.events), self.yaml.MappingEndEvent):
            key, at = self._key(event), event.start_mark.index
            if key is None:
                self._value(next(self.events), at)
                continue
            first = self.enter(keys, key, at)
            child = self._value(next(self.events), at)
            if first:
                entries[key] = child
            self.leave(node, child)
        return node

    def _key(self, event: Any) -> str | None:
        """Return the key; None for an invalid key, which is noted while the caller still checks the value."""
        start, end = event.start_mark.index, event.end_mark.index
        self._check_line(start)
        if not isinstance(event, self.yaml.ScalarEvent):
            self.note(start, _("A key must be text."), _("Put it in quotes."))
            if not isinstance(event, self.yaml.AliasEvent):
                reported = len(self.problems)
                self._value(event, start)
                del self.problems[reported:]
            return None
        if event.tag is not None or event.anchor is not None:
            self.note(
                start, _("A key cannot have a tag or an anchor."), _("Put it in quotes if it begins with ! or &.")
            )
            return None
        text: str = event.value
        self._check_text(event, start)
        if self.flow and not event.style and self.text.startswith((":[", ":{"), end):
            self.fail(start, *NO_SPACE)  # as libyaml does
        if event.style or (is_surely_text(text) and text != "<<"):
            return text
        if text == "<<":
            self.note(start, _("Merge keys (<<) are not supported."), _("Write the keys out."))
            return None
        if not text or text in ("true", "false", "null") or is_number(text) or doubt(text):
            self.note(start, _("A key must be text."), _("Put it in quotes."))
            return None
        return text

    def _check_text(self, event: Any, text_start: int) -> None:
        """Check escapes of quoted text, places of tabs, and a ? that one parser reads as the start of a key."""
        if self.crowded and not event.style:
            self.plain.append((text_start, event.end_mark.index))
        if event.style:
            if event.style in ("|", ">") and (crowded := re.compile(_CROWDED_HEADER).match(self.text, text_start)):
                self.fail(crowded.end() - 1, *BLOCK_HEADER)  # libyaml reads the # as a comment
            self._keep_tabs(event)
            if event.style in ("'", '"'):
                self._check_continuation(text_start, event.end_mark.index)
            if event.style == '"':
                self.check_escapes(text_start, event.value)
        elif self.flow and "?" in event.value:
            self.fail_alone(self.text.index("?", event.start_mark.index), *_QUESTION_MARK)
        elif self.flow and (event.value == "-" or self.text[text_start - 1] == "?"):
            self.fail_alone(text_start - (event.value != "-"), *_SIGN_IN_BRACKETS)  # this parser reads a key, or a dash

    def _check_continuation(self, start: int, end: int) -> None:
        """Refuse a quoted text that continues at the start of a line or at a tab: YAML 1.2 requires spaces there."""
        if self.depth > self.flow and (tab := re.compile(_NOT_INDENTED).search(self.text, start, end)):
            self.fail_alone(tab.end() - 1, *_INDENT)

    def _check_line(self, start: int) -> None:
        """Refuse a member of [ ] or { } at the start of a line below a key, as in a quoted text."""
        if 0 < self.flow < self.depth and self.text[start - 1] == "\n":
            self.fail_alone(start, *_INDENT)

    def _keep_tabs(self, event: Any) -> None:
        """Tabs are text inside quotes and blocks, but neither in a block's header nor where its indentation is set."""
        start = event.start_mark.index
        if event.style in ("|", ">"):
            start = self.text.index(event.style, start)
            if body := re.compile(_BLOCK_INDENT).match(self.text, start):
                start = min(body.end(), event.end_mark.index)
        self.verbatim.append((start, event.end_mark.index))

    def _refuse_tabs(self, end: int) -> None:
        """Refuse the first tab before `end` that is neither text nor comment.

        The two parsers differ about such tabs, so none is allowed; and it is told alone, because one parser reads on
        behind it and the other does not.
        """
        at = self.text.find("\t", 0, end)
        while at >= 0:
            start, behind = _span_at(self.verbatim, at)
            if not start <= at < behind:
                if not self._is_comment(at, behind):
                    self.fail_alone(at, _("YAML requires spaces here instead of a tab."), _("Use spaces."))
                behind = self.text.find("\n", at)
            at = self.text.find("\t", behind, end) if behind >= 0 else -1

    def _refuse_crowded_comments(self) -> None:
        """Refuse `[a]#b`: a comment for this parser, an error for YAML 1.2, text for others."""
        end_of_comment = 0
        for at in self.crowded:
            if at < end_of_comment:
                continue
            spans = [_span_at(scalars, at) for scalars in (self.plain, self.verbatim)]
            if any(start <= at < end for start, end in spans):
                continue
            if self._is_comment(at, max(end for __, end in spans)):
                end_of_comment = self.text.find("\n", at) % (len(self.text) + 1)  # the end of the text without one
                continue
            hint = _("Write a space, or put the text in quotes.")
            self.note(at, _("A space is missing before the # of this comment."), hint)

    def _is_comment(self, index: int, behind: int) -> bool:
        """Return True if a comment begins on the line of `index`, after the scalar that ends at `behind`."""
        line = max(self.text.rfind("\n", 0, index) + 1, behind)
        return re.compile(_COMMENT).search(self.text, line, index) is not None


def _span_at(spans: list[tuple[int, int]], index: int) -> tuple[int, int]:
    """Return the last of the sorted spans that begins at or before `index`."""
    last = bisect_right(spans, (index, sys.maxsize)) - 1
    return spans[last] if last >= 0 else (0, 0)


_MOST_ANCHORS = 100  # candidates for a hint
_BEYOND_UNICODE = r"\\U(?!000|0010)[0-9a-fA-F]{8}"
_QUESTION_MARK = (_("A ? inside [ ] or { } is not allowed here."), _("Put the value in quotes."))
_SIGN_IN_BRACKETS = (_("A single - and a ? before a key are not allowed inside [ ] or { }."), _("Put it in quotes."))
_DIRECTIVE = r"(?: *(?:#[^\n]*)?\n)*%"
_INDENT = (_("The continuation of the line above is not indented."), _("Indent it."))
_NOT_INDENTED = r"\n(?: *\t|[^ \n])"
_PROPERTIES = r"(?:[&!][^\s]*\s+)*"
_ANCHOR_GOES_ON = r"[^\s,\]}]"
_CROWDED_COMMENT = r"""[\[\]{},:"']#"""
_CROWDED_HEADER = r"[|>][-+0-9]*#"
_BLOCK_INDENT = r"[|>][^\n]*\n[ \n]*\t*"
_COMMENT = r"(?m:(?<=[ \t])|^)#"
