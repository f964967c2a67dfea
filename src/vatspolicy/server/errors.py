"""Refusals, in the shape of OPA's errors: `code` and `message`, and `errors` with places where there are such."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, Response

from vatspolicy.errors import Problem

MOST = 100
"""Problems of one body that are told."""


@dataclass(eq=False)
class HttpError(Exception):
    """Why a request is not answered: status, a code for programs, a sentence, further headers, problems of the body."""

    status: int
    code: str
    message: str
    headers: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()


def error_response(refusal: HttpError) -> Response:
    """The refusal as an answer. It holds no value of the request."""
    body: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.problems:
        body["errors"] = [_problem(problem) for problem in refusal.problems[:MOST]]
    return JSONResponse(body, refusal.status, dict(refusal.headers))


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "code": "invalid_input",
        "message": f"{problem.message} {problem.hint}".rstrip(),
        "path": problem.path,
        "location": {"file": problem.file, "row": problem.line, "col": problem.column},
    }
