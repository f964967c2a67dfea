"""The law as frozen objects: policies, rules and their effects."""

from __future__ import annotations

import functools
import marshal
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any, NamedTuple

from vatspolicy.core.cel.ast import Fact, Literal, Node, Param, Quantifier, walk
from vatspolicy.core.cel.serialize import from_data, to_data
from vatspolicy.core.profile.vocabulary import LocalizedText
from vatspolicy.frozen import ValueObject, frozen

ALWAYS = "0000-01-01"
NEVER = "9999-12-31"
"""Ends of time; days are ISO text and compare as text."""
VERIFICATIONS = ("primary", "copy", "secondary", "unverified")
"""Levels of verification of an article's text, the weakest last."""
COMPARED = VERIFICATIONS[:2]
"""Grades of articles whose quote was compared with a text."""
UNREAD = VERIFICATIONS[-1]
"""Verification of an article that no one has compared with its text."""
NO_CODE = -1
"""Index of an expression without generated code."""
SHARE_CAP = "max-foreign-percent"
"""Id of the condition that `max_foreign_percent` is compiled to."""
NOT_TELECOM = "not-telecommunications"
"""Value instead of a class for a service that is not telecommunications."""
CLOSED = "closed"
"""Reading of a contested route: it is not admitted."""


@frozen()
class Expression(ValueObject):
    """A CEL text of a policy, its typed tree, and its location."""

    index: int
    """Place in the bundle's order of expressions, by which its generated code is found."""
    text: str
    line: int
    column: int
    stored: bytes = field(repr=False)
    """The tree as `store_tree` writes it."""

    def __hash__(self) -> int:
        return hash((self.index, self.text))

    @functools.cached_property
    def tree(self) -> Node:
        """The typed tree; expressions that are stored alike share it, also those of other bundles."""
        return _read_tree(self.stored)

    @property
    def data(self) -> list[Any]:
        """The tree as plain data."""
        return _load_tree(self.stored)

    @functools.cached_property
    def is_true(self) -> bool:
        """True if the expression is the constant `true`."""
        return isinstance(self.tree, Literal) and self.tree.value is True

    @functools.cached_property
    def parameters(self) -> tuple[str, ...]:
        """Keys of the parameters that the tree reads, each once, in the order of the text."""
        return _find_parameters(self.stored)

    @functools.cached_property
    def facts(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Root and names of the facts of an activation that the tree reads, each once."""
        nodes = list(walk(self.tree))
        bound = {node.variable for node in nodes if isinstance(node, Quantifier)}
        facts = (node for node in nodes if isinstance(node, Fact))
        return tuple(dict.fromkeys((fact.root, fact.names) for fact in facts if fact.root not in bound))

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields alone: the tree is read again where it is needed."""
        names = ("index", "text", "line", "column", "stored")
        return {name: getattr(self, name) for name in names}


def _load_tree(stored: bytes) -> list[Any]:
    data: list[Any] = marshal.loads(stored)  # noqa: S302 - written by `store_tree`
    return data


@functools.lru_cache(maxsize=8192)
def _read_tree(stored: bytes) -> Node:
    return from_data(_load_tree(stored))


@functools.lru_cache(maxsize=8192)
def _find_parameters(stored: bytes) -> tuple[str, ...]:
    return tuple(dict.fromkeys(node.key for node in walk(_read_tree(stored)) if isinstance(node, Param)))


def store_tree(tree: Node) -> bytes:
    """Serialize a tree. Equal trees give equal bytes."""
    return marshal.dumps(to_data(tree), 2)  # version 2 has no references, which depend on how the tree was made


class Article(NamedTuple):
    """The words that rules rest on."""

    key: str
    label: LocalizedText
    en: str
    zh: str | None
    verification: str
    """One of VERIFICATIONS."""
    note: str | None
    url: str | None
    """Official page of its own."""
    obtain: LocalizedText | None
    """Where its text can be had, if that is another document than the policy's or no text of law."""
    address: str | None
    """Official page of its own, or of the policy if it is of the same document."""
    verified: tuple[str, str, str] | None = None
    """Day, text and hash of the comparison of the quote, for a primary article."""


class Instrument(NamedTuple):
    """A license, approval, certificate, filing or duty."""

    id: str
    policy: str
    title: LocalizedText
    authority: tuple[tuple[Expression, tuple[str, ...]], ...]
    """Authorities in charge: those of the first entry whose expression holds."""
    covers: Expression | None
    """Expression that decides if a held instrument covers an activity; None if holding it is enough."""
    no_term: bool
    """True if the instrument has no end date, so that it is valid without `valid_until`."""

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Every expression of the instrument, in a fixed order."""
        covers = () if self.covers is None else (self.covers,)
        return (*(when for when, _ in self.authority), *covers)


class Condition(NamedTuple):
    """A condition of a route that an applicant can meet."""

    id: str
    where: bool
    reason: str | None
    cite: tuple[str, ...]
    check: Expression
    message: LocalizedText
    verification: str | None
    """The weakest verification among the articles it cites."""
    cap: Expression | None = None
    """The highest foreign share in percent, where the condition was compiled from `max_foreign_percent`."""
    is_unread: bool = False
    """True if all its articles, or those of its route, are unread."""
    template: LocalizedText | None = None
    """The message with the facts to show in a decision; None if there are no facts."""

    def __hash__(self) -> int:
        return hash((self.id, self.check))


class Classify(NamedTuple):
    """The service belongs to these classes; none means that it is not telecommunications."""

    classes: tuple[str, ...]


class Deny(NamedTuple):
    """Prohibited."""

    reason: str
    curable: bool = False


class Need(NamedTuple):
    """The company must hold an instrument before the launch, or a route `through` to it must be open."""

    instrument: str | None = None
    through: str | None = None
    bearer: str = "operator"


class Route(NamedTuple):
    """A lawful way to offer an activity."""

    to: str
    name: str
    title: LocalizedText
    instrument: str
    conditions: tuple[Condition, ...]
    """Conditions that the policy writes down."""
    share_cap: Condition | None
    """`max_foreign_percent` as a condition: `operator.foreign_percent <= cap`."""

    @property
    def requirements(self) -> tuple[Condition, ...]:
        """Every condition that must be met for the route to be open."""
        return self.conditions if self.share_cap is None else (*self.conditions, self.share_cap)

    @property
    def max_foreign_percent(self) -> Expression | None:
        """The highest foreign share in percent, if the route has one."""
        return None if self.share_cap is None else self.share_cap.cap


class Duty(NamedTuple):
    """A filing, assessment or continuing obligation. `due` is as in policy.schema.json."""

    instrument: str
    due: Mapping[str, Any]
    bearer: str = "operator"


class Advise(NamedTuple):
    """A note for a person to review."""

    kind: str


class Reading(NamedTuple):
    """Another reading of a contested rule."""

    name: str
    """A class, `not-telecommunications`, or `closed` for a route that is not admitted."""
    held_by: LocalizedText


class Readings(NamedTuple):
    """Readings of a contested rule: the rule itself is the first one."""

    why: LocalizedText
    """Reason for the first reading."""
    settled_by: LocalizedText
    """The fact, text or answer that would settle the reading."""
    others: tuple[Reading, ...]


class Override(NamedTuple):
    """A rule of a lower layer that a rule is meant to replace."""

    rule: str
    """policy/rule."""
    reason: str
    owner: str


Effect = Classify | Deny | Need | Route | Duty | Advise
EFFECTS = {"classify": Classify, "deny": Deny, "need": Need, "route": Route, "duty": Duty, "advise": Advise}
KINDS = ("classify", "route", "deny", "need", "duty", "advise")
"""Kinds of rules in the order in which they are evaluated: classes and routes come before what depends on them."""


@frozen()
class Rule(ValueObject):
    """A rule: a condition and its effect."""

    policy: str
    id: str
    cite: tuple[str, ...]
    each: str
    """product, service or activity."""
    since: str
    """First day in force, the file's dates included."""
    until: str
    """First day no longer in force."""
    when: Expression = field(repr=False)
    kind: str
    """Name of the effect in a policy file: classify, deny, need, route, duty or advise."""
    effect: Effect = field(repr=False)
    message: LocalizedText = field(repr=False)
    readings: Readings | None
    """Other readings of a contested rule."""
    unwaivable: bool
    line: int
    verification: str | None
    """The weakest verification among the articles it cites."""
    is_unread: bool
    """True if all cited articles are unverified."""
    overrides: Override | None = None
    """The rule of a lower layer that this rule should replace."""

    template: LocalizedText | None = field(default=None, repr=False)
    """The message with the facts to show in a decision; None if there are no facts."""

    def __hash__(self) -> int:
        return hash((self.policy, self.id))

    @functools.cached_property
    def name(self) -> str:
        """policy/rule, which never changes."""
        return f"{self.policy}/{self.id}"

    @functools.cached_property
    def is_open(self) -> bool:
        """True if an opinion may settle the rule, because its law is unread or practice is unsettled."""
        return self.is_unread or self.contested

    @property
    def contested(self) -> bool:
        """True if the law is read in more than one way."""
        return self.readings is not None

    @property
    def other_readings(self) -> tuple[str, ...]:
        """Names of the other readings of a contested rule."""
        return () if self.readings is None else tuple(reading.name for reading in self.readings.others)

    @property
    def holder(self) -> str:
        """Who must hold the instrument of a need: its bearer, or the company for the product itself."""
        return self.effect.bearer if isinstance(self.effect, Need) and self.each != "product" else "company"

    @property
    def instrument(self) -> str | None:
        """The instrument of the effect; None if there is no instrument, or for a license through routes."""
        return self.effect.instrument if isinstance(self.effect, Need | Route | Duty) else None

    @property
    def through(self) -> str | None:
        """The license that a need requires through its routes."""
        return self.effect.through if isinstance(self.effect, Need) else None

    @property
    def instruments(self) -> tuple[str, ...]:
        """The instruments of the rule, including those required through routes."""
        return tuple(name for name in (self.instrument, self.through) if name is not None)

    @property
    def route(self) -> Route:
        """The effect of a rule that is a route."""
        assert isinstance(self.effect, Route)
        return self.effect

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions that the policy writes in a route; none for another rule."""
        return self.effect.conditions if isinstance(self.effect, Route) else ()

    @property
    def requirements(self) -> tuple[Condition, ...]:
        """The conditions of a route, its share cap included; none for another rule."""
        return self.effect.requirements if isinstance(self.effect, Route) else ()

    @property
    def group(self) -> str:
        """Subject and kind, such as activity/deny."""
        return f"{self.each}/{self.kind}"

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Every expression that the policy writes in the rule: `when`, the share cap, conditions of a route."""
        cap = self.effect.max_foreign_percent if isinstance(self.effect, Route) else None
        return (self.when, *(() if cap is None else (cap,)), *(condition.check for condition in self.conditions))

    @property
    def compiled(self) -> tuple[Expression, ...]:
        """Every expression that is evaluated: those written, and the check that the share cap was compiled to."""
        cap = self.effect.share_cap if isinstance(self.effect, Route) else None
        return self.expressions if cap is None else (*self.expressions, cap.check)

    @functools.cached_property
    def parameters(self) -> tuple[str, ...]:
        """Keys of the parameters that the expressions read, each once, in a fixed order."""
        return tuple(dict.fromkeys(key for expression in self.expressions for key in expression.parameters))

    def in_force(self, day: str) -> bool:
        """Return whether the rule is law on a day."""
        return self.since <= day < self.until


class Value(NamedTuple):
    """The value of a parameter from a day on."""

    since: str
    cite: tuple[str, ...]
    value: Any


class Parameter(NamedTuple):
    """A value that the law fixes, dated and cited."""

    key: str
    """policy/name."""
    title: LocalizedText | None
    values: tuple[Value, ...]

    def on(self, day: str) -> Value | None:
        """Return the value in force on a day; None before the first."""
        return next((value for value in reversed(self.values) if value.since <= day), None)


class Edition(NamedTuple):
    """One edition of a series that is re-issued."""

    since: str
    number: str
    title: LocalizedText | None
    verification: str


@frozen()
class Policy(ValueObject):
    """One regulation or series, with the full content of its file."""

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
        """Return the rule of that id. Raises KeyError."""
        for rule in self.rules:
            if rule.id == id:
                return rule
        raise KeyError(id)

    def edition(self, day: str) -> Edition | None:
        """Return the edition in force on a day, for a series."""
        return next((edition for edition in reversed(self.editions) if edition.since <= day), None)

    def number(self, day: str) -> str | None:
        """Return the number of the regulation, or of its edition in force on a day."""
        edition = self.edition(day)
        number: str | None = edition.number if edition else self.source.get("number")
        return number

    def is_unread(self, keys: Iterable[str]) -> bool:
        """Return whether all cited articles are unread."""
        return all(self.articles[key].verification == UNREAD for key in keys)

    @property
    def unread_parameters(self) -> Iterator[str]:
        """Keys of the parameters whose values all cite only unverified articles."""
        for parameter in self.parameters.values():
            if all(self.is_unread(value.cite) for value in parameter.values):
                yield parameter.key

    @property
    def compiled(self) -> Iterator[Expression]:
        """Every expression of the policy that is evaluated, in the order of their indexes."""
        for rule in self.rules:
            yield from rule.compiled
        for instrument in self.instruments.values():
            yield from instrument.expressions


class Enforcement(NamedTuple):
    """The weight of a rule at the gate until a day. It does not change decisions."""

    rule: str
    """policy/rule."""
    level: str
    """deny (as written), warn or off."""
    reason: str
    since: str
    """First day (ISO)."""
    until: str
    """Last day (ISO)."""
    owner: str
    layer: str
    """Name of the layer with this entry."""
    file: str
    line: int


class Layer(NamedTuple):
    """One layer of a bundle. The first one is the base."""

    name: str
    title: LocalizedText
    owner: str | None
    """Owner of the layer; None for a base without an owner."""
    policies: tuple[str, ...]
    """Ids of its policies."""
    may_loosen: tuple[str, ...]
    """Rules (policy/rule) that the next layer may loosen."""
    folder: str
    """Folder that holds its files."""
    digest: str
    enforce: tuple[Enforcement, ...] = ()
    """The weight of its rules, and of rules that it may loosen, at the gate."""


def as_tuple(value: str | list[str]) -> tuple[str, ...]:
    """Return one word, or several, as a tuple."""
    return (value,) if isinstance(value, str) else tuple(value)
