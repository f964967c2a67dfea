"""Random laws with every key of the schema: the evaluator, formulas and tests decide alike.

Other tests draw profiles and edits of the shipped law; a key that no shipped rule has would stay untried there.
Sizes are of tests/support/effort.py.

Values follow from the schema, so that a key that it gains is drawn, too. A key whose values do not follow from it, such
as a name or an expression, is drawn by a function of its own; the generator fails for one that has none.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.assignments import BOUNDS, Truths, assign, encode_law, period_of
from tests.support.effort import SEED, trials
from tests.support.random_inputs import Profiles, hints_of, near_days
from tests.support.symbolic_states import encode_states
from tests.support.whole_answers import whole_answer
from vatspolicy.authoring.testing.rule_states import state_of, subjects
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.answer import INDEXED, answer
from vatspolicy.core.engine.decision import Decision, Subject
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.builder import build_policies
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.policies.files import read_layer
from vatspolicy.core.policies.model import EFFECTS, Condition, Reading, Readings, Rule
from vatspolicy.core.policies.modelled import COMPARED, WORDING, effect_constants
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.proofs.formula import TRUE
from vatspolicy.proofs.query import Query
from vatspolicy.proofs.values import Constant

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
            "id": lambda: self.id, "version": lambda: "1.0.0", "review.version": lambda: "1.0.0",
            "source.url": lambda: "https://example.org/law", "articles.url": lambda: "https://example.org/article",
            "verified.hash": lambda: "sha256:" + "0" * 64, "effective.from": lambda: START,
            "effective.until": lambda: END, "supersedes": lambda: ["old"], "uses": lambda: ["shared"],
            "parameters.values": self.values,
            "parameters.values.cite": lambda: choose((ARTICLES[0], list(ARTICLES[:2]))), "rules": list,
            "rules.id": self.name, "rules.from": lambda: choose((START, CHANGE)),
            "rules.until": lambda: choose(("2026-07-01", END)),
            "rules.cite": lambda: draw.sample(ARTICLES, draw.randint(1, 2)),
            "rules.when": lambda: self.condition(self.each), "rules.need.instrument": lambda: choose(INSTRUMENTS),
            "rules.need.through": lambda: TARGET, "rules.route.to": lambda: TARGET, "rules.route.name": self.name,
            "rules.route.instrument": lambda: choose(INSTRUMENTS),
            "rules.route.max_foreign_percent": lambda: choose(("param.cap", "49.0")),
            "rules.route.conditions.id": self.name,
            "rules.route.conditions.cite": lambda: choose((choose(ARTICLES), draw.sample(ARTICLES, 2))),
            "rules.route.conditions.check": lambda: self.condition("activity"),
            "rules.duty.instrument": lambda: choose(INSTRUMENTS), "rules.duty.due.by": lambda: "03-31",
            "rules.overrides.rule": lambda: "law/replaced", "instruments.authority": self.authority,
            "instruments.authority.when": lambda: self.condition("activity"),
            "instruments.covers": lambda: self.condition("license"),
            "terms": lambda: {"foreign": "company.foreign_percent > 0.0"},
        }  # fmt: skip
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


SCHEMA = SchemaSet.shipped().load("policy")
RULE = SCHEMA["properties"]["rules"]["items"]


def cases(folder: Path, seed: int, opinions: bool | None = None) -> Iterator[tuple[Bundle, str, list[Profile]]]:
    """Random laws, each with a day beside a change and random profiles that hold its instruments.

    `opinions`: whether profiles have any; None: those of every other law do.
    """
    for turn in range(trials(60 if opinions is False else 120)):
        draw = random.Random(f"{turn} of {seed}")
        bundle = LawGenerator(draw).bundle(folder / f"{turn}")
        hints = hints_of(bundle)
        profiles = Profiles(draw, dataclasses.replace(hints, hot=hints.hot | set(INSTRUMENTS)))
        day = max(near_days(draw, ["2020-01-01", "2023-05-01", "2026-07-01"]), bundle.covers_from)
        found = [profiles.profile(draw.choice((0.0, 0.0, 0.2))) for _ in range(25)]
        if not (turn % 2 if opinions is None else opinions):
            data = [{k: v for k, v in one.document.data.items() if k != "opinions"} for one in found]
            found = [load_profile(one) for one in data]
        yield bundle, day, found


# --- the generator


def test_every_key_of_the_schema_is_in_some_law() -> None:
    generator = LawGenerator(random.Random(SEED))
    for _ in range(40):
        generator.files()
    assert set(keys_of(SCHEMA)) - generator.seen == set()


def test_a_key_that_the_schema_gains_is_drawn_or_fails() -> None:
    schema = copy.deepcopy(SCHEMA)
    need = schema["properties"]["rules"]["items"]["properties"]["need"]["properties"]
    need["grace"] = {"type": "integer", "minimum": 1, "maximum": 90}
    generator = LawGenerator(random.Random(SEED), schema)
    assert {rule["need"].get("grace") is None for rule in generator.rules() if "need" in rule} == {True, False}
    need["unless"] = {"type": "string", "pattern": "^[a-z]+$"}
    with pytest.raises(LookupError, match=r"does not know rules\.need\.unless"):
        list(LawGenerator(random.Random(SEED), schema).rules())


# --- back ends


def test_formulas_decide_as_the_evaluator_does(tmp_path: Path) -> None:
    words = Counter[str]()
    for bundle, day, profiles in cases(tmp_path, SEED):
        query, formulas = encode_law(bundle, period_of(bundle, day))
        expected = [evaluate(bundle, profile, day).decision for profile in profiles]
        found = Truths(query, [assign(query, profile.facts, day) for profile in profiles]).words(formulas)
        assert found == [[word] for word in expected], (bundle.folder, day)
        words.update(expected)
    assert set(words) == {"allow", "needs-license", "deny", "incomplete"}


def test_answers_are_those_of_the_whole_evaluator(tmp_path: Path) -> None:
    """With an index of the rules and without one."""
    words = Counter[str]()
    for bundle, day, profiles in cases(tmp_path, SEED + 1):
        plain, indexed = dataclasses.replace(bundle.on(day), indexed=False), dataclasses.replace(bundle.on(day))
        indexed.build_indexes(INDEXED)
        for profile in profiles:
            found = whole_answer(plain, profile, day)
            assert [answer(law, profile.facts, day) for law in (plain, indexed)] == [found] * 2, (bundle.folder, day)
            words[found["decision"]] += 1
    assert set(words) == {"allow", "needs-license", "deny", "incomplete"}


def test_tests_and_mutation_see_the_states_of_the_evaluator(tmp_path: Path) -> None:
    """The state of every rule for every subject; the evaluator alone takes opinions that nobody gave into account."""
    seen = Counter[tuple[str, str]]()
    for bundle, day, profiles in cases(tmp_path, SEED + 5, opinions=False):
        law, query = bundle.on(day), Query(period_of(bundle, day), BOUNDS)
        ruleset = query.encode(bundle)
        for profile in profiles:
            asked: list[tuple[Rule, str, Mapping[str, int]]] = []
            listed = states_in(evaluate(bundle, profile, day))
            for each, name, activation in subjects(law, profile, day):
                service, _, cls = name.partition("/")
                scope = ruleset.product_activation()
                if service:
                    place = [one["id"] for one in profile.facts["services"]].index(service)
                    record = query.services[place][1]
                    scope = ruleset.service_activation(record)
                    if cls:
                        scope = ruleset.activity_activation(record, ((TRUE, Constant(cls)),), cls)
                for rule in (rule for kind in EFFECTS for rule in law.rules_for(each, kind)):
                    state = state_of(law, rule, activation)
                    asked.append((rule, state, encode_states(ruleset, rule, scope)))
                    told = listed.get((rule, name), None if rule.kind == "route" else ("silent",))
                    if rule.kind != "classify" and not rule.is_unread and told is not None:
                        assert state in told, (bundle.folder, rule.name, day)
                        seen[rule.kind, state] += 1
            truths = Truths(query, [assign(query, profile.facts, day)])
            for rule, state, formulas in asked:
                assert truths.words(formulas) == [[state]], (bundle.folder, rule.name, day)
    assert {state for kind, state in seen if kind == "need"} == {"silent", "unknown", "met", "unmet", "closed"}
    assert {state for kind, state in seen if kind == "route"} == {"unknown", "open", "closed"}
    assert {state for kind, state in seen if kind == "deny"} == {"silent", "unknown", "fires"}


def states_in(decision: Decision) -> Mapping[tuple[Rule, str], tuple[str, ...]]:
    """The states of rules that a decision lists, by the rule and its subject, in the words of tests."""
    same = {"done": ("fires", "unknown"), "unread": ("unknown",)}

    def name(subject: Subject) -> str:
        return "/".join(filter(None, (subject.service, subject.cls)))

    groups = (decision.denials, decision.needs, decision.would_need, decision.met, decision.duties, decision.advice)
    found = {
        (one.rule, name(one.subject)): same.get(one.state, (one.state,))
        for group in (*groups, decision.undetermined)
        for one in group
    }
    routes = (route for service in decision.services for activity in service.activities for route in activity.routes)
    return found | {(one.rule, name(one.subject)): (one.state,) for one in routes}


# --- constants of effects


def leaves(value: Any, node: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[tuple[Any, ...]]:
    """Every value of a drawn effect that is no object, with its schema and its place."""
    if isinstance(value, dict) and "$ref" not in node:
        branches = [node, *node.get("anyOf", ())]
        known = {key: child for one in branches for key, child in one.get("properties", {}).items()}
        for key, inner in value.items():
            yield from leaves(inner, known[key], (*path, key))
    elif isinstance(value, list) and node.get("items", {}).get("type") == "object":
        for index, inner in enumerate(value):
            yield from leaves(inner, node["items"], (*path, index))
    else:
        yield value, node, path


def with_value(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    changed = copy.deepcopy(data)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return changed


def constants_of(entry: Mapping[str, Any]) -> str:
    """The constants of a rule as it would be built, whatever else its file says."""
    articles = {f"art-{number}": {"en": "Words.", "verification": "primary"} for number in (1, 2, 3)}
    data = {
        "id": "law", "version": "1.0.0", "title": {"en": "", "zh": ""}, "topics": [], "source": {},
        "effective": {"from": "2020-01-01"},
    }  # fmt: skip
    positions: Any = defaultdict(lambda: (1, 1))
    trees: Any = defaultdict(bytes)
    [policy] = build_policies(
        [({**data, "articles": articles, "rules": [entry]}, "", positions, trees)], SchemaSet.shipped()
    )
    return repr(effect_constants(policy.rules[0]))


OWNERS: Mapping[str, type] = {
    **EFFECTS,
    "route.conditions": Condition,
    "readings": Readings,
    "readings.others": Reading,
}
"""Classes of the model by the path of the object of the schema that they are made of."""


@pytest.mark.parametrize("kind", EFFECTS)
def test_every_key_of_an_effect_is_a_constant_or_named_as_wording(kind: str) -> None:
    """A key of the schema that changes no constant would make proofs say that nothing changes."""
    draw, tried = random.Random(SEED), set[str]()
    generator = LawGenerator(draw)
    for _ in range(60):
        entry = generator.rule(kind, through=draw.random() < 0.5 if kind == "need" else False)
        found = leaves(entry[kind], RULE["properties"][kind], (kind,))
        if "readings" in entry:
            found = iter([*found, *leaves(entry["readings"], RULE["properties"]["readings"], ("readings",))])
        for value, node, path in found:
            *inside, last = (step for step in path if isinstance(step, str))
            key, owner = ".".join((*inside, last)), OWNERS.get(".".join(inside))
            apart = {name for table in (WORDING, COMPARED) if owner is not None for name in table.get(owner, ())}
            if node.get("x-language") == "cel" or last in apart:
                tried.add(key)
                continue
            others = (change(generator, key, node, value) for _ in range(20))
            other = next((one for one in others if json.dumps(one) != json.dumps(value)), None)
            if other is not None:
                tried.add(key)
                assert constants_of(entry) != constants_of(with_value(entry, path, other)), key
    expected = {f"{kind}.{key}" for key in keys_of(RULE["properties"][kind])} - {"duty.due", "route.conditions"}
    assert expected - {"duty.due.always"} <= tried  # which can only be true


def change(generator: LawGenerator, key: str, node: Mapping[str, Any], value: Any) -> Any:
    """Another value of a key; another name for one that is a name."""
    if isinstance(value, str) and "pattern" in node and key != "duty.due.by":
        return f"{value}-other"
    if key == "duty.due.by":
        return "04-30"
    return generator.value(node, f"rules.{key}")
