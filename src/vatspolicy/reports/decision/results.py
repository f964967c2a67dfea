"""Results: a decision as a flat list of what a code-review tool would show beside lines of the spec."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vatspolicy.i18n.words import aside
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.decision.words import law_of


@dataclass(frozen=True)
class Result:
    """One finding beside one line."""

    rule: str
    level: str
    """error (deny), warning (needs a licence, incomplete) or note (duty, advice, undetermined)."""
    message: str
    line: int
    column: int
    subject: str
    finding: Mapping[str, Any]
    waived: str = ""
    """Who set it aside and why; empty where nobody did."""


def results(data: Mapping[str, Any], lang: Language) -> Iterator[Result]:
    """The findings of a decision (a record), the gravest first."""
    for key, level in (
        ("denials", "error"),
        ("needs", "warning"),
        ("would_need", "warning" if data.get("remaining") == "needs-license" else "note"),
        ("duties", "note"),
        ("advice", "note"),
        ("undetermined", "warning" if data.get("remaining", data["decision"]) == "incomplete" else "note"),
    ):
        for finding in data[key]:
            subject = "/".join(part for part in (finding["subject"]["service"], finding["subject"]["class"]) if part)
            waived = _waived(finding, lang)
            yield Result(
                finding["rule"],
                level,
                _message(finding, lang) + (aside(waived, lang) if waived else ""),
                finding["location"]["line"],
                finding["location"]["column"],
                subject,
                finding,
                waived,
            )


def _waived(finding: Mapping[str, Any], lang: Language) -> str:
    if "waived" not in finding:
        return ""
    from vatspolicy.reports.decision.waived import say_waived

    return say_waived(finding["waived"], lang)


def _message(finding: Mapping[str, Any], lang: Language) -> str:
    parts = [finding["message"][lang]]
    if finding["effect"] == "need":
        parts += [reason["title"][lang] for reason in finding.get("reasons", [])]
        parts += [f"→ {offer['instrument']['title'][lang]} ({offer['route']})" for offer in finding.get("any_of", [])]
    if "instrument" in finding:
        parts.append(f"→ {finding['instrument']['title'][lang]}")
    if "deadline" in finding:
        parts.append(finding["deadline"]["text"][lang])
    if finding["state"] == "unknown":
        parts += [f"? {ask['path']}" for ask in finding.get("asks", [])]
    return " ".join(parts) + f" [{law_of(finding, lang)}]"
