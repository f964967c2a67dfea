"""Fixtures from the witnesses of a comparison."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from vatspolicy.authoring.diff.edited import MovedRule
from vatspolicy.authoring.diff.result import Review, Witness
from vatspolicy.core.documents import load_document
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.yaml_writer import dump_yaml
from vatspolicy.errors import InvalidInput
from vatspolicy.i18n import Language
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import VERDICTS, word

Fixture = tuple[str, Facts, dict[str, Tree], str]
"""Name, profile, expectations, and a comment."""


def build_fixtures(data: Review) -> Iterator[Fixture]:
    """Yield one fixture per witness of a comparison, with the decision of the head as the expectation."""
    change = f"{data.base.title} → {data.head.title}"
    for entry in data.transitions:
        if entry.witness is not None:
            name = f"change-{entry.before}-to-{entry.after}"
            why = {lang: _move(entry.before, entry.after, lang) for lang in ("en", "zh")}
            yield _fixture(name, entry.witness, why, change)
    every = [(edit.proof, edit.rules) for edit in data.edits] + [(rule.proof, (rule,)) for rule in data.proved_rules]
    for shown, rules in every:
        if shown.witness is not None:
            turn = f"{shown.before}-to-{shown.after}" if shown.transitions else "listed"
            first = _first_listed(shown.witness, rules)
            why = {lang: f"{first.rule}: {first.message[lang]}" for lang in ("en", "zh")}
            yield _fixture(f"{first.rule}-{turn}", shown.witness, why, change, first)


def _first_listed(witness: Witness, rules: Sequence[MovedRule]) -> MovedRule:
    """Return the first rule whose listing differs in a witness, or else the first rule."""
    listed = {item.name for item in witness.listed}
    return next((rule for rule in rules if rule.rule in listed), rules[0])


def _move(before: str, after: str, lang: Language) -> str:
    """Return a change of the decision in words: `DENY → ALLOW`."""
    return f"{word(VERDICTS, before, lang)} → {word(VERDICTS, after, lang)}"


def _fixture(name: str, witness: Witness, why: dict[str, str], change: str, rule: MovedRule | None = None) -> Fixture:
    name = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    profile = {**witness.profile, "product": {**witness.profile.get("product", {}), "id": name[:80].strip("-")}}
    expected: dict[str, Tree] = {"as_of": witness.since, "decision": witness.after.decision}
    if expected["decision"] == "incomplete":
        expected["range"] = list(witness.after.range)
    if rule is not None and (told := [item for item in witness.listed if item.name == rule.rule]):
        expected["absent" if all(item.after is None for item in told) else "rules"] = [rule.rule]
    comment = clean(
        f"A witness of the change {change}: {witness.before.decision} before it, from {witness.since}.", one_line=True
    )
    return name, profile, {"why": why, "decisions": [expected]}, comment


def new_files(fixtures: Iterable[Fixture], folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the path and text of each new fixture. Existing fixtures are omitted; conflicts get another name.

    Raises:
        InvalidInput: A fixture of that name cannot be read.
    """
    taken: set[str] = set()
    for name, profile, expected, comment in fixtures:
        number = 1
        while True:
            free = name if number == 1 else f"{name}-{number}"
            path, beside = folder / f"{free}.yaml", folder / f"{free}.expect.yaml"
            content = {**profile, "product": {**profile["product"], "id": free[:80].strip("-")}}
            if free not in taken and not path.exists() and not beside.exists():
                taken.add(free)
                yield path, dump_yaml(content, [f"# {comment}"])
                yield beside, dump_yaml(expected)
                break
            if free not in taken and _holds(path, content) and _holds(beside, expected):
                break
            number += 1


def _holds(path: Path, data: Tree) -> bool:
    try:
        return path.is_file() and bool(load_document(path).data == data)
    except InvalidInput:
        return False
