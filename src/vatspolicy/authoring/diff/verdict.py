"""What a comparison comes to: a title, what it may fail on, and an exit code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vatspolicy.gate.gate import ExitCode, worst

LEVELS = ("loosened", "tightened", "any", "unknown", "version", "retroactive")
"""What a comparison may fail on, beside transitions such as `deny->allow`."""
WORDS = ("allow", "needs-license", "incomplete", "deny")
STRICTER = ("allow->needs-license", "allow->deny", "needs-license->deny")
"""Changes of a decision that was reached into a stricter one; a milder one is the reverse."""
MILDER = tuple("->".join(reversed(name.split("->"))) for name in STRICTER)

Data = Mapping[str, Any]
_OPEN = ("unknown", "unsupported")


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


def seen(data: Data) -> set[str]:
    """The changes of the decision word that profiles show, such as `deny->allow`."""
    rows = data["decisions"]["rows"] if data["decisions"] else []
    found = {(row["before"]["decision"], row["after"]["decision"]) for row in rows}
    return {f"{before}->{after}" for before, after in found if before != after}


def possible(data: Data) -> list[str]:
    """The changes of the decision word that a profile or a witness shows, where the engine was asked."""
    shown = seen(data)
    return [name for name, verdict in _proved(data) if verdict == "witness" or name in shown]


def impossible(data: Data) -> list[str]:
    """Changes of the decision word that are proved never to happen."""
    return [name for name, verdict in _proved(data) if verdict == "proved-impossible"]


def unsettled(data: Data) -> list[str]:
    """Changes of the decision word that were neither shown nor excluded."""
    shown = seen(data)
    return [name for name, verdict in _proved(data) if verdict in _OPEN and name not in shown]


def _proved(data: Data) -> list[tuple[str, str]]:
    found = data["semantic"]["transitions"] if data["semantic"] else []
    return [(f"{entry['before']}->{entry['after']}", entry["verdict"]) for entry in found]


def open_rules(data: Data) -> list[str]:
    """Changed rules of which nothing is known."""
    found = data["semantic"]["rules"] if data["semantic"] else []
    return [rule["rule"] for rule in found if rule["verdict"] in _OPEN]


def is_open(data: Data) -> bool:
    """Whether the engine left something unsettled."""
    return bool(unsettled(data) or open_rules(data))


def title_of(data: Data) -> str:
    """The key of the title (words.TITLES)."""
    if data["why"]:
        return "not-evaluated"
    decisions, semantic = data["decisions"], data["semantic"]
    if data["verdict"] != "neither":
        return str(data["verdict"])
    if decisions["rows"] or possible(data):
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
    if is_open(data):
        return "unknown"
    every = len(impossible(data)) == len(semantic["transitions"]) > 0
    return "proved" if every and not data["schemas"] else "unseen"  # proofs are about one set of schemas


def failures(data: Data, conditions: Sequence[str]) -> list[str]:
    """The conditions that hold."""
    return [condition for condition in conditions if _holds(data, condition)]


def undecided(data: Data, conditions: Sequence[str]) -> list[str]:
    """The conditions that may hold: nothing shows them, and nothing excludes them."""
    return [condition for condition in conditions if not _holds(data, condition) and _may_hold(data, condition)]


def _holds(data: Data, condition: str) -> bool:
    rows = data["decisions"]["rows"] if data["decisions"] else []
    rules = data["semantic"]["rules"] if data["semantic"] else []
    match condition:
        case "loosened" | "tightened":
            return data["verdict"] in (condition, "both")
        case "any":
            listed = bool(data["decisions"] and data["decisions"]["details"])
            return bool(rows or listed or possible(data)) or any(rule["verdict"] == "witness" for rule in rules)
        case "unknown":
            return is_open(data)
        case "version":
            return bool(data["release"] and data["release"]["faults"])
        case "retroactive":
            return any(change["retroactive"] for change in data["structure"])
    return _among(condition, {*seen(data), *possible(data)})


def _may_hold(data: Data, condition: str) -> bool:
    left = unsettled(data)
    match condition:
        case "loosened":
            return any(name in MILDER for name in left)
        case "tightened":
            return any(name in STRICTER for name in left)
        case "any":
            return is_open(data)
        case "unknown" | "version" | "retroactive":
            return False
    return _among(condition, left)


def _among(pattern: str, names: Iterable[str]) -> bool:
    wanted = re.escape(pattern).replace(r"\*", "[a-z-]+?")
    return any(re.fullmatch(wanted, name) for name in names)


def exit_code(data: Data) -> ExitCode:
    """Return the exit code: nothing that was not evaluated passes."""
    codes = {"source": ExitCode.USAGE, "invalid": ExitCode.INVALID, "nothing": ExitCode.NOTHING}
    whys = [why["code"] for why in data["why"]]
    if "source" in whys:
        return ExitCode.USAGE
    found = [codes.get(why, ExitCode.INCOMPLETE) for why in whys]
    found += [ExitCode.INCOMPLETE] if data["undecided_on"] else []
    return worst([*found, ExitCode.FAILED if data["failed_on"] else ExitCode.OK])
