"""Checks of the files alone: overlapping dates, gaps between dates, and unused facts, terms and parameters."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

from vatspolicy.authoring.analysis.findings import NOT_SHOWN, AnalysisFinding
from vatspolicy.authoring.testing.coverage import used_terms
from vatspolicy.core.documents import Path
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import NEVER, Parameter, Policy, Rule
from vatspolicy.core.policies.modelled import effect_constants
from vatspolicy.core.policies.reads import asked_facts, read_facts
from vatspolicy.i18n import LocalizedText, Phrase
from vatspolicy.i18n.words import say_both


def find_structural(bundle: Bundle, kinds: set[str]) -> Iterator[AnalysisFinding]:
    """Yield the findings of the given kinds that need no solver."""
    for kind, check in _CHECKS.items():
        for about, (file, line), message, since, until in check(bundle) if kind in kinds else ():
            end = None if until == NEVER else until
            yield AnalysisFinding(kind, about, file, line, message, since, end, *NOT_SHOWN)


Found: TypeAlias = "Iterator[tuple[tuple[str, ...], tuple[str, int], LocalizedText, str | None, str | None]]"
"""Names, file and line, message, and days of findings of one kind."""


def dates_overlap(bundle: Bundle) -> Found:
    """Yield rules that are in force together with their successors. Loading a bundle checks this for policies."""
    told = Phrase("{first} ends on {end}, after {second} with the same text has begun on {start}.")
    for first, second in _versions(bundle):
        if second.since < first.until:
            message = say_both(told, first=first.id, end=first.until, second=second.id, start=second.since)
            yield (first.name, second.name), _place_of(bundle, first), message, second.since, first.until


def dates_missing(bundle: Bundle) -> Found:
    """Yield gaps between two versions of a rule, and editions and values that begin too late."""
    told = Phrase("{first} ends on {end}; {second} with the same text begins on {start}.")
    for first, second in _versions(bundle):
        if first.until < second.since:
            message = say_both(told, first=first.id, end=first.until, second=second.id, start=second.since)
            yield (first.name, second.name), _place_of(bundle, first), message, first.until, second.since
    told = Phrase("Rules are in force from {start} on, but the first edition begins on {first}.")
    for policy in bundle.policies.values():
        start = max(min((rule.since for rule in policy.rules), default=NEVER), bundle.covers_from)
        if policy.editions and start < policy.editions[0].since:
            first_day = policy.editions[0].since
            message = say_both(told, start=start, first=first_day)
            yield (policy.id,), _place(bundle, policy, ("editions",)), message, start, first_day
        yield from _values_too_late(bundle, policy)


def _values_too_late(bundle: Bundle, policy: Policy) -> Found:
    """Yield instruments that read a parameter before it has a value, while a rule already names them."""
    parameters = (parameter for other in bundle.policies.values() for parameter in other.parameters.values())
    first_value = {parameter.key: parameter.values[0].since for parameter in parameters}
    told = Phrase("The instrument {name} is needed from {start} on and reads {key}, which has no value before {first}.")
    for name, instrument in policy.instruments.items():
        users = [rule for other in bundle.policies.values() for rule in other.rules if rule.instrument == name]
        start = max(min((rule.since for rule in users), default=NEVER), bundle.covers_from)
        for key in sorted({key for expression in instrument.expressions for key in expression.parameters}):
            if start < first_value[key]:
                message = say_both(told, name=name, start=start, key=key, first=first_value[key])
                yield (key, name), _place(bundle, policy, ("instruments", name)), message, start, first_value[key]


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


def unused_parameter(bundle: Bundle) -> Found:
    """Yield unread parameters, and values that were replaced before any use."""
    readers: dict[str, list[tuple[str, str]]] = {}
    for policy in bundle.policies.values():
        uses = [(rule.parameters, (rule.since, rule.until)) for rule in policy.rules]
        expressions = [one for instrument in policy.instruments.values() for one in instrument.expressions]
        for keys, days in (*uses, *((expression.parameters, ("", NEVER)) for expression in expressions)):
            for key in keys:
                readers.setdefault(key, []).append(days)
    for policy in bundle.policies.values():
        for name, parameter in policy.parameters.items():
            if reader := readers.get(parameter.key):
                yield from _unused_values(bundle, policy, name, parameter, reader)
                continue
            message = say_both(Phrase("No expression reads the parameter {name}."), name=name)
            yield (parameter.key,), _place(bundle, policy, ("parameters", name)), message, None, None


def _unused_values(
    bundle: Bundle, policy: Policy, name: str, parameter: Parameter, reader: Sequence[tuple[str, str]]
) -> Found:
    """Yield values that no rule reads in their time. `reader`: first days and ends of the rules that read them."""
    told = Phrase("No rule that reads {name} is in force while its value from {start} is.")
    ends = [value.since for value in parameter.values[1:]] + [NEVER]
    for index, (value, end) in enumerate(zip(parameter.values, ends, strict=True)):
        if end > bundle.covers_from and not any(s < end and value.since < u for s, u in reader):
            place = _place(bundle, policy, ("parameters", name, "values", index))
            yield (parameter.key,), place, say_both(told, name=name, start=value.since), value.since, end


def unused_term(bundle: Bundle) -> Found:
    """Yield terms that no expression uses."""
    used = used_terms(bundle)
    for policy in bundle.policies.values():
        for name in policy.terms:
            if (policy.id, name) not in used:
                message = say_both(Phrase("No expression uses the term {name}."), name=name)
                yield (f"{policy.id}/{name}",), (policy.file, policy.term_lines[name]), message, None, None


def unread_fact(bundle: Bundle) -> Found:
    """Yield facts of the profile schema that no expression reads."""
    read = read_facts(bundle)
    for path in asked_facts(bundle.schemas):
        if path not in read:
            message = say_both(Phrase("No rule reads {path}."), path=path)
            yield (path,), ("schemas/profile.schema.json", 1), message, None, None


_CHECKS: Mapping[str, Callable[[Bundle], Found]] = {
    "dates-overlap": dates_overlap,
    "dates-missing": dates_missing,
    "unused-parameter": unused_parameter,
    "unused-term": unused_term,
    "unread-fact": unread_fact,
}


def _place(bundle: Bundle, policy: Policy, path: Path) -> tuple[str, int]:
    """Return file and line of a part of a policy."""
    return policy.file, bundle.document(policy).mark(path)[0]


def _place_of(bundle: Bundle, rule: Rule) -> tuple[str, int]:
    """Return file and line of a rule."""
    return bundle.policies[rule.policy].file, rule.line
