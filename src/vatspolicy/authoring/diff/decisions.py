"""Which decisions change: every product, on every day on which some rule differs, decided by both sides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vatspolicy.authoring.diff.cases import Product
from vatspolicy.authoring.diff.items import DECISIVE, KINDS, Item, Key, differing, items
from vatspolicy.authoring.diff.revision import LawRevision, load_side, named_after
from vatspolicy.authoring.diff.rules import Differences
from vatspolicy.engine.decision import WORDS, Decision
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.profile.profile import Profile, read_profile


@dataclass(frozen=True)
class Answer:
    """A decision word with what missing facts leave open."""

    decision: str
    range: tuple[str, str]


@dataclass(frozen=True)
class Row:
    """One product whose decision word, or its range, changes."""

    product: Product
    services: tuple[str, ...]
    """The services whose findings change it; none when it is the product as a whole."""
    before: Answer
    after: Answer
    because: tuple[str, ...]
    """Rules behind it, the likeliest cause first: those that the change touched, if any of them speaks."""
    days: tuple[str, ...]
    """Days on which it was found."""

    @property
    def direction(self) -> str:
        """See `direction`."""
        return direction(self.before, self.after)


@dataclass(frozen=True)
class Detail:
    """Something below the decision word that changes alike for several products."""

    kind: str
    name: str
    rule: str | None
    before: str | None
    after: str | None
    products: tuple[str, ...]
    days: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """What became of all products."""

    rows: tuple[Row, ...]
    details: tuple[Detail, ...]
    products: int
    """Products that were decided by both sides."""
    days: tuple[str, ...]
    """Days that were compared."""
    problems: tuple[Problem, ...]
    """Why other products were not."""
    borrowed: tuple[str, ...] = field(default=())
    """Products that the base can read only under the schemas of the head."""


def direction(before: Answer, after: Answer) -> str:
    """tightened, loosened, or neither: more or less is known, but nothing became milder or stricter for certain."""
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
    """Decide every product on every day by both sides and tell what differs.

    A day on which no rule differs is passed over, unless the schemas differ: they say where places lie, too.
    """
    compared = [day for day in days if base.schemas != head.schemas or differences.on(day)]
    return _Run(base, head, differences).run(products, compared)


class _Run:
    def __init__(self, base: LawRevision, head: LawRevision, differences: Differences) -> None:
        self.base, self.head, self.differences = base, head, differences
        self.rows: dict[tuple[Product, tuple[str, ...], Answer, Answer, tuple[str, ...]], list[str]] = {}
        self.details: dict[
            tuple[str, str, str | None, str | None, str | None], tuple[dict[str, None], dict[str, None]]
        ] = {}
        self.problems: list[Problem] = []
        self.borrowed: list[str] = []
        self._base_under_head: LawRevision | InvalidInput | None = None

    def run(self, products: Sequence[Product], days: Sequence[str]) -> Comparison:
        count = 0
        for product in products:
            try:
                before, old, new = self.read(product)
            except InvalidInput as error:
                self.problems += error.problems
                continue
            count += 1
            for day in days:
                self.compare(product, day, decide(before, old, day), decide(self.head, new, day))
        rows = [Row(*key[:5], tuple(found)) for key, found in self.rows.items()]
        details = [Detail(*key, tuple(names), tuple(sorted(found))) for key, (names, found) in self.details.items()]
        details.sort(key=lambda detail: (KINDS.index(detail.kind), detail.name, detail.rule or ""))
        return Comparison(
            tuple(rows), tuple(details), count, tuple(days), tuple(sorted(set(self.problems))), tuple(self.borrowed)
        )

    def read(self, product: Product) -> tuple[LawRevision, Profile, Profile]:
        """The side that decides as the base, and the profile as both sides read it. Raises InvalidInput."""
        new = read_profile(product.document, self.head.schemas)
        if self.base.schemas == self.head.schemas:
            return self.base, new, new
        try:
            return self.base, read_profile(product.document, self.base.schemas), new
        except InvalidInput:
            # The head knows facts that the base does not; the old rules never read them and can be asked all the same.
            borrowed = self.base_under_head()
            self.borrowed.append(product.name)
            return borrowed, new, new

    def base_under_head(self) -> LawRevision:
        """The base read under the schemas of the head. Raises InvalidInput where it does not fit them."""
        if self._base_under_head is None:
            try:
                self._base_under_head = load_side(self.base.source, self.head.schemas)
            except InvalidInput as error:
                self._base_under_head = InvalidInput(named_after(self.base.source, error.problems))
        if isinstance(self._base_under_head, InvalidInput):
            raise self._base_under_head
        return self._base_under_head

    def compare(self, product: Product, day: str, before: Decision, after: Decision) -> None:
        found = differing(items(before), items(after))
        answers = _answer(before), _answer(after)
        if answers[0] != answers[1]:
            rules, services = self.causes(found, day)
            self.rows.setdefault((product, services, *answers, rules), []).append(day)
        for key, (old, new) in found.items():
            rule = (new or old or Item("", None)).rule
            values = (old.value if old else None, new.value if new else None)
            products, days = self.details.setdefault((key.kind, key.name, rule, *values), ({}, {}))
            products[product.name] = None
            days[day] = None

    def causes(
        self, found: Mapping[Key, tuple[Item | None, Item | None]], day: str
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Rules and services behind a change of the word."""
        touched = self.differences.on(day)
        spoken = [
            (DECISIVE.index(key.kind), rule, key.service)
            for key, pair in found.items()
            if key.kind in DECISIVE
            for rule in dict.fromkeys(item.rule for item in pair if item is not None and item.rule is not None)
        ]
        speaking = [entry for entry in spoken if entry[1] in touched] or spoken
        speaking.sort()
        rules = dict.fromkeys(rule for _, rule, _ in speaking)
        return tuple(rules), tuple(dict.fromkeys(sorted(service for _, _, service in speaking if service)))


def decide(side: LawRevision, profile: Profile, day: str) -> Decision:
    """The decision of one side."""
    return evaluate(side.bundle, profile, day)


def _answer(decision: Decision) -> Answer:
    return Answer(decision.decision, decision.range)


def direction_of_all(directions: Iterable[str]) -> str:
    """tightened, loosened, both or neither, over many."""
    found = set(directions) - {"neither"}
    return "both" if len(found) > 1 or "both" in found else found.pop() if found else "neither"
