"""The whole comparison as plain data (comparison.schema.json), which every report reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vatspolicy.authoring.diff.decisions import (
    Answer,
    Comparison,
    Detail,
    Product,
    Row,
    compare_decisions,
    direction_of_all,
    products,
)
from vatspolicy.authoring.diff.edits import EditsOfRules
from vatspolicy.authoring.diff.law import law_in_words
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.authoring.diff.schemas import SchemaChange, compare_schemas
from vatspolicy.authoring.diff.semantic import UnconfirmedProof, prove, semantic_data
from vatspolicy.authoring.diff.sources import LawRevision, Source, load_pair
from vatspolicy.authoring.diff.structure import LAW, Change, compare_structure
from vatspolicy.authoring.diff.verdict import (
    Release,
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
from vatspolicy.authoring.diff.words import FAULTS, TITLES, WHY
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n.words import both
from vatspolicy.policies.model import Article, Policy

FORMAT = 1
"""Version of the data; it grows when a reader would break."""


@dataclass(frozen=True)
class ComparisonSettings:
    """The options of a comparison."""

    today: str
    days: Sequence[str] = ()
    """Further days to compare."""
    profiles: Sequence[str] = ()
    """Specs to decide beside the fixtures: files, folders, globs."""
    semantic: str = "auto"
    """The solver for proofs (semantic.ENGINES)."""
    workers: int = 1
    """Processes that share the work of proofs."""
    fail_on: Sequence[str] = ()
    """Conditions (verdict.parse_conditions)."""


def compare_revisions(base: Source, head: Source, settings: ComparisonSettings) -> dict[str, Any]:
    """Compare two states. `why` and `problems` name everything that cannot be compared."""
    try:
        left, right = load_pair(base, head)
        data = _compare(left, right, settings)
    except InvalidInput as error:
        data = _empty(settings, ["invalid"], error.problems) | {"base": _named(base), "head": _named(head)}
    return _finish(data, settings)


def not_comparable(base: str, head: str | None, message: str, settings: ComparisonSettings) -> dict[str, Any]:
    """Return the data of a comparison with a side that cannot be read; `message` is the reason."""
    data = _empty(settings, ["source"], [])
    data["why"][0]["text"] = {"en": message, "zh": message}
    for key, name in (("base", base), ("head", head or "")):
        data[key] = {"name": name, "title": name, "commit": None, "version": None, "digest": None}
    return _finish(data, settings)


def _finish(data: dict[str, Any], settings: ComparisonSettings) -> dict[str, Any]:
    data["title"] = _title(data)
    data["failed_on"] = failures(data, settings.fail_on)
    data["undecided_on"] = undecided(data, settings.fail_on)
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
        "structure",
        "law",
    )
    return {key: data[key] for key in (*order, "schemas", "decisions", "semantic", "release", "problems")}


def _title(data: dict[str, Any]) -> dict[str, str]:
    """Return the title, with a remark if the solver left something unsettled."""
    key = title_of(data)
    title = both(TITLES, key)
    if key in ("not-evaluated", "unknown") or not is_open(data):
        return title
    return {lang: text + both(TITLES, "open")[lang] for lang, text in title.items()}


def _empty(
    settings: ComparisonSettings, why: Sequence[str], problems: Iterable[Problem], broke: str = ""
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "state": "not-evaluated",
        "verdict": None,
        "why": [{"code": code, "text": both(WHY, code, subject=broke)} for code in why],
        "today": settings.today,
        "red_lines": [],
        "structure": [],
        "law": [],
        "schemas": [],
        "decisions": None,
        "semantic": None,
        "release": None,
        "problems": [_problem(problem) for problem in problems],
    }


def _compare(base: LawRevision, head: LawRevision, settings: ComparisonSettings) -> dict[str, Any]:
    changes = compare_structure(base, head, settings.today)
    schemas = compare_schemas(base, head)
    edited = frozenset(base.documents.keys() | head.documents.keys()) if base.schemas == head.schemas else None
    differences = Differences(RuleSignatures(base.bundle), RuleSignatures(head.bundle), edited)
    found, unread = products(base, head, settings.profiles)
    changed = {change.policy for change in changes if change.kind in LAW}
    days = differences.days(changed, settings.today, settings.days)
    comparison = compare_decisions(base, head, found, days, differences)
    serializer = _ComparisonSerializer(
        base, head, differences, EditsOfRules(changes, differences.base, differences.head)
    )
    semantic, reason, broke = _semantic(base, head, differences, settings, serializer, comparison, found)
    problems = sorted({*unread, *comparison.problems})
    why = ["invalid"] if problems else []
    if not comparison.products and (differences.names or schemas):
        why.append("nothing")
    data = {"decisions": serializer.decisions(comparison), "semantic": semantic}
    if base.schemas == head.schemas and _contradicted(data):
        semantic, reason = _nothing(semantic["engine"]), "contradiction"
    why += [reason] if reason else []
    shown = [entry["direction"] for entry in semantic["transitions"] if entry["witness"] is not None]
    witnesses = any(rule["verdict"] == "witness" for rule in semantic["rules"])
    never = set(impossible({"semantic": semantic}))
    semantic["rules"] = [
        rule
        | {
            "excluded": [name for name in rule["transitions"] if name in never],
            "seen_in": _seen_in(rule["rule"], comparison),
        }
        for rule in semantic["rules"]
    ]
    red_lines = [serializer.red_line(name) for name in differences.waivable]
    witnesses = witnesses or any(map(lists_otherwise, semantic["rules"]))
    moves = bool(comparison.rows or comparison.details or shown or witnesses or red_lines)
    direction = direction_of_all([*(row.direction for row in comparison.rows), *shown])
    verdict = settled({"why": why, **data, "semantic": semantic}, direction)
    return _empty(settings, why, problems, broke) | {
        "state": "not-evaluated" if why else "evaluated",
        "verdict": verdict,
        "base": _named(base.source, base),
        "head": _named(head.source, head),
        "red_lines": red_lines,
        "structure": [serializer.change(change) for change in changes],
        "law": law_in_words(base.bundle, head.bundle, changes),
        "schemas": [_schema(change) for change in schemas],
        "decisions": data["decisions"],
        "semantic": semantic,
        "release": _release(check_release(base, head, changes, schemas, moves, not moves and verdict == "unknown")),
    }


def _semantic(
    base: LawRevision,
    head: LawRevision,
    differences: Differences,
    settings: ComparisonSettings,
    serializer: _ComparisonSerializer,
    comparison: Comparison,
    found: Sequence[Product],
) -> tuple[dict[str, Any], str, str]:
    """Return the semantic layer, the reason of no evaluation, and the type of an error.

    An answer that the evaluator does not confirm is not shown.
    """
    proof = prove(base, head, differences, settings.semantic, settings.workers)
    try:
        layer = semantic_data(proof, head, differences, serializer.cause, comparison, found)
        return layer, proof.reason, proof.broke
    except UnconfirmedProof as error:
        return _nothing(proof.engine), "failed", str(error)


def _seen_in(name: str, comparison: Comparison) -> list[str]:
    """Return the products whose decisions, or details below them, a rule changes."""
    found = [row.product.name for row in comparison.rows if name in row.because]
    found += [product for detail in comparison.details if detail.rule == name for product in detail.products]
    return list(dict.fromkeys(found))


def _nothing(engine: str | None) -> dict[str, Any]:
    """Return the semantic layer of a failed proof."""
    return {"status": "failed", "engine": engine, "period": None, "transitions": [], "rules": [], "assumptions": []}


def _contradicted(data: Mapping[str, Any]) -> bool:
    """Return True if a profile is decided in a way that the solver calls impossible."""
    return bool(seen(data) & set(impossible(data)))


def _named(source: Source, side: LawRevision | None = None) -> dict[str, Any]:
    return {
        "name": source.name,
        "title": source.title,
        "commit": source.commit,
        "version": side.bundle.version if side else None,
        "digest": side.bundle.digest if side else None,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {key: getattr(problem, key) for key in ("file", "line", "column", "path", "message", "hint")}


class _ComparisonSerializer:
    def __init__(self, base: LawRevision, head: LawRevision, differences: Differences, edits: EditsOfRules) -> None:
        self.base, self.head, self.differences, self.edits = base, head, differences, edits

    def change(self, change: Change) -> dict[str, Any]:
        """Return an edit with its title."""
        data = dataclasses.asdict(change) | {"title": self.title(change)}
        data["fields"] = [dataclasses.asdict(field) for field in change.fields]
        return data

    def title(self, change: Change) -> dict[str, str] | None:
        """Return the title of a policy, parameter, instrument or article; for a rule its message."""
        for side in (self.head, self.base):
            policy = side.bundle.policies.get(change.policy)
            if policy is None:
                continue
            match change.kind:
                case "parameter" if change.name in policy.parameters:
                    return _text(policy.parameters[change.name].title)
                case "instrument" if change.name in policy.instruments:
                    return _text(policy.instruments[change.name].title)
                case "article" if change.name in policy.articles:
                    return _text(policy.articles[change.name].label)
                case "rule" if any(rule.id == change.name for rule in policy.rules):
                    return _text(policy.rule(change.name).message)
                case "policy":
                    return _text(policy.title)
        return None

    def decisions(self, comparison: Comparison) -> dict[str, Any]:
        """Return the comparison of all products."""
        rows = sorted(comparison.rows, key=lambda row: (row.days[0], row.product.name))
        return {
            "products": comparison.products,
            "days": list(comparison.days),
            "borrowed": list(comparison.borrowed),
            "rows": [self.row(row) for row in rows],
            "details": [self.detail(detail) for detail in comparison.details],
        }

    def row(self, row: Row) -> dict[str, Any]:
        """Return one product whose decision changes."""
        return {
            "product": row.product.id,
            "variant": row.product.variant or None,
            "file": row.product.document.file,
            "services": list(row.services),
            "days": list(row.days),
            "before": _answer(row.before),
            "after": _answer(row.after),
            "direction": row.direction,
            "because": [self.cause(name, row.days[0]) for name in row.because],
        }

    def detail(self, detail: Detail) -> dict[str, Any]:
        """Return one difference below the decision."""
        return {
            "kind": detail.kind,
            "name": detail.name,
            "rule": detail.rule,
            "title": self.message(detail.rule) if detail.rule else None,
            "citations": self.cause(detail.rule, detail.days[0])["citations"] if detail.rule else [],
            "before": detail.before,
            "after": detail.after,
            "before_text": _text(detail.texts[0]),
            "after_text": _text(detail.texts[1]),
            "products": list(detail.products),
            "days": list(detail.days),
        }

    def red_line(self, name: str) -> dict[str, Any]:
        """Return a rule that can be waived from now on, with the line that was edited."""
        file, line = self.edits.place(name)
        return {"code": "waivable", "rule": name, "message": self.message(name), "file": file, "line": line}

    def message(self, name: str) -> dict[str, str] | None:
        for side in (self.differences.head, self.differences.base):
            if name in side.by_name:
                return _text(side.by_name[name].message)
        return None

    def cause(self, name: str, day: str) -> dict[str, Any]:
        """Return a rule with its citations: that of the head, or of the base if the head has removed it."""
        rules = self.differences.head if name in self.differences.head.by_name else self.differences.base
        rule = rules.by_name[name]
        policy = rules.bundle.policies[rule.policy]
        edited = self.edits.place(name)
        return {
            "rule": name,
            "change": self.differences.names.get(name),
            "message": _text(rule.message),
            "citations": [_citation(policy, policy.articles[key], day) for key in rule.cite],
            "file": policy.file,
            "line": rule.line,
            "edited": {"file": edited[0], "line": edited[1]},
        }


def _citation(policy: Policy, article: Article, day: str) -> dict[str, Any]:
    edition = policy.edition(day)
    return {
        "title": _text((edition.title if edition else None) or policy.title),
        "number": edition.number if edition else policy.source.get("number"),
        "key": article.key,
        "label": _text(article.label),
        "verification": article.verification,
        "url": article.url or policy.source.get("url"),
    }


def _text(text: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if text is None else {"en": text["en"], "zh": text["zh"]}


def _answer(answer: Answer) -> dict[str, Any]:
    return {"decision": answer.decision, "range": list(answer.range)}


def _schema(change: SchemaChange) -> dict[str, Any]:
    return dataclasses.asdict(change)


def _release(release: Release) -> dict[str, Any]:
    return {
        "before": release.before,
        "after": release.after,
        "level": release.level,
        "because": list(release.because),
        "needed": release.needed,
        "faults": [
            {
                "code": fault.code,
                "text": both(FAULTS, fault.code, subject=fault.subject),
                "file": fault.file,
                "line": fault.line,
            }
            for fault in release.faults
        ],
    }
