"""Application of waivers and baseline after the decisions of a run, and writing them."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vatspolicy.core.documents import Document, load_document, parse_document
from vatspolicy.core.documents.plain import Fields
from vatspolicy.core.documents.yaml_edit import append_items
from vatspolicy.core.documents.yaml_writer import dump_yaml
from vatspolicy.core.engine import result
from vatspolicy.core.engine.decision import WORDS, Decision, Finding
from vatspolicy.core.engine.opinions import rank
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.opinions import stated
from vatspolicy.core.profile.profile import Profile
from vatspolicy.core.profile.vocabulary import CLASS
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.gate.judgement import Remark
from vatspolicy.gate.waivers.fingerprint import fingerprint
from vatspolicy.gate.waivers.load import (
    LONGEST,
    Approval,
    BaselineEntry,
    GateBaseline,
    GrantedOpinion,
    Waiver,
    WaiverSet,
    load_opinions,
    load_waivers,
)
from vatspolicy.i18n import Phrase, _
from vatspolicy.i18n.words import both

NOTES = ("in-baseline", "ends-soon")
"""Kinds of notices that never fail the gate, not even a strict one."""
SOON = 14
"""Number of days before its last day in which reports warn that a waiver ends."""
WHY: Mapping[str, Mapping[str, str]] = {
    "wildcard": Phrase("It does not apply: the rule and the product must be written in full, without wildcards."),
    "too-long": Phrase("It does not apply: it lasts longer than the limit for approvals."),
    "several-specs": Phrase("It does not apply: several specs of this run have this product id."),
    "no-approvers": Phrase("It does not apply: a list of approvers is missing (--approvers)."),
    "approver": Phrase("It does not apply: its approver may not approve it."),
    "unwaivable": Phrase("It does not apply: this rule cannot be waived."),
    "early": Phrase("It does not apply: it is not in force yet."),
    "over": Phrase("It does not apply: it has expired."),
    "before-launch": Phrase("It does not apply: it ends before the launch day, or the day that was decided."),
    "no-launch": Phrase("It does not apply: the spec has no launch day, so it could launch after the last day."),
    "ends-soon": Phrase("It applies through {until}. Renew it, or resolve the finding."),
    "changed": Phrase(
        "It does not apply: the rule, the version of its policy, or a fact that it reads has changed since the"
        " approval."
    ),
    "no-rule": Phrase("It is unused: the rule does not exist."),
    "no-product": Phrase("It is unused: no decided spec has this product id."),
    "undetermined": Phrase(
        "The waiver does not apply: a missing fact leaves the rule undetermined, and an undetermined rule cannot be"
        " waived."
    ),
    "no-finding": Phrase("The waiver is unused: the rule has no finding for this product. Remove the waiver."),
    "no-claim": Phrase("It is unused: the spec does not claim this opinion."),
    "stronger": Phrase("It does not apply: another entry for the product takes precedence."),
    "no-effect": Phrase(
        "It is unused: the opinion does not settle anything here. The report of the spec shows the reason."
    ),
    "baseline-too-long": Phrase("The baseline does not apply: it lasts longer than a year."),
    "baseline-early": Phrase("The baseline does not apply: its date is in the future."),
    "baseline-over": Phrase("The baseline does not apply: it ended on {until}."),
    "baseline-several": Phrase("The baseline does not apply here: several specs of this run have this product id."),
    "baseline-no-launch": Phrase(
        "The baseline does not apply here: the spec has no launch day, so it could launch after the last day."
    ),
    "fixed": Phrase("Fixed or changed: remove it from the baseline."),
    "in-baseline": Phrase("Findings in the baseline: {count}, the oldest since {since}, until {until}."),
}


def waiver_notice(
    kind: str, why: str, file: str, line: int, column: int, rule: str = "", product: str = "", **values: str | int
) -> Remark:
    """Build one notice, at the line of the file that it concerns."""
    level = "note" if kind in NOTES else "warning"
    return Remark(kind, level, rule or None, product or None, both(WHY, why, **values), file, line, column)


_WORD_BEARING = ("classify", "deny", "need", "route")
_WILD = frozenset("*?[]")

Decided = tuple[Profile, Decision, result.Record]
"""Spec, its decision, and the record of the decision."""
Place = tuple[str, int]
"""List of a decision and position in it."""


@dataclass(frozen=True)
class WaivedRun:
    """Result of a run after waivers and baseline."""

    remaining: tuple[Decision, ...]
    """Each decision without its waived findings, which the gate judges."""
    records: tuple[result.Record, ...]
    """The record of each decision, its findings marked `waived`."""
    remarks: tuple[Remark, ...]
    """Notices about the waivers themselves."""
    waived: tuple[frozenset[Place], ...]
    """Waived findings of each decision."""


@dataclass
class _Case:
    """One spec of the run."""

    profile: Profile
    decision: Decision
    opinions: Sequence[result.Opinion] = ()
    """Opinions of the spec as the record shows them."""
    fingerprints: dict[Place, str] = field(default_factory=dict)
    waived: dict[Place, result.Waived] = field(default_factory=dict)

    @property
    def last_day(self) -> str:
        """Minimum last day of a waiver: the day of the decision, or the launch day if --as-of set an earlier day."""
        return max(self.decision.as_of, self.profile.launch or "")


def apply_waivers(bundle: Bundle, decided: Sequence[Decided], waiver_set: WaiverSet, today: str) -> WaivedRun:
    """Set aside the findings that the waiver set covers on a day (ISO); no decision changes, every finding stays."""
    run = _WaivedRun(
        bundle, [_Case(profile, decision, record.opinions) for profile, decision, record in decided], waiver_set, today
    )
    remarks = [*(entry for waiver in waiver_set.waivers for entry in run.apply_waiver(waiver))]
    remarks += [entry for granted in waiver_set.opinions for entry in run.look_at_opinion(granted)]
    if waiver_set.baseline is not None:
        remarks += run.apply_baseline(waiver_set.baseline)
    run.apply_enforcement()
    left = tuple(remaining(case.decision, case.waived) for case in run.cases)
    records = [
        _marked(data, case.waived, rest.decision)
        for (_, _, data), case, rest in zip(decided, run.cases, left, strict=True)
    ]
    return WaivedRun(left, tuple(records), tuple(remarks), tuple(frozenset(case.waived) for case in run.cases))


def find_faults(approval: Waiver | GrantedOpinion, waiver_set: WaiverSet, today: str) -> Iterator[tuple[str, str]]:
    """Yield the reasons why an approval does not apply on a day to any product: a kind of notice, and the reason."""
    approvers = waiver_set.approvers
    if _WILD & set(approval.matter + approval.product):
        yield "too-broad", "wildcard"
    if _days(approval.granted, approval.expiry) > min(LONGEST, approvers.max_days if approvers else LONGEST):
        yield "too-broad", "too-long"
    if approvers is None:
        yield "unauthorized", "no-approvers"
    elif not approval.is_allowed_by(approvers):
        yield "unauthorized", "approver"
    if approval.granted > today:
        yield "expired", "early"
    if approval.expiry < today:
        yield "expired", "over"


def find_misfits(approval: Approval, profile: Profile, as_of: str, today: str) -> Iterator[tuple[str, str]]:
    """Yield the reasons why an approval does not apply to a product under the law of a day."""
    if today <= approval.expiry < max(as_of, profile.launch or ""):
        yield "expired", "before-launch"
    if profile.launch is None:
        yield "too-broad", "no-launch"


def find_stronger(granted: GrantedOpinion, waiver_set: WaiverSet, profile: Profile) -> GrantedOpinion | None:
    """Return an entry for the product that prevents an opinion from counting; None if there is no such entry.

    It is the word of an authority on the classes of a service, beside an opinion of others on a rule, or the other way
    round. Or it prevails on the same matter and the spec leaves it out, to claim what counsel says alone.
    """
    claims, own = [stated(claim) for claim in profile.facts["opinions"]], granted.opinion
    for rival in waiver_set.opinions:
        services = {rival.opinion.get("service"), own.get("service")}
        if rival.product != granted.product or not (None in services or len(services) == 1):
            continue
        if rival.matter == granted.matter:
            is_stronger = rank(rival.opinion) >= rank(own) and rival.opinion not in claims
        else:
            is_stronger = CLASS in (rival.matter, own["about"]) and rank(rival.opinion)[0] and not rank(own)[0]
        if is_stronger:
            return rival
    return None


def waivable(decision: Decision) -> Iterator[tuple[Place, Finding]]:
    """Yield the waivable findings, unless their rule forbids it; of the duties, those due before the launch."""
    outstanding = decision.outstanding
    for key in result.WAIVABLE:
        for position, finding in enumerate(getattr(decision, key)):
            if key != "duties" or any(finding is duty for duty in outstanding):
                yield (key, position), finding


def remaining(decision: Decision, waived: Iterable[Place]) -> Decision:
    """Return the decision without its waived findings.

    Where less remains than was decided, what no fact had settled comes to bear again, and the rest is incomplete.
    """
    places = set(waived)
    if not places:
        return decision

    def keep(key: str, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return tuple(finding for position, finding in enumerate(findings) if (key, position) not in places)

    kept: Fields = {key: keep(key, getattr(decision, key)) for key in result.WAIVABLE}
    left = replace(decision, **kept)
    word = decision.decision
    if word != "incomplete":
        low = 2 if left.denials else 1 if left.needs or left.would_need else 0
        word = "incomplete" if low < WORDS.index(word) and _unsettled(decision) else WORDS[low]
    return replace(left, decision=word)


def _unsettled(decision: Decision) -> bool:
    """Return True if a missing fact could still make the decision stricter than the remaining findings."""
    return (
        not decision.services
        or any(service.state in ("unclassified", "partly-classified") for service in decision.services)
        or any(finding.rule.kind in _WORD_BEARING for finding in decision.undetermined)
    )


def _marked(record: result.Record, waived: Mapping[Place, result.Waived], word: str) -> result.Record:
    def mark(key: str, findings: Iterable[result.FindingRecord]) -> tuple[result.FindingRecord, ...]:
        return tuple(
            replace(finding, waived=waived[key, position]) if (key, position) in waived else finding
            for position, finding in enumerate(findings)
        )

    marked: Fields = {key: mark(key, getattr(record, key)) for key in result.WAIVABLE}
    return replace(record, **marked, remaining=word)


class _WaivedRun:
    def __init__(self, bundle: Bundle, cases: list[_Case], waiver_set: WaiverSet, today: str) -> None:
        self.bundle, self.cases, self.waiver_set, self.today = bundle, cases, waiver_set, today
        self.by_product: dict[str, list[_Case]] = {}
        for case in cases:
            self.by_product.setdefault(case.decision.product, []).append(case)
        self.rules = {rule.name: rule for policy in bundle.policies.values() for rule in policy.rules}

    def fingerprint_of(self, case: _Case, place: Place, finding: Finding) -> str:
        if place not in case.fingerprints:
            case.fingerprints[place] = fingerprint(self.bundle, case.profile, case.decision.as_of, finding)
        return case.fingerprints[place]

    # --- waivers

    def apply_waiver(self, waiver: Waiver) -> Iterator[Remark]:
        """Apply one waiver, or yield notices of the reasons against it."""
        matches = list(self.find_matches(waiver))
        faults = list(dict.fromkeys(self.find_faults(waiver, matches)))
        for kind, why in faults:
            yield self.notice(waiver, kind, why)
        if faults:
            return
        for case, place in matches:
            approval = {"reason": waiver.reason, "approver": waiver.approver, "ticket": waiver.ticket}
            days = {"since": waiver.granted, "until": waiver.expiry}
            case.waived[place] = result.Waived(by="waiver", **approval, **days, file=waiver.file, line=waiver.line)
        yield from self.warn_of_end(waiver)

    def warn_of_end(self, approval: Waiver | GrantedOpinion) -> Iterator[Remark]:
        """Yield a notice of an approval that applies and ends soon."""
        if _days(self.today, approval.expiry) <= SOON:
            yield self.notice(approval, "ends-soon", "ends-soon", until=approval.expiry)

    def notice(self, grant: Waiver | GrantedOpinion, kind: str, why: str, **values: str) -> Remark:
        """Return a notice of an approval, at its line."""
        return waiver_notice(kind, why, grant.file, grant.line, grant.column, grant.matter, grant.product, **values)

    def look_at_opinion(self, granted: GrantedOpinion) -> Iterator[Remark]:
        """Yield notices of a granted opinion that does not count."""
        cases = self.by_product.get(granted.product, [])
        faults = list(find_faults(granted, self.waiver_set, self.today))
        if len(cases) > 1:
            faults.append(("too-broad", "several-specs"))
        for case in cases:
            faults += find_misfits(granted, case.profile, case.decision.as_of, self.today)
        if not cases:
            faults.append(("unused", "no-product"))
        elif not any(granted.opinion == stated(claim) for case in cases for claim in case.profile.facts["opinions"]):
            faults.append(("unused", "no-claim"))
        elif any(find_stronger(granted, self.waiver_set, case.profile) for case in cases):
            faults.append(("unused", "stronger"))
        elif not faults:
            states = [opinion.state for case in cases for opinion in case.opinions if _is_by(opinion, granted)]
            if not states:
                faults.append(("changed", "changed"))
            elif "counted" not in states:
                faults.append(("unused", "no-effect"))
        for kind, why in dict.fromkeys(faults):
            yield self.notice(granted, kind, why)
        if not faults:
            yield from self.warn_of_end(granted)

    def find_matches(self, waiver: Waiver | BaselineEntry) -> Iterator[tuple[_Case, Place]]:
        """Yield the findings that match a waiver by rule, product and fingerprint."""
        for case in self.by_product.get(waiver.product, ()):
            for place, finding in waivable(case.decision):
                if finding.rule.name == waiver.rule and self.fingerprint_of(case, place, finding) == waiver.fingerprint:
                    yield case, place

    def find_faults(self, waiver: Waiver, matches: Sequence[tuple[_Case, Place]]) -> Iterator[tuple[str, str]]:
        cases = self.by_product.get(waiver.product, [])
        yield from find_faults(waiver, self.waiver_set, self.today)
        if len(cases) > 1:
            yield "too-broad", "several-specs"
        rule = self.rules.get(waiver.rule)
        if rule is not None and rule.unwaivable:
            yield "unwaivable", "unwaivable"
        for case, __ in matches:
            yield from find_misfits(waiver, case.profile, case.decision.as_of, self.today)
        if not matches:
            yield self.explain_unused(waiver, cases)

    def explain_unused(self, waiver: Waiver, cases: Sequence[_Case]) -> tuple[str, str]:
        if waiver.rule not in self.rules:
            return "unused", "no-rule"
        if not cases:
            return "unused", "no-product"
        if any(finding.rule.name == waiver.rule for case in cases for finding in case.decision.undetermined):
            return "unused", "undetermined"
        if any(finding.rule.name == waiver.rule for case in cases for _, finding in waivable(case.decision)):
            return "changed", "changed"
        return "unused", "no-finding"

    # --- layers

    def apply_enforcement(self) -> None:
        """Set aside the findings of rules that a layer turns into warnings, or switches off, through the launch day."""
        for case in self.cases:
            entries = self.bundle.enforced(case.decision.as_of) if case.profile.launch else {}
            for place, finding in waivable(case.decision) if entries else ():
                entry = entries.get(finding.rule.name)
                if entry is not None and entry.level != "deny" and case.last_day <= entry.until:
                    enforcement = {"reason": entry.reason, "approver": entry.owner, "until": entry.until}
                    waived = result.Waived(by=entry.level, **enforcement, file=entry.file, line=entry.line)
                    case.waived.setdefault(place, waived)

    # --- baseline

    def apply_baseline(self, baseline: GateBaseline) -> Iterator[Remark]:
        """Set aside the findings of the baseline; yield notices of entries that are no longer needed."""
        at = (baseline.file, baseline.line, baseline.column)
        broken = []
        if _days(baseline.written, baseline.until) > LONGEST:
            broken.append(("too-broad", "baseline-too-long"))
        if baseline.written > self.today:
            broken.append(("expired", "baseline-early"))
        if baseline.until < self.today:
            broken.append(("expired", "baseline-over"))
        for kind, why in broken:
            yield waiver_notice(kind, why, *at, until=baseline.until)
        if broken:
            return
        used = []
        for entry in baseline.entries:
            matches = list(self.find_matches(entry))
            if fault := self.find_fault_of_baseline(entry, baseline.until, [case for case, _ in matches]):
                yield waiver_notice(*fault, baseline.file, entry.line, entry.column, entry.rule, entry.product)
                continue
            for case, place in matches:
                used.append(entry.since)
                waived = result.Waived(
                    by="baseline", since=entry.since, until=baseline.until, file=baseline.file, line=entry.line
                )
                case.waived.setdefault(place, waived)
        if used:
            yield waiver_notice(
                "in-baseline", "in-baseline", *at, count=len(used), since=min(used), until=baseline.until
            )

    def find_fault_of_baseline(
        self, entry: BaselineEntry, until: str, matching: Sequence[_Case]
    ) -> tuple[str, str] | None:
        """Return why an entry of the baseline, which ends on a day, sets nothing aside; None if it may."""
        cases, rule = self.by_product.get(entry.product, []), self.rules.get(entry.rule)
        if len(cases) > 1:
            return "too-broad", "baseline-several"
        if rule is not None and rule.unwaivable:
            return "unwaivable", "unwaivable"
        if any(case.profile.launch is None for case in matching):
            return "too-broad", "baseline-no-launch"
        if any(until < case.last_day for case in matching):
            return "expired", "before-launch"
        return ("fixed", "fixed") if cases and not matching else None


def _is_by(opinion: result.Opinion, granted: GrantedOpinion) -> bool:
    """Return whether an opinion of a record counts by an entry."""
    grant = opinion.granted
    return grant is not None and (grant.file, grant.line) == (granted.file, granted.line)


def _days(first: str, last: str) -> int:
    return (datetime.date.fromisoformat(last) - datetime.date.fromisoformat(first)).days


# --- files of waivers and baselines, which are written, read again and compared


def entry_text(entry: Fields) -> str:
    """Return one entry of a file of waivers or granted opinions as a member of a YAML list."""
    return "".join(f"  {line}\n" for line in dump_yaml([entry]).splitlines())


def add_entries(path: Path, kind: str, entries: Sequence[Fields]) -> str:
    """Return the text of a file of waivers or granted opinions with entries added; comments and layout stay.

    `kind` is the name of its list: waivers or opinions.

    Raises:
        InvalidInput: The file is not valid, or its text cannot be added to.
    """
    if not path.exists():
        return dump_yaml({"schema": 1, kind: list(entries)})
    (load_waivers if kind == "waivers" else load_opinions)(path)
    document = load_document(path)
    text = append_items(document.text, (kind,), entries)
    wanted = {**document.data, kind: [*document.data[kind], *json.loads(json.dumps(list(entries)))]}
    if not _says(text, document, wanted):
        hint = _("Write `{kind}` as a YAML list, without anchors.", kind=kind)
        raise InvalidInput(
            [Problem(document.file, 1, 1, "", _("No entry can be added to the text of this file."), hint)]
        )
    return text


def _says(text: str, document: Document, wanted: Fields) -> bool:
    try:
        return bool(parse_document(text, document.file).data == wanted)
    except InvalidInput:
        return False


def baseline_text(
    bundle: Bundle,
    decided: Iterable[tuple[Profile, Decision, Iterable[Place]]],
    today: str,
    until: str,
    old: GateBaseline | None,
) -> str:
    """Return a baseline, as YAML, of every waivable finding that is not waived (by place).

    A finding that the old baseline holds keeps the day it was first recorded.
    """
    since = {(entry.product, entry.rule, entry.fingerprint): entry.since for entry in (old.entries if old else ())}
    days: dict[tuple[str, str, str], str] = {}
    for profile, decision, waived in decided:
        places = set(waived)
        for place, finding in waivable(decision):
            if place not in places and not finding.rule.unwaivable:
                name = (decision.product, finding.rule.name, fingerprint(bundle, profile, decision.as_of, finding))
                days[name] = since.get(name, today)
    findings = [
        {"product": product, "rule": rule, "fingerprint": mark, "since": day}
        for (product, rule, mark), day in sorted(days.items())
    ]
    return dump_yaml({"schema": 1, "written": today, "until": until, "findings": findings})
