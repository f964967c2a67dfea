"""The proof of every changed rule over all profiles, where the proof engine is installed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from vatspolicy.comparison.decisions import Answer, direction
from vatspolicy.comparison.rules import Differences
from vatspolicy.comparison.side import Side, load_side
from vatspolicy.decision import WORDS
from vatspolicy.errors import InvalidInput


@dataclass(frozen=True)
class Proof:
    """What the proof engine said."""

    status: str
    """evaluated; not-needed (no rule differs); off; unavailable."""
    reason: str = ""
    """Why it is unavailable: engine (not installed) or schemas (the base does not fit those of the head)."""
    rules: tuple[Any, ...] = ()
    """A verdict a rule (vatspolicy.analysis.RuleVerdict)."""

    @property
    def witnesses(self) -> list[Any]:
        """Verdicts with a profile whose decision differs."""
        return [verdict for verdict in self.rules if verdict.verdict == "witness"]

    @property
    def transitions(self) -> list[str]:
        """Changes of the decision word that are possible, such as `deny->allow`."""
        return sorted({name for verdict in self.witnesses for name in verdict.transitions})

    def directions(self) -> list[str]:
        """Whether each possible transition tightens or loosens."""
        return [direction(*(_answer(word) for word in name.split("->"))) for name in self.transitions]


def _answer(word: str) -> Answer:
    """`incomplete` alone does not say what is left open: it could be anything."""
    return Answer(word, (word, word) if word in WORDS else (WORDS[0], WORDS[-1]))


def prove(base: Side, head: Side, differences: Differences, wanted: bool) -> Proof:
    """Ask the proof engine about every rule that differs, over all profiles of the head's schemas and all days."""
    names = sorted(differences.names)
    if not names:
        return Proof("not-needed")
    if not wanted:
        return Proof("off")
    try:
        engine = importlib.import_module("vatspolicy.analysis")
        compare: Callable[..., Sequence[Any]] | None = getattr(engine, "compare_rules", None)
        if compare is None:
            return Proof("unavailable", "engine")
        left = base if base.schemas == head.schemas else load_side(base.source, head.schemas)
        with head.in_use():
            return Proof("evaluated", rules=tuple(compare(left.bundle, head.bundle, names, as_of=None)))
    except ImportError:  # the engine or its solver is not there
        return Proof("unavailable", "engine")
    except InvalidInput:  # an old state that does not fit the new schemas
        return Proof("unavailable", "schemas")
