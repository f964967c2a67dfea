"""Contents of a decision that all formats share: merged duties, results by line, waived findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import VERDICTS, Table, aside, gap, joint, word
from vatspolicy.reports.decision.doubt import say_other
from vatspolicy.reports.words import KNOWN

Data = Mapping[str, Any]

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
_KEYS = ("denials", "needs", "would_need", "duties", "advice")


def merge_duties(duties: Iterable[Data]) -> list[dict[str, Any]]:
    """Merge duties of one instrument, bearer and layer: messages and citations of all, in order of appearance."""
    found: dict[tuple[str, str, str | None], dict[str, Any]] = {}
    for duty in duties:
        kept = found.setdefault(_identify(duty), {**duty, "citations": [], "message": {}})
        for lang, text in duty["message"].items():
            said = kept["message"].get(lang, "")
            if text not in said:
                kept["message"] = {**kept["message"], lang: said + (gap(lang) if said else "") + text}
        known = {(cited["policy"], cited["key"]) for cited in kept["citations"]}
        kept["citations"] += [cited for cited in duty["citations"] if (cited["policy"], cited["key"]) not in known]
    return list(found.values())


def merge_citations(citations: Iterable[Data], lang: Language, graded: bool = True) -> list[str]:
    """Return one text for each law, with all its articles: `Law, art. 4, 8 (primary), art. 9 (secondary)`.

    `graded` adds how well the words of the articles are known.
    """
    laws: dict[str, dict[str, list[str]]] = {}
    for citation in citations:
        known = citation["verification"] if graded else ""
        labels = laws.setdefault(citation["title"][lang], {}).setdefault(known, [])
        if citation["label"][lang] not in labels:
            labels.append(citation["label"][lang])
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


def is_outstanding(duty: Data) -> bool:
    """Return True for a duty before the launch that is not done."""
    return bool(duty["state"] != "done" and duty["deadline"]["group"] == "before-launch")


def split_duties(data: Data) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return what is to do before the launch: filings with an authority, and duties of the company itself."""
    filings: list[dict[str, Any]] = []
    own: list[dict[str, Any]] = []
    for duty in merge_duties(duty for duty in data["duties"] if is_outstanding(duty)):
        (own if _is_internal(duty) else filings).append(duty)
    return filings, own


def count_duties(data: Data) -> tuple[int, int]:
    """Return the numbers of these filings and duties."""
    first: dict[tuple[str, str, str | None], Data] = {}
    for duty in data["duties"]:
        if is_outstanding(duty):
            first.setdefault(_identify(duty), duty)
    own = sum(map(_is_internal, first.values()))
    return len(first) - own, own


def _is_internal(duty: Data) -> bool:
    return [body["id"] for body in duty["authority"]] == ["self"]


def _identify(duty: Data) -> tuple[str, str, str | None]:
    """Return what duties have in common that are told as one: instrument, bearer and layer."""
    return duty["instrument"]["id"], duty["bearer"], duty.get("layer")


def licenses_to_get(data: Data) -> list[Data]:
    """Return the needs of a decision, also those that a denied product would have."""
    return [*data["needs"], *data["would_need"]]


def open_facts(findings: Iterable[Data]) -> dict[str, tuple[Data, int]]:
    """Return the facts that keep rules undecided, by path: the question, and the number of rules that depend on it."""
    rules: dict[str, set[str]] = {}
    asks: dict[str, Data] = {}
    for finding in findings:
        for ask in finding.get("asks", []):
            asks.setdefault(ask["path"], ask)
            rules.setdefault(ask["path"], set()).add(finding["rule"])
    return {path: (ask, len(rules[path])) for path, ask in asks.items()}


def subject_of(finding: Data) -> str:
    """Return the subject of a finding as `service/class`; empty for the product."""
    return "/".join(part for part in (finding["subject"]["service"], finding["subject"]["class"]) if part)


# --- sentences


def later_law(data: Data, lang: Language) -> str:
    """Return the notice that the law of the day is not all known; empty for a day up to which it was checked."""
    return next((one["message"][lang] for one in data["notices"] if one["kind"] == "later-law"), "")


def say_contested(reading: Data, lang: Language) -> str:
    """Return another reading of a rule in one line, with what the rule says."""
    text = f"{reading['subject']}{joint('colon', lang)}{reading['message'][lang]} {say_other(reading, lang)}"
    return clean(text, one_line=True)


# --- waivers


def waived_findings(data: Data) -> list[Data]:
    """Return the findings of a decision that are waived, the gravest first."""
    return [finding for key in _KEYS for finding in data[key] if "waived" in finding]


def some_waived(data: Data, lang: Language) -> str | None:
    """Return the number of waived findings and the remaining decision as a sentence; None without waived findings."""
    count = len(waived_findings(data))
    if not count:
        return None
    total = sum(len(data[key]) for key in _KEYS if key != "duties")
    total += sum(d["state"] != "done" and d["deadline"]["group"] == "before-launch" for d in data["duties"])
    return word(WAIVER_WORDS, "some", lang, count=count, total=total, verdict=word(VERDICTS, data["remaining"], lang))


def waived_mark(finding: Data, lang: Language) -> str:
    """Return the mark that follows a waived finding; empty for any other."""
    return aside(WAIVER_WORDS["is_waived"][lang], lang) if "waived" in finding else ""


def say_layer(finding: Data, lang: Language) -> str:
    """Return the layer of a finding; empty if there is the base alone."""
    return word(LAYER_WORDS, "layer", lang, name=finding["layer"]) if "layer" in finding else ""


def layer_mark(finding: Data, lang: Language) -> str:
    """Return the layer of a finding as the aside that follows it; empty if there is the base alone."""
    return aside(say_layer(finding, lang), lang) if "layer" in finding else ""


def say_waived(waived: Data, lang: Language) -> str:
    """Return who waived a finding, until when, and why."""
    return clean(word(WAIVER_WORDS, waived["by"], lang, **waived), one_line=True)


def say_finding(finding: Data, lang: Language) -> str:
    """Return a finding in one line: its rule, subject and message."""
    subject = subject_of(finding)
    name = f"{finding['rule']} ({subject})" if subject else finding["rule"]
    return clean(f"{name}{joint('colon', lang)}{finding['message'][lang]}", one_line=True)


def say_remark(remark: Data, lang: Language) -> str:
    """Return a remark about a waiver in one line, without its place."""
    name = ", ".join(part for part in (remark["rule"], remark["product"]) if part)
    return clean(f"{name}{joint('colon', lang) if name else ''}{remark['message'][lang]}", one_line=True)


def remark_place(remark: Data) -> str:
    """Return file, line and column of a remark."""
    if remark["file"] is None:  # of the environment
        return "VATSPOLICY_*"
    return clean(f"{remark['file']}:{remark['line']}:{remark['column']}", one_line=True)
