"""Random laws that hold every key of `policy.schema.json`, for tests that compare several ways of deciding.

Values follow from the schema, so that a key that it gains is drawn, too. A key whose values do not follow from it, such
as a name or an expression, is drawn by a function of its own here; the generator fails for one that has none.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.policies.files import read_layer
from vatspolicy.core.policies.model import EFFECTS

Data = dict[str, Any]

START, CHANGE, END = "2020-01-01", "2023-05-01", "2031-01-01"
"""Days on which the law begins, on which some of it changes, and on which it may end."""
INSTRUMENTS = ("vats-license", "basic-license", "game-approval", "icp-filing")
CLASSES = ("B11", "B14-users", "B21-transaction", "B25-search")
ARTICLES = ("art-1", "art-2", "art-3")
TARGET = "access"
"""What the routes lead to."""
CONTESTED = {"classify": "class", "route": "route"}
"""Kinds of rules with other readings, and what a reading of each names."""
_CLAUSES: Mapping[str, tuple[str, ...]] = {
    "product": ("company.foreign_percent > param.cap", "company.mainland_entity", "term.foreign"),
    "service": (
        'sets.intersects(service.offers, ["data-center", "saas", "information-search"])',
        'service.audience == "public"',
        "operator.foreign_percent > 30.0",
        'service.hosting == "mainland"',
        "operator.mainland_entity",
    ),
    "activity": ("activity.class in param.classes", 'activity.class == "B11"', "activity.licensed"),
    "license": ("activity.class in license.classes", "license.valid", 'service.audience == "public"'),
}
_KINDS = ("classify", "classify", "classify", "route", "route", "need", "need", "deny", "duty", "advise")


class LawGenerator:
    """Draws laws, and notes the keys of the schema that it has drawn."""

    def __init__(self, draw: random.Random, schema: Mapping[str, Any] | None = None) -> None:
        self.draw, self.schemas = draw, SchemaSet.shipped()
        self.schema = self.schemas.load("policy") if schema is None else schema
        self.seen: set[str] = set()
        self.each = self.id = ""
        self._names = 0
        choose = draw.choice
        self.makers: Mapping[str, Callable[[], Any]] = {
            "id": lambda: self.id,
            "version": lambda: "1.0.0",
            "review.version": lambda: "1.0.0",
            "source.url": lambda: "https://example.org/law",
            "articles.url": lambda: "https://example.org/article",
            "verified.hash": lambda: "sha256:" + "0" * 64,
            "effective.from": lambda: START,
            "effective.until": lambda: END,
            "supersedes": lambda: ["old"],
            "uses": lambda: ["shared"],
            "parameters.values": self.values,
            "parameters.values.cite": lambda: choose((ARTICLES[0], list(ARTICLES[:2]))),
            "rules": list,
            "rules.id": self.name,
            "rules.from": lambda: choose((START, CHANGE)),
            "rules.until": lambda: choose(("2026-07-01", END)),
            "rules.cite": lambda: draw.sample(ARTICLES, draw.randint(1, 2)),
            "rules.when": lambda: self.condition(self.each),
            "rules.need.instrument": lambda: choose(INSTRUMENTS),
            "rules.need.through": lambda: TARGET,
            "rules.route.to": lambda: TARGET,
            "rules.route.name": self.name,
            "rules.route.instrument": lambda: choose(INSTRUMENTS),
            "rules.route.max_foreign_percent": lambda: choose(("param.cap", "49.0")),
            "rules.route.conditions.id": self.name,
            "rules.route.conditions.cite": lambda: choose((choose(ARTICLES), draw.sample(ARTICLES, 2))),
            "rules.route.conditions.check": lambda: self.condition("activity"),
            "rules.duty.instrument": lambda: choose(INSTRUMENTS),
            "rules.duty.due.by": lambda: "03-31",
            "rules.overrides.rule": lambda: "law/replaced",
            "instruments.authority": self.authority,
            "instruments.authority.when": lambda: self.condition("activity"),
            "instruments.covers": lambda: self.condition("license"),
            "terms": lambda: {"foreign": "company.foreign_percent > 0.0"},
        }
        """Values that do not follow from the schema, by the path of their key."""

    # --- laws

    def bundle(self, folder: Path) -> Bundle:
        """Write a law with a layer above it, and read it."""
        for name, data in self.files().items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        return load_bundle(folder / "law", layers=[read_layer(folder / "layer", str(folder / "layer"))])

    def files(self) -> dict[str, Data]:
        """The files of a law of three policies: one uses another and supersedes a third.

        A rule of the layer above replaces one of its rules.
        """
        old = self.policy(
            "old", leave=("uses", "supersedes", "instruments", "parameters", "terms", "articles", "verified")
        )
        old["effective"] = {"from": "2018-01-01", "until": START}
        shared = self.policy("shared", leave=("uses", "supersedes", "instruments"))
        law = self.policy("law", leave=("parameters", "terms")) | {"uses": ["shared"], "rules": list(self.rules())}
        above = self.policy("above", leave=("supersedes", "instruments", "parameters", "terms")) | {"uses": ["shared"]}
        above["rules"] = [self.rule("deny", leave=(), always="overrides")]
        for policy in (shared, law, above):
            verified = policy.pop("verified", {})
            text = json.dumps(policy)
            cited = [key for key in ARTICLES if text.count(f'"{key}"') > 1]  # beside the article itself
            policy["articles"] = {key: policy["articles"][key] for key in cited}
            policy["verified"] = {key: entry for key, entry in verified.items() if key in cited}
        head = {"title": {"en": "Unit", "zh": "单位"}, "owner": "unit"}
        return {
            "law/bundle.yaml": {"version": "1.0.0", "covers": {"from": "2018-01-01"}},
            "law/layer.yaml": {"name": "law", **head, "may_loosen": ["law/replaced"]},
            **{f"law/{one['id']}.yaml": one for one in (old, shared, law)},
            "layer/layer.yaml": {"name": "unit", **head},
            "layer/above.yaml": above,
        }

    def policy(self, id: str, leave: tuple[str, ...]) -> Data:
        """A policy without rules; of the keys that name other files all but some."""
        self.id = id
        always = ("articles", "instruments", "parameters", "terms")
        return self.object(self.schema, "", leave, [key for key in always if key not in leave])

    def rules(self) -> Iterator[Data]:
        """The rules of a law: each kind, and one need that the routes lead to."""
        yield self.rule("need", through=True)
        yield self.rule("deny") | {"id": "replaced"}
        for kind in _KINDS:
            yield self.rule(kind)

    def rule(
        self, kind: str, through: bool = False, leave: tuple[str, ...] = ("overrides",), always: str = "message"
    ) -> Data:
        """A rule of a kind."""
        node = self.schema["properties"]["rules"]["items"]
        activity = through or kind == "route"
        self.each = (
            "service" if kind == "classify" else "activity" if activity else self.draw.choice(list(_CLAUSES)[:3])
        )
        others = () if kind in CONTESTED else ("readings",)
        rule = self.object(node, "rules", (*leave, *others, *(one for one in EFFECTS if one != kind)), [kind, always])
        rule["each"] = self.each
        if kind == "need":
            rule["need"].pop("instrument" if through else "through", None)
            rule["need"] |= {"through": TARGET} if through else {"instrument": self.makers["rules.need.instrument"]()}
        if rule.get("from", START) >= rule.get("until", END):
            del rule["from"]
        if "readings" in rule:
            own = rule["classify"]["classes"] if kind == "classify" else []
            named = [one for one in rule["readings"]["others"] if CONTESTED[kind] in one]
            others_named = {str(one[CONTESTED[kind]]): one for one in named if one[CONTESTED[kind]] not in own}
            rule["readings"]["others"] = list(others_named.values())
            if not others_named:
                del rule["readings"]
        return rule

    # --- values

    def value(self, node: Mapping[str, Any], path: str) -> Any:
        """A value of a schema node. Raises LookupError for one that does not follow from the schema."""
        if path in self.makers:
            return self.makers[path]()
        if "$ref" in node:
            return self.value(self.schemas.resolve(node["$ref"], "policy"), path)
        if "const" in node or "enum" in node:
            words = node.get("enum", (node.get("const"),))
            return self.draw.choice([word for word in words if word in CLASSES] or list(words))
        if "anyOf" in node:
            return self.value(self.draw.choice(node["anyOf"]), path)
        match node.get("type"):
            case "boolean":
                return self.draw.random() < 0.5
            case "integer":
                return self.draw.randint(node["minimum"], node["maximum"])
            case "array":
                found = [self.value(node["items"], path) for _ in range(self.draw.randint(1, min(3, node["maxItems"])))]
                return list({json.dumps(one): one for one in found}.values()) if path != "editions" else found[:1]
            case "object" if "additionalProperties" in node and node["additionalProperties"] is not False:
                names = {
                    "articles": ARTICLES,
                    "verified": ARTICLES,
                    "instruments": INSTRUMENTS,
                    "parameters": ("cap", "classes"),
                }[path]
                return {name: self.named(node["additionalProperties"], path, name) for name in names}
            case "object":
                return self.object(node, path)
            case "string" if node.get("format") == "date":
                return f"{self.draw.randint(2019, 2028)}-0{self.draw.randint(1, 9)}-1{self.draw.randint(0, 9)}"
            case "string" if node.get("pattern", r"\S") == r"\S" and "x-language" not in node:
                return f"words {self.draw.randint(1, 99)}"
        raise LookupError(f"The generator of laws does not know {path}.")

    def object(
        self, node: Mapping[str, Any], path: str, leave: tuple[str, ...] = (), always: list[str] | None = None
    ) -> Data:
        """An object with its required keys, those of `always`, and others by chance, but none of `leave`."""
        wanted = {*node.get("required", ()), *(always or ())}
        if "dependentRequired" in node:
            wanted |= node["properties"].keys()
        choices = self.draw.choice(node["oneOf"])["required"] if "oneOf" in node and path != "rules" else None
        either = {key for one in node.get("oneOf", ()) for key in one["required"]} if choices is not None else set()
        found: Data = {}
        for key, child in node["properties"].items():
            there = (
                key in choices if choices is not None and key in either else key in wanted or self.draw.random() < 0.6
            )
            if there and key not in leave:
                inner = f"{path}.{key}".lstrip(".")
                self.seen.add(inner)
                found[key] = self.value(child, inner)
        return found

    def named(self, node: Mapping[str, Any], path: str, name: str) -> Data:
        """An entry of a mapping by names."""
        self.entry = name
        return self.object(node, path)

    def name(self) -> str:
        """A name that nothing else has."""
        self._names += 1
        return f"name-{self._names}"

    def condition(self, each: str) -> str:
        """An expression that is true or false of a subject: up to three clauses."""
        kinds = list(_CLAUSES)
        known = [clause for kind in kinds[: kinds.index(each) + 1] for clause in _CLAUSES[kind]]
        if each == "license":  # what is licensed depends on it
            known.remove("activity.licensed")
        parts = [self.draw.choice(("", "!")) + f"({self.draw.choice(known)})" for _ in range(self.draw.randint(1, 3))]
        return self.draw.choice((" && ", " || ")).join(parts) if self.draw.random() < 0.9 else "true"

    def authority(self) -> list[Data]:
        """Authorities, the last one for all other cases."""
        node = self.schema["properties"]["instruments"]["additionalProperties"]["properties"]["authority"]["items"]
        found = [self.object(node, "instruments.authority") for _ in range(self.draw.randint(1, 2))]
        return [*found[:-1], found[-1] | {"when": "true"}]

    def values(self) -> list[Data]:
        """Dated values of the parameter in hand: a number, or a list that may change."""
        node = self.schema["properties"]["parameters"]["additionalProperties"]["properties"]["values"]["items"]
        path = "parameters.values"
        first: Data = {"value": 50.0 if self.entry == "cap" else list(CLASSES[:2])}
        changes: list[Data] = (
            [{"value": 20.0}] if self.entry == "cap" else [{"add": ["B25-search"]}, {"remove": ["B11"]}]
        )
        found = []
        for day, stated in ((START, first), (CHANGE, self.draw.choice(changes)))[: self.draw.randint(1, 2)]:
            self.seen |= {f"{path}.{key}" for key in stated}
            found.append(self.object(node, path, leave=("value", "add", "remove")) | {"from": day} | stated)
        return found


def keys_of(node: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Every key that a schema has, by its path through objects and lists."""
    for key, child in node.get("properties", {}).items():
        inner = f"{path}.{key}".lstrip(".")
        yield inner
        yield from keys_of(child, inner)
    for child in (node.get("items"), node.get("additionalProperties"), *node.get("anyOf", ())):
        if isinstance(child, Mapping):
            yield from keys_of(child, path)
