"""Responses to the page: requests arrive over HTTP through `router`, or directly from a worker in a browser.

Nothing is written. A server keeps nothing of a request; a page without one remembers the last texts that it read.
"""

from __future__ import annotations

import datetime
import functools
import json
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from yaml import YAMLError

from vatspolicy.core.documents import Document, load_document, parse_document
from vatspolicy.core.documents.schemas import resource_folder
from vatspolicy.core.documents.word_search import SOME
from vatspolicy.core.documents.yaml_edit import compose
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.result import encode
from vatspolicy.core.engine.timeline import first_day
from vatspolicy.core.engine.timeline import timeline as make_timeline
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.profile import load_profile, read_profile
from vatspolicy.core.profile.vocabulary import addresses, find_choices, gazetteer, within
from vatspolicy.core.profile.word_lists import find_elsewhere
from vatspolicy.core.profile.wording import FactWording
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.opinions import check_opinions
from vatspolicy.guidance.access_matrix import PlaceError, build_matrix
from vatspolicy.guidance.access_matrix.locations import ABROAD
from vatspolicy.guidance.remediation import find_remediations
from vatspolicy.guidance.remediation.result import describe_ways
from vatspolicy.i18n import Bilingual, Language, Listing, LocalizedText, _
from vatspolicy.i18n.words import say_both
from vatspolicy.reports.access_matrix.render import fragment as matrix_fragment
from vatspolicy.reports.decision import render
from vatspolicy.reports.formats import FORMATS
from vatspolicy.reports.printers.html import write_part
from vatspolicy.reports.remediation import make_document as make_ways_document
from vatspolicy.reports.timeline import make_document as make_timeline_document
from vatspolicy.server.errors import HttpError, bad_request, error_to_data
from vatspolicy.server.web.form import make_form
from vatspolicy.server.web.page import collect_script_phrases, say
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
"""Maximum characters of a search."""
DOCUMENTS = 4
"""Number of remembered texts of a page without a server: most requests begin with the text of the last reply."""
MATRICES = 16
"""Maximum number of cached matrices; each takes about a second to compute."""
RULEBOOK: LocalizedText = {"en": "../", "zh": "../zh/"}
"""Folders of the rulebook beside a page that has no server."""
JSON = "application/json"


class Answer(NamedTuple):
    """The answer to a request."""

    content: bytes
    media: str = JSON
    status: int = 200


def _to_json(data: Any) -> Answer:
    return Answer(json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())


EXPORTS = tuple(name for name, format in FORMATS.items() if format.button)
"""Formats in which the page can save a report."""


class WebPage:
    """Endpoints of the page, under one law."""

    def __init__(self, context: WebContext) -> None:
        self.context = context
        bundle = context.bundle
        self.form = {
            **make_form(bundle),
            **_list_places(bundle),
            "words": collect_script_phrases(),
            "covers_from": bundle.covers_from,
            "exports": EXPORTS,
            "rulebook": context.rulebook,
        }
        self.instruments = {id: instrument.title for id, instrument in bundle.instruments.items()}
        self.build_matrix = functools.lru_cache(MATRICES)(functools.partial(build_matrix, bundle))
        self.shown: Mapping[str, Callable[[Mapping[str, str]], Answer]] = {
            "/form": self.show_form,
            "/schema": lambda _: _to_json(bundle.schemas.load("profile")),
            "/search": self.search,
            "/matrix": self.show_matrix,
            "/examples": lambda _: _to_json(_read_examples(bundle, context.as_of or context.today())),
        }
        self.posted: Mapping[str, Callable[[WebContext, DecideRequest], Answer]] = {
            "/decide": lambda context, request: _to_json(answer(context, request)),
            "/ways": _find_ways,
            "/timeline": _show_timeline,
            "/report": _export,
        }

    def answer(self, path: str, query: Mapping[str, str], content: bytes | None = None) -> Answer:
        """Answer a request; `content` is the body of one that is posted. Raises HttpError."""
        if content is None:
            return self.shown[path](query)
        try:
            return self.posted[path](self.context, read_request(json.loads(content), self.context.bundle.schemas))
        except (ValueError, RecursionError):
            raise bad_request(_("The request is not JSON.")) from None

    def show_form(self, __: Mapping[str, str]) -> Answer:
        """Return the fields, the phrases and the day."""
        return _to_json({**self.form, "today": self.context.as_of or self.context.today()})

    def search(self, query: Mapping[str, str]) -> Answer:
        """Return the values of a fact that a search fits, in either language, else the titles of facts that have it."""
        schemas = self.context.bundle.schemas
        path, text = read_path(query.get("path"), schemas), query.get("text", "")[:LONGEST_SEARCH]
        found = find_choices(path, text, self.instruments, schemas, SOME)
        others = [] if found else find_elsewhere(text, schemas, format_path(path))
        found = found if found or others else find_choices(path, text, self.instruments, schemas)
        return _to_json({"values": found, "elsewhere": [dict(one.title) for one in others]})

    def show_matrix(self, query: Mapping[str, str]) -> Answer:
        """Return the matrix of a day, as markup."""
        lang: Language = "zh" if query.get("lang") == "zh" else "en"
        day = query.get("as_of") or self.context.as_of or self.context.today()
        by = "places" if query.get("by") == "places" else "regimes"
        place, zone = (self._code(query, "place", "places"), self._code(query, "zone", "zones"))
        _check_day(day, self.context)
        try:
            table = self.build_matrix(day, place, zone, by)
        except PlaceError:
            raise bad_request(_say_later("no_such_place")) from None
        return _to_json({"as_of": day, "html": str(matrix_fragment(table, lang, f"matrix-{by}"))})

    def _code(self, query: Mapping[str, str], name: str, known: str) -> str | None:
        """Return a parameter that is one of the codes of the form; None if it is omitted."""
        code = query.get(name) or None
        if code is not None and code not in {one["value"] for one in self.form[known]}:
            raise bad_request(_("`{name}` is unknown.", name=name))
        return code


@functools.cache
def _local_page() -> WebPage:
    return WebPage(WebContext(load_bundle(), rulebook=RULEBOOK, parse=_recall_document))


@functools.lru_cache(DOCUMENTS)
def _recall_document(text: str, file: str) -> Document:
    document = parse_document(text, file)
    _READ.append(text)
    return document


_READ: deque[str] = deque(maxlen=1)
"""The text that a page without a server has read last."""


def prepare_locally() -> None:
    """Compose the text that the next change is likely to edit, while the browser draws the answer to the last one."""
    for text in _READ:
        with suppress(YAMLError):
            compose(text)


def answer_locally(address: str, content: str | None) -> Answer:
    """Answer a request of a page that has no server, under the shipped law; `address` is a path with its query."""
    path, __, query = address.partition("?")
    try:
        return _local_page().answer(path, dict(parse_qsl(query)), None if content is None else content.encode())
    except HttpError as error:
        return _to_json(error_to_data(error, bilingual=True))._replace(status=error.status)


@functools.lru_cache(1)
def _read_examples(bundle: Bundle, day: str) -> list[dict[str, Any]]:
    """Return the well-known products: file, title, reason, spec, and sources with their facts.

    `suppose` has what may be supposed about each: the facts, and the decision with them under the law of a day.
    """
    schemas = bundle.schemas
    name, examples = FactWording(schemas).name, []
    for path in sorted(resource_folder("fixtures/products").glob("*.expect.yaml")):
        told = load_document(path).data
        spec = path.with_name(path.name.replace(".expect.", "."))
        __, text = spec.read_text(encoding="utf-8").split("\n", 1)  # the first line names the schema
        for statement in (one for source in told["sources"] for one in source["states"]):
            statement["facts"] = [dict(name(read_path(fact, schemas))) for fact in statement["facts"]]
        suppose = [_suppose(bundle, spec, one, day) for one in told["decisions"] if "says" in one]
        shown = {key: told[key] for key in ("title", "why", "sources")}
        examples.append({"file": spec.name, "text": text, **shown, "suppose": suppose})
    return examples


def _suppose(bundle: Bundle, spec: Path, expected: Mapping[str, Any], day: str) -> dict[str, Any]:
    """Return what a fixture supposes about a product: the sentence, the facts, and the decision with them."""
    supposed = expected["set"].items()
    changes = [{"path": path, "value": value} for path, value in supposed]
    decision = evaluate(bundle, load_profile(spec, supposed, bundle.schemas), day)
    return {"says": expected["says"], "changes": changes, "decision": decision.decision}


def _list_places(bundle: Bundle) -> dict[str, list[dict[str, Any]]]:
    """Return the places and free-trade zones with a matrix."""
    schemas = bundle.schemas
    names, zones = gazetteer(schemas), schemas.load("places")["$defs"]["zone"]
    places = [code for code in addresses(schemas) if ABROAD not in within(code, schemas)]
    return {
        "places": [{"value": code, "label": say_both(names[code])} for code in places],
        "zones": [{"value": code, "label": dict(zones["x-enum"][code])} for code in zones["enum"]],
    }


def _find_ways(context: WebContext, request: DecideRequest) -> Answer:
    try:
        profile = read_profile(read_spec(context, request), context.bundle.schemas)
        day = context.as_of or profile.launch or context.today()
        if not context.bundle.covers_from <= day <= context.bundle.covers_until:
            return _to_json({"record": None, "html": None})
        ways = describe_ways(context.bundle, profile, find_remediations(context.bundle, profile, day))
    except InvalidInput:  # /decide reports the problems
        return _to_json({"record": None, "html": None})
    html = write_part(make_ways_document(ways, request.lang), "ways-")
    return _to_json({"record": encode(ways) if request.details else None, "html": html})


def _show_timeline(context: WebContext, request: DecideRequest) -> Answer:
    try:
        profile = read_profile(read_spec(context, request), context.bundle.schemas)
        check_opinions(context.bundle, profile, context.today())
    except InvalidInput:  # /decide reports the problems
        return _to_json({"html": None})
    today = context.today()
    made = make_timeline(context.bundle, profile, today, first_day(context.bundle, profile, today))
    return _to_json({"html": write_part(make_timeline_document(made, request.lang), "timeline-")})


def _export(context: WebContext, request: DecideRequest) -> Answer:
    """Return the report of a decision as a file. It equals the report of `vatspolicy check` on the same spec."""
    if request.format not in EXPORTS:
        raise bad_request(_("`format` must be one of: {known}.", known=Listing(EXPORTS)))
    try:
        __, record = context.gate().decide(read_profile(read_spec(context, request), context.bundle.schemas))
    except InvalidInput:
        raise HttpError(400, "invalid_input", _("The spec cannot be decided.")) from None
    return Answer(render(request.format, [record], request.lang).encode(), FORMATS[request.format].media)


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
        raise bad_request(_say_later(key, day=first))


def _say_later(key: str, **values: str) -> Bilingual:
    """Return a phrase of the page as a sentence that can be translated."""
    return Bilingual(say(key, "en", **values), say(key, "zh", **values))
