"""Expectations of tests and fixtures rewritten to the results of the law: in place, with comments and order kept."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from pathlib import Path as FilePath
from typing import NamedTuple, TypeAlias

from vatspolicy.authoring.testing.case_names import mark_words
from vatspolicy.authoring.testing.cases import Case
from vatspolicy.authoring.testing.decision_differences import names, needs, owed, routes_that_differ
from vatspolicy.core.documents import Path, load_document, parse_document
from vatspolicy.core.documents.plain import Fields, Tree
from vatspolicy.core.documents.yaml_edit import set_value
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate

Change: TypeAlias = tuple[Path, Tree]
"""A place in a file and its new value."""


class UpdatedFile(NamedTuple):
    """A file whose expectations change."""

    file: FilePath
    before: str
    after: str


def update_expectations(cases: Iterable[Case]) -> list[UpdatedFile]:
    """Return the files of cases that fail, with the results of the law in place of their expectations.

    A comment marks each test whose name or comments may no longer fit.
    A difference that an expectation cannot express stays: a rule that does not exist, several states of one rule.
    """
    changes: dict[str, list[Change]] = {}
    for case in cases:
        if case.skipped is None and (found := list(find_changes(case))):
            changes.setdefault(case.file, []).extend(found)
    updated = []
    for file, found in changes.items():
        before = after = load_document(file).text
        rewritten = []
        for path, value in found:
            text, after = after, _apply(after, file, path, value)
            rewritten += [path] if after != text else []
        if rewritten:
            after = mark_words(parse_document(after, file), rewritten)
            updated.append(UpdatedFile(FilePath(file), before, after))
    return updated


def _apply(text: str, file: str, path: Path, value: Tree) -> str:
    """Return the text with another value; unchanged if the edit would change anything else, as at an alias."""
    wanted = copy.deepcopy(parse_document(text, file).data)
    holder = wanted
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    edited = set_value(text, path, value, flow=True)
    return edited if parse_document(edited, file).data == wanted else text


def find_changes(case: Case) -> Iterator[Change]:
    """Yield the places of a case with an unexpected result, and that result."""
    if case.policy is None:
        decision = evaluate(case.bundle, case.profile, case.as_of)
        for path, value in find_decision_changes(decision, case.expect):
            yield (*case.place, *path), value
        return
    for observed in case.observe():
        if observed.rule is not None and observed.differs and len(observed.states) == 1:
            yield (*case.place, "expect", observed.id), next(iter(observed.states))
    if case.place[2:]:  # rows of a matrix share the authorities of their case
        return
    for instrument, bodies in case.authorities():
        if bodies and set(bodies) != set(case.expect["authority"][instrument]):
            yield (*case.place, "authority", instrument), list(bodies)


def find_decision_changes(decision: Decision, expect: Fields) -> Iterator[Change]:
    """Yield the expectations that a decision does not meet, with the actual results."""
    actual: dict[str, Tree] = {"decision": decision.decision, "range": list(decision.range)}
    actual["contested"] = bool(decision.readings)
    yield from (((key,), value) for key, value in actual.items() if key in expect and expect[key] != value)
    for service, classes in expect.get("classes", {}).items():
        found = [activity.cls for s in decision.services if s.id == service for activity in s.activities]
        if sorted(found) != sorted(classes):
            yield ("classes", service), found
    for subject, route, _state, result in routes_that_differ(decision, expect):
        if result is not None:
            yield ("routes", subject, route), result.state
    yield from _list_changes(decision, expect)
    lines = len(owed(decision)) + len({finding.rule.name for finding in decision.advice})
    if expect.get("at_most", lines) < lines:
        yield ("at_most",), lines


def _list_changes(decision: Decision, expect: Fields) -> Iterator[Change]:
    """Yield lists without the members that do not hold, and with those that a complete list lacks."""
    seen, required = names(decision), needs(decision)
    asked = {".".join(map(str, ask.path)) for ask in decision.missing}
    complete = {"needs": required}
    if expect.get("exactly"):
        complete |= {"duties": owed(decision), "advice": {finding.rule.name for finding in decision.advice}}
    holding = {"missing": asked, "needs": required, **dict.fromkeys(("reasons", "rules", "duties", "advice"), seen)}
    for key, known in holding.items():
        listed = list(expect.get(key, ()))
        kept = [name for name in listed if name in known]
        if key in complete and (key in expect or key != "needs"):
            kept += sorted(complete[key] - set(kept))
        if kept != listed:
            yield (key,), kept
    absent = list(expect.get("absent", ()))
    kept = [name for name in absent if name not in seen]
    if kept != absent:
        yield ("absent",), kept
