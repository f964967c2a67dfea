"""The language of a run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, TypeAlias

Language: TypeAlias = Literal["en", "zh"]

VARIABLE = "VATSPOLICY_LANG"
"""The environment variable that chooses a language. LANG and LC_ALL do not: output must not change with a machine."""
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
