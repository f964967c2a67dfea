"""Changed decisions: both sides decide every product on every day on which a rule differs.

Products are the fixtures of both sides, with their variants, and specs of the user.
"""

from __future__ import annotations

import functools
import json
from bisect import bisect_right
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from vatspolicy.authoring.diff.law_revision import LawRevision, load_side, named_after
from vatspolicy.authoring.diff.result import Answer, ChangedDetail
from vatspolicy.authoring.diff.rules import Differences
from vatspolicy.authoring.diff.untouched import Untouched
from vatspolicy.core.documents import Document, load_document, parse_document
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.engine.decision import WORDS
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.snapshot import (
    DECISIVE_KINDS,
    DETAIL_KINDS,
    DecisionItem,
    Key,
    compare_items,
    itemize,
    say_value,
)
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import KINDS
from vatspolicy.core.profile.profile import Profile, open_part, open_parts, read_profile
from vatspolicy.core.profile.vocabulary import LocalizedText
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.gate.gate import find_specs
from vatspolicy.i18n import _
from vatspolicy.i18n.words import say_both
from vatspolicy.proofs.transitions import DecidingRules, RelevantRules


@dataclass(frozen=True)
class Row:
    """One product whose outcome, or its range, changes."""

    product: Product
    services: tuple[str, ...]
    """The services whose findings change it; empty for the product as a whole."""
    before: Answer
    after: Answer
    because: tuple[str, ...]
    """Rules behind it, the likeliest cause first. If changed rules are among them, only those."""
    days: tuple[str, ...]
    """Days with this difference."""

    @property
    def direction(self) -> str:
        """The direction of the change (see `direction`)."""
        return direction(self.before, self.after)


@dataclass(frozen=True)
class Comparison:
    """The comparison of all products."""

    rows: tuple[Row, ...]
    details: tuple[ChangedDetail, ...]
    products: int
    """Products that both sides decided."""
    days: tuple[str, ...]
    """Compared days."""
    problems: tuple[Problem, ...]
    """Problems of the other products."""
    borrowed: tuple[str, ...] = field(default=())
    """Products that the base can read only under the head's schemas."""


def direction(before: Answer, after: Answer) -> str:
    """Return tightened, loosened, or neither.

    Neither: more or less is known, but nothing became milder or stricter for certain.
    """
    low = WORDS.index(after.range[0]) - WORDS.index(before.range[0])
    high = WORDS.index(after.range[1]) - WORDS.index(before.range[1])
    if min(low, high) >= 0 and max(low, high) > 0:
        return "tightened"
    if max(low, high) <= 0 and min(low, high) < 0:
        return "loosened"
    return "neither"


def compare_decisions(
    base: LawRevision, head: LawRevision, products: Sequence[Product], days: Sequence[str], differences: Differences
) -> Comparison:
    """Decide every product on every day by both sides and return the differences.

    A day on which no rule differs is left out, unless the schemas differ: they hold the gazetteer.
    """
    compared = [day for day in days if base.schemas != head.schemas or differences.on(day)]
    return _Run(base, head, differences).run(products, compared)


@dataclass
class _Found:
    """The place of a difference below the outcome."""

    texts: tuple[LocalizedText | None, LocalizedText | None]
    products: dict[str, None] = field(default_factory=dict)
    days: dict[str, None] = field(default_factory=dict)


_Decided: TypeAlias = tuple[Answer, Mapping[Key, DecisionItem]]
"""The answer of one side, and its items."""
_DecidedPair: TypeAlias = tuple[tuple[Answer, Answer], Mapping[Key, tuple[DecisionItem | None, DecisionItem | None]]]
"""The answers of both sides, and the items that differ."""


def _decide(side: RelevantRules, day: str, other: Collection[str] | None, differing: Collection[str]) -> _Decided:
    """Decide a profile by one side on a day. `other`: see `RelevantRules.on`; `differing`: names of rules to mark."""
    bundle = side.side.bundle
    decision = evaluate(bundle, side.profile, day, explain=False, ruleset=side.on(day, other))
    return Answer(decision.decision, decision.range), itemize(decision, bundle, differing, cited=True)


class _Run:
    def __init__(self, base: LawRevision, head: LawRevision, differences: Differences) -> None:
        self.base, self.head, self.differences = base, head, differences
        self.same_schemas = base.schemas == head.schemas
        self.untouched = Untouched(differences)
        self._rules: dict[int, DecidingRules] = {}
        self.rows: dict[tuple[Product, tuple[str, ...], Answer, Answer, tuple[str, ...]], list[str]] = {}
        self.details: dict[tuple[str, str, str | None, str | None, str | None], _Found] = {}
        self.problems: list[Problem] = []
        self.borrowed: list[str] = []

    def run(self, products: Sequence[Product], days: Sequence[str]) -> Comparison:
        count = 0
        for product in products:
            try:
                before, old, new = self.read(product)
            except InvalidInput as error:
                self.problems += error.problems
                continue
            count += 1
            if not self.same_schemas or any((new, day) not in self.untouched for day in days):
                sides = RelevantRules(self.rules_of(before.bundle), old), self.untouched.relevant(new)
                self.compare_on(days, product, sides)
        rows = [Row(*key[:5], tuple(found)) for key, found in self.rows.items()]
        details = [
            ChangedDetail(
                kind, name, rule, None, (), old, new, *found.texts, tuple(found.products), tuple(sorted(found.days)), ()
            )
            for (kind, name, rule, old, new), found in self.details.items()
        ]
        details.sort(key=lambda detail: (DETAIL_KINDS.index(detail.kind), detail.name, detail.rule or ""))
        return Comparison(
            tuple(rows),
            tuple(details),
            count,
            tuple(days),
            tuple(sorted(set(self.problems))),
            tuple(self.borrowed),
        )

    def read(self, product: Product) -> tuple[LawRevision, Profile, Profile]:
        """Return the base that decides, and the profile as each side reads it. Raises InvalidInput."""
        new = read_profile(product.document, self.head.schemas)
        if self.same_schemas:
            return self.base, new, new
        try:
            return self.base, read_profile(product.document, self.base.schemas), new
        except InvalidInput:
            # The head knows facts that the base does not; the old rules never read them and can be asked all the same.
            if isinstance(self._base_under_head, InvalidInput):
                raise self._base_under_head from None
            self.borrowed.append(product.name)
            return self._base_under_head, new, new

    @functools.cached_property
    def _base_under_head(self) -> LawRevision | InvalidInput:
        """The base loaded under the schemas of the head; the problems if it does not fit them."""
        try:
            return load_side(self.base.source, self.head.schemas)
        except InvalidInput as error:
            return InvalidInput(named_after(self.base.source, error.problems))

    def compare_on(self, days: Iterable[str], product: Product, sides: Sequence[RelevantRules]) -> None:
        """Decide a product by both sides on some days, each side once for the days that it treats alike."""
        names = {rule.name for one in sides for rule in one.rules}
        decided: dict[Hashable, _Decided] = {}
        compared: dict[Hashable, _DecidedPair | None] = {}
        states: dict[Hashable, Sequence[Hashable]] = {}
        for day in days:
            differing = self.differences.effects_on(day) & names
            other = self.others_on(day, sides[1].profile, names)
            state = *(bisect_right(one.turns, day) for one in sides), differing, other
            if state not in states:
                states[state] = tuple([(place, one.state_on(day, other), differing) for place, one in enumerate(sides)])
            keys = states[state]
            if keys not in compared:
                compared[keys] = None
                if not self.same_schemas or (sides[1].profile, day) not in self.untouched:
                    for key, one in zip(keys, sides, strict=True):
                        if key not in decided:
                            decided[key] = _decide(one, day, other, differing)
                    (old, before), (new, after) = (decided[key] for key in keys)
                    compared[keys] = (old, new), compare_items(before, after)
            if (pair := compared[keys]) is not None:
                self.note(product, day, [one.side.bundle for one in sides], pair)

    def others_on(self, day: str, profile: Profile, names: set[str]) -> Collection[str] | None:
        """Return the duties and notes among the rules of a profile that may differ on a day; None if any may.

        Such a rule depends on no other but those that classify a service or license an activity.
        """
        touched = self.differences.on(day) & names
        sides = self.differences.base.by_name, self.differences.head.by_name
        classify = any(name in side and side[name].kind == "classify" for name in touched for side in sides)
        if classify or profile.facts["opinions"] or not self.same_schemas:
            return None
        return touched if self.untouched.same_licenses(day) else None

    def rules_of(self, bundle: Bundle) -> DecidingRules:
        """Return the rules of a bundle. The base can be loaded twice, under different schemas."""
        if id(bundle) not in self._rules:
            self._rules[id(bundle)] = DecidingRules(bundle, KINDS)
        return self._rules[id(bundle)]

    def note(self, product: Product, day: str, bundles: Sequence[Bundle], pair: _DecidedPair) -> None:
        """Record the differences between the decisions of both sides on a day."""
        answers, found = pair
        if answers[0] != answers[1]:
            rules, services = self.causes(found, day)
            self.rows.setdefault((product, services, *answers, rules), []).append(day)
        for items in found.values():
            item = items[1] or items[0]
            assert item is not None
            one, two = (None if side is None else side.value for side in items)
            key = item.kind, item.name, item.rule, one, two
            if key not in self.details:
                before_text, after_text = (
                    say_both(text) if one is not None and (text := say_value(one, of)) else None
                    for one, of in zip(items, bundles, strict=True)
                )
                self.details[key] = _Found((before_text, after_text))
            seen = self.details[key]
            seen.products[product.name] = None
            seen.days[day] = None

    def causes(
        self, found: Mapping[Key, tuple[DecisionItem | None, DecisionItem | None]], day: str
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the rules and services behind a change of the outcome."""
        touched = self.differences.on(day)
        causes = [
            (DECISIVE_KINDS.index(kind), rule, service)
            for (kind, _, service, _), pair in found.items()
            if kind in DECISIVE_KINDS
            for rule in dict.fromkeys(item.rule for item in pair if item is not None and item.rule is not None)
        ]
        causes = sorted([cause for cause in causes if cause[1] in touched] or causes)
        rules = dict.fromkeys(rule for _, rule, _ in causes)
        return tuple(rules), tuple(dict.fromkeys(sorted(service for _, _, service in causes if service)))


def direction_of_all(directions: Iterable[str]) -> str:
    """Combine directions into tightened, loosened, both or neither."""
    found = set(directions) - {"neither"}
    return "both" if len(found) > 1 or "both" in found else found.pop() if found else "neither"


EXPECTED = ".expect.yaml"


@dataclass(frozen=True, eq=False)
class Product:
    """A profile, or a variant from a fixture."""

    document: Document = field(repr=False)
    variant: str = ""
    """The fixture's description of the variant; empty for the profile itself."""

    @functools.cached_property
    def name(self) -> str:
        """The id, with the variant."""
        return f"{self.id} ({self.variant})" if self.variant else self.id

    @functools.cached_property
    def id(self) -> str:
        """The product's id, or the file name if the profile has no id."""
        product = self.document.data.get("product") if isinstance(self.document.data, dict) else None
        id = product.get("id") if isinstance(product, dict) else None
        return id if isinstance(id, str) else self.document.file


def products(base: LawRevision, head: LawRevision, arguments: Iterable[str]) -> tuple[list[Product], list[Problem]]:
    """Return every product to decide, each profile once, and the problems of unreadable ones.

    A fixture that a change edits or deletes is decided as it was, too, so that no product leaves the comparison unseen.
    """
    found: dict[str, Product] = {}
    problems: list[Problem] = []

    def add(product: Product) -> None:
        key = json.dumps(product.document.data, sort_keys=True, ensure_ascii=False)
        found.setdefault(key, product)

    read: set[tuple[str, bytes, bytes | None]] = set()
    for side in (head, base):
        fixtures = dict(side.source.fixtures)
        for file, content in fixtures.items():
            expected = fixtures.get(beside := _beside(file))
            if file.endswith(EXPECTED) or (file, content, expected) in read:
                continue
            try:
                for product in _variants((file, content), (beside, expected)):
                    add(product)
                read.add((file, content, expected))
            except InvalidInput as error:
                problems += named_after(base.source, error.problems) if side is base else error.problems
    for argument in arguments:
        try:
            specs = find_specs(argument)
        except InvalidInput as error:
            problems += error.problems
            continue
        if not specs:
            problems.append(Problem(argument, 1, 1, "", _("No profile found.")))
        for spec in specs:
            try:
                for document in open_parts(load_document(spec)):
                    add(Product(document))
            except InvalidInput as error:
                problems += error.problems
    return list(found.values()), sorted(set(problems))


def _beside(file: str) -> str:
    """Return the file of the expectations of a fixture."""
    return file.removesuffix(".yaml") + EXPECTED


def _variants(fixture: tuple[str, bytes], expectations: tuple[str, bytes | None]) -> Iterator[Product]:
    """Yield a fixture's profile and the variants in its expectations, each as name and content."""
    file, content = fixture
    document = parse_document(content, file)
    yield from map(Product, open_parts(document))
    beside, expected = expectations
    entries = parse_document(expected, beside).data if expected is not None else {}
    for entry in entries.get("decisions", []) if isinstance(entries, dict) else []:
        if isinstance(entry, dict) and (edits := list(_edits(entry))):
            yield Product(open_part(document, str(entry.get("part", "")), edits), str(entry.get("it", "")) or "variant")


def _edits(entry: Mapping[str, Tree]) -> Iterator[tuple[str, Tree]]:
    set_, unset = entry.get("set"), entry.get("unset")
    yield from set_.items() if isinstance(set_, dict) else ()
    yield from ((path, None) for path in unset if isinstance(path, str)) if isinstance(unset, list) else ()
