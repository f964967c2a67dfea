"""Decisions as JSON: the full record with `--details` (decision.schema.json), else a report (report.schema.json).

The report has each thing once, in one language, without the reasoning.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from vatspolicy.core.engine.record_builder import FORMAT
from vatspolicy.core.engine.result import (
    DutyRecord,
    FactQuestion,
    FindingRecord,
    NeedRecord,
    ReadingRecord,
    Record,
    ServiceRecord,
    encode,
)
from vatspolicy.gate.judgement import ITSELF, Judgement, Remark
from vatspolicy.i18n import Language, LocalizedText
from vatspolicy.reports.decision import digest, pieces
from vatspolicy.reports.decision.pieces import BLANK, Entries, Run, Texts, View, fill_list
from vatspolicy.reports.decision.summary import find_launches
from vatspolicy.reports.formats import BY_EXPLAIN, BY_KIND, EXPLAINED, KINDS, POLICY, VERSIONS, WHY
from vatspolicy.reports.words import law_of

if TYPE_CHECKING:
    from vatspolicy.gate.gate import GateResult

FACTS = 10
"""Maximum number of open facts listed, the most decisive first."""


LEAVES_OUT = {
    BY_EXPLAIN: f"{VERSIONS} {POLICY}",
    BY_KIND: f"{KINDS} Need.effect Duty.subject Duty.message",
    EXPLAINED: f"Need.routes Need.nearest {WHY}",
}


def make_report(record: Record, lang: Language, judgement: Judgement) -> dict[str, object]:
    """Return the report of one decision."""
    return _JsonRecord(record, lang, judgement).whole()


def write_dense(value: object, indent: str = "") -> str:
    """Return JSON that keeps each object or list without objects on one line."""
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not any(isinstance(member, dict) or _has_objects(member) for member in members):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    deeper = f"{indent} "
    names = [f"{json.dumps(key)}: " for key in value] if isinstance(value, dict) else [""] * len(members)
    lines = [f"{deeper}{name}{write_dense(member, deeper)}" for name, member in zip(names, members, strict=True)]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(lines) + f"\n{indent}{closing}"


def _has_objects(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(member, dict) or _has_objects(member) for member in value)


def say_failure(record: Record, part: str, position: int, lang: Language) -> str:
    """Return a failing part of a decision in one line; empty for the decision as a whole."""
    if part == ITSELF:
        return ""
    item: FactQuestion | ReadingRecord | FindingRecord = getattr(record, part)[position]
    if isinstance(item, FactQuestion):
        return item.path
    return f"{item.rule} ({item.subject})" if isinstance(item, ReadingRecord) else digest.say_finding(item, lang)


class _JsonRecord:
    def __init__(self, record: Record, lang: Language, judgement: Judgement) -> None:
        self.record, self.lang = record, lang
        self.failures = judgement.find_failures(record)

    def whole(self) -> dict[str, object]:
        record = self.record
        kept = ("decision", "product", "title", "file", "as_of", "launch", "range", "verification")
        return {
            **{key: encode(getattr(record, key)) for key in kept},
            **({"remaining": record.remaining} if record.remaining else {}),
            "bundle": self.bundle(),
            "failures": [
                {"level": level, "part": part, "about": say_failure(record, part, position, self.lang)}
                for level, part, position in self.failures
            ],
            "services": [self.service(service) for service in record.services],
            "denials": [self.denial(finding) for finding in record.denials],
            "licenses": [self.license(finding) for finding in record.licenses],
            "held": [self.license(finding) for finding in record.met],
            "duties": [self.duty(duty) for duty in digest.merge_duties(record.duties)],
            "advice": [{**self.finding(finding), "kind": finding.kind} for finding in record.advice],
            "contested": [self.reading(reading) for reading in record.contested],
            "worst_reading": encode(record.worst_reading),
            "missing": [self.fact(ask, len(ask.rules)) for ask in record.missing],
            **self.conditional(),
            "undetermined": self.undetermined(record.undetermined),
            "opinions": [
                {key: getattr(opinion, key) for key in ("about", "by", "date", "state", "line")}
                | {"approver": opinion.granted and opinion.granted.approver}
                for opinion in record.opinions
            ],
            "notices": [self.say(notice.message) for notice in record.notices],
            "changes_ahead": [
                {key: getattr(entry, key) for key in ("day", "phase", "before", "decision")}
                for entry in record.changes_ahead or ()
            ],
        }

    def bundle(self) -> dict[str, object]:
        law = self.record.bundle
        layers = [{**encode(layer), "title": self.say(layer.title)} for layer in law.layers]
        return {**encode(law), **({"layers": layers} if layers else {})}

    def say(self, text: LocalizedText) -> str:
        return text[self.lang]

    def waived(self, finding: FindingRecord) -> dict[str, object]:
        """Return the person who set a finding aside, if any."""
        kept = ("by", "reason", "approver", "ticket", "until")
        waived = finding.waived and {key: value for key, value in encode(finding.waived).items() if key in kept}
        return {"waived": waived} if waived else {}

    def service(self, service: ServiceRecord) -> dict[str, object]:
        activities = [
            {
                "class": activity.class_,
                "title": self.say(activity.title),
                "outcome": activity.outcome,
                "routes": {route.name: route.state for route in activity.routes},
            }
            for activity in service.activities
        ]
        return {"id": service.id, "state": service.state, "activities": activities}

    def finding(self, finding: FindingRecord) -> dict[str, object]:
        return {
            "rule": finding.rule,
            "subject": str(finding.subject),
            "message": self.say(finding.message),
            "law": law_of(finding.citations, self.lang),
            "line": finding.why.location.line,
            **self.layer(finding),
            **self.waived(finding),
        }

    def layer(self, finding: FindingRecord) -> dict[str, str]:
        """Return the layer of a finding, if there are layers."""
        return {"layer": finding.layer} if finding.layer else {}

    def denial(self, finding: FindingRecord) -> dict[str, object]:
        return {
            **self.finding(finding),
            "reasons": [reason.code for reason in finding.reasons],
            "curable": finding.is_curable,
        }

    def bearer(self, finding: NeedRecord | DutyRecord) -> dict[str, str]:
        """Return the party that must hold a license or perform a duty, by name if the spec states one."""
        named = {"bearer_name": finding.bearer_name} if finding.bearer_name else {}
        return {"bearer": finding.bearer, **named}

    def license(self, finding: NeedRecord) -> dict[str, object]:
        return {
            **self.finding(finding),
            **self.bearer(finding),
            "any_of": [
                {
                    "instrument": offer.instrument.id,
                    "title": self.say(offer.instrument.title),
                    "class": offer.class_,
                    "route": offer.route,
                    "authority": [body.id for body in offer.authority],
                }
                for offer in finding.offers
            ],
        }

    def duty(self, duty: DutyRecord) -> dict[str, object]:
        deadline = duty.deadline
        return {
            "rule": duty.rule,
            "instrument": duty.instrument.id,
            "title": self.say(duty.instrument.title),
            "authority": [body.id for body in duty.authority],
            **self.bearer(duty),
            "state": duty.state,
            "group": deadline.group,
            "due": self.say(deadline.text),
            "date": deadline.date,
            "law": law_of(duty.citations, self.lang),
            **self.layer(duty),
            **self.waived(duty),
        }

    def reading(self, reading: ReadingRecord) -> dict[str, object]:
        return {
            **{key: getattr(reading, key) for key in ("rule", "subject", "reading", "decision", "stricter")},
            "message": self.say(reading.message),
            "held_by": self.say(reading.held_by),
            "changes": digest.say_changes(reading, self.lang),
            "line": reading.location.line,
        }

    def fact(self, ask: FactQuestion, rules: int) -> dict[str, object]:
        return {"path": ask.path, "question": self.say(ask.question), "rules": rules}

    def conditional(self) -> dict[str, object]:
        """Return the facts that would settle the decision, and the decision with them, if there are any."""
        answer = self.record.conditional
        if answer is None:
            return {}
        settings = [
            {"path": fact.path, "value": fact.value, "title": self.say(fact.title), "words": self.say(fact.words)}
            for fact in answer.settings
        ]
        return {"conditional": {"decision": answer.decision, "settings": settings}}

    def undetermined(self, findings: Iterable[FindingRecord]) -> dict[str, object]:
        """Return the number of rules that stay undetermined, and the facts that would settle most of them."""
        findings = list(findings)
        facts = sorted(digest.open_facts(findings).values(), key=lambda item: -item[1])
        return {
            "rules": len({finding.rule for finding in findings}),
            "facts": [self.fact(ask, count) for ask, count in facts[:FACTS]],
            "more_facts": max(len(facts) - FACTS, 0),
        }


class Report(pieces.Report):
    """One document with all decisions."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._whole = view.extent == "details"
        self._step = "  " if self._whole else " "

    def take(self, record: Record, seconds: float = 0.0) -> Texts:
        """Return a decision as JSON, then each of its failures."""
        lang, judgement = self.lang, self.judgement
        failures = [
            self._dump({"file": record.file, "product": record.product, **failure._asdict()}, 3)
            for failure in judgement.find_failures(record)
        ]
        return self._dump(encode(record) if self._whole else make_report(record, lang, judgement), 2), *failures

    def write(self, entries: Entries, run: Run) -> Iterator[str]:
        """Yield the whole document."""
        frame = self._dump(self._frame(entries, run), 0) + "\n"
        if run.gate and any(summary.fails for summary in entries.summaries):
            *done, frame = self._fill(frame, "failures", 2, (text for texts in entries.texts() for text in texts[1:]))
            yield from done
        if len(entries):
            yield from self._fill(frame, "decisions", 1, (texts[0] for texts in entries.texts()))
        else:
            yield frame

    def _frame(self, entries: Entries, run: Run) -> dict[str, object]:
        """Return the run with a BLANK for its decisions, and for its failures."""
        undecided = [
            {key: getattr(problem, key) for key in ("file", "line", "column", "path", "message", "hint")}
            for problem in sorted(set(run.problems))
        ]
        launches = find_launches(run.gate, entries.summaries)
        worst = max((summary.decision for summary in entries.summaries), key=digest.SEVERITY.index, default=None)
        frame = {
            "format": FORMAT,
            "decision": None if undecided else worst,
            **({} if run.gate is None else {"gate": _gate(run.gate, entries)}),
            "decisions": BLANK if len(entries) else [],
            **({"launches": [launch._asdict() for launch in launches]} if launches else {}),
            "problems": undecided,
            **({} if run.gate is None else _changes(run.gate)),
            **_remarks(run.remarks, None if self._whole else self.lang),
        }
        return frame if self._whole else {**frame, "form": "report"}

    def _dump(self, value: object, depth: int) -> str:
        """Return a value as JSON, indented for a depth of the document."""
        indent = self._step * depth
        if self._whole:
            return json.dumps(value, ensure_ascii=False, indent=2).replace("\n", f"\n{indent}")
        return write_dense(value, indent)

    def _fill(self, frame: str, name: str, depth: int, members: Iterable[str]) -> Iterator[str]:
        return fill_list(frame, name, self._step * depth, self._step, members)


def _gate(gate: GateResult, entries: Entries) -> dict[str, object]:
    """Return the settings of the gate, its exit code, the number of specs, and a BLANK for the failures."""
    judgement = gate.judgement
    return {
        "fail_on": judgement.fail_on,
        "no_fail": judgement.no_fail,
        "strict_waivers": judgement.strict,
        "exit_code": int(gate.exit_code),
        "specs": {"decided": len(entries), "invalid": len(gate.invalid)},
        "failures": BLANK if any(summary.fails for summary in entries.summaries) else [],
    }


def _changes(gate: GateResult) -> dict[str, object]:
    """Return the effects of edited specs, and of an edited law; each is omitted without a comparison."""
    changes = {"spec_changes": gate.changes, "law_changes": gate.by_law}
    return {key: encode(comparison) for key, comparison in changes.items() if comparison is not None}


def _remarks(remarks: Iterable[Remark] | None, lang: Language | None) -> dict[str, object]:
    """Return remarks as data: those on waivers, and the settings in use. Both are omitted where there are none.

    Messages are in one language, or in both.
    """
    if remarks is None:
        return {}
    remarks = list(remarks)
    settings = [encode(setting) for remark in remarks for setting in remark.settings]
    waivers = [
        {**encode(remark), **({"message": remark.message[lang]} if lang else {})}
        for remark in remarks
        if remark.kind != "settings"
    ]
    return {**({"waivers": waivers} if waivers or not settings else {}), **({"settings": settings} if settings else {})}
