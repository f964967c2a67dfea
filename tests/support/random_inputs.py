"""Random profiles and random expressions, for tests that compare several ways of evaluating.

Everything is drawn from a `random.Random` that the caller seeds, so a test draws the same things every time.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import Any

from vatspolicy.core.cel.ast import Fact, Literal, walk
from vatspolicy.core.cel.interpreter import evaluate
from vatspolicy.core.cel.types import (
    Bool,
    Day,
    Enum,
    Int,
    ListOf,
    Number,
    ObjectOf,
    Text,
    Type,
    type_of_value,
)
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Route
from vatspolicy.core.profile.invariants import broken_invariants, invariants
from vatspolicy.core.profile.profile import Profile, facts_of, load_profile
from vatspolicy.core.profile.vocabulary import gazetteer, within

DAY = timedelta(days=1)
MISSING = (0.0, 0.1, 0.3, 0.6)
"""How likely a fact is missing, in profiles of four kinds."""


# --- what a bundle looks at -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hints:
    """Values near which some rule changes its mind."""

    whole: tuple[int, ...] = (0, 1)
    numbers: tuple[float, ...] = (0.0, 50.0, 100.0)
    days: tuple[str, ...] = ("2024-04-08",)
    hot: frozenset[str] = frozenset()
    """Words that expressions write themselves, and members of lists of objects, such as regions."""
    warm: frozenset[str] = frozenset()
    """Words of every list."""
    abouts: tuple[str, ...] = ("class",)
    """Matters that an opinion may settle."""


def hints_of(bundle: Bundle) -> Hints:
    """The values that the expressions and the parameters of a bundle mention."""
    written = [n.value for e in bundle.expressions() for n in walk(e.tree) if isinstance(n, Literal)]
    values = [v.value for p in bundle.policies.values() for q in p.parameters.values() for v in q.values]
    objects = [v for v in values if isinstance(v, list) and v and isinstance(v[0], dict)]
    scalars = [*_scalars(written), *_scalars(values)]
    hot = {word for word in (*_scalars(written), *_scalars(objects)) if isinstance(word, str)}
    hot |= {code for code in gazetteer() if any(place in hot for place in within(code)[1:2])}
    return Hints(
        whole=tuple(sorted({0, 1, *(v for v in scalars if isinstance(v, int) and not isinstance(v, bool))})),
        numbers=tuple(sorted({0.0, 100.0, *(v for v in scalars if isinstance(v, float))})),
        days=bundle.boundaries,
        hot=frozenset(hot),
        warm=frozenset(v for v in scalars if isinstance(v, str)),
        abouts=tuple(abouts_of(bundle)),
    )


def abouts_of(bundle: Bundle) -> Iterator[str]:
    """The matters that an opinion may settle."""
    yield "class"
    for policy in bundle.policies.values():
        for rule in policy.rules:
            if rule.is_open and rule.kind in ("classify", "deny", "need", "route"):
                yield rule.name
            if isinstance(rule.effect, Route):
                yield from (f"{rule.name}/{one.id}" for one in rule.effect.requirements if one.is_unread)


def _scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for member in value:
            yield from _scalars(member)
    else:
        yield value


def near_days(draw: random.Random, days: Sequence[str]) -> str:
    """A day on which something changes, the day before or the day after; now and then any other day."""
    if draw.random() < 0.15:
        return str(date(2015, 1, 1) + draw.randrange(4300) * DAY)
    return str(date.fromisoformat(draw.choice(days)) + draw.choice((-1, 0, 0, 1)) * DAY)


# --- profiles ---------------------------------------------------------------------------------------------------------


@dataclass
class Profiles:
    """Random profiles: schema-valid, and true to the invariants of the schema."""

    draw: random.Random
    hints: Hints = field(default_factory=Hints)

    def profile(self, missing: float | None = None) -> Profile:
        """A profile with granted opinions; each fact is missing with the given probability, or with one of `MISSING`."""
        rate = self.draw.choice(MISSING) if missing is None else missing
        data = self.data(rate)
        while broken := self.broken(data):
            self.mend(data, broken, rate)
        return load_profile(data).grant_all()

    def broken(self, data: Mapping[str, Any]) -> Fact | None:
        """One of the facts of an invariant that does not hold."""
        facts = facts_of(data)
        for place in broken_invariants(facts)[:1]:
            read = [part for part in walk(invariants()[place][0]) if isinstance(part, Fact) and part.root in facts]
            return self.draw.choice([part for part in read if evaluate(part, facts, {}) is not None])
        return None

    def mend(self, data: dict[str, Any], fact: Fact, missing: float) -> None:
        """Draw a fact again; leave it out where facts may be missing."""
        if fact.root == "services":
            services = data["services"]
            index = self.draw.randrange(len(services))
            schema = SchemaSet.shipped().load("profile")["properties"]["services"]["items"]
            services[index] = self.value(schema, "service", missing) | {"id": f"s{index}"}
            return
        target, schema = data, SchemaSet.shipped().load("profile")
        names = [fact.root, *fact.names]
        while len(names) > 1 and isinstance(target[names[0]], dict) and "properties" in schema["properties"][names[0]]:
            target, schema = target[names[0]], schema["properties"][names[0]]
            names = names[1:]
        if missing:
            target.pop(names[0], None)  # what is derived from another fact is not there
        else:
            target[names[0]] = self.least(schema["properties"][names[0]], names[0])

    def least(self, schema: Mapping[str, Any], name: str) -> Any:
        """The value that breaks no bound, or any other: nothing, none, or drawn again."""
        if self.draw.random() < 0.5 and schema.get("type") in ("array", "integer"):
            return [] if schema["type"] == "array" else schema.get("minimum", 0)
        return self.value(schema, name, 0.0)

    def data(self, missing: float) -> dict[str, Any]:
        """The facts as they would be written, which may break an invariant."""
        schema = SchemaSet.shipped().load("profile")
        found: dict[str, Any] = {}
        for key in schema["properties"]:
            if key != "opinions" and (key in schema["required"] or self.draw.random() >= missing):
                found[key] = self.property(key, missing)
        if self.draw.random() >= max(missing, 0.3):
            found["opinions"] = self.opinions([service["id"] for service in found["services"]])
        return found

    def opinions(self, services: Sequence[str]) -> list[dict[str, Any]]:
        """Opinions on what an opinion may settle, no two of one day on one matter: old and new ones, by anybody."""
        draw = self.draw
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for _ in range(draw.choice((1, 2, 4, 12))):
            about = draw.choice(self.hints.abouts)
            day = draw.choice(("1999-01-01", "2015-01-01", near_days(draw, self.hints.days)))
            one: dict[str, Any] = {"about": about, "by": draw.choice(("A", "C'est", "管局")), "date": day}
            one |= {"authority": draw.choice(("miit", "provincial-ca"))} if draw.random() < 0.2 else {}
            if about == "class":
                words = draw.sample(("B11", "B21-device-data", "B21-transaction", "B25-publishing", "B26", "A14"), 2)
                one |= {"service": draw.choice(services), "classes": words[: draw.choice((0, 1, 1, 1, 2))]}
            else:
                one |= {"reading": draw.choice(("applies", "does-not-apply"))}
                one |= {"service": draw.choice(services)} if draw.random() < 0.4 else {}
            found.setdefault((about, day), one)
        return list(found.values())

    def property(self, key: str, missing: float) -> Any:
        value = self.value(SchemaSet.shipped().load("profile")["properties"][key], key, missing)
        if key == "services":
            for index, service in enumerate(value):
                service["id"] = f"s{index}"
        return value

    def value(self, schema: Mapping[str, Any], name: str, missing: float) -> Any:
        draw = self.draw
        if "$ref" in schema:
            return self.value(SchemaSet.shipped().resolve(schema["$ref"]), schema["$ref"].rsplit("/", 1)[-1], missing)
        if "x-shorthand" in schema:
            return self.value(draw.choice(schema["anyOf"]), name, missing)
        if name == "foreign_percent_basis" and draw.random() < 0.7:
            return "ultimate"  # of another basis, the share is unknown
        if "enum" in schema:
            return self.word(schema["enum"], name)
        match schema["type"]:
            case "object":
                required = schema.get("required", [])
                keys = [key for key in schema["properties"] if key in required or draw.random() >= missing]
                return {key: self.value(schema["properties"][key], key, missing) for key in keys}
            case "array":
                size = min(draw.choice((0, 1, 1, 2, 3)), schema["maxItems"])
                size = max(size, 1) if name == "services" else max(size, schema.get("minItems", 0))
                members = [self.value(schema["items"], name, missing) for _ in range(size)]
                return _distinct(members) if schema.get("uniqueItems") else members
            case "boolean":
                return draw.random() < 0.5
            case "integer":
                value = draw.choice(self.hints.whole) + draw.choice((-1, 0, 0, 1))
                return max(schema["minimum"], min(schema["maximum"], value))
            case "number":
                share = draw.choice(self.hints.numbers) + draw.choice((-0.01, 0.0, 0.0, 0.01))
                share = round(max(schema["minimum"], min(schema["maximum"], share)), 2)
                return int(share) if share == int(share) and draw.random() < 0.5 else share
        if schema.get("format") == "date":
            return near_days(draw, self.hints.days)
        return draw.choice(("a", "b-1", "beijing")) if "pattern" in schema else draw.choice(TEXTS)

    def word(self, known: Sequence[Any], name: str) -> Any:
        hot, warm = _sorted_words(tuple(known), self.hints)
        pool = self.draw.choice((hot or warm or known, warm or known, known))
        if known[0] in ("company", "partner") and name == "operated_by" and self.draw.random() < 0.5:
            return "company"
        return self.draw.choice(pool)


TEXTS = ("A", "B Ltd", "北京甲公司", "x.gov.cn", 'say "no"', "a\\b", "__import__('os')", "C'est")


@cache
def _sorted_words(known: tuple[Any, ...], hints: Hints) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    return tuple(w for w in known if w in hints.hot), tuple(w for w in known if w in hints.warm)


def _distinct(members: Iterable[Any]) -> list[Any]:
    return list({json.dumps(member, sort_keys=True): member for member in members}.values())


# --- expressions ------------------------------------------------------------------------------------------------------

OR, AND, RELATION, SUM, PRODUCT, UNARY, PRIMARY = range(7)
Piece = tuple[str, int]
"""Text of an expression, and how strongly its loosest operator binds."""

PARAMETERS: dict[str, Any] = {
    "yes": True,
    "no": False,
    "persons": 1_000_000,
    "cap": 50.0,
    "title": "B Ltd",
    "begins": "2024-04-08",
    "sizes": [0, 1, 1000],
    "shares": [0.0, 49.99, 50.0],
    "opened": ["B11", "B14-users", "B25-publishing"],
    "offers": ["news", "saas", "cdn"],
    "days": ["2024-04-08", "2024-10-23"],
    "nothing": [],
    "regions": [
        {"id": "shanghai", "places": ["shanghai-pudong", "shanghai-lingang"], "open": True},
        {"id": "nowhere", "places": [], "open": False},
        {"id": "hainan", "places": ["hainan"], "open": True},
    ],
}
"""Parameters of every kind, for random expressions."""


def parameter_types(values: Mapping[str, Any] = PARAMETERS) -> dict[str, tuple[str, Type]]:
    """What a scope wants to know of parameters: key and type by name."""
    return {name: (f"random/{name}", type_of_value(value, name)) for name, value in values.items()}


@dataclass
class Expressions:
    """Random typed expressions over variables, the parameters above, and terms; each is inside the language."""

    draw: random.Random
    variables: Mapping[str, Type]
    params: Mapping[str, tuple[str, Type]] = field(default_factory=parameter_types)
    terms: Mapping[str, Type] = field(default_factory=dict)
    hints: Hints = field(default_factory=Hints)

    def text(self, type: Type, depth: int = 4) -> str:
        """An expression of the type: truth, a whole number, a number, a text, a day, a word or a list."""
        return self.of(type, depth)[0]

    def of(self, type: Type, depth: int) -> Piece:
        match type:
            case Bool():
                return self.truth(depth)
            case Int():
                return self.whole(depth)
            case Number():
                return self.pick((self.leaf(Number), (f"{self.draw.choice(self.hints.numbers)!r}", PRIMARY)))
            case Day():
                return self.pick((self.leaf(Day), (self.quote(near_days(self.draw, self.hints.days)), PRIMARY)))
            case Text():
                return self.pick((self.leaf(Text), (self.quote(self.draw.choice(TEXTS)), PRIMARY)))
            case Enum(values=values):
                return self.quote(self.draw.choice(sorted(values))), PRIMARY
            case ListOf() | ObjectOf():
                return self.leaf(type.__class__) or ("services", PRIMARY)

    def pick(self, options: Iterable[Piece | None]) -> Piece:
        return self.draw.choice([option for option in options if option is not None])

    # --- names

    def names(self) -> list[tuple[str, Type]]:
        """Every fact, parameter and term with its type."""
        found = [pair for name, type in self.variables.items() for pair in _fields(name, type)]
        found += [(f"param.{name}", type) for name, (_, type) in self.params.items()]
        return [*found, *((f"term.{name}", type) for name, type in self.terms.items())]

    def leaf(self, kind: type[Type], fits: Callable[[Type], bool] = lambda _: True) -> Piece | None:
        """A name of that kind of type; one in three times a loop variable or what is read from it, if there is one."""
        names = [(name, type) for name, type in self.names() if isinstance(type, kind) and fits(type)]
        inner = [pair for pair in names if pair[0][0] in _LOOP]
        if inner and self.draw.random() < 0.6:
            names = inner
        return (self.draw.choice(names)[0], PRIMARY) if names else None

    # --- truth

    def truth(self, depth: int) -> Piece:
        simple = (self.named, self.comparison, self.comparison, self.membership, self.set_test, self.text_test)
        deep = (self.junction, self.junction, self.negation, self.quantifier, self.quantifier, self.equality)
        maker = self.draw.choice(simple if depth <= 0 else (*simple, *deep))
        return maker(depth) or self.comparison(depth)

    def named(self, depth: int) -> Piece | None:
        return self.leaf(Bool)

    def junction(self, depth: int) -> Piece:
        word, level = self.draw.choice((("||", OR), ("&&", AND)))
        parts = [self.bind(self.truth(depth - 1), level) for _ in range(self.draw.choice((2, 2, 3, 4)))]
        return self.join(f" {word} ", parts), level

    def negation(self, depth: int) -> Piece:
        return "!" + self.bind(self.truth(depth - 1), UNARY), UNARY

    def equality(self, depth: int) -> Piece:
        left, right = self.truth(depth - 1), self.truth(depth - 1)
        op = self.draw.choice(("==", "!="))
        return self.join(f" {op} ", (self.bind(left, RELATION), self.bind(right, SUM))), RELATION

    def comparison(self, depth: int) -> Piece:
        kind: type[Type] = self.draw.choice((Int, Int, Number, Day, Text, Enum, Enum))
        op = self.draw.choice(("==", "!=", "<", "<=", ">", ">=") if kind in (Int, Number, Day) else ("==", "!="))
        if kind is Int:
            sides = (self.whole(depth - 1), self.whole(depth - 1))
        elif kind is Number:
            sides = (self.fact(Number), self.of(Number(), 0))
        elif kind is Day:
            sides = (self.fact(Day), self.draw.choice((self.of(Day(), 0), ("param.begins", PRIMARY))))
        elif kind is Text:
            sides = (self.fact(Text), self.draw.choice((self.of(Text(), 0), self.fact(Enum))))
        else:
            sides = self.two_words()
        left, right = (self.bind(side, SUM) for side in self.shuffled(sides))
        return self.join(f" {op} ", (left, right)), RELATION

    def two_words(self) -> tuple[Piece, Piece]:
        """Two sides of an enumeration that have a word in common."""
        name, type = self.draw.choice([pair for pair in self.names() if isinstance(pair[1], Enum)])
        assert isinstance(type, Enum)

        def agrees(other: Type) -> bool:
            if not isinstance(other, Enum) or not type.values & other.values:
                return False
            return not (type.written and type.values - other.values) and not (
                other.written and other.values - type.values
            )

        other = self.leaf(Enum, agrees) if self.draw.random() < 0.3 else None
        return (name, PRIMARY), other or self.of(type, 0)

    def membership(self, depth: int) -> Piece | None:
        if self.draw.random() < 0.4:
            left, kind = self.draw.choice(
                [pair for pair in self.names() if not isinstance(pair[1], ListOf | ObjectOf | Text)]
            )
            constants = {self.constant(kind) for _ in range(self.draw.choice((1, 2, 3)))}
            return self.join(" in ", (left, f"[{', '.join(sorted(constants))}]")), RELATION
        lists = [(n, t.item) for n, t in self.names() if isinstance(t, ListOf) and not isinstance(t.item, ObjectOf)]
        name, found = self.draw.choice(lists)
        item = found or Int()
        names = [n for n, t in self.names() if isinstance(t, type(item)) and self.fits(t, item)]
        left = self.draw.choice(names) if names and self.draw.random() < 0.7 else self.constant(item)
        return self.join(" in ", (left, name)), RELATION

    def set_test(self, depth: int) -> Piece | None:
        lists = [(n, t.item) for n, t in self.names() if isinstance(t, ListOf) and not isinstance(t.item, ObjectOf)]
        name, found = self.draw.choice(lists)
        item = found or Int()
        others = [n for n, kind in lists if kind is None or (isinstance(kind, type(item)) and self.fits(kind, item))]
        constants = sorted({self.constant(item) for _ in range(self.draw.choice((1, 2, 3)))})
        other = self.draw.choice(others) if self.draw.random() < 0.7 else f"[{', '.join(constants)}]"
        kind = self.draw.choice(("contains", "equivalent", "intersects"))
        return f"sets.{kind}({', '.join(self.shuffled([name, other]))})", PRIMARY

    def fits(self, type: Type, item: Type) -> bool:
        return not isinstance(type, Enum) or not isinstance(item, Enum) or _words_fit(type, item)

    def text_test(self, depth: int) -> Piece | None:
        base = self.leaf(Text) if self.draw.random() < 0.5 else self.leaf(Enum)
        if base is None:
            return None
        kind = self.draw.choice(("startsWith", "endsWith", "contains", "matches"))
        patterns = ("^[a-z]+$", "(?i)b", "[.]gov[.]cn$", "^B1[0-9]", "公司", "^$", r"\bLtd", r"\d")
        parts = ("B", "a", "news", "公司", "", "-users", '"', "\\", "'")
        constant = self.quote(self.draw.choice(patterns if kind == "matches" else parts))
        return f"{base[0]}.{kind}({constant})", PRIMARY

    def quantifier(self, depth: int) -> Piece | None:
        taken = [name for name in _LOOP if name in self.variables]
        if len(taken) >= 3:
            return None
        lists = [(n, t.item) for n, t in self.names() if isinstance(t, ListOf) and t.item is not None]
        records = [pair for pair in lists if isinstance(pair[1], ObjectOf)]
        name, item = self.draw.choice(records if records and self.draw.random() < 0.5 else lists)
        if self.draw.random() < 0.1:
            name, item = '["news", "saas"]', Enum("written", frozenset(("news", "saas")), written=True)
        assert item is not None
        variable = _LOOP[len(taken)]
        inner = Expressions(self.draw, {**self.variables, variable: item}, self.params, self.terms, self.hints)
        kind = self.draw.choice(("exists", "all"))
        return f"{name}.{kind}({variable}, {inner.truth(depth - 1)[0]})", PRIMARY

    # --- numbers

    def whole(self, depth: int) -> Piece:
        maker = self.draw.choice((self.small, self.small, self.fact_or_small, self.fact_or_small, self.size, self.sum))
        return maker(depth)

    def small(self, depth: int) -> Piece:
        value = self.draw.choice((*self.hints.whole, 2, 3)) * self.draw.choice((1, 1, 1, -1))
        return str(value), PRIMARY if value >= 0 else UNARY

    def fact_or_small(self, depth: int) -> Piece:
        return self.leaf(Int) or self.small(depth)

    def size(self, depth: int) -> Piece:
        name, _ = self.leaf(ListOf) or ("services", PRIMARY)
        return self.draw.choice((f"size({name})", f"{name}.size()")), PRIMARY

    def sum(self, depth: int) -> Piece:
        if depth <= 0:
            return self.size(depth)
        if self.draw.random() < 0.3:
            factor = (str(self.draw.choice((0, 2, 12, -3))), PRIMARY)
            sides = self.shuffled([factor, self.draw.choice((self.size, self.fact_or_small))(0)])
            return self.join(" * ", [self.bind(side, UNARY) for side in sides]), PRODUCT
        left, right = self.bind(self.whole(depth - 1), SUM), self.bind(self.whole(depth - 1), PRODUCT)
        return self.join(self.draw.choice((" + ", " - ")), (left, right)), SUM

    def fact(self, kind: type[Type]) -> Piece:
        found = self.leaf(kind)
        assert found is not None
        return found

    # --- spelling

    def constant(self, type: Type) -> str:
        match type:
            case Bool():
                return self.draw.choice(("true", "false"))
            case Int():
                return self.small(0)[0]
            case Number():
                return repr(self.draw.choice(self.hints.numbers))
            case Day():
                return self.quote(near_days(self.draw, self.hints.days))
            case Enum(values=values):
                return self.quote(self.draw.choice(sorted(values)))
            case _:
                return self.quote(self.draw.choice(TEXTS))

    def quote(self, text: str) -> str:
        """The text as a literal, in one of the spellings that the language has."""
        mark = self.draw.choice("\"'")
        if self.draw.random() < 0.3 and mark not in text and not text.endswith("\\"):
            return f"r{mark}{text}{mark}"
        return mark + text.replace("\\", "\\\\").replace(mark, f"\\{mark}") + mark

    def bind(self, piece: Piece, level: int) -> str:
        """The text in parentheses where it binds less than `level`, and sometimes where it need not be."""
        text, own = piece
        return f"({text})" if own < level or self.draw.random() < 0.08 else text

    def join(self, operator: str, parts: Iterable[str]) -> str:
        space = self.draw.choice(("", "", "", " ", "\n  "))
        return operator.replace(" ", " " + space).join(parts)

    def shuffled(self, pieces: Sequence[Any]) -> list[Any]:
        return self.draw.sample(pieces, len(pieces))


_LOOP = ("x", "y", "z")
"""Loop variables by depth. No fact has such a name."""


def _fields(name: str, type: Type) -> Iterator[tuple[str, Type]]:
    yield name, type
    if isinstance(type, ObjectOf):
        for key, child in type.fields.items():
            yield from _fields(f"{name}.{key}", child)


def _words_fit(one: Enum, other: Enum) -> bool:
    """Whether two enumerations may be compared: a word in common, and no written word that the other never has."""
    if not one.values & other.values:
        return False
    return not (one.written and one.values - other.values) and not (other.written and other.values - one.values)
