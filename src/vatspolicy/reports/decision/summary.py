"""A run in words: the outline of each decision, and the last line with the verdict of the gate.

Reports on many specs keep the outline: a kilobyte instead of hundreds.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from vatspolicy.core.documents import split_part
from vatspolicy.core.engine.opinions import COUNTED
from vatspolicy.core.engine.result import DutyRecord, Law, ReadingRecord, Record
from vatspolicy.core.policies.bundle import SHIPPED
from vatspolicy.core.policies.model import VERIFICATIONS
from vatspolicy.core.policies.wording import say_reading
from vatspolicy.gate.judgement import INCOMPLETE, ITSELF, Failure, Judgement, find_worst_level
from vatspolicy.i18n import Language, Phrase, translate
from vatspolicy.i18n.text import clean, width, wrap
from vatspolicy.i18n.words import VERDICTS, Counts, Table, aside, count, end, gap, join_two, joint, word
from vatspolicy.output import Style
from vatspolicy.reports.decision import digest
from vatspolicy.reports.words import say_deciding

if TYPE_CHECKING:
    from vatspolicy.gate.gate import GateResult

WORDS: Table = {
    "read_as": Phrase("{subject} read as {name}"),
    "service_read_as": Phrase("readings of {subject} together"),
    "passed": Phrase("Gate: passed"),
    "failed": Phrase("Gate: FAILED"),
    "incomplete": Phrase("Gate: INCOMPLETE"),
    "invalid": Phrase("Gate: INVALID INPUT"),
    "more": Phrase("{name} and {count} more"),
    "bad": Phrase("INVALID"),
    "open": Phrase("facts are missing"),
    "no_fail": Phrase("The exit code is 0 because of --no-fail."),
    "before": Phrase("{todo} before launch"),
    "next": Phrase("Next: {command}"),
    "launch": Phrase("Launch {file}: {decision}"),
}
NAMED = ("contested", "duty", "advice")
"""Levels on which the verdict does not show the failing finding, so that the last line shows it."""


class Summary(NamedTuple):
    """Summary of a decision in one language, for reports on several specs."""

    file: str
    product: str
    title: str
    decision: str
    remaining: str
    """The decision judged by the gate, without the findings set aside."""
    contested: bool
    fails: bool
    """True if it fails the gate."""
    level: str | None
    """Level on which it fails, or would without --no-fail; `incomplete` if facts are missing."""
    names: tuple[str, ...]
    """Findings that fail on that level, if it is one of NAMED."""
    denials: int
    licenses: int
    facts: int
    """Missing facts."""
    filings: int
    """Outstanding filings with an authority before the launch."""
    own: int
    """Duties of the company itself before the launch."""
    waived: int
    """Findings set aside."""
    approvals: tuple[str, ...]
    """By whom they are set aside, and until when."""
    law: Law
    """The law applied."""
    notices: tuple[str, ...]
    """The day of the last check of the law, and the disclaimer."""
    verification: str | None
    """The weakest grade of an article cited."""
    reason: str
    """Reason for the decision in one line; empty for an allowed and uncontested decision."""


def summarize(record: Record, lang: Language, judgement: Judgement) -> Summary:
    """Return the outline of a decision (a record)."""
    failures = judgement.find_all_failures(record)
    level = INCOMPLETE if failures and record.judged == INCOMPLETE else find_worst_level(failures)
    named = (failure for failure in failures if failure.level == level) if level in NAMED else ()
    filings, own = digest.count_duties(record)
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
        filings=filings,
        own=own,
        waived=len(record.waived),
        approvals=digest.say_approvals(record, lang),
        law=record.bundle,
        notices=tuple(notice.message[lang] for notice in record.notices if notice.kind in ("later-law", "not-advice")),
        verification=record.verification,
        reason=_say_reason(record, lang),
    )


class LaunchWord(NamedTuple):
    """The decision on a launch: the strictest of its parts; None if a part was not decided."""

    file: str
    decision: str | None
    parts: Mapping[str, str | None]
    """The decisions on its parts, by name."""


def find_launches(gate: GateResult | None, summaries: Iterable[Summary]) -> list[LaunchWord]:
    """Return the launches that a run decided as a whole."""
    words = {summary.file: summary.decision for summary in summaries} if gate and gate.launches else {}
    launch_words = []
    for file, specs in gate.launches.items() if gate else ():
        decided = [words[spec] for spec in specs if spec in words]
        gravest = max(decided, key=digest.SEVERITY.index) if len(decided) == len(specs) else None
        launch_words.append(LaunchWord(file, gravest, {split_part(spec)[1]: words.get(spec) for spec in specs}))
    return launch_words


def say_launches(launches: Iterable[LaunchWord], lang: Language) -> Iterator[str]:
    """Yield a sentence for each launch: its verdict, and the verdict of each part."""

    def say(decision: str | None) -> str:
        return word(VERDICTS, decision, lang) if decision else word(WORDS, "bad", lang)

    for launch in launches:
        parts = [f"{name} {say(decision)}" for name, decision in launch.parts.items()]
        said = word(WORDS, "launch", lang, file=clean(launch.file, one_line=True), decision=say(launch.decision))
        yield end(f"{said}{aside(joint('comma', lang).join(parts), lang)}", lang)


def gravity(decision: str, contested: object) -> tuple[int, bool]:
    """Return the key that sorts decisions: the gravest first, and contested ones before others."""
    return -digest.SEVERITY.index(decision), not contested


def worst_first(records: Iterable[Record]) -> list[Record]:
    """Return decisions (records) with the gravest first: deny, needs-license, incomplete, allow."""
    return sorted(records, key=lambda record: gravity(record.decision, record.contested))


def gravest_first(summaries: Iterable[Summary]) -> list[Summary]:
    """Return outlines of decisions in the same order."""
    return sorted(summaries, key=lambda summary: gravity(summary.decision, summary.contested))


def _name(record: Record, failure: Failure, lang: Language) -> str:
    """Return a short name of a finding or of another reading; of all readings of a service if they fail together."""
    if failure.part == ITSELF:
        assert record.worst_reading is not None
        return clean(word(WORDS, "service_read_as", lang, subject=record.worst_reading.service), one_line=True)
    finding = getattr(record, failure.part)[failure.position]
    if isinstance(finding, ReadingRecord):
        name = say_reading(finding.reading, lang)
        return clean(word(WORDS, "read_as", lang, subject=finding.subject, name=name), one_line=True)
    name = finding.instrument.title[lang] if isinstance(finding, DutyRecord) else finding.rule
    return clean(name, one_line=True)


def _say_reason(record: Record, lang: Language) -> str:
    decision = record.decision
    parts = [digest.say_opinion(opinion, lang) for opinion in record.opinions if opinion.state == COUNTED]
    if waived := digest.some_waived(record, lang):
        parts.append(waived)
    if decision == "deny":
        parts += [finding.message[lang] for finding in record.denials]
    elif decision == "needs-license":
        parts += [offer.instrument.title[lang] for need in record.needs for offer in need.offers]
    elif decision == "incomplete":
        parts += [ask.path for ask in record.missing]
    if record.contested:
        parts.insert(
            0,
            f"{word(digest.READING_WORDS, 'contested', lang)}{joint('colon', lang)}{digest.say_hint(record, lang)}",
        )
    return clean(joint("semicolon", lang).join(dict.fromkeys(part.rstrip(".。") for part in parts)), one_line=True)


COUNTS: Counts = {
    "decided": (Phrase("{n} spec: {words}"), Phrase("{n} specs: {words}")),
    "specs": (Phrase("{n} spec"), Phrase("{n} specs")),
    "invalid": (Phrase("{n} invalid spec"), Phrase("{n} invalid specs")),
    "errors": (Phrase("{n} error"), Phrase("{n} errors")),
    "incomplete": (Phrase("{n} incomplete"), Phrase("{n} incomplete")),
    "waiver_files": (Phrase("{n} waiver error"), Phrase("{n} waiver errors")),
    "empty": (Phrase("{n} argument matches no spec"), Phrase("{n} arguments match no spec")),
    "strict": (Phrase("{n} waiver notice, --strict-waivers"), Phrase("{n} waiver notices, --strict-waivers")),
    "denials": (Phrase("{n} obstacle"), Phrase("{n} obstacles")),
    "licenses": (Phrase("{n} license"), Phrase("{n} licenses")),
    "facts": (Phrase("{n} fact to add"), Phrase("{n} facts to add")),
    "filings": (Phrase("{n} filing"), Phrase("{n} filings")),
    "own": (Phrase("{n} internal duty"), Phrase("{n} internal duties")),
    "waived": (Phrase("{n} finding {who}"), Phrase("{n} findings {who}")),
}
"""Counted things: singular and plural."""
_STATES = {"passed": "green", "failed": "red", "incomplete": "blue", "invalid": "red"}


def say_gate(
    gate: GateResult,
    summaries: Sequence[Summary],
    lang: Language,
    style: Style,
    room: int,
    repeated: Mapping[str, str] | None = None,
    one_line: bool = False,
    changed: Container[str] | None = None,
) -> list[str]:
    """Return the last line; the next command on a second one if `room` is too small, unless `one_line`.

    `changed` are the files that a change concerns: the line is about them, without the counts of all specs.
    `summaries` are of the decisions of the run. `repeated` are the options, by command, that the next command repeats
    because they change the question.
    """
    state = _state(gate, summaries)
    reasons = aside(joint("semicolon", lang).join(_reasons(gate, summaries, lang)), lang)
    text = end(f"{style(word(WORDS, state, lang), 'bold', _STATES[state])}{reasons}", lang)
    space = gap(lang)
    decided, counts = count(COUNTS, "specs", len(summaries), lang), _counts(summaries, lang)
    if changed is None:
        text += space + end(
            joint("colon", lang).join([decided, joint("comma", lang).join(counts)] if counts else [decided]), lang
        )
    text += "".join(f"{space}{sentence}" for sentence in say_launches(find_launches(gate, summaries), lang))
    if law := own_law(summaries, lang):
        text += space + end(law, lang)
    if state != "passed" and not gate.exit_code:
        text += space + word(WORDS, "no_fail", lang)
    concerned = [summary for summary in summaries if changed is None or summary.file in changed]
    following = _next_command(concerned, repeated or {})
    command = word(WORDS, "next", lang, command=following) if following else ""
    whole = f"{text}{space}{command}".rstrip()
    if one_line or width(whole) <= room:
        return [whole]
    return [*wrap(text, room, "  ", ""), *(wrap(command, room, "  ", "") if command else [])]


def _state(gate: GateResult, summaries: Iterable[Summary]) -> str:
    levels = {summary.level for summary in summaries}
    if gate.invalid or gate.problems:
        return "invalid"
    if gate.empty or _failing_remarks(gate) or levels - {None, INCOMPLETE}:
        return "failed"
    return "incomplete" if INCOMPLETE in levels else "passed"


def _failing_remarks(gate: GateResult) -> int:
    return sum(gate.judgement.fails_remark(remark) for remark in gate.remarks or ())


def _reasons(gate: GateResult, summaries: Sequence[Summary], lang: Language) -> list[str]:
    """Return the reasons of the verdict, the gravest first."""
    reasons = []
    if gate.invalid:
        reasons.append(count(COUNTS, "invalid", len(gate.invalid), lang))
    if gate.unmet:
        reasons.append(translate(gate.unmet, lang).rstrip(".。"))
    elif gate.problems and not gate.invalid:
        reasons.append(count(COUNTS, "waiver_files", len(gate.problems), lang))
    if gate.empty:
        reasons.append(count(COUNTS, "empty", len(gate.empty), lang))
    reasons += _levels(summaries, gate.judgement.fail_on, lang)
    if notices := _failing_remarks(gate):
        reasons.append(count(COUNTS, "strict", notices, lang))
    if reasons or not summaries:
        return reasons
    return [f"{gravest_first(summaries)[0].remaining} < --fail-on {gate.judgement.fail_on}"]


def _levels(summaries: Sequence[Summary], fail_on: str, lang: Language) -> list[str]:
    by_level: dict[str, list[Summary]] = {}
    for summary in summaries:
        if summary.level:
            by_level.setdefault(summary.level, []).append(summary)
    alone = len(summaries) == 1
    labels = {level: level if alone else f"{len(failed)} {level}" for level, failed in by_level.items()}
    plain = joint("list", lang).join(labels[level] for level in ("deny", "needs-license") if level in by_level)
    said = [f"{plain} ≥ --fail-on {fail_on}"] if plain else []
    for level in NAMED:
        if level in by_level:
            names = _names(by_level[level], lang)
            said.append(f"{labels[level]} ≥ --fail-on {fail_on}{joint('colon', lang)}{names}")
    if INCOMPLETE in by_level:
        said.append(word(WORDS, "open", lang) if alone else count(COUNTS, INCOMPLETE, len(by_level[INCOMPLETE]), lang))
    return said


def _names(failed: Iterable[Summary], lang: Language) -> str:
    """Return the first finding that failed, and the number of others."""
    names = list(dict.fromkeys(name for summary in failed for name in summary.names))
    if len(names) < 2:
        return "".join(names)
    return word(WORDS, "more", lang, name=names[0], count=len(names) - 1)


def _counts(summaries: Sequence[Summary], lang: Language) -> list[str]:
    """Return the remaining tasks, counted over all decisions."""
    keys = ("denials", "licenses", "facts", "filings", "own")
    total = {key: sum(getattr(summary, key) for summary in summaries) for key in keys}
    said = [count(COUNTS, key, total[key], lang) for key in ("denials", "licenses", "facts") if total[key]]
    todo = [count(COUNTS, key, total[key], lang) for key in ("filings", "own") if total[key]]
    if todo:
        said.append(word(WORDS, "before", lang, todo=join_two(todo, lang)))
    if waived := sum(summary.waived for summary in summaries):
        who = joint("comma", lang).join(dict.fromkeys(one for summary in summaries for one in summary.approvals))
        said.append(count(COUNTS, "waived", waived, lang, who=who))
    return said


def _next_command(summaries: Sequence[Summary], repeated: Mapping[str, str]) -> str | None:
    """Return the next command for the gravest decision; None if nothing is missing."""
    if not summaries:
        return None
    gravest = gravest_first([summary for summary in summaries if summary.level] or summaries)[0]
    return next_command(gravest.decision, gravest.file, repeated)


def next_command(decision: str, file: str, repeated: Mapping[str, str] | None = None) -> str:
    """Return the next command after a decision on a spec. A part of standard input cannot be named alone."""
    if file.startswith("<stdin>#"):
        file, decision = "<stdin>", ""
    command, options = {
        "deny": ("routes", ""),
        "needs-license": ("routes", ""),
        "incomplete": ("check", " --details") if split_part(file)[1] else ("ask", ""),  # which edits no launch
    }.get(decision, ("check", " --details"))
    return f"vatspolicy {command} {quote(file)}{(repeated or {}).get(command, '')}{options}"


def quote(file: str) -> str:
    """Return a file or another word for a shell; standard input is `-`."""
    if file == "<stdin>":
        return "-"
    if re.fullmatch(r"[\w@%+=:,./-]+", file, re.ASCII):
        return file
    import shlex

    return shlex.quote(clean(file, one_line=True))


def own_law(summaries: Sequence[Summary], lang: Language) -> str:
    """Return the law that decided, unless it is the shipped one. All decisions of a run are made under one law."""
    law = summaries[0].law if summaries else None
    return "" if law is None or law.origin == SHIPPED.origin else say_deciding(law, lang)


def say_limits(summaries: Sequence[Summary], lang: Language) -> str:
    """Return the limits of all decisions: each notice once, and the weakest grade of an article cited."""
    notices = list(dict.fromkeys(notice for summary in summaries for notice in summary.notices))
    return gap(lang).join(digest.add_grade(notices, find_weakest_grade(summaries), lang))


def find_weakest_grade(summaries: Iterable[Summary]) -> str | None:
    """Return the weakest grade of an article that a decision cites; None without such an article."""
    grades = [summary.verification for summary in summaries if summary.verification]
    return max(grades, key=VERIFICATIONS.index, default=None)


def say_totals(summaries: Iterable[Summary], invalid: int, lang: Language) -> str:
    """Return the number of specs by decision, including invalid specs."""
    counts: dict[str, int] = {}
    for summary in gravest_first(summaries):
        counts[summary.decision] = counts.get(summary.decision, 0) + 1
    words = [f"{invalid} {word(WORDS, 'bad', lang)}"] if invalid else []
    words += [f"{n} {word(VERDICTS, key, lang)}" for key, n in counts.items()]
    decided = sum(counts.values())
    return count(COUNTS, "decided", decided + invalid, lang, words=joint("comma", lang).join(words))
