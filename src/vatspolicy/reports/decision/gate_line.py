"""The last line of the text report: the verdict of the gate, its reason, the work left, and the next command."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vatspolicy.gate.judgement import INCOMPLETE, ITSELF, Failure, find_failures, find_worst_level
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean, width, wrap
from vatspolicy.i18n.words import VERDICTS, Counts, Table, aside, count, end, gap, join_two, joint, word
from vatspolicy.output import Style
from vatspolicy.policies.wording import say_reading
from vatspolicy.reports.decision.digest import licenses_to_get, split_duties

if TYPE_CHECKING:
    from vatspolicy.gate.gate import GateResult

Data = Mapping[str, Any]

WORDS: Table = {
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
    "read_as": Phrase("{subject} read as {name}"),
    "service_read_as": Phrase("readings of {subject} together"),
}
COUNTS: Counts = {
    "specs": (Phrase("{n} spec"), Phrase("{n} specs")),
    "invalid": (Phrase("{n} invalid spec"), Phrase("{n} invalid specs")),
    "errors": (Phrase("{n} error"), Phrase("{n} errors")),
    "incomplete": (Phrase("{n} incomplete"), Phrase("{n} incomplete")),
    "waiver_files": (Phrase("{n} waiver error"), Phrase("{n} waiver errors")),
    "empty": (Phrase("{n} argument without a spec"), Phrase("{n} arguments without a spec")),
    "strict": (Phrase("{n} waiver notice, --strict-waivers"), Phrase("{n} waiver notices, --strict-waivers")),
    "denials": (Phrase("{n} obstacle"), Phrase("{n} obstacles")),
    "licenses": (Phrase("{n} license"), Phrase("{n} licenses")),
    "facts": (Phrase("{n} fact to add"), Phrase("{n} facts to add")),
    "filings": (Phrase("{n} filing"), Phrase("{n} filings")),
    "own": (Phrase("{n} internal duty"), Phrase("{n} internal duties")),
}
"""Counted things: one, and several."""
_STATES = {"passed": "green", "failed": "red", "incomplete": "blue", "invalid": "red"}
NAMED = ("contested", "duty", "advice")
"""Levels on which the verdict does not show the finding that failed, so that the line names it."""


def say_gate(
    gate: GateResult,
    lang: Language,
    style: Style,
    room: int,
    repeated: Mapping[str, str] | None = None,
    one_line: bool = False,
) -> list[str]:
    """Return the last line; the next command on a second one if `room` is too small, unless `one_line`.

    `repeated` are the options, by command, that the next command repeats because they change the question.
    """
    state = _state(gate)
    reasons = aside(joint("semicolon", lang).join(_reasons(gate, lang)), lang)
    text = end(f"{style(word(WORDS, state, lang), 'bold', _STATES[state])}{reasons}", lang)
    space = gap(lang)
    decided, counts = count(COUNTS, "specs", len(gate.records), lang), _counts(gate.records, lang)
    text += space + end(
        joint("colon", lang).join([decided, joint("comma", lang).join(counts)] if counts else [decided]), lang
    )
    if state != "passed" and not gate.exit_code:
        text += space + word(WORDS, "no_fail", lang)
    following = _next_command(gate, repeated or {})
    command = word(WORDS, "next", lang, command=following) if following else ""
    whole = f"{text}{space}{command}".rstrip()
    if one_line or width(whole) <= room:
        return [whole]
    return [*wrap(text, room, "  ", ""), *(wrap(command, room, "  ", "") if command else [])]


def _state(gate: GateResult) -> str:
    levels = {_level(data, gate) for data in gate.records}
    if gate.invalid or gate.problems:
        return "invalid"
    if gate.empty or _failing_remarks(gate) or levels - {None, INCOMPLETE}:
        return "failed"
    return "incomplete" if INCOMPLETE in levels else "passed"


def _failures(data: Data, gate: GateResult) -> list[Failure]:
    """Return what fails, or would fail without --no-fail."""
    return find_failures(data, gate.judgement.fail_on)


def _level(data: Data, gate: GateResult) -> str | None:
    """Return the level on which a decision fails; incomplete by its exit code where facts are missing."""
    failures = _failures(data, gate)
    if failures and data.get("remaining", data["decision"]) == INCOMPLETE:
        return INCOMPLETE
    return find_worst_level(failures)


def _failing_remarks(gate: GateResult) -> int:
    return sum(gate.judgement.fails_remark(remark) for remark in gate.remarks or ())


def _reasons(gate: GateResult, lang: Language) -> list[str]:
    """Return the reasons of the verdict, the gravest first."""
    found = []
    if gate.invalid:
        found.append(count(COUNTS, "invalid", len(gate.invalid), lang))
    elif gate.problems:
        found.append(count(COUNTS, "waiver_files", len(gate.problems), lang))
    if gate.empty:
        found.append(count(COUNTS, "empty", len(gate.empty), lang))
    found += _levels(gate, lang)
    if notices := _failing_remarks(gate):
        found.append(count(COUNTS, "strict", notices, lang))
    if found or not gate.records:
        return found
    worst = worst_first(gate.records)[0]
    level = worst.get("remaining", worst["decision"])
    return [f"{level} < --fail-on {gate.judgement.fail_on}"]


def _levels(gate: GateResult, lang: Language) -> list[str]:
    found: dict[str, list[Data]] = {}
    for data in gate.records:
        if level := _level(data, gate):
            found.setdefault(level, []).append(data)
    alone, fail_on = len(gate.records) == 1, gate.judgement.fail_on
    told = {level: level if alone else f"{len(records)} {level}" for level, records in found.items()}
    plain = joint("list", lang).join(told[level] for level in ("deny", "needs-license") if level in found)
    said = [f"{plain} ≥ --fail-on {fail_on}"] if plain else []
    for level in NAMED:
        if level in found:
            names = _names(found[level], level, gate, lang)
            said.append(f"{told[level]} ≥ --fail-on {fail_on}{joint('colon', lang)}{names}")
    if INCOMPLETE in found:
        said.append(word(WORDS, "open", lang) if alone else count(COUNTS, INCOMPLETE, len(found[INCOMPLETE]), lang))
    return said


def _names(records: Iterable[Data], level: str, gate: GateResult, lang: Language) -> str:
    """Return the first finding that failed, and the number of others."""
    failures = ((data, failure) for data in records for failure in _failures(data, gate) if failure.level == level)
    names = list(dict.fromkeys(_name(data, failure, lang) for data, failure in failures))
    if len(names) < 2:
        return "".join(names)
    return word(WORDS, "more", lang, name=names[0], count=len(names) - 1)


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


def _counts(records: Iterable[Data], lang: Language) -> list[str]:
    """Return what is left to do, counted over all decisions."""
    total = dict.fromkeys(("denials", "licenses", "facts", "filings", "own"), 0)
    for data in records:
        filings, own = split_duties(data)
        total["denials"] += len(data["denials"])
        total["licenses"] += len(licenses_to_get(data))
        total["facts"] += len(data["missing"])
        total["filings"] += len(filings)
        total["own"] += len(own)
    said = [count(COUNTS, key, total[key], lang) for key in ("denials", "licenses", "facts") if total[key]]
    todo = [count(COUNTS, key, total[key], lang) for key in ("filings", "own") if total[key]]
    if todo:
        said.append(word(WORDS, "before", lang, todo=join_two(todo, lang)))
    return said


def worst_first(records: Iterable[Data]) -> list[Data]:
    """Return decisions with the gravest first: deny, needs-license, incomplete, allow; contested ones before others."""
    order = ("deny", "needs-license", "incomplete", "allow")
    return sorted(records, key=lambda data: (order.index(data["decision"]), not data["contested"]))


def _next_command(gate: GateResult, repeated: Mapping[str, str]) -> str | None:
    """Return the command that leads on from the gravest decision; None where there is nothing to add."""
    if not gate.records:
        return None
    failed = [data for data in gate.records if _level(data, gate)]
    data = worst_first(failed or gate.records)[0]
    command, options = {
        "deny": ("routes", ""),
        "needs-license": ("routes", ""),
        "incomplete": ("ask", ""),
    }.get(data["decision"], ("check", " --details"))
    return f"vatspolicy {command} {quote(data['file'])}{repeated.get(command, '')}{options}"


def quote(file: str) -> str:
    """Return a file or another word for a shell; standard input is `-`."""
    if file == "<stdin>":
        return "-"
    if re.fullmatch(r"[\w@%+=:,./-]+", file, re.ASCII):
        return file
    import shlex

    return shlex.quote(clean(file, one_line=True))


def say_totals(records: Sequence[Data], invalid: int, lang: Language) -> str:
    """Return how many specs there are, by decision, the invalid ones included."""
    from vatspolicy.reports.words import phrase

    found: dict[str, int] = {}
    for data in worst_first(records):
        found[data["decision"]] = found.get(data["decision"], 0) + 1
    words = [f"{invalid} {word(WORDS, 'bad', lang)}"] if invalid else []
    words += [f"{n} {word(VERDICTS, key, lang)}" for key, n in found.items()]
    return phrase("decided", lang, count=len(records) + invalid, words=joint("comma", lang).join(words))
