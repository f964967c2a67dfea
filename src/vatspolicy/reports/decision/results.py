"""The results of a decision, each with the line of its spec and its level.

An error fails the gate in every format. `vatspolicy.gate.judgement` determines the errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from vatspolicy.core.engine.result import AdviceRecord, DutyRecord, FindingRecord, Location, NeedRecord, Record
from vatspolicy.gate.judgement import INCOMPLETE, ITSELF, LEVELS, Failure, Judgement
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.words import VERDICTS, Table, aside, count, end, joint, word
from vatspolicy.reports.decision import digest
from vatspolicy.reports.words import COUNTS, law_of

CONTESTED, MISSING, UNDETERMINED, DECISION = "contested", "missing-fact", "undetermined", "decision"
"""Rules of results that do not represent a rule of the law."""
WORDS: Table = {
    CONTESTED: Phrase("CONTESTED: another reading of the law."),
    MISSING: Phrase("A fact is missing, so there is no decision yet."),
    UNDETERMINED: Phrase("Missing facts leave rules undetermined. The decision does not depend on them."),
    DECISION: Phrase("The decision as a whole fails the gate."),
    "left": Phrase("{count} rules stay undetermined. These facts would settle them: {facts}."),
    "more": Phrase("{facts} and {count} more"),
    "contested_help": Phrase(
        "Authorities or courts read a rule differently. Under the other reading the result differs."
    ),
    "missing_help": Phrase(
        "State the fact in the spec. vatspolicy does not guess facts; `vatspolicy ask SPEC` asks for missing facts."
    ),
}
SHOWN = 5
"""Maximum number of facts in a note about undetermined rules."""


class Result(NamedTuple):
    """One result, at a line of the spec."""

    rule: str
    """policy/rule, or a rule of this module."""
    level: str
    """error (fails the gate), warning (would fail a stricter gate, or a gate that is off), or note."""
    failing: str | None
    """Level of the gate on which it fails, if it does."""
    message: str
    line: int
    column: int
    subject: str
    finding: FindingRecord | None = None
    """The finding of the record, for a rule of the law."""
    waived: str = ""
    """Approver and reason of a waiver; empty if there is none."""
    detail: str = ""
    """Distinguishes results of one rule about one subject: the fact that is missing, the reading."""
    new: bool = True
    """False if the base of the spec also has this result."""

    @property
    def service(self) -> str:
        """Its service; empty for the product."""
        return self.subject.partition("/")[0]


def results(record: Record, lang: Language, judgement: Judgement) -> list[Result]:
    """Return the results of a decision (a record): first those that fail, then by level."""
    made = list(_Results(record, lang, judgement).all())
    order = ("error", "warning", "note")
    return sorted(made, key=lambda result: order.index(result.level))


def say_failures(failures: Sequence[Failure]) -> str:
    """Return the number of failures of each level, the gravest first, such as `1 deny, 2 duty`."""
    order = (LEVELS[0], INCOMPLETE, *LEVELS[1:])
    counts = {level: sum(failure.level == level for failure in failures) for level in order}
    return ", ".join(f"{count} {level}" for level, count in counts.items() if count)


class _Results:
    def __init__(self, record: Record, lang: Language, judgement: Judgement) -> None:
        self.record, self.lang, self.judgement = record, lang, judgement
        failures = judgement.find_failures(record)
        self.failing = {(failure.part, failure.position): failure.level for failure in failures}

    def all(self) -> Iterator[Result]:
        record = self.record
        if (ITSELF, 0) in self.failing:
            yield self.itself()
        yield from self.findings("denials", "warning")
        yield from self.findings("needs", "warning")
        yield from self.findings("would_need", "warning" if record.remaining == "needs-license" else "note")
        yield from self.missing()
        yield from self.contested()
        yield from self.findings("duties", "note")
        yield from self.findings("advice", "note")
        yield from self.findings("undetermined", "")
        yield from self.undetermined()

    def result(
        self,
        part: str,
        position: int,
        otherwise: str,
        rule: str,
        message: str,
        location: Location,
        subject: str,
        *,
        finding: FindingRecord | None = None,
        detail: str = "",
    ) -> Result:
        """Return the result of a part of the record; `otherwise` is its level if it does not fail."""
        failing = self.failing.get((part, position))
        waived = digest.say_waived(finding.waived, self.lang) if finding and finding.waived else ""
        level = "note" if waived else "error" if failing else otherwise
        text = message + (aside(waived, self.lang) if waived else "")
        new, at = self.judgement.is_new(self.record, part, position), (location.line, location.column)
        return Result(rule, level, failing, text, *at, subject, finding, waived, detail, new)

    def itself(self) -> Result:
        verdict = word(VERDICTS, self.record.judged, self.lang)
        text = joint("colon", self.lang).join(filter(None, (verdict, digest.say_hint(self.record, self.lang))))
        text = f"{text} {word(WORDS, DECISION, self.lang)}"
        return self.result(ITSELF, 0, "error", DECISION, text, Location(1, 1), "")

    def findings(self, part: str, otherwise: str) -> Iterator[Result]:
        """Yield the findings of a list; without a level otherwise, only those that fail."""
        findings: tuple[FindingRecord, ...] = getattr(self.record, part)
        for position, finding in enumerate(findings):
            if otherwise or (part, position) in self.failing:
                about = (finding.rule, _message(finding, self.lang), finding.why.location, str(finding.subject))
                yield self.result(part, position, otherwise, *about, finding=finding)

    def missing(self) -> Iterator[Result]:
        """Yield the missing facts that prevent a decision."""
        places = {
            ask.path: finding.why.location for finding in reversed(self.record.undetermined) for ask in finding.asks
        }
        for position, ask in enumerate(self.record.missing):
            text = f"{ask.path}{joint('colon', self.lang)}{ask.question[self.lang]}"
            if ask.rules:
                text += aside(count(COUNTS, "dependent_rules", len(ask.rules), self.lang), self.lang)
            text = " ".join([text, *(digest.say_matter(matter, self.lang) for matter in ask.about)])
            about = (MISSING, text, places.get(ask.path, Location(1, 1)), self.service_at(ask.path))
            yield self.result("missing", position, "warning", *about, detail=ask.path)

    def service_at(self, path: str) -> str:
        """Return the service of a path in the profile; empty for other paths."""
        match = re.match(r"services\[(\d+)\]", path)
        services = self.record.services
        return services[int(match[1])].id if match and int(match[1]) < len(services) else ""

    def contested(self) -> Iterator[Result]:
        for position, reading in enumerate(self.record.contested):
            about = (CONTESTED, digest.say_contested(reading, self.lang), reading.location, reading.subject)
            otherwise, detail = "warning" if reading.stricter else "note", f"{reading.rule}\0{reading.reading}"
            yield self.result("contested", position, otherwise, *about, detail=detail)

    def undetermined(self) -> Iterator[Result]:
        """Yield one note about undetermined rules that do not affect the decision."""
        findings = [
            finding
            for position, finding in enumerate(self.record.undetermined)
            if ("undetermined", position) not in self.failing
        ]
        if not findings or self.record.missing:
            return
        facts = sorted(digest.open_facts(findings).items(), key=lambda item: -item[1][1])
        listed = joint("list", self.lang).join(f"{path}{aside(str(n), self.lang)}" for path, (_, n) in facts[:SHOWN])
        if len(facts) > SHOWN:
            listed = word(WORDS, "more", self.lang, facts=listed, count=len(facts) - SHOWN)
        rules = len({finding.rule for finding in findings})
        text = word(WORDS, "left", self.lang, count=rules, facts=listed)
        new = self.record.file not in (self.judgement.known or {})
        yield Result(UNDETERMINED, "note", None, text, 1, 1, "", new=new)


def _message(finding: FindingRecord, lang: Language) -> str:
    parts = [finding.message[lang]]
    if isinstance(finding, AdviceRecord):
        parts = [digest.say_kind(finding, lang).strip(), *parts]
    if isinstance(finding, NeedRecord):
        parts += [end(reason.title[lang], lang) for reason in finding.reasons]
        parts += [f"→ {offer.instrument.title[lang]} ({offer.route})" for offer in finding.any_of or ()]
    if isinstance(finding, NeedRecord | DutyRecord) and finding.instrument is not None:
        parts.append(f"→ {finding.instrument.title[lang]}")
    if isinstance(finding, NeedRecord) and finding.offers:  # a denied need has no license that someone could hold
        parts.append(digest.say_holder(finding, lang))
    if isinstance(finding, DutyRecord):
        when = (finding.deadline.text[lang], digest.say_doer(finding, lang))
        parts.append(joint("comma", lang).join(when))
    if finding.state in ("unknown", "unread"):
        parts += [f"? {ask.path}" for ask in finding.asks]
    return " ".join(parts) + f" [{law_of(finding.citations, lang)}]"
