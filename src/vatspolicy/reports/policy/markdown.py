"""Pages of policies as Markdown: a page of each, the index and the calendar, in both languages."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from vatspolicy.core.cel.ast import Literal, Node
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.expression_wording import Marks, Wording
from vatspolicy.core.policies.model import NEVER, Instrument
from vatspolicy.core.policies.wording import describe_effect, describe_readings
from vatspolicy.core.profile.vocabulary import label
from vatspolicy.i18n import LANGUAGES, Language, Phrase
from vatspolicy.i18n.words import JOINTS, Table, end, gap
from vatspolicy.reports.formats.templating import render_markdown, trust
from vatspolicy.reports.policy.page import (
    MARK,
    TOPICS,
    PolicyPage,
    days_of_change,
    instruments_by_authority,
    policies_by_topic,
)
from vatspolicy.reports.policy.to_compare import count_by_address, group_by_address, open_articles
from vatspolicy.reports.policy.words import WORDS
from vatspolicy.reports.printers.escapes import escape_markdown
from vatspolicy.reports.words import KNOWN

MARKS = Marks(escape_markdown, lambda text: f"*{escape_markdown(text)}*", r"\({}\)")
_WORDS: Table = {
    "policies": Phrase("Policies"),
    "from_day": Phrase("since"),
    "no_end": Phrase("until further notice"),
    "is_verified": Phrase("Verification"),
    "is_contested": Phrase("Contested", "policy page"),
    "is_unwaivable": Phrase("Cannot be waived"),
    "checked": Phrase("checks"),
    "instrument_head": Phrase("instrument", "policy page"),
    "authority_head": Phrase("authority", "policy page"),
    "rules_head": Phrase("rules"),
    "parameter_head": Phrase("parameter"),
    "from_head": Phrase("from"),
    "value_head": Phrase("value", "policy page"),
    "law_head": Phrase("law"),
    "to_compare": Phrase("Articles to compare"),
    "with_address": Phrase("With an official address"),
    "without_address": Phrase("Without a known official address"),
    "term_head": Phrase("term"),
    "meaning_head": Phrase("meaning"),
}
"""Words used only in Markdown pages."""


def policy_page(page: PolicyPage) -> str:
    """Return the page of one policy."""
    wording = {lang: Wording(page.bundle, lang, MARKS) for lang in LANGUAGES}

    def clause(tree: Node, lang: Language) -> Markup:
        """Return an expression in words, with every text escaped by MARKS."""
        return trust(wording[lang].say(tree))

    def authority(instrument: Instrument) -> Iterator[tuple[bool, Markup, Markup, tuple[str, ...]]]:
        """Yield for each authority whether it is always competent, the condition in both languages, and its names."""
        for condition, names in instrument.authority:
            tree = condition.tree
            yield isinstance(tree, Literal), clause(tree, "en"), clause(tree, "zh"), tuple(names)

    return _render(
        "policy/policy.md.j2",
        authority=authority,
        clause=clause,
        end=end,
        effect=lambda rule, lang: describe_effect(page.bundle, rule, lang),
        fill=lambda text, **values: trust(text.format(**values)),
        gap=gap,
        grades=KNOWN,
        page=page,
        readings=lambda rule: zip(*(describe_readings(page.bundle, rule, lang) for lang in ("en", "zh")), strict=True),
    )


def index_page(bundle: Bundle) -> str:
    """Render the index of policies by topic, and of instruments by authority."""
    return _render(
        "policy/index.md.j2",
        authorities=instruments_by_authority(bundle),
        bundle=bundle,
        count=len(bundle.policies),
        rules=sum(len(policy.rules) for policy in bundle.policies.values()),
        topics=policies_by_topic(bundle),
    )


def calendar_page(bundle: Bundle) -> str:
    """Render the days on which decisions change, newest first, with the changes."""
    return _render("policy/calendar.md.j2", bundle=bundle, days=days_of_change(bundle))


def to_compare_page(bundle: Bundle) -> str:
    """Render the articles not compared with an official text, those with denials first."""
    articles = open_articles(bundle)
    return _render(
        "policy/to-compare.md.j2",
        articles=sum(len(policy.articles) for policy in bundle.policies.values()),
        count=count_by_address(bundle),
        official=group_by_address(articles),
        total=len(articles),
        unknown=[article for article in articles if article.address is None],
    )


def _render(name: str, **values: object) -> str:
    return render_markdown(
        name,
        NEVER=NEVER,
        TOPICS=TOPICS,
        authority_label=lambda body: label("authority", body),
        mark=trust(MARK),
        joints=JOINTS,
        words={**WORDS, **_WORDS},
        **values,
    )
