"""The record of a run: one spec, the law that decided it, the day and why, the decision, and what the gate made of it.

A line of the decision log, a receipt and an attestation are selections of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from vatspolicy.bundles.select import SelectedLaw
from vatspolicy.core.documents import STDIN, parse_document, split_part
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.engine.opinions import COUNTED
from vatspolicy.core.engine.result import Json, Record, encode
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import NEVER, Policy, Rule
from vatspolicy.core.profile.profile import Profile, open_part
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.gate.gate import Gate, GateResult
from vatspolicy.gate.judgement import Judgement, Remark
from vatspolicy.i18n import LocalizedText, Phrase, _
from vatspolicy.i18n.words import say_both

WHY = ("option", "launch", "today")
"""Origins of the day of the law: --as-of, the launch day of the spec, today in China."""
_PERIODS = {
    (True, True): Phrase("{day} is within its period, {since} until further notice"),
    (True, False): Phrase("{day} is within its period, {since} until {until} (exclusive)"),
    (False, True): Phrase("{day} is outside its period, {since} until further notice"),
    (False, False): Phrase("{day} is outside its period, {since} until {until} (exclusive)"),
}
"""Periods in force, by whether they hold on a day and whether their end is open."""


@dataclass(frozen=True, slots=True)
class LawDay:
    """The day of the law, why that day, and the day of the run."""

    day: str
    why: str
    """One of WHY."""
    today: str


@dataclass(frozen=True, slots=True)
class SpecUsed:
    """The spec: the digests of its bytes and of its facts, and the facts that were set before deciding."""

    file: str
    sha256: str
    profile_sha256: str
    changes: tuple[tuple[str, Tree], ...]


@dataclass(frozen=True, slots=True)
class LayerUsed:
    """A layer of the law; its folder, unless it lies in a bundle."""

    name: str
    digest: str
    file: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LawUsed:
    """The law: its origin, versions and digests."""

    origin: str
    file: str | None
    version: str
    revision: str
    number: int | None
    digest: str | None
    signed_by: str | None
    policies: str
    schemas: str
    layers: tuple[LayerUsed, ...] = ()
    """The base first; empty for the base alone."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A period in force (None: until further notice), and why it applies to the day."""

    from_: str
    until: str | None
    why: LocalizedText


@dataclass(frozen=True, slots=True)
class EditionUsed(InForce):
    """The edition of a policy in force."""

    number: str


@dataclass(frozen=True, slots=True)
class RuleUsed(InForce):
    """A rule that the decision rests on."""

    rule: str


@dataclass(frozen=True, slots=True)
class ValueUsed(InForce):
    """The value of a parameter that a rule read."""

    parameter: str
    value: Tree
    cite: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyUsed(InForce):
    """A policy that the decision rests on, with its parts in force."""

    id: str
    version: str
    verification: tuple[str, ...]
    edition: EditionUsed | None
    rules: tuple[RuleUsed, ...]
    values: tuple[ValueUsed, ...]


@dataclass(frozen=True, slots=True)
class OpinionUsed:
    """A legal opinion that a decision rests on, and who granted it from when until when."""

    about: str
    service: str | None
    by: str
    date: str
    approver: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class WaivedRule:
    """A rule whose finding is set aside."""

    rule: str
    by: str
    approver: str | None
    until: str | None


@dataclass(frozen=True)
class GateRecord:
    """Decision of a run about one spec."""

    selected: SelectedLaw
    profile: Profile
    decision: Record
    """The decision, with the findings marked that waivers took from the gate."""
    as_of: LawDay
    changes: tuple[tuple[str, Tree], ...] = ()
    """Facts that were set in the spec before deciding."""
    judgement: Judgement = field(default_factory=Judgement)
    remarks: tuple[Remark, ...] = ()
    moment: str = ""
    """When the run recorded it, in UTC (RFC 3339)."""
    content: bytes | None = None
    """Bytes of the spec; None to read them again."""

    @property
    def passed(self) -> bool:
        """True if the gate let the spec pass; --no-fail changes nothing."""
        judgement = replace(self.judgement, no_fail=False)
        return not any(map(judgement.fails_remark, self.remarks)) and not judgement.find_failures(self.decision)

    @cached_property
    def law(self) -> LawUsed:
        """The law that decided."""
        return describe_law(self.selected)

    @cached_property
    def spec(self) -> SpecUsed:
        """The spec that was decided. Raises InvalidInput if it has changed since."""
        document = self.profile.document
        content = self._read_spec() if self.content is None else self.content
        return SpecUsed(document.file, _sha256(content), _sha256(canonical(document.data)), self.changes)

    def _read_spec(self) -> bytes:
        """Return the bytes of the spec; of standard input, its text in UTF-8."""
        document = self.profile.document
        file, part = split_part(document.file)
        if file == STDIN:
            return document.text.encode()
        try:
            content = Path(file).read_bytes()
            read = open_part(parse_document(content, file), part, self.changes, self.profile.schemas)
            if read.data == document.data:
                return content
        except (OSError, InvalidInput):
            pass
        message = _("The spec changed after the decision, so the decision was not recorded.")
        raise InvalidInput([Problem(document.file, 1, 1, "", message)])

    @property
    def policies(self) -> tuple[PolicyUsed, ...]:
        """The policies behind the decision, each with its parts in force and the reason."""
        bundle, day = self.selected.bundle, self.decision.as_of
        rules: dict[str, list[Rule]] = {}
        values: dict[str, set[str]] = {}
        for rule in map(bundle.rule, sorted(set(_named(encode(self.decision))))):
            rules.setdefault(rule.policy, []).append(rule)
            for key in _parameters(bundle, rule):
                policy, __, name = key.partition("/")
                values.setdefault(policy, set()).add(name)
        return tuple(
            _policy(bundle.policies[id], rules.get(id, []), sorted(values.get(id, ())), day)
            for id in sorted({*rules, *values})
        )


def record_runs(selected: SelectedLaw, gate: Gate, result: GateResult, moment: str) -> Iterator[GateRecord]:
    """Yield the record of each decision of a run. `moment` is RFC 3339."""
    for profile, decision in zip(result.profiles, result.records, strict=True):
        why = WHY[0] if gate.as_of else WHY[1] if profile.launch else WHY[2]
        as_of = LawDay(decision.as_of, why, gate.today)
        remarks = result.remarks or ()
        changes = tuple(gate.changes)
        yield GateRecord(selected, profile, decision, as_of, changes, result.judgement, remarks, moment)


def find_opinions(record: Record) -> tuple[OpinionUsed, ...]:
    """Return the opinions that a decision rests on. Opinions without a grant do not count."""
    return tuple(
        OpinionUsed(opinion.about, opinion.service, opinion.by, opinion.date, grant.approver, grant.since, grant.until)
        for opinion in record.opinions
        if opinion.state == COUNTED and (grant := opinion.granted) is not None
    )


def find_waived(record: Record) -> tuple[WaivedRule, ...]:
    """Return the rules whose findings are set aside, the gravest first."""
    found = ((one.rule, one.waived) for one in record.waived)
    return tuple(WaivedRule(rule, one.by, one.approver, one.until) for rule, one in found if one is not None)


def canonical(data: Json) -> bytes:
    """Return data as canonical JSON (RFC 8785). Raises InvalidInput for a number out of range."""
    import rfc8785

    try:
        return rfc8785.dumps(data)
    except rfc8785.CanonicalizationError:
        message = _("A number is too large for canonical JSON.")
        raise InvalidInput([Problem("receipt", 1, 1, "", message)]) from None


def describe_law(selected: SelectedLaw) -> LawUsed:
    """Return the law of a decision: its origin, versions and digests."""
    file, signature, bundle = selected.bundle_file, selected.signature, selected.bundle
    schemas = "".join(f"{name}:{_sha256(content)}\n" for name, content in bundle.schemas.files.items())
    folders = [None] * (len(bundle.layers) - len(selected.layers)) + [str(folder) for folder in selected.layers]
    layers = zip(bundle.layers, folders if bundle.layers else (), strict=True)
    return LawUsed(
        origin="bundle" if file else "folder" if selected.folder else "shipped",
        file=file.file if file else str(selected.folder) if selected.folder else None,
        version=bundle.version,
        revision=selected.revision,
        number=file.number if file else None,
        digest=file.digest if file else None,
        signed_by=signature.key if signature else None,
        policies=bundle.digest,
        schemas=_sha256(schemas.encode()),
        layers=tuple(LayerUsed(layer.name, layer.digest, folder) for layer, folder in layers),
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# --- versions in force, and why -------------------------------------------------------------------------------------


def _named(data: Json) -> Iterator[str]:
    """Yield the rules that a record names."""
    if isinstance(data, dict):
        rule = data.get("rule")
        if isinstance(rule, str) and "/" in rule:
            yield rule
    for value in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _named(value)


def _parameters(bundle: Bundle, rule: Rule) -> Iterator[str]:
    """Yield the parameters that a rule reads, and the instrument of its effect."""
    yield from rule.parameters
    instrument = bundle.instruments.get(rule.instrument or "")
    for expression in () if instrument is None else instrument.expressions:
        yield from expression.parameters


def _policy(policy: Policy, rules: Iterable[Rule], names: Iterable[str], day: str) -> PolicyUsed:
    edition = policy.edition(day)
    later = min((edition.since for edition in policy.editions if edition.since > day), default=NEVER)
    return PolicyUsed(
        *_period(policy.since, policy.until, day),
        policy.id,
        policy.version,
        tuple(sorted({article.verification for article in policy.articles.values()})),
        None if edition is None else EditionUsed(*_period(edition.since, later, day), edition.number),
        tuple(RuleUsed(*_period(rule.since, rule.until, day), rule.name) for rule in rules),
        tuple(_value(policy, name, day) for name in names),
    )


def _value(policy: Policy, name: str, day: str) -> ValueUsed:
    parameter = policy.parameters[name]
    value = parameter.on(day) or parameter.values[0]
    later = min((one.since for one in parameter.values if one.since > max(day, value.since)), default=NEVER)
    return ValueUsed(*_period(value.since, later, day), parameter.key, value.value, tuple(value.cite))


def _period(since: str, until: str, day: str) -> tuple[str, str | None, LocalizedText]:
    """Return the fields of `InForce`."""
    open_end = until >= NEVER
    words = say_both(_PERIODS[since <= day < until, open_end], day=day, since=since, until=until)
    return since, None if open_end else until, words
