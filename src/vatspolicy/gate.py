"""The gate: many specs in, decisions and one exit code out. What `vatspolicy check` does, without a terminal."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vatspolicy.bundle import Bundle
from vatspolicy.decision import Decision
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.evaluate import evaluate
from vatspolicy.profile import Profile, load_profile
from vatspolicy.record import record

OK, FAILED, USAGE, INVALID, INCOMPLETE, NOTHING, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 4, 5, 70, 130
"""Exit codes (the table in README.md)."""

_ORDER = (OK, INCOMPLETE, FAILED, NOTHING, INVALID, INTERNAL)
LEVELS = ("deny", "needs-license", "duty", "advice")
"""What the gate may fail on; each includes those before it."""
_SPECS = (".yaml", ".yml", ".json")
_EXPECTED = (".expect.yaml", ".expect.yml")


class DayError(Exception):
    """A day of the law that may not be used: in the past without leave, or before the first the bundle covers."""


@dataclass(frozen=True)
class Outcome:
    """What became of one run."""

    records: tuple[dict[str, Any], ...]
    problems: tuple[Problem, ...]
    """Why specs could not be decided."""
    empty: tuple[str, ...]
    """Arguments behind which there is no spec."""
    exit_code: int


def find_specs(argument: str) -> list[str]:
    """Files behind an argument: a file as it is, specs below a folder, what a glob matches, `-` for standard input.

    Hidden files and the expectations of fixtures are specs only by their own names.
    """
    path = Path(argument)
    try:
        if path.is_dir():
            return _visible(path, "**/*", _SPECS)
        if argument == "-" or not glob.has_magic(argument) or path.exists():
            return [argument]
        return _visible(Path(path.anchor), str(path.relative_to(path.anchor)), "")
    except (OSError, ValueError):  # nothing can have such a name; reading it will say why
        return [argument]


def _visible(root: Path, pattern: str, ending: str | tuple[str, ...]) -> list[str]:
    """Files below a folder that a pattern matches; hidden ones only where the pattern names such."""
    found = []
    for path in root.glob(pattern):
        hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
        if path.name.endswith(ending) and not path.name.endswith(_EXPECTED) and path.is_file():
            found += [] if hidden and not pattern.startswith(".") and "/." not in pattern else [str(path)]
    return sorted(found)


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

    def run(self, arguments: Iterable[str]) -> Outcome:
        """Decide every spec behind the arguments (see `find_specs`), each once. Raises DayError for `as_of`."""
        if self.as_of is not None and (wrong := self._wrong_with(self.as_of)):
            raise DayError(f"--as-of {wrong}")
        behind = {argument: find_specs(argument) for argument in arguments}
        empty = tuple(argument for argument, specs in behind.items() if not specs)
        records: list[dict[str, Any]] = []
        problems: list[Problem] = []
        codes = [NOTHING] if empty or not behind else []
        for spec in dict.fromkeys(spec for specs in behind.values() for spec in specs):
            try:
                profile = load_profile(spec, self.changes)
                decision = evaluate(self.bundle, profile, self._day(profile))
            except InvalidInput as error:
                problems += error.problems
                codes.append(INVALID)
                continue
            records.append(record(self.bundle, profile, decision))
            codes.append(self.code(decision))
        return Outcome(tuple(records), tuple(problems), empty, worst(codes))

    def _day(self, profile: Profile) -> str:
        """The day whose law decides a spec. Raises InvalidInput for a launch day that may not be used."""
        day = self.as_of or profile.launch or self.today
        if self.as_of is None and (wrong := self._wrong_with(day)):
            what = f"The launch day {wrong}." if profile.launch else f"Today {wrong}."
            raise InvalidInput([profile.document.problem(("product", "launch"), what, "Or choose a day with --as-of.")])
        return day

    def _wrong_with(self, day: str) -> str | None:
        """Why a day may not be used, as the rest of a sentence that begins with the day."""
        if day < self.bundle.covers_from:
            return f"lies before {self.bundle.covers_from}, the first day that the bundle covers"
        if day < self.today and not self.allow_past:
            return "lies in the past; pass --allow-past-as-of to decide under the law of a past day"
        return None

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
