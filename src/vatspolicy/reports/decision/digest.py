"""Shared wording of all formats: other readings, opinions, merged duties, waived findings, limits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from vatspolicy.core.engine.result import (
    AdviceRecord,
    Citation,
    DutyRecord,
    FactQuestion,
    FindingRecord,
    Matter,
    NeedRecord,
    Opinion,
    ReadingRecord,
    Record,
    RouteRecord,
    Waived,
    WorstReadingRecord,
)
from vatspolicy.core.policies.wording import say_reading
from vatspolicy.core.profile.vocabulary import CLASS, label
from vatspolicy.gate.judgement import Remark
from vatspolicy.i18n import LANGUAGES, Language, LocalizedText, Phrase
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import VERDICTS, Counts, Table, aside, count, end, enumeration, gap, joint, word
from vatspolicy.reports.words import COUNTS, KNOWN, MEANINGS, VERIFICATION, law_of, phrase, say_deciding

if TYPE_CHECKING:
    from vatspolicy.guidance.remediation.result import Ways

READING_WORDS: Table = {
    "contested": Phrase("CONTESTED"),
    "denies": Phrase("DENY under another reading"),
    "needs": Phrase("license needed under another reading ({licenses})"),
    "open": Phrase("undecided under another reading"),
    "together": Phrase("{decision} under several readings together"),
    "milder": Phrase("{decision} under another reading"),
    "same": Phrase("same decision under another reading"),
    "as": Phrase("Read as {name}"),
    "first": Phrase("Read first: {text}"),
    "settled_by": Phrase("Settled by: {text}"),
    "worst": Phrase("All together: with {service} read as {names}, the decision is {decision}."),
    "alone": Phrase("{service} has too many combinations of readings; each reading was evaluated separately."),
    "instead": Phrase("not {names}"),
    "denial added": Phrase("denied: {names}"),
    "denial removed": Phrase("no denial: {names}"),
    "license added": Phrase("to get: {names}"),
    "license removed": Phrase("not to get: {names}"),
    "held added": Phrase("held: {names}"),
    "held removed": Phrase("does not use: {names}"),
    "route added": Phrase("open: {names}"),
    "route removed": Phrase("closed: {names}"),
    "duty added": Phrase("also owed: {names}"),
    "duty removed": Phrase("not owed: {names}"),
    "applies": Phrase("{about} applies"),
    "does-not-apply": Phrase("{about} does not apply"),
    "classes": Phrase("the service is {classes}"),
    "no_class": Phrase("the service is not telecommunications"),
    "given": Phrase("{reading}, according to {by} ({date})"),
    "claimed": Phrase("Claimed by {by} ({date}) but not granted: {reading}"),
    "granted": Phrase("granted by {approver} ({ticket}) until {until}"),
    "authority": Phrase("{by} for {authority}"),
    "not-granted": Phrase("It does not count unless an approver grants it: --opinions, --approvers."),
    "not-yet-in-force": Phrase("It does not yet count on this day."),
    "superseded": Phrase("An opinion of an authority, or a later opinion, takes precedence."),
    "older-than-rule": Phrase("It does not count: it is older than the rule."),
    "no-such-reading": Phrase("It does not count: no reading of the rule has these classes."),
    "law-was-read": Phrase(
        "It has no effect: the law behind the rule has been checked, and an opinion does not override it."
    ),
    "no-effect": Phrase("It has no effect on these facts."),
    "get": Phrase(
        "Get a legal opinion on {name}, and have an approver grant it: {message} No one has checked the law behind "
        "this rule"
    ),
}
DUTIES: Counts = {"duties": (Phrase("{n} duty"), Phrase("{n} duties"))}
ADVICE_KINDS: Table = {
    "contested": Phrase("Contested", "decision doubt"),
    "article-differs": Phrase("Commentary differs"),
    "verify": Phrase("To verify"),
    "pending": Phrase("The law may change"),
    "note": Phrase("Note"),
}
"""Kinds of advice, in the order in which reports list them."""
SEVERITY = ("allow", "incomplete", "needs-license", "deny")
"""Decision words from the best to the worst; the worst decision determines the result of a run."""


def say_verdict(decided: Record | Ways, lang: Language) -> str:
    """Return the decision word, with a mark if another reading of the law changes anything."""
    said = word(VERDICTS, decided.decision, lang)
    return f"{said} · {word(READING_WORDS, 'contested', lang)}" if decided.contested else said


def say_hint(decided: Record | Ways, lang: Language) -> str:
    """Return a short summary of the effects of other readings; empty for a decision that is not contested."""
    readings, worst = decided.contested, decided.worst_reading
    if not readings:
        return ""
    stricter = sorted((reading for reading in readings if reading.stricter), key=_strictness, reverse=True)
    hints = list(dict.fromkeys(_stricter(reading, stricter, lang) for reading in stricter))
    if worst and worst.stricter and all(_strictness(worst) > _strictness(reading) for reading in readings):
        hints.insert(0, word(READING_WORDS, "together", lang, decision=word(VERDICTS, worst.decision, lang)))
    if not hints:
        milder = [reading.decision for reading in readings if reading.decision != decided.decision]
        for decision in sorted(milder, key=SEVERITY.index)[:1]:
            hints = [word(READING_WORDS, "milder", lang, decision=word(VERDICTS, decision, lang))]
    return joint("semicolon", lang).join(hints or [word(READING_WORDS, "same", lang)])


def _stricter(reading: ReadingRecord, stricter: Iterable[ReadingRecord], lang: Language) -> str:
    if reading.decision == "deny":
        return word(READING_WORDS, "denies", lang)
    changes = [change for other in stricter if other.decision == reading.decision for change in other.changes]
    names = [
        change.class_ or change.title[lang]
        for change in changes
        if (change.kind, change.change) == ("license", "added")
    ]
    if not names:
        return word(READING_WORDS, "open", lang)
    return word(READING_WORDS, "needs", lang, licenses=joint("list", lang).join(dict.fromkeys(names)))


def _strictness(reading: ReadingRecord | WorstReadingRecord) -> int:
    return SEVERITY.index(reading.decision)


def group_readings(readings: Iterable[ReadingRecord]) -> list[list[ReadingRecord]]:
    """Return the other readings of each rule on each subject, in order of appearance."""
    groups: dict[tuple[str, str], list[ReadingRecord]] = {}
    for reading in readings:
        groups.setdefault((reading.rule, reading.subject), []).append(reading)
    return list(groups.values())


def say_other(reading: ReadingRecord, lang: Language, folded: bool = False) -> str:
    """Return another reading in one line: its source, the decision, and its changes.

    `folded` counts the duties that it changes.
    """
    name = word(READING_WORDS, "as", lang, name=say_reading(reading.reading, lang))
    parts = [word(VERDICTS, reading.decision, lang), *say_changes(reading, lang, folded)]
    return f"{name}{aside(reading.held_by[lang], lang)}{joint('colon', lang)}{joint('semicolon', lang).join(parts)}"


def say_changes(reading: ReadingRecord, lang: Language, folded: bool = False) -> list[str]:
    """Return the changes of a reading in a few words; routes only if the classes stay."""
    titles_by_kind: dict[tuple[str, str], list[str]] = {}
    for change in reading.changes:
        title = change.id if change.kind == "class" else change.title[lang]
        if change.kind in ("license", "held") and change.class_:
            title += aside(change.class_, lang)
        titles_by_kind.setdefault((change.kind, change.change), []).append(title)
    changes = []
    for (kind, way), titles in titles_by_kind.items():
        names = joint("list", lang).join(titles := list(dict.fromkeys(titles)))
        if folded and kind == "duty":
            names = count(DUTIES, "duties", len(titles), lang)
        if kind == "class" and way == "removed":
            changes.append(word(READING_WORDS, "instead", lang, names=names))
        elif kind != "class" and not (kind == "route" and any(key[0] == "class" for key in titles_by_kind)):
            changes.append(word(READING_WORDS, f"{kind} {way}", lang, names=names))
    return changes


def say_basis(reading: ReadingRecord, lang: Language) -> list[str]:
    """Return the reason for the first reading of the rule, and the way to settle it."""
    return [
        word(READING_WORDS, "first", lang, text=reading.why[lang]),
        word(READING_WORDS, "settled_by", lang, text=reading.settled_by[lang]),
    ]


def say_worst(worst: WorstReadingRecord | None, lang: Language) -> str | None:
    """Return the strictest combination of readings; None if a single reading is as strict."""
    if worst is None or (worst.complete and len(worst.readings) < 2):
        return None
    if not worst.complete:
        return word(READING_WORDS, "alone", lang, service=worst.service)
    names = joint("list", lang).join(say_reading(reading.reading, lang) for reading in worst.readings)
    decision = word(VERDICTS, worst.decision, lang)
    return word(READING_WORDS, "worst", lang, service=worst.service, names=names, decision=decision)


def by_kind(advice: Iterable[AdviceRecord]) -> list[AdviceRecord]:
    """Return advice in the order of its kinds, each rule once."""
    once: dict[str, AdviceRecord] = {}
    for finding in advice:
        once.setdefault(finding.rule, finding)
    return sorted(once.values(), key=lambda finding: list(ADVICE_KINDS).index(finding.kind))


def say_kind(finding: AdviceRecord, lang: Language) -> str:
    """Return the kind of a piece of advice, as a prefix."""
    return word(ADVICE_KINDS, finding.kind, lang) + joint("colon", lang)


def say_opinion(opinion: Opinion, lang: Language) -> str:
    """Return the content of an opinion, its author and date, and the reason if it does not count."""
    if opinion.about == CLASS:
        classes = joint("comma", lang).join(opinion.classes or ())
        reading = word(READING_WORDS, "classes" if classes else "no_class", lang, classes=classes)
    else:
        reading = word(READING_WORDS, str(opinion.reading), lang, about=opinion.about)
    by = opinion.by
    if opinion.authority:
        by = word(READING_WORDS, "authority", lang, by=by, authority=label("authority", opinion.authority)[lang])
    if opinion.service:
        reading = f"{opinion.service}{joint('colon', lang)}{reading}"
    how = "claimed" if opinion.state == "not-granted" else "given"
    text = word(READING_WORDS, how, lang, reading=reading, by=by, date=opinion.date)
    if opinion.note:
        text += f"{joint('colon', lang)}{opinion.note}"
    if opinion.granted:
        text += joint("comma", lang) + word(READING_WORDS, "granted", lang, **asdict(opinion.granted))
    if opinion.state != "counted":
        text += aside(word(READING_WORDS, opinion.state, lang), lang)
    return clean(text, one_line=True)


def say_standing(opinions: Iterable[Opinion], lang: Language) -> list[str]:
    """Return a sentence for each counting or claimed opinion, for a first screen."""
    return [
        end(say_opinion(opinion, lang), lang) for opinion in opinions if opinion.state in ("counted", "not-granted")
    ]


def changes_ahead(record: Record, lang: Language) -> list[tuple[str, str]]:
    """Return the upcoming changes, each with its day in one line."""
    if not record.changes_ahead:
        return []
    from vatspolicy.reports.timeline import say_ahead

    return [(entry.day, say_ahead(entry, lang)) for entry in record.changes_ahead]


def say_matter(matter: Matter, lang: Language) -> str:
    """Return the next step for a missing opinion: the rule or condition to ask about, and its law."""
    text = word(READING_WORDS, "get", lang, name=matter.name, message=matter.message[lang])
    return clean(f"{text} [{law_of(matter.citations, lang)}].", one_line=True)


# --- merged duties, citations and facts


BEARERS: Table = {
    "company": Phrase("the company"),
    "partner": Phrase("the partner"),
    "operator": Phrase("the operator, not stated"),
}
"""The party that must hold a license or perform a duty."""
LAYER_WORDS: Table = {"layer": Phrase("layer {name}")}
WAIVER_WORDS: Table = {
    "waived": Phrase("Set aside"),
    "by-waiver": Phrase("set aside by {approver} until {until}"),
    "by-baseline": Phrase("set aside by the baseline until {until}"),
    "waiver": Phrase("waived by {approver} ({ticket}) until {until}: {reason}"),
    "baseline": Phrase("in the baseline since {since}, until {until}"),
    "warn": Phrase("only a warning until {until}, {approver}: {reason}"),
    "off": Phrase("switched off until {until}, {approver}: {reason}"),
    "some": Phrase("{count} of {total} findings {who}; result of the remaining findings: {verdict}."),
    "remarks": Phrase("Notes on this run"),
}


def say_bearer(finding: NeedRecord | DutyRecord, lang: Language) -> str:
    """Return the party that must hold a license or perform a duty, by name if the spec states one."""
    who = word(BEARERS, finding.bearer, lang)
    return who + (aside(clean(finding.bearer_name, one_line=True), lang) if finding.bearer_name else "")


def say_holder(need: NeedRecord, lang: Language) -> str:
    """Return the required holder of a license, as a part of a line."""
    return phrase("holder", lang, who=say_bearer(need, lang))


def say_doer(duty: DutyRecord, lang: Language) -> str:
    """Return the party that must perform or has performed a duty, as a part of a line."""
    who = say_bearer(duty, lang)
    return who if duty.state == "done" else phrase("bearer", lang, who=who)


OPEN_FACTS = 3
"""Maximum number of listed facts that would complete the duties."""


def say_open_duties(record: Record, lang: Language) -> str:
    """Return whether further duties may apply, and the facts that most of them wait for; empty for a denied launch."""
    duties = [finding for finding in record.undetermined if finding.effect == "duty"]
    facts = sorted(open_facts(duties).items(), key=lambda item: -item[1][1])
    if record.decision == "deny" or not facts:
        return ""
    told = [path for path, _ in facts[:OPEN_FACTS]]
    told += [count(COUNTS, "more_facts", len(facts) - OPEN_FACTS, lang)] if len(facts) > OPEN_FACTS else []
    rules = len({finding.rule for finding in duties})
    return count(COUNTS, "open_duties", rules, lang, facts=joint("list", lang).join(told))


def license_facts(record: Record) -> tuple[FactQuestion, ...]:
    """Return further facts that could add a license; none for a denied launch."""
    if record.decision == "deny":
        return ()
    asked = {ask.path for ask in record.missing}
    facts = open_facts(finding for finding in record.undetermined if finding.effect == "need")
    return tuple(ask for path, (ask, _) in facts.items() if path not in asked)


def merge_duties(duties: Iterable[DutyRecord]) -> list[DutyRecord]:
    """Merge duties of one instrument, bearer and layer: messages and citations of all, in order of appearance."""
    groups: dict[tuple[str, str, str | None, str | None], list[DutyRecord]] = {}
    for duty in duties:
        groups.setdefault(_identify(duty), []).append(duty)
    return [_merge(same) if len(same) > 1 else same[0] for same in groups.values()]


def _merge(duties: Sequence[DutyRecord]) -> DutyRecord:
    message: dict[str, str] = {}
    cited: dict[tuple[str, str], Citation] = {}
    for duty in duties:
        for lang in LANGUAGES:
            said, text = message.get(lang, ""), duty.message[lang]
            if text not in said:
                message[lang] = said + (gap(lang) if said else "") + text
        for citation in duty.citations:
            cited.setdefault((citation.policy, citation.key), citation)
    return replace(duties[0], message=message, citations=tuple(cited.values()))


def merge_citations(citations: Iterable[Citation], lang: Language, graded: bool = True) -> list[str]:
    """Return one text for each law, with all its articles: `Law, art. 4, 8 (primary), art. 9 (secondary)`.

    `graded` adds how well the words of the articles are known.
    """
    laws: dict[str, dict[str, list[str]]] = {}
    for citation in citations:
        grade = citation.verification if graded else ""
        labels = laws.setdefault(citation.title[lang], {}).setdefault(grade, [])
        if citation.label[lang] not in labels:
            labels.append(citation.label[lang])
    return [
        title
        + joint("comma", lang)
        + joint("semicolon", lang).join(
            _join_labels(labels, lang) + _grade(grade, lang) for grade, labels in grades.items()
        )
        for title, grades in laws.items()
    ]


def _grade(grade: str, lang: Language) -> str:
    return aside(word(KNOWN, grade, lang), lang) if grade else ""


def _join_labels(labels: Iterable[str], lang: Language) -> str:
    """Return labels of articles in a row; `art.` appears once for neighbors. Labels with commas keep apart by more."""
    said, before = "", ""
    for text in labels:
        plain = all(re.fullmatch(r"art\. [^,]+|第[^，、]+", label) for label in (before, text))
        if said:
            said += joint("list" if plain else "semicolon", lang)
        said += text.removeprefix("art. ") if plain else text
        before = text
    return said


def split_duties(record: Record) -> tuple[list[DutyRecord], list[DutyRecord]]:
    """Return the tasks before the launch: filings with an authority, and duties of the company."""
    filings: list[DutyRecord] = []
    own: list[DutyRecord] = []
    for duty in merge_duties(duty for duty in record.duties if duty.is_due_before_launch):
        (own if _is_internal(duty) else filings).append(duty)
    return filings, own


def count_duties(record: Record) -> tuple[int, int]:
    """Return the numbers of these filings and duties."""
    merged = {_identify(duty): duty for duty in reversed(record.duties) if duty.is_due_before_launch}
    own = sum(map(_is_internal, merged.values()))
    return len(merged) - own, own


def _is_internal(duty: DutyRecord) -> bool:
    return [body.id for body in duty.authority] == ["self"]


def _identify(duty: DutyRecord) -> tuple[str, str, str | None, str | None]:
    """Return the common parts of merged duties: instrument, bearer and layer."""
    return duty.instrument.id, duty.bearer, duty.bearer_name, duty.layer


def open_facts(findings: Iterable[FindingRecord]) -> dict[str, tuple[FactQuestion, int]]:
    """Return the facts that keep rules undecided, by path: the question, and the number of rules that depend on it."""
    rules: dict[str, set[str]] = {}
    asks: dict[str, FactQuestion] = {}
    for finding in findings:
        for ask in finding.asks:
            asks.setdefault(ask.path, ask)
            rules.setdefault(ask.path, set()).add(finding.rule)
    return {path: (ask, len(rules[path])) for path, ask in asks.items()}


# --- sentences


def later_law(record: Record, lang: Language) -> str:
    """Return the notice of unchecked law for the day; empty for a day within the checked period."""
    return next((notice.message[lang] for notice in record.notices if notice.kind == "later-law"), "")


def say_meaning(record: Record, lang: Language) -> str:
    """Return the meaning of the decision, the open range, the facts that would settle it, and the remaining duties."""
    low, high = (word(VERDICTS, end, lang) for end in record.range)
    parts = [phrase("range", lang, low=low, high=high) if low != high else "", say_conditional(record, lang)]
    if record.decision == "allow" and any(duty.state != "done" for duty in record.duties):
        parts.append(phrase("duties_remain", lang))
    return gap(lang).join([word(MEANINGS, record.decision, lang), *filter(None, parts)])


def say_conditional(record: Record, lang: Language) -> str:
    """Return the facts that would settle the decision, and the decision with them; empty if there are none."""
    answer = record.conditional
    if answer is None:
        return ""
    facts: list[LocalizedText] = [
        {lang: phrase("setting", lang, fact=setting.title[lang], value=setting.words[lang])}
        for setting in answer.settings
    ]
    return phrase("conditional", lang, verdict=word(VERDICTS, answer.decision, lang), facts=enumeration(facts)[lang])


def say_decision(record: Record, lang: Language) -> list[str]:
    """Return a decision in sentences: verdict and day, other readings, waivers, opinions, law, sources and limits."""
    verdict = f"{record.product}{joint('colon', lang)}{say_verdict(record, lang)}{aside(record.as_of, lang)}"
    low, high = (word(VERDICTS, outcome, lang) for outcome in record.range)
    sentences = [
        end(verdict, lang),
        phrase("range", lang, low=low, high=high) if low != high else "",
        say_conditional(record, lang),
        end(hint, lang) if (hint := say_hint(record, lang)) else "",
        some_waived(record, lang) or "",
        *say_standing(record.opinions, lang),
        end(say_deciding(record.bundle, lang), lang),
    ]
    return [clean(text, one_line=True) for text in (*sentences, *say_limits(record, lang)) if text]


def say_limits(record: Record, lang: Language) -> tuple[str, ...]:
    """Return the notices and the quality of the sources; last, that it is not advice."""
    return add_grade([notice.message[lang] for notice in record.notices], record.verification, lang)


def add_grade(notices: Sequence[str], grade: str | None, lang: Language) -> tuple[str, ...]:
    """Return notices with the quality of the sources before the last one; without it for a grade of None."""
    graded = [word(VERIFICATION, grade, lang)] if grade else []
    return (*notices[:-1], *graded, *notices[-1:])


def say_contested(reading: ReadingRecord, lang: Language) -> str:
    """Return another reading of a rule in one line, with the message of the rule."""
    text = f"{reading.subject}{joint('colon', lang)}{reading.message[lang]} {say_other(reading, lang)}"
    return clean(text, one_line=True)


# --- waivers


def some_waived(record: Record, lang: Language) -> str | None:
    """Return the number of waived findings and the remaining decision as a sentence; None without waived findings."""
    waived = len(record.waived)
    if not waived:
        return None
    total = sum(not isinstance(finding, DutyRecord) or finding.is_due_before_launch for finding in record.waivable)
    who, verdict = joint("comma", lang).join(say_approvals(record, lang)), word(VERDICTS, record.judged, lang)
    return word(WAIVER_WORDS, "some", lang, count=waived, total=total, who=who, verdict=verdict)


def say_approvals(record: Record, lang: Language) -> tuple[str, ...]:
    """Return by whom, or by what, findings are set aside, and until when."""
    return tuple(dict.fromkeys(_approval(finding.waived, lang) for finding in record.waived if finding.waived))


def _approval(waived: Waived, lang: Language) -> str:
    key = "by-baseline" if waived.approver is None else "by-waiver"
    return clean(word(WAIVER_WORDS, key, lang, approver=waived.approver, until=waived.until), one_line=True)


def waived_mark(finding: FindingRecord, lang: Language) -> str:
    """Return the mark that follows a waived finding, with its approver and last day; empty for any other."""
    return aside(_approval(finding.waived, lang), lang) if finding.waived else ""


def say_layer(finding: FindingRecord | RouteRecord, lang: Language) -> str:
    """Return the layer of a finding; empty if there are no layers."""
    return word(LAYER_WORDS, "layer", lang, name=finding.layer) if finding.layer else ""


def layer_mark(finding: FindingRecord | RouteRecord, lang: Language) -> str:
    """Return the layer of a finding as an aside; empty if there are no layers."""
    return aside(say_layer(finding, lang), lang) if finding.layer else ""


def say_waived(waived: Waived, lang: Language) -> str:
    """Return the approver of a waived finding, the last day, and the reason."""
    return clean(word(WAIVER_WORDS, waived.by, lang, **asdict(waived)), one_line=True)


def say_reasons(finding: FindingRecord, lang: Language) -> list[str]:
    """Return the reasons why a license is unavailable; empty for another denial."""
    return [reason.title[lang] for reason in finding.reasons] if finding.effect == "need" else []


def say_finding(finding: FindingRecord, lang: Language) -> str:
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
