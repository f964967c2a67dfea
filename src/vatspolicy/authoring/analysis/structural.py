"""Checks of the files alone: overlapping dates, gaps between dates, and unused facts, terms and parameters."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping

from vatspolicy.authoring.analysis.findings import NOT_SHOWN, AnalysisFinding
from vatspolicy.authoring.testing.coverage import used_terms
from vatspolicy.core.documents import Path
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import NEVER, Policy, Rule
from vatspolicy.core.policies.modelled import effect_constants
from vatspolicy.core.policies.reads import asked_facts, read_facts
from vatspolicy.i18n import LocalizedText, Phrase
from vatspolicy.i18n.words import say_both


def find_structural(bundle: Bundle, kinds: set[str]) -> Iterator[AnalysisFinding]:
    """Yield the findings of the given kinds that need no solver."""
    for kind, check in _CHECKS.items():
        if kind in kinds:
            yield from check(bundle)


def dates_overlap(bundle: Bundle) -> Iterator[AnalysisFinding]:
    """Yield rules that are in force together with their successors. Loading a bundle checks this for policies."""
    for first, second in _versions(bundle):
        if second.since < first.until:
            yield _finding(
                "dates-overlap",
                (first.name, second.name),
                (bundle.policies[first.policy].file, first.line),
                say_both(
                    Phrase("{first} ends on {end}, after {second} with the same text has begun on {start}."),
                    first=first.id,
                    end=first.until,
                    second=second.id,
                    start=second.since,
                ),
                second.since,
                first.until,
            )


def dates_missing(bundle: Bundle) -> Iterator[AnalysisFinding]:
    """Yield gaps between two versions of a rule, and editions and values that begin too late."""
    for first, second in _versions(bundle):
        if first.until < second.since:
            yield _finding(
                "dates-missing",
                (first.name, second.name),
                (bundle.policies[first.policy].file, first.line),
                say_both(
                    Phrase("{first} ends on {end}; {second} with the same text begins on {start}."),
                    first=first.id,
                    end=first.until,
                    second=second.id,
                    start=second.since,
                ),
                first.until,
                second.since,
            )
    for policy in bundle.policies.values():
        start = max(min((rule.since for rule in policy.rules), default=NEVER), bundle.covers_from)
        if policy.editions and start < policy.editions[0].since:
            first_day = policy.editions[0].since
            yield _finding(
                "dates-missing",
                (policy.id,),
                _place(bundle, policy, ("editions",)),
                say_both(
                    Phrase("Rules are in force from {start} on, but the first edition begins on {first}."),
                    start=start,
                    first=first_day,
                ),
                start,
                first_day,
            )
        yield from _values_too_late(bundle, policy)


def _values_too_late(bundle: Bundle, policy: Policy) -> Iterator[AnalysisFinding]:
    """Yield instruments that read a parameter before it has a value, while a rule already names them."""
    first_value = {
        parameter.key: parameter.values[0].since
        for p in bundle.policies.values()
        for parameter in p.parameters.values()
    }
    for name, instrument in policy.instruments.items():
        users = [rule for other in bundle.policies.values() for rule in other.rules if rule.instrument == name]
        start = max(min((rule.since for rule in users), default=NEVER), bundle.covers_from)
        for key in sorted({key for expression in instrument.expressions for key in expression.parameters}):
            if start < first_value[key]:
                yield _finding(
                    "dates-missing",
                    (key, name),
                    _place(bundle, policy, ("instruments", name)),
                    say_both(
                        Phrase(
                            "The instrument {name} is needed from {start} on and reads {key}, "
                            "which has no value before {first}."
                        ),
                        name=name,
                        start=start,
                        key=key,
                        first=first_value[key],
                    ),
                    start,
                    first_value[key],
                )


def _versions(bundle: Bundle) -> Iterator[tuple[Rule, Rule]]:
    """Yield successive rules of one file with the same effect and the same condition."""
    for policy in bundle.policies.values():
        alike: dict[str, list[Rule]] = {}
        for rule in policy.rules:
            alike.setdefault(repr((*_texts(rule), effect_constants(rule))), []).append(rule)
        for rules in alike.values():
            rules.sort(key=lambda rule: (rule.since, rule.until))
            for first, second in itertools.pairwise(rules):
                if first.since < second.since and first.until < second.until:
                    yield first, second


def _texts(rule: Rule) -> tuple[str, ...]:
    return rule.each, *(" ".join(expression.text.split()) for expression in rule.expressions)


def same_text(one: Rule, two: Rule) -> bool:
    """Return whether two rules have the same subject and the same conditions, word for word."""
    return _texts(one) == _texts(two)


def unused_parameter(bundle: Bundle) -> Iterator[AnalysisFinding]:
    """Yield unread parameters, and values that were replaced before any use."""
    readers: dict[str, list[tuple[str, str]]] = {}
    for policy in bundle.policies.values():
        for rule in policy.rules:
            for key in rule.parameters:
                readers.setdefault(key, []).append((rule.since, rule.until))
        for instrument in policy.instruments.values():
            for expression in instrument.expressions:
                for key in expression.parameters:
                    readers.setdefault(key, []).append(("", NEVER))
    for policy in bundle.policies.values():
        for name, parameter in policy.parameters.items():
            reader = readers.get(parameter.key, [])
            if not reader:
                yield _finding(
                    "unused-parameter",
                    (parameter.key,),
                    _place(bundle, policy, ("parameters", name)),
                    say_both(Phrase("No expression reads the parameter {name}."), name=name),
                )
                continue
            ends = [value.since for value in parameter.values[1:]] + [NEVER]
            for index, (value, end) in enumerate(zip(parameter.values, ends, strict=True)):
                if end > bundle.covers_from and not any(s < end and value.since < u for s, u in reader):
                    yield _finding(
                        "unused-parameter",
                        (parameter.key,),
                        _place(bundle, policy, ("parameters", name, "values", index)),
                        say_both(
                            Phrase("No rule that reads {name} is in force while its value from {start} is."),
                            name=name,
                            start=value.since,
                        ),
                        value.since,
                        end,
                    )


def unused_term(bundle: Bundle) -> Iterator[AnalysisFinding]:
    """Yield terms that no expression uses."""
    used = {(owner, name) for owner, name in used_terms(bundle)}
    for policy in bundle.policies.values():
        for name in policy.terms:
            if (policy.id, name) not in used:
                yield _finding(
                    "unused-term",
                    (f"{policy.id}/{name}",),
                    (policy.file, policy.term_lines[name]),
                    say_both(Phrase("No expression uses the term {name}."), name=name),
                )


def unread_fact(bundle: Bundle) -> Iterator[AnalysisFinding]:
    """Yield facts of the profile schema that no expression reads."""
    read = read_facts(bundle)
    for path in asked_facts(bundle.schemas):
        if path not in read:
            yield _finding(
                "unread-fact",
                (path,),
                ("schemas/profile.schema.json", 1),
                say_both(Phrase("No rule reads {path}."), path=path),
            )


_CHECKS: Mapping[str, Callable[[Bundle], Iterator[AnalysisFinding]]] = {
    "dates-overlap": dates_overlap,
    "dates-missing": dates_missing,
    "unused-parameter": unused_parameter,
    "unused-term": unused_term,
    "unread-fact": unread_fact,
}


def _finding(
    kind: str,
    about: tuple[str, ...],
    place: tuple[str, int],
    message: LocalizedText,
    since: str | None = None,
    until: str | None = None,
) -> AnalysisFinding:
    (file, line), end = place, None if until in (None, NEVER) else until
    return AnalysisFinding(kind, about, file, line, message, since, end, *NOT_SHOWN)


def _place(bundle: Bundle, policy: Policy, path: Path) -> tuple[str, int]:
    """Return file and line of a part of a policy."""
    return policy.file, bundle.document(policy).mark(path)[0]
