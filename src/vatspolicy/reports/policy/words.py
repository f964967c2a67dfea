"""Words of the rulebook in both languages: of its site, and of its pages in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from vatspolicy.i18n import Phrase
from vatspolicy.i18n.words import Counts, word

WORDS: Mapping[str, Mapping[str, str]] = {
    "site": Phrase("Rulebook"),
    "calendar": Phrase("Calendar"),
    "search": Phrase("Search"),
    "matrix": Phrase("Access matrix", "policy site"),
    "decide": Phrase("Check a product"),
    "foot": Phrase(
        "Rules {version}, {digest}{known}. License: {license}. A reading of the law by rules, not legal advice."
    ),
    "foot_known": Phrase(", law last checked on {day}"),
    "home": Phrase(
        "The rules that decide whether a product may launch in mainland China: every article with its requirements,"
        " addressees and dates."
    ),
    "home_search": Phrase("Search for a product, a license or an article, for example:"),
    "index_lead": Phrase("{policies} policies with {rules} rules. They cover the law in force since {first}."),
    "index_where": Phrase(
        "The calendar lists the days on which decisions change. The search covers every rule, article and instrument."
    ),
    "by_topic": Phrase("By topic"),
    "by_authority": Phrase("By authority"),
    "in_some": Phrase("in some cases"),
    "policy": Phrase("Policy"),
    "number": Phrase("Number"),
    "in_force": Phrase("In force"),
    "rules": Phrase("Rules"),
    "ended": Phrase("ended"),
    "since": Phrase("since {since}"),
    "period": Phrase("{since} to {until}"),
    "file": Phrase("File"),
    "issuer": Phrase("Issued by"),
    "promulgated": Phrase("Promulgated"),
    "editions": Phrase("Editions"),
    "chain": Phrase("Chain"),
    "topics": Phrase("Topics"),
    "uses": Phrase("Definitions from"),
    "verification": Phrase("Verification of articles"),
    "no_articles": Phrase("no articles"),
    "official": Phrase("Official page"),
    "note": Phrase("Note"),
    "articles": Phrase("Articles and rules"),
    "instruments": Phrase("Instruments"),
    "instrument": Phrase("Instrument"),
    "authority": Phrase("Authority"),
    "asked_by": Phrase("Rules that require it or lead to it"),
    "parameters": Phrase("Parameters"),
    "parameter": Phrase("Parameter"),
    "from": Phrase("From"),
    "value": Phrase("Value"),
    "law": Phrase("Law"),
    "reads": Phrase("Parameters read"),
    "relies": Phrase("Relied on by"),
    "tests": Phrase("Tests"),
    "terms": Phrase("Terms"),
    "term": Phrase("Term"),
    "meaning": Phrase("Meaning"),
    "conditions": Phrase("Conditions"),
    "checks": Phrase("Checks"),
    "verified": Phrase("on {day}: "),
    "if": Phrase("if {condition}"),
    "place": Phrase("place"),
    "also": Phrase("Also based on"),
    "contested": Phrase("contested"),
    "unwaivable": Phrase("cannot be waived"),
    "company_bears": Phrase("owed by the company"),
    "share": Phrase("foreign share at most {share}"),
    "else": Phrase("else"),
    "cel": Phrase("As CEL"),
    "classify": Phrase("classify"),
    "deny": Phrase("deny"),
    "need": Phrase("need"),
    "route": Phrase("route"),
    "duty": Phrase("duty"),
    "advise": Phrase("advise"),
    "article": Phrase("article"),
    "primary": Phrase("compared with the text"),
    "copy": Phrase("compared with a copy"),
    "secondary": Phrase("from commentary"),
    "unverified": Phrase("not verified"),
    "calendar_lead": Phrase(
        "Days on which a rule, a parameter or an edition begins or ends, newest first. A decision on the day itself"
        " applies the new law; a decision on the day before applies the old law. The rules cover days from {first}."
    ),
    "begins": Phrase("begins"),
    "ends": Phrase("ends"),
    "in_place_of": Phrase("in place of"),
    "edition": Phrase("edition"),
    "with": Phrase("with"),
    "without": Phrase("without"),
    "new_order": Phrase("new order"),
    "search_label": Phrase(
        "A product (SaaS, web shop), a license, a place, or words of a rule or an article, in English or Chinese"
    ),
    "search_hint": Phrase("Results contain every word. Your search stays on this page."),
    "search_none": Phrase("No results for “{text}”. Try fewer or other words, or browse the rulebook by topic."),
    "search_about": Phrase("Concerns: {values}"),
    "search_found": Phrase("{count} found"),
    "search_some": Phrase("{count} found, the first {shown} shown"),
    "search_results": Phrase("Results"),
    "search_off": Phrase("The search needs JavaScript. Without it, use the list of policies in the rulebook."),
    "matrix_lead": Phrase(
        "The foreign share that each business may have on {day} under the rules, by regime and by place."
    ),
}
COUNTS: Counts = {"rules": (Phrase("{n} rule", "policy page"), Phrase("{n} rules", "policy page"))}


say = partial(word, WORDS)
"""Return a phrase of the site, with values filled in."""
