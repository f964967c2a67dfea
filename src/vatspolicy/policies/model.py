"""A policy: one regulation, one file, as frozen objects."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vatspolicy.cel.ast import Node
from vatspolicy.cel.serialize import from_data
from vatspolicy.documents import Path
from vatspolicy.profile.vocabulary import LocalizedText

if TYPE_CHECKING:
    from typing import Any, TypeAlias

ALWAYS = "0000-01-01"
NEVER = "9999-12-31"
"""Ends of time; days are ISO text and compare as text."""


@dataclass(frozen=True, eq=False)
class Expression:
    """A CEL text of a policy, its typed tree, and where it stands. An expression equals only itself."""

    text: str
    stored: list[Any] = field(repr=False)
    """The tree as plain JSON; few decisions need more than a handful of trees."""
    line: int
    column: int
    stored_conjuncts: list[Any] | None = field(default=None, repr=False)

    @property
    def conjuncts(self) -> list[Any]:
        """The parts that must all hold for it to be true, as `Conjunct.dump` has them."""
        if self.stored_conjuncts is None:
            from vatspolicy.cel.conjunct import conjuncts

            return [part.dump() for part in conjuncts(self.tree)]
        return self.stored_conjuncts

    @property
    def is_true(self) -> bool:
        """Whether it is the constant `true`."""
        kind, *_, value = self.stored
        return kind == "Literal" and value is True

    @functools.cached_property
    def tree(self) -> Node:
        """The typed tree."""
        return from_data(self.stored)


@dataclass(frozen=True)
class Article:
    """The words that rules rest on."""

    key: str
    label: LocalizedText
    en: str
    zh: str | None
    verification: str
    """primary, secondary or unverified."""
    note: str | None
    url: str | None


@dataclass(frozen=True)
class Instrument:
    """A licence, approval, certificate, filing or duty."""

    id: str
    policy: str
    title: LocalizedText
    authority: tuple[tuple[Expression, tuple[str, ...]], ...]
    """Who is in charge: the first entry whose expression holds."""
    covers: Expression | None
    """Whether a held instrument covers an activity; None where holding it is enough."""
    no_term: bool
    """Whether it has no end date, so that one without `valid_until` is valid."""


@dataclass(frozen=True)
class Condition:
    """One condition of a route, which an applicant could change."""

    id: str
    where: bool
    reason: str | None
    cite: tuple[str, ...]
    check: Expression
    message: LocalizedText


@dataclass(frozen=True)
class Classify:
    """The service is of these classes; none means that it is not telecommunications."""

    classes: tuple[str, ...]
    otherwise: tuple[str, ...] = ()
    """Other readings, each one class or `none`."""


@dataclass(frozen=True)
class Deny:
    """Prohibited."""

    reason: str
    curable: bool = False


@dataclass(frozen=True)
class Need:
    """An instrument must be held before the launch, or a route `through` to it be open."""

    instrument: str | None = None
    through: str | None = None
    bearer: str = "operator"


@dataclass(frozen=True)
class Route:
    """One lawful way for an activity."""

    to: str
    name: str
    title: LocalizedText
    instrument: str
    max_foreign_percent: Expression | None
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Duty:
    """A filing, assessment or continuing obligation. `due` is as in policy.schema.json."""

    instrument: str
    due: Mapping[str, Any]
    bearer: str = "operator"


@dataclass(frozen=True)
class Advise:
    """Something a person must look at."""

    kind: str


Effect = Classify | Deny | Need | Route | Duty | Advise
EFFECTS = {"classify": Classify, "deny": Deny, "need": Need, "route": Route, "duty": Duty, "advise": Advise}


@dataclass(frozen=True, eq=False)
class Rule:
    """One statement: when it holds, one effect follows. A rule equals only itself."""

    policy: str
    id: str
    cite: tuple[str, ...]
    each: str
    """product, service or activity."""
    since: str
    """First day in force, the file's dates included."""
    until: str
    """First day no longer in force."""
    when: Expression
    effect: Effect
    message: LocalizedText
    contested: bool
    unwaivable: bool
    line: int

    @property
    def name(self) -> str:
        """policy/rule, for ever the same."""
        return f"{self.policy}/{self.id}"

    @functools.cached_property
    def kind(self) -> str:
        """What its effect is called in a policy file: classify, deny, need, route, duty or advise."""
        return type(self.effect).__name__.lower()

    @property
    def group(self) -> str:
        """Subject and kind, by which the law of a day keeps its rules: activity/deny."""
        return f"{self.each}/{self.kind}"

    def in_force(self, day: str) -> bool:
        """Whether the rule is law on a day."""
        return self.since <= day < self.until


@dataclass(frozen=True)
class Value:
    """The value of a parameter from a day on."""

    since: str
    cite: tuple[str, ...]
    value: Any


@dataclass(frozen=True)
class Parameter:
    """A value that the law fixes, dated and cited."""

    key: str
    """policy/name."""
    title: LocalizedText | None
    values: tuple[Value, ...]

    def on(self, day: str) -> Value | None:
        """The value in force on a day; None before the first."""
        return next((value for value in reversed(self.values) if value.since <= day), None)


@dataclass(frozen=True)
class Edition:
    """One edition of a series that is re-issued."""

    since: str
    number: str
    title: LocalizedText | None
    verification: str


@dataclass(frozen=True)
class Policy:
    """One regulation or series, with everything that its file says."""

    id: str
    version: str
    title: LocalizedText
    topics: tuple[str, ...]
    source: Mapping[str, Any]
    editions: tuple[Edition, ...]
    since: str
    until: str
    supersedes: tuple[str, ...]
    uses: tuple[str, ...]
    articles: Mapping[str, Article]
    instruments: Mapping[str, Instrument]
    parameters: Mapping[str, Parameter]
    terms: Mapping[str, str]
    term_lines: Mapping[str, int]
    rules: tuple[Rule, ...]
    file: str

    def rule(self, id: str) -> Rule:
        """The rule of that id. Raises KeyError."""
        for rule in self.rules:
            if rule.id == id:
                return rule
        raise KeyError(id)

    def edition(self, day: str) -> Edition | None:
        """The edition in force on a day, for a series."""
        return next((edition for edition in reversed(self.editions) if edition.since <= day), None)


Lines: TypeAlias = "Mapping[Path, tuple[int, int]]"
"""Where things stand: line and column by path."""
Trees: TypeAlias = "Mapping[Path, tuple[Any, Any]]"
"""The stored trees of expressions, and their conjuncts, by path."""


def build_policy(
    data: Mapping[str, Any], file: str, lines: Lines, trees: Trees, rules: tuple[Rule, ...] | None = None
) -> Policy:
    """The policy in schema-valid `data`; with its own rules, unless `rules` stand for them."""
    id = data["id"]
    since, until = _dates(data)
    expression = functools.partial(_expression, lines, trees)
    instruments = {}
    for name, entry in data.get("instruments", {}).items():
        path: Path = ("instruments", name)
        authority = tuple(
            (expression((*path, "authority", index, "when"), item["when"]), as_tuple(item["is"]))
            for index, item in enumerate(entry["authority"])
        )
        covers = expression((*path, "covers"), entry["covers"]) if "covers" in entry else None
        instruments[name] = Instrument(name, id, entry["title"], authority, covers, entry.get("no_term", False))
    if rules is None:
        rules = tuple(build_rule(data, index, lines, trees) for index in range(len(data.get("rules", ()))))
    return Policy(
        id=id,
        version=data["version"],
        title=data["title"],
        topics=tuple(data["topics"]),
        source=data["source"],
        editions=tuple(
            Edition(e["from"], e["number"], e.get("title"), e.get("verification", "unverified"))
            for e in data.get("editions", [])
        ),
        since=since,
        until=until,
        supersedes=tuple(data.get("supersedes", ())),
        uses=tuple(data.get("uses", ())),
        articles={key: _article(key, entry) for key, entry in data.get("articles", {}).items()},
        instruments=instruments,
        parameters={
            name: Parameter(
                f"{id}/{name}",
                entry.get("title"),
                tuple(Value(v["from"], as_tuple(v["cite"]), v["value"]) for v in entry["values"]),
            )
            for name, entry in data.get("parameters", {}).items()
        },
        terms=data.get("terms", {}),
        term_lines={name: lines[("terms", name)][0] for name in data.get("terms", {})},
        rules=rules,
        file=file,
    )


def build_rule(data: Mapping[str, Any], index: int, lines: Lines, trees: Trees) -> Rule:
    """One rule of the policy in schema-valid `data`."""
    entry, path = data["rules"][index], ("rules", index)
    since, until = _dates(data)
    expression = functools.partial(_expression, lines, trees)
    return Rule(
        policy=data["id"],
        id=entry["id"],
        cite=tuple(entry["cite"]),
        each=entry["each"],
        since=max(since, entry.get("from", ALWAYS)),
        until=min(until, entry.get("until", NEVER)),
        when=expression((*path, "when"), entry["when"]),
        effect=_effect(entry, path, expression),
        message=entry["message"],
        contested=entry.get("contested", False),
        unwaivable=entry.get("unwaivable", False),
        line=lines[path][0],
    )


def _dates(data: Mapping[str, Any]) -> tuple[str, str]:
    return data["effective"]["from"], data["effective"].get("until", NEVER)


def _expression(lines: Lines, trees: Trees, path: Path, text: str) -> Expression:
    line, column = lines[path]
    stored, parts = trees[path]
    return Expression(text, stored, line, column, parts)


def as_tuple(value: str | list[str]) -> tuple[str, ...]:
    """One word, or several, as a tuple."""
    return (value,) if isinstance(value, str) else tuple(value)


def _effect(entry: Mapping[str, Any], path: Path, expression: Any) -> Effect:
    name = next(name for name in EFFECTS if name in entry)
    body = entry[name]
    match name:
        case "classify":
            return Classify(tuple(body["classes"]), tuple(body.get("otherwise", ())))
        case "deny":
            return Deny(body["reason"], body.get("curable", False))
        case "need":
            return Need(body.get("instrument"), body.get("through"), body.get("bearer", "operator"))
        case "route":
            ceiling = body.get("max_foreign_percent")
            return Route(
                body["to"],
                body["name"],
                body["title"],
                body["instrument"],
                expression((*path, "route", "max_foreign_percent"), ceiling) if ceiling is not None else None,
                tuple(
                    Condition(
                        id=item["id"],
                        where=item.get("where", False),
                        reason=item.get("reason"),
                        cite=as_tuple(item.get("cite", [])),
                        check=expression((*path, "route", "conditions", index, "check"), item["check"]),
                        message=item["message"],
                    )
                    for index, item in enumerate(body.get("conditions", []))
                ),
            )
        case "duty":
            return Duty(body["instrument"], body["due"], body.get("bearer", "operator"))
        case _:
            return Advise(body["kind"])


def _article(key: str, entry: Mapping[str, Any]) -> Article:
    label = entry.get("label") or _label(key)
    return Article(key, label, entry["en"], entry.get("zh"), entry["verification"], entry.get("note"), entry.get("url"))


def _label(key: str) -> LocalizedText:
    """art-13 is article 13, art-9-2 is article 9 paragraph 2; other keys need a label of their own."""
    word, *numbers = key.split("-")
    if word == "art" and numbers and all(number.isdigit() for number in numbers):
        inner = "".join(f"({number})" for number in numbers[1:])
        zh = f"第{_chinese(int(numbers[0]))}条" + (f"第{_chinese(int(numbers[1]))}款" if numbers[1:] else "")
        return {"en": f"art. {numbers[0]}{inner}", "zh": zh}
    return {"en": key, "zh": key}


def _chinese(number: int) -> str:
    """A number from 1 to 999 as statutes write it: 十三, 六十九, 一百零二."""
    digits = "零一二三四五六七八九"
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    text = f"{digits[hundreds]}百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else digits[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    return text + (digits[ones] if ones else "")
