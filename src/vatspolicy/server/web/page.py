"""The frame of the page, which its script fills, its stylesheet, and its phrases in both languages."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

from markupsafe import Markup

from vatspolicy.guidance.interview.messages import PHRASES as INTERVIEW
from vatspolicy.i18n import LANGUAGES, Language, Phrase
from vatspolicy.i18n.words import VERDICTS, word
from vatspolicy.reports.access_matrix.render import read_style
from vatspolicy.reports.decision.digest import READING_WORDS
from vatspolicy.reports.formats import FORMATS
from vatspolicy.reports.formats.templating import ICON, LANGUAGE_TAGS, read_asset, render_html
from vatspolicy.reports.printers import html as printer
from vatspolicy.reports.printers.escapes import digest
from vatspolicy.reports.words import OWN_NAME, phrase

WORDS: Mapping[str, Mapping[str, str]] = {
    "title": Phrase("Launch check for mainland China"),
    "skip": Phrase("Skip to the content"),
    "loading": Phrase(
        "Loading the program and the law. The first visit takes some seconds; later ones need no network."
    ),
    "not_loaded": Phrase("The program did not start. The page needs a current browser with WebAssembly enabled."),
    "rulebook": Phrase("Rulebook"),
    "noscript": Phrase(
        "This page needs JavaScript. Without it, use the command line: vatspolicy ask, vatspolicy check."
    ),
    "language": OWN_NAME,
    "colors": Phrase("Colors"),
    "system": Phrase("same as system"),
    "light": Phrase("light"),
    "dark": Phrase("dark"),
    "welcome": Phrase("May your product launch in mainland China?"),
    "welcome_what": Phrase(
        "For product teams and their counsel. Answer about 10 questions about the product. You get the decision under "
        "the law of its launch day, with its articles. It lists the licenses to get and the filings with their dates. "
        "If the product may not launch, you get ways forward."
    ),
    "welcome_private": Phrase(
        "Your answers stay on this machine: the page works without a network and keeps them only in this tab."
    ),
    "welcome_file": Phrase("Do you already have a spec? Open it:"),
    "means_allow": Phrase("The product may launch. No license is missing; filings and other duties may remain."),
    "means_needs-license": Phrase("The product may launch once the listed licenses are held."),
    "means_deny": Phrase("The product may not launch as planned. The reasons and the ways forward follow."),
    "means_incomplete": Phrase("Facts are missing. The page asks for them and does not guess."),
    "examples": Phrase("Decisions on well-known products"),
    "examples_note": Phrase(
        "The facts come from public sources, listed with each example. Facts without a source stay unknown. The "
        "decision applies today's rules to the product as publicly described. It does not mean that a company "
        "breaks the law."
    ),
    "example_is": Phrase("Decided under today's law, on the facts that public sources state."),
    "example_changed": Phrase("You have changed facts of this example: the sources below state the original."),
    "example_sources": Phrase("Public sources: {count}"),
    "suppose": Phrase("No public source states these facts. Suppose them, and see the decision:"),
    "read_on": Phrase("read on {day}"),
    "rests": Phrase("States: {facts}"),
    "view": Phrase("Show the decision for"),
    "view_counsel": Phrase("counsel"),
    "view_product": Phrase("the product team"),
    "welcome_answers": Phrase("The four possible decisions"),
    "welcome_facts": Phrase("Or fill in the facts below in any order."),
    "interview": Phrase("Next question"),
    "first_question": Phrase("First question"),
    "settled": Phrase("Settled: {word}"),
    "unsettled": Phrase("No further questions"),
    "erroneous": Phrase("The spec has errors"),
    "facts": Phrase("Facts"),
    "answer": Phrase("Answer"),
    "dont_know": Phrase("I don't know"),
    "unanswered": Phrase("Give an answer, or choose “I don't know”."),
    "services_hint": Phrase(
        "A part that is run, hosted or sold separately is a separate service: add it below, under the facts."
    ),
    "back": Phrase("Back"),
    "why": Phrase("Why do you ask?"),
    "left": Phrase("about {left} left"),
    "one_left": Phrase("perhaps the last"),
    "contested": READING_WORDS["contested"],
    "decided": Phrase("Answers about the facts still missing cannot change the decision."),
    "decided_contested": Phrase(
        "Under the first reading of the law, further answers cannot change the decision. Under another reading they"
        " may: see “Contested”."
    ),
    "no_more": Phrase("No decision yet: facts are missing. Questions answered with “I don't know”: {count}."),
    "no_more_decided": Phrase("On the facts stated: {word}. Facts that you did not know may change it: {count}."),
    "opinions_needed": Phrase(
        "The decision needs a legal opinion granted by an approver, because no one has checked the law behind: {names}"
    ),
    "ask_again": Phrase("Ask for them again"),
    "complete": Phrase("Continue: complete the duties ({count} or more)"),
    "complete_denied": Phrase("Continue: look for further obstacles and duties ({count} or more)"),
    "not_decidable": Phrase("Fix the fields marked below, or the text under “Spec”."),
    "every": Phrase("Show every fact of the schema"),
    "every_hint": Phrase(
        "Showing the facts you have given and those that still matter. Leave a field empty if you "
        "do not know. Tick every item of a list that applies."
    ),
    "asked": Phrase("decides"),
    "asked_next": Phrase("asked next"),
    "not_known": Phrase("not known", "server web"),
    "yes": Phrase("Yes"),
    "no": Phrase("No"),
    "none": Phrase("None of these"),
    "chosen": Phrase("Choose ({count} chosen)"),
    "filter": Phrase("Find in the list"),
    "found": Phrase("{count} found", "server web"),
    "found_none": Phrase(
        "No match for “{text}” in this list. Try another word, or clear the field to see the whole list."
    ),
    "found_elsewhere": Phrase("“{text}” belongs to another question: {questions}."),
    "link": Phrase("Copy a link with the answers"),
    "link_hint": Phrase(
        "The link contains all answers after the # sign. Browsers do not send that part to a server. The link works"
        " wherever this page has the same address."
    ),
    "add": Phrase("Add: {what}"),
    "remove": Phrase("Remove"),
    "remove_what": Phrase("Remove {what}"),
    "unit": Phrase("Unit: {unit}."),
    "to_get": Phrase("To get: {licenses}"),
    "missing": Phrase("Facts missing: {count}"),
    "law_of": Phrase("law of {day}"),
    "reasons_one": Phrase("1 reason"),
    "reasons_many": Phrase("{count} reasons"),
    "fixable_none": Phrase("not fixable by an application alone"),
    "fixable_one": Phrase("fixable"),
    "fixable_all": Phrase("all fixable"),
    "fixable_some": Phrase("{count} of them fixable"),
    "to_forward": Phrase("Ways forward"),
    "export": Phrase("Save the report:"),
    **{f"as_{name}": one.button for name, one in FORMATS.items() if one.button},
    "copy_checklist": Phrase("Copy the checklist"),
    "copy_refused": Phrase(
        "The browser blocked copying. The report contains the text under “The checklist before launch”."
    ),
    "copied": Phrase("Copied, as Markdown."),
    "print": Phrase("Print or save as PDF"),
    "no_decision": Phrase("NOT DECIDED"),
    "errors": Phrase("Mistakes in the spec: {count}"),
    "sections": Phrase("Results"),
    "decision": Phrase("Decision"),
    "forward": Phrase("Ways forward"),
    "timeline": Phrase("Timeline"),
    "matrix": Phrase("Matrix"),
    "spec": Phrase("Spec"),
    "working": Phrase("Working…"),
    "nothing_yet": Phrase("No decision to show."),
    "timeline_blank": Phrase("The timeline appears here once the page knows what the product offers."),
    "forward_blank": Phrase("Ways forward appear here once the page knows what the product offers."),
    "day": Phrase("Law of the day"),
    "place": Phrase("Place of the company"),
    "zone": Phrase("Free-trade zone"),
    "anywhere": Phrase("best place for each"),
    "no_such_place": Phrase("Companies cannot be registered there: this zone has no site in that place."),
    "by": Phrase("Columns"),
    "regimes": Phrase("regimes"),
    "places": Phrase("places"),
    "show": Phrase("Show"),
    "spec_text": Phrase("The spec, as YAML"),
    "apply": Phrase("Use this text"),
    "open": Phrase("Open a spec (YAML or JSON)"),
    "download": Phrase("Download as YAML"),
    "share": Phrase("Share the file"),
    "share_hint": Phrase(
        "The file contains all facts. Opening it here, or running vatspolicy check on it, gives the same decision. "
        "This page does not send data to other machines."
    ),
    "new": Phrase("Start over"),
    "line": Phrase("line {line}: {text}"),
    "too_large": Phrase("The file is too large."),
    "failed": Phrase("No response. Reload the page. If vatspolicy serve provides it, check that it is still running."),
    "not_day": INTERVIEW["not_day"],
    "before_covered": INTERVIEW["before_covered"],
    "beyond_known": INTERVIEW["beyond_known"],
    "more_rules": INTERVIEW["more_rules"],
    "for_example": INTERVIEW["examples"],
}


say = partial(word, WORDS)
"""Return a phrase of the page in one language, with values filled in."""


def collect_script_phrases() -> dict[str, Any]:
    """Return all phrases that the script uses."""
    other = {key: {lang: phrase(key, lang) for lang in LANGUAGES} for key in ("not_advice",)}
    said = {key: dict(text) for key, text in WORDS.items()}
    return {**said, **other, "verdicts": {key: dict(text) for key, text in VERDICTS.items()}}


_DARK = re.compile(r"@media \(prefers-color-scheme: dark\) \{\s*:root \{(?P<colors>[^}]*)\}\s*\}")


POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
"""Content-Security-Policy of the page: it loads its own files and asks its own server."""
LOCAL_POLICY = POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'")
"""The same for a page without a server, which runs WebAssembly in a worker."""


class Held(NamedTuple):
    """Styles, scripts and files inside a page that is one file and loads nothing else."""

    style: Markup
    scripts: tuple[Markup, ...]
    files: tuple[tuple[str, Markup], ...]
    """Names and contents of the files for the worker of the page: compressed with gzip, in base64."""

    @property
    def policy(self) -> str:
        """The Content-Security-Policy that allows just this style and these scripts, and no connection."""
        scripts = " ".join(f"'sha256-{digest(one)}'" for one in self.scripts)
        return (
            f"default-src 'none'; script-src {scripts} 'wasm-unsafe-eval'; worker-src blob:; "
            f"style-src 'sha256-{digest(self.style)}'; img-src data:; base-uri 'none'; form-action 'none'"
        )


def render_frame(lang: Language, local: bool = False, held: Held | None = None) -> str:
    """Return the page; `lang` is its initial language. `local`: it decides without a server; `held`: as one file."""
    words = {"icon": ICON, "lang": lang, "say": say, "tags": LANGUAGE_TAGS}
    policy = held.policy if held else LOCAL_POLICY
    return str(render_html("server/frame.html.j2", **words, local=local, held=held, policy=policy))


@functools.cache
def build_stylesheet() -> str:
    """Return the styles of reports, of the matrix and of the page, with a choice of colors."""
    css = read_asset("page.css")
    dark = _DARK.search(css)
    assert dark is not None, "the dark colors of page.css stand in one block"
    colors = dark["colors"]
    chosen = (
        f'@media (prefers-color-scheme: dark) {{ :root:not([data-theme="light"]) {{{colors}}} }}\n'
        f':root[data-theme="dark"] {{ color-scheme: dark; {colors}}}\n'
        ':root[data-theme="light"] { color-scheme: light; }'
    )
    parts = [css[: dark.start()], chosen, css[dark.end() :], read_asset("decision.css"), read_style()]
    parts.append(read_asset("document.css", printer.__file__))
    return "".join([*parts, read_asset("page.css", __file__)])


@functools.cache
def read_script() -> str:
    """Return the script: the state and the actions of the reader, then the panels, then the form fields."""
    return "\n".join(read_asset(name, __file__) for name in ("page.js", "panels.js", "fields.js"))
