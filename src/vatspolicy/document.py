"""Strict YAML and JSON, with the line and column of every key, value and character of a value.

YAML is read from the parser's events and never constructed: one text has one reading, and what two YAML versions read
differently (`no`, `010`, `12:30:00`) is refused. JSON has a reader of its own, because tabs, escapes and exponents that
JSON allows are not YAML's.
"""

from __future__ import annotations

import json
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from vatspolicy.errors import InvalidInput, Problem, point, suggest

if TYPE_CHECKING:
    import yaml

Path: TypeAlias = tuple[str | int, ...]
Scalar: TypeAlias = str | int | float | bool | None

STDIN = "<stdin>"
MAX_EXACT = 2**53  # the largest magnitude up to which every integer is a double too


@dataclass(frozen=True)
class Limits:
    """What a document may cost: bytes of text, nodes after aliases are expanded, levels of nesting, alias uses."""

    size: int = 2**20
    nodes: int = 20_000
    depth: int = 32
    aliases: int = 64


@dataclass(slots=True)
class Node:
    """A value and where it stands: indexes into the text, which differ when the value has an anchor or is an alias."""

    value: Scalar | dict[str, Node] | list[Node]
    start: int
    text_start: int
    style: str = ""  # "" plain, ' or " quoted, | or > block
    keys: dict[str, int] | None = None
    size: int = 1
    height: int = 0


@dataclass(frozen=True)
class Document:
    """One file as data. `data` is dicts, lists, str, int, float, bool and None; lines and columns count from 1."""

    file: str
    data: Any = field(repr=False)
    text: str = field(repr=False, compare=False)
    root: Node = field(repr=False, compare=False)

    @cached_property
    def _lines(self) -> list[int]:
        return _line_starts(self.text)

    def mark(self, path: Path, key: bool = False) -> tuple[int, int]:
        """(line, column) of the value at `path`, or of its key; of the nearest parent that exists otherwise."""
        node, parent, found = self._walk(path)
        last = path[-1] if path else None
        if key and found and parent is not None and parent.keys is not None and isinstance(last, str):
            return self._position(parent.keys[last])
        return self._position(node.start)

    def scalar_start(self, path: Path) -> tuple[int, int]:
        """(line, column) of the first character of the text at `path`: after a quote or the header of a block."""
        return self.locate(path, 0)

    def locate(self, path: Path, offset: int) -> tuple[int, int]:
        """(line, column) of character `offset` (from 0; the length is allowed) of the text at `path`.

        Exact for every way YAML and JSON can write a text; the start of the scalar if `offset` is outside it.
        """
        node, _, found = self._walk(path)
        if not found or isinstance(node.value, dict | list):
            return self._position(node.start)
        value = node.value if isinstance(node.value, str) else None
        if value is None:
            return self._position(node.text_start + offset)
        length = len(value)
        read = list(islice(_characters(self.text, node.text_start, node.style, value), length))
        if "".join(char for char, _ in read) != value or not 0 <= offset <= length:
            return self._position(node.start)
        if offset < length:
            return self._position(read[offset][1])
        return self._position(read[-1][1] + 1 if read else node.text_start + (node.style in ("'", '"')))

    def source_line(self, line: int) -> str:
        """The text of a line, without its line break; empty outside the file."""
        if not 1 <= line <= len(self._lines):
            return ""
        start = self._lines[line - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else len(self.text)]

    def problem(self, path: Path, message: str, hint: str = "", key: bool = False) -> Problem:
        """A problem with the value (or the key) at `path`."""
        line, column = self.mark(path, key)
        return Problem(self.file, line, column, format_path(path), message, hint)

    def problem_within(self, path: Path, offset: int, length: int, message: str, hint: str = "") -> Problem:
        """A problem with `length` characters from `offset` of the text at `path`; the excerpt shows the source line."""
        line, column = self.locate(path, offset)
        excerpt = point(self.source_line(line), column, length)
        return Problem(self.file, line, column, format_path(path), message, hint, excerpt)

    def _walk(self, path: Path) -> tuple[Node, Node | None, bool]:
        """The deepest node on `path` that exists, its parent, and whether the whole path exists."""
        node, parent = self.root, None
        for step in path:
            child: Node | None = None
            if isinstance(node.value, dict) and isinstance(step, str):
                child = node.value.get(step)
            elif isinstance(node.value, list) and isinstance(step, int) and 0 <= step < len(node.value):
                child = node.value[step]
            if child is None:
                return node, parent, False
            node, parent = child, node
        return node, parent, True

    def _position(self, index: int) -> tuple[int, int]:
        return _position(self._lines, index)


def load_document(path: FilePath | str, limits: Limits = Limits()) -> Document:
    """Read a file, or standard input for `-`. Raises InvalidInput with every problem found."""
    name = STDIN if str(path) == "-" else str(path)
    try:
        if name == STDIN:
            content = sys.stdin.buffer.read(limits.size + 1)
        else:
            with FilePath(path).open("rb") as stream:
                content = stream.read(limits.size + 1)
    except FileNotFoundError:
        raise InvalidInput([Problem(name, 1, 1, "", "There is no such file.")]) from None
    except IsADirectoryError:
        raise InvalidInput([Problem(name, 1, 1, "", "This is a directory, not a file.")]) from None
    except PermissionError:
        raise InvalidInput([Problem(name, 1, 1, "", "The file may not be read: permission is denied.")]) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not usable"
        raise InvalidInput([Problem(name, 1, 1, "", f"The file cannot be read: {reason}.")]) from None
    return parse_document(content, name, limits)


def parse_document(text: str | bytes, file: str, limits: Limits = Limits()) -> Document:
    """Read a text: JSON if `file` ends in .json, else YAML; standard input may be either.

    Raises InvalidInput with every problem found, at most up to the first one after which reading makes no sense.
    """
    clean = _decode(text, file, limits)
    if file.lower().endswith(".json"):
        return _JsonReader(clean, file, limits).document()
    if file == STDIN and clean.lstrip().startswith(("{", "[")):
        try:
            return _JsonReader(clean, file, limits).document()
        except InvalidInput as as_json:
            try:
                return _YamlReader(clean, file, limits).document()
            except InvalidInput:
                raise as_json from None
    return _YamlReader(clean, file, limits).document()


def format_path(path: Path) -> str:
    """`("services", 0, "kind")` as `services[0].kind`; keys that are not plain words as `["a b"]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _WORD.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{json.dumps(step, ensure_ascii=False)}]"
    return text


_WORD = re.compile(r"[\w-]+")
# What YAML does not allow, line breaks that only YAML 1.1 knows, the byte order mark, and characters that reorder
# text on screen: so that a reviewer sees what a machine reads.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


def _decode(text: str | bytes, file: str, limits: Limits) -> str:
    """The text with plain line feeds and no byte order mark; every character of it can be shown."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    if len(raw) > limits.size:
        message = f"The file is larger than {limits.size:,} bytes."
        raise InvalidInput([Problem(file, 1, 1, "", message)])
    bad: int | None = None
    if isinstance(text, bytes):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            text, bad = raw[: error.start].decode("utf-8"), error.start
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if bad is not None:
        line, column = _position(_line_starts(text), len(text))
        raise InvalidInput([Problem(file, line, column, "", "The file is not UTF-8 text.", "Save it as UTF-8.")])
    problems = []
    lines = _line_starts(text)
    for found in islice(_UNPRINTABLE.finditer(text), 10):
        line, column = _position(lines, found.start())
        message = f"The invisible character U+{ord(found.group()):04X} is not allowed."
        problems.append(Problem(file, line, column, "", message, "Remove it."))
    if problems:
        raise InvalidInput(problems)
    return text


def _line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in re.finditer("\n", text))]


def _position(lines: list[int], index: int) -> tuple[int, int]:
    line = bisect_right(lines, index)
    return line, index - lines[line - 1] + 1


class _StopError(Exception):
    """After a problem behind which nothing can be read."""


class _Reader:
    """What reading YAML and JSON share: where we are, what it has cost, and what was wrong."""

    def __init__(self, text: str, file: str, limits: Limits) -> None:
        self.text, self.file, self.limits = text, file, limits
        self.path: list[str | int] = []
        self.depth = 0
        self.nodes = 0
        self._problems: list[tuple[int, str, str, str]] = []
        self._lines = _line_starts(text)

    def document(self) -> Document:
        root: Node | None = None
        with suppress(_StopError):
            root = self.read()
        if root is None or self._problems:
            raise InvalidInput(
                Problem(self.file, *_position(self._lines, index), path, message, hint)
                for index, path, message, hint in self._problems
            )
        return Document(self.file, _data(root), self.text, root)

    def read(self) -> Node:
        raise NotImplementedError

    def note(self, index: int, message: str, hint: str = "") -> None:
        self._problems.append((index, format_path(tuple(self.path)), message, hint))

    def fail(self, index: int, message: str, hint: str = "") -> NoReturn:
        self.note(index, message, hint)
        raise _StopError

    def fail_alone(self, index: int, message: str, hint: str = "") -> NoReturn:
        """For what the two YAML parsers meet at different moments: noted problems would differ, so they are dropped."""
        self._problems.clear()
        self.path.clear()
        self.fail(index, message, hint)

    def spend(self, index: int, nodes: int = 1, height: int = 0) -> None:
        self.nodes += nodes
        if self.nodes > self.limits.nodes:
            self.fail(index, f"The file has more than {self.limits.nodes:,} values.")
        if self.depth + height > self.limits.depth:
            self.path.clear()
            self.fail(index, f"Values are nested more than {self.limits.depth} levels deep.")

    def enter(self, keys: dict[str, int], key: str, index: int) -> bool:
        """Step into the value of a key; False if the key was there before, and its first value stays."""
        self.path.append(key)
        if key not in keys:
            keys[key] = index
            return True
        line, _ = _position(self._lines, keys[key])
        self.note(index, f"The key was given before, on line {line}.", "Remove one of the two.")
        return False

    def leave(self, node: Node, child: Node) -> None:
        self.path.pop()
        node.size += child.size
        node.height = max(node.height, child.height + 1)

    def number(self, index: int, text: str) -> int | float:
        """`text` is a decimal number; refused when a double could not hold its whole part exactly."""
        value = float(text)
        if abs(value) > MAX_EXACT or (abs(value) == MAX_EXACT and text.lstrip("-") != str(MAX_EXACT)):
            self.note(index, f"The number is beyond {MAX_EXACT:,} and would not stay exact.", "Put it in quotes.")
            return 0
        return int(text) if _INTEGER.fullmatch(text) else value

    def check_escapes(self, index: int, quote: str, value: str) -> None:
        """Escapes can bring in what the file itself may not hold."""
        found = _UNPRINTABLE.search(value)
        if found is None:
            return
        read = next(islice(_characters(self.text, index, quote, value), found.start(), None), None)
        at, code = read[1] if read else index, ord(found.group())
        if 0xD800 <= code <= 0xDFFF:
            self.fail(at, *_NO_ESCAPE)
        self.note(at, f"The text holds the invisible character U+{code:04X}.", "Remove it.")


def _data(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: _data(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [_data(child) for child in node.value]
    return node.value


_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_DIGITS = re.compile(r"[-+0-9._:]+")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_NO_ESCAPE = ("There is no such escape.", r"Write \\ for a backslash.")
_QUOTE = "Put it in quotes if it is text."
# Plain scalars that YAML 1.1, YAML 1.2 or a reader in a hurry take for something else. The first that fits speaks.
_DOUBTFUL: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), message, hint)
    for pattern, message, hint in (
        (r"yes|no|on|off|y|n|true|false", "This is neither text nor a boolean.", "Write it in quotes, or true/false."),
        (r"~|null", "This is neither text nor null.", "Write it in quotes, or null."),
        (r"[-+]?\.?(nan|inf|infinity)", "Infinity and NaN are not numbers here.", _QUOTE),
        (r"[-+]?0(x[0-9a-f_]+|o[0-7_]+|b[01_]+)", "Numbers are written in decimal.", _QUOTE),
        (r"[-+]?[0-9][0-9_]*(:[0-9_]+)+(\.[0-9_]*)?", "YAML may read this as base 60.", "Put it in quotes."),
        (r"[-+]?[0-9]*\.?[0-9]*_[0-9_.]*", "A number has no underscores.", _QUOTE),
        (r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)e[-+]?[0-9]+", "A number has no exponent here.", "Write it in full."),
        (r"[-+]?0[0-9]+(\.[0-9]*)?", "A number does not begin with 0.", "Put it in quotes if it is a code."),
        (r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)|-0", "A number is written like 12 or -12.5.", _QUOTE),
    )
)
_LONGEST_NUMBER = 400  # characters; keeps the patterns above quick on any text
_DOUBTFUL_START = frozenset("+-.0123456789~yYnNoOtTfFiI")


def _doubt(text: str) -> tuple[str, str] | None:
    """What is doubtful about a plain scalar that is not null, a boolean or a number, and a hint; None if it is text."""
    if len(text) > _LONGEST_NUMBER:
        return _DOUBTFUL[-1][1:] if _DIGITS.fullmatch(text) else None
    return next(((message, hint) for pattern, message, hint in _DOUBTFUL if pattern.fullmatch(text)), None)


def _is_no_text(text: str) -> bool:
    if text in ("true", "false", "null") or _INTEGER.fullmatch(text) or _DECIMAL.fullmatch(text):
        return True
    return _doubt(text) is not None


def yaml_loader() -> type[yaml.SafeLoader] | type[yaml.CSafeLoader]:
    """The parser of libyaml where PyYAML has it, ten times as fast; else the one in Python, with the same results."""
    import yaml

    return yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class _YamlReader(_Reader):
    def __init__(self, text: str, file: str, limits: Limits) -> None:
        super().__init__(text, file, limits)
        self.anchors: dict[str, Node | None] = {}  # None while the anchored value is still being read
        self.aliases = 0
        self.flow = 0  # how many of the open containers are in brackets
        self.verbatim: list[tuple[int, int]] = []  # quoted and block scalars, the only values that may hold a tab

    def read(self) -> Node:
        import yaml

        if directive := _DIRECTIVE.match(self.text):
            self.fail(directive.end() - 1, "Directives are not used here.", "Remove the line that begins with %.")
        self.events: Iterator[Any] = yaml.parse(self.text, Loader=yaml_loader())
        try:
            root = self._document()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            at = mark.index if mark else 0
            start = error.context_mark.index if error.context_mark else at
            self._refuse_tabs(start if "quoted" in (error.context or "") else at + 1)
            if self.text[at : at + 1] == "?" and "flow" in (error.context or ""):
                self.fail_alone(at, *_QUESTION_MARK)
            index, message, hint = _plain_words(f"{error.context or ''}; {error.problem or ''}", self.text, start, at)
            self.fail(index, message, hint)
        except (ValueError, OverflowError):  # the parser in Python, for a character beyond Unicode
            found = _BEYOND_UNICODE.search(self.text)
            self.fail(found.start() if found else 0, *_NO_ESCAPE)
        self._refuse_tabs(len(self.text))
        return root

    def _document(self) -> Node:
        import yaml

        next(self.events)
        opening = next(self.events)
        if isinstance(opening, yaml.StreamEndEvent):
            self.fail(0, "The file is empty.")
        first = next(self.events)
        if isinstance(first, yaml.ScalarEvent) and not first.value and not first.style and not first.tag:
            self.fail(0, "The file is empty.")
        root = self._value(first, first.start_mark.index)
        next(self.events)
        closing = next(self.events)
        if not isinstance(closing, yaml.StreamEndEvent):
            self.fail(closing.start_mark.index, "A second document begins here.", "Keep one document in one file.")
        return root

    def _value(self, event: Any, named_at: int) -> Node:
        """`named_at` is where to point when the value is empty: at its key."""
        import yaml

        start = event.start_mark.index
        if isinstance(event, yaml.AliasEvent):
            return self._alias(str(event.anchor), start)
        if event.tag is not None:
            hint = "Remove the tag; put the value in quotes if it begins with !."
            self.note(start, "Tags such as !name are not used here.", hint)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        text_start = start
        if (event.tag or event.anchor) and (properties := _PROPERTIES.match(self.text, start)):
            text_start = properties.end()
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, start, text_start, named_at)
        else:
            node = self._container(event, start)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _scalar(self, event: Any, start: int, text_start: int, named_at: int) -> Node:
        self.spend(start)
        style = event.style or ""
        value: Scalar = event.value
        if style:
            self._keep_tabs(event)
            if style == '"':
                self.check_escapes(text_start, style, event.value)
        else:
            self._refuse_question_mark(event)
        if not style and event.tag is None:
            value = self._resolve(event.value, start, named_at)
        return Node(value, start, text_start, style)

    def _resolve(self, text: str, start: int, named_at: int) -> Scalar:
        if not text:
            self.note(named_at, "There is no value here.", "Write null or remove the key.")
            return None
        if text[0] not in _DOUBTFUL_START:
            return text
        if text in ("true", "false"):
            return text == "true"
        if text == "null":
            return None
        if text != "-0" and (_INTEGER.fullmatch(text) or _DECIMAL.fullmatch(text)):
            return self.number(start, text)
        if doubt := _doubt(text):
            self.note(start, *doubt)
            return None
        return text

    def _container(self, event: Any, start: int) -> Node:
        import yaml

        flow = 1 if event.flow_style else 0
        self.flow += flow
        self.depth += 1
        self.spend(start)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            node = Node(items, start, start, height=1)
            while not isinstance(item := next(self.events), yaml.SequenceEndEvent):
                self.path.append(len(items))
                items.append(self._value(item, item.start_mark.index))
                self.leave(node, items[-1])
        else:
            entries: dict[str, Node] = {}
            keys: dict[str, int] = {}
            node = Node(entries, start, start, keys=keys, height=1)
            while not isinstance(event := next(self.events), yaml.MappingEndEvent):
                key, at = self._key(event), event.start_mark.index
                if key is None:
                    self._value(next(self.events), at)
                    continue
                first = self.enter(keys, key, at)
                child = self._value(next(self.events), at)
                if first:
                    entries[key] = child
                self.leave(node, child)
        self.depth -= 1
        self.flow -= flow
        return node

    def _key(self, event: Any) -> str | None:
        """The key, or None when it cannot be one; that is noted, and the caller still checks the value."""
        import yaml

        start = event.start_mark.index
        if not isinstance(event, yaml.ScalarEvent):
            self.note(start, "A key must be text.", "Put it in quotes.")
            if not isinstance(event, yaml.AliasEvent):
                told = len(self._problems)
                self._value(event, start)
                del self._problems[told:]
            return None
        if event.tag is not None or event.anchor is not None:
            self.note(start, "A key has no tag and no anchor here.", "Put it in quotes if it begins with ! or &.")
            return None
        text: str = event.value
        if event.style:
            self._keep_tabs(event)
            if event.style == '"':
                self.check_escapes(start, event.style, text)
            return text
        self._refuse_question_mark(event)
        if text == "<<":
            self.note(start, "Merge keys (<<) are not used here.", "Write the keys out.")
            return None
        if not text or (text[0] in _DOUBTFUL_START and _is_no_text(text)):
            self.note(start, "A key must be text.", "Put it in quotes.")
            return None
        return text

    def _alias(self, name: str, start: int) -> Node:
        self.aliases += 1
        if self.aliases > self.limits.aliases:
            self.fail(start, f"The file uses more than {self.limits.aliases} aliases.")
        target = self.anchors.get(name)
        if target is None:
            if name in self.anchors:
                self.note(start, "An alias cannot stand inside its own anchor.")
            else:
                self.note(start, "There is no anchor of this name above.", suggest(name, self.anchors))
            return Node(None, start, start)
        self.spend(start, target.size, target.height)
        return replace(target, start=start)

    def _refuse_question_mark(self, event: Any) -> None:
        """Inside brackets, the parser in Python takes any ? for the start of a key; so it needs quotes for both."""
        if self.flow and "?" in event.value:
            self.fail_alone(self.text.index("?", event.start_mark.index), *_QUESTION_MARK)

    def _keep_tabs(self, event: Any) -> None:
        """Tabs are text inside quotes and blocks, but neither in a block's header nor where its indentation is set."""
        start = event.start_mark.index
        if event.style in ("|", ">"):
            start = self.text.index(event.style, start)
            if body := _BLOCK_INDENT.match(self.text, start):
                start = min(body.end(), event.end_mark.index)
        self.verbatim.append((start, event.end_mark.index))

    def _refuse_tabs(self, end: int) -> None:
        """Refuse the first tab before `end` that is neither text nor comment.

        The two parsers differ about such tabs, so none is allowed; and it is told alone, because one parser reads on
        behind it and the other does not.
        """
        at = self.text.find("\t", 0, end)
        while at >= 0:
            start, behind = self._verbatim_at(at)
            if not start <= at < behind:
                line = max(self.text.rfind("\n", 0, at) + 1, behind)
                if not _COMMENT.search(self.text, line, at):
                    self.fail_alone(at, "A tab stands where YAML wants spaces.", "Use spaces.")
                behind = self.text.find("\n", at)
            at = self.text.find("\t", behind, end) if behind >= 0 else -1

    def _verbatim_at(self, index: int) -> tuple[int, int]:
        """The last stretch of verbatim text that begins at or before `index`."""
        place = bisect_right(self.verbatim, (index, sys.maxsize)) - 1
        return self.verbatim[place] if place >= 0 else (0, 0)


_BEYOND_UNICODE = re.compile(r"\\U(?!000|0010)[0-9a-fA-F]{8}")
_QUESTION_MARK = ("A ? inside [ ] or { } is not allowed here.", "Put the value in quotes.")
_DIRECTIVE = re.compile(r"(?: *(?:#[^\n]*)?\n)*%")
_PROPERTIES = re.compile(r"(?:[&!][^\s]*\s+)*")
_BLOCK_INDENT = re.compile(r"[|>][^\n]*\n[ \n]*\t*")
_COMMENT = re.compile(r"(?:(?<=[ \t])|^)#", re.MULTILINE)


# What the two parsers say, in slightly different words, and what a person needs to hear. The first that fits speaks.
_SYNTAX = (
    (r"document start", "Text follows after the end of the document.", "Check the indentation and quotes."),
    (r"scanning a directive", "A line cannot begin with %.", "Put the text in quotes."),
    (r"quoted scalar.*(end of stream|document (separator|indicator))", "The closing quote is missing.", "Add it."),
    (r"quoted scalar", *_NO_ESCAPE),
    (r"scanning an? (anchor|alias)|expected alphabetic", "A value cannot begin with !, & or *.", "Put it in quotes."),
    (r"(scanning|parsing) a tag|tag handle", "Tags such as !name are not used here.", "Put the value in quotes."),
    (r"exceeded", "Values are nested too deep.", "Check the brackets."),
    (r"mapping values are not allowed", "A : cannot stand here.", "Check the indentation, or use quotes."),
    (r"mapping keys are not allowed", "A ? cannot stand here.", "Put the value in quotes."),
    (r"sequence entries are not allowed", "A list item cannot begin here.", "Begin it on a line of its own."),
    (r"cannot start any token", "A value cannot begin with this character.", "Put it in quotes."),
    (r"expected ':'", "A : is missing after this key.", "Check the indentation and quotes."),
    (r"flow mapping|',' or '}'", "A comma or the closing } is missing.", "Check the brackets and quotes."),
    (r"flow sequence|',' or ']'", "A comma or the closing ] is missing.", "Check the brackets and quotes."),
    (r"block scalar", "The line after | or > holds something else.", "Begin the text on the next line."),
    (r"block (mapping|collection|sequence)", "This does not fit what is above.", "Check the indentation and quotes."),
    (r"node content", "A value is missing here.", "Write it, or put the text in quotes."),
)


def _plain_words(jargon: str, text: str, start: int, at: int) -> tuple[int, str, str]:
    """Where a syntax error is, and what it is, in plain words. `start` is where the broken construct begins."""
    for words, message, hint in _SYNTAX:
        if re.search(words, jargon, re.IGNORECASE | re.DOTALL):
            if message == _NO_ESCAPE[0]:
                at = text.rfind("\\", start, at + 1)
            elif "missing" in message and (at >= len(text.rstrip()) or "node content" not in words):
                at = start
            return at, message, hint
    return at, "This is not YAML.", "Check the indentation and quotes."


class _JsonReader(_Reader):
    def read(self) -> Node:
        start = self._skip(0)
        if start == len(self.text):
            self.fail(0, "The file is empty.")
        root, end = self._value(start)
        if (end := self._skip(end)) < len(self.text):
            self.fail(end, "Text follows after the end of the JSON value.")
        return root

    def _skip(self, index: int) -> int:
        found = _JSON_SPACE.match(self.text, index)
        return found.end() if found else index

    def _value(self, start: int) -> tuple[Node, int]:
        first = self.text[start : start + 1]
        if first in ("{", "["):
            self.depth += 1
            self.spend(start)
            node, end = self._object(start) if first == "{" else self._array(start)
            self.depth -= 1
            return node, end
        self.spend(start)
        if first == '"':
            text, end = self._string(start)
            return Node(text, start, start, '"'), end
        word = _JSON_WORD.match(self.text, start)
        if word is None:
            self.fail(start, "A value is missing here.")
        return Node(self._word(word.group(), start), start, start), word.end()

    def _word(self, word: str, start: int) -> Scalar:
        if word in _JSON_WORDS:
            return _JSON_WORDS[word]
        if _JSON_NUMBER.fullmatch(word):
            return self.number(start, word)
        if word.lstrip("-+") in ("NaN", "Infinity"):
            self.note(start, "Infinity and NaN are not numbers here.", _QUOTE)
        else:
            self.note(start, "This is not a JSON value.", _QUOTE)
        return None

    def _object(self, start: int) -> tuple[Node, int]:
        entries: dict[str, Node] = {}
        keys: dict[str, int] = {}
        node = Node(entries, start, start, keys=keys, height=1)
        index = self._skip(start + 1)
        if self.text[index : index + 1] == "}":
            return node, index + 1
        while True:
            if self.text[index : index + 1] != '"':
                self.fail(index, "A key in double quotes is missing here.")
            key, end = self._string(index)
            first = self.enter(keys, key, index)
            end = self._skip(end)
            if self.text[end : end + 1] != ":":
                self.fail(end, "A : is missing after this key.")
            child, end = self._value(self._skip(end + 1))
            if first:
                entries[key] = child
            self.leave(node, child)
            index, closed = self._next(end, "}")
            if closed:
                return node, index

    def _array(self, start: int) -> tuple[Node, int]:
        items: list[Node] = []
        node = Node(items, start, start, height=1)
        index = self._skip(start + 1)
        if self.text[index : index + 1] == "]":
            return node, index + 1
        while True:
            self.path.append(len(items))
            child, end = self._value(index)
            items.append(child)
            self.leave(node, child)
            index, closed = self._next(end, "]")
            if closed:
                return node, index

    def _next(self, end: int, closing: str) -> tuple[int, bool]:
        end = self._skip(end)
        if self.text[end : end + 1] == closing:
            return end + 1, True
        if self.text[end : end + 1] != ",":
            self.fail(end, f"A comma or the closing {closing} is missing.")
        return self._skip(end + 1), False

    def _string(self, start: int) -> tuple[str, int]:
        found = _JSON_STRING.match(self.text, start)
        if found is None:
            self.fail(start, "The closing quote is missing on this line.", r"Write \n for a line break, \t for a tab.")
        raw = found.group()
        if "\\" not in raw:
            return raw[1:-1], found.end()
        try:
            text: str = json.loads(raw)
        except json.JSONDecodeError as error:
            self.fail(raw.rfind("\\", 0, error.pos + 1) + start, *_NO_ESCAPE)
        self.check_escapes(start, '"', text)
        return text, found.end()


_JSON_SPACE = re.compile(r"[ \t\n]*")
_JSON_STRING = re.compile(r'"[^"\\\n\t]*(?:\\[^\n\t][^"\\\n\t]*)*"')
_JSON_WORD = re.compile(r"[^\s\[\]{},:\"]+")
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_JSON_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}


def _characters(text: str, start: int, style: str, value: str) -> Iterator[tuple[str, int]]:
    """The characters of a scalar's value, each with where it stands in the text. May go on behind the value's end."""
    if style in ("|", ">"):
        return _block_characters(text, start, style == ">", value)
    return _flow_characters(text, start + len(style), style)


def _flow_characters(text: str, index: int, quote: str) -> Iterator[tuple[str, int]]:
    while index < len(text):
        char = text[index]
        if char in " \t\n":
            run = _SPACE.match(text, index)
            end = run.end() if run else index + 1
            breaks = [at for at in range(index, end) if text[at] == "\n"]
            if not breaks:
                yield from ((text[at], at) for at in range(index, end))
            elif len(breaks) == 1:
                yield " ", index
            else:
                yield from (("\n", at) for at in breaks[1:])
            index = end
        elif quote == "'" and text.startswith("''", index):
            yield "'", index
            index += 2
        elif char == quote:
            return
        elif quote == '"' and char == "\\":
            found = _ESCAPE.match(text, index)
            if found is None:
                return
            if found["fold"] is not None:
                yield from (("\n", at) for at in range(index + 2, found.end()) if text[at] == "\n")
            else:
                yield _unescape(found), index
            index = found.end()
        else:
            yield char, index
            index += 1


def _unescape(found: re.Match[str]) -> str:
    if found["low"]:
        return chr(0x10000 + ((int(found["high"], 16) - 0xD800) << 10) + int(found["low"], 16) - 0xDC00)
    if digits := found["hex"]:
        return chr(int(digits[1:], 16))
    return _ESCAPES.get(found["char"], "")


_SPACE = re.compile(r"[ \t\n]+")
_ESCAPE = re.compile(
    r"\\(?:u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?P<hex>x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|(?P<fold>\n[ \t\n]*)|(?P<char>.))"
)
_ESCAPES = dict(zip('0abt\tnvfre "/\\N_LP', '\0\a\b\t\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029', strict=True))


def _block_characters(text: str, start: int, folded: bool, value: str) -> Iterator[tuple[str, int]]:
    """Follows the parser's own folding. The indentation is what the first line has more than the value's first line."""
    at = text.find("\n", start) + 1
    first = _FIRST_LINE.match(text, at)
    inner = _FIRST_LINE.match(value)
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
            if line_break >= 0 and not (folded and was_flush and flush):
                yield "\n", line_break
            elif line_break >= 0 and not breaks:
                yield " ", line_break
            yield from (("\n", index) for index in breaks)
            yield from zip(body, range(at + indent, end), strict=True)
            breaks, line_break = [], end
        else:
            breaks.append(end)
        at = end + 1
    if line_break >= 0:
        yield "\n", line_break
    yield from (("\n", index) for index in breaks)


_FIRST_LINE = re.compile(r"(?:[ ]*\n)*([ ]*)")
