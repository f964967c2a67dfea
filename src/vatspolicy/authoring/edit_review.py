"""Review of an edit in progress: rules that differ from a commit, and known products that change.

It is the quick part of a comparison (`vatspolicy diff`), of a law and the layers above it as they stand together.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from vatspolicy.authoring.diff.edited import RedLine
from vatspolicy.authoring.diff.edits import find_unenforced
from vatspolicy.authoring.diff.law_revision import schemas_from
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.authoring.diff.sources import WORKING_TREE, read_pair
from vatspolicy.authoring.testing.cases import Case
from vatspolicy.bundles.select import LawStack
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle, build_bundle
from vatspolicy.core.policies.files import HEAD
from vatspolicy.core.profile.profile import read_granted
from vatspolicy.errors import InvalidInput
from vatspolicy.proofs import RuleVerdict, compare_rules
from vatspolicy.proofs.solver import has_solver


class ChangedDecision(NamedTuple):
    """A known product whose decision differs from the base."""

    case: str
    before: str
    after: str


@dataclass(frozen=True)
class EditReview:
    """The effects of the edits since a committed state."""

    rules: dict[str, str]
    """Rules (policy/rule) that are added, removed or changed, those of the last save first."""
    decisions: tuple[ChangedDecision, ...]
    compared: int
    """Number of decisions that were compared."""
    red_lines: tuple[RedLine, ...] = ()
    """Edits of layers that do not decide anything themselves but must be visible."""
    concerned: frozenset[str] = frozenset()
    """The rules among them that the last save concerns."""

    @property
    def open_rules(self) -> list[str]:
        """Rules of the last save whose effect no known product shows, so that a proof is worth its time."""
        changed = [name for name, how in self.rules.items() if how == "changed" and name in self.concerned]
        return [] if self.decisions else changed


@dataclass(frozen=True)
class Baseline:
    """A committed state of the law, the base of comparisons."""

    bundle: Bundle
    _decisions: dict[str, str] = field(default_factory=dict)
    """Decision words by file and line of the case."""

    def review(self, head: Bundle, saved: frozenset[str] | None, cases: Sequence[Case]) -> EditReview:
        """Compare the law with its committed state, on the profiles of cases.

        `saved` are the policies that the last save edited; None for a file that concerns all.
        """
        signatures = RuleSignatures(head)
        names = Differences(self._signatures, signatures).names
        concerned = names if saved is None else Differences(self._signatures, signatures, saved).names
        first = {name: names[name] for name in concerned}
        differs = bool(names) or self.bundle.schemas != head.schemas
        changed = tuple(self._changed(head, cases)) if differs else ()
        red_lines = (*find_unenforced(self._signatures, signatures), *self._loosenable(head))
        return EditReview({**first, **names}, changed, len(cases) if differs else 0, red_lines, frozenset(first))

    @functools.cached_property
    def _signatures(self) -> RuleSignatures:
        return RuleSignatures(self.bundle)

    def _loosenable(self, head: Bundle) -> Iterator[RedLine]:
        """Yield the rules of the base that a layer newly allows the next layer to loosen."""
        before = {(layer.name, rule) for layer in self.bundle.layers for rule in layer.may_loosen}
        for layer in head.layers:
            for rule in layer.may_loosen:
                if (layer.name, rule) not in before and rule in self._signatures.by_name:
                    file = os.path.join(layer.folder, HEAD)
                    yield RedLine("loosenable", rule, layer.name, file, 1, None, None, None)

    def prove(self, head: Bundle, rules: Iterable[str]) -> Iterator[RuleVerdict]:
        """Yield verdicts on changed rules over all profiles, each after some seconds; none without the solver."""
        if has_solver():
            for name in rules:
                yield from compare_rules(self.bundle, head, [name])

    def prepare(self, cases: Iterable[Case]) -> None:
        """Decide the profiles of cases in advance for the reviews, and drop decisions on earlier cases."""
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


def read_baseline(revision: str, law: LawStack, schemas: SchemaSet) -> Baseline:
    """Return the law of a revision, with its folder and layers.

    It is read under the schemas of the revision; under `schemas` if it has none.

    Below the layers stand the bundle or the shipped policies, which are not part of the revision.

    Raises:
        SourceError: The folders are in no repository or in several, or the revision has no policies.
        InvalidInput: The policies of the revision cannot be loaded.
    """
    law = law.absolute()
    folders = (*([law.folder] if law.folder else []), *law.layers)
    project = Path(os.path.commonpath([folder.parent for folder in folders]))
    source, _ = read_pair(revision, WORKING_TREE, project, law)
    own = schemas_from(source.schemas) if source.schemas else schemas
    return Baseline(build_bundle(list(source.policies), own, source.layers))


def _decide(bundle: Bundle, case: Case) -> str:
    """Decide a case under the schemas of a law, or under its own schemas if the law's schemas reject it."""
    profile = case.profile
    if bundle.schemas != profile.schemas:
        with contextlib.suppress(InvalidInput):
            profile = read_granted(profile.document, bundle.schemas)
    return evaluate(bundle, profile, case.as_of, compare=False).decision
