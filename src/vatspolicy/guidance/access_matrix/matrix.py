"""Access matrix: the foreign share that each business may have, by regime or by place, on a day.

Computed from the routes of the bundle; no cell, row or column is written by hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from vatspolicy.core.engine.law_texts import titled
from vatspolicy.core.engine.result import InstrumentRecord
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Policy, Rule
from vatspolicy.core.profile.vocabulary import describe, label, within
from vatspolicy.guidance.access_matrix import result
from vatspolicy.guidance.access_matrix.best_case import BestCaseSearch, Business, RouteFinding
from vatspolicy.guidance.access_matrix.locations import OUTSIDE, Site, describe_locations, letters
from vatspolicy.i18n import LANGUAGES, LocalizedText, Phrase, _
from vatspolicy.i18n.words import FRAMES, both, say_both

STRICTNESS: tuple[result.State, ...] = ("none", "prohibited", "closed", "open")
"""States of a cell, from the strictest to the mildest."""


_ELSEWHERE = Phrase("Elsewhere in the mainland")
"""Title of the largest set of places: all remaining places."""


class PlaceError(Exception):
    """Error for a place or zone where companies cannot be registered."""


def build_matrix(
    bundle: Bundle, day: str, place: str | None = None, zone: str | None = None, by: str = "regimes"
) -> result.Matrix:
    """Build the matrix of a day: services × regimes, or services × places for `by="places"`.

    `place` (a code of the gazetteer) and `zone` (a free-trade zone, or `none`) narrow where the company is registered
    and its facilities stand; without a zone, an address in a place is read as outside of zones unless the whole place
    is one. Raises ValueError for a day that the bundle does not cover, and PlaceError.
    """
    search = BestCaseSearch(bundle, day)
    locations = _narrow(search.locations, place, zone)
    columns, rows = _by_places(search, locations) if by == "places" else _by_regimes(search, locations)
    return result.Matrix(
        by=by,
        as_of=day,
        place=place,
        zone=zone,
        bundle=bundle.identity,
        routes={name: _title(_find_rules(search, name)) for name in _names(search)},
        columns=columns,
        rows=rows,
    )


def _narrow(locations: tuple[Site, ...], place: str | None, zone: str | None) -> tuple[Site, ...]:
    """Return the locations within a place and a zone."""
    narrowed = []
    for location in locations:
        codes = tuple(code for code in location.alike if place is None or place in within(code, location.schemas))
        if codes:
            narrowed.append(location.with_sites(codes))
    if zone is not None:
        narrowed = [location for location in narrowed if location.zone == zone]
    elif place is not None:
        outside = [location for location in narrowed if location.zone == OUTSIDE or location.whole]
        narrowed = outside or narrowed
    if not narrowed:
        raise PlaceError(_("companies cannot be registered there: the zone has no site in that place"))
    return tuple(narrowed)


# --- services × regimes


def _by_regimes(
    search: BestCaseSearch, locations: tuple[Site, ...]
) -> tuple[tuple[result.Regime, ...], tuple[result.MatrixRow, ...]]:
    rules = {name: _find_rules(search, name) for name in _names(search)}
    by_business = {
        business: {name: _find_best(search, rules[name], business, locations) for name in rules}
        for business in search.businesses
    }
    ordered = [
        _regime(search, name, routes, [findings[name] for findings in by_business.values()], locations)
        for name, routes in rules.items()
    ]
    columns = tuple(column for _, column in sorted(ordered, key=lambda pair: pair[0]))
    cells = {
        business: tuple(_cell(search, column.id, business, findings[column.id]) for column in columns)
        for business, findings in by_business.items()
    }
    return columns, _rows(search, cells)


def _names(search: BestCaseSearch) -> list[str]:
    """Return the names of the regimes."""
    return list(dict.fromkeys(rule.route.name for rule in search.routes))


def _find_rules(search: BestCaseSearch, name: str) -> tuple[Rule, ...]:
    """Return the routes of a regime."""
    return tuple(rule for rule in search.routes if rule.route.name == name)


def _find_best(
    search: BestCaseSearch, rules: Iterable[Rule], business: Business, locations: tuple[Site, ...]
) -> RouteFinding | None:
    """Return the best finding for a business among several routes: the highest share, or else the obstacles."""
    found = (search.best(rule, business, locations) for rule in rules)
    return max((finding for finding in found if finding is not None), key=_rank, default=None)


def _rank(finding: RouteFinding) -> tuple[int, float]:
    return (STRICTNESS.index(_state_of(finding)), finding.case.share if finding.case else -1.0)


def _state_of(finding: RouteFinding | None) -> result.State:
    """Return the state of a cell (STRICTNESS)."""
    if finding is None:
        return "none"
    return "open" if finding.case else "prohibited" if finding.barred else "closed"


def _regime(
    search: BestCaseSearch,
    name: str,
    rules: tuple[Rule, ...],
    cells: Iterable[RouteFinding | None],
    locations: tuple[Site, ...],
) -> tuple[tuple[bool, bool, int, str, str], result.Regime]:
    """Return the column of a regime, after its place among the columns."""
    opened = [finding for finding in cells if finding is not None and finding.case is not None]
    territorial = any(condition.where for rule in rules for condition in rule.conditions)
    foreign = sum(finding.case.share > 0 for finding in opened if finding.case)
    places: LocalizedText | None = None
    if territorial and opened:
        seen = {finding.rule: finding for finding in reversed(opened)}
        where = {location for finding in seen.values() for location in _open_locations(search, finding, locations)}
        places = describe_locations((location for location in locations if location in where), locations)
    policies = [search.bundle.policies[policy] for policy in dict.fromkeys(rule.policy for rule in rules)]
    instruments = dict.fromkeys(rule.route.instrument for rule in rules)
    order = (not foreign, territorial, -foreign if not territorial else 0, min(p.since for p in policies), name)
    return order, result.Regime(
        name,
        _title(rules),
        places,
        tuple(
            InstrumentRecord(instrument, say_both(search.bundle.instruments[instrument].title))
            for instrument in instruments
        ),
        tuple(
            result.Regulation(policy.id, titled(policy, search.day), policy.number(search.day)) for policy in policies
        ),
    )


def _title(rules: Iterable[Rule]) -> dict[str, str]:
    """Return the titles that the rules give to their route."""
    titles = [rule.route.title for rule in rules]
    return {language: " / ".join(dict.fromkeys(title[language] for title in titles)) for language in LANGUAGES}


def _open_locations(search: BestCaseSearch, finding: RouteFinding, locations: tuple[Site, ...]) -> Iterable[Site]:
    """Return the locations at which an open route is open, with other facts at their best."""
    assert finding.case is not None
    return search.open_locations(finding.rule, finding.business, finding.case, locations)


def _cell(search: BestCaseSearch, column: str, business: Business, finding: RouteFinding | None) -> result.RegimeCell:
    """Build one cell: the share with its binding conditions, or the reasons for its absence."""
    if finding is None:
        return result.RegimeCell(column, "none", None, False, None, (), (), ())
    rule, case, policies, day = finding.rule, finding.case, search.bundle.policies, search.day
    policy = policies[rule.policy]
    return result.RegimeCell(
        column,
        _state_of(finding),
        case.share if case else None,
        rule.contested,
        rule.name,
        tuple(
            result.Binding(held.id, say_both(held.message), held.where, _articles(policy, held.cite, day))
            for held in (search.binding(rule, business, case) if case else ())
        ),
        (
            *(
                result.ClosedReason(rule.name, say_both(failed.message), _articles(policy, failed.cite, day))
                for failed in finding.failing
            ),
            *(
                result.ClosedReason(bar.name, say_both(bar.message), _articles(policies[bar.policy], bar.cite, day))
                for bar in finding.barred
            ),
        ),
        _articles(policy, rule.cite, day),
    )


# --- services × places


def _by_places(
    search: BestCaseSearch, locations: tuple[Site, ...]
) -> tuple[tuple[result.PlaceSet, ...], tuple[result.MatrixRow, ...]]:
    """Build columns for sets of places in which every business has equal results, and their rows."""
    first = {
        (rule, business): search.best(rule, business, locations[:1])
        for rule in search.routes
        for business in search.businesses
    }
    groups: dict[tuple[result.PlaceCell, ...], list[Site]] = {}
    for location in locations:
        here = tuple(_place_cell(search, business, location, first) for business in search.businesses)
        groups.setdefault(here, []).append(location)
    kinds = sorted(groups, key=lambda here: (-sum(len(group.alike) for group in groups[here]), groups[here][0].at))
    columns = []
    for number, here in enumerate(kinds):
        members = groups[here]
        sample = members[0]
        title = (
            describe_locations(members, locations)
            if number or len(kinds) < 3 or locations != search.locations
            else say_both(_ELSEWHERE)
        )
        count = sum(len(location.alike) for location in members)
        shown = result.Sample(sample.at, sample.zone, _location_title(sample))
        columns.append(result.PlaceSet(letters(number).upper(), title, shown, count))
    cells = {
        business: tuple(replace(here[at], column=column.id) for column, here in zip(columns, kinds, strict=True))
        for at, business in enumerate(search.businesses)
    }
    return tuple(columns), _rows(search, cells)


def _place_cell(
    search: BestCaseSearch,
    business: Business,
    location: Site,
    first: Mapping[tuple[Rule, Business], RouteFinding | None],
) -> result.PlaceCell:
    """Build the cell of one place, without its column: the highest share and its routes.

    `first` has the findings at another place.
    """
    findings = []
    for rule in search.routes:
        known = first[rule, business]
        if known is None and search.is_nationwide(rule):
            continue
        finding = (known and search.at(known, location)) or search.best(rule, business, (location,))
        findings += [finding] if finding is not None else []
    opened = [finding for finding in findings if finding.case and finding.case.share > 0]
    ordinary = [finding for finding in opened if finding.case and finding.case.choice["origin"] == search.origins[0]]
    rest = [finding for finding in findings if finding.barred]
    rest = rest or [finding for finding in findings if finding not in opened]
    top = _top(ordinary or rest)
    special = _top([finding for finding in opened if finding not in ordinary])
    better = (special.max_foreign_percent or 0) > (top.max_foreign_percent or 0)
    return result.PlaceCell(
        "", top.state, top.max_foreign_percent, top.contested, top.routes, special if better else None
    )


def _top(findings: list[RouteFinding]) -> result.Share:
    """Return the highest share among findings, with the routes that give it."""
    top = max(map(_rank, findings), default=(0, -1.0))
    best = [finding for finding in findings if _rank(finding) == top]
    state = STRICTNESS[top[0]]
    if state != "open":
        return result.Share(state, None, False, ())
    names = [finding.rule.route.name for finding in best]
    contested = all(finding.rule.contested for finding in best)
    return result.Share(state, top[1], contested, tuple(dict.fromkeys(names)) if top[1] > 0 else ())


def _location_title(location: Site) -> LocalizedText:
    place = label("place", location.at, location.schemas)
    if location.zone == OUTSIDE or location.whole:
        return say_both(place)
    zone = label("zone", location.zone, location.schemas)
    return both(FRAMES, "aside", text=place, remark=zone)


# --- rows


def _rows(
    search: BestCaseSearch,
    cells: Mapping[Business, tuple[result.RegimeCell, ...]] | Mapping[Business, tuple[result.PlaceCell, ...]],
) -> tuple[result.MatrixRow, ...]:
    """Build one row for all offers of a class that have equal cells."""
    names = describe(("services", 0, "offers", 0), search.schemas)["x-enum"]
    rows: list[result.MatrixRow] = []
    for business, columns in cells.items():
        offer = result.Offer(business.offer, say_both(names[business.offer]))
        for at, row in enumerate(rows):
            if row.class_ == business.cls and row.cells == columns:
                rows[at] = replace(row, offers=(*row.offers, offer))
                break
        else:
            title = say_both(label("class", business.cls, search.schemas))
            rows.append(result.MatrixRow(business.cls, title, (offer,), columns, True))
    counts = Counter(row.class_ for row in rows)
    return tuple(replace(row, whole=counts[row.class_] == 1) for row in rows)


def _articles(policy: Policy, keys: Iterable[str], day: str) -> tuple[result.CitedArticle, ...]:
    title = titled(policy, day)
    return tuple(
        result.CitedArticle(policy.id, title, key, say_both(article.label), article.verification)
        for key, article in ((key, policy.articles[key]) for key in keys)
    )
