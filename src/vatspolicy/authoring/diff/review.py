"""The whole comparison as plain data (comparison.schema.json), which every report reads."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from vatspolicy.authoring.diff.acceptance import AcceptedChanges, mark_accepted, read_accepted, remainder
from vatspolicy.authoring.diff.concerned import find_concerned
from vatspolicy.authoring.diff.decided_witness import UnconfirmedProof
from vatspolicy.authoring.diff.decisions import (
    Comparison,
    Product,
    compare_decisions,
    direction_of_all,
    products,
)
from vatspolicy.authoring.diff.edits import EditsOfRules, ReviewItem
from vatspolicy.authoring.diff.law import find_followers, law_in_words
from vatspolicy.authoring.diff.law_revision import LawRevision, load_pair
from vatspolicy.authoring.diff.layer_edits import compare_layers
from vatspolicy.authoring.diff.proof import Proof, prove
from vatspolicy.authoring.diff.record_entries import WORDING, Entry, compare_entries
from vatspolicy.authoring.diff.recorded import Recorded
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.authoring.diff.schemas import SchemaEdits, compare_schemas
from vatspolicy.authoring.diff.semantic import semantic_data
from vatspolicy.authoring.diff.serialize import ComparisonSerializer, release_data, schema_data, seen_in
from vatspolicy.authoring.diff.sources import Source
from vatspolicy.authoring.diff.structure import LAW, Change, compare_structure, date_change
from vatspolicy.authoring.diff.verdict import (
    check_release,
    exit_code,
    failures,
    impossible,
    is_open,
    lists_otherwise,
    seen,
    settled,
    title_of,
    undecided,
)
from vatspolicy.authoring.diff.words import TITLES, UNREAD_SCHEMAS, WHY
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n.words import both
from vatspolicy.policies.bundle import Bundle
from vatspolicy.workers import start_apart

T = TypeVar("T")

FORMAT = 1
"""Version of the data; it grows when a reader would break."""


@dataclass(frozen=True)
class ComparisonSettings:
    """The options of a comparison."""

    today: str
    days: Sequence[str] = ()
    """Further days to compare."""
    profiles: Sequence[str] = ()
    """Specs, decision logs and receipts to decide beside the fixtures: files, folders, globs."""
    semantic: str = "auto"
    """The solver for proofs (proof.ENGINES)."""
    workers: int = 1
    """Processes that share the work of proofs."""
    fail_on: Sequence[str] = ()
    """Conditions (verdict.parse_conditions)."""
    compare_access: Callable[[Bundle, Bundle, str, Collection[str]], dict[str, Any]] | None = None
    """Compares the access matrices of both sides on a day, given the names of the rules that differ then; or None."""
    each_rule: bool = False
    """True if proofs are also about each rule as if it changed alone."""
    accepted: Path | None = None
    """The file of accepted changes; None for `accepted.yaml` in the policies of the base, if it is there."""


def compare_revisions(base: Source, head: Source, settings: ComparisonSettings) -> dict[str, Any]:
    """Compare two states. `why` and `problems` name everything that cannot be compared."""
    try:
        left, right = load_pair(base, head)
        data = _compare(left, right, settings)
    except InvalidInput as error:
        data = _empty(settings, [Why("invalid")], error.problems) | {"base": _named(base), "head": _named(head)}
    return _finish(data, settings)


def not_loadable(
    base: str, head: str | None, problems: Iterable[Problem], settings: ComparisonSettings
) -> dict[str, Any]:
    """Return the data of a comparison with a side of which a file cannot be read as a whole."""
    data = _empty(settings, [Why("invalid")], problems)
    return _finish(data | {key: _unread(name or "") for key, name in (("base", base), ("head", head))}, settings)


def not_comparable(base: str, head: str | None, message: str, settings: ComparisonSettings) -> dict[str, Any]:
    """Return the data of a comparison with a side that cannot be read; `message` is the reason."""
    data = _empty(settings, [Why("source")], [])
    data["why"][0]["text"] = {"en": message, "zh": message}
    data |= {key: _unread(name or "") for key, name in (("base", base), ("head", head))}
    return _finish(data, settings)


def _unread(name: str) -> dict[str, Any]:
    return {"name": name, "title": name, "commit": None, "version": None, "digest": None, "layers": []}


def _finish(data: dict[str, Any], settings: ComparisonSettings) -> dict[str, Any]:
    data["title"] = _title(data)
    left = remainder(data)
    data["failed_on"] = failures(left, settings.fail_on)
    data["undecided_on"] = undecided(left, settings.fail_on)
    data["exit_code"] = exit_code(data)
    order = (
        "format",
        "state",
        "title",
        "verdict",
        "why",
        "failed_on",
        "undecided_on",
        "exit_code",
        "today",
        "base",
        "head",
        "red_lines",
        "accepted",
        "edits",
        "structure",
        "law",
    )
    return {
        key: data[key]
        for key in (*order, "schemas", "decisions", "concerned", "access", "semantic", "release", "problems")
    }


def _title(data: dict[str, Any]) -> dict[str, str]:
    """Return the title, with a remark if the solver left something unsettled."""
    key = title_of(data)
    title = both(TITLES, key)
    if key in ("not-evaluated", "unknown") or not is_open(data):
        return title
    return {lang: text + both(TITLES, "open")[lang] for lang, text in title.items()}


def _empty(settings: ComparisonSettings, why: Iterable[Why], problems: Iterable[Problem]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "state": "not-evaluated",
        "verdict": None,
        "why": [{"code": one.code, "text": both(WHY, one.code, subject=one.subject), "part": one.part} for one in why],
        "today": settings.today,
        "red_lines": [],
        "accepted": {"file": None, "given": settings.accepted is not None, "entries": []},
        "edits": [],
        "structure": [],
        "law": [],
        "schemas": [],
        "decisions": None,
        "concerned": None,
        "access": None,
        "semantic": None,
        "release": None,
        "problems": [_problem(problem) for problem in problems],
    }


@dataclass(frozen=True)
class Why:
    """A reason why the comparison is not evaluated."""

    code: str
    """One of words.WHY."""
    subject: Any = ""
    """The error or the part that the sentence names."""
    part: str | None = None
    """The part of the report that broke (words.PARTS)."""


class _Parts:
    """Parts of a comparison, each made apart: one that breaks is named, and the others stand."""

    def __init__(self) -> None:
        self.broken: list[Why] = []

    def make(self, part: str, work: Callable[[], T], otherwise: T) -> T:
        """Return the result of the work, or `otherwise` if it breaks. Raises InvalidInput."""
        try:
            return work()
        except InvalidInput:
            raise
        except Exception as error:  # an error of the program in one part must not cost the whole report
            self.note(part, type(error).__name__)
            return otherwise

    def note(self, part: str, error: str) -> None:
        """Name a part that broke, once."""
        if part not in {why.part for why in self.broken}:
            self.broken.append(Why("broken", error, part))


def _compare(base: LawRevision, head: LawRevision, settings: ComparisonSettings) -> dict[str, Any]:
    parts = _Parts()
    nothing: list[dict[str, Any]] = []
    of_schemas = parts.make("structure", lambda: compare_schemas(base, head), SchemaEdits())
    schemas = of_schemas.changes
    changes = parts.make("structure", lambda: _changes(base, head, settings.today), list[Change]())
    changes += of_schemas.of_specs
    same = base.schemas == head.schemas and list(base.layers.items()) == list(head.layers.items())
    edited = frozenset(base.documents.keys() | head.documents.keys()) if same else None
    differences = Differences(RuleSignatures(base.bundle), RuleSignatures(head.bundle), edited)
    changed = {change.policy for change in changes if change.kind in LAW}

    def compare_records() -> dict[Entry, frozenset[str]]:
        worded = {("schema", "schemas", name): frozenset({WORDING}) for name in of_schemas.worded}
        return worded | compare_entries(differences.base, differences.head, differences.depending)

    compared = parts.make("structure", compare_records, dict[Entry, frozenset[str]]())
    edits = EditsOfRules(changes, differences.base, differences.head, compared)

    def group() -> list[ReviewItem]:
        return edits.group(differences.names, find_followers(base.bundle, head.bundle, changes))

    together = [ReviewItem((), tuple(differences.names))] if differences.names else []
    items = parts.make("structure", group, together)
    proof = _start_proof(base, head, differences, items, settings)
    recorded = Recorded(base, head)
    found, unread = products(base, head, settings.profiles, recorded.read)

    def decide() -> Comparison:
        days = differences.days(changed, settings.today, settings.days)
        return compare_decisions(base, head, [*found, *recorded.times], days, differences)

    comparison = parts.make("decisions", decide, Comparison((), (), 0, (), ()))
    for error in comparison.broken:
        parts.note("decisions", error)
    serializer = ComparisonSerializer(base, head, differences, edits, of_schemas.reading, settings.today)

    def access() -> dict[str, Any] | None:
        days = [day for day in comparison.days if differences.on(day)]
        if settings.compare_access is None or not days or base.schemas != head.schemas:
            return None
        day = next((day for day in days if day >= settings.today), days[-1])
        return settings.compare_access(base.bundle, head.bundle, day, differences.on(day))

    matrix = parts.make("access", access, None)
    semantic, verdicts, reasons = _semantic(
        proof(), head, differences, items, serializer, comparison, found, settings.workers
    )
    problems = sorted({*unread, *comparison.problems})
    why = [Why("invalid")] if problems else []
    try:
        accepted = read_accepted(base.source, head.source, settings.accepted)
    except InvalidInput as error:
        accepted = AcceptedChanges()
        problems += error.problems
        why.append(Why("accepted"))
    if not comparison.products and not parts.broken and (differences.names or schemas):
        why.append(Why("nothing"))
    decisions = parts.make("decisions", lambda: serializer.decisions(comparison), dict[str, Any]())
    decisions = decisions or serializer.decisions(Comparison((), (), 0, (), ()))
    decisions["recorded"] = recorded.data(comparison.rows, serializer.row)
    masked = sum(one.code == "masked" for one in recorded.unread)
    if masked:
        why.append(Why("masked", masked))
    if len(recorded.unread) > masked:
        why.append(Why("recorded", len(recorded.unread) - masked))
    data: dict[str, Any] = {"decisions": decisions, "semantic": semantic}
    if base.schemas == head.schemas and _contradicted(data):
        semantic, verdicts, reasons = _nothing(semantic["engine"]), [], [Why("contradiction")]
    why += reasons
    if of_schemas.reading:
        semantic = _beyond_schemas(semantic)
    shown = [entry["direction"] for entry in semantic["transitions"] if entry["witness"] is not None]
    never = set(impossible({"semantic": semantic}))
    semantic["rules"] = [
        rule
        | {
            "excluded": [name for name in rule["transitions"] if name in never],
            "seen_in": seen_in([rule["rule"]], comparison),
        }
        for rule in semantic["rules"]
    ]

    told = parts.make("structure", lambda: list(serializer.items(items, verdicts, comparison, never)), nothing)
    data |= {"semantic": semantic, "edits": told}
    witnesses = any(edit["verdict"] == "witness" or lists_otherwise(edit) for edit in told)
    red_lines = parts.make("structure", serializer.red_lines, nothing)
    moves = bool(comparison.rows or comparison.details or shown or witnesses or red_lines)
    direction = direction_of_all([*(row.direction for row in comparison.rows), *shown])
    structure = parts.make("structure", lambda: [serializer.change(change) for change in changes], nothing)
    law = parts.make("law", lambda: law_in_words(base.bundle, head.bundle, changes), nothing)
    verdict = settled({"why": [*why, *parts.broken], **data}, direction)

    def release() -> dict[str, Any] | None:
        return release_data(check_release(base, head, changes, schemas, moves, not moves and verdict == "unknown"))

    def concerned() -> dict[str, Any]:
        return find_concerned(comparison.rows, semantic["transitions"], told, head.schemas)

    version = parts.make("release", release, None)
    whom = parts.make("decisions", concerned, find_concerned((), (), (), head.schemas))
    why += parts.broken
    result = _empty(settings, why, problems) | {
        "state": "not-evaluated" if why else "evaluated",
        "verdict": settled({"why": why, **data}, direction),
        "base": _named(base.source, base),
        "head": _named(head.source, head),
        "red_lines": red_lines,
        "edits": told,
        "structure": structure,
        "law": law,
        "schemas": [schema_data(change) for change in schemas],
        "decisions": decisions,
        "concerned": whom,
        "access": matrix,
        "semantic": semantic,
        "release": version,
    }
    mark_accepted(result, changes, edits, (base, head), accepted, settings.fail_on)
    return result


def _start_proof(
    base: LawRevision,
    head: LawRevision,
    differences: Differences,
    items: Iterable[ReviewItem],
    settings: ComparisonSettings,
) -> Callable[[], Proof]:
    """Start the proofs, and return a function that waits for them. Other processes prove while this one decides."""
    groups = [item.rules for item in items if item.rules]

    def work() -> Proof:
        return prove(base, head, differences, groups, settings.semantic, settings.workers, settings.each_rule)

    if settings.workers < 2 or settings.semantic == "off" or base.schemas != head.schemas or not differences.names:
        return work
    wait = start_apart(lambda: replace(work(), base=None))  # both processes have the bundles

    def prove_apart() -> Proof:
        importlib.import_module("vatspolicy.authoring.symbolic.rule_state")  # witnesses need it; there is time now
        proof = wait()
        return replace(proof, base=base.bundle) if proof.status == "evaluated" else proof

    return prove_apart


def _semantic(
    proof: Proof,
    head: LawRevision,
    differences: Differences,
    items: Iterable[ReviewItem],
    serializer: ComparisonSerializer,
    comparison: Comparison,
    found: Sequence[Product],
    workers: int,
) -> tuple[dict[str, Any], list[dict[str, Any]], list[Why]]:
    """Return the semantic layer, the verdicts on the items that move rules, and the reasons of no evaluation.

    An answer that the evaluator does not confirm is not shown.
    """
    groups = [item.rules for item in items if item.rules]
    try:
        layer, verdicts = semantic_data(proof, head, differences, groups, serializer.cause, comparison, found, workers)
    except UnconfirmedProof as error:
        return _nothing(proof.engine), [], [Why("failed", str(error), "semantic")]
    except Exception as error:  # an error of the program in one part must not cost the whole report
        return _nothing(proof.engine), [], [Why("failed", type(error).__name__, "semantic")]
    part = "semantic" if proof.reason == "failed" else None
    return layer, verdicts, [Why(proof.reason, proof.broke, part)] if proof.reason else []


def _nothing(engine: str | None) -> dict[str, Any]:
    """Return the semantic layer of a failed proof."""
    return {"status": "failed", "engine": engine, "period": None, "transitions": [], "rules": [], "assumptions": []}


def _beyond_schemas(semantic: Mapping[str, Any]) -> dict[str, Any]:
    """Return the semantic layer of a change after which a spec may be read otherwise, of which nothing is proved."""
    period = semantic["period"] and {**semantic["period"], "proved": False}
    status = "unavailable" if semantic["status"] == "not-needed" else semantic["status"]
    transitions = [
        {**one, "verdict": "unknown", "reason": UNREAD_SCHEMAS} if one["verdict"] == "proved-impossible" else one
        for one in semantic["transitions"]
    ]
    return {**semantic, "status": status, "period": period, "transitions": transitions}


def _contradicted(data: Mapping[str, Any]) -> bool:
    """Return True if a profile is decided in a way that the solver calls impossible."""
    return bool(seen(data) & set(impossible(data)))


def _changes(base: LawRevision, head: LawRevision, today: str) -> list[Change]:
    """Return every edit, those of layers last."""
    of_layers = (date_change(change, today) for change in compare_layers(base, head))
    return [*compare_structure(base, head, today), *of_layers]


def _named(source: Source, side: LawRevision | None = None) -> dict[str, Any]:
    return {
        "name": source.name,
        "title": source.title,
        "commit": source.commit,
        "version": side.bundle.version if side else None,
        "digest": side.bundle.digest if side else None,
        "layers": [layer.name for layer in side.bundle.layers[1:]] if side else [],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {key: getattr(problem, key) for key in ("file", "line", "column", "path", "message", "hint")}
