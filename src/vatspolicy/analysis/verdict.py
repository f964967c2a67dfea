"""What is said of a changed rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

EQUIVALENT, MASKED, WITNESS, UNSUPPORTED, UNKNOWN = "proved-equivalent", "masked", "witness", "unsupported", "unknown"


@dataclass(frozen=True)
class RuleVerdict:
    """What changing one rule changes, over all profiles and all days.

    `proved-equivalent`: the rule says the same of every profile. `masked`: it says something else (of `witness`), and
    this alone never changes the decision word, which is proved. `witness`: a profile of which it says something else;
    where a decision word changes too, `transitions` names the changes that were found (`deny->allow`), and `before`
    and `after` differ. `unsupported` and `unknown` claim nothing beyond the witness, if there is one.
    """

    rule: str
    verdict: str
    transitions: tuple[str, ...] = ()
    witness: Mapping[str, Any] | None = None
    """A profile; the evaluator has confirmed it."""
    as_of: str | None = None
    """A day on which the witness shows the change."""
    before: str | None = None
    """Decision word of the witness under the base."""
    after: str | None = None
    """The same when this rule alone is the head's."""
    reason: str = ""
    assumptions: tuple[str, ...] = ()
