"""Requests of the page: a spec, possibly with a changed fact, gives the decision and the next question."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from vatspolicy.clock import today as today_in_china
from vatspolicy.core.documents import Document, Path, parse_document, split_path
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.engine.result import Record, encode
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.edits import set_fact
from vatspolicy.core.profile.invariants import broken_invariant
from vatspolicy.core.profile.profile import Profile, explain_spec, facts_of, read_profile
from vatspolicy.core.profile.vocabulary import describe, words_of
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.frozen import ValueObject, frozen
from vatspolicy.gate.gate import Gate
from vatspolicy.gate.waivers.load import WaiverSet
from vatspolicy.guidance.interview import Choice, Refused, describe_step, read_reply, start
from vatspolicy.guidance.interview.messages import both
from vatspolicy.guidance.interview.naming import make_slug, name_product
from vatspolicy.guidance.interview.questions import NAME_PATH, Question, sort_choices
from vatspolicy.guidance.interview.ranking import NO_GAIN
from vatspolicy.guidance.interview.writer import render, write_answer
from vatspolicy.i18n import LANGUAGES, Language, LocalizedText, Sentences, _, translate
from vatspolicy.i18n.words import joint
from vatspolicy.reports.decision.html import View, fragment
from vatspolicy.reports.decision.memo import say_denial
from vatspolicy.reports.formats.html_words import PageWords
from vatspolicy.server.errors import bad_request
from vatspolicy.server.web.form import find_kind

FILE = "spec.yaml"
_MOST_CHANGES = 100


@dataclass(frozen=True)
class WebContext:
    """The law, the day and the clock that all requests of one server share."""

    bundle: Bundle
    as_of: str | None = None
    """The day of the law; None for each product's launch day, else today."""
    allow_past: bool = False
    today: Callable[[], str] = today_in_china
    waiver_set: WaiverSet | None = None
    """Granted opinions and approvers, or None."""
    rulebook: LocalizedText | None = None
    """Folder of the rulebook by language, for a page next to a rulebook."""
    parse: Callable[[str, str], Document] = parse_document
    """Reader of a text under the name of its file. A page without a server remembers what it has read."""

    def gate(self) -> Gate:
        """Return a gate that decides as `vatspolicy check` does."""
        return Gate(self.bundle, self.today(), self.as_of, self.allow_past, waiver_set=self.waiver_set)


@dataclass(frozen=True)
class DecideRequest:
    """A checked request."""

    text: str | None
    """The spec; None to begin with an empty one."""
    file: str
    lang: Language
    named: bool
    skipped: tuple[Path, ...]
    complete: bool
    changes: tuple[tuple[Path, Any, bool], ...]
    """Paths and values of changed facts; True if the value is typed text that is still to be read."""
    format: str = ""
    """Format of a report to save."""
    view: View = "counsel"
    """Audience of the decision."""
    details: bool = False
    """True for the whole record, which the page does not need."""


@frozen(slots=True)
class Headline(ValueObject):
    """Parts of a decision on the page beside its report, in one language."""

    decision: str
    range: tuple[str, ...]
    as_of: str
    contested: int
    missing: int
    services: int
    licenses: tuple[str, ...]
    """Titles of licenses to get; those of which any will do are one text."""
    reasons: tuple[tuple[str, bool], ...]
    """Reasons of a denial, each with whether the company can fix it by itself."""
    limits: str
    rules: str
    """The law that decided, and its digest."""


def read_request(data: Any, schemas: SchemaSet) -> DecideRequest:
    """Read a request from JSON data, whose paths are those of the profile schema.

    Raises: HttpError.
    """
    if not isinstance(data, dict):
        raise bad_request(_("The request must be an object."))
    text, file, change = data.get("text"), data.get("file") or FILE, data.get("change")
    changes = data.get("changes", [] if change is None else [change])
    lang, skipped = data.get("lang", "en"), data.get("skipped", [])
    if not (text is None or isinstance(text, str)) or not isinstance(file, str):
        raise bad_request(_("`text` and `file` must be strings."))
    if lang not in ("en", "zh"):
        raise bad_request(_("`lang` must be en or zh."))
    if not isinstance(skipped, list) or len(skipped) > 1000:
        raise bad_request(_("`skipped` must be a list of paths."))
    if not isinstance(changes, list) or len(changes) > _MOST_CHANGES:
        raise bad_request(_("`changes` must be a list of changes."))
    return DecideRequest(
        text=text,
        file=re.split(r"[/\\]", file)[-1][:120] or FILE,
        lang="zh" if lang == "zh" else "en",
        named=bool(data.get("named", False)),
        skipped=tuple(read_path(path, schemas) for path in skipped),
        complete=bool(data.get("complete", False)),
        changes=tuple(_read_change(one, schemas) for one in changes),
        format=str(data.get("format", "")),
        view="product" if data.get("view") == "product" else "counsel",
        details=data.get("details") is True,
    )


def _read_change(change: Any, schemas: SchemaSet) -> tuple[Path, Any, bool]:
    if not isinstance(change, dict) or ("typed" in change) == ("value" in change):
        raise bad_request(_("`change` must have a path, and either `value` or `typed`."))
    typed = "typed" in change
    if typed and not isinstance(change["typed"], str):
        raise bad_request(_("`typed` must be a string."))
    return read_path(change.get("path"), schemas), change["typed" if typed else "value"], typed


def read_path(dotted: Any, schemas: SchemaSet) -> Path:
    """Read the path of a fact, with dots.

    Raises: HttpError.
    """
    if not isinstance(dotted, str) or len(dotted) > 200:
        raise bad_request(_("A path must be a string such as services.0.offers."))
    path = split_path(dotted)
    if not find_kind(path, schemas):
        raise bad_request(_("This fact does not exist."))
    return path


def format_path(path: Path) -> str:
    """Return a path in the notation of the page."""
    return ".".join(map(str, path))


def answer(context: WebContext, request: DecideRequest) -> dict[str, Any]:
    """Return the data that the page shows next.

    `text`, `file` and `data` are the spec, `problems` its errors, `headline` and `html` the decision, `interview` the
    next question and `asked` the paths that could still change the decision; `blank` is true before the first answer.
    `orders` has the values of lists in their order for this product.
    `record` is the whole decision, for a request with `details`.
    If the change is refused, `refused` is the reason and all else is as before.
    """
    refused: dict[str, Any] | None = None
    named = request.named
    try:
        document = read_spec(context, request)
    except InvalidInput as error:
        problems = explain_spec(error, context.bundle.schemas).problems
        return _reply(request.text or "", request.file, request, problems=problems)
    before, path = document, NAME_PATH
    try:
        for path, value, typed in request.changes:
            if typed:
                value = _read_typed(path, value, context.bundle.schemas, naming=not named)
            document = _apply_change(context, document, request, path, value)
            named = named or path == NAME_PATH
    except Refused as error:
        document, named = before, request.named
        refused = {"path": format_path(path), "text": _tell_choices(error)}
    request = dataclasses.replace(request, named=named)
    reply = _decide(context, document, request)
    return {**reply, "refused": refused}


def read_spec(context: WebContext, request: DecideRequest) -> Document:
    """Return the spec of a request, as YAML.

    Raises: InvalidInput for a text that is neither YAML nor JSON.
    """
    if request.text is None:
        return start(context.bundle, context.today(), lang=request.lang).document
    document = context.parse(request.text, request.file)
    if not isinstance(document.data, dict):
        return document
    if request.file.lower().endswith(".json"):  # JSON has no comments
        name = f"{request.file[: -len('.json')]}.yaml"
        return context.parse(render(document.data, request.lang, context.bundle.schemas), name)
    return document


def _decide(context: WebContext, document: Document, request: DecideRequest) -> dict[str, Any]:
    try:
        profile = read_profile(document, context.bundle.schemas)
        decision, record = context.gate().decide(profile)
    except InvalidInput as error:
        return _reply(document.text, document.file, request, data=document.data, problems=error.problems)
    state = start(
        context.bundle,
        context.today(),
        document,
        as_of=context.as_of,
        allow_past=context.allow_past,
        complete=request.complete,
        lang=request.lang,
    )
    changed = {path for path, __, __ in request.changes}
    skipped = tuple(path for path in request.skipped if path not in changed)
    state = dataclasses.replace(state, named=request.named, skipped=skipped)
    if not profile.facts["opinions"]:  # else the gate has decided with opinions that it granted
        state.recall(decision)
    return {
        **_reply(document.text, document.file, request, data=document.data),
        "skipped": [format_path(path) for path in skipped],
        "record": encode(record) if request.details else None,
        "headline": encode(_make_headline(record, request.lang)),
        "html": str(fragment(record, request.lang, "d-", request.view, context.rulebook)),
        "interview": encode(describe_step(state)),
        "asked": [format_path(ask.path) for ask in state.possible_outcomes.missing],
        "blank": _is_blank(context, document, request),
        "orders": _order_choices(profile),
    }


def _order_choices(profile: Profile) -> dict[str, tuple[str, ...]]:
    """Return the values of each list of a service whose order depends on what the service offers, by its path."""
    facts, services = profile.facts, range(len(profile.facts["services"]))
    paths = (("services", at, name) for at in services for name in ("features", "content"))
    return {format_path(path): tuple(sort_choices(facts, path, profile.schemas)) for path in paths}


def _make_headline(record: Record, lang: Language) -> Headline:
    say = PageWords(lang)
    offers = (dict.fromkeys(say.text(one.instrument.title) for one in need.offers) for need in record.needs)
    return Headline(
        decision=record.decision,
        range=tuple(record.range),
        as_of=record.as_of,
        contested=len(record.contested),
        missing=len(record.missing),
        services=len(record.services),
        licenses=tuple(dict.fromkeys(" / ".join(titles) for titles in offers)),
        reasons=tuple({say_denial(one, say): one.is_curable for one in record.denials}.items()),
        limits=" ".join(say.text(one.message) for one in record.notices if one.kind in ("later-law", "not-advice")),
        rules=say.deciding(record.bundle),
    )


def _is_blank(context: WebContext, document: Document, request: DecideRequest) -> bool:
    """Return whether nothing has been answered yet."""
    if request.named or request.skipped:
        return False
    return request.text is None or document.data == start(context.bundle, context.today()).document.data


def _reply(
    text: str, file: str, request: DecideRequest, data: Any = None, problems: tuple[Problem, ...] = ()
) -> dict[str, Any]:
    return {
        "text": text,
        "file": file,
        "data": data if isinstance(data, dict) else None,
        "named": request.named,
        "skipped": [format_path(path) for path in request.skipped],
        "complete": request.complete,
        "problems": [_problem_to_data(problem) for problem in problems],
        "refused": None,
        "record": None,
        "headline": None,
        "html": None,
        "interview": None,
        "asked": [],
        "blank": False,
        "orders": {},
    }


def _tell_choices(error: Refused) -> dict[str, str]:
    """Return why an answer was refused, with the answers that it may have meant."""
    named = {lang: joint("list", lang).join(choice.label[lang] for choice in error.choices) for lang in LANGUAGES}
    return {lang: " ".join(filter(None, (error.text[lang], named[lang]))) for lang in LANGUAGES}


_COMMAND = re.compile(r"\s*[^.。？?！!]*\bvatspolicy list [^.。]*[.。]")
"""A sentence with a terminal command, for removal on the page."""


def _problem_to_data(problem: Problem) -> dict[str, Any]:
    """Return a problem as data, with the paths of its fields, in both languages."""
    told = Sentences(problem.message, problem.hint)
    return {
        "paths": [re.sub(r"\[([0-9]+)\]", r".\1", path) for path in (problem.path, *problem.others)],
        "line": problem.line,
        "column": problem.column,
        "text": {lang: _COMMAND.sub("", translate(told, lang)) for lang in LANGUAGES},
    }


# --- one fact changed


def _read_typed(path: Path, text: str, schemas: SchemaSet, naming: bool) -> Any:
    """Read a typed value; return None for an empty text. `naming`: the interview asks for the name of the product.

    Raises: Refused.
    """
    text, node, kind = text.strip(), describe(path, schemas), find_kind(path, schemas)
    if not text:
        return None
    if kind == "text" and "pattern" not in node:
        if len(text) > node.get("maxLength", 200):
            raise Refused(both("too_many", most=node.get("maxLength", 200)))
        return text
    if kind == "place":
        names = (
            Choice(one.value, one.name, one.synonyms, None) for one in words_of((*path, "at"), schemas) if one.name
        )
        return read_reply(_asked(path, kind, tuple(names)), text)
    if kind not in ("integer", "number", "date", "text"):
        raise bad_request(_("This fact cannot be typed."))
    asked = _asked(path, kind, (), "start" if naming and path == NAME_PATH else "")
    return read_reply(dataclasses.replace(asked, least=node.get("minimum"), most=node.get("maximum")), text)


def _asked(path: Path, kind: str, choices: tuple[Choice, ...], phase: str = "") -> Question:
    """Return the parts of a question needed to read a typed answer."""
    nothing: LocalizedText = dict.fromkeys(LANGUAGES, "")
    return Question(path, kind, nothing, nothing, nothing, None, choices, None, None, (), phase, NO_GAIN)


def _apply_change(context: WebContext, document: Document, request: DecideRequest, path: Path, value: Any) -> Document:
    """Return the spec with one fact changed.

    Raises: Refused for a change that makes a valid spec invalid.
    """
    if not isinstance(document.data, dict):
        raise bad_request(_("There is no spec to change."))
    try:
        after = _write_change(context, document, request.lang, path, value)
    except InvalidInput as error:  # forbidden content, such as invisible characters
        raise Refused(_problem_to_data(error.problems[0])["text"]) from None
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, yaml.YAMLError):
        raise bad_request(_("The spec has no place for this fact.")) from None
    if _find_error(context, document) is None and (why := _find_error(context, after)) is not None:
        raise Refused(why)
    return after


def _write_change(context: WebContext, document: Document, lang: Language, path: Path, value: Any) -> Document:
    schemas = context.bundle.schemas
    if path == NAME_PATH and isinstance(value, str):
        return context.parse(render(name_product(document.data, value), lang, schemas), f"{make_slug(value)}.yaml")
    expected = set_fact(document.data, path, value)
    return write_answer(document, path, value, expected, lang, schemas, context.parse)[0]


def _find_error(context: WebContext, document: Document) -> Mapping[str, str] | None:
    """Return the first error of a spec, in both languages; None if the spec can be decided."""
    schemas = context.bundle.schemas
    if not validate(document, "profile", schemas):
        broken = broken_invariant(facts_of(document.data, schemas), schemas)
        if broken is not None:
            return broken
    try:
        state = start(context.bundle, context.today(), document, as_of=context.as_of, allow_past=context.allow_past)
        if context.as_of is None and state.profile.launch is not None:
            state.check_day(state.profile.launch)
    except InvalidInput as error:
        return dict(_problem_to_data(error.problems[0])["text"])
    except Refused as error:
        return error.text
    return None
