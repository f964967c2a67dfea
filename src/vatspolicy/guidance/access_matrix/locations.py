"""Locations that the law of a day distinguishes: sites of the gazetteer, inside and outside free-trade zones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.schemas import SchemaSet, derived_from_schemas
from vatspolicy.core.profile.profile import facts_of
from vatspolicy.core.profile.vocabulary import addresses, gazetteer, label, within
from vatspolicy.i18n import LocalizedText, Phrase
from vatspolicy.i18n.words import FRAMES, both, join_both, say_both

MAINLAND, ABROAD, OUTSIDE = "china", "overseas", "none"
_WITHOUT = Phrase("{zone} (not {places})")


@dataclass(frozen=True)
class Site:
    """Site that represents all sites treated alike by the law, in one zone or outside every zone."""

    at: str
    zone: str
    alike: tuple[str, ...] = field(repr=False)
    """Codes of all sites that it represents."""
    site: Facts = field(repr=False, compare=False, hash=False)
    """Site in the form for expressions."""
    areas: tuple[list[Tree], ...] = field(repr=False, compare=False, hash=False)
    """Service areas to try, in the form for expressions: the mainland, then the places around the site, largest first.
    """
    written_areas: tuple[list[Tree], ...] = field(repr=False, compare=False, hash=False)
    schemas: SchemaSet = field(repr=False, compare=False, hash=False)

    @property
    def whole(self) -> bool:
        """True if the whole place lies in the zone, so that no address is outside it."""
        return "zone" in gazetteer(self.schemas)[self.at]

    def with_sites(self, alike: tuple[str, ...]) -> Site:
        """Return the same kind of location, for some of its sites only."""
        if alike == self.alike:
            return self
        return (
            replace(self, alike=alike) if self.at in alike else _make_location(alike[0], self.zone, alike, self.schemas)
        )

    @property
    def written(self) -> dict[str, str]:
        """Site as a profile states it."""
        return {"at": self.at, "ftz": self.zone}


def find_locations(strings: frozenset[str], schemas: SchemaSet) -> tuple[Site, ...]:
    """Return one location for every kind of place. `strings` are all strings of the law, place codes included."""
    groups: dict[tuple[tuple[str, ...], str, str | None], list[str]] = {}
    for code in addresses(schemas):
        entry = gazetteer(schemas)[code]
        if ABROAD in within(code, schemas):
            continue
        named = tuple(place for place in within(code, schemas) if place in strings)
        groups.setdefault((named, entry["province"], entry.get("zone")), []).append(code)
    locations = []
    for (_, province, own), codes in groups.items():
        zones = [own] if own else [OUTSIDE, *_zones(province, schemas)]
        locations += [_make_location(codes[0], zone, tuple(codes), schemas) for zone in zones]
    return tuple(locations)


def _zones(province: str, schemas: SchemaSet) -> list[str]:
    """Return the zones of a province that contain no whole site; a zone has the name of its province."""
    whole = {entry["zone"] for entry in gazetteer(schemas).values() if "zone" in entry}
    zones = schemas.load("places")["$defs"]["zone"]["enum"]
    return [zone for zone in zones if (zone == province or zone.startswith(f"{province}-")) and zone not in whole]


def _make_location(at: str, zone: str, alike: tuple[str, ...], schemas: SchemaSet) -> Site:
    around = [place for place in reversed(within(at, schemas)) if place != MAINLAND]
    written: list[list[Tree]] = [[MAINLAND], *([place] for place in around)]
    if zone != OUTSIDE:
        written += [[{"at": place, "ftz": zone}] for place in around]
    services = [{"id": f"s{index}", "area": area} for index, area in enumerate(written)]
    company = {"registered": {"at": at, "ftz": zone}}
    facts = facts_of({"schema": 2, "product": {"id": "p"}, "company": company, "services": services}, schemas)
    areas = tuple(service["area"] for service in facts["services"])
    return Site(at, zone, alike, facts["company"]["registered"], areas, tuple(written), schemas)


def describe_locations(locations: Iterable[Site], all_locations: Iterable[Site]) -> LocalizedText:
    """Return a set of locations in words: the largest whole places, then the free-trade zones outside them.

    A zone that is only partly in the set is named with its places in the set, or with those outside it.
    """
    locations, all_locations = tuple(locations), tuple(all_locations)
    schemas = all_locations[0].schemas
    outside = _sites(location for location in locations if location.zone == OUTSIDE or location.whole)
    names = [_names(_largest(outside, schemas), schemas)] if outside else []
    for zone in dict.fromkeys(
        location.zone for location in locations if location.zone != OUTSIDE and not set(location.alike) <= outside
    ):
        inside = _sites(location for location in locations if location.zone == zone)
        rest = _sites(location for location in all_locations if location.zone == zone) - inside
        name = label("zone", zone, schemas)
        if not rest:
            names.append(say_both(name))
            continue
        within_, without = _largest(inside, schemas), _largest(rest, schemas)
        if len(within_) <= len(without):
            names.append(both(FRAMES, "aside", text=name, remark=_names(within_, schemas, "list")))
        else:
            names.append(say_both(_WITHOUT, zone=name, places=_names(without, schemas, "list")))
    return join_both(names, "semicolon", chinese="list")


def _sites(locations: Iterable[Site]) -> set[str]:
    return {code for location in locations for code in location.alike}


def _names(codes: Iterable[str], schemas: SchemaSet, mark: str = "semicolon") -> dict[str, str]:
    return join_both([label("place", code, schemas) for code in codes], mark, chinese="list")


def _largest(codes: set[str], schemas: SchemaSet) -> list[str]:
    """Return the fewest places that together contain exactly these sites."""
    largest: list[str] = []
    left = set(codes)
    for place, sites in sorted(_sites_below(schemas).items(), key=lambda item: -len(item[1])):
        if sites & left and sites <= codes:
            largest.append(place)
            left -= sites
    order = {code: index for index, code in enumerate(gazetteer(schemas))}
    return sorted(largest, key=order.__getitem__)


@derived_from_schemas
def _sites_below(schemas: SchemaSet) -> Mapping[str, set[str]]:
    """Return the sites within every place of the gazetteer, itself included; larger places first."""
    below: dict[str, set[str]] = {}
    for code in addresses(schemas):
        for place in reversed(within(code, schemas)):
            below.setdefault(place, set()).add(code)
    return below


def letters(number: int) -> str:
    """Return the letters for a number, like the columns of a spreadsheet: a, b … z, aa, ab."""
    last = chr(ord("a") + number % 26)
    return last if number < 26 else letters(number // 26 - 1) + last
