"""The comparison of two states of the law: its parts and their combined verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vatspolicy.authoring.diff.acceptance import AcceptedChanges, mark_accepted, read_accepted, remainder
from vatspolicy.authoring.diff.decisions import (
    Product,
    compare_decisions,
    direction_of_all,
    products,
)
from vatspolicy.authoring.diff.edit_wording import find_followers, law_in_words
from vatspolicy.authoring.diff.edited import Accepted, Edit
from vatspolicy.authoring.diff.edits import OTHER, WORDING, EditsOfRules, compare_entries, compare_layers
from vatspolicy.authoring.diff.law_revision import LawRevision, load_pair
from vatspolicy.authoring.diff.result import FORMAT, Review, Semantic, SideName, Verdict, Why
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.authoring.diff.schemas import SchemaEdits, compare_schemas
from vatspolicy.authoring.diff.semantic import Proof, UnconfirmedProof, prove, word_proofs
from vatspolicy.authoring.diff.serialize import ComparisonSerializer, find_concerned, seen_in
from vatspolicy.authoring.diff.sources import Source
from vatspolicy.authoring.diff.structure import LAW, compare_names, compare_structure, date_change
from vatspolicy.authoring.diff.verdict import (
    TITLES,
    UNREAD_SCHEMAS,
    WHY,
    check_release,
    exit_code,
    failures,
    impossible,
    is_open,
    lists_otherwise,
    seen,
    settled,
    shown_with_opinion,
    title_of,
    undecided,
)
from vatspolicy.core.profile.vocabulary import LocalizedText
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n.words import both
from vatspolicy.proofs.solver import BUDGET
from vatspolicy.workers import start_apart


@dataclass(frozen=True)
class ComparisonSettings:
    """The options of a comparison."""

    today: str
    days: Sequence[str] = ()
    """Additional days to compare."""
    profiles: Sequence[str] = ()
    """Specs to decide in addition to the fixtures: files, folders or globs."""
    semantic: str = "auto"
    """The solver for proofs (proof.ENGINES)."""
    workers: int = 1
    """Number of processes for proofs."""
    fail_on: Sequence[str] = ()
    """Conditions (verdict.parse_conditions)."""
    each_rule: bool = False
    """True if proofs also cover each rule as a separate change."""
    accepted: Path | None = None
    """The file of accepted changes; None for `accepted.yaml` in the base's policies, if it exists."""
    budget: int = BUDGET
    """Work budget for each question of a proof (`solver.Budget`)."""


def compare_revisions(base: Source, head: Source, settings: ComparisonSettings) -> Review:
    """Compare two states. `why` and `problems` list everything that cannot be compared."""
    try:
        return _finish(_compare(*load_pair(base, head), settings), settings)
    except InvalidInput as error:
        sides = _named(base), _named(head)
        return _finish(_empty(settings, sides, [_why("invalid")], error.problems), settings)


def not_comparable(
    base: str, head: str | None, settings: ComparisonSettings, problems: Iterable[Problem] = (), message: str = ""
) -> Review:
    """Return a comparison with a side that cannot be read: the problems, or else a message, are the reason."""
    sides = tuple(SideName(name, name, None, None, None, ()) for name in (base, head or ""))
    why = Why("source", {"en": message, "zh": message}, None) if message else _why("invalid")
    return _finish(_empty(settings, sides, [why], problems), settings)


def _finish(review: Review, settings: ComparisonSettings) -> Review:
    """Return a comparison with its title, met conditions and exit code."""
    left = remainder(review)
    failed, waiting = tuple(failures(left, settings.fail_on)), tuple(undecided(left, settings.fail_on))
    counted = left if review.verdict == "unknown" else review
    code = exit_code(replace(counted, failed_on=failed, undecided_on=waiting))
    return replace(review, title=_title(review), failed_on=failed, undecided_on=waiting, exit_code=int(code))


def _title(review: Review) -> LocalizedText:
    """Return the title, with a remark if proofs are still open."""
    key = title_of(review)
    title = both(TITLES, key)
    if key in ("tightened", "loosened", "both") and shown_with_opinion(review):
        title = {lang: text + both(TITLES, "granted")[lang] for lang, text in title.items()}
    if key in ("not-evaluated", "unknown") or not is_open(review):
        return title
    return {lang: text + both(TITLES, "open")[lang] for lang, text in title.items()}


def _empty(
    settings: ComparisonSettings, sides: Sequence[SideName], why: Iterable[Why], problems: Iterable[Problem]
) -> Review:
    return Review(
        format=FORMAT,
        state="not-evaluated",
        title={},
        verdict=None,
        why=tuple(why),
        failed_on=(),
        undecided_on=(),
        exit_code=0,
        today=settings.today,
        base=sides[0],
        head=sides[1],
        red_lines=(),
        accepted=Accepted(None, settings.accepted is not None, (), ()),
        edits=(),
        structure=(),
        law=(),
        schemas=(),
        decisions=None,
        concerned=None,
        semantic=None,
        release=None,
        problems=tuple(problems),
    )


def _why(code: str, subject: object = "", part: str | None = None) -> Why:
    """Return a reason for a missing evaluation; `subject` is the error or number in it."""
    return Why(code, both(WHY, code, subject=subject), part)


def _compare(base: LawRevision, head: LawRevision, settings: ComparisonSettings) -> Review:
    of_schemas = compare_schemas(base, head)
    changes = [*_changes(base, head, settings.today), *of_schemas.of_specs]
    differences, edits = _edits(base, head, changes, of_schemas)
    items = edits.group(differences.names, find_followers(base.bundle, head.bundle, changes))
    groups = [item.rules for item in items if item.rules]
    proof = _start_proof(base, head, differences, groups, settings)
    found, unread = products(base, head, settings.profiles)
    changed = {change.policy for change in changes if change.kind in LAW}
    days = differences.days(changed, settings.today, settings.days)
    comparison = compare_decisions(base, head, found, days, differences)
    serializer = ComparisonSerializer(base, head, differences, edits, of_schemas.reading, settings.today)
    problems = sorted({*unread, *comparison.problems})
    why = [_why("invalid")] if problems else []
    try:
        accepted = read_accepted(base.source, head.source, settings.accepted)
    except InvalidInput as error:
        accepted = AcceptedChanges()
        problems += error.problems
        why.append(_why("accepted"))
    if not comparison.products and (differences.names or of_schemas.changes):
        why.append(_why("nothing"))
    review = replace(
        _empty(settings, (_named(base.source, base), _named(head.source, head)), why, problems),
        red_lines=serializer.red_lines(),
        structure=tuple(serializer.change(change) for change in changes),
        law=law_in_words(base.bundle, head.bundle, changes),
        schemas=of_schemas.changes,
        decisions=serializer.decisions(comparison),
    )
    semantic, verdicts, reasons = _semantic(proof(), head, differences, groups, serializer, found, settings.workers)
    if base.schemas == head.schemas and seen(review) & {*impossible(replace(review, semantic=semantic))}:
        semantic, verdicts, reasons = _nothing(semantic.engine), [], [_why("contradiction")]
    if of_schemas.reading:
        semantic = _beyond_schemas(semantic)
    review = replace(review, why=(*why, *reasons), semantic=semantic)
    never = frozenset(impossible(review))
    rules = tuple(
        replace(
            rule,
            excluded=tuple(name for name in rule.proof.transitions if name in never),
            seen_in=seen_in([rule.rule], comparison),
        )
        for rule in semantic.rules
    )
    told = serializer.items(items, verdicts, comparison, never)
    review = replace(
        review,
        state="not-evaluated" if review.why else "evaluated",
        edits=told,
        concerned=find_concerned(comparison.rows, differences, head.schemas),
        semantic=replace(semantic, rules=rules),
    )
    review = _with_verdict(review)
    moves = _moves(review)
    release = check_release(base, head, changes, of_schemas.changes, moves, not moves and review.verdict == "unknown")
    return mark_accepted(replace(review, release=release), changes, edits, (base, head), accepted, settings.fail_on)


def _edits(
    base: LawRevision, head: LawRevision, changes: Iterable[Edit], of_schemas: SchemaEdits
) -> tuple[Differences, EditsOfRules]:
    """Return the differing rules, and the edits by affected rules."""
    same = base.schemas == head.schemas and list(base.layers.items()) == list(head.layers.items())
    edited = frozenset(base.documents.keys() | head.documents.keys()) if same else None
    differences = Differences(RuleSignatures(base.bundle), RuleSignatures(head.bundle), edited)
    compared = {("schema", "schemas", name): frozenset({WORDING}) for name in of_schemas.worded}
    compared |= {(one.kind, one.policy, one.name): frozenset({OTHER}) for one in compare_names(base, head)}
    compared |= compare_entries(differences.base, differences.head, differences.depending)
    return differences, EditsOfRules(changes, differences.base, differences.head, compared)


def _with_verdict(review: Review) -> Review:
    """Return a comparison with its verdict, based on all its parts."""
    shown = [transition.direction for transition in review.transitions if transition.witness is not None]
    direction = direction_of_all([*(row.direction for row in review.rows), *shown])
    return replace(review, verdict=settled(review, direction))


def _moves(review: Review) -> bool:
    """Return True if decisions change, or findings that the gate passes."""
    shown = any(transition.witness is not None for transition in review.transitions)
    witnesses = any(edit.proof.verdict == "witness" or lists_otherwise(edit) for edit in review.edits)
    return bool(review.rows or review.details or shown or witnesses or review.red_lines)


def _start_proof(
    base: LawRevision,
    head: LawRevision,
    differences: Differences,
    groups: Sequence[Sequence[str]],
    settings: ComparisonSettings,
) -> Callable[[], Proof]:
    """Start the proofs, and return a function that waits for them. Other processes prove while this one decides."""

    def work() -> Proof:
        shared = settings.workers, settings.each_rule, settings.budget
        return prove(base, head, differences, groups, settings.semantic, *shared)

    if settings.workers < 2 or settings.semantic == "off" or base.schemas != head.schemas or not differences.names:
        return work
    wait = start_apart(lambda: replace(work(), base=None))  # both processes have the bundles

    def prove_apart() -> Proof:
        proof = wait()
        return replace(proof, base=base.bundle) if proof.status == "evaluated" else proof

    return prove_apart


def _semantic(
    proof: Proof,
    head: LawRevision,
    differences: Differences,
    groups: Sequence[Sequence[str]],
    serializer: ComparisonSerializer,
    found: Sequence[Product],
    workers: int,
) -> tuple[Semantic, list[Verdict], list[Why]]:
    """Return the proofs, the verdicts on items that affect rules, and the reasons for missing evaluations.

    An answer that the evaluator does not confirm is not shown.
    """
    try:
        semantic, verdicts = word_proofs(proof, head, differences, groups, serializer.cause, found, workers)
    except UnconfirmedProof as error:
        return _nothing(proof.engine), [], [_why("failed", str(error), "semantic")]
    part = "semantic" if proof.reason == "failed" else None
    return semantic, verdicts, [_why(proof.reason, proof.broke, part)] if proof.reason else []


def _nothing(engine: str | None) -> Semantic:
    """Return empty proofs."""
    return Semantic("failed", engine, None, (), (), ())


def _beyond_schemas(semantic: Semantic) -> Semantic:
    """Return the proofs, all unproved, of a change that may alter how specs are read."""
    transitions = tuple(
        replace(transition, verdict="unknown", reason=UNREAD_SCHEMAS)
        if transition.verdict == "proved-impossible"
        else transition
        for transition in semantic.transitions
    )
    return replace(
        semantic,
        status="unavailable" if semantic.status == "not-needed" else semantic.status,
        period=semantic.period and replace(semantic.period, proved=False),
        transitions=transitions,
    )


def _changes(base: LawRevision, head: LawRevision, today: str) -> list[Edit]:
    """Return every edit, those of layers last."""
    of_layers = (date_change(change, today) for change in compare_layers(base, head))
    return [*compare_structure(base, head, today), *compare_names(base, head), *of_layers]


def _named(source: Source, side: LawRevision | None = None) -> SideName:
    if side is None:
        return SideName(source.name, source.title, source.commit, None, None, ())
    layers = tuple(layer.name for layer in side.bundle.layers[1:])
    return SideName(source.name, source.title, source.commit, side.bundle.version, side.bundle.digest, layers)
