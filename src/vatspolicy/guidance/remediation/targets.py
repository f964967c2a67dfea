"""Places that the rules of routes name: what a company, its facilities and its service area could move to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.cel.ast import Compare, Fact, In, Literal, Node, Param, walk
from vatspolicy.documents.schemas import SchemaSet, derived_from_schemas
from vatspolicy.engine.decision import Decision
from vatspolicy.policies.model import Route, Rule
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.vocabulary import LocalizedText, gazetteer, label, within

_SEATS = {"shanghai": "shanghai-pudong", "shanghai-original": "shanghai-pudong", "zhejiang": "zhoushan"}
"""Where a zone lies, when that is not the first city of its province."""


ANYWHERE = "mainland"
"""The source of a place that no rule names: anywhere in the mainland does."""


@dataclass(frozen=True)
class Target:
    """One place, or one free-trade zone, that a rule names."""

    source: str
    """The parameter that lists it, or the rule that names it: targets of one source stand for each other."""
    key: str
    places: tuple[str, ...]
    """Codes of the gazetteer: a place within any of them counts."""
    zone: str | None = None
    """The free-trade zone that the address lies in; None where zones do not matter."""
    schemas: SchemaSet = field(kw_only=True, repr=False, compare=False)

    @property
    def name(self) -> LocalizedText:
        """What it is called."""
        if self.zone is not None:
            return label("zone", self.zone, self.schemas)
        names = [label("place", code, self.schemas) for code in self.places]
        if self.source == ANYWHERE:
            return {
                "en": f"mainland China, for example {names[0]['en']}",
                "zh": f"中国内地（例如{names[0]['zh']}）",
            }
        return {"en": " or ".join(name["en"] for name in names), "zh": "或".join(name["zh"] for name in names)}

    def holds(self, place: Mapping[str, Any] | None) -> bool:
        """Whether a place of a profile (as expressions see it) lies here."""
        if place is None or not any(code in place["within"] for code in self.places):
            return False
        return self.zone is None or place.get("ftz") == self.zone

    def site(self, near: Mapping[str, Any] | None) -> dict[str, str]:
        """An address here; that of `near` where it lies here."""
        if near is not None and self.holds(near):
            return (
                {"at": near["at"]}
                if "zone" in gazetteer(self.schemas)[near["at"]]
                else {"at": near["at"], "ftz": near.get("ftz", "none")}
            )
        places = gazetteer(self.schemas)
        here = [code for place in self.places for code in sites_within(self.schemas).get(place, ())]
        own = [code for code in here if self.zone is not None and places[code].get("zone") == self.zone]
        seat = [code for code in here if code == _SEATS.get(self.zone or "")]
        at = next(code for code in (*own, *seat, *here))
        return {"at": at} if "zone" in places[at] else {"at": at, "ftz": self.zone or "none"}

    def area(self) -> list[Any]:
        """The service area that is this place and no more."""
        if self.zone is None:
            return list(self.places)
        return [{"at": code, "ftz": self.zone} for code in self.places]


@derived_from_schemas
def sites_within(schemas: SchemaSet) -> Mapping[str, tuple[str, ...]]:
    """Places fine enough for an address by each place they lie in, in the order of the gazetteer."""
    found: dict[str, list[str]] = {}
    for code in schemas.load("places")["$defs"]["site"]["enum"]:
        for place in within(code, schemas):
            found.setdefault(place, []).append(code)
    return {place: tuple(codes) for place, codes in found.items()}


def targets(law: RuleSet, decision: Decision) -> tuple[Target, ...]:
    """The places named by routes that are about the activities of a decision and by rules that deny it."""
    rules: dict[Rule, None] = {}
    for service in decision.services:
        for activity in service.activities:
            rules |= dict.fromkeys(state.rule for state in activity.routes)
    rules |= dict.fromkeys(finding.rule for finding in decision.denials)
    found: dict[tuple[str, str], Target] = {}
    for rule in rules:
        for target in _named(law, rule):
            found.setdefault((target.source, target.key), target)
    return tuple(found.values())


def _named(law: RuleSet, rule: Rule) -> Iterator[Target]:
    checks = [rule.when]
    if isinstance(rule.effect, Route):
        checks = [condition.check for condition in rule.effect.conditions]
    for check in checks:
        provinces: set[str] = set()
        zones: set[str] = set()
        for node in walk(check.tree):
            if isinstance(node, Param):
                yield from _listed(law, node.key)
            for fact, word in _literals(node):
                if fact.names[-1:] == ("ftz",) and word != "none":
                    zones.add(word)
                if fact.names[-1:] == ("province",) and word != "overseas":
                    provinces.add(word)
        if len(provinces) == 1:
            province = provinces.pop()
            yield from (Target(rule.name, zone, (province,), zone, schemas=law.schemas) for zone in sorted(zones))
            if not zones:
                yield Target(rule.name, province, (province,), schemas=law.schemas)
        elif zones or any(word == "none" for node in walk(check.tree) for _, word in _literals(node)):
            yield from _zones(law)


def _zones(law: RuleSet) -> Iterator[Target]:
    """Every free-trade zone that a parameter in force lists."""
    for key in law.params:
        yield from (target for target in _listed(law, key) if target.zone is not None)


def _listed(law: RuleSet, key: str) -> Iterator[Target]:
    """The places of a parameter: a list of codes, of sets of codes, or of zones."""
    value, schemas = law.params[key], law.schemas
    if not isinstance(value, list):
        return
    for entry in value:
        if isinstance(entry, dict) and "places" in entry:
            yield Target(key, entry["id"], tuple(entry["places"]), schemas=schemas)
        elif isinstance(entry, dict) and "zones" in entry:
            for zone in entry["zones"]:
                yield Target(key, f"{entry['province']}/{zone}", (entry["province"],), zone, schemas=schemas)
        elif isinstance(entry, str) and entry in gazetteer(schemas) and "place" in key:
            yield Target(key, entry, (entry,), schemas=schemas)


def _literals(node: Node) -> Iterator[tuple[Fact, str]]:
    """Facts compared with a fixed word."""
    pairs: list[tuple[Node, Node]] = []
    if isinstance(node, Compare) and node.op in ("==", "!="):
        pairs = [(node.left, node.right), (node.right, node.left)]
    elif isinstance(node, In):
        pairs = [(node.list, node.item), (node.item, node.list)]
    for fact, literal in pairs:
        if isinstance(fact, Fact) and isinstance(literal, Literal) and isinstance(literal.value, str):
            yield fact, literal.value
