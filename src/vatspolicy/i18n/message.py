"""Texts of the program: English in the source, Chinese from the catalogue on request.

`_` makes a sentence (a string), `Phrase` a text of a table or of a report (a mapping of languages). Babel extracts the
English of both, so the first argument is always a literal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]

VARIABLE = "VATSPOLICY_LANG"
"""The environment variable for the language. LANG and LC_ALL have no effect: output must not depend on the machine."""
LANGUAGES: tuple[Language, Language] = ("en", "zh")

_chosen = ""


def set_language(arguments: Sequence[str], default: str = "") -> None:
    """Set the language of this run: the last `--lang` of the command line, else VATSPOLICY_LANG, else `default`."""
    global _chosen
    _chosen = os.environ.get(VARIABLE, "") or default
    words = list(arguments)[: list(arguments).index("--")] if "--" in arguments else list(arguments)
    for word, following in zip(words, [*words[1:], ""], strict=False):
        if word == "--lang" and following in LANGUAGES:
            _chosen = following
        elif word.startswith("--lang=") and word[7:] in LANGUAGES:
            _chosen = word[7:]


def current_language() -> Language:
    """`en` or `zh`."""
    return "zh" if _chosen == "zh" else "en"


LocalizedText: TypeAlias = Mapping[str, str]
"""A text by language: `en` and `zh`."""


class Translatable(str):
    """An English text with a Chinese translation."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return the text itself, so that `str(error)` stays translatable."""
        return self

    def chinese(self) -> str:
        """Return the text in Chinese, or in English without an entry in the catalogue."""
        raise NotImplementedError


class Message(Translatable):
    """A sentence with values, which are translated with it if they can be."""

    __slots__ = ("template", "values")
    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, values: Mapping[str, Any]) -> Message:
        """Return the English sentence, which keeps its template and values."""
        plain = {name: value if isinstance(value, str | int | float) else str(value) for name, value in values.items()}
        text = super().__new__(cls, template.format_map(plain) if plain else template)
        text.template, text.values = template, plain
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return Message, (self.template, self.values)

    def chinese(self) -> str:
        """Return the sentence in Chinese."""
        from vatspolicy.i18n.chinese import fill, look_up

        return fill(look_up(self.template), self.values)


class Listing(Translatable):
    """Words as a list: `a, b or c`."""

    __slots__ = ("last", "members", "quoted")
    members: tuple[str, ...]
    last: str
    quoted: bool

    def __new__(cls, members: Iterable[str], last: str = "", quoted: bool = False) -> Listing:
        """Return the members in English, with `last` (`and`, `or`) before the last member."""
        parts = tuple(members)
        *others, end = [repr(str(part)) for part in parts] if quoted else parts or ("",)
        text = super().__new__(
            cls, f"{', '.join(others)} {last} {end}" if others and last else ", ".join((*others, end))
        )
        text.members, text.last, text.quoted = parts, last, quoted
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return Listing, (self.members, self.last, self.quoted)

    def chinese(self) -> str:
        """Return the list in Chinese."""
        from vatspolicy.i18n.chinese import enumerate_members

        return enumerate_members(self.members, self.last, self.quoted)


class Sentences(Translatable):
    """Sentences one after another, with a gap between them that Chinese does not have."""

    __slots__ = ("parts",)
    parts: tuple[str, ...]

    def __new__(cls, *parts: str) -> Sentences:
        """Return the parts that are not empty, in English."""
        given = tuple(filter(None, parts))
        text = super().__new__(cls, " ".join(given))
        text.parts = given
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return Sentences, self.parts

    def chinese(self) -> str:
        """Return the parts in Chinese."""
        from vatspolicy.i18n.chinese import follow

        return follow(self.parts)


class Capital(Translatable):
    """A phrase that begins an English sentence."""

    __slots__ = ("phrase",)
    phrase: str

    def __new__(cls, phrase: str) -> Capital:
        """Return the phrase with a capital letter."""
        text = super().__new__(cls, phrase[:1].upper() + phrase[1:])
        text.phrase = phrase
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return Capital, (self.phrase,)

    def chinese(self) -> str:
        """Return the phrase in Chinese."""
        return self.phrase.chinese() if isinstance(self.phrase, Translatable) else self.phrase


class ForeignText(Translatable):
    """An English text from another program: the reason of a system error, a usage error of typer.

    `own` is a sentence of vatspolicy that the text ends with.
    """

    __slots__ = ("own",)
    own: str

    def __new__(cls, text: object, own: str = "") -> ForeignText:
        """Return the English text."""
        made = super().__new__(cls, str(text))
        made.own = own if isinstance(own, Translatable) and made.endswith(own) else ""
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return ForeignText, (self + "", self.own)

    def chinese(self) -> str:
        """Return the text in Chinese, if the catalogue has a sentence of its form."""
        from vatspolicy.i18n.foreign import match

        if isinstance(self.own, Translatable):
            return match(f"{self.removesuffix(self.own)}\0").replace("\0", self.own.chinese())
        return match(self + "")


class Bilingual(Translatable):
    """An English sentence with its Chinese, from a schema or a policy."""

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, en: str, zh: str) -> Bilingual:
        """Both texts; the English one is the string."""
        text = super().__new__(cls, en)
        text.zh = zh
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return Bilingual, (self + "", self.zh)

    def chinese(self) -> str:
        """Return the Chinese sentence."""
        return self.zh


class _ByLanguage(Mapping[str, str]):
    """A text by language, created when it is read."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        return iter(LANGUAGES)

    def __len__(self) -> int:
        return len(LANGUAGES)

    def __hash__(self) -> int:
        return hash(self["en"])


class LazyText(_ByLanguage):
    """A text by language that a function of the language makes."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[Language], str]) -> None:
        self.make = make

    def __getitem__(self, lang: str) -> str:
        if lang not in LANGUAGES:
            raise KeyError(lang)
        return self.make("zh" if lang == "zh" else "en")


class Phrase(_ByLanguage):
    """A text of the program by language. The Chinese is looked up when it is read."""

    __slots__ = ("context", "filling", "template")

    def __init__(self, template: str, context: str = "", /) -> None:
        """Initialize with the English; `context` distinguishes uses of an English text that differ in Chinese."""
        self.template, self.context = template, context
        self.filling: Mapping[str, Any] = {}

    def fill(self, **values: Any) -> Phrase:
        """Return the phrase with values; a value that is a text by language is taken in the same language."""
        filled = Phrase(self.template, self.context)
        filled.filling = values
        return filled

    def __getitem__(self, lang: str) -> str:
        if lang == "en":
            template = self.template
        elif lang == "zh":
            from vatspolicy.i18n.chinese import look_up

            template = look_up(self.template, self.context)
        else:
            raise KeyError(lang)
        if not self.filling:
            return template
        filling = {name: value[lang] if isinstance(value, Mapping) else value for name, value in self.filling.items()}
        return template.format_map(filling)

    def __repr__(self) -> str:
        return f"Phrase({self['en']!r})"


def _(template: str, /, **values: Any) -> Message:
    """Return an English sentence of the program, which stays translatable. `{name!r}` quotes a value."""
    return Message(template, values)


def reason_of(error: BaseException) -> ForeignText:
    """Return the system's reason for an error."""
    return ForeignText(getattr(error, "strerror", None) or error)
