"""The router of the page. It writes nothing, keeps nothing of a request and asks the network for nothing."""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Awaitable, Callable
from importlib.util import find_spec
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from vatspolicy.core.engine.result import encode
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import read_profile
from vatspolicy.core.profile.vocabulary import addresses, find_choices, gazetteer, within
from vatspolicy.core.profile.word_lists import find_elsewhere
from vatspolicy.errors import InvalidInput
from vatspolicy.guidance.access_matrix import PlaceError, build_matrix
from vatspolicy.guidance.access_matrix.locations import ABROAD
from vatspolicy.guidance.remediation import find_remediations
from vatspolicy.guidance.remediation.result import describe_ways
from vatspolicy.i18n import Bilingual, Language, Listing, _
from vatspolicy.i18n.words import say_both
from vatspolicy.reports.access_matrix.render import fragment as matrix_fragment
from vatspolicy.reports.decision import export, render
from vatspolicy.reports.formats import FORMATS
from vatspolicy.reports.remediation import fragment as ways_fragment
from vatspolicy.server.guard import GuardRules, HttpError, make_app, read_json_body
from vatspolicy.server.web.form import make_form
from vatspolicy.server.web.page import build_stylesheet, collect_script_phrases, read_script, render_frame, say
from vatspolicy.server.web.session import (
    DecideRequest,
    WebContext,
    answer,
    format_path,
    read_path,
    read_request,
    read_spec,
)

LONGEST_SEARCH = 200
"""Characters of a search that are read."""
MATRICES = 16
"""Matrices that are kept; each takes about a second to compute."""
RULES = GuardRules(
    headers={
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    },
    max_body=2_000_000,  # the largest spec that is read, and room for its JSON
    body_seconds=10,
    own_page=True,
)


def make_page(context: WebContext, lang: Language = "en") -> Starlette:
    """Return the application.

    GET /, /page.css, /page.js, /form, /schema, /search, /matrix; POST /decide, /ways, /report.
    `lang` is the language that the page begins in.
    """
    page = _Page(context, lang)
    routes = [
        Route("/", page.show_frame),
        Route("/page.css", page.show_stylesheet),
        Route("/page.js", page.show_script),
        Route("/form", page.show_form),
        Route("/schema", page.show_schema),
        Route("/search", page.search),
        Route("/matrix", page.show_matrix),
        Route("/decide", _posted(context, answer), methods=["POST"]),
        Route("/ways", _posted(context, _find_ways), methods=["POST"]),
        Route("/report", _posted(context, _export), methods=["POST"]),
    ]
    return make_app(routes, RULES)


def list_exports() -> list[str]:
    """Return the formats in which a report can be saved here; those for counsel need the extra `export`."""
    offered = ((name, one.library) for name, one in FORMATS.items() if one.button)
    return [name for name, library in offered if not library or find_spec(library) is not None]


class _Page:
    """The endpoints that only show something."""

    def __init__(self, context: WebContext, lang: Language) -> None:
        self.context, self.lang = context, lang
        bundle = context.bundle
        self.form = {
            **make_form(bundle),
            **_list_places(bundle),
            "words": collect_script_phrases(),
            "covers_from": bundle.covers_from,
            "exports": list_exports(),
        }
        self.instruments = {id: instrument.title for id, instrument in bundle.instruments.items()}
        self.build_matrix = functools.lru_cache(MATRICES)(functools.partial(build_matrix, bundle))

    def show_frame(self, __: Request) -> Response:
        return HTMLResponse(render_frame(self.lang))

    def show_stylesheet(self, __: Request) -> Response:
        return PlainTextResponse(build_stylesheet(), media_type="text/css")

    def show_script(self, __: Request) -> Response:
        return PlainTextResponse(read_script(), media_type="text/javascript")

    def show_form(self, __: Request) -> Response:
        return JSONResponse({**self.form, "today": self.context.as_of or self.context.today()})

    def show_schema(self, __: Request) -> Response:
        return JSONResponse(self.context.bundle.schemas.load("profile"))

    def search(self, request: Request) -> Response:
        """Return the values of a fact that a search fits, in either language, else the titles of facts that have it."""
        schemas = self.context.bundle.schemas
        path = read_path(request.query_params.get("path"), schemas)
        text = request.query_params.get("text", "")[:LONGEST_SEARCH]
        found = find_choices(path, text, self.instruments, schemas)
        others = [] if found else find_elsewhere(text, schemas, format_path(path))
        return JSONResponse({"values": found, "elsewhere": [dict(one.title) for one in others]})

    def show_matrix(self, request: Request) -> Response:
        lang: Language = "zh" if request.query_params.get("lang") == "zh" else "en"
        day = request.query_params.get("as_of") or self.context.as_of or self.context.today()
        by = "places" if request.query_params.get("by") == "places" else "regimes"
        place, zone = (self._code(request, "place", "places"), self._code(request, "zone", "zones"))
        _check_day(day, self.context)
        try:
            table = self.build_matrix(day, place, zone, by)
        except PlaceError:
            raise HttpError(400, "invalid_parameter", _say_later("no_such_place")) from None
        html = str(matrix_fragment(table, lang, f"matrix-{by}"))
        return JSONResponse({"as_of": day, "html": html})

    def _code(self, request: Request, name: str, known: str) -> str | None:
        """Return a parameter that is one of the codes of the form; None if it is left out."""
        code = request.query_params.get(name) or None
        if code is not None and code not in {one["value"] for one in self.form[known]}:
            raise HttpError(400, "invalid_parameter", _("`{name}` is not known.", name=name))
        return code


def _list_places(bundle: Bundle) -> dict[str, list[dict[str, Any]]]:
    """Return the places and free-trade zones for which there is a matrix."""
    schemas = bundle.schemas
    names, zones = gazetteer(schemas), schemas.load("places")["$defs"]["zone"]
    places = [code for code in addresses(schemas) if ABROAD not in within(code, schemas)]
    return {
        "places": [{"value": code, "label": say_both(names[code])} for code in places],
        "zones": [{"value": code, "label": dict(zones["x-enum"][code])} for code in zones["enum"]],
    }


def _posted(
    context: WebContext, respond: Callable[[WebContext, DecideRequest], dict[str, Any] | Response]
) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that reads a request and responds in a thread, so that a slow request delays no other."""

    async def endpoint(request: Request) -> Response:
        content = await read_json_body(request, RULES)
        try:
            decide_request = read_request(json.loads(content), context.bundle.schemas)
            found = await run_in_threadpool(respond, context, decide_request)
            return found if isinstance(found, Response) else JSONResponse(found)
        except (ValueError, RecursionError):
            raise HttpError(400, "invalid_parameter", _("The request is not JSON.")) from None

    return endpoint


def _find_ways(context: WebContext, request: DecideRequest) -> dict[str, Any]:
    try:
        profile = read_profile(read_spec(context, request), context.bundle.schemas)
        day = context.as_of or profile.launch or context.today()
        if not context.bundle.covers_from <= day <= context.bundle.covers_until:
            return {"record": None, "html": None}
        ways = describe_ways(context.bundle, profile, find_remediations(context.bundle, profile, day))
    except InvalidInput:  # /decide reports the problems
        return {"record": None, "html": None}
    return {"record": encode(ways), "html": str(ways_fragment(ways, request.lang))}


def _export(context: WebContext, request: DecideRequest) -> Response:
    """Return the report of a decision as a file. It equals the report of `vatspolicy check` on the same spec."""
    known = list_exports()
    if request.format not in known:
        raise HttpError(400, "invalid_parameter", _("`format` must be one of: {known}.", known=Listing(known)))
    try:
        __, record = context.gate().decide(read_profile(read_spec(context, request), context.bundle.schemas))
    except InvalidInput:
        raise HttpError(400, "invalid_input", _("The spec cannot be decided.")) from None
    make = export if FORMATS[request.format].library else render
    content = make(request.format, [record], request.lang)
    return Response(content, media_type=FORMATS[request.format].media)


def _check_day(day: str, context: WebContext) -> None:
    first = context.bundle.covers_from
    try:
        if datetime.date.fromisoformat(day).isoformat() != day:
            raise ValueError
        key = "before_covered" if day < first else "beyond_known" if day > context.bundle.covers_until else ""
        first = first if key != "beyond_known" else str(context.bundle.known_until)
    except ValueError:
        key = "not_day"
    if key:
        raise HttpError(400, "invalid_parameter", _say_later(key, day=first))


def _say_later(key: str, **values: str) -> Bilingual:
    """Return a phrase of the page as a sentence that can be translated."""
    return Bilingual(say(key, "en", **values), say(key, "zh", **values))
