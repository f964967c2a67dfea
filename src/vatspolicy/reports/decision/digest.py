"""Contents of a decision that all formats share: merged duties, results by line, waived findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from vatspolicy.core.engine.result import Citation, Duty, Finding, Question, Reading, Record, Route, Waived
from vatspolicy.gate.judgement import Remark
from vatspolicy.i18n import LANGUAGES, Language, Phrase
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import VERDICTS, Table, aside, end, gap, joint, word
from vatspolicy.reports.decision import doubt
from vatspolicy.reports.decision.doubt import say_standing
from vatspolicy.reports.words import KNOWN, MEANINGS, VERIFICATION, phrase, say_deciding

LAYER_WORDS: Table = {"layer": Phrase("layer {name}")}
WAIVER_WORDS: Table = {
    "waived": Phrase("Set aside"),
    "is_waived": Phrase("set aside"),
    "waiver": Phrase("waived by {approver} ({ticket}) until {until}: {reason}"),
    "baseline": Phrase("in the baseline since {since}, until {until}"),
    "warn": Phrase("only a warning until {until}, {approver}: {reason}"),
    "off": Phrase("switched off until {until}, {approver}: {reason}"),
    "some": Phrase("{count} of {total} findings set aside; what is left for the gate: {verdict}."),
    "remarks": Phrase("Notes on this run"),
}


def merge_duties(duties: Iterable[Duty]) -> list[Duty]:
    """Merge duties of one instrument, bearer and layer: messages and citations of all, in order of appearance."""
    found: dict[tuple[str, str, str | None], list[Duty]] = {}
    for duty in duties:
        found.setdefault(_identify(duty), []).append(duty)
    return [_merge(same) if len(same) > 1 else same[0] for same in found.values()]


def _merge(duties: Sequence[Duty]) -> Duty:
    message: dict[str, str] = {}
    cited: dict[tuple[str, str], Citation] = {}
    for duty in duties:
        for lang in LANGUAGES:
            said, text = message.get(lang, ""), duty.message[lang]
            if text not in said:
                message[lang] = said + (gap(lang) if said else "") + text
        for one in duty.citations:
            cited.setdefault((one.policy, one.key), one)
    return replace(duties[0], message=message, citations=tuple(cited.values()))


def merge_citations(citations: Iterable[Citation], lang: Language, graded: bool = True) -> list[str]:
    """Return one text for each law, with all its articles: `Law, art. 4, 8 (primary), art. 9 (secondary)`.

    `graded` adds how well the words of the articles are known.
    """
    laws: dict[str, dict[str, list[str]]] = {}
    for citation in citations:
        known = citation.verification if graded else ""
        labels = laws.setdefault(citation.title[lang], {}).setdefault(known, [])
        if citation.label[lang] not in labels:
            labels.append(citation.label[lang])
    return [
        title
        + joint("comma", lang)
        + joint("semicolon", lang).join(
            _join_labels(labels, lang) + _grade(known, lang) for known, labels in found.items()
        )
        for title, found in laws.items()
    ]


def _grade(known: str, lang: Language) -> str:
    return aside(word(KNOWN, known, lang), lang) if known else ""


def _join_labels(labels: Iterable[str], lang: Language) -> str:
    """Return labels of articles in a row; `art.` is said once for neighbors. Labels with commas keep apart by more."""
    said, before = "", ""
    for label in labels:
        plain = all(re.fullmatch(r"art\. [^,]+|第[^，、]+", one) for one in (before, label))
        if said:
            said += joint("list" if plain else "semicolon", lang)
        said += label.removeprefix("art. ") if plain else label
        before = label
    return said


def split_duties(record: Record) -> tuple[list[Duty], list[Duty]]:
    """Return what is to do before the launch: filings with an authority, and duties of the company itself."""
    filings: list[Duty] = []
    own: list[Duty] = []
    for duty in merge_duties(duty for duty in record.duties if duty.is_due_before_launch):
        (own if _is_internal(duty) else filings).append(duty)
    return filings, own


def _is_internal(duty: Duty) -> bool:
    return [body.id for body in duty.authority] == ["self"]


def _identify(duty: Duty) -> tuple[str, str, str | None]:
    """Return what duties have in common that are told as one: instrument, bearer and layer."""
    return duty.instrument.id, duty.bearer, duty.layer


def open_facts(findings: Iterable[Finding]) -> dict[str, tuple[Question, int]]:
    """Return the facts that keep rules undecided, by path: the question, and the number of rules that depend on it."""
    rules: dict[str, set[str]] = {}
    asks: dict[str, Question] = {}
    for finding in findings:
        for ask in finding.asks:
            asks.setdefault(ask.path, ask)
            rules.setdefault(ask.path, set()).add(finding.rule)
    return {path: (ask, len(rules[path])) for path, ask in asks.items()}


# --- sentences


def later_law(record: Record, lang: Language) -> str:
    """Return the notice that the law of the day is not all known; empty for a day up to which it was checked."""
    return next((one.message[lang] for one in record.notices if one.kind == "later-law"), "")


def say_meaning(record: Record, lang: Language) -> str:
    """Return what the decision means, with the range that missing facts leave open."""
    low, high = (word(VERDICTS, end, lang) for end in record.range)
    open_range = gap(lang) + phrase("range", lang, low=low, high=high) if low != high else ""
    return word(MEANINGS, record.decision, lang) + open_range


def say_decision(record: Record, lang: Language) -> list[str]:
    """Return a decision in sentences: verdict and day, other readings, waivers, opinions, law, sources and limits."""
    verdict = f"{record.product}{joint('colon', lang)}{doubt.verdict(record, lang)}{aside(record.as_of, lang)}"
    low, high = (word(VERDICTS, one, lang) for one in record.range)
    told = [
        end(verdict, lang),
        phrase("range", lang, low=low, high=high) if low != high else "",
        end(hint, lang) if (hint := doubt.hint(record, lang)) else "",
        some_waived(record, lang) or "",
        *say_standing(record.opinions, lang),
        end(say_deciding(record.bundle, lang), lang),
    ]
    return [clean(text, one_line=True) for text in (*told, *say_limits(record, lang)) if text]


def say_limits(record: Record, lang: Language) -> list[str]:
    """Return the notices and the quality of the sources, each in a sentence; last, that it is not advice."""
    known = [word(VERIFICATION, record.verification, lang)] if record.verification else []
    notices = [notice.message[lang] for notice in record.notices]
    return [*notices[:-1], *known, *notices[-1:]]


def say_contested(reading: Reading, lang: Language) -> str:
    """Return another reading of a rule in one line, with what the rule says."""
    text = f"{reading.subject}{joint('colon', lang)}{reading.message[lang]} {doubt.say_other(reading, lang)}"
    return clean(text, one_line=True)


# --- waivers


def some_waived(record: Record, lang: Language) -> str | None:
    """Return the number of waived findings and the remaining decision as a sentence; None without waived findings."""
    count = len(record.waived)
    if not count:
        return None
    total = sum(not isinstance(one, Duty) or one.is_due_before_launch for one in record.waivable)
    return word(WAIVER_WORDS, "some", lang, count=count, total=total, verdict=word(VERDICTS, record.judged, lang))


def waived_mark(finding: Finding, lang: Language) -> str:
    """Return the mark that follows a waived finding; empty for any other."""
    return aside(WAIVER_WORDS["is_waived"][lang], lang) if finding.waived else ""


def say_layer(finding: Finding | Route, lang: Language) -> str:
    """Return the layer of a finding; empty if there is the base alone."""
    return word(LAYER_WORDS, "layer", lang, name=finding.layer) if finding.layer else ""


def layer_mark(finding: Finding | Route, lang: Language) -> str:
    """Return the layer of a finding as the aside that follows it; empty if there is the base alone."""
    return aside(say_layer(finding, lang), lang) if finding.layer else ""


def say_waived(waived: Waived, lang: Language) -> str:
    """Return who waived a finding, until when, and why."""
    return clean(word(WAIVER_WORDS, waived.by, lang, **asdict(waived)), one_line=True)


def say_finding(finding: Finding, lang: Language) -> str:
    """Return a finding in one line: its rule, subject and message."""
    subject = str(finding.subject)
    name = f"{finding.rule} ({subject})" if subject else finding.rule
    return clean(f"{name}{joint('colon', lang)}{finding.message[lang]}", one_line=True)


def say_remark(remark: Remark, lang: Language) -> str:
    """Return a remark about a waiver in one line, without its place."""
    name = ", ".join(part for part in (remark.rule, remark.product) if part)
    return clean(f"{name}{joint('colon', lang) if name else ''}{remark.message[lang]}", one_line=True)


def remark_place(remark: Remark) -> str:
    """Return file, line and column of a remark."""
    if remark.file is None:  # of the environment
        return "VATSPOLICY_*"
    return clean(f"{remark.file}:{remark.line}:{remark.column}", one_line=True)
