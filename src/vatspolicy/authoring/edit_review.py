"""Review of an edit while it is made: rules that say something else than in a commit, and known products that change.

It is the quick part of a comparison (`vatspolicy diff`), for one policy at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.authoring.diff.sources import read_source
from vatspolicy.authoring.symbolic import RuleVerdict, recall_rule
from vatspolicy.authoring.symbolic.solver import has_solver
from vatspolicy.authoring.testing.cases import Case
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.policies.bundle import Bundle, build_bundle


class ChangedDecision(NamedTuple):
    """A known product that is decided otherwise than under the base."""

    case: str
    before: str
    after: str


@dataclass(frozen=True)
class EditReview:
    """The effects of an edit of one policy."""

    rules: dict[str, str]
    """Rules (policy/rule) that are added, removed or changed."""
    decisions: tuple[ChangedDecision, ...]
    compared: int
    """Number of decisions that were compared."""

    @property
    def open_rules(self) -> list[str]:
        """Changed rules of which known products show nothing, so that a proof is worth its seconds."""
        return [] if self.decisions else [name for name, how in self.rules.items() if how == "changed"]


@dataclass(frozen=True)
class Baseline:
    """A committed state of the law, with which edits are compared."""

    bundle: Bundle
    _decisions: dict[str, str] = field(default_factory=dict)
    """Decision words by file and line of the case."""

    def review(self, head: Bundle, policy: str, cases: Sequence[Case]) -> EditReview:
        """Compare one policy with its committed state, on the profiles of cases."""
        differences = Differences(RuleSignatures(self.bundle), RuleSignatures(head), frozenset({policy}))
        names = dict(differences.names)
        changed = tuple(self._changed(head, cases)) if names else ()
        return EditReview(names, changed, len(cases) if names else 0)

    def prove(self, head: Bundle, rules: Iterable[str]) -> Iterator[RuleVerdict]:
        """Yield verdicts on changed rules over all profiles, each after some seconds; none without the solver."""
        if has_solver():
            for name in rules:
                yield recall_rule(self.bundle, head, name)

    def prepare(self, cases: Iterable[Case]) -> None:
        """Decide the profiles of cases, so that no review has to. Decisions on earlier cases are forgotten."""
        self._decisions.clear()
        for case in cases:
            self._decide(case)

    def _changed(self, head: Bundle, cases: Sequence[Case]) -> Iterator[ChangedDecision]:
        for case in cases:
            before, after = self._decide(case), _decide(head, case)
            if before != after:
                yield ChangedDecision(case.name, before, after)

    def _decide(self, case: Case) -> str:
        key = f"{case.file}:{case.line}"
        if key not in self._decisions:
            self._decisions[key] = _decide(self.bundle, case)
        return self._decisions[key]


def read_baseline(revision: str, project: Path, schemas: SchemaSet) -> Baseline:
    """Return the law of a revision, read under these schemas.

    Raises:
        SourceError: The project is in no repository, or the revision has no policies.
        InvalidInput: The policies of the revision cannot be loaded.
    """
    return Baseline(build_bundle(list(read_source(revision, project).policies), schemas))


def _decide(bundle: Bundle, case: Case) -> str:
    return evaluate(bundle, case.profile, case.as_of, compare=False).decision
