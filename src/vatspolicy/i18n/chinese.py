"""Chinese for an English sentence: the template that it has the form of, with its values carried over."""

from __future__ import annotations

import re
from functools import cache

from vatspolicy.i18n.law import LAW
from vatspolicy.i18n.packages import PACKAGES
from vatspolicy.i18n.phrases import PHRASES
from vatspolicy.i18n.runs import RUNS
from vatspolicy.i18n.spec import SPEC
from vatspolicy.i18n.terminal import TERMINAL

TEMPLATES: tuple[tuple[str, str], ...] = (*TERMINAL, *SPEC, *LAW, *RUNS, *PACKAGES)
"""English and Chinese. `{0}` stands for a value carried over as it is; `{0!q}` for one in quotes, `{0!l}` for a list,
`{0!t}` for a phrase or a sentence that is itself translated, `{s}` for the ending of an English plural,
`{path}` for a path such as `services[0].area`."""

_HOLE = re.compile(r"\{(\w+)(?:!([qlt]))?\}")
_BETWEEN = re.compile(r"(?<=[.?:]) (?=[A-Z'`(-])|(?<=[.?:])\n")
_FORMS = {"s": "s?", "path": r"[^\s:]+", "q": r"'[^'\n]*'|\"[^\"\n]*\""}
"""What a value looks like, by its name or by how it is carried over."""
_WITHIN_SENTENCE = r"(?:(?![.?] [A-Z]).)+?"
_QUOTED = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")


def chinese(text: str) -> str:
    """The translation of one sentence, of several, or of a phrase. What has none stays as it is."""
    found = _exactly(text)
    if found is not None:
        return found
    for gap in reversed(list(_BETWEEN.finditer(text))):
        before = _exactly(text[: gap.start()])
        if before is not None:
            return before + chinese(text[gap.end() :])
    if text.startswith("This key ") and (found := _exactly(text.replace("This key", "This", 1))):
        return found.replace("此处", "此键", 1)
    for gap in _BETWEEN.finditer(text):
        after = text[gap.end() :]
        if (told := chinese(after)) != after:
            return f"{text[: gap.end()]}{told}"
    return text


def _exactly(text: str) -> str | None:
    whole, formed = _templates()
    if text in whole:
        return whole[text]
    for start, end, template, translation in formed:
        if text.startswith(start) and text.endswith(end) and len(text) >= len(start) + len(end):
            match = _pattern(template).fullmatch(text)
            if match:
                return _HOLE.sub(lambda hole: _value(match[f"v{hole[1]}"], hole[2]), translation)  # noqa: B023
    return None


def _value(text: str, kind: str | None) -> str:
    """A value as the Chinese sentence shows it."""
    if kind == "t":
        parts = text.split(" or ")
        return "或".join(PHRASES[part] for part in parts) if all(part in PHRASES for part in parts) else chinese(text)
    if kind == "q":
        return f"“{text[1:-1]}”"
    if kind == "l":
        parts = re.split(r", | or | and | nor ", text)
        joint = "和" if " and " in text else "或" if " or " in text else "、"
        told = [PHRASES.get(part) or _QUOTED.sub(lambda one: f"“{one[1] or one[2] or ''}”", part) for part in parts]
        return "、".join(told[:-1]) + (joint if len(told) > 1 else "") + told[-1]
    return text


@cache
def _templates() -> tuple[dict[str, str], list[tuple[str, str, str, str]]]:
    """Sentences without a value; then what others begin and end with, and both languages, the most telling first."""
    whole, formed = dict(PHRASES), []
    for template, translation in TEMPLATES:
        if _HOLE.search(template):
            around = _HOLE.split(template)
            formed.append((around[0], around[-1], template, translation))
        else:
            whole[template] = translation
    return whole, sorted(formed, key=lambda one: -len(_HOLE.sub("", one[2])))


@cache
def _pattern(template: str) -> re.Pattern[str]:
    written, last = "", 0
    for hole in _HOLE.finditer(template):
        name, kind = hole[1], hole[2]
        inner = _FORMS.get(name) or _FORMS.get(kind) or (".+" if hole.end() == len(template) else _WITHIN_SENTENCE)
        group = f"(?P=v{name})" if f"(?P<v{name}>" in written else f"(?P<v{name}>{inner})"
        written += re.escape(template[last : hole.start()]) + group
        last = hole.end()
    return re.compile(written + re.escape(template[last:]), re.DOTALL)
