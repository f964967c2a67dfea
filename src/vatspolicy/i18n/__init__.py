"""The language of what the program says by itself: errors, hints and complaints (reports are told theirs).

English is written where it is said. Chinese is looked up where it is shown, by the form of the English sentence, so
that a run in English loads no table and a sentence without a translation is shown rather than lost.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]
LocalizedText: TypeAlias = "Mapping[str, str]"
"""A text by language: `en` and `zh`."""

VARIABLE = "VATSPOLICY_LANG"
"""The environment variable that chooses a language. LANG and LC_ALL do not: output must not change with a machine."""
LANGUAGES: tuple[Language, Language] = ("en", "zh")

_chosen = ""


class Bilingual(str):
    """An English sentence that knows its Chinese, for sentences that come out of a schema."""

    __slots__ = ("zh",)
    zh: str

    def __new__(cls, en: str, zh: str) -> Bilingual:
        """Both texts; the English one is the string."""
        text = super().__new__(cls, en)
        text.zh = zh
        return text

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        """Return both texts, so that the sentence can come from another process."""
        return str(self), self.zh


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


def current_language() -> str:
    """`en` or `zh`."""
    return "zh" if _chosen == "zh" else "en"


def translate(text: str, lang: str | None = None) -> str:
    """Translate a sentence of the program (default: into the language of the run). Unknown sentences stay English."""
    if (lang or current_language()) != "zh" or not text:
        return text
    if isinstance(text, Bilingual):
        return text.zh
    from vatspolicy.i18n.chinese import chinese

    return chinese(text)


def translate_lines(text: str) -> str:
    """Translate a report line by line into the language of this run, keeping indentation and line endings."""
    if current_language() != "zh":
        return text
    lines = text.splitlines(keepends=True)
    return "".join(line.replace(line.strip(), translate(line.strip()), 1) if line.strip() else line for line in lines)
