"""The language of the program. English is in the source, Chinese in a gettext catalogue.

`_` makes a sentence, `Phrase` a text of a table. Both are translated where they are shown, so that a run in
English loads no catalogue.
"""

from __future__ import annotations

from vatspolicy.i18n.message import LANGUAGES as LANGUAGES
from vatspolicy.i18n.message import VARIABLE as VARIABLE
from vatspolicy.i18n.message import Bilingual as Bilingual
from vatspolicy.i18n.message import Capital as Capital
from vatspolicy.i18n.message import ForeignText as ForeignText
from vatspolicy.i18n.message import Language as Language
from vatspolicy.i18n.message import LazyText as LazyText
from vatspolicy.i18n.message import Listing as Listing
from vatspolicy.i18n.message import LocalizedText as LocalizedText
from vatspolicy.i18n.message import Message as Message
from vatspolicy.i18n.message import Phrase as Phrase
from vatspolicy.i18n.message import Sentences as Sentences
from vatspolicy.i18n.message import Translatable as Translatable
from vatspolicy.i18n.message import _ as _
from vatspolicy.i18n.message import current_language as current_language
from vatspolicy.i18n.message import reason_of as reason_of
from vatspolicy.i18n.message import set_language as set_language


def translate(text: str, lang: str | None = None) -> str:
    """Translate a text of the program (default: into the language of the run). Other texts stay unchanged."""
    if (lang or current_language()) != "zh" or not text:
        return text
    return text.chinese() if isinstance(text, Translatable) else text


def say(text: str, lang: str) -> str:
    """Return a text in a language as a plain str, which can no longer be translated."""
    return str.__str__(translate(text, lang))
