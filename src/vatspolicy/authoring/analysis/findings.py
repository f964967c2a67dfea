"""Results of an analysis: findings, results of properties, and open questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vatspolicy.core.documents.plain import Facts
from vatspolicy.core.policies.bundle import LawIdentity
from vatspolicy.core.profile.vocabulary import LocalizedText
from vatspolicy.i18n import Phrase

ERROR, INFORMATION = "error", "information"


@dataclass(frozen=True)
class FindingKind:
    """Kind of finding: its severity, whether it needs the solver, and its meaning."""

    severity: str
    solver: bool
    title: LocalizedText


KINDS: Mapping[str, FindingKind] = {
    "dead": FindingKind(ERROR, True, Phrase("No profile makes the rule apply on any day.")),
    "conflict": FindingKind(ERROR, True, Phrase("Two rules of one file contradict each other.")),
    "gap": FindingKind(ERROR, True, Phrase("A profile is not covered by any policy.")),
    "dates-overlap": FindingKind(ERROR, False, Phrase("Two versions of the law are in force on the same days.")),
    "dates-missing": FindingKind(ERROR, False, Phrase("On some days neither version of the law is in force.")),
    "unused-parameter": FindingKind(
        ERROR, False, Phrase("No rule in force reads the parameter, or one of its values.")
    ),
    "unused-term": FindingKind(ERROR, False, Phrase("No expression uses the term.")),
    "unread-fact": FindingKind(INFORMATION, False, Phrase("Rules do not read a fact of the profile.")),
    "accepted-not-found": FindingKind(ERROR, False, Phrase("An accepted finding is no longer found.")),
}
"""Kinds in the order in which they are reported."""


NOT_SHOWN = (None, None, "", "", None)
"""The last fields of a finding without a witness and without an acceptance."""


@dataclass(frozen=True, slots=True)
class AnalysisFinding:
    """A defect of a bundle, or information about it."""

    kind: str
    about: tuple[str, ...]
    """Names of the affected rules (policy/rule), or else of parameters, terms or facts."""
    file: str
    line: int
    message: LocalizedText
    since: str | None
    """First day on which the finding holds (ISO text)."""
    until: str | None
    """The day after its last day; None if it does not end."""
    witness: Facts | None
    """Profile that the evaluator confirmed; None if the files' text shows the finding."""
    as_of: str | None
    case: str
    """A passing test case (YAML) that shows the finding."""
    case_for: str
    """`tests` (of the policy) or `fixture`: where the test case belongs."""
    accepted: str | None
    """Reason why the bundle accepts the finding."""
    severity: str = field(init=False)
    """Severity of the kind: error or information."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "severity", KINDS[self.kind].severity)

    @property
    def key(self) -> tuple[str, str]:
        """Kind and names, which identify an accepted finding."""
        return self.kind, " ".join(self.about)


@dataclass(frozen=True, slots=True)
class NotEvaluated:
    """An open question. It never counts as passed."""

    kind: str
    about: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class PropertyResult:
    """Result of one property."""

    id: str
    statement: LocalizedText
    cite: tuple[str, ...]
    verdict: str
    """proved, tested (by trials, or for some profiles only), refuted or unknown."""
    scope: LocalizedText
    """Coverage of the verdict: days, list members, and trials."""
    file: str
    """The file that contains it."""
    line: int
    witness: Facts | None
    other: Facts | None
    """Second profile, for a property of two profiles."""
    as_of: str | None
    decisions: tuple[str, ...]
    """Decisions of the witnesses by the evaluator."""
    reason: str


@dataclass(frozen=True, slots=True)
class Analysis:
    """Result of an analysis, in the form of its JSON (analysis.schema.json)."""

    schema: int
    bundle: LawIdentity
    layer: str | None
    engine: str | None
    kinds: tuple[str, ...]
    rules: int
    findings: tuple[AnalysisFinding, ...]
    properties: tuple[PropertyResult, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    exit_code: int


@dataclass(frozen=True)
class AnalysisReport:
    """Report of an analysis."""

    bundle: LawIdentity
    """The law, in the form of `Bundle.identity`."""
    kinds: tuple[str, ...]
    findings: tuple[AnalysisFinding, ...]
    properties: tuple[PropertyResult, ...] = ()
    not_evaluated: tuple[NotEvaluated, ...] = ()
    engine: str | None = None
    """Name of the solver: z3, or None if it is not installed."""
    rules: int = 0
    """Number of analyzed rules."""
    file: str = ""
    """File of properties."""
    strict: bool = False
    layer: str | None = None
    """Name of the top layer, the source of the analyzed rules; None for a law without layers."""
    limited: bool = False
    """True if the analysis covers only the parts that a change affects, even if there are none."""

    @property
    def published(self) -> Analysis:
        """Return the report as data for JSON."""
        found = (self.findings, self.properties, self.not_evaluated)
        return Analysis(1, self.bundle, self.layer, self.engine, self.kinds, self.rules, *found, self.exit_code)

    @property
    def failing(self) -> tuple[AnalysisFinding, ...]:
        """Findings that fail the run."""
        return tuple(f for f in self.findings if f.accepted is None and (self.strict or f.severity == ERROR))

    @property
    def exit_code(self) -> int:
        """Exit code: 0 nothing found, 1 findings or a refutation, 4 something not evaluated, 5 nothing evaluated."""
        refuted = any(result.verdict == "refuted" for result in self.properties)
        if not self.rules and not self.properties:
            return 0 if self.limited else 5
        if self.failing or refuted:
            return 1
        left = [gap for gap in self.not_evaluated if self.strict or KINDS[gap.kind].severity == ERROR]
        return 4 if left or any(r.verdict == "unknown" for r in self.properties) else 0
