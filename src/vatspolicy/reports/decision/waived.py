"""What reports say of findings that are set aside, and of the waivers themselves; loaded only where there are any."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vatspolicy.i18n.text import clean, wrap
from vatspolicy.i18n.words import VERDICTS, word
from vatspolicy.output import Style
from vatspolicy.profile.vocabulary import Language

Data = Mapping[str, Any]

WORDS: Mapping[str, Mapping[str, str]] = {
    "waived": {"en": "Set aside", "zh": "已豁免"},
    "is_waived": {"en": "set aside", "zh": "已豁免"},
    "waiver": {
        "en": "waived by {approver} ({ticket}) until {until}: {reason}",
        "zh": "由 {approver} 批准豁免（{ticket}），至 {until} 为止：{reason}",
    },
    "baseline": {
        "en": "in the baseline since {since}, until {until}",
        "zh": "自 {since} 起列入基线，至 {until} 为止",
    },
    "some": {
        "en": "{count} of {total} findings set aside; what is left for the gate: {verdict}.",
        "zh": "{total}项发现中{count}项已豁免；门禁所见其余结论：{verdict}。",
    },
    "remarks": {"en": "Waivers and baseline", "zh": "豁免与基线"},
}
_KEYS = ("denials", "needs", "would_need", "duties", "advice")


def waived_findings(data: Data) -> list[Data]:
    """The findings of a decision that are set aside, the gravest first."""
    return [finding for key in _KEYS for finding in data[key] if "waived" in finding]


def some_waived(data: Data, lang: Language) -> str | None:
    """How many findings are set aside, and what is left; None where none is."""
    count = len(waived_findings(data))
    if not count:
        return None
    total = sum(len(data[key]) for key in _KEYS if key != "duties")
    total += sum(d["state"] != "done" and d["deadline"]["group"] == "before-launch" for d in data["duties"])
    return word(WORDS, "some", lang, count=count, total=total, verdict=word(VERDICTS, data["remaining"], lang))


def mark(lang: Language) -> str:
    """Behind a finding that is set aside: that it is."""
    return f"（{WORDS['is_waived'][lang]}）" if lang == "zh" else f" ({WORDS['is_waived'][lang]})"


def say_waived(waived: Data, lang: Language) -> str:
    """Who set a finding aside, until when, and why."""
    return clean(word(WORDS, waived["by"], lang, **waived), one_line=True)


def say_finding(finding: Data, lang: Language) -> str:
    """A finding in one line: its rule, what it is about, what it says."""
    subject = "/".join(part for part in (finding["subject"]["service"], finding["subject"]["class"]) if part)
    name = f"{finding['rule']} ({subject})" if subject else finding["rule"]
    return clean(f"{name}{'：' if lang == 'zh' else ': '}{finding['message'][lang]}", one_line=True)


def say_remark(remark: Data, lang: Language) -> str:
    """A remark about a waiver in one line, without its place."""
    name = ", ".join(part for part in (remark["rule"], remark["product"]) if part)
    colon = "：" if lang == "zh" else ": "
    return clean(f"{name}{colon if name else ''}{remark['message'][lang]}", one_line=True)


def remark_place(remark: Data) -> str:
    """File, line and column of a remark."""
    return clean(f"{remark['file']}:{remark['line']}:{remark['column']}", one_line=True)


def waived_lines(data: Data, lang: Language, style: Style, room: int) -> Iterator[str]:
    """The section of a text report on findings that are set aside."""
    findings = waived_findings(data)
    if findings:
        yield ""
        yield style(word(WORDS, "waived", lang), "bold")
    for finding in findings:
        yield from wrap(say_finding(finding, lang), room, "    ", "  ~ ")
        waived = finding["waived"]
        said = f"{say_waived(waived, lang)} ({clean(waived['file'])}:{waived['line']})"
        yield from (style(line, "dim") for line in wrap(said, room, "      ", "    · "))


def remark_lines(remarks: Iterable[Data], lang: Language, style: Style, room: int) -> list[str]:
    """The part of a text report on waivers themselves, after all decisions."""
    lines = [style(word(WORDS, "remarks", lang), "bold")]
    for remark in remarks:
        mark = style("!", "yellow") if remark["level"] == "warning" else "·"
        lines += wrap(f"{remark_place(remark)}: {say_remark(remark, lang)}", room, "    ", f"  {mark} ")
    return lines
