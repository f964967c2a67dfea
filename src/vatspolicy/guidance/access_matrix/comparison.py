"""Cells of the access matrix that a change of the law changes.

A cell is computed only if a rule that differs can bear on it: its route, or a prohibition that may hold for its
business. All others are the same on both sides, if the law distinguishes the same places, shares and origins.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from vatspolicy.authoring.diff.result import Access, AccessChange, AccessPlaces, Stated
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Rule
from vatspolicy.core.profile.vocabulary import describe, label
from vatspolicy.guidance.access_matrix.best_case import BestCaseSearch, Business, RouteFinding, strings_of
from vatspolicy.guidance.access_matrix.matrix import find_best, find_rules, state_of, summarize_regimes
from vatspolicy.guidance.access_matrix.result import NOTHING
from vatspolicy.i18n import LocalizedText
from vatspolicy.i18n.words import say_both


def compare_matrices(base: Bundle, head: Bundle, day: str, changed: Collection[str] | None = None) -> Access:
    """Return the cells of services × regimes that differ on a day, and the regimes that are open in other places.

    Both bundles have the same schemas. `changed`: names of all rules (policy/rule) that differ on that day, because of
    their text, a term, a value or an instrument; None if they are not known, so that every cell is compared.
    """
    if changed is not None and not _may_change(base, head, day, changed):
        return Access(day, (), ())
    return _MatrixComparison(base, head, day, changed).run()


def _may_change(base: Bundle, head: Bundle, day: str, changed: Collection[str]) -> bool:
    """Return False if the changed rules do not affect the matrix and the law uses the same words in its values."""
    rulesets = [bundle.on(day) for bundle in (base, head)]
    for ruleset in rulesets:
        for each, kind in (("service", "classify"), ("service", "deny"), ("activity", "deny"), ("activity", "route")):
            if any(rule.name in changed for rule in ruleset.rules_for(each, kind)):
                return True
    before, after = (frozenset(strings_of([*ruleset.params.values()])) for ruleset in rulesets)
    return before != after


class _MatrixComparison:
    def __init__(self, base: Bundle, head: Bundle, day: str, changed: Collection[str] | None) -> None:
        self.day = day
        self.sides = BestCaseSearch(base, day), BestCaseSearch(head, day)
        before, after = self.sides
        names = [{rule.name for rule in side.rules} for side in self.sides]
        self.changed = {*(changed or ()), *(names[0] ^ names[1])}
        self.whole = changed is None or any(
            getattr(before, fact) != getattr(after, fact)
            for fact in ("locations", "origins", "shares", "flags", "unlicensed")
        )
        """True if any cell may differ."""
        self.bars = [
            (side, rule)
            for side in self.sides
            for rule in (*side.nationwide_bars, *side.local_bars)
            if rule.name in self.changed
        ]
        """Prohibitions that differ, of both sides."""
        self._base_findings: dict[tuple[str, Business], RouteFinding | None] = {}
        """Findings of the base by route and business."""

    @functools.cached_property
    def _rules(self) -> tuple[Mapping[str, Rule], ...]:
        return tuple({rule.name: rule for rule in side.routes} for side in self.sides)

    @functools.cached_property
    def _barred(self) -> frozenset[Business]:
        """Businesses to which a changed prohibition may apply."""
        businesses = dict.fromkeys(business for side in self.sides for business in side.businesses)
        return frozenset(
            business for business in businesses if any(side.may_hold(rule, business) for side, rule in self.bars)
        )

    def _may_differ(self, route: str, business: Business) -> bool:
        return self.whole or route in self.changed or business in self._barred

    def run(self) -> Access:
        """Compute the cells that may differ, and compare them."""
        regimes = {
            rule.route.name: None for side in self.sides for rule in side.routes if self._regime_may_differ(rule.name)
        }
        by_side = [self._findings(side_number, list(regimes)) for side_number in (0, 1)]
        before, after = (
            {column.id: column for column in summarize_regimes(side, regimes, findings, side.locations)}
            for side, findings in zip(self.sides, by_side, strict=True)
        )
        titles = {id: column.title for id, column in {**before, **after}.items()}
        places = (
            AccessPlaces(id, title, *(own[id].places if id in own else None for own in (before, after)))
            for id, title in titles.items()
        )
        return Access(
            self.day,
            tuple(self._cells(by_side, titles, list(dict.fromkeys((*after, *before))))),
            tuple(side_number for side_number in places if side_number.before != side_number.after),
        )

    def _regime_may_differ(self, route: str) -> bool:
        if set(self.sides[0].businesses) != set(self.sides[1].businesses):
            return True
        return any(self._may_differ(route, business) for business in self.sides[0].businesses)

    def _findings(self, side_number: int, regimes: list[str]) -> dict[Business, dict[str, RouteFinding | None]]:
        """Return the best finding of one side for every business under these regimes."""
        side = self.sides[side_number]

        def find(rule: Rule, business: Business) -> RouteFinding | None:
            key = rule.name, business
            if side_number == 1 and key in self._base_findings and not self._may_differ(*key):
                same = self._base_findings[key]
                return same and replace(same, rule=rule)
            finding = side.best(rule, business, side.locations)
            if side_number == 0:
                self._base_findings[key] = finding
            return finding

        rules = {name: find_rules(side, name) for name in regimes}
        return {
            business: {name: find_best(rules[name], business, find) for name in regimes} for business in side.businesses
        }

    def _cells(
        self,
        by_side: list[dict[Business, dict[str, RouteFinding | None]]],
        titles: Mapping[str, LocalizedText],
        columns: list[str],
    ) -> Iterator[AccessChange]:
        """Yield the cells that differ, grouping equal changes of one class and regime."""
        alike: dict[tuple[str, str, Stated, Stated], list[LocalizedText]] = {}
        schemas = self.sides[1].schemas
        names = describe(("services", 0, "offers", 0), schemas)["x-enum"]
        for business in dict.fromkeys((*self.sides[1].businesses, *self.sides[0].businesses)):
            for column in columns:
                before, after = (_cell(own.get(business, {}).get(column)) for own in by_side)
                if before != after:
                    alike.setdefault((business.cls, column, before, after), []).append(say_both(names[business.offer]))
        for (cls, column, before, after), offers in alike.items():
            title = say_both(label("class", cls, schemas))
            yield AccessChange(cls, title, column, titles[column], tuple(offers), before, after)


def _cell(finding: RouteFinding | None) -> Stated:
    """Return the content of a cell without its reasons."""
    if finding is None:
        return NOTHING
    return Stated(state_of(finding), finding.case.share if finding.case else None, finding.rule.contested)
