"""Edits, decisions and rules of a comparison with titles, for the result."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from vatspolicy.authoring.diff.decisions import Comparison, Row, direction_of_all
from vatspolicy.authoring.diff.edit_wording import EditWording
from vatspolicy.authoring.diff.edited import Cause, Citation, Edit, MovedRule, Place, RedLine, ReviewedRedLine
from vatspolicy.authoring.diff.edits import EditsOfRules, ReviewItem, find_red_lines
from vatspolicy.authoring.diff.law_revision import LawRevision
from vatspolicy.authoring.diff.result import (
    ChangedDecision,
    ChangedDetail,
    Concerned,
    Decisions,
    Item,
    Verdict,
    extend,
)
from vatspolicy.authoring.diff.rules import Differences, name_layer
from vatspolicy.authoring.diff.structure import LAYER_PREFIX, OF_LAYERS
from vatspolicy.authoring.diff.verdict import direction_of
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.model import Article, Policy
from vatspolicy.core.profile.vocabulary import LocalizedText, fact_schemas, gazetteer, label
from vatspolicy.core.profile.wording import FactWording
from vatspolicy.i18n.words import say_both

_UNPROVED = Verdict(None, (), None, None, None, "", ())
"""The verdict on an edit without a question."""
_WEIGHTS = {"unknown": 0, "unsupported": 0, "witness": 1, None: 2, "masked": 3, "proved-equivalent": 4, "no-rule": 5}
"""Verdicts on edits, in the order of reports."""
UNMOVED = replace(_UNPROVED, verdict="no-rule", reason="No rule differs because of it.")
"""The verdict on an edit that affects no rule."""
UNSETTLED = replace(_UNPROVED, verdict="unknown")
"""The verdict on an edit of a schema that may change how a spec is read."""


WORST_FIRST = ("both", "tightened", "loosened", "neither")
"""Directions of changes, in the order of reports."""


class ComparisonSerializer:
    """The parts of a comparison, with titles, messages and citations."""

    def __init__(
        self,
        base: LawRevision,
        head: LawRevision,
        differences: Differences,
        edits: EditsOfRules,
        reading: Collection[str],
        today: str,
    ) -> None:
        """Initialize with the names of schema edits that may change how specs are read."""
        self.reading = reading
        self.today = today
        self.base, self.head, self.differences, self.edits = base, head, differences, edits
        self.wording = EditWording(differences.base, differences.head, edits.all)

    def change(self, change: Edit) -> Edit:
        """Return an edit with its title."""
        policies = (side.bundle.policies.get(change.policy) for side in (self.head, self.base))
        policy = next((policy for policy in policies if policy is not None), None)
        layer = self.layer(change.policy)
        of_layer = change.kind in OF_LAYERS
        regulation = self.title_of_layer(layer) if of_layer else _text(policy.title) if policy else None
        return replace(change, title=self.title(change), regulation=regulation, layer=layer)

    def title(self, change: Edit) -> LocalizedText | None:
        """Return the title of a policy, parameter, instrument, article or layer, or the message of a rule."""
        if change.kind in OF_LAYERS:
            return self.message(change.name) if change.name else self.title_of_layer(self.layer(change.policy))
        for side in (self.head, self.base):
            if change.kind == "schema" and (found := title_of_schema(change.name, side.schemas)) is not None:
                return found
            policy = side.bundle.policies.get(change.policy)
            if policy is None:
                continue
            match change.kind:
                case "parameter" if change.name in policy.parameters:
                    return _text(policy.parameters[change.name].title)
                case "instrument" if change.name in policy.instruments:
                    return _text(policy.instruments[change.name].title)
                case "article" if change.name in policy.articles:
                    return _text(policy.articles[change.name].label)
                case "rule" if any(rule.id == change.name for rule in policy.rules):
                    return _text(policy.rule(change.name).message)
                case "policy" | "dates":
                    return _text(policy.title)
        return None

    def layer(self, policy: str) -> str | None:
        """Return the layer of a policy or of a layer.yaml edit; None for a policy of the law."""
        if policy.startswith(LAYER_PREFIX):
            return policy.removeprefix(LAYER_PREFIX)
        return next((one for side in (self.head, self.base) if (one := name_layer(side.bundle, policy))), None)

    def title_of_layer(self, name: str | None) -> LocalizedText | None:
        """Return the title of a layer."""
        found = (
            next((side.layers[name] for side in (self.head, self.base) if name in side.layers), None) if name else None
        )
        return found and _text(found["title"])

    def items(
        self,
        items: Iterable[ReviewItem],
        verdicts: Iterable[Verdict],
        comparison: Comparison,
        never: Collection[str],
    ) -> tuple[Item, ...]:
        """Return each review item with its verdict and known effects.

        `verdicts` are those on the items that move rules. `never`: changes of the word that all edits together never
        make.
        """
        left = iter(verdicts)
        proofs = ((item, next(left, _UNPROVED) if item.rules else self.unmoved(item)) for item in items)
        found = [self.item(item, proof, comparison, never) for item, proof in proofs]
        found.sort(key=lambda item: (WORST_FIRST.index(item.direction), self.weight(item)))
        return tuple(found)

    def weight(self, item: Item) -> int:
        """Return the rank of an item by its verdict. A rename comes before everything that changes no result."""
        changes = [self.edits.all[place] for place in item.changes]
        renamed = changes and all(one.twin or any(field.name == "renamed" for field in one.fields) for one in changes)
        rank = _WEIGHTS[item.proof.verdict]
        return min(rank, _WEIGHTS[None]) if renamed else rank

    def unmoved(self, item: ReviewItem) -> Verdict:
        """Return the verdict on an item that affects no rule."""
        names = (self.edits.all[place].name for place in item.changes if self.edits.all[place].kind == "schema")
        return UNSETTLED if any(name in self.reading for name in names) else UNMOVED

    def item(self, item: ReviewItem, proof: Verdict, comparison: Comparison, never: Collection[str]) -> Item:
        """Return a review item with the affected rules."""
        periods = [self.differences.period(name) for name in item.rules]
        first = [since for since, _ in periods if since is not None]
        last = [until for since, until in periods if since is not None]
        rules = [
            extend(MovedRule, self.cause(name, since or self.base.bundle.covers_from), since=since, until=until)
            for name, (since, until) in zip(item.rules, periods, strict=True)
        ]
        directions = [row.direction for row in comparison.rows if not set(item.rules).isdisjoint(row.because)]
        directions += [direction_of(name) for name in proof.transitions]
        return Item(
            changes=item.changes,
            rules=tuple(rules),
            since=min(first, default=None),
            until=max((day for day in last if day is not None), default=None) if None not in last else None,
            words=tuple(self.wording.lines(item)),
            articles=tuple(self.wording.articles(item)),
            said=item.said,
            proof=proof,
            direction=direction_of_all(directions),
            excluded=tuple(name for name in proof.transitions if name in never),
            seen_in=seen_in(item.rules, comparison),
            accepted=(),
        )

    def decisions(self, comparison: Comparison) -> Decisions:
        """Return the comparison of all products."""
        rows = sorted(comparison.rows, key=lambda row: (*self.urgency(row), row.product.name))
        return Decisions(
            comparison.products,
            comparison.days,
            comparison.borrowed,
            tuple(self.row(row) for row in rows),
            tuple(self.detail(detail) for detail in comparison.details),
        )

    def urgency(self, row: Row) -> tuple[bool, bool, int, str]:
        """Return a sort key: current and future changes before past ones, and the worst first."""
        coming = [day for day in row.days if day >= self.today]
        reached = "incomplete" not in (row.before.decision, row.after.decision)
        worst = WORST_FIRST.index(row.direction)
        return not coming, not reached, worst, coming[0] if coming else row.days[-1]

    def row(self, row: Row) -> ChangedDecision:
        """Return one product with a changed decision."""
        return ChangedDecision(
            product=row.product.id,
            variant=row.product.variant or None,
            file=row.product.document.file,
            services=row.services,
            days=row.days,
            before=row.before,
            after=row.after,
            direction=row.direction,
            because=tuple(self.cause(name, row.days[0]) for name in row.because),
            accepted=(),
        )

    def detail(self, detail: ChangedDetail) -> ChangedDetail:
        """Return one difference below the decision."""
        if detail.rule is None:
            return detail
        citations = self.cause(detail.rule, detail.days[0]).citations
        return replace(detail, title=self.message(detail.rule), citations=citations)

    def red_lines(self) -> tuple[ReviewedRedLine, ...]:
        """Return the rules that become waivable, no longer fail the gate, or may now be loosened."""
        found = find_red_lines(self.differences.base, self.differences.head, self.edits.all)
        return (*map(self._waivable, self.differences.waivable), *map(self._of_layers, found))

    def _waivable(self, name: str) -> ReviewedRedLine:
        behind = [place for place, change in enumerate(self.edits.all) if change in self.edits.of(name)]
        line = RedLine("waivable", name, self.layer(name.partition("/")[0]), *self.edits.place(name), None, None, None)
        return self._red_line(line, behind)

    def _of_layers(self, one: RedLine) -> ReviewedRedLine:
        own = {"unenforced": "enforce", "loosenable": "may_loosen"}[one.code]
        of_rule, of_layer = (
            [place for place, change in enumerate(self.edits.all) if (change.kind, change.name) == wanted]
            for wanted in ((own, one.rule), ("layer", ""))
        )
        return self._red_line(one, of_rule or of_layer)

    def _red_line(self, one: RedLine, changes: Sequence[int]) -> ReviewedRedLine:
        return extend(ReviewedRedLine, one, message=self.message(one.rule), changes=tuple(changes), accepted=())

    def message(self, name: str) -> LocalizedText | None:
        """Return the message of a rule."""
        for side in (self.differences.head, self.differences.base):
            if name in side.by_name:
                return _text(side.by_name[name].message)
        return None

    def cause(self, name: str, day: str) -> Cause:
        """Return a rule with its citations, from the head, or from the base for a removed rule."""
        rules = self.differences.head if name in self.differences.head.by_name else self.differences.base
        rule = rules.by_name[name]
        policy = rules.bundle.policies[rule.policy]
        return Cause(
            rule=name,
            change=self.differences.names.get(name),
            layer=self.layer(rule.policy),
            message=say_both(rule.message),
            citations=tuple(_citation(policy, policy.articles[key], day) for key in rule.cite),
            file=policy.file,
            line=rule.line,
            edited=Place(*self.edits.place(name)),
        )


def seen_in(names: Collection[str], comparison: Comparison) -> tuple[str, ...]:
    """Return the products with decisions or details that the given rules change."""
    found = [row.product.name for row in comparison.rows if not set(names).isdisjoint(row.because)]
    found += [product for detail in comparison.details if detail.rule in names for product in detail.products]
    return tuple(dict.fromkeys(found))


def _citation(policy: Policy, article: Article, day: str) -> Citation:
    edition = policy.edition(day)
    return Citation(
        title=say_both((edition.title if edition else None) or policy.title),
        number=edition.number if edition else policy.source.get("number"),
        key=article.key,
        label=say_both(article.label),
        verification=article.verification,
        url=article.address,
    )


def _text(text: LocalizedText | None) -> LocalizedText | None:
    return None if text is None else {"en": text["en"], "zh": text["zh"]}


def title_of_schema(name: str, schemas: SchemaSet) -> LocalizedText | None:
    """Return the place name or fact title of a schema edit."""
    file, *steps = name.split("/")
    if file == "vocabulary" and len(steps) == 2:
        return _text(label(steps[0], steps[1], schemas))
    if file == "places" and len(steps) == 1 and steps[0] in gazetteer(schemas):
        return _text(label("place", steps[0], schemas))
    facts = fact_schemas(schemas) if file == "profile" else ()
    node = next((node for path, node in facts if path == tuple(steps)), {})
    return {"en": node["title"], "zh": node.get("x-title-zh", node["title"])} if "title" in node else None


# --- companies, places and services that the shown changes of decisions concern


def find_concerned(rows: Sequence[Row], differences: Differences, schemas: SchemaSet) -> Concerned | None:
    """Return the foreign shares, registered offices and services of products with changed decisions.

    A fact is of interest only if a rule behind the change reads it. None if no compared product changes.
    """
    if not rows:
        return None
    wording = FactWording(schemas)
    shares: set[float] = set()
    places: dict[str, LocalizedText] = {}
    services: dict[str, LocalizedText] = {}
    for row in rows:
        profile = row.product.document.data
        company, read = profile.get("company", {}), differences.facts_read(row.because)
        if "foreign_percent" in company and ("company", "foreign_percent") in read:
            shares.add(company["foreign_percent"])
        if "registered" in company and ("company", "registered") in read:
            place = company["registered"]
            _add(places, wording.place(place["at"] if isinstance(place, Mapping) else place))
        for index, service in enumerate(profile.get("services", ())) if ("services", "offers") in read else ():
            if not row.services or service["id"] in row.services:
                for offer in service.get("offers", ()):
                    _add(services, wording.value([offer], ("services", index, "offers")))
    return Concerned(
        products=len({row.product.name for row in rows}),
        foreign_percent=(min(shares), max(shares)) if shares else (),
        registered=tuple(places.values()),
        services=tuple(services.values()),
    )


def _add(found: dict[str, LocalizedText], text: LocalizedText) -> None:
    found.setdefault(text["en"], {"en": text["en"], "zh": text["zh"]})
