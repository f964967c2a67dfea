"""Checks of the opinions in a profile that its schema alone cannot make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vatspolicy.documents import Document, Path
from vatspolicy.errors import Problem, suggest
from vatspolicy.i18n import _
from vatspolicy.profile.vocabulary import CLASS


def opinion_problems(document: Document) -> Iterator[Problem]:
    """Yield the problems of the opinions in a schema-valid profile."""
    opinions = document.data.get("opinions") or []
    services = {service["id"] for service in document.data["services"]}
    for index, opinion in enumerate(opinions):
        path: Path = ("opinions", index)
        yield from _shape(document, path, opinion)
        service = opinion.get("service")
        if service is not None and service not in services:
            message = _("The profile has no service {service!r}.", service=service)
            yield document.problem((*path, "service"), message, suggest(service, services))
    yield from _repeated(document, opinions)


def _repeated(document: Document, opinions: Iterable[Mapping[str, Any]]) -> Iterator[Problem]:
    """Yield a problem for each opinion that is on the same matter, and of the same day, as an earlier one."""
    earlier: dict[tuple[str, str], dict[str | None, int]] = {}
    for index, opinion in enumerate(opinions):
        service = opinion.get("service")
        before = earlier.setdefault((opinion["about"], opinion["date"]), {})
        # an opinion without a service is on all of them
        same = list(before.values()) if service is None else [before[key] for key in (None, service) if key in before]
        if same:
            message = _("Another opinion of the same day is on the same matter (opinions[{place}]).", place=min(same))
            hint = _("Of two opinions the later one counts: give the day of each, or keep one.")
            yield document.problem(("opinions", index), message, hint)
        before.setdefault(service, index)


def _shape(document: Document, path: Path, opinion: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the problems of the keys of one opinion: one on classes names them, any other has a reading."""
    is_on_classes = opinion["about"] == CLASS
    for key, needed in (("reading", not is_on_classes), ("classes", is_on_classes), ("service", is_on_classes)):
        given = opinion.get(key) is not None
        if needed and not given:
            on_rule = _("An opinion on a rule needs {key!r}.", key=key)
            yield document.problem(
                path, _("An opinion on classes needs {key!r}.", key=key) if is_on_classes else on_rule
            )
        elif given and not needed and key != "service":
            on_rule = _("An opinion on a rule has no {key!r}.", key=key)
            message = _("An opinion on classes has no {key!r}.", key=key) if is_on_classes else on_rule
            yield document.problem((*path, key), message)
