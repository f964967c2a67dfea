"""The record of a decision, read by every report and written as JSON.

`decision.schema.json` says what each field means. An optional part that does not exist is None or empty, and JSON
leaves it out. A name ends in Record where the law or the evaluator has a class of the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any, TypeAlias

from vatspolicy.core.profile.vocabulary import LocalizedText
from vatspolicy.frozen import OnDemand, ValueObject, frozen

FLAT = {"flat": True}
"""Metadata of a field whose own fields appear in JSON beside the others."""
WAIVABLE = ("denials", "needs", "would_need", "duties", "advice")
"""Lists of a record whose findings may be waived, the gravest first. Undetermined findings may not: a missing fact is
not permission.
"""
Json: TypeAlias = Any
"""A value that the JSON module writes."""


@frozen(slots=True)
class SubjectRecord(ValueObject):
    """The product, one of its services, or one activity (a service seen as one class)."""

    service: str | None
    class_: str | None

    def __str__(self) -> str:
        return "/".join(part for part in (self.service, self.class_) if part)


@frozen(slots=True)
class Location(ValueObject):
    """A place in the spec."""

    line: int
    column: int


@frozen(slots=True)
class InstrumentRecord(ValueObject):
    """A license, filing or other act of an authority."""

    id: str
    title: LocalizedText


@frozen(slots=True)
class Authority(ValueObject):
    """An authority in charge of an instrument."""

    id: str
    title: LocalizedText


@frozen(slots=True)
class Citation(ValueObject):
    """An article of law."""

    policy: str
    title: LocalizedText
    number: str | None
    key: str
    label: LocalizedText
    en: str
    zh: str | None
    verification: str
    url: str | None

    def words(self, lang: str) -> str | None:
        """Return the words of the article in one language; None if they are not known in it."""
        return self.zh if lang == "zh" else self.en


@frozen(slots=True)
class Clause(ValueObject):
    """A clause of an expression and its truth value."""

    text: str
    value: bool | None
    depth: int


@frozen(slots=True)
class FactRecord(ValueObject):
    """A fact of the spec that a rule read, with its place."""

    path: str
    value: Any
    line: int
    column: int


@frozen(slots=True)
class Matter(ValueObject):
    """A rule or condition that needs an opinion."""

    name: str
    message: LocalizedText
    citations: tuple[Citation, ...]


@frozen(slots=True)
class FactQuestion(ValueObject):
    """A missing fact, and the undecided rules that read it."""

    path: str
    question: LocalizedText
    rules: tuple[str, ...]
    about: tuple[Matter, ...] = ()


@frozen(slots=True)
class AssumedFact(ValueObject):
    """A fact with a value that an answer assumes."""

    path: str
    value: Any
    title: LocalizedText
    words: LocalizedText


@frozen(slots=True)
class ConditionalAnswer(ValueObject):
    """Missing facts with assumed values, and the decision of the evaluator under these values."""

    decision: str
    settings: tuple[AssumedFact, ...]


@frozen(slots=True)
class LicenseOffer(ValueObject):
    """A license that meets a need, alone or as one of several alternatives."""

    instrument: InstrumentRecord
    class_: str | None
    route: str | None
    authority: tuple[Authority, ...]


@frozen(slots=True)
class DeadlineRecord(ValueObject):
    """A deadline in the words of the law, with its day where the launch day fixes it."""

    group: str
    text: LocalizedText
    date: str | None


@frozen(slots=True)
class DenialReason(ValueObject):
    """A reason of a denial."""

    code: str
    title: LocalizedText


@frozen(slots=True, kw_only=True)
class Waived(ValueObject):
    """A waiver, a baseline or a layer that sets a finding aside for the gate."""

    by: str
    reason: str | None = None
    approver: str | None = None
    ticket: str | None = None
    since: str | None = None
    until: str
    file: str
    line: int


@frozen(slots=True)
class ConditionExplanation(ValueObject):
    """The check of a condition in words, its law, and the facts that it read."""

    check: LocalizedText
    citations: tuple[Citation, ...]
    facts: tuple[FactRecord, ...]


@frozen(slots=True)
class ConditionRecord(ValueObject):
    """A condition of a route."""

    id: str
    message: LocalizedText
    value: bool | None
    reason: str | None
    where: bool
    applies: bool | None
    explanation: ConditionExplanation | None = field(default=None, metadata=FLAT)

    @property
    def outcome(self) -> bool | None:
        """The truth of the condition as its route counts it: unread law is open, and what does not apply is met."""
        return self.value if self.applies or self.value else None if self.applies is None else True

    @property
    def why(self) -> ConditionExplanation:
        """The explanation, in a full record."""
        assert self.explanation is not None, "made without explanations"
        return self.explanation


@frozen(slots=True)
class RouteRecord(ValueObject):
    """A route to a license for one activity."""

    rule: str
    name: str
    title: LocalizedText
    state: str
    instrument: InstrumentRecord
    authority: tuple[Authority, ...]
    held: bool | None
    max_foreign_percent: float | None
    share_too_high: bool
    unread: tuple[str, ...]
    conditions: tuple[ConditionRecord, ...]
    citations: tuple[Citation, ...]
    layer: str | None = None

    @property
    def failing(self) -> tuple[ConditionRecord, ...]:
        """The conditions that are not met, without the cap on the foreign share."""
        return tuple(condition for condition in self.conditions if condition.outcome is False)


@frozen(slots=True)
class Explanation(ValueObject):
    """The reasoning behind a finding."""

    check: LocalizedText
    clauses: tuple[Clause, ...]
    facts: tuple[FactRecord, ...]
    policy_file: str
    policy_line: int
    location: Location


@frozen(slots=True, kw_only=True)
class FindingRecord(ValueObject):
    """The result of one rule about one subject."""

    rule: str
    version: str
    effect: str
    subject: SubjectRecord
    state: str
    message: LocalizedText
    layer: str | None = None
    citations: tuple[Citation, ...]
    explanation: Explanation | None = field(default=None, metadata=FLAT)
    reasons: tuple[DenialReason, ...] = ()
    asks: tuple[FactQuestion, ...] = ()
    waived: Waived | None = None

    @property
    def why(self) -> Explanation:
        """The explanation, in a full record."""
        assert self.explanation is not None, "made without explanations"
        return self.explanation

    @property
    def nearest_route(self) -> RouteRecord | None:
        """The closed route with the fewest failing conditions; None unless a need is closed."""
        return None

    @property
    def is_curable(self) -> bool:
        """True for a denial that the company can fix by itself."""
        return False


@frozen(slots=True, kw_only=True)
class DenialRecord(FindingRecord):
    """The finding of a rule that denies."""

    curable: bool

    @property
    def is_curable(self) -> bool:
        """True if the company can fix it by itself."""
        return self.curable


@frozen(slots=True, kw_only=True)
class NeedRecord(FindingRecord):
    """A need: an instrument by name, or a license by any open route."""

    instrument: InstrumentRecord | None = None
    authority: tuple[Authority, ...] | None = None
    any_of: tuple[LicenseOffer, ...] | None = None
    routes: tuple[RouteRecord, ...] | None = None
    nearest: tuple[str, ...] = ()
    bearer: str
    bearer_name: str | None = None

    @property
    def offers(self) -> tuple[LicenseOffer, ...]:
        """The licenses, each of which meets the need."""
        if self.instrument is None:
            return self.any_of or ()
        return (LicenseOffer(self.instrument, None, None, self.authority or ()),)

    @property
    def nearest_route(self) -> RouteRecord | None:
        """The closed route with the fewest failing conditions; None unless the need is closed."""
        return next((route for route in self.routes or () if route.rule in self.nearest[:1]), None)

    def route(self, name: str) -> RouteRecord:
        """Return a route by its name."""
        return next(route for route in self.routes or () if route.name == name)


@frozen(slots=True, kw_only=True)
class DutyRecord(FindingRecord):
    """A duty with its deadline."""

    instrument: InstrumentRecord
    authority: tuple[Authority, ...]
    deadline: DeadlineRecord
    bearer: str
    bearer_name: str | None = None
    done_on: str | None

    @property
    def is_due_before_launch(self) -> bool:
        """True for an unfulfilled duty before the launch."""
        return self.state != "done" and self.deadline.group == "before-launch"

    @property
    def is_due_before_event(self) -> bool:
        """True for an outstanding duty before an event other than the launch, such as an export of data."""
        return self.state != "done" and self.deadline.group == "before-event"


@frozen(slots=True, kw_only=True)
class AdviceRecord(FindingRecord):
    """A note for review."""

    kind: str


@frozen(slots=True)
class Classified(ValueObject):
    """A rule that classifies a service."""

    rule: str
    message: LocalizedText
    contested: bool
    layer: str | None = None


@frozen(slots=True)
class ActivityRecord(ValueObject):
    """A service in one of its classes, with its routes."""

    class_: str
    title: LocalizedText
    outcome: str
    routes: tuple[RouteRecord, ...]


@frozen(slots=True)
class ServiceRecord(ValueObject):
    """A service of the product."""

    id: str
    state: str
    classified_by: tuple[Classified, ...]
    activities: tuple[ActivityRecord, ...]


@frozen(slots=True)
class LayerOfLaw(ValueObject):
    """One layer of the law: the base, or rules above it."""

    name: str
    title: LocalizedText
    owner: str | None
    digest: str


@frozen(slots=True)
class Law(ValueObject):
    """The law applied."""

    origin: str
    name: str | None
    version: str
    digest: str
    known_until: str | None
    layers: tuple[LayerOfLaw, ...] = ()


@frozen(slots=True)
class Notice(ValueObject):
    """A limit of the decision."""

    kind: str
    message: LocalizedText


@frozen(slots=True)
class Granted(ValueObject):
    """An approval that makes an opinion count."""

    approver: str
    ticket: str
    reason: str
    since: str
    until: str
    file: str
    line: int


@frozen(slots=True)
class Opinion(ValueObject):
    """A legal opinion in the spec, and its effect."""

    about: str
    by: str
    date: str
    authority: str | None
    service: str | None
    reading: str | None
    classes: tuple[str, ...] | None
    note: str | None
    granted: Granted | None
    state: str
    line: int
    column: int


@frozen(slots=True)
class ReadingChange(ValueObject):
    """Something that another reading of the law adds or takes away."""

    kind: str
    change: str
    id: str
    class_: str | None
    rule: str | None
    title: LocalizedText


@frozen(slots=True)
class ReadingRecord(ValueObject):
    """Another reading of a contested rule, with an effect."""

    rule: str
    subject: str
    reading: str
    decision: str
    stricter: bool
    message: LocalizedText
    held_by: LocalizedText
    why: LocalizedText
    settled_by: LocalizedText
    changes: tuple[ReadingChange, ...]
    location: Location


@frozen(slots=True)
class ReadingChoice(ValueObject):
    """A reading of one contested rule."""

    rule: str
    subject: str
    reading: str


@frozen(slots=True)
class WorstReadingRecord(ValueObject):
    """The strictest combination of readings for one service."""

    service: str
    decision: str
    stricter: bool
    readings: tuple[ReadingChoice, ...]
    complete: bool


@frozen(slots=True)
class ItemChange(ValueObject):
    """A difference between the decisions before a day and from that day on."""

    kind: str
    subject: str
    id: str
    title: LocalizedText
    before: str | None
    after: str | None


@frozen(slots=True)
class AmendedArticle(ValueObject):
    """An article that an amendment cites."""

    key: str
    label: LocalizedText
    verification: str


@frozen(slots=True)
class LawChange(ValueObject):
    """A rule that begins or ends, or a parameter with a new value."""

    policy: str
    title: LocalizedText
    number: str | None
    change: str
    name: str
    articles: tuple[AmendedArticle, ...]


@frozen(slots=True)
class DatedFact(ValueObject):
    """A dated fact of the spec that changes on a day."""

    path: str
    day: str


@frozen(slots=True)
class ChangeAhead(ValueObject):
    """A coming change of the decision."""

    day: str
    phase: str
    before: str
    decision: str
    changes: tuple[ItemChange, ...]
    instruments: tuple[LawChange, ...]
    facts: tuple[DatedFact, ...]


@frozen(slots=True, kw_only=True)
class Record(OnDemand):
    """A decision with its law and its facts."""

    decision: str
    range: tuple[str, str]
    product: str
    title: str
    as_of: str
    launch: str | None
    file: str
    bundle: Law
    notices: tuple[Notice, ...]
    verification: str | None
    services: tuple[ServiceRecord, ...]
    denials: tuple[DenialRecord | NeedRecord, ...]
    needs: tuple[NeedRecord, ...]
    would_need: tuple[NeedRecord, ...]
    met: tuple[NeedRecord, ...]
    duties: tuple[DutyRecord, ...]
    advice: tuple[AdviceRecord, ...]
    undetermined: tuple[FindingRecord, ...]
    missing: tuple[FactQuestion, ...]
    opinions: tuple[Opinion, ...]
    contested: tuple[ReadingRecord, ...]
    worst_reading: WorstReadingRecord | None
    changes_ahead: tuple[ChangeAhead, ...] | None = None
    conditional: ConditionalAnswer | None = None
    remaining: str | None = None

    @property
    def judged(self) -> str:
        """The decision word that the gate uses."""
        return self.remaining or self.decision

    @property
    def licenses(self) -> tuple[NeedRecord, ...]:
        """Licenses to get, also those that a denied product would need."""
        return (*self.needs, *self.would_need)

    @property
    def held(self) -> tuple[NeedRecord, ...]:
        """The permits held. The routes contain the licenses held."""
        return tuple(finding for finding in self.met if finding.instrument is not None)

    @property
    def waivable(self) -> tuple[FindingRecord, ...]:
        """The findings of the lists that waivers may set aside."""
        return tuple(finding for name in WAIVABLE for finding in getattr(self, name))

    @property
    def waived(self) -> tuple[FindingRecord, ...]:
        """The findings that are set aside, most severe first. Without `remaining` there are none."""
        return (
            () if self.remaining is None else tuple(finding for finding in self.waivable if finding.waived is not None)
        )

    @property
    def next_deadline(self) -> DutyRecord | None:
        """The outstanding duty with the first day after the launch."""
        later = [duty for duty in self.duties if duty.state != "done" and duty.deadline.group != "before-launch"]
        dated = (duty for duty in later if duty.deadline.date)
        return min(dated, key=lambda duty: str(duty.deadline.date), default=None)


# --- JSON


def encode(value: Any, made: dict[int, Json] | None = None) -> Json:
    """Return a value with records in it as data for JSON. Optional parts that do not exist are omitted.

    A record that stands in several places is made once (`made`, by identity), so callers must not change a part.
    """
    kind = type(value)
    if value is None or kind in _SCALARS:
        return value
    if made is None:
        made = {}
    if kind is tuple or kind is list:
        return [encode(part, made) for part in value]
    if kind is dict:
        return {key: part if type(part) is str else encode(part, made) for key, part in value.items()}
    in_json = _FIELDS.get(kind)
    if in_json is None:
        if isinstance(value, Mapping):
            return {key: encode(part, made) for key, part in value.items()}
        if isinstance(value, str):  # a message that knows its translation
            return str(value)
        in_json = fields_in_json(kind)
    data = made.get(id(value))
    if data is not None:
        return data
    made[id(value)] = data = {}
    for name, key, default, flat in in_json:
        part = getattr(value, name)
        of_part = type(part)
        if of_part in _SCALARS:
            data[key] = part
        elif part is None or (of_part is tuple and not part):
            if part != default:
                data[key] = None if part is None else []
        elif flat:
            data |= encode(part, made)
        else:
            data[key] = encode(part, made)
    return data


_SCALARS = frozenset((str, bool, int, float))
_FIELDS: dict[type, tuple[tuple[str, str, Any, bool], ...]] = {}


def fields_in_json(kind: type) -> tuple[tuple[str, str, Any, bool], ...]:
    """Return each field of a class of records: its name, its key in JSON, its default, and whether it is flat."""
    in_json = _FIELDS.get(kind)
    if in_json is None:
        named = ((field.name, field.name.rstrip("_"), field.default, bool(field.metadata)) for field in fields(kind))
        in_json = _FIELDS[kind] = tuple(named)
    return in_json
