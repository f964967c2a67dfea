"""One request of the page: a spec, perhaps with one fact changed, in; the decision and the next question out."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from vatspolicy.clock import today as today_in_china
from vatspolicy.documents import Document, Path, parse_document
from vatspolicy.documents.validation import validate
from vatspolicy.errors import InvalidInput, Problem, in_language
from vatspolicy.gate.gate import Gate
from vatspolicy.guidance.interview import Refused, as_data, read_reply, start
from vatspolicy.guidance.interview.messages import both
from vatspolicy.guidance.interview.questions import NAME_PATH, Question
from vatspolicy.guidance.interview.ranking import NO_GAIN, put
from vatspolicy.guidance.interview.writer import comments, render, write_fact
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.profile import broken_invariant, facts_of, read_profile
from vatspolicy.profile.vocabulary import Language, LocalizedText, describe
from vatspolicy.reports.decision.html_decision import fragment
from vatspolicy.server.web.form import kind_of

FILE = "spec.yaml"


class BadRequest(Exception):
    """A request that the page would not make; the text says what is wrong with it."""


@dataclass(frozen=True)
class WebContext:
    """What every answer of one server has in common."""

    bundle: Bundle
    as_of: str | None = None
    """The day of the law; None for each product's launch day, else today."""
    allow_past: bool = False
    today: Callable[[], str] = today_in_china

    def gate(self) -> Gate:
        """The gate that decides as `vatspolicy check` does."""
        return Gate(self.bundle, self.today(), self.as_of, self.allow_past)


@dataclass(frozen=True)
class DecideRequest:
    """One request, checked."""

    text: str | None
    """The spec; None to begin with nothing."""
    file: str
    lang: Language
    named: bool
    skipped: tuple[Path, ...]
    complete: bool
    change: tuple[Path, Any, bool] | None
    """Path, value, and whether the value is text that was typed and is still to be read."""


def read_request(data: Any) -> DecideRequest:
    """The request in JSON data. Raises BadRequest."""
    if not isinstance(data, dict):
        raise BadRequest("The request must be an object.")
    text, file, change = data.get("text"), data.get("file") or FILE, data.get("change")
    lang, skipped = data.get("lang", "en"), data.get("skipped", [])
    if not (text is None or isinstance(text, str)) or not isinstance(file, str):
        raise BadRequest("`text` and `file` must be text.")
    if lang not in ("en", "zh"):
        raise BadRequest("`lang` must be en or zh.")
    if not isinstance(skipped, list) or len(skipped) > 1000:
        raise BadRequest("`skipped` must be a list of paths.")
    made = None
    if change is not None:
        if not isinstance(change, dict) or ("typed" in change) == ("value" in change):
            raise BadRequest("`change` must have a path, and either `value` or `typed`.")
        typed = "typed" in change
        made = (_path(change.get("path")), change["typed" if typed else "value"], typed)
        if typed and not isinstance(made[1], str):
            raise BadRequest("`typed` must be text.")
    return DecideRequest(
        text=text,
        file=re.split(r"[/\\]", file)[-1][:120] or FILE,
        lang="zh" if lang == "zh" else "en",
        named=bool(data.get("named", False)),
        skipped=tuple(map(_path, skipped)),
        complete=bool(data.get("complete", False)),
        change=made,
    )


def _path(dotted: Any) -> Path:
    if not isinstance(dotted, str) or len(dotted) > 200:
        raise BadRequest("A path must be text such as services.0.offers.")
    path = tuple(int(step) if step.isascii() and step.isdigit() else step for step in dotted.split("."))
    if not kind_of(path):
        raise BadRequest("There is no such fact.")
    return path


def dotted(path: Path) -> str:
    """A path as the page writes it."""
    return ".".join(map(str, path))


def answer(desk: WebContext, order: DecideRequest) -> dict[str, Any]:
    """What the page shows next.

    `text`, `file`, `data` are the spec; `problems` why it is not decided; `refused` why the change was not taken, and
    then everything else is as it was before; `record`, `html` the decision; `interview` the next question; `asked` the
    paths that could still change the decision.
    """
    refused: dict[str, Any] | None = None
    named = order.named
    try:
        document = read_spec(desk, order)
    except InvalidInput as error:
        return _reply(order.text or "", order.file, order, problems=error.problems)
    if order.change is not None:
        path, value, typed = order.change
        try:
            document = _changed(desk, document, order, path, _typed(path, value) if typed else value)
            named = named or path == NAME_PATH
        except Refused as error:
            refused = {"path": dotted(path), "text": dict(error.text)}
    order = dataclasses.replace(order, named=named)
    reply = _decide(desk, document, order)
    return {**reply, "refused": refused}


def read_spec(desk: WebContext, order: DecideRequest) -> Document:
    """The spec of a request, as YAML. Raises InvalidInput for a text that cannot be read at all."""
    if order.text is None:
        return start(desk.bundle, desk.today(), lang=order.lang).document
    document = parse_document(order.text, order.file)
    if not isinstance(document.data, dict):
        return document
    if order.file.lower().endswith(".json"):  # JSON has no comments
        name = f"{order.file[: -len('.json')]}.yaml"
        return parse_document(render(document.data, order.lang), name)
    return document


def _decide(desk: WebContext, document: Document, order: DecideRequest) -> dict[str, Any]:
    try:
        profile = read_profile(document)
        _, data = desk.gate().decide(profile)
    except InvalidInput as error:
        return _reply(document.text, document.file, order, data=document.data, problems=error.problems)
    state = start(
        desk.bundle,
        desk.today(),
        document,
        as_of=desk.as_of,
        allow_past=desk.allow_past,
        complete=order.complete,
        lang=order.lang,
    )
    skipped = tuple(path for path in order.skipped if order.change is None or path != order.change[0])
    state = dataclasses.replace(state, named=order.named, skipped=skipped)
    return {
        **_reply(document.text, document.file, order, data=document.data),
        "skipped": [dotted(path) for path in skipped],
        "record": data,
        "html": fragment(data, order.lang, "d-").markup,
        "interview": as_data(state),
        "asked": [dotted(ask.path) for ask in state.possible_outcomes.missing],
    }


def _reply(
    text: str, file: str, order: DecideRequest, data: Any = None, problems: tuple[Problem, ...] = ()
) -> dict[str, Any]:
    return {
        "text": text,
        "file": file,
        "data": data if isinstance(data, dict) else None,
        "named": order.named,
        "skipped": [dotted(path) for path in order.skipped],
        "complete": order.complete,
        "problems": [_problem(problem) for problem in problems],
        "refused": None,
        "record": None,
        "html": None,
        "interview": None,
        "asked": [],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    """A problem for the page, at the path of its field, in both languages."""
    told = in_language(problem, "zh")
    gap = "" if told.message.endswith("。") else " "
    return {
        "path": re.sub(r"\[([0-9]+)\]", r".\1", problem.path),
        "line": problem.line,
        "column": problem.column,
        "text": {
            "en": f"{problem.message} {problem.hint}".rstrip(),
            "zh": f"{told.message}{gap}{told.hint}".rstrip(),
        },
    }


# --- one fact changed


def _typed(path: Path, text: str) -> Any:
    """The value that a typed text means; None for an empty one. Raises Refused."""
    text, node, kind = text.strip(), describe(path), kind_of(path)
    if not text:
        return None
    if kind == "text" and "pattern" not in node:
        if len(text) > node.get("maxLength", 200):
            raise Refused(both("too_many", most=node.get("maxLength", 200)))
        return text
    if kind not in ("integer", "number", "date", "text"):
        raise BadRequest("This fact is not typed.")
    nothing: LocalizedText = {"en": "", "zh": ""}
    least, most = node.get("minimum"), node.get("maximum")
    asked = Question(path, kind, nothing, nothing, nothing, None, (), least, most, (), "", NO_GAIN)
    return read_reply(asked, text)


def _changed(desk: WebContext, document: Document, order: DecideRequest, path: Path, value: Any) -> Document:
    """The spec with a fact. Raises Refused where that makes a spec invalid that was not so before."""
    if not isinstance(document.data, dict):
        raise BadRequest("There is no spec to change.")
    try:
        after = _written(document, order.lang, path, value)
    except InvalidInput as error:  # what no spec may hold, such as invisible characters
        raise Refused(_problem(error.problems[0])["text"]) from None
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, yaml.YAMLError):
        raise BadRequest("There is no place for this fact.") from None
    if _why_invalid(desk, document) is None and (why := _why_invalid(desk, after)) is not None:
        raise Refused(why)
    return after


def _written(document: Document, lang: Language, path: Path, value: Any) -> Document:
    expected = put(document.data, path, value)
    if path != NAME_PATH:
        try:
            after = parse_document(write_fact(document.text, path, value, comments(lang)), document.file)
            if after.data == expected:
                return after
        except (InvalidInput, ValueError, yaml.YAMLError):
            pass
    file = f"{value}.yaml" if path == NAME_PATH else document.file
    return parse_document(render(expected, lang), file)


def _why_invalid(desk: WebContext, document: Document) -> Mapping[str, str] | None:
    """The first thing that is wrong with a spec, in both languages; None where it can be decided."""
    if not validate(document, "profile") and (broken := broken_invariant(facts_of(document.data))) is not None:
        return broken
    try:
        profile = read_profile(document)
    except InvalidInput as error:
        return dict(_problem(error.problems[0])["text"])
    launch = profile.launch
    if desk.as_of is None and launch is not None:
        if launch < desk.bundle.covers_from:
            return both("before_covered", day=desk.bundle.covers_from)
        if launch < desk.today() and not desk.allow_past:
            return both("in_the_past")
    return None
