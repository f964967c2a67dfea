"""Errors of HTTP requests, in the form of OPA's errors: `code`, `message`, and `errors` with places in the body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from vatspolicy.errors import MAX_EXPLAINED, Problem
from vatspolicy.i18n import LANGUAGES, Sentences, translate

MAX_PROBLEMS = MAX_EXPLAINED + 1
"""Problems that one response lists: those explained, and the one that stands for all others."""


@dataclass(eq=False)
class HttpError(Exception):
    """An error response: its status, a code for programs, a sentence, further headers, and problems of the body.

    The sentence is one that can be translated: a response has it in the language of the run.
    """

    status: int
    code: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()


def make_error_response(error: HttpError, bilingual: bool = False) -> Response:
    """Return the response for an error. It repeats no value of the request.

    With `bilingual`, `error` is the sentence in both languages, for a page that can change its own.
    """
    body = error_to_data(error)
    if bilingual:
        body["error"] = {lang: translate(error.message, lang) for lang in LANGUAGES}
    return JSONResponse(body, error.status, dict(error.headers))


def error_to_data(error: HttpError) -> dict[str, Any]:
    """Return an error as OPA shows it, with its sentences in the language of the run."""
    body: dict[str, Any] = {"code": error.code, "message": translate(error.message)}
    if error.problems:
        body["errors"] = [_problem_to_data(problem) for problem in error.problems[:MAX_PROBLEMS]]
    return body


def _problem_to_data(problem: Problem) -> dict[str, Any]:
    return {
        "code": "invalid_input",
        "message": translate(Sentences(problem.message, problem.hint)),
        "path": problem.path,
        "location": {"file": problem.file, "row": problem.line, "col": problem.column},
    }
