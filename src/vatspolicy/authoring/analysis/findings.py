"""What an analysis of a bundle says: findings, results of properties, and what was not evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.profile.vocabulary import LocalizedText

ERROR, INFORMATION = "error", "information"


@dataclass(frozen=True)
class FindingKind:
    """One kind of finding: whether it fails a run, whether it asks the proof engine, and what it means."""

    severity: str
    solver: bool
    title: LocalizedText


KINDS: Mapping[str, FindingKind] = {
    "dead": FindingKind(
        ERROR,
        True,
        {
            "en": "No profile makes the rule apply on any day.",
            "zh": "任何情形、任何一天该规则都不适用。",
        },
    ),
    "duplicate": FindingKind(
        ERROR,
        True,
        {
            "en": "Two rules of one file say the same in the same cases.",
            "zh": "同一文件的两条规则在相同情形下内容相同。",
        },
    ),
    "subsumed": FindingKind(
        ERROR,
        True,
        {
            "en": "Another rule of the file says the same in more cases.",
            "zh": "同一文件的另一规则在更多情形下内容相同。",
        },
    ),
    "conflict": FindingKind(
        ERROR,
        True,
        {
            "en": "Two rules of one file contradict each other.",
            "zh": "同一文件的两条规则相互矛盾。",
        },
    ),
    "gap": FindingKind(
        ERROR,
        True,
        {
            "en": "No policy speaks about a profile.",
            "zh": "没有任何法规涉及该情形。",
        },
    ),
    "may-be-unknown": FindingKind(
        ERROR,
        True,
        {
            "en": "A rule stays undecided although every fact that applies is given.",
            "zh": "适用事实均已给出，规则仍无法判定。",
        },
    ),
    "dates-overlap": FindingKind(
        ERROR,
        False,
        {
            "en": "Two versions of the law are in force on the same days.",
            "zh": "新旧两个版本在同一期间均有效。",
        },
    ),
    "dates-missing": FindingKind(
        ERROR,
        False,
        {
            "en": "On some days neither version of the law is in force.",
            "zh": "部分期间新旧版本均不适用。",
        },
    ),
    "unused-parameter": FindingKind(
        ERROR,
        False,
        {
            "en": "No rule in force reads the parameter, or one of its values.",
            "zh": "没有有效规则读取该参数或其某一取值。",
        },
    ),
    "unused-term": FindingKind(
        ERROR,
        False,
        {
            "en": "No expression uses the term.",
            "zh": "没有表达式使用该术语。",
        },
    ),
    "never-decides": FindingKind(
        INFORMATION,
        True,
        {
            "en": "The rule applies, but no decision would differ without it.",
            "zh": "规则适用，但删去后任何决定均不变。",
        },
    ),
    "unread-fact": FindingKind(
        INFORMATION,
        False,
        {
            "en": "The profile asks for a fact that no rule reads.",
            "zh": "规格要求填写的事实没有规则读取。",
        },
    ),
    "accepted-not-found": FindingKind(
        ERROR,
        False,
        {
            "en": "An accepted finding is no longer found.",
            "zh": "已接受的发现不再出现。",
        },
    ),
}
"""In the order in which they are reported."""


@dataclass(frozen=True)
class AnalysisFinding:
    """One thing that is wrong with a bundle, or worth knowing."""

    kind: str
    about: tuple[str, ...]
    """Names of the rules (policy/rule) that it is about; else of parameters, terms or facts."""
    file: str
    line: int
    message: LocalizedText
    since: str | None = None
    """First day on which it holds (ISO text)."""
    until: str | None = None
    """First day on which it no longer holds; None where it does not end."""
    witness: Mapping[str, Any] | None = None
    """A profile that shows it; the evaluator has confirm_decisions it. None where the text of the files shows it."""
    as_of: str | None = None
    case: str = ""
    """A test case (YAML) that shows it and passes today: for the tests of the policy, or for a fixture."""
    case_for: str = ""
    """`tests` (of the policy) or `fixture`."""
    accepted: str | None = None
    """Why it is accepted, by the list of the bundle."""

    @property
    def severity(self) -> str:
        """Error or information."""
        return KINDS[self.kind].severity

    @property
    def key(self) -> tuple[str, str]:
        """FindingKind and names: what an accepted finding is known by."""
        return self.kind, " ".join(self.about)


@dataclass(frozen=True)
class NotEvaluated:
    """Something that was asked and not answered: never counted as fine."""

    kind: str
    about: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class PropertyResult:
    """What became of one property."""

    id: str
    statement: LocalizedText
    cite: tuple[str, ...]
    verdict: str
    """proved, tested (by trials, or for some profiles only), refuted or unknown."""
    scope: LocalizedText
    """What the verdict is about: days, members of lists, trials."""
    line: int
    witness: Mapping[str, Any] | None = None
    other: Mapping[str, Any] | None = None
    """The second profile, for a property of two."""
    as_of: str | None = None
    decisions: tuple[str, ...] = ()
    """What the evaluator decides of the witnesses."""
    reason: str = ""


@dataclass(frozen=True)
class AnalysisReport:
    """The whole analysis."""

    bundle_version: str
    bundle_digest: str
    kinds: tuple[str, ...]
    findings: tuple[AnalysisFinding, ...]
    properties: tuple[PropertyResult, ...] = ()
    not_evaluated: tuple[NotEvaluated, ...] = ()
    engine: str | None = None
    """z3, or None where it is not installed."""
    rules: int = 0
    """Rules that were looked at."""
    file: str = ""
    """The file of properties."""
    strict: bool = field(default=False)

    @property
    def failing(self) -> tuple[AnalysisFinding, ...]:
        """Findings that fail the run."""
        return tuple(f for f in self.findings if f.accepted is None and (self.strict or f.severity == ERROR))

    @property
    def exit_code(self) -> int:
        """0 nothing found, 1 findings or a refuted property, 4 something was not evaluated, 5 nothing was."""
        refuted = any(result.verdict == "refuted" for result in self.properties)
        if not self.rules and not self.properties:
            return 5
        if self.failing or refuted:
            return 1
        left = [gap for gap in self.not_evaluated if self.strict or KINDS[gap.kind].severity == ERROR]
        return 4 if left or any(r.verdict == "unknown" for r in self.properties) else 0
