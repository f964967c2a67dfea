"""The outline of a decision that reports on many specs keep: words and figures, a kilobyte instead of hundreds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from vatspolicy.core.engine.opinions import COUNTED
from vatspolicy.core.engine.result import Duty, Law, Reading, Record
from vatspolicy.core.policies.wording import say_reading
from vatspolicy.gate.judgement import INCOMPLETE, ITSELF, Failure, Judgement, find_failures, find_worst_level
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import Table, joint, word
from vatspolicy.reports.decision import doubt
from vatspolicy.reports.decision.digest import some_waived, split_duties
from vatspolicy.reports.decision.opinions import say_opinion

WORDS: Table = {
    "read_as": Phrase("{subject} read as {name}"),
    "service_read_as": Phrase("readings of {subject} together"),
}
NAMED = ("contested", "duty", "advice")
"""Levels on which the verdict does not show the finding that failed, so that the last line names it."""
_GRAVITY = ("deny", "needs-license", "incomplete", "allow")


class Summary(NamedTuple):
    """A decision as reports on several specs tell it, in one language."""

    file: str
    product: str
    title: str
    decision: str
    remaining: str
    """The decision that the gate looks at: without the findings that are set aside."""
    contested: bool
    fails: bool
    """True if it fails the gate."""
    level: str | None
    """Level on which it fails, or would without --no-fail; `incomplete` by its exit code where facts are missing."""
    names: tuple[str, ...]
    """Findings that fail on that level, if it is one of NAMED."""
    denials: int
    licenses: int
    facts: int
    """Missing facts."""
    filings: int
    """Filings with an authority that are to do before the launch."""
    own: int
    """Duties of the company itself before the launch."""
    law: Law
    """The law that decided."""
    reason: str
    """Why the decision is as it is, in a line; empty for one that is allowed by law that is not contested."""


def summarize(record: Record, lang: Language, judgement: Judgement) -> Summary:
    """Return the outline of a decision (a record)."""
    failures = find_failures(record, judgement.fail_on)
    level = INCOMPLETE if failures and record.judged == INCOMPLETE else find_worst_level(failures)
    named = (failure for failure in failures if failure.level == level) if level in NAMED else ()
    filings, own = split_duties(record)
    return Summary(
        file=record.file,
        product=record.product,
        title=record.title,
        decision=record.decision,
        remaining=record.judged,
        contested=bool(record.contested),
        fails=bool(failures) and not judgement.no_fail,
        level=level,
        names=tuple(dict.fromkeys(_name(record, failure, lang) for failure in named)),
        denials=len(record.denials),
        licenses=len(record.licenses),
        facts=len(record.missing),
        filings=len(filings),
        own=len(own),
        law=record.bundle,
        reason=_say_reason(record, lang),
    )


def gravity(decision: str, contested: object) -> tuple[int, bool]:
    """Return the key that sorts decisions: the gravest first, and contested ones before others."""
    return _GRAVITY.index(decision), not contested


def worst_first(records: Iterable[Record]) -> list[Record]:
    """Return decisions (records) with the gravest first: deny, needs-license, incomplete, allow."""
    return sorted(records, key=lambda record: gravity(record.decision, record.contested))


def gravest_first(summaries: Iterable[Summary]) -> list[Summary]:
    """Return outlines of decisions in the same order."""
    return sorted(summaries, key=lambda one: gravity(one.decision, one.contested))


def _name(record: Record, failure: Failure, lang: Language) -> str:
    """Return a short name of a finding or of another reading; of all readings of a service if they fail together."""
    if failure.part == ITSELF:
        assert record.worst_reading is not None
        return clean(word(WORDS, "service_read_as", lang, subject=record.worst_reading.service), one_line=True)
    finding = getattr(record, failure.part)[failure.position]
    if isinstance(finding, Reading):
        name = say_reading(finding.reading, lang)
        return clean(word(WORDS, "read_as", lang, subject=finding.subject, name=name), one_line=True)
    name = finding.instrument.title[lang] if isinstance(finding, Duty) else finding.rule
    return clean(name, one_line=True)


def _say_reason(record: Record, lang: Language) -> str:
    decision = record.decision
    parts = [say_opinion(one, lang) for one in record.opinions if one.state == COUNTED]
    if told := some_waived(record, lang):
        parts.append(told)
    if decision == "deny":
        parts += [finding.message[lang] for finding in record.denials]
    elif decision == "needs-license":
        parts += [offer.instrument.title[lang] for one in record.needs for offer in one.offers]
    elif decision == "incomplete":
        parts += [ask.path for ask in record.missing]
    if record.contested:
        parts.insert(0, f"{word(doubt.WORDS, 'contested', lang)}{joint('colon', lang)}{doubt.hint(record, lang)}")
    return clean(joint("semicolon", lang).join(dict.fromkeys(part.rstrip(".。") for part in parts)), one_line=True)
