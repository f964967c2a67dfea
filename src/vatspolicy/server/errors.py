"""Errors of the servers as data, also for the page without a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vatspolicy.errors import MAX_EXPLAINED, Problem
from vatspolicy.i18n import LANGUAGES, Sentences, translate

MAX_PROBLEMS = MAX_EXPLAINED + 1
"""Maximum number of problems in one response: those explained, and one for the rest."""


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


def bad_request(message: str, problems: tuple[Problem, ...] = ()) -> HttpError:
    """Return the error for a request that cannot be answered as it is."""
    return HttpError(400, "invalid_parameter", message, problems=problems)


def error_to_data(error: HttpError, bilingual: bool = False) -> dict[str, Any]:
    """Return an error as OPA shows it, with its sentences in the language of the run.

    With `bilingual`, `error` is the sentence in both languages, for a page that can change its own.
    """
    body: dict[str, Any] = {"code": error.code, "message": translate(error.message)}
    if error.problems:
        body["errors"] = [_problem_to_data(problem) for problem in error.problems[:MAX_PROBLEMS]]
    if bilingual:
        body["error"] = {lang: translate(error.message, lang) for lang in LANGUAGES}
    return body


def _problem_to_data(problem: Problem) -> dict[str, Any]:
    return {
        "code": "invalid_input",
        "message": translate(Sentences(problem.message, problem.hint)),
        "path": problem.path,
        "location": {"file": problem.file, "row": problem.line, "col": problem.column},
    }
