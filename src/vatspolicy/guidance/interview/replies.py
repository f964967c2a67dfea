"""Parsing of typed replies into the value of a fact."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.documents.word_search import NEAR, SOME, Word, search_words
from vatspolicy.core.profile.word_lists import find_elsewhere
from vatspolicy.guidance.interview.messages import REPLIES, both
from vatspolicy.guidance.interview.questions import NAME_PATH, NUMBERS, Question
from vatspolicy.guidance.interview.result import Choice
from vatspolicy.guidance.interview.session import Refused
from vatspolicy.i18n import Language
from vatspolicy.i18n.words import joint, series

SEPARATOR = re.compile(r"[,，、;；]")
"""Pattern of what separates the answers of a list."""
_THOUSANDS = re.compile(r"(?<=[0-9])[ ,_，](?=[0-9]{3}(?![0-9]))")
_AMOUNT = re.compile(r"-?[0-9][0-9._]*\s*[%％]?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}")
_SLASH = re.compile(r"[/／]")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SHOWN = 12
"""Maximum number of choices that a search lists."""
_LONGEST_NAME = 200


def read_reply(question: Question, text: str) -> Tree:
    """Return the value of a typed answer. Raises Refused, with a message in both languages."""
    text = text.strip()
    return _READERS[question.kind](question, text)


def _one(question: Question, text: str) -> Tree:
    return _find(question, text).value


def _many(question: Question, text: str) -> Tree:
    members = _members(question, text)
    if not members and question.least:
        raise Refused(both("too_few"))
    if question.most is not None and len(members) > question.most:
        raise Refused(both("too_many", most=int(question.most)))
    return [choice.value for choice in members]


def _services(question: Question, text: str) -> Tree:
    """Return one service for each part between slashes, named after its first offer."""
    services: list[dict[str, Tree]] = []
    for start, part in _split(_SLASH, text):
        if not _says_something(part):
            continue
        try:
            offers = [choice.value for choice in _members(question, part)] or ["other"]
        except Refused as error:
            raise _place(error, text[:start], text[start + len(part) :]) from None
        name, number = offers[0], 2
        while any(service["id"] == name for service in services):
            name, number = f"{offers[0]}-{number}", number + 1
        services.append({"id": name, "offers": offers})
    if not services:
        raise Refused(both("unknown_word"))
    return services


def _members(question: Question, text: str) -> list[Choice]:
    """Return the choices in a list: the whole text if it is one name, or else the parts between commas."""
    if _is_none(text):
        return []
    parts = [(start, part) for start, part in _split(SEPARATOR, text) if _says_something(part)]
    if not parts:
        raise Refused(both("unknown_word"))
    if len(parts) > 1:
        whole = [choice for choice in question.choices if _plain(text) in _names(choice)]
        parts = [(0, text)] if whole else parts
    if len(parts) == 1 and re.fullmatch(r"[0-9 ]+", text):
        parts = [(0, part) for part in text.split()]
    if any(_is_none(part) for _, part in parts):
        raise Refused(both("none_and_more"))
    found = []
    for start, part in parts:
        try:
            found.append(_find(question, part))
        except Refused as error:
            raise _place(error, text[:start], text[start + len(part) :]) if len(parts) > 1 else error from None
    return [choice for choice in question.choices if choice in found]


def _split(separator: re.Pattern[str], text: str) -> Iterator[tuple[int, str]]:
    """Yield the parts of a text between separators, each with its place."""
    start = 0
    for found in separator.finditer(text):
        yield start, text[start : found.start()]
        start = found.end()
    yield start, text[start:]


def _says_something(part: str) -> bool:
    """Return False for a part of an answer that is empty, or that a hyphen omits."""
    return bool(part.strip(" -"))


def _place(error: Refused, before: str, behind: str) -> Refused:
    """Return a refusal of one word of a list, with the other words around it."""
    if not (before + behind).strip():
        return error
    inner = error.around or ("", "")
    return Refused(error.text, error.choices, (before + inner[0], inner[1] + behind))


def _is_none(text: str) -> bool:
    """Return whether a reply means an empty list."""
    return text.strip().casefold() in _replies(None)


@cache
def _replies(meaning: bool | None) -> tuple[str, ...]:
    """Return the words for yes, for no or for an empty list, in both languages."""
    return tuple(one.strip() for text in REPLIES[meaning].values() for one in SEPARATOR.split(text))


def _find(question: Question, text: str) -> Choice:
    """Return the choice that matches a number, a code, a name or a part of a name."""
    text = text.strip()
    if question.numbered and text.isascii() and text.isdigit():
        if not 1 <= int(text) <= len(question.choices):
            raise Refused(both("not_an_answer", word=text))
        return question.choices[int(text) - 1]
    wanted = _plain(text)
    if not wanted:
        raise Refused(both("unknown_word"))
    exact = [choice for choice in question.choices if wanted in _names(choice)]
    choices = search_choices(question, text)
    near = exact or [choice for choice in question.choices if wanted.rstrip("s") in _synonyms(choice)]
    if len(near) == 1:
        return near[0]
    if group := find_group(question, text):
        raise Refused(both("several"), group)
    near = near or [c for c in question.choices if any(name.startswith(wanted) for name in _names(c))]
    near = near or [c for c in question.choices if any(wanted in name for name in _names(c))]
    fitting = [*near, *(choice for grade, choice in choices if grade < SOME and choice not in near)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise Refused(both("several"), fitting[:_SHOWN])
    vague = not choices or choices[0][0] == NEAR
    if vague and (others := find_elsewhere(text, None, ".".join(map(str, question.path)))):
        raise Refused(both("elsewhere", word=text, questions=series(one.title for one in others)))
    if choices:
        raise Refused(both("near", word=text), [choice for _, choice in choices[:_SHOWN]])
    raise Refused(both("not_an_answer", word=text))


def _synonyms(choice: Choice) -> set[str]:
    """Return the synonyms in the form of `_plain`, without the plural marker."""
    return {_plain(synonym).rstrip("s") for synonym in choice.synonyms}


def search_choices(question: Question, text: str) -> list[tuple[int, Choice]]:
    """Return the choices that a search fits with its grade (`vatspolicy.core.documents.word_search`), best first."""
    words = [Word(str(code_of(choice)), choice.label, choice.synonyms) for choice in question.choices]
    choice_of = {id(word): choice for word, choice in zip(words, question.choices, strict=True)}
    return [(grade, choice_of[id(word)]) for grade, word in search_words(text, words)]


def find_group(question: Question, text: str) -> list[Choice]:
    """Return the choices of the group whose name begins with a text; none if it is shorter than two letters."""
    wanted = _plain(text)
    if len(wanted) < 2:
        return []
    return [
        choice
        for choice in question.choices
        if choice.group is not None and any(_plain(name).startswith(wanted) for name in choice.group.values())
    ]


def code_of(choice: Choice) -> Tree:
    """Return the word or the truth value of a choice."""
    value = choice.value
    while isinstance(value, dict):
        value = next(iter(value.values()))
    return value


def _names(choice: Choice) -> tuple[str, ...]:
    code = code_of(choice)
    words = _replies(code) if isinstance(code, bool) else (str(code),)
    return tuple(_plain(word) for word in (*words, choice.label["en"], choice.label["zh"]))


def _plain(text: str) -> str:
    """Return the letters and digits of a text, in lower case."""
    return "".join(char for char in text.casefold() if char.isalnum())


def _whole(question: Question, text: str) -> Tree:
    text = _THOUSANDS.sub("", text)
    if not re.fullmatch(r"-?[0-9]{1,19}", text):
        raise Refused(both("not_whole"))
    return _bounded(question, int(text))


def _number(question: Question, text: str) -> Tree:
    text = text.removesuffix("%").removesuffix("％").strip()
    if not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,9})?", text):
        raise Refused(both("not_number"))
    value = float(text)
    return _bounded(question, int(value) if value == int(value) else value)


def _bounded(question: Question, value: float) -> float:
    if question.least is not None and value < question.least:
        raise Refused(both("too_small", least=f"{question.least:g}"))
    if question.most is not None and value > question.most:
        raise Refused(both("too_large", most=question.most))
    return value


def _day(_question: Question, text: str) -> Tree:
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise Refused(both("not_day")) from None


def _text(question: Question, text: str) -> Tree:
    if question.path == NAME_PATH and question.phase == "start":
        if not 0 < len(text) <= _LONGEST_NAME:
            raise Refused(both("no_name", most=_LONGEST_NAME))
        return text
    if not _SLUG.fullmatch(text):
        raise Refused(both("not_slug"))
    return text


def _together(question: Question, text: str) -> Tree:
    """Return the answers to parts by their paths. Omitted parts stay open; `none` empties omitted lists."""
    values: dict[str, Tree] = {}
    if any(part.kind in NUMBERS for part in question.parts):
        text = _THOUSANDS.sub("", text)
    elif re.fullmatch(r"[0-9 ]+", text):
        text = ",".join(text.split())
    found, rest, none = [], [], False
    for start, piece in _split(SEPARATOR, text):
        word = piece.strip()
        kinds = NUMBERS if _AMOUNT.fullmatch(word) else ("date",) if _DAY.fullmatch(word) else ()
        typed = next((part for part in question.parts if part.kind in kinds and part.name not in values), None)
        if typed is not None:
            values[typed.name] = _READERS[typed.kind](typed, word)
        elif question.path == NAME_PATH:
            rest.append(piece)
        elif _is_none(word):
            none = True
        elif _says_something(word):
            try:
                found.append(_find(question, word).value)
            except Refused as error:
                around = (text[:start], text[start + len(piece) :])
                raise Refused(error.text, error.choices, around if "".join(around).strip() else None) from None
    for part in question.parts:
        chosen = [value[part.name] for value in found if isinstance(value, dict) and part.name in value]
        if part.kind == "text":
            values[part.name] = _text(part, ",".join(rest).strip())
        elif part.several and (chosen or (none and part.listed and not part.least)):
            values[part.name] = [choice.value for choice in part.choices if choice.value in chosen]
        elif len(chosen) > 1:
            raise Refused(both("one_only_of", question=part.text))
        elif chosen or part.implied is not None:
            values[part.name] = chosen[0] if chosen else part.implied
    if not values:
        raise Refused(both("unknown_word"))
    return values


_READERS: Mapping[str, Callable[[Question, str], Tree]] = {
    "boolean": _one,
    "choice": _one,
    "place": _one,
    "choices": _many,
    "words": _many,
    "places": _many,
    "entries": _many,
    "services": _services,
    "integer": _whole,
    "number": _number,
    "date": _day,
    "text": _text,
    "together": _together,
}


def show_value(question: Question, value: Tree, lang: Language) -> str:
    """Return a value in words."""
    if isinstance(value, dict) and question.kind == "together":
        told = {
            part.title[lang]: show_value(part, value[part.name], lang)
            for part in question.parts
            if value.get(part.name) is not None
        }
        named = [f"{title}{joint('colon', lang)}{text}" for title, text in told.items()]
        return joint("semicolon", lang).join(named if len(named) > 1 else told.values())
    labels = [(choice.value, choice.label[lang]) for choice in question.choices]

    def label(one: Tree) -> str:
        return next((text for known, text in labels if known == one and type(known) is type(one)), str(one))

    comma = joint("list", lang)
    if question.kind == "services":
        return " / ".join(comma.join(map(label, service["offers"])) for service in value)
    if isinstance(value, list):
        return comma.join(map(label, value)) or both("none")[lang]
    return label(value)
