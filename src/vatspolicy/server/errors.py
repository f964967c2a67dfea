"""Errors of HTTP requests, in the form of OPA's errors: `code`, `message`, and `errors` with places in the body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from vatspolicy.errors import MAX_EXPLAINED, Problem

MAX_PROBLEMS = MAX_EXPLAINED + 1
"""Problems that one response lists: those explained, and the one that stands for all others."""


@dataclass(eq=False)
class HttpError(Exception):
    """An error response: its status, a code for programs, a sentence, further headers, and problems of the body."""

    status: int
    code: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    localized: Mapping[str, str] | None = None
    """The message in both languages, where the page shows it."""


def make_error_response(error: HttpError) -> Response:
    """Return the response for an error. It repeats no value of the request."""
    return JSONResponse(error_to_data(error), error.status, dict(error.headers))


def error_to_data(error: HttpError) -> dict[str, Any]:
    """Return an error as OPA shows it."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.problems:
        body["errors"] = [_problem_to_data(problem) for problem in error.problems[:MAX_PROBLEMS]]
    if error.localized is not None:
        body["error"] = dict(error.localized)
    return body


def _problem_to_data(problem: Problem) -> dict[str, Any]:
    return {
        "code": "invalid_input",
        "message": f"{problem.message} {problem.hint}".rstrip(),
        "path": problem.path,
        "location": {"file": problem.file, "row": problem.line, "col": problem.column},
    }
