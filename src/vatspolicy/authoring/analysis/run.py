"""Runs an analysis of all or changed rules: worker processes share jobs, one for each kind of finding."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vatspolicy.authoring.analysis.findings import (
    KINDS,
    NOT_SHOWN,
    AnalysisFinding,
    AnalysisReport,
    NotEvaluated,
    PropertyResult,
)
from vatspolicy.authoring.analysis.gaps import find_gaps
from vatspolicy.authoring.analysis.properties import Relaxations, prove
from vatspolicy.authoring.analysis.rule_checks import (
    AnalysisContext,
    clauses_of,
    find_conflicts,
    find_dead,
    find_version_gaps,
)
from vatspolicy.authoring.analysis.search import all_days
from vatspolicy.authoring.analysis.settings import FILE_NAME, AnalysisSettings, load_settings
from vatspolicy.authoring.analysis.structural import find_structural
from vatspolicy.authoring.diff.law_revision import load_pair
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.authoring.diff.sources import WORKING_TREE, read_pair, read_source, source_of
from vatspolicy.bundles.select import LawStack
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Rule
from vatspolicy.i18n import Phrase
from vatspolicy.i18n.words import say_both
from vatspolicy.proofs.domain import iso, ordinal
from vatspolicy.proofs.query import refuse_unknown_fields
from vatspolicy.proofs.solver import BUDGET, SolverMissing, has_solver, reason_of
from vatspolicy.proofs.timeline import Period
from vatspolicy.proofs.values import Unsupported
from vatspolicy.workers import run_shared


@dataclass(frozen=True)
class AnalysisRequest:
    """Request for an analysis."""

    law: LawStack = field(default_factory=LawStack)
    """The law. The analysis covers the rules of its top layer, together with all lower layers."""
    kinds: tuple[str, ...] = tuple(kind for kind in KINDS if kind != "accepted-not-found")
    rules: str = "*"
    """Pattern of rule names, such as `vats-pilot-2024/*`. Gaps and properties always cover the whole bundle."""
    as_of: str | None = None
    findings: bool = True
    properties: bool = True
    touched: Touched | None = None
    """Rules that a change affects, if only those are checked; None for all rules."""
    strict: bool = False
    budget: int = BUDGET
    workers: int = 1

    def load(self) -> tuple[Bundle, AnalysisSettings]:
        """Return the bundle and the settings. Raises InvalidInput for invalid policies or properties."""
        return self.law.load().bundle, load_settings(self.law)


def run_analysis(request: AnalysisRequest) -> AnalysisReport:
    """Return the report on a law. Raises InvalidInput for invalid policies or properties."""
    bundle, settings = request.load()
    obstacle = _find_obstacle(bundle)
    unproved = [k for k in request.kinds if KINDS[k].solver] if obstacle is not None and request.findings else []
    jobs = list(_jobs(replace(request, kinds=tuple(k for k in request.kinds if k not in unproved)), settings))
    worker = _Worker(request, bundle, settings)
    parts = run_shared([functools.partial(worker.do, job) for job in jobs], request.workers)
    findings = [finding for part in parts for finding in part[0]]
    order = list(KINDS)
    findings.sort(key=lambda f: (order.index(f.kind), f.file, f.line, f.about))
    whole = request.rules == "*" and request.as_of is None and request.touched is None
    properties = [result for part in parts for result in part[2]]
    known = [item.id for item in settings.properties]
    chosen = [r for r in _chosen(bundle, request) if request.touched is None or r.name in request.touched.names]
    return AnalysisReport(
        bundle=bundle.identity,
        kinds=request.kinds if request.findings else (),
        findings=tuple(_accept(findings, settings, request.kinds if request.findings and whole else ())),
        layer=bundle.layers[-1].name if bundle.layers else None,
        properties=tuple(sorted(properties, key=lambda result: known.index(result.id))),
        not_evaluated=(
            *(NotEvaluated(kind, (request.rules,), reason_of(obstacle)) for kind in unproved if obstacle is not None),
            *(gap for part in parts for gap in part[1]),
        ),
        engine="z3" if has_solver() else None,
        rules=len(chosen) if request.findings else 0,
        file=settings.file,
        strict=request.strict,
        limited=request.touched is not None,
    )


def _find_obstacle(bundle: Bundle) -> SolverMissing | Unsupported | None:
    """Return the reason why proofs about a law are impossible, if any."""
    try:
        refuse_unknown_fields(bundle)
    except Unsupported as error:
        return error
    return None if has_solver() else SolverMissing()


_JobResult = tuple[list[AnalysisFinding], list[NotEvaluated], list[PropertyResult]]
_Job = tuple[str, int]
"""Name of a job, and the place of its property."""


def _jobs(request: AnalysisRequest, settings: AnalysisSettings) -> Iterator[_Job]:
    """Yield the jobs, the longest first, so that the workers end together."""
    kinds = set(request.kinds) if request.findings else set()
    if request.touched is not None and not request.touched.names:
        return
    if request.properties:
        decides = request.touched is None or request.touched.decides
        asked = enumerate(settings.properties)
        yield from (("property", index) for index, item in asked if decides or item.form == "ascending")
    yield from ((kind, 0) for kind in ("dead", "gap", "conflict") if kind in kinds)
    if "dates-missing" in kinds:
        yield "versions", 0
    if kinds & {kind for kind, about in KINDS.items() if not about.solver}:
        yield "structure", 0


class _Worker:
    """Runs the jobs of one process. They share a search with its profiles."""

    def __init__(self, request: AnalysisRequest, bundle: Bundle, settings: AnalysisSettings) -> None:
        self.request, self.bundle, self.settings = request, bundle, settings
        touched = request.touched
        changed = () if touched is None else (touched.names, touched.added)
        self.shared = AnalysisContext(bundle, _period(bundle, request.as_of), request.budget, *changed)
        self.relaxations: Relaxations = {}

    def do(self, job: _Job) -> _JobResult:
        """Return the result of one job."""
        name, place = job
        if name == "property":
            return [], [], [prove(self.bundle, self.settings.properties[place], self.request.budget, self.relaxations)]
        context = self.shared
        noted = len(context.not_evaluated)
        found = [finding for finding in self._check(name, context) if _is_own(self.bundle, finding)]
        return found, context.not_evaluated[noted:], []

    def _check(self, name: str, context: AnalysisContext) -> Iterable[AnalysisFinding]:
        request, bundle, kinds = self.request, self.bundle, set(self.request.kinds)
        rules = _chosen(bundle, request)
        checks: dict[str, Callable[[], Iterable[AnalysisFinding]]] = {
            "dead": lambda: find_dead(context, [rule for rule in rules if context.concerns(rule)]),
            "conflict": lambda: find_conflicts(context, rules),
            "versions": lambda: find_version_gaps(context, rules),
            "gap": lambda: find_gaps(context, _rules_of(bundle)) if _may_open_gaps(bundle, context.touched) else (),
            "structure": lambda: _about(find_structural(bundle, kinds), request.rules),
        }
        return checks[name]()


def _is_own(bundle: Bundle, finding: AnalysisFinding) -> bool:
    """Return whether a finding is about the top layer, or is a gap of the whole law."""
    return not bundle.layers or finding.kind == "gap" or finding.file in {policy.file for policy in bundle.own_policies}


def _rules_of(bundle: Bundle) -> list[Rule]:
    return [rule for policy in bundle.policies.values() for rule in policy.rules]


def _may_open_gaps(bundle: Bundle, touched: frozenset[str] | None) -> bool:
    """Return whether a change affects a rule on services or activities, and so may leave one without a rule.

    A layer may do so where one of its rules replaces another.
    """
    if bundle.layers:
        own = {rule.name for policy in bundle.own_policies for rule in policy.rules if bundle.replaces(rule)}
        touched = frozenset(own if touched is None else own & touched)
    if touched is None:
        return True
    found = [rule for rule in _rules_of(bundle) if rule.name in touched]
    return len(found) < len(touched) or any(rule.kind == "classify" or rule.each == "activity" for rule in found)


def _about(findings: Iterable[AnalysisFinding], pattern: str) -> Iterator[AnalysisFinding]:
    """Yield the findings on the files of rules that match a pattern."""
    policies = pattern.partition("/")[0]
    for finding in findings:
        if pattern == "*" or any(fnmatch.fnmatchcase(name.partition("/")[0], policies) for name in finding.about):
            yield finding


def _chosen(bundle: Bundle, request: AnalysisRequest) -> list[Rule]:
    period = _period(bundle, request.as_of)
    return [
        rule
        for policy in bundle.own_policies
        for rule in policy.rules
        if fnmatch.fnmatchcase(rule.name, request.rules) and rule.since < period.end and period.start < rule.until
    ]


def _period(bundle: Bundle, as_of: str | None) -> Period:
    whole = all_days(bundle)
    return whole if as_of is None else Period(as_of, iso(ordinal(as_of) + 1))


def _accept(
    findings: Sequence[AnalysisFinding], settings: AnalysisSettings, kinds: Sequence[str]
) -> Iterator[AnalysisFinding]:
    """Yield the findings, with reasons for accepted ones, and each acceptance that matches no finding."""
    reasons = {(entry.kind, " ".join(entry.about)): entry for entry in settings.accepted}
    own = {key: entry for key, entry in reasons.items() if entry.file == settings.file}
    seen = {finding.key for finding in findings}
    for finding in findings:
        entry = reasons.get(finding.key)
        yield finding if entry is None else replace(finding, accepted=entry.reason["en"])
    for key, entry in own.items():
        if entry.kind in kinds and key not in seen:
            told = Phrase("{file} accepts a finding ({kind}) that is not found: {about}.")
            message = say_both(told, file=FILE_NAME, kind=entry.kind, about=key[1])
            kind, (file, line) = "accepted-not-found", (settings.file, entry.line)
            yield AnalysisFinding(kind, entry.about, file, line, message, None, None, *NOT_SHOWN)


# --- rules that a change touches: those that differ between a git revision and the files on disk


_DECIDING = ("classify", "deny", "need", "route")


@dataclass(frozen=True)
class Touched:
    """Rules that a change adds, removes or changes, by terms, parameters and instruments too."""

    names: frozenset[str]
    decides: bool
    """True if one of them can change a decision."""
    added: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Clauses that it adds to a rule, with the texts of `clauses_of`."""


def find_touched(since: str, law: LawStack) -> Touched | None:
    """Return the rules that differ from a revision, folder or bundle; None if schemas differ, so any rule may.

    Layers are read as they are in that revision, above the bundle of the law if it has one.

    Raises:
        SourceError: The revision cannot be read.
        InvalidInput: One of the states cannot be loaded.
    """
    here = Path()
    if law.layers:
        sources = read_pair(since, WORKING_TREE, here, law)
    elif law.bundle_file is not None:
        sources = read_source(since, here), source_of(law.bundle_file)
    else:
        head = read_source(WORKING_TREE if law.folder is None else str(law.folder), here)
        sources = read_source(since, here), head
    before, after = load_pair(*sources)
    if before.schemas != after.schemas:
        return None
    sides = RuleSignatures(before.bundle), RuleSignatures(after.bundle)
    names = frozenset(Differences(*sides).names)
    kinds = {side.by_name[name].kind for side in sides for name in names if name in side.by_name}
    common = names & sides[0].by_name.keys() & sides[1].by_name.keys()
    clauses = [
        {name: {key for key, *_ in clauses_of(side.bundle, side.by_name[name])} for name in common} for side in sides
    ]
    added = {name: frozenset(clauses[1][name] - clauses[0][name]) for name in common}
    return Touched(names, not kinds.isdisjoint(_DECIDING), added)
