"""What a comparison comes to: a title, what it may fail on, and an exit code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vatspolicy.gate import FAILED, INCOMPLETE, INVALID, NOTHING, OK, USAGE, worst

LEVELS = ("loosened", "tightened", "any", "unknown", "version", "retroactive")
"""What a comparison may fail on, beside transitions such as `deny->allow`."""
WORDS = ("allow", "needs-license", "incomplete", "deny")

Data = Mapping[str, Any]


def parse_conditions(texts: Iterable[str]) -> list[str]:
    """Conditions separated by commas. Raises ValueError, with a sentence, for one that is none."""
    found = [part.strip() for text in texts for part in text.split(",") if part.strip()]
    for part in found:
        before, arrow, after = part.partition("->")
        known = all(word in (*WORDS, "*") for word in (before, after)) if arrow else part in LEVELS
        if not known:
            raise ValueError(
                f"{part!r} is no condition. Use {', '.join(LEVELS)}, or a transition such as deny->allow "
                f"(words: {', '.join(WORDS)}, or *)."
            )
    return list(dict.fromkeys(found))


def title_of(data: Data) -> str:
    """The key of the title (words.TITLES)."""
    if data["why"]:
        return "not-evaluated"
    decisions, semantic = data["decisions"], data["semantic"]
    if data["verdict"] != "neither":
        return str(data["verdict"])
    if decisions["rows"] or semantic["transitions"]:
        return "neither"
    verdicts = [rule["verdict"] for rule in semantic["rules"]]
    if decisions["details"] or "witness" in verdicts:
        return "below"
    if not data["structure"] and not data["schemas"]:
        return "same"
    if (
        semantic["status"] == "not-needed"
        and not data["schemas"]
        and all(c["policy"] != "bundle" for c in data["structure"])
    ):
        return "no-rule"
    # each verdict is about one rule alone, so that masked changes may add up
    alone = verdicts == ["masked"]
    return "proved" if alone or (verdicts and set(verdicts) == {"proved-equivalent"}) else "unseen"


def failures(data: Data, conditions: Sequence[str]) -> list[str]:
    """The conditions that hold."""
    return [condition for condition in conditions if _holds(data, condition)]


def _holds(data: Data, condition: str) -> bool:
    rows = data["decisions"]["rows"] if data["decisions"] else []
    rules = data["semantic"]["rules"] if data["semantic"] else []
    match condition:
        case "loosened" | "tightened":
            return data["verdict"] in (condition, "both")
        case "any":
            return bool(rows or (data["decisions"] and data["decisions"]["details"])) or any(
                rule["verdict"] == "witness" for rule in rules
            )
        case "unknown":
            return any(rule["verdict"] in ("unknown", "unsupported") for rule in rules)
        case "version":
            return bool(data["release"] and data["release"]["faults"])
        case "retroactive":
            return any(change["retroactive"] for change in data["structure"])
    seen = {f"{row['before']['decision']}->{row['after']['decision']}" for row in rows}
    seen |= set(data["semantic"]["transitions"]) if data["semantic"] else set()
    pattern = re.escape(condition).replace(r"\*", "[a-z-]+?")
    return any(re.fullmatch(pattern, name) and len(set(name.split("->"))) > 1 for name in seen)


def exit_code(data: Data) -> int:
    """The exit code: nothing that was not evaluated passes."""
    codes = {"source": USAGE, "invalid": INVALID, "nothing": NOTHING}
    whys = [why["code"] for why in data["why"]]
    if "source" in whys:
        return USAGE
    found = [codes.get(why, INCOMPLETE) for why in whys]
    return worst([*found, FAILED if data["failed_on"] else OK])
