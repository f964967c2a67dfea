"""Ways forward as Markdown and HTML: one set of values for both, and their templates."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from markupsafe import Markup

from vatspolicy.core.engine.result import Question
from vatspolicy.guidance.remediation.result import Route, Service, Ways
from vatspolicy.i18n import Language
from vatspolicy.i18n.words import STATES, VERDICTS, joint, number, word
from vatspolicy.reports.decision.doubt import say_matter
from vatspolicy.reports.formats import html_page, templating
from vatspolicy.reports.formats.html_words import Sentences
from vatspolicy.reports.remediation.text import (
    bound,
    contests,
    joined,
    law_of,
    nothing_better,
    reached,
    say_hint,
    say_verdict,
    then,
    unstated,
)
from vatspolicy.reports.remediation.words import say
from vatspolicy.reports.words import MEANINGS, ROUTE_TONES, TONES, phrase, say_deciding

_SIGNS = {True: "✔", False: "✘", None: "?"}
_MARKS = {"open": "✔", "closed": "✘", "unknown": "?"}


def render_markdown(ways: Ways, lang: Language) -> str:
    """Render ways forward as Markdown."""
    return templating.render_markdown("routes/routes.md.j2", lang=lang, marks=_MARKS, **_values(ways, lang))


def render_page(ways: Ways, lang: Language) -> str:
    """Render ways forward as a page."""
    words = Sentences(lang)
    places = [
        (phrase("contested", lang), "contested", ways.contested),
        (say("facts_missing", lang), "facts-missing", ways.missing),
        (say("routes", lang), "routes", True),
        (say("besides", lang), "besides", ways.denials),
        (say("differences", lang, word=reached(ways, lang)) if ways.goal else "", "differences", ways.goal),
        (say("margins", lang), "margins", ways.margins),
    ]
    frame = html_page.Frame(
        f"{say_verdict(ways, lang)}{words.colon}{ways.title}",
        lang,
        style=html_page.read_asset("decision.css"),
        toc=html_page.place_entries((title, id) for title, id, shown in places if shown),
        end=words.gap.join([phrase("not_advice", lang), words.deciding(ways.bundle)]),
    )
    return html_page.render_page(
        "routes/routes.html.j2",
        frame,
        **{**_values(ways, lang), "h": "h2", "h_inner": "h3", "places": True},
        hint=say_hint(ways, lang),
        tone=TONES[ways.decision],
    )


def fragment(ways: Ways, lang: Language) -> Markup:
    """Render the plan for another page, below a heading of the second level."""
    return templating.render_html("routes/fragment.html.j2", lang=lang, **_values(ways, lang))


def _values(ways: Ways, lang: Language) -> dict[str, object]:
    """Return what the templates say, in one language."""
    return {
        "ROUTE_TONES": ROUTE_TONES,
        "STATES": STATES,
        "as_of": phrase("as_of", lang, day=ways.as_of),
        "bound": bound(ways.search, lang) if ways.goal else "",
        "bundle": say_deciding(ways.bundle, lang),
        "checks": partial(_checks, lang=lang),
        "colon": joint("colon", lang),
        "contests": contests(ways, lang),
        "ways": ways,
        "h": "h3",
        "h_inner": "h4",
        "joined": partial(joined, lang=lang),
        "law_of": partial(law_of, lang=lang),
        "matters": partial(_matters, lang=lang),
        "meaning": word(MEANINGS, ways.decision, lang),
        "nothing_better": nothing_better(ways),
        "phrase": partial(phrase, lang=lang),
        "places": False,
        "reached": reached(ways, lang),
        "say": partial(say, lang=lang),
        "signs": _SIGNS,
        "state_of": partial(_state_of, lang=lang),
        "then": lambda proposal: then(proposal, lang, word(VERDICTS, proposal.decision, lang)),
        "tones": TONES,
        "unstated": unstated(ways, lang),
        "verdict": say_verdict(ways, lang),
        "verdict_of": lambda decision: word(VERDICTS, decision, lang),
        "words": Sentences(lang),
    }


def _matters(ask: Question, lang: Language) -> list[str]:
    return [say_matter(matter, lang) for matter in ask.about]


def _state_of(service: Service, lang: Language) -> str:
    """Return the state of a service without activities."""
    is_free = service.state == "not-telecom"
    return say("not_telecom", lang) if is_free else word(STATES, service.state, lang)


def _checks(route: Route, lang: Language) -> Iterator[tuple[bool | None, str]]:
    """Yield the foreign share and the conditions of a route: whether each is met, and its text."""
    if route.max_foreign_percent is not None:
        yield route.share_met, say("share", lang, percent=number(route.max_foreign_percent))
    yield from ((one.value, one.message[lang]) for one in route.conditions)
