"""Makes small mistakes in the law, one at a time, and counts those that no test of the law notices.

    python -m tests.law_mistakes --sample 200 --least 90
    python -m tests.law_mistakes --policy vats-pilot-2024

A mistake removes, inverts or adds a part of an expression, a member of a list, a number or a day. Each is written into a
copy of the law, which is loaded anew; a mistake that the program refuses to load does not count.
"""

from __future__ import annotations

import argparse
import copy
import datetime
import functools
import itertools
import json
import operator
import random
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from vatspolicy.authoring.testing.cases import Case, cases_of, fixture_cases
from vatspolicy.authoring.testing.coverage import used_terms
from vatspolicy.core.cel.ast import (
    And,
    Compare,
    Fact,
    In,
    Literal,
    Node,
    Not,
    Or,
    Quantifier,
    SetTest,
    Term,
    TextTest,
    children,
    walk,
)  # fmt: skip
from vatspolicy.core.cel.types import Bool
from vatspolicy.core.documents import load_document
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.policies.model import Policy, Route
from vatspolicy.core.profile.word_lists import word_lists
from vatspolicy.errors import InvalidInput
from vatspolicy.workers import run_shared

BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
Steps = tuple[str | int, ...]
Splice = tuple[str, tuple[int, int], str]
"""Kind, place in the text of an expression, and the text to write there."""


class Mistake(NamedTuple):
    """One value of a policy file in place of another."""

    policy: str
    kind: str
    path: Steps
    value: Any


# --- mistakes in expressions


def splice(tree: Node, text: str) -> Iterator[Splice]:
    """Yield the mistakes in an expression; the bodies of its terms are expressions of their own."""
    own = text[slice(*tree.span)]
    match tree:
        case And(parts=parts) | Or(parts=parts):
            sign, other = ("&&", "||") if isinstance(tree, And) else ("||", "&&")
            texts = [f"({text[slice(*part.span)]})" for part in parts]
            yield "junction", tree.span, f" {other} ".join(texts)
            for index in range(len(parts)):
                yield "dropped", tree.span, f" {sign} ".join([*texts[:index], *texts[index + 1 :]])
        case Not(body=body):
            yield "opposite", tree.span, f"({text[slice(*body.span)]})"
        case Compare(op=op, left=left, right=right):
            sides = [f"({text[slice(*side.span)]})" for side in (left, right)]
            for kind, others in (("boundary", BOUNDARY), ("opposite", OPPOSITE)):
                if op in others:
                    yield kind, tree.span, f" {others[op]} ".join(sides)
        case Quantifier(kind=kind):
            other = "all" if kind == "exists" else "exists"
            yield "quantifier", tree.span, re.sub(rf"\.{kind}\(", f".{other}(", own, count=1)
        case SetTest() | In() | TextTest() | Term() | Fact(type=Bool()):
            yield "opposite", tree.span, f"!({own})"
        case Literal(value=tuple() as members) if len(members) > 1:
            for index in range(len(members)):
                rest = [*members[:index], *members[index + 1 :]]
                yield "member", tree.span, json.dumps(rest, ensure_ascii=False)
        case Literal(value=number) if isinstance(number, int | float) and not isinstance(number, bool):
            for step in (1, -1):
                yield "value", tree.span, json.dumps(number + step)
    if not isinstance(tree, Term):
        for child in children(tree):
            yield from splice(child, text)


def find_other_clause(policy: Policy, start: int, each: str, tree: Node) -> str | None:
    """Return a clause of the next rule about the same subject that reads another fact."""
    known = {node for node in walk(tree) if isinstance(node, Fact)}
    for rule in (*policy.rules[start + 1 :], *policy.rules[:start]):
        whole = rule.when.tree
        parts = whole.parts if isinstance(whole, And) else () if isinstance(whole, Literal) else (whole,)
        for part in parts:
            if rule.each == each and {node for node in walk(part) if isinstance(node, Fact)} - known:
                return rule.when.text[slice(*part.span)]
    return None


# --- mistakes in values and days


def shift(day: str, days: int) -> str:
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days=days)).isoformat()


def change_value(value: Any, words: Sequence[Sequence[str]], path: Steps = ()) -> Iterator[tuple[str, Steps, Any]]:
    """Yield kind, path in the value, and the new value there."""
    match value:
        case bool():
            yield "value", path, not value
        case int() | float():
            yield from (("value", path, value + step) for step in (1, -1))
        case str() if DAY.fullmatch(value):
            yield from (("day", path, shift(value, step)) for step in (1, -1))
        case list():
            for index in range(len(value) if len(value) > 1 else 0):
                yield "member", path, [*value[:index], *value[index + 1 :]]
            if value and all(isinstance(member, str) for member in value):
                known = next((found for found in words if {*value} <= {*found}), ())
                more = next((word for word in known if word not in value), None)
                if more is not None:
                    yield "added", path, [*value, more]
            for index, member in enumerate(value):
                if not isinstance(member, str):
                    yield from change_value(member, words, (*path, index))
        case dict():
            for key, child in value.items():
                yield from change_value(child, words, (*path, key))


class Mistakes:
    """The mistakes of each policy of a law."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle, self.terms = bundle, used_terms(bundle)
        self.words = sorted(
            ([word.value for word in found.words] for found in word_lists(bundle.schemas).values()), key=len
        )

    def of(self, policy: Policy) -> Iterator[Mistake]:
        """Yield the mistakes of one policy, in the order of its file."""
        for kind, path, value in self._find(policy, load_document(Path(policy.file)).data):
            yield Mistake(policy.id, kind, path, value)

    def _find(self, policy: Policy, data: Any) -> Iterator[tuple[str, Steps, Any]]:
        yield from self._dates(("effective",), data["effective"])
        for name, instrument in policy.instruments.items():
            if instrument.covers is not None:
                yield from self._expression(data, ("instruments", name, "covers"), instrument.covers.tree)
            for index, (when, _) in enumerate(instrument.authority if len(instrument.authority) > 1 else ()):
                yield from self._expression(data, ("instruments", name, "authority", index, "when"), when.tree)
        for name in policy.parameters:
            for index, entry in enumerate(data["parameters"][name]["values"]):
                where: Steps = ("parameters", name, "values", index)
                if index:
                    yield from (("day", (*where, "from"), shift(entry["from"], step)) for step in (1, -1))
                for key in {"value", "add", "remove"} & entry.keys():
                    for kind, path, value in change_value(entry[key], self.words):
                        yield kind, (*where, key, *path), value
        for name, body in data.get("terms", {}).items():
            if (policy.id, name) in self.terms:
                where = ("terms", name, "is") if isinstance(body, dict) else ("terms", name)
                tree = self.terms[policy.id, name]
                yield from self._expression(data, where, tree)
                other = find_other_clause(policy, -1, "service", tree)
                if isinstance(tree.type, Bool) and other is not None and f"term.{name}" not in other:
                    yield "added", where, f"({_at(data, where)}) || ({other})"
        for index in range(len(policy.rules)):
            yield from self._rule(policy, data, index)

    def _rule(self, policy: Policy, data: Any, index: int) -> Iterator[tuple[str, Steps, Any]]:
        rule, where = policy.rules[index], ("rules", index)
        yield from self._dates(where, data["rules"][index])
        parts: list[tuple[Steps, Node]] = [((*where, "when"), rule.when.tree)]
        if isinstance(rule.effect, Route):
            if rule.effect.max_foreign_percent is not None:
                parts.append(((*where, "route", "max_foreign_percent"), rule.effect.max_foreign_percent.tree))
            for number, condition in enumerate(rule.effect.conditions):
                parts.append(((*where, "route", "conditions", number, "check"), condition.check.tree))
        for path, tree in parts:
            yield from self._expression(data, path, tree)
            if isinstance(tree.type, Bool):
                text, other = _at(data, path), find_other_clause(policy, index, rule.each, tree)
                yield from (("constant", path, word) for word in ("false", "true") if word != text.strip())
                if other is not None:
                    yield "added", path, f"({text}) && ({other})"

    def _dates(self, where: Steps, dated: Any) -> Iterator[tuple[str, Steps, str]]:
        for key in ("from", "until"):
            if dated.get(key, "") > self.bundle.covers_from:
                yield from (("day", (*where, key), shift(dated[key], step)) for step in (1, -1))

    def _expression(self, data: Any, path: Steps, tree: Node) -> Iterator[tuple[str, Steps, str]]:
        text = _at(data, path)
        for kind, (start, end), new in splice(tree, text):
            yield kind, path, f"{text[:start]}({new}){text[end:]}"


def _at(data: Any, path: Steps) -> Any:
    return functools.reduce(operator.getitem, path, data)


class Trial:
    """A copy of the law into which one mistake after the other is written."""

    def __init__(self, law: Path, fixtures: Path | None) -> None:
        self.law, self.fixtures, self.copy = law.resolve(), fixtures, Path(tempfile.mkdtemp()) / "law"
        shutil.copytree(law, self.copy)
        self.failing = set[str]()
        bundle = load_bundle(self.copy)
        self.failing = {case.name for case in self._cases(bundle, "") if case.run()}

    def _cases(self, bundle: Bundle, first: str) -> Iterator[Case]:
        """Yield the tests of a law, those of one policy first, without those that fail on the sound law."""
        policies = sorted(bundle.policies.values(), key=lambda policy: policy.id != first)
        cases = (case for policy in policies for case in cases_of(bundle, policy))
        more = fixture_cases(bundle, self.fixtures) if self.fixtures is not None else ()
        return (c for c in itertools.chain(cases, more) if c.skipped is None and c.name not in self.failing)

    def judge(self, mistake: Mistake, file: str) -> str:
        """Return what becomes of a mistake: noticed, refused or missed."""
        path = self.copy / Path(file).resolve().relative_to(self.law)
        sound = path.read_bytes()
        data = copy.deepcopy(load_document(path).data)
        _at(data, mistake.path[:-1])[mistake.path[-1]] = mistake.value
        try:
            path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
            bundle = load_bundle(self.copy)
            return "noticed" if any(case.run() for case in self._cases(bundle, mistake.policy)) else "missed"
        except InvalidInput:
            return "refused"
        finally:
            path.write_bytes(sound)


@functools.cache
def _trial(law: Path, fixtures: Path | None) -> Trial:
    return Trial(law, fixtures)


def main(arguments: Sequence[str] | None = None) -> int:
    """Count the mistakes that no test notices. Ends with 1 below the least share, or if nothing was tried."""
    parser = argparse.ArgumentParser(description=__doc__)
    for option, folder in (("--law", "policies"), ("--fixtures", "fixtures")):
        parser.add_argument(option, type=Path, default=Path(folder))
    parser.add_argument("--policy", default="", help="only mistakes in this policy")
    parser.add_argument("--sample", type=int, help="at most so many mistakes, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--least", type=float, default=0.0, help="least percent that tests must notice")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args(arguments)
    _trial.cache_clear()
    bundle = load_bundle(given.law)
    makers = Mistakes(bundle)
    found = [one for policy in bundle.policies.values() if given.policy in ("", policy.id) for one in makers.of(policy)]
    chosen = found if given.sample is None else random.Random(given.seed).sample(found, min(given.sample, len(found)))
    files = {policy.id: policy.file for policy in bundle.policies.values()}
    fixtures = given.fixtures if given.fixtures.is_dir() else None
    work = [lambda one=one: _trial(given.law, fixtures).judge(one, files[one.policy]) for one in chosen]
    fates = run_shared(work, given.jobs)
    for one, fate in zip(chosen, fates, strict=True):
        if fate == "missed":
            sys.stdout.write(
                f"no test notices: {one.policy}: {one.kind} at {'.'.join(map(str, one.path))}: {one.value!r}\n"
            )
    counts = Counter(fates)
    tried = counts["noticed"] + counts["missed"]
    share = 100.0 * counts["noticed"] / tried if tried else 0.0
    told = f"{counts['noticed']} of {tried} mistakes noticed ({share:.1f} %), {counts['refused']} refused"
    sys.stdout.write(f"{told}, {len(found)} possible\n")
    return int(not tried or share < given.least)


if __name__ == "__main__":
    sys.exit(main())
