"""What a person types after a command, read into values. Mistakes are typer.BadParameter: one sentence, then a hint."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from vatspolicy.clock import is_day
from vatspolicy.errors import InvalidInput, suggest

if TYPE_CHECKING:
    from typing import Any


class Format(StrEnum):
    """Formats of a report (vatspolicy.reports.decision.FORMATS; typer wants an enumeration)."""

    TEXT, JSON, SARIF, JUNIT = "text", "json", "sarif", "junit"
    GITHUB, MARKDOWN, HTML = "github", "markdown", "html"


class Lang(StrEnum):
    """Languages of a report."""

    EN, ZH = "en", "zh"


class FailOn(StrEnum):
    """What the gate may fail on (vatspolicy.gate.gate.LEVELS)."""

    DENY, NEEDS_LICENSE, DUTY, ADVICE = "deny", "needs-license", "duty", "advice"


def bad_argument(message: str, option: str | None = None) -> Exception:
    """A typer.BadParameter; what is right needs no typer."""
    import typer

    return typer.BadParameter(message, param_hint=option)


def parse_day(text: str | None) -> str | None:
    """A calendar day, YYYY-MM-DD."""
    if text is None:
        return None
    if not is_day(text):
        raise bad_argument("Write a calendar day as YYYY-MM-DD.")
    return text


def parse_pattern(text: str | None) -> re.Pattern[str] | None:
    """A regular expression."""
    try:
        return re.compile(text) if text else None
    except re.error:
        raise bad_argument("This is no regular expression.") from None


def parse_folder(path: Path | None) -> Path | None:
    """A folder that exists."""
    if path is not None and not path.is_dir():
        raise bad_argument("There is no such folder.")
    return path


def parse_slug(text: str) -> str:
    """Lower-case words joined by hyphens."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise bad_argument("Use lower-case words joined by hyphens.")
    return text


def parse_outputs(texts: Sequence[str], formats: Sequence[str] = tuple(Format)) -> list[tuple[str, Path]]:
    """FORMAT=PATH pairs, no two to one file."""
    pairs: list[tuple[str, Path]] = []
    for text in texts:
        name, _, path = text.partition("=")
        if name not in formats or not path:
            raise bad_argument(f"Write FORMAT=PATH, where FORMAT is one of {', '.join(formats)}.", "--output")
        if any(Path(path) == other for _, other in pairs):
            raise bad_argument("Two reports would go to one file.", "--output")
        pairs.append((name, Path(path)))
    return pairs


def parse_changes(texts: Sequence[str], option: str = "--set") -> list[tuple[str, Any]]:
    """path=value pairs; the value is YAML, and None (written as nothing) to remove the fact."""
    from vatspolicy.documents import parse_document

    pairs: list[tuple[str, Any]] = []
    for text in texts:
        path, equals, value = text.partition("=")
        if not equals or not path:
            raise bad_argument("Write path=value, such as company.foreign_percent=50.", option)
        _check_path(path, option)
        try:
            pairs.append((path, parse_document(value, option).data if value.strip() else None))
        except InvalidInput as error:
            problem = error.problems[0]
            message = f"{path}: {problem.message} {problem.hint}".rstrip()
            raise bad_argument(message, option) from None
    return pairs


def _check_path(path: str, option: str) -> None:
    """A fact that no schema knows would be removed, or added, without effect."""
    from vatspolicy.profile.vocabulary import describe

    steps: list[str | int] = []
    for step in path.split("."):
        known = list(describe(tuple(steps)).get("properties", {}))
        steps.append(int(step) if step.isascii() and step.isdigit() else step)
        if not describe(tuple(steps)):
            hint = suggest(step, known) or "Write a path such as services.0.area."
            raise bad_argument(f"A profile has no fact {path!r}. {hint}", option)
