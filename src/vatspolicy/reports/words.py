"""The words of reports in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from vatspolicy.core.engine.result import Citation, Law, RouteRecord
from vatspolicy.core.policies.bundle import LawIdentity
from vatspolicy.i18n import Language, LocalizedText, Phrase
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import GRADES, STATES, Counts, aside, joint, word

if TYPE_CHECKING:
    from vatspolicy.reports.document import Tone

OWN_NAME = Phrase("English", "a language in its own words")
"""Name of each language in that language, for links and buttons."""
COLORS = {"allow": "green", "needs-license": "yellow", "deny": "red", "incomplete": "blue"}
"""Colors of the decision words on a terminal."""
TONES: Mapping[str, Tone] = {"allow": "good", "needs-license": "warn", "deny": "bad", "incomplete": "ask"}
"""Tones of the decision words on a page, in addition to the words."""
GRADE_TONES = {"primary": "good", "copy": "warn", "secondary": "warn", "unverified": "bad"}
"""Color of a grade of an article."""
ROUTE_TONES = {"open": "good", "closed": "bad", "unknown": "ask"}
"""Tones of the states of routes on a page."""
ROUTE_MARKS = {"open": ("✔", "green"), "closed": ("✘", "red"), "unknown": ("?", "blue")}
"""Signs of the states of routes in a text, with their colors."""
MEANINGS: Mapping[str, Mapping[str, str]] = {
    "allow": Phrase("May launch: no license is missing."),
    "needs-license": Phrase("May launch once the licenses below are held; no obstacle found on the stated facts."),
    "deny": Phrase("May not launch on these facts."),
    "incomplete": Phrase("No decision yet: facts are missing. vatspolicy does not guess them."),
}
GROUPS: Mapping[str, Mapping[str, str]] = {
    "before-launch": Phrase("Before the launch"),
    "before-event": Phrase("Before an event"),
    "after-launch": Phrase("After the launch"),
    "after-event": Phrase("When something happens"),
    "recurring": Phrase("Every year, quarter or month"),
    "continuing": Phrase("As long as the service runs"),
}
VERIFICATION: Mapping[str, Mapping[str, str]] = {
    "primary": Phrase("Source quality: every article behind the verdict was checked against the text of the law."),
    "copy": Phrase("Source quality: at least one article behind the verdict was compared only with a copy of the law."),
    "secondary": Phrase("Source quality: at least one article behind the verdict is based only on commentary."),
    "unverified": Phrase(
        "Source quality: at least one article behind the verdict has not been checked against its text."
    ),
}
KNOWN = GRADES
PHRASES: Mapping[str, Mapping[str, str]] = {
    "as_of": Phrase("as of {day}"),
    "shipped": Phrase("shipped law {version}"),
    "folder": Phrase("folder {name} {version}"),
    "bundle": Phrase("bundle {name} {version}"),
    "law": Phrase("law: {law}"),
    "because": Phrase("Because"),
    "checks": Phrase("checks: {check}"),
    "folded": Phrase("{check} … (in full: vatspolicy explain RULE)"),
    "curable": Phrase("fixable"),
    "get": Phrase("Licenses to get"),
    "would_get": Phrase("Licenses also required"),
    "met": Phrase("Licenses held"),
    "held": Phrase("held: {title}"),
    "undecided": Phrase("Not decided"),
    "from": Phrase("from {authority}"),
    "route": Phrase("route: {route}"),
    "or": Phrase("or"),
    "services": Phrase("Services"),
    "may_open": Phrase("may also be open"),
    "up_to": Phrase("up to {percent} %"),
    "share_too_high": Phrase("the foreign share is above {percent} %"),
    "fails": Phrase("not met: {message}"),
    "open_point": Phrase("not known: {message}"),
    "unread": Phrase("not yet checked against the law; a legal opinion must settle it: {name}"),
    "duties": Phrase("Filings and duties"),
    "done": Phrase("done on {day}"),
    "by": Phrase("by {day}"),
    "advice": Phrase("Notes for review"),
    "contested": Phrase("Contested"),
    "undetermined": Phrase("Undetermined"),
    "undetermined_hint": Phrase("Rules left undetermined by missing facts; they do not change the decision."),
    "missing": Phrase("Facts to add, the most decisive first"),
    "duties_remain": Phrase("The duties below still apply."),
    "range": Phrase("Possible results range from {low} to {high}."),
    "conditional": Phrase("{verdict} if {facts}."),
    "setting": Phrase("{fact} is {value}"),
    "holder": Phrase("to be held by {who}"),
    "bearer": Phrase("to be done by {who}"),
    "opinions": Phrase("Legal opinions"),
    "ahead": Phrase("Changes ahead"),
    "not_advice": Phrase("A reading of the law by rules, not legal advice."),
    "missing_fact": Phrase("missing"),
}
COUNTS: Counts = {
    "open_duties": (
        Phrase("Duties are not complete: {n} more may apply. It waits for {facts}."),
        Phrase("Duties are not complete: {n} more may apply. They wait for {facts}."),
    ),
    "more_facts": (Phrase("{n} more fact"), Phrase("{n} more facts")),
    "dependent_rules": (Phrase("{n} rule depends on this"), Phrase("{n} rules depend on this")),
}


def phrase(key: str, lang: Language, **values: object) -> str:
    """Return a phrase of reports in one language, with values filled in."""
    return word(PHRASES, key, lang, **values)


def name_law(law: Law | LawIdentity, lang: Language) -> str:
    """Return the source of a law, with its version."""
    return phrase(law.origin, lang, name=clean(law.name or "", one_line=True), version=law.version)


def say_deciding(law: Law | LawIdentity, lang: Language) -> str:
    """Return the law applied in one line; for other laws than the shipped law, with the start of the digest."""
    if law.origin == "shipped":
        return name_law(law, lang)
    return phrase("law", lang, law=name_law(law, lang)) + aside(f"SHA-256 {law.digest[:12]}", lang)


def way_of(route: RouteRecord, routes: Iterable[RouteRecord], lang: Language) -> str:
    """Describe the state of one of several routes: beside an open route, an unknown route may also be open."""
    if route.state == "unknown" and any(other.state == "open" for other in routes):
        return phrase("may_open", lang)
    return word(STATES, route.state, lang)


def cited(citation: Citation, lang: Language) -> str:
    """Return a citation: the title of the source, the label of the article, and its verification."""
    grade = word(KNOWN, citation.verification, lang)
    return f"{citation.title[lang]}{joint('comma', lang)}{citation.label[lang]}{aside(grade, lang)}"


def law_of(citations: Iterable[Citation], lang: Language) -> str:
    """Return citations in one line, each with the verification of its article."""
    return joint("semicolon", lang).join(cited(citation, lang) for citation in citations)


FOLD: Mapping[Language, int] = {"en": 400, "zh": 160}
"""Maximum characters of a check in a report; the rest is folded."""


def fold(check: LocalizedText, lang: Language) -> str:
    """Return a check in words, cut at the end of a clause where it is long."""
    text = check[lang]
    if len(text) <= FOLD[lang]:
        return text
    cut = max(text.rfind(joint(mark, lang), FOLD[lang] // 2, FOLD[lang]) for mark in ("and-clause", "or-clause"))
    return phrase("folded", lang, check=text[: cut if cut > 0 else FOLD[lang]].rstrip())


def say_check(check: LocalizedText, lang: Language) -> str:
    """Return the line of a report with the check of a rule or a condition."""
    return phrase("checks", lang, check=fold(check, lang))


# --- long lists in a sentence, cut for a terminal


MOST = 8
"""Maximum number of list members on a terminal."""
_MORE = Phrase(" and {n} more")
_LIST = re.compile("” \\(|”（")
"""Pattern before the members of a list: the end of its title, and a bracket."""


def cut_lists(text: str, lang: Language, most: int = MOST) -> str:
    """Return a check in words with `most` members of each list; the rest is counted."""
    cut, at = "", 0
    for start in _LIST.finditer(text):
        if start.start() < at:
            continue
        end = _end(text, start.end())
        members = _members(text[start.end() : end], lang)
        cut += text[at : start.end()]
        if len(members) > most + 1:
            gap = _mark(text[start.end() : end], lang)
            more = len(members) - most
            cut += gap.join(members[:most]) + _MORE.fill(n=more)[lang]
        else:
            cut += text[start.end() : end]
        at = end
    return cut + text[at:]


def _end(text: str, start: int) -> int:
    """Return the index of the bracket that closes the one before `start`."""
    depth = 1
    for index in range(start, len(text)):
        depth += (text[index] in "(（") - (text[index] in ")）")
        if not depth:
            return index
    return len(text)


def _members(text: str, lang: Language) -> list[str]:
    """Return the members of a list, which may contain commas in brackets."""
    mark = _mark(text, lang)
    members, depth = [""], 0
    for part in re.split(f"({mark})", text):
        if part == mark and not depth:
            members.append("")
        else:
            members[-1] += part
        depth += len(re.findall("[(（]", part)) - len(re.findall("[)）]", part))
    return members


def _mark(text: str, lang: Language) -> str:
    """Return the separator of list members."""
    comma, stop = joint("list", lang), joint("semicolon", lang)
    return stop if stop in text else comma
