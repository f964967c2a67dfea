"""Access matrix: the foreign share that each business may have, by regime or by place, on a day.

Computed from the routes of the bundle; no cell, row or column is written by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from vatspolicy.engine.law_texts import titled
from vatspolicy.guidance.access_matrix.best_case import BestCaseSearch, Business, Finding
from vatspolicy.guidance.access_matrix.locations import OUTSIDE, Location, describe_locations, letters
from vatspolicy.i18n import LANGUAGES, Phrase, _
from vatspolicy.i18n.words import FRAMES, both, say_both
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Policy, Route, Rule
from vatspolicy.profile.vocabulary import LocalizedText, describe, label, within

FORMAT = 1
"""Version of the data format; incremented by incompatible changes."""

Data = dict[str, Any]
STRICTNESS = ("none", "prohibited", "closed", "open")
"""States of a cell, from the strictest to the mildest."""


_ELSEWHERE = Phrase("Elsewhere in the mainland")
"""Title of the largest set of places: all that the other sets leave."""


class PlaceError(Exception):
    """Error for a place or zone in which no company can be registered."""


def build_matrix(
    bundle: Bundle, day: str, place: str | None = None, zone: str | None = None, by: str = "regimes"
) -> Data:
    """Build the matrix of a day (matrix.schema.json): services × regimes, or services × places for `by="places"`.

    `place` (a code of the gazetteer) and `zone` (a free-trade zone, or `none`) narrow where the company is registered
    and its facilities stand; without a zone, an address in a place is read as outside of zones unless the whole place
    is one. Raises ValueError for a day that the bundle does not cover, and PlaceError.
    """
    search = BestCaseSearch(bundle, day)
    locations = _narrow(search.locations, place, zone)
    columns, rows = _by_places(search, locations) if by == "places" else _by_regimes(search, locations)
    names = dict.fromkeys(rule.effect.name for rule in search.routes if isinstance(rule.effect, Route))
    return {
        "format": FORMAT,
        "by": by,
        "as_of": day,
        "place": place,
        "zone": zone,
        "bundle": bundle.identity,
        "routes": {name: _title(find_rules(search, name)) for name in names},
        "columns": columns,
        "rows": rows,
    }


def _narrow(locations: tuple[Location, ...], place: str | None, zone: str | None) -> tuple[Location, ...]:
    """Return the locations within a place and a zone."""
    found = []
    for location in locations:
        codes = tuple(code for code in location.alike if place is None or place in within(code, location.schemas))
        if codes:
            found.append(location.with_sites(codes))
    if zone is not None:
        found = [location for location in found if location.zone == zone]
    elif place is not None:
        outside = [location for location in found if location.zone == OUTSIDE or location.whole]
        found = outside or found
    if not found:
        raise PlaceError(_("no company can be registered there: that zone has no such site"))
    return tuple(found)


# --- services × regimes


def _by_regimes(search: BestCaseSearch, locations: tuple[Location, ...]) -> tuple[list[Data], list[Data]]:
    names = list(dict.fromkeys(rule.effect.name for rule in search.routes if isinstance(rule.effect, Route)))
    rules = {name: find_rules(search, name) for name in names}

    def find(rule: Rule, business: Business) -> Finding | None:
        return search.best(rule, business, locations)

    found = {
        business: {name: find_best(rules[name], business, find) for name in names} for business in search.businesses
    }
    columns = [summarize_regime(search, name, [cells[name] for cells in found.values()], locations) for name in names]
    columns.sort(key=lambda column: column.pop("order"))
    rows = _rows(
        search, {business: {n: _cell(search, business, cells[n]) for n in names} for business, cells in found.items()}
    )
    for row in rows:
        row["cells"] = [{"column": column["id"], **row["cells"][column["id"]]} for column in columns]
    return columns, rows


def find_rules(search: BestCaseSearch, name: str) -> tuple[Rule, ...]:
    """Return the routes of a regime."""
    return tuple(rule for rule in search.routes if isinstance(rule.effect, Route) and rule.effect.name == name)


def find_best(
    rules: Iterable[Rule], business: Business, find: Callable[[Rule, Business], Finding | None]
) -> Finding | None:
    """Return the best finding for a business among several routes: the highest share, or else the obstacles."""
    best: Finding | None = None
    for rule in rules:
        finding = find(rule, business)
        if finding is not None and (best is None or _rank(finding) > _rank(best)):
            best = finding
    return best


def _rank(finding: Finding) -> tuple[int, float]:
    return (STRICTNESS.index(state_of(finding)), finding.case.share if finding.case else -1.0)


def state_of(finding: Finding | None) -> str:
    """Return the state of a cell (STRICTNESS)."""
    if finding is None:
        return "none"
    return "open" if finding.case else "prohibited" if finding.barred else "closed"


def summarize_regime(
    search: BestCaseSearch, name: str, cells: list[Finding | None], locations: tuple[Location, ...]
) -> Data:
    """Return the column of a regime, with its place among the columns as `order`. `cells`: those of all businesses."""
    rules = find_rules(search, name)
    opened = [finding for finding in cells if finding is not None and finding.case is not None]
    territorial = any(condition.where for rule in rules for condition in rule.effect.conditions)  # type: ignore[union-attr]
    foreign = sum(finding.case.share > 0 for finding in opened if finding.case)
    places: LocalizedText | None = None
    if territorial and opened:
        seen = {finding.rule: finding for finding in reversed(opened)}
        where = {location for finding in seen.values() for location in _open_locations(search, finding, locations)}
        places = describe_locations((location for location in locations if location in where), locations)
    policies = [search.bundle.policies[policy] for policy in dict.fromkeys(rule.policy for rule in rules)]
    return {
        "id": name,
        "title": _title(rules),
        "places": places,
        "instruments": [
            {"id": one, "title": say_both(search.bundle.instruments[one].title)}
            for one in dict.fromkeys(r.effect.instrument for r in rules if isinstance(r.effect, Route))
        ],
        "policies": [
            {
                "policy": policy.id,
                "title": titled(policy, policy.edition(search.day)),
                "number": _number(policy, search.day),
            }
            for policy in policies
        ],
        "order": (not foreign, territorial, -foreign if not territorial else 0, min(p.since for p in policies), name),
    }


def _title(rules: Iterable[Rule]) -> dict[str, str]:
    """Return the titles that the rules give to their route."""
    titles = [rule.effect.title for rule in rules if isinstance(rule.effect, Route)]
    return {language: " / ".join(dict.fromkeys(title[language] for title in titles)) for language in LANGUAGES}


def _open_locations(search: BestCaseSearch, finding: Finding, locations: tuple[Location, ...]) -> Iterable[Location]:
    """Return the locations at which an open route is open, with other facts at their best."""
    assert finding.case is not None
    return search.open_locations(finding.rule, finding.business, finding.case, locations)


def _cell(search: BestCaseSearch, business: Business, finding: Finding | None) -> Data:
    """Build one cell: the share with its binding conditions, or the reasons why there is none."""
    cell: Data = {"state": state_of(finding), "max_foreign_percent": None, "contested": False}
    cell |= {"rule": None, "conditions": [], "reasons": [], "articles": []}
    if finding is None:
        return cell
    policy = search.bundle.policies[finding.rule.policy]
    cell |= {"rule": finding.rule.name, "contested": finding.rule.contested}
    cell["articles"] = _articles(policy, finding.rule.cite, search.day)
    if finding.case is not None:
        cell["max_foreign_percent"] = finding.case.share
        cell["conditions"] = [
            {
                "id": one.id,
                "message": say_both(one.message),
                "where": one.where,
                "articles": _articles(policy, one.cite, search.day),
            }
            for one in search.binding(finding.rule, business, finding.case)
        ]
    for condition in finding.failing:
        articles = _articles(policy, condition.cite, search.day)
        cell["reasons"].append(
            {"rule": finding.rule.name, "message": say_both(condition.message), "articles": articles}
        )
    for rule in finding.barred:
        articles = _articles(search.bundle.policies[rule.policy], rule.cite, search.day)
        cell["reasons"].append({"rule": rule.name, "message": say_both(rule.message), "articles": articles})
    return cell


# --- services × places


def _by_places(search: BestCaseSearch, locations: tuple[Location, ...]) -> tuple[list[Data], list[Data]]:
    """Build columns for sets of places in which every business has equal results, and their rows."""
    first = {(rule, one): search.best(rule, one, locations[:1]) for rule in search.routes for one in search.businesses}
    groups: dict[Any, list[Location]] = {}
    cells: dict[Any, dict[Business, Data]] = {}
    for location in locations:
        here = {business: _place_cell(search, business, location, first) for business in search.businesses}
        key = tuple(repr(cell) for cell in here.values())
        groups.setdefault(key, []).append(location)
        cells.setdefault(key, here)
    columns = []
    found: dict[Business, dict[str, Data]] = {business: {} for business in search.businesses}
    ordered = sorted(
        groups.items(), key=lambda item: (-sum(len(location.alike) for location in item[1]), item[1][0].at)
    )
    for number, (key, members) in enumerate(ordered):
        id = letters(number).upper()
        sample = members[0]
        columns.append(
            {
                "id": id,
                "title": describe_locations(members, locations)
                if number or len(ordered) < 3 or locations != search.locations
                else say_both(_ELSEWHERE),
                "sample": {"at": sample.at, "zone": sample.zone, "title": _location_title(sample)},
                "count": sum(len(location.alike) for location in members),
            }
        )
        for business, cell in cells[key].items():
            found[business][id] = cell
    rows = _rows(search, found)
    for row in rows:
        row["cells"] = [{"column": column["id"], **row["cells"][column["id"]]} for column in columns]
    return columns, rows


def _place_cell(
    search: BestCaseSearch,
    business: Business,
    location: Location,
    first: Mapping[tuple[Rule, Business], Finding | None],
) -> Data:
    """Build the cell of one place: the highest share and its routes. `first` has the findings at another place."""
    found = []
    for rule in search.routes:
        known = first[rule, business]
        if known is None and search.is_nationwide(rule):
            continue
        finding = (known and search.at(known, location)) or search.best(rule, business, (location,))
        found += [finding] if finding is not None else []
    opened = [finding for finding in found if finding.case and finding.case.share > 0]
    ordinary = [finding for finding in opened if finding.case and finding.case.choice["origin"] == search.origins[0]]
    rest = [finding for finding in found if finding.barred] or [finding for finding in found if finding not in opened]
    cell = _top(ordinary or rest)
    special = _top([finding for finding in opened if finding not in ordinary])
    better = (special["max_foreign_percent"] or 0) > (cell["max_foreign_percent"] or 0)
    return {**cell, "special": special if better else None}


def _top(findings: list[Finding]) -> Data:
    """Return the highest share among findings, with the routes that give it."""
    top = max(map(_rank, findings), default=(0, -1.0))
    best = [finding for finding in findings if _rank(finding) == top]
    state = STRICTNESS[top[0]]
    names = [f.rule.effect.name for f in best if isinstance(f.rule.effect, Route)]
    return {
        "state": state,
        "max_foreign_percent": top[1] if state == "open" else None,
        "contested": state == "open" and all(finding.rule.contested for finding in best),
        "routes": list(dict.fromkeys(names)) if state == "open" and top[1] > 0 else [],
    }


def _location_title(location: Location) -> LocalizedText:
    place = label("place", location.at, location.schemas)
    if location.zone == OUTSIDE or location.whole:
        return say_both(place)
    zone = label("zone", location.zone, location.schemas)
    return both(FRAMES, "aside", text=place, remark=zone)


# --- rows


def _rows(search: BestCaseSearch, cells: Mapping[Business, Mapping[str, Data]]) -> list[Data]:
    """Build one row for all offers of a class that have equal cells."""
    rows: dict[Any, Data] = {}
    names = describe(("services", 0, "offers", 0), search.schemas)["x-enum"]
    for business, found in cells.items():
        key = (business.cls, tuple(repr(cell) for cell in found.values()))
        row = rows.setdefault(
            key,
            {
                "class": business.cls,
                "title": say_both(label("class", business.cls, search.schemas)),
                "offers": [],
                "cells": dict(found),
            },
        )
        row["offers"].append({"id": business.offer, "title": say_both(names[business.offer])})
    counts: dict[str, int] = {}
    for row in rows.values():
        counts[row["class"]] = counts.get(row["class"], 0) + 1
    return [{**row, "whole": counts[row["class"]] == 1} for row in rows.values()]


def _articles(policy: Policy, keys: Iterable[str], day: str) -> list[Data]:
    title = titled(policy, policy.edition(day))
    return [
        {
            "policy": policy.id,
            "title": title,
            "key": key,
            "label": say_both(policy.articles[key].label),
            "verification": policy.articles[key].verification,
        }
        for key in keys
    ]


def _number(policy: Policy, day: str) -> str | None:
    edition = policy.edition(day)
    number: str | None = edition.number if edition else policy.source.get("number")
    return number
