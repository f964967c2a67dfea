"""Shared parts of the rulebook site: frame, addresses, and links between policies, rules and articles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from vatspolicy.cel.ast import Node
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.expression_wording import Marks, Wording
from vatspolicy.policies.model import NEVER, Article, Instrument, Policy, Rule
from vatspolicy.profile.vocabulary import Language, LocalizedText, label
from vatspolicy.reports.formats.html import Content, Html, escape, join, link, tag
from vatspolicy.reports.formats.html_page import Link, badge, foreign, page
from vatspolicy.reports.policy.index import MARK
from vatspolicy.reports.policy.site.words import say

OVERVIEWS = ("index", "calendar", "search", "matrix")
"""Pages that do not belong to a policy."""
LICENSE = "Apache-2.0"
"""License of the rules and of their pages."""
FOLDERS = {"en": "", "zh": "zh/"}
"""Folders of pages by language."""

KNOWN = {"primary": "good", "secondary": "warn", "unverified": "bad"}
"""Tones of verifications."""
MARKS = Marks(
    escape,
    lambda text: str(tag("em", text)),
)


class Site:
    """The site in one language."""

    def __init__(self, bundle: Bundle, lang: Language, matrix: bool = False) -> None:
        self.bundle, self.lang = bundle, lang
        self.names = [name for name in OVERVIEWS if matrix or name != "matrix"]
        self.comma, self.colon, self.semicolon = ("，", "：", "；") if lang == "zh" else (", ", ": ", "; ")

    def say(self, key: str, **values: Any) -> str:
        """Return a phrase of the site."""
        return say(key, self.lang, **values)

    def text(self, text: LocalizedText) -> str:
        """Return a text of a policy in the language of the site."""
        return text[self.lang]

    def remark(self, text: str) -> Content:
        """Render a remark that a policy has in one language only: English if it has no Chinese characters."""
        return foreign(text, "en") if self.lang == "zh" and not re.search("[\u3400-\u9fff]", text) else text

    def aside(self, *content: Content) -> Html:
        """Return content in brackets."""
        return join("（", *content, "）") if self.lang == "zh" else join(" (", *content, ")")

    def title_of(self, name: str) -> str:
        """Return the title of an overview."""
        return self.say("site" if name == "index" else name)

    def page(
        self,
        name: str,
        title: str,
        body: Content,
        toc: Content = None,
        *,
        style: str = "",
        script: str = "",
        wide: bool = False,
    ) -> str:
        """Render a page of the site. `name` is its file name without the ending."""
        nav: list[Link] = [(self.title_of(one), "" if one == name else f"{one}.html") for one in self.names]
        crumbs: list[Link] = [] if name == "index" else [(self.say("site"), "index.html"), (title, "")]
        other = f"zh/{name}.html" if self.lang == "en" else f"../{name}.html"
        known = self.say("foot_known", day=self.bundle.known_until) if self.bundle.known_until else ""
        foot = self.say(
            "foot", version=self.bundle.version, digest=self.bundle.digest[:12], known=known, license=LICENSE
        )
        return page(
            title if name == "index" else f"{title} · {self.say('site')}",
            body,
            self.lang,
            style=asset("site.css") + style,
            script=script,
            nav=nav,
            crumbs=crumbs,
            other=(self.say("other"), other),
            toc=toc,
            end=tag("p", foot),
            wide=wide,
            made_by=MARK.removeprefix("<!-- ").removesuffix(" -->"),
            name=("vatspolicy", "index.html"),
        )

    # --- addresses

    def policy_link(self, policy: Policy) -> Html:
        """Build a link to a policy, with its title as text."""
        return link(self.text(policy.title), f"{policy.id}.html")

    def rule_link(self, rule: Rule, here: Policy | None = None) -> Html:
        """Build a link to a rule. The text is its id on the page of its policy, and its full name elsewhere."""
        own = here is not None and rule.policy == here.id
        return link(tag("code", rule.id if own else rule.name), f"{'' if own else rule.policy + '.html'}#{rule.id}")

    def instrument_address(self, instrument: Instrument, here: Policy) -> str:
        """Return the address of an instrument in the table of its policy."""
        return f"{'' if instrument.policy == here.id else instrument.policy + '.html'}#instrument-{instrument.id}"

    def article_links(self, articles: Iterable[Article]) -> Html:
        """Return links to articles on the page of their policy, by their labels."""
        links = [link(self.text(one.label), f"#article-{one.key}") for one in articles]
        return join(*links, between=self.semicolon)

    def law(self, articles: Iterable[Article]) -> Html:
        """Return links to articles, each with its verification."""
        known = [
            join(
                link(self.text(one.label), f"#article-{one.key}"),
                " ",
                badge(self.say(one.verification), KNOWN[one.verification]),
            )
            for one in articles
        ]
        return join(*known, between=self.semicolon)

    # --- words

    def period(self, since: str, until: str) -> str:
        """Return a period in words."""
        return self.say("since", since=since) if until == NEVER else self.say("period", since=since, until=until)

    def bodies(self, names: Sequence[str]) -> str:
        """Return the names of authorities."""
        return ("、" if self.lang == "zh" else "; ").join(self.text(label("authority", name)) for name in names)

    @cached_property
    def wording(self) -> Wording:
        """Wording of expressions, as HTML."""
        return Wording(self.bundle, self.lang, MARKS)


def asset(name: str) -> str:
    """Return a stylesheet or script from the folder of this module."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def clause(wording: Wording, tree: Node) -> Html:
    """Return an expression in words. `Wording` escapes every text by MARKS and adds only safe text."""
    return Html(wording.say(tree))
