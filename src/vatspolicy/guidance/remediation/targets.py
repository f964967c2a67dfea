"""Places in rules, to which a company, its facilities or its service area could move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vatspolicy.core.cel.ast import Compare, Fact, In, Literal, Node, Param, walk
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.schemas import SchemaSet, derived_from_schemas
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.policies.model import Route, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.vocabulary import addresses, gazetteer, label, within
from vatspolicy.i18n import LocalizedText, Phrase
from vatspolicy.i18n.words import join_both, say_both

_SEATS = {"shanghai": "shanghai-pudong", "shanghai-original": "shanghai-pudong", "zhejiang": "zhoushan"}
"""Location of a zone that does not lie in the first city of its province."""


ANYWHERE = "mainland"
"""Source of a target that is not in a rule: anywhere in the mainland."""
_MAINLAND = Phrase("mainland China, for example {place}")


@dataclass(frozen=True)
class Target:
    """Place or free-trade zone in a rule."""

    source: str
    """Parameter or rule that contains it; targets of one source are alternatives."""
    key: str
    places: tuple[str, ...]
    """Codes of the gazetteer; places within any of them match."""
    zone: str | None = None
    """Free-trade zone of the address; None if zones do not matter."""
    schemas: SchemaSet = field(kw_only=True, repr=False, compare=False)

    @property
    def name(self) -> LocalizedText:
        """Name of the target."""
        if self.zone is not None:
            return label("zone", self.zone, self.schemas)
        names = [label("place", code, self.schemas) for code in self.places]
        if self.source == ANYWHERE:
            return say_both(_MAINLAND, place=names[0])
        return join_both(names, "or")

    def holds(self, place: Facts | None) -> bool:
        """Return True if a place of a profile (as expressions read it) lies in the target."""
        if place is None or not set(self.places).intersection(within(place["at"], self.schemas)):
            return False
        return self.zone is None or place.get("ftz") == self.zone

    def site(self, near: Facts | None) -> dict[str, str]:
        """Return an address in the target; that of `near` if it lies there."""
        if near is not None and self.holds(near):
            return (
                {"at": near["at"]}
                if "zone" in gazetteer(self.schemas)[near["at"]]
                else {"at": near["at"], "ftz": near.get("ftz", "none")}
            )
        places = gazetteer(self.schemas)
        here = [code for place in self.places for code in sites_by_place(self.schemas).get(place, ())]
        own = [code for code in here if self.zone is not None and places[code].get("zone") == self.zone]
        seat = [code for code in here if code == _SEATS.get(self.zone or "")]
        at = next(code for code in (*own, *seat, *here))
        return {"at": at} if "zone" in places[at] else {"at": at, "ftz": self.zone or "none"}

    def area(self) -> list[Tree]:
        """Return the service area that is exactly this target."""
        if self.zone is None:
            return list(self.places)
        return [{"at": code, "ftz": self.zone} for code in self.places]


@derived_from_schemas
def sites_by_place(schemas: SchemaSet) -> Mapping[str, tuple[str, ...]]:
    """Return the sites by each place they lie in, in the order of the gazetteer."""
    found: dict[str, list[str]] = {}
    for code in addresses(schemas):
        for place in within(code, schemas):
            found.setdefault(place, []).append(code)
    return {place: tuple(codes) for place, codes in found.items()}


def find_targets(ruleset: RuleSet, decision: Decision) -> tuple[Target, ...]:
    """Return the places in routes of the activities of a decision and in the rules that deny it."""
    rules: dict[Rule, None] = {}
    for service in decision.services:
        for activity in service.activities:
            rules |= dict.fromkeys(state.rule for state in activity.routes)
    rules |= dict.fromkeys(finding.rule for finding in decision.denials)
    found: dict[tuple[str, str], Target] = {}
    for rule in rules:
        for target in _named(ruleset, rule):
            found.setdefault((target.source, target.key), target)
    return tuple(found.values())


def _named(ruleset: RuleSet, rule: Rule) -> Iterator[Target]:
    checks = [rule.when]
    if isinstance(rule.effect, Route):
        checks = [condition.check for condition in rule.effect.conditions]
    for check in checks:
        provinces: set[str] = set()
        zones: set[str] = set()
        for node in walk(check.tree):
            if isinstance(node, Param):
                yield from _listed(ruleset, node.key)
            for fact, word in _literals(node):
                if fact.names[-1:] == ("ftz",) and word != "none":
                    zones.add(word)
                if fact.names[-1:] == ("province",) and word != "overseas":
                    provinces.add(word)
        if len(provinces) == 1:
            province = provinces.pop()
            yield from (Target(rule.name, zone, (province,), zone, schemas=ruleset.schemas) for zone in sorted(zones))
            if not zones:
                yield Target(rule.name, province, (province,), schemas=ruleset.schemas)
        elif zones or any(word == "none" for node in walk(check.tree) for _, word in _literals(node)):
            yield from _zones(ruleset)


def _zones(ruleset: RuleSet) -> Iterator[Target]:
    """Yield every free-trade zone that a parameter in force lists."""
    for key in ruleset.params:
        yield from (target for target in _listed(ruleset, key) if target.zone is not None)


def _listed(ruleset: RuleSet, key: str) -> Iterator[Target]:
    """Yield the places of a parameter: a list of codes, of sets of codes, or of zones."""
    value, schemas = ruleset.params[key], ruleset.schemas
    if not isinstance(value, list):
        return
    for entry in value:
        if isinstance(entry, dict) and "places" in entry:
            yield Target(key, entry["id"], tuple(entry["places"]), schemas=schemas)
        elif isinstance(entry, dict) and "zones" in entry:
            for zone in entry["zones"]:
                yield Target(key, f"{entry['id']}/{zone}", (entry["id"],), zone, schemas=schemas)
        elif isinstance(entry, str) and entry in gazetteer(schemas) and "place" in key:
            yield Target(key, entry, (entry,), schemas=schemas)


def _literals(node: Node) -> Iterator[tuple[Fact, str]]:
    """Yield facts that are compared with a literal string."""
    pairs: list[tuple[Node, Node]] = []
    if isinstance(node, Compare) and node.op in ("==", "!="):
        pairs = [(node.left, node.right), (node.right, node.left)]
    elif isinstance(node, In):
        pairs = [(node.list, node.item), (node.item, node.list)]
    for fact, literal in pairs:
        if isinstance(fact, Fact) and isinstance(literal, Literal) and isinstance(literal.value, str):
            yield fact, literal.value
