"""Opinions in a profile: checks beyond the schema, and the grants that make opinions count."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from vatspolicy.core.documents import Document, Path
from vatspolicy.core.profile.vocabulary import CLASS
from vatspolicy.errors import Problem, suggest
from vatspolicy.i18n import _

COMPANY = "self"
"""Word for the company itself among the authorities. It cannot give an opinion on its own product."""


class Grant(NamedTuple):
    """The approver, reason and period of a granted opinion, from a file of the gate's owner."""

    approver: str
    ticket: str
    reason: str
    since: str
    until: str
    """Last day on which the grant is in force."""
    file: str
    line: int


def stated(opinion: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of an opinion without its note; the order of classes does not matter."""
    facts = {key: value for key, value in opinion.items() if key != "note" and value is not None}
    return facts | ({"classes": sorted(facts["classes"])} if "classes" in facts else {})


def is_name(text: str) -> bool:
    """Return whether a text can be a name: it has a letter or a digit, and no invisible characters."""
    return any(char.isalnum() for char in text) and all(unicodedata.category(char)[0] != "C" for char in text)


def opinion_problems(document: Document) -> Iterator[Problem]:
    """Yield the problems of the opinions in a schema-valid profile."""
    opinions = document.data.get("opinions") or []
    services = {service["id"] for service in document.data["services"]}
    for index, opinion in enumerate(opinions):
        path: Path = ("opinions", index)
        yield from _shape(document, path, opinion)
        if not is_name(opinion["by"]):
            message = _("This is not a valid name.")
            hint = _("Write the name of the author of the opinion, in letters and without invisible characters.")
            yield document.problem((*path, "by"), message, hint)
        if opinion.get("authority") == COMPANY:
            yield document.problem((*path, "authority"), _("A company cannot give an opinion as an authority."))
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
        # an opinion without a service covers all services
        same = list(before.values()) if service is None else [before[key] for key in (None, service) if key in before]
        if same:
            message = _("Another opinion of the same day covers the same matter (opinions[{place}]).", place=min(same))
            hint = _("The later of two opinions counts: state the day of each, or keep only one.")
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
            on_rule = _("An opinion on a rule cannot have {key!r}.", key=key)
            message = _("An opinion on classes cannot have {key!r}.", key=key) if is_on_classes else on_rule
            yield document.problem((*path, key), message)
