"""The sentences below the title in all reports of a comparison."""

from __future__ import annotations

from collections.abc import Iterator

from vatspolicy.authoring.diff.result import Release, Review, SideName
from vatspolicy.authoring.diff.verdict import MILDER, STRICTER, impossible, open_edits, possible, seen, unsettled
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.i18n.words import joint, word
from vatspolicy.reports.diff import acceptance, wording
from vatspolicy.reports.diff.wording import moves, period
from vatspolicy.reports.diff.words import REASONS, phrase


def sides(data: Review, lang: Language) -> str:
    """State the two sides of the comparison and the day used as today."""
    base, head = (_state(side, lang) for side in (data.base, data.head))
    return phrase("words", lang, base=base, head=head, today=data.today) if head else str(base)


def _state(side: SideName, lang: Language) -> str:
    names = joint("list", lang).join(side.layers)
    return phrase("with_layers", lang, state=side.title, names=names) if names else str(side.title)


def sentences(data: Review, lang: Language) -> Iterator[str]:
    """Yield the summary: missing evaluations and failures, then comparisons and proofs."""
    yield from status(data, lang)
    yield from evidence(data, lang)


def status(data: Review, lang: Language) -> Iterator[str]:
    """Yield missing evaluations, failures, and used accepted changes."""
    yield from (why.text[lang] for why in data.why)
    if data.failed_on:
        yield phrase("failed", lang, names=", ".join(data.failed_on))
    if data.undecided_on:
        yield phrase("undecided_on", lang, names=", ".join(data.undecided_on))
    if data.accepted.file:
        yield acceptance.summary(data, lang)


def evidence(data: Review, lang: Language) -> Iterator[str]:
    """Yield the numbers of edits and compared products, and the proofs."""
    files = [one.file for one in data.structure] + [
        schema.file for schema in data.schemas if schema.effect == "nothing"
    ]
    if files:
        yield phrase("edited", lang, count=len(files), files=len({*files}))
    decisions = data.decisions
    if decisions and decisions.days:
        counts = {"days": len(decisions.days), "rows": len(decisions.rows), "details": len(decisions.details)}
        yield phrase("compared", lang, products=decisions.products, **counts)
    elif decisions:
        yield phrase("no_days", lang)
    if decisions and decisions.borrowed:
        yield phrase("borrowed", lang, names=", ".join(decisions.borrowed))
    yield from _proofs(data, lang)


def _proofs(data: Review, lang: Language) -> Iterator[str]:
    """Summarize the proofs."""
    semantic = data.semantic
    if not semantic or semantic.status == "off":
        yield from [phrase("semantic_off", lang)] if semantic else []
        return
    days = semantic.period
    if days:
        key = "period_proved" if days.proved else "period"
        yield phrase(key, lang, days=period(days.first, days.last, lang, days.proved))
    of_products = [name for name in possible(data) if name in seen(data)]
    beyond = [name for name in possible(data) if name not in of_products]
    for key, shown in (("possible", of_products), ("beyond", beyond)):
        if shown:
            yield phrase(key, lang, names=moves(shown, lang))
    yield from _excluded(data, lang)
    if unsettled(data):
        yield phrase("unsettled", lang, names=moves(unsettled(data), lang))
    if open_edits(data):
        names = joint("semicolon", lang).join(wording.item(data, edit, lang) for edit in open_edits(data))
        yield phrase("open_edits", lang, names=names)
    if semantic.status == "evaluated" and data.schemas:
        yield phrase("one_schema", lang)
    if semantic.status == "evaluated" and semantic.engine is None:
        yield phrase("no_solver", lang)


def _excluded(data: Review, lang: Language) -> Iterator[str]:
    """State the directions without changed decisions, based on the verdict."""
    excluded, verdict = set(impossible(data)), data.verdict
    stricter, milder = excluded.issuperset(STRICTER), excluded.issuperset(MILDER)
    if excluded and len(excluded) == len(data.transitions):
        yield phrase("no_change", lang)
    elif stricter and milder and verdict in ("neither", "unknown"):
        yield phrase("no_direction", lang)
    else:
        if stricter:
            yield phrase("stricter_if_open" if verdict in ("tightened", "both") else "not_stricter", lang)
        if milder:
            yield phrase("milder_if_open" if verdict in ("loosened", "both") else "not_milder", lang)


def release(data: Release, lang: Language) -> str:
    """Return the version before and after, and the required version step."""
    because = joint("list", lang).join(word(REASONS, reason, lang) for reason in data.because)
    key = "untouched" if data.level == "none" else "needs" if data.needed else "fits"
    return phrase(
        key, lang, before=data.before, after=data.after, level=data.level, needed=data.needed, because=because
    )
