"""The gate: many specs in, decisions and one exit code out. What `vatspolicy check` does, without a terminal."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vatspolicy.bundle import Bundle
from vatspolicy.decision import Decision
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.evaluate import evaluate
from vatspolicy.profile import load_profile
from vatspolicy.record import record

OK, FAILED, USAGE, INVALID, INCOMPLETE, NOTHING, INTERNAL = 0, 1, 2, 3, 4, 5, 70
"""Exit codes (docs/exit-codes.md)."""

_ORDER = (OK, INCOMPLETE, FAILED, NOTHING, INVALID, INTERNAL)
LEVELS = ("deny", "needs-license", "duty", "advice")
"""What the gate may fail on; each includes those before it."""
_SPECS = ("*.yaml", "*.yml", "*.json")


class PastDayError(Exception):
    """A day in the past without leave to decide under past law."""


@dataclass(frozen=True)
class Outcome:
    """What became of one run."""

    records: tuple[dict[str, Any], ...]
    problems: tuple[Problem, ...]
    exit_code: int


def find_specs(arguments: Iterable[str]) -> Iterator[str]:
    """Files behind arguments: files as they are, specs below folders, what globs match, `-` for standard input."""
    seen: set[str] = set()
    for argument in arguments:
        found = [argument]
        if argument != "-" and Path(argument).is_dir():
            found = sorted(str(path) for pattern in _SPECS for path in Path(argument).rglob(pattern))
            found = [path for path in found if not Path(path).name.endswith((".expect.yaml", ".expect.yml"))]
        elif argument != "-" and not Path(argument).exists() and glob.has_magic(argument):
            found = sorted(str(path) for path in _glob(argument) if path.is_file())
        for path in found:
            if path not in seen:
                seen.add(path)
                yield path


def _glob(pattern: str) -> Iterator[Path]:
    path = Path(pattern)
    root = Path(path.anchor) if path.anchor else Path()
    return root.glob(str(path.relative_to(path.anchor)) if path.anchor else pattern)


@dataclass(frozen=True)
class Gate:
    """How a run decides."""

    bundle: Bundle
    today: str
    as_of: str | None = None
    """The day of the law; None for each product's launch day, or today."""
    allow_past: bool = False
    changes: Sequence[tuple[str, Any]] = ()
    fail_on: str = "needs-license"
    no_fail: bool = False

    def run(self, specs: Iterable[str]) -> Outcome:
        """Decide every spec. Raises PastDayError, and ValueError for a day before the bundle's first."""
        records: list[dict[str, Any]] = []
        problems: list[Problem] = []
        codes = [OK]
        for spec in specs:
            try:
                profile = load_profile(spec, self.changes)
            except InvalidInput as error:
                problems += error.problems
                codes.append(INVALID)
                continue
            decision = evaluate(self.bundle, profile, self._day(profile.launch))
            records.append(record(self.bundle, profile, decision))
            codes.append(self.code(decision))
        if not records and not problems:
            codes.append(NOTHING)
        return Outcome(tuple(records), tuple(problems), worst(codes))

    def _day(self, launch: str | None) -> str:
        day = self.as_of or launch or self.today
        if day < self.today and not self.allow_past:
            what = "--as-of" if self.as_of else "the launch day of the spec"
            raise PastDayError(
                f"{what} lies in the past; pass --allow-past-as-of to decide under the law of a past day"
            )
        return day

    def code(self, decision: Decision) -> int:
        """The exit code of one decision."""
        level = LEVELS.index(self.fail_on)
        if decision.decision == "incomplete":
            code = INCOMPLETE
        else:
            fails = (
                decision.decision == "deny"
                or (level >= 1 and decision.decision == "needs-license")
                or (level >= 2 and bool(decision.outstanding))
                or (level >= 3 and bool(decision.advice or decision.readings))
            )
            code = FAILED if fails else OK
        return OK if self.no_fail else code


def worst(codes: Iterable[int]) -> int:
    """The gravest of several exit codes."""
    return max(codes, key=_ORDER.index, default=OK)
