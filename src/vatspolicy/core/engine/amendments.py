"""Amendments of the law on one day, and those that explain a change of the decision."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vatspolicy.core.engine.decision import Decision, Finding
from vatspolicy.core.engine.law_texts import copy_text, titled
from vatspolicy.core.engine.result import AmendedArticle, LawChange
from vatspolicy.core.engine.snapshot import Item
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Policy, Rule


@dataclass(frozen=True, eq=False)
class Amendment:
    """A change of the law: a rule that begins or ends, or a parameter with a new value."""

    policy: Policy
    change: str
    """began, ended or value."""
    name: str
    """policy/rule, or policy/parameter."""
    cite: tuple[str, ...]


class Amendments:
    """The law that changed on a day."""

    def __init__(self, bundle: Bundle, day: str) -> None:
        self.bundle, self.day = bundle, day
        self.rules: dict[Rule, Amendment] = {}
        self.values: dict[str, Amendment] = {}
        for policy in bundle.policies.values():
            for rule in policy.rules:
                if day in (rule.since, rule.until):
                    change = "ended" if rule.until == day else "began"
                    self.rules[rule] = Amendment(policy, change, rule.name, rule.cite)
            # a rule never reads a parameter before its first value
            values = [(one.key, value) for one in policy.parameters.values() for value in one.values[1:]]
            self.values |= {key: Amendment(policy, "value", key, one.cite) for key, one in values if one.since == day}

    def responsible(
        self, changed: Iterable[tuple[Item | None, Item | None]], before: Decision, after: Decision
    ) -> tuple[LawChange, ...]:
        """Return the instruments that changed items come from. `changed`: items before and after.

        An item is attributed to amendments of its own rules. If there are none, it is attributed to amendments of rules
        with a different finding on the same subject. A decision that changed without such items is attributed to
        amendments of all rules with a different finding.
        """
        found: dict[Amendment, None] = {}
        others = self._otherwise(before, after)
        for pair in changed:
            items = [item for item in pair if item is not None]
            if items[0].kind in ("decision", "service"):  # follows from what is below it
                continue
            direct = self._touched(rule for item in items for rule in item.rules)
            found |= dict.fromkeys(direct or self._touched(_about(others, items[0].subject)))
        if not found:
            found = dict.fromkeys(self._touched(others))
        order = sorted(found, key=lambda amendment: (amendment.policy.id, amendment.change, amendment.name))
        return tuple(map(self._record, order))

    def _otherwise(self, before: Decision, after: Decision) -> Mapping[Rule, frozenset[str]]:
        """Return the rules whose result about some subject changed, with the subjects."""
        was, now = dict(_spoken(before)), dict(_spoken(after))
        found: dict[Rule, set[str]] = {}
        for key in {**was, **now}:
            if was.get(key) != now.get(key):
                found.setdefault(key[0], set()).add(key[1])
        return {rule: frozenset(subjects) for rule, subjects in found.items()}

    def _touched(self, rules: Iterable[Rule]) -> list[Amendment]:
        """Return the amendments of rules: that they began or ended, or a new value of a parameter that they read."""
        found: list[Amendment] = []
        for rule in rules:
            if rule in self.rules:
                found.append(self.rules[rule])
            elif self.values:
                found += [self.values[key] for key in self._read(rule) if key in self.values]
        return found

    @functools.cache  # noqa: B019 - the object lives as long as one entry of a timeline
    def _read(self, rule: Rule) -> tuple[str, ...]:
        """Return keys of the parameters that a rule reads, in terms and in the coverage of its instrument too."""
        instrument = self.bundle.instruments.get(getattr(rule.effect, "instrument", None) or "")
        covers = () if instrument is None or instrument.covers is None else instrument.covers.parameters
        return tuple(dict.fromkeys((*rule.parameters, *covers)))

    def _record(self, amendment: Amendment) -> LawChange:
        policy = amendment.policy
        edition = policy.edition(self.day)
        return LawChange(
            policy.id,
            titled(policy, edition),
            edition.number if edition else policy.source.get("number"),
            amendment.change,
            amendment.name,
            tuple(
                AmendedArticle(key, copy_text(policy.articles[key].label), policy.articles[key].verification)
                for key in amendment.cite
            ),
        )


def _about(rules: Mapping[Rule, frozenset[str]], subject: str) -> Iterator[Rule]:
    """Yield the rules about a subject, the service it belongs to, or one of its classes; all for the product."""
    for rule, subjects in rules.items():
        if not subject or any(
            one == subject or subject.startswith(f"{one}/") or one.startswith(f"{subject}/") for one in subjects
        ):
            yield rule


def _spoken(decision: Decision) -> Iterator[tuple[tuple[Rule, str], Any]]:
    """Yield the result of every rule about every subject: the state of its finding or of its route."""
    findings: Iterable[Finding] = (
        *decision.denials,
        *decision.needs,
        *decision.would_need,
        *decision.met,
        *decision.duties,
        *decision.undetermined,
        *(finding for service in decision.services for finding in service.classified_by),
    )
    for finding in findings:
        yield (finding.rule, str(finding.subject)), (finding.state, finding.reasons, finding.any_of)
    for service in decision.services:
        for activity in service.activities:
            for state in activity.routes:
                said = (state.state, state.held, [condition.id for condition in state.failing])
                yield (state.rule, f"{service.id}/{activity.cls}"), said
