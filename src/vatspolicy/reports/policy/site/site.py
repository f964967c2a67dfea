"""Shared parts of the rulebook site: frame, addresses, and links between policies, rules and articles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

from markupsafe import Markup

from vatspolicy.core.cel.ast import Literal as Constant
from vatspolicy.core.cel.ast import Node
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.expression_wording import Marks, Wording
from vatspolicy.core.policies.model import NEVER, Article, Instrument, Policy
from vatspolicy.core.profile.vocabulary import label
from vatspolicy.i18n import Language, LocalizedText
from vatspolicy.i18n.words import aside, count, end, gap, joint
from vatspolicy.reports.formats.html import escape, trust
from vatspolicy.reports.formats.html_page import Entry, Frame, render_page
from vatspolicy.reports.policy.index import MARK
from vatspolicy.reports.policy.words import COUNTS, say
from vatspolicy.reports.words import OWN_NAME

OVERVIEWS = ("index", "calendar", "search", "matrix")
"""Pages that do not belong to a policy."""
LICENSE = "Apache-2.0"
"""License of the rules and of their pages."""
FOLDERS = {"en": "", "zh": "zh/"}
"""Folders of pages by language."""

KNOWN = {"primary": "good", "secondary": "warn", "unverified": "bad"}
"""Tones of verifications."""
MARKS = Marks(escape, lambda text: f"<em>{escape(text)}</em>")


Scope = Literal["site", "policy", "rule"]
"""Extent of a page: one of the site, a policy alone, or a rule alone. A page that stands alone links to no other."""


class Site:
    """The site in one language, or a page of it that stands alone."""

    def __init__(self, bundle: Bundle, lang: Language, matrix: bool = False, scope: Scope = "site") -> None:
        self.bundle, self.lang, self.scope = bundle, lang, scope
        self.is_alone = scope != "site"
        self.names = [name for name in OVERVIEWS if matrix or name != "matrix"]
        self.away: Language = "zh" if lang == "en" else "en"
        self.comma, self.colon, self.semicolon = (joint(name, lang) for name in ("comma", "colon", "semicolon"))
        self.gap, self.stop = gap(lang), end("", lang)
        self.tones = KNOWN

    def say(self, key: str, **values: object) -> str:
        """Return a phrase of the site."""
        return say(key, self.lang, **values)

    def count(self, key: str, n: int) -> str:
        """Return a number with the thing that it counts."""
        return count(COUNTS, key, n, self.lang)

    def fill(self, key: str, **values: Markup) -> Markup:
        """Return a phrase of the site around markup. The words of the program hold none themselves."""
        return trust(self.say(key, **values))

    def text(self, text: LocalizedText) -> str:
        """Return a text of a policy in the language of the site."""
        return text[self.lang]

    def is_away(self, text: str) -> bool:
        """Return True for a remark in English on a Chinese page: policies have remarks in one language only."""
        return self.lang == "zh" and not re.search("[\u3400-\u9fff]", text)

    def both_languages(self, article: Article) -> list[tuple[Language, str]]:
        """Return the words of an article in each language that has them, that of the site first."""
        words = {"en": article.en, "zh": article.zh}
        return [(lang, text) for lang in (self.lang, self.away) if (text := words[lang])]

    def aside(self, text: str) -> str:
        """Return a text in brackets."""
        return aside(text, self.lang)

    def title_of(self, name: str) -> str:
        """Return the title of an overview."""
        return self.say("site" if name == "index" else name)

    def page(
        self,
        template: str,
        name: str,
        title: str,
        toc: Sequence[Entry] = (),
        style: str = "",
        script: str = "",
        wide: bool = False,
        **values: object,
    ) -> str:
        """Render a page. `name` is that of its file without the ending."""
        known = self.say("foot_known", day=self.bundle.known_until) if self.bundle.known_until else ""
        end = self.say(
            "foot", version=self.bundle.version, digest=self.bundle.digest[:12], known=known, license=LICENSE
        )
        is_index, css = name == "index", asset("site.css") + style
        frame = Frame(
            title if is_index else f"{title} · {self.say('site')}",
            self.lang,
            style=css,
            script=script,
            nav=[(self.title_of(one), "" if one == name else f"{one}.html") for one in self.names],
            crumbs=[] if is_index else [(self.say("site"), "index.html"), (title, "")],
            other=(OWN_NAME[self.away], f"zh/{name}.html" if self.lang == "en" else f"../{name}.html"),
            toc=toc,
            end=end,
            wide=wide,
            made_by=MARK.removeprefix("<!-- ").removesuffix(" -->"),
            home="index.html",
        )
        if self.is_alone:
            frame = Frame(title, self.lang, style=css, toc=toc, end=end)
        return render_page(template, frame, heads=self.heads, site=self, **values)

    def heads(self, *keys: str) -> list[str]:
        """Return the heads of a table."""
        return [self.say(key) for key in keys]

    def policies(self, ids: Iterable[str]) -> list[Policy]:
        """Return policies by their ids."""
        return [self.bundle.policies[id] for id in ids]

    # --- addresses

    def instrument_address(self, instrument: Instrument | None, here: Policy) -> str:
        """Return the address of an instrument in the table of its policy; empty if that is not within reach."""
        if instrument is None or self.scope == "rule" or (self.is_alone and instrument.policy != here.id):
            return ""
        return f"{'' if instrument.policy == here.id else instrument.policy + '.html'}#instrument-{instrument.id}"

    # --- words

    def period(self, since: str, until: str) -> str:
        """Return a period in words."""
        return self.say("since", since=since) if until == NEVER else self.say("period", since=since, until=until)

    def bodies(self, names: Sequence[str]) -> str:
        """Return the names of authorities."""
        return joint("names", self.lang).join(self.text(label("authority", name)) for name in names)

    def has_ended(self, policy: Policy) -> bool:
        """Return True for a policy whose last day is known."""
        return policy.until != NEVER

    def authority(self, instrument: Instrument) -> list[tuple[Markup | None, str]]:
        """Return the authorities of an instrument, each with the remark when it is competent, unless it always is."""
        return [(self._remark(condition.tree), self.bodies(names)) for condition, names in instrument.authority]

    def _remark(self, condition: Node) -> Markup | None:
        if isinstance(condition, Constant):
            return None
        return trust(self.aside(self.fill("if", condition=self.clause(condition))))

    def clause(self, tree: Node) -> Markup:
        """Return an expression in words. `Wording` escapes every text by MARKS and adds only safe text."""
        return trust(self.wording.say(tree))

    @cached_property
    def wording(self) -> Wording:
        """Wording of expressions, as HTML."""
        return Wording(self.bundle, self.lang, MARKS)


@cache
def asset(name: str) -> str:
    """Return a stylesheet or script from the folder of this module."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
