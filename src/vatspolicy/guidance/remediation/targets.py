"""Places in rules, to which a company, its facilities or its service area could move."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vatspolicy.core.cel.ast import Compare, Fact, In, Literal, Node, Param, walk
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.schemas import SchemaSet, derived_from_schemas
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.policies.model import Expression, Rule
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
        places, zone = gazetteer(self.schemas), self.zone or "none"
        if near is not None and self.holds(near):
            at, zone = near["at"], near.get("ftz", "none")
        else:
            here = [code for place in self.places for code in sites_by_place(self.schemas).get(place, ())]
            own = [code for code in here if self.zone is not None and places[code].get("zone") == self.zone]
            seat = [code for code in here if code == _SEATS.get(zone)]
            at = (*own, *seat, *here)[0]
        return {"at": at} if "zone" in places[at] else {"at": at, "ftz": zone}

    def area(self) -> list[Tree]:
        """Return the service area that is exactly this target."""
        if self.zone is None:
            return list(self.places)
        return [{"at": code, "ftz": self.zone} for code in self.places]


@derived_from_schemas
def sites_by_place(schemas: SchemaSet) -> Mapping[str, tuple[str, ...]]:
    """Return the sites by each place they lie in, in the order of the gazetteer."""
    sites: dict[str, list[str]] = {}
    for code in addresses(schemas):
        for place in within(code, schemas):
            sites.setdefault(place, []).append(code)
    return {place: tuple(codes) for place, codes in sites.items()}


def find_targets(ruleset: RuleSet, decision: Decision) -> tuple[Target, ...]:
    """Return the places in routes of the activities of a decision and in the rules that deny it."""
    rules = dict.fromkeys([*(state.rule for state in decision.routes), *(denial.rule for denial in decision.denials)])
    targets: dict[tuple[str, str], Target] = {}
    for rule in rules:
        checks = [condition.check for condition in rule.conditions] if rule.kind == "route" else [rule.when]
        for target in (target for check in checks for target in _named(ruleset, rule, check)):
            targets.setdefault((target.source, target.key), target)
    return tuple(targets.values())


def _named(ruleset: RuleSet, rule: Rule, check: Expression) -> Iterator[Target]:
    """Yield the places that an expression of a rule names: in parameters, or as a province with its zones."""
    nodes = list(walk(check.tree))
    for node in nodes:
        if isinstance(node, Param):
            yield from _listed(ruleset, node.key)
    words = {(fact.names[-1:], word) for node in nodes for fact, word in _literals(node)}
    zones = sorted(word for name, word in words if name == ("ftz",) and word != "none")
    provinces = [word for name, word in words if name == ("province",) and word != "overseas"]
    if len(provinces) == 1:
        for key in zones or provinces:
            zone = key if zones else None
            yield Target(rule.name, key, (provinces[0],), zone, schemas=ruleset.schemas)
    elif zones or any(word == "none" for _, word in words):
        yield from _zones(ruleset)


def _zones(ruleset: RuleSet) -> Iterator[Target]:
    """Yield every free-trade zone that a parameter in force lists."""
    yield from (target for key in ruleset.params for target in _listed(ruleset, key) if target.zone is not None)


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
