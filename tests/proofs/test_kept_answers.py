"""Answers of an earlier run are used only if nothing that they depend on has changed, and their witnesses hold."""

from __future__ import annotations

import functools
import json
import marshal
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import needs_posix
from tests.support.effort import SEED, part
from tests.support.law_builder import CLASSES, LICENSE, bundle_of, route, rule
from tests.support.law_edits import Edit, base, draw_edits, head
from tests.support.solver import needs_solver
from vatspolicy.authoring.diff.law_revision import load_side
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Policy
from vatspolicy.errors import InvalidInput
from vatspolicy.proofs import compare_change, kept_answers, recall_change, recall_rule, rule_comparison

pytestmark = needs_solver

RECALL = kept_answers.recall
GROUPS = [("changed/r",)]


class Law:
    """Two states of an invented law, and a count of the proofs that were made."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.cache, self.proofs = folder, folder / "cache", 0
        monkeypatch.setenv("VATSPOLICY_CACHE", str(self.cache))
        monkeypatch.setattr(kept_answers, "recall", RECALL)
        made = rule_comparison.compare_change

        def count(*arguments: Any, **options: Any) -> Any:
            self.proofs += 1
            return made(*arguments, **options)

        monkeypatch.setattr(rule_comparison, "compare_change", count)

    def state(self, name: str, when: str, change: Callable[[str], str] = lambda text: text) -> Bundle:
        text = "rules:\n" + route("open", "true") + rule("r", "product", when, "deny: {reason: CAPITAL-TOO-LOW}")
        return bundle_of(self.folder / name, classes=CLASSES, license=LICENSE, changed=change(text))

    def entries(self) -> list[Path]:
        return sorted(self.cache.glob("proof-*"))

    def spoil(self, change: Callable[[dict[str, Any]], Any]) -> None:
        """Write what looks like a whole entry of this user, with other data in it."""
        [path] = self.entries()
        text, sizes = marshal.loads(path.read_bytes()[65:])
        data = json.loads(text)
        content = marshal.dumps((json.dumps(change(data) or data), sizes))
        path.write_bytes(sha256(content).hexdigest().encode() + b"\n" + content)


@pytest.fixture
def law(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Law:
    return Law(tmp_path, monkeypatch)


def sides(law: Law) -> tuple[Bundle, Bundle]:
    return law.state("base", "data.persons > 10"), law.state("head", "data.persons > 20")


def test_the_same_question_is_asked_once(law: Law) -> None:
    found = [recall_change(*sides(law), GROUPS) for _ in range(3)]
    assert law.proofs == 1
    assert found[0] == found[1] == found[2] == compare_change(*sides(law), GROUPS)
    assert len(law.entries()) == 1
    assert law.entries()[0].stat().st_mode & 0o077 == 0


def test_a_rule_alone_is_another_question(law: Law) -> None:
    one = recall_rule(*sides(law), "changed/r")
    assert recall_rule(*sides(law), "changed/r") == one
    recall_change(*sides(law), GROUPS)
    assert (law.proofs, len(law.entries())) == (1, 2)


def test_texts_for_people_are_no_part_of_the_question(law: Law) -> None:
    before, _ = sides(law)
    recall_change(before, law.state("head", "data.persons > 20"), GROUPS)

    def reword(text: str) -> str:
        assert "{en: " in text
        return "# a comment\n" + text.replace("{en: ", "{en: Other ")

    recall_change(before, law.state("other", "data.persons > 20", reword), GROUPS)
    assert law.proofs == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("CAPITAL-TOO-LOW", "SECTOR-NOT-OPEN"),
        lambda text: text.replace("data.persons > 20", "data.persons > 21"),
        lambda text: text.replace("'true'", "'services.size() > 1'"),
    ],
)
def test_whatever_a_rule_states_is_part_of_the_question(law: Law, change: Callable[[str], str]) -> None:
    before, after = sides(law)
    recall_change(before, after, GROUPS)
    recall_change(before, law.state("other", "data.persons > 20", change), GROUPS)
    assert law.proofs == 2


def test_another_program_or_solver_asks_again(law: Law, monkeypatch: pytest.MonkeyPatch) -> None:
    recall_change(*sides(law), GROUPS)
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0.0")
    recall_change(*sides(law), GROUPS)
    monkeypatch.setattr(kept_answers, "code_digest", lambda *_: "another program")
    recall_change(*sides(law), GROUPS)
    assert law.proofs == 3


# --- an entry that is not what it seems


def _other_word(data: dict[str, Any]) -> None:
    for one in data["change"]["found"]:
        if one["witness"] is not None:
            one["witness"]["data"]["persons"] = 5


def _impossible_with_a_witness(data: dict[str, Any]) -> None:
    for one in data["change"]["found"]:
        if one["witness"] is not None:
            one["verdict"] = "proved-impossible"


SPOILT: list[Callable[[dict[str, Any]], Any]] = [
    _other_word,
    _impossible_with_a_witness,
    lambda data: data["rules"][0].update(verdict="sure"),
    lambda data: data["rules"][0].update(rule="changed/another"),
    lambda data: data["rules"][0]["witness"].update(schema=99),
    lambda data: data["rules"].clear(),
    lambda data: data["change"]["found"].reverse(),
    lambda data: data.update(change=None),
    lambda data: data["change"]["found"][0].update(more="than is known"),
    lambda data: [1, 2, 3],
]


@pytest.mark.parametrize("place", range(len(SPOILT)))
def test_an_entry_that_does_not_hold_is_not_believed(law: Law, place: int) -> None:
    found = recall_change(*sides(law), GROUPS)
    law.spoil(SPOILT[place])
    assert recall_change(*sides(law), GROUPS) == found
    assert law.proofs == 2


def test_a_damaged_entry_is_made_anew(law: Law) -> None:
    found = recall_change(*sides(law), GROUPS)
    [path] = law.entries()
    path.write_bytes(path.read_bytes().replace(b"proved-impossible", b"proved-impossibly"))
    assert recall_change(*sides(law), GROUPS) == found
    assert law.proofs == 2


@needs_posix
@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_what_others_may_write_is_not_believed(law: Law, mode: int) -> None:
    recall_change(*sides(law), GROUPS)
    law.entries()[0].chmod(mode)
    recall_change(*sides(law), GROUPS)
    assert law.proofs == 2


def test_a_cache_of_the_checkout_decides_nothing(law: Law, monkeypatch: pytest.MonkeyPatch) -> None:
    recall_change(*sides(law), GROUPS)
    monkeypatch.chdir(law.folder)
    recall_change(*sides(law), GROUPS)
    assert law.proofs == 2


# --- the shipped law


@functools.cache
def shipped() -> Bundle:
    return load_side(base(), SchemaSet.shipped()).bundle


@pytest.mark.parametrize("edit", part(draw_edits(1, SEED), 16), ids=lambda edit: f"{edit.kind}: {edit.subject}"[:60])
def test_every_edit_that_changes_a_rule_is_another_law(edit: Edit) -> None:
    try:
        changed = load_side(head(edit), SchemaSet(head(edit).schemas)).bundle
    except InvalidInput:
        return
    digests = [kept_answers.digest_law(bundle) for bundle in (shipped(), changed)]
    assert kept_answers.digest_law(changed, shipped()) == digests[1], "policies with the same files were not the same"
    if edit.schemas or Differences(RuleSignatures(shipped()), RuleSignatures(changed)).names:
        assert digests[0] != digests[1]


def test_policies_with_the_same_files_are_digested_once(monkeypatch: pytest.MonkeyPatch) -> None:
    edit = next(edit for edit in draw_edits(1, SEED) if len(edit.policies) == 1 and not edit.schemas)
    changed = load_side(head(edit), SchemaSet.shipped()).bundle
    kept_answers.digest_law(shipped())
    read: list[Any] = []
    plain = kept_answers._plain

    def note(value: Any) -> Any:
        read.append(value)
        return plain(value)

    monkeypatch.setattr(kept_answers, "_plain", note)
    kept_answers.digest_law(changed, shipped())
    again = {value.id for value in read if isinstance(value, Policy)}
    users = {id for id, policy in changed.policies.items() if again & set(policy.uses)}
    assert again
    assert len(again) < 20
    assert users <= again, "a policy that uses an edited one was taken to be the same"
