"""What several findings say together, said once: duties by instrument, readings by outcome, open rules by fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, TypeAlias

Data: TypeAlias = "Mapping[str, Any]"


def merge_duties(duties: Iterable[Data]) -> list[dict[str, Any]]:
    """Duties with the same instrument and bearer as one, with the law of all of them, in the order they come up."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for duty in duties:
        kept = found.setdefault((duty["instrument"]["id"], duty["bearer"]), {**duty, "citations": []})
        known = {(cited["policy"], cited["key"]) for cited in kept["citations"]}
        kept["citations"] += [cited for cited in duty["citations"] if (cited["policy"], cited["key"]) not in known]
    return list(found.values())


def merge_readings(readings: Iterable[Data]) -> list[dict[str, Any]]:
    """Readings of one rule on one subject that lead to the same decision as one; `reading` lists them."""
    found: dict[tuple[str, str, str], dict[str, Any]] = {}
    for reading in readings:
        key = (reading["rule"], reading["subject"], reading["decision"])
        found.setdefault(key, {**reading, "reading": []})["reading"].append(reading["reading"])
    return list(found.values())


def open_facts(findings: Iterable[Data]) -> dict[str, tuple[Data, int]]:
    """Facts that keep rules undecided, by path: the question, and how many rules wait for it."""
    rules: dict[str, set[str]] = {}
    asks: dict[str, Data] = {}
    for finding in findings:
        for ask in finding.get("asks", []):
            asks.setdefault(ask["path"], ask)
            rules.setdefault(ask["path"], set()).add(finding["rule"])
    return {path: (ask, len(rules[path])) for path, ask in asks.items()}
