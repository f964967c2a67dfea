"""The outline of a decision that reports on many specs keep: words and figures, a kilobyte instead of hundreds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from vatspolicy.gate.judgement import INCOMPLETE, ITSELF, Failure, Judgement, find_failures, find_worst_level
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import Table, joint, word
from vatspolicy.policies.wording import say_reading
from vatspolicy.reports.decision import doubt
from vatspolicy.reports.decision.digest import count_duties, licenses_to_get, some_waived
from vatspolicy.reports.decision.opinions import say_opinion

Data = Mapping[str, Any]
T = TypeVar("T", bound=Data)

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
    law: Mapping[str, Any]
    """The law that decided, as `reports.words.say_bundle` puts it."""
    reason: str
    """Why the decision is as it is, in a line; empty for one that is allowed by law that is not contested."""


def summarize(data: Data, lang: Language, judgement: Judgement) -> Summary:
    """Return the outline of a decision (a record)."""
    failures = find_failures(data, judgement.fail_on)
    remaining = str(data.get("remaining", data["decision"]))
    level = INCOMPLETE if failures and remaining == INCOMPLETE else find_worst_level(failures)
    named = (failure for failure in failures if failure.level == level) if level in NAMED else ()
    filings, own = count_duties(data)
    return Summary(
        file=data["file"],
        product=data["product"],
        title=str(data["title"]),
        decision=data["decision"],
        remaining=remaining,
        contested=bool(data["contested"]),
        fails=bool(failures) and not judgement.no_fail,
        level=level,
        names=tuple(dict.fromkeys(_name(data, failure, lang) for failure in named)),
        denials=len(data["denials"]),
        licenses=len(licenses_to_get(data)),
        facts=len(data["missing"]),
        filings=filings,
        own=own,
        law=data["bundle"],
        reason=_say_reason(data, lang),
    )


def gravity(decision: str, contested: object) -> tuple[int, bool]:
    """Return the key that sorts decisions: the gravest first, and contested ones before others."""
    return _GRAVITY.index(decision), not contested


def worst_first(records: Iterable[T]) -> list[T]:
    """Return decisions (records) with the gravest first: deny, needs-license, incomplete, allow."""
    return sorted(records, key=lambda data: gravity(data["decision"], data["contested"]))


def gravest_first(summaries: Iterable[Summary]) -> list[Summary]:
    """Return outlines of decisions in the same order."""
    return sorted(summaries, key=lambda one: gravity(one.decision, one.contested))


def _name(data: Data, failure: Failure, lang: Language) -> str:
    """Return a short name of a finding or of another reading; of all readings of a service if they fail together."""
    if failure.part == ITSELF:
        return clean(word(WORDS, "service_read_as", lang, subject=data["worst_reading"]["service"]), one_line=True)
    finding = data[failure.part][failure.position]
    if "reading" in finding:
        name = say_reading(finding["reading"], lang)
        return clean(word(WORDS, "read_as", lang, subject=finding["subject"], name=name), one_line=True)
    name = finding["instrument"]["title"][lang] if "instrument" in finding else finding["rule"]
    return clean(name, one_line=True)


def _say_reason(data: Data, lang: Language) -> str:
    decision = data["decision"]
    parts = [say_opinion(one, lang) for one in data["opinions"] if one["state"] == "counted"]
    if "remaining" in data and (told := some_waived(data, lang)):
        parts.append(told)
    if decision == "deny":
        parts += [finding["message"][lang] for finding in data["denials"]]
    elif decision == "needs-license":
        parts += [offer["instrument"]["title"][lang] for one in data["needs"] for offer in one.get("any_of", [one])]
    elif decision == "incomplete":
        parts += [ask["path"] for ask in data["missing"]]
    if data["contested"]:
        parts.insert(0, f"{word(doubt.WORDS, 'contested', lang)}{joint('colon', lang)}{doubt.hint(data, lang)}")
    return clean(joint("semicolon", lang).join(dict.fromkeys(part.rstrip(".。") for part in parts)), one_line=True)
