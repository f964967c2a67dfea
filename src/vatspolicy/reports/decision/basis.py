"""The basis of a decision: articles cited, and facts read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from vatspolicy.core.engine.result import Citation, Fact, Finding, Need, Record, Route
from vatspolicy.core.profile.wording import FactWording
from vatspolicy.reports.formats.html_words import Sentences

Steps = tuple[str | int, ...]

_STEP = re.compile(r'\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\.?([\w-]+)')


def cited_articles(record: Record) -> Iterator[Citation]:
    """Yield every citation of findings, routes and conditions."""
    for finding in _established(record):
        yield from finding.citations
        for route in _routes_of(finding):
            yield from _cited_by(route)
    for service in record.services:
        for activity in service.activities:
            for route in activity.routes:
                yield from _cited_by(route)


def _established(record: Record) -> tuple[Finding, ...]:
    return (*record.denials, *record.licenses, *record.met, *record.duties, *record.advice)


def _routes_of(finding: Finding) -> tuple[Route, ...]:
    return finding.routes or () if isinstance(finding, Need) else ()


def _cited_by(route: Route) -> Iterator[Citation]:
    yield from route.citations
    for condition in route.conditions:
        yield from condition.why.citations


def steps(path: str) -> Steps:
    """Split a path as a report writes it (`services[0].offers`) into its steps."""
    return tuple(
        int(index) if index else json.loads(f'"{quoted}"') if quoted else name
        for index, quoted, name in _STEP.findall(path)
    )


def title(path: Steps, say: Sentences) -> str:
    """Return the title of a fact in the schema, in the language of the page."""
    return say.text(FactWording().name(path))


def value_in_words(path: Steps, value: object, say: Sentences) -> str:
    """Return a value in words, in the language of the page."""
    return say.text(FactWording().value(value, path))


def fact_in_words(fact: Fact, say: Sentences) -> tuple[str, str]:
    """Return the title and the value of a fact that a finding read."""
    path = steps(fact.path)
    return title(path, say), value_in_words(path, fact.value, say)


def facts_read(record: Record) -> list[Fact]:
    """Return every stated fact that a finding or a condition of a route read, in the order of the spec."""
    found = {fact.path: fact for fact in _read(record) if fact.value is not None}
    return sorted(found.values(), key=lambda fact: (fact.line, fact.column, fact.path))


def _read(record: Record) -> Iterator[Fact]:
    for finding in _established(record):
        yield from finding.why.facts
        yield from _of_routes(_routes_of(finding))
    for service in record.services:
        for activity in service.activities:
            yield from _of_routes(activity.routes)


def _of_routes(routes: Iterable[Route]) -> Iterator[Fact]:
    for route in routes:
        for condition in route.conditions:
            yield from condition.why.facts
