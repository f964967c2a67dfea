"""Phrases of decision pages and of exports in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from vatspolicy.core.engine.result import Authority, Citation, FindingRecord, Law
from vatspolicy.core.policies.bundle import LawIdentity
from vatspolicy.i18n import Language, LocalizedText, Phrase
from vatspolicy.i18n.words import Counts, Table, aside, count, end, gap, joint, word
from vatspolicy.reports.words import GRADE_TONES, KNOWN, name_law, phrase, say_check

if TYPE_CHECKING:
    from jinja2.runtime import Macro
    from markupsafe import Markup

WORDS: Mapping[str, Mapping[str, str]] = {
    "title_many": Phrase("Decisions on {count} specs"),
    "rules": Phrase("Rules: {law}, SHA-256 {digest}."),
    "summary": Phrase("Summary"),
    "details": Phrase("Details"),
    "licenses": Phrase("Licenses"),
    "no_license": Phrase("No license is missing."),
    "no_license_helps": Phrase("On these facts, a license would not allow the launch; see the obstacles."),
    "share_cap": Phrase("foreign share of at most {percent} %"),
    "no_license_yet": Phrase("None found on the stated facts."),
    "to_get_count": Phrase("Licenses"),
    "filings_count": Phrase("To do before launch"),
    "instrument": Phrase("License"),
    "authority": Phrase("Authority", "formats html words"),
    "bearer": Phrase("Holder"),
    "class": Phrase("Class"),
    "route": Phrase("Route"),
    "checklist_text": Phrase("The checklist before launch, as Markdown"),
    "checklist": Phrase("Checklist"),
    "decisions": Phrase("Decisions"),
    "done": Phrase("Done"),
    "item": Phrase("Item"),
    "filing": Phrase("filing or duty"),
    "group": Phrase("Stage"),
    "contested": Phrase("Contested"),
    "opinions": Phrase("Legal opinions"),
    "ahead": Phrase("Changes ahead"),
    "article": Phrase("Article"),
    "or": Phrase("or"),
    "filings": Phrase("Filings and duties"),
    "filings_none": Phrase("No filings or duties on these facts."),
    "filings_denied": Phrase("Filings and duties if the launch were not denied"),
    "later_count": Phrase("{count} later"),
    "before_launch": Phrase("Before the launch"),
    "before_launch_by": Phrase("Before the launch on {day}"),
    "by_day": Phrase("By {day}"),
    "undated": Phrase("No fixed date"),
    "more_dated": Phrase("{count} more up to {day}; see the calendar"),
    "blocks": Phrase("Obstacles and the nearest way"),
    "facts_needed": Phrase("Facts needed for a decision"),
    "fixable": Phrase("This can be fixed."),
    "add_fact": Phrase("Add {path}."),
    "nearest": Phrase("Nearest route: {route}. Not met: {conditions}."),
    "find_ways": Phrase("Find the smallest changes:"),
    "and_more": Phrase("and {count} more", "formats html words"),
    "more": Phrase("{count} more; see the details."),
    "sources": Phrase("Sources"),
    "sources_none": Phrase("No article is cited."),
    "sources_count": Phrase("Articles cited: {count}. Compared with the text of the law: {primary}."),
    "sources_copy": Phrase("Compared with a copy only: {count}"),
    "sources_secondary": Phrase("Based on commentary only: {count}"),
    "sources_unverified": Phrase("Not checked against any source: {count}"),
    "overview": Phrase("All specs"),
    "spec": Phrase("Spec"),
    "product": Phrase("Product"),
    "decision": Phrase("Decision"),
    "law_day": Phrase("Law as of"),
    "launch": Phrase("Launch"),
    "no_launch": Phrase("not stated"),
    "service": Phrase("Service {id}"),
    "class_by": Phrase("Classified by"),
    "contested_class": Phrase("contested", "formats html words"),
    "routes_title": Phrase("Routes for {activity}"),
    "routes_key": Phrase(
        "Each path leads from the activity through its conditions to a license. Numbers refer to the list of "
        "conditions below: ✓ met, ✕ not met, ? unknown."
    ),
    "no_routes": Phrase("No route was evaluated."),
    "route_fact_missing": Phrase("unknown: a fact that the route needs is missing"),
    "is_held": Phrase("held"),
    "is_to_get": Phrase("to get"),
    "held_unknown": Phrase("held: not known"),
    "conditions": Phrase("Conditions: {count}"),
    "met": Phrase("met"),
    "unmet": Phrase("not met"),
    "unknown": Phrase("not known"),
    "true": Phrase("yes"),
    "false": Phrase("no"),
    "to_do": Phrase("To do, by authority"),
    "would_do": Phrase("Further items if the launch were not denied: {count}"),
    "license": Phrase("license"),
    "to_get": Phrase("to get before the launch"),
    "one_of": Phrase("one of {count} ways"),
    "open_item": Phrase("to do"),
    "done_item": Phrase("done"),
    "calendar": Phrase("Calendar", "formats html words"),
    "calendar_title": Phrase("Deadlines from {first} to {last}, with the launch on {launch}"),
    "day": Phrase("Day"),
    "from_launch": Phrase("From the launch"),
    "what": Phrase("Due"),
    "no_day": Phrase("Without a fixed day"),
    "no_launch_note": Phrase(
        "The spec does not state a launch day, so deadlines appear in the words of the law, without dates."
    ),
    "launch_mark": Phrase("launch"),
    "on_launch": Phrase("by the launch"),
    "days_after": Phrase("{count} days after"),
    "months_after": Phrase("{count} months after"),
    "due": Phrase("When"),
    "law": Phrase("Law cited"),
    "official": Phrase("official page"),
    "primary": Phrase("compared with the text"),
    "copy": Phrase("compared with a copy"),
    "secondary": Phrase("from commentary"),
    "unverified": Phrase("not verified"),
    "facts": Phrase("Facts from the spec"),
    "fact": Phrase("Fact"),
    "path": Phrase("Path"),
    "value": Phrase("Value"),
    "line": Phrase("Line"),
    "facts_of": Phrase("Facts of {file} as read by the rules"),
    "why": Phrase("Result of the condition"),
    "rule": Phrase("Rule"),
    "because": Phrase("Why it may not launch"),
    "services": Phrase("Services and routes"),
    "undetermined": Phrase("Missing facts that further findings depend on"),
    "other_rules": Phrase("Rules that depend on them: {count}"),
    "question": Phrase("Question"),
    "waiting": Phrase("Dependent rules"),
    "see_law": Phrase("Law"),
    "in_rulebook": Phrase("in the rulebook"),
    "beside": Phrase("The answer beside its articles"),
    "do_until": Phrase("Tasks and deadlines"),
    "nothing_to_do": Phrase("The stated facts do not require a license, a filing or a duty."),
}
COUNTS: Counts = {
    "undated": (
        Phrase("{n} duty on an event, at intervals or while the service runs; see the details"),
        Phrase("{n} duties on an event, at intervals or while the service runs; see the details"),
    ),
}
MOST_KEPT = 4096
"""Maximum number of parts of pages that are kept, each about one or several articles."""
_KEPT: dict[tuple[object, ...], tuple[Markup, Sequence[Citation]]] = {}
_NOT_IN_ADDRESS = re.compile(r"[^\w.-]+")


class PageWords:
    """Language of a page, with the citations and authority names that sections of one decision share."""

    def __init__(self, lang: Language, prefix: str = "", rulebook: LocalizedText | None = None) -> None:
        self.lang, self.prefix, self.rulebook = lang, prefix, rulebook
        self.comma, self.colon, self.semicolon = (joint(name, lang) for name in ("comma", "colon", "semicolon"))
        self.gap, self.stop, self.tones = gap(lang), end("", lang), GRADE_TONES

    def html(self, key: str, **values: object) -> str:
        """Return a phrase of pages, with values filled in."""
        text = WORDS[key][self.lang]
        return text.format(**values) if values else text

    def deciding(self, law: Law | LawIdentity) -> str:
        """Return the law applied, with its full digest."""
        return self.html("rules", law=name_law(law, self.lang), digest=law.digest)

    def count(self, key: str, n: int) -> str:
        """Return a number with its unit."""
        return count(COUNTS, key, n, self.lang)

    def text(self, text: LocalizedText) -> str:
        """Return a text of a record in the language of the page."""
        return str(text[self.lang])

    def aside(self, text: str) -> str:
        """Return content in brackets."""
        return aside(text, self.lang)

    def sentence(self, parts: Iterable[str]) -> str:
        """Parts as one sentence."""
        return end(self.semicolon.join(parts), self.lang)

    def bodies(self, authority: Iterable[Authority]) -> str:
        """Return the names of authorities."""
        return joint("bodies", self.lang).join(self.text(body.title) for body in authority)

    def truth(self, value: bool | None) -> str:
        """met, not met, not known."""
        return self.html({True: "met", False: "unmet", None: "unknown"}[value])

    def yes_no(self, value: bool | None) -> str:
        """yes, no, not known."""
        return self.html({True: "true", False: "false", None: "unknown"}[value])

    def tone(self, value: bool | None) -> str:
        """Return the color for `truth`."""
        return {True: "good", False: "bad", None: "ask"}[value]

    def place(self, *names: str) -> str:
        """Return an id on the page, of characters that an address may contain."""
        return self.prefix + "-".join(_NOT_IN_ADDRESS.sub("-", name) for name in names)

    def phrase(self, key: str, **values: object) -> str:
        """Return a phrase of all reports, with values filled in."""
        return phrase(key, self.lang, **values)

    def check(self, check: LocalizedText) -> str:
        """Return the line with the check of a rule or a condition; the end of a long check is folded."""
        return say_check(check, self.lang)

    def word(self, table: Table, key: str, **values: object) -> str:
        """Return a phrase of a table, with values filled in."""
        return word(table, key, self.lang, **values)

    def by_policy(self, citations: Iterable[Citation]) -> list[list[Citation]]:
        """Return citations by regulation, each article once, in order of appearance."""
        by_policy: dict[str, dict[str, Citation]] = {}
        for cited in citations:
            by_policy.setdefault(cited.policy, {}).setdefault(cited.key, cited)
        return [list(articles.values()) for articles in by_policy.values()]

    def reference(self, cited: Citation, titled: bool) -> str:
        """Return an article with its verification, and with the title of its regulation if `titled`."""
        title = f"{self.text(cited.title)}{self.comma}" if titled else ""
        return f"{title}{self.text(cited.label)}{aside(self.word(KNOWN, cited.verification), self.lang)}"

    def law(self, citations: Iterable[Citation]) -> str:
        """Return references in one line: each regulation by name, then its articles."""
        return self.semicolon.join(
            self.comma.join(self.reference(cited, not position) for position, cited in enumerate(articles))
            for articles in self.by_policy(citations)
        )

    def names(self, citations: Iterable[Citation]) -> str:
        """Return articles in one line, without their verification."""
        return self.semicolon.join(
            self.text(articles[0].title) + self.gap + self.comma.join(self.text(cited.label) for cited in articles)
            for articles in self.by_policy(citations)
        )

    def place_of(self, cited: Citation) -> str:
        """Return the id of an article on the page."""
        return self.place("law", cited.policy, cited.key)

    def article_page(self, cited: Citation) -> str:
        """Return the address of an article in the rulebook; empty if there is none."""
        return f"{self.rulebook[self.lang]}{cited.policy}.html#article-{cited.key}" if self.rulebook else ""

    def rule_page(self, rule: str) -> str:
        """Return the address of a rule in the rulebook; empty if there is none."""
        policy, __, name = rule.partition("/")
        return f"{self.rulebook[self.lang]}{policy}.html#{name}" if self.rulebook else ""

    def keep(self, macro: Macro, citations: Sequence[Citation]) -> Markup:
        """Return what a macro of decisions makes of articles alone, which many decisions cite."""
        key = (macro.name, self.lang, self.prefix, self.rulebook and self.rulebook[self.lang], *map(id, citations))
        kept = _KEPT.get(key)
        if kept is None:
            if len(_KEPT) >= MOST_KEPT:
                _KEPT.clear()
            kept = _KEPT[key] = cast("Markup", macro(self, citations)), citations  # which keeps the identities
        return kept[0]

    def subject(self, finding: FindingRecord) -> str:
        """Return the service and class of a finding, as a prefix; empty for the product."""
        subject = str(finding.subject)
        return subject + self.colon if subject else ""
