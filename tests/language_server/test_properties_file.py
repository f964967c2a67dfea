"""properties.yaml in an editor: what may be written there, what it means, and its faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.law_builder import HEAD, SMALL
from tests.support.specs import TODAY
from vatspolicy.language_server.completion import complete
from vatspolicy.language_server.hover import hover
from vatspolicy.language_server.mentions import Symbol
from vatspolicy.language_server.navigation import find_definitions, find_references, symbols_at
from vatspolicy.language_server.project import Project

SETTINGS = """\
accepted:
  - kind: conflict
    about: [user/closed, small/open]
    reason: {en: So., zh: 是。}
  - kind: unused-parameter
    about: [small/cap]
    reason: {en: So., zh: 是。}
properties:
  - id: never-open
    statement: {en: Never., zh: 从不。}
    cite: [small/art-1]
    each: activity
    when: company.foreign_percent > 0.0 && services.exists(s, s.hosting == "overseas")
    never: {rule: small/open, state: open}
  - id: more
    statement: {en: More., zh: 更多。}
    more_facts: {except: [company.foreign_percent]}
  - id: no-word
    statement: {en: None., zh: 无。}
    never: {decision: allow}
"""
OPEN = "      conditions: []\n    message: {en: Open., zh: 开放。}\n"


@pytest.fixture
def file(tmp_path: Path) -> str:
    folder = tmp_path.resolve()
    rule = "  - {id: closed, cite: [art-1], each: product, when: '!term.far', deny: {reason: HOSTED-ABROAD}, message: {en: A., zh: 甲。}}\n"
    user = HEAD.format(id="user") + "uses: [small]\nterms: {far: term.foreign}\nrules:\n" + rule
    (folder / "bundle.yaml").write_text("version: 1.0.0\ncovers: {from: '2020-01-01'}\n", encoding="utf-8")
    (folder / "small.yaml").write_text(SMALL + OPEN, encoding="utf-8")
    (folder / "user.yaml").write_text(user, encoding="utf-8")
    return str(folder / "properties.yaml")


def opened(file: str, old: str = "", new: str = "") -> tuple[Project, int]:
    """The project with the file open, and the place of the mark | in it."""
    project = Project(lambda: TODAY)
    assert SETTINGS.count(old) == 1 or not old
    text = SETTINGS.replace(old, new, 1)
    project.texts[file] = text.replace("|", "", 1)
    return project, text.index("|")


@pytest.mark.parametrize(("old", "new", "some", "none"), [
    ("services.exists(s,", "serv|.exists(s,", ["services", "company", "service"], ["term", "param"]),
    ('"overseas"', '"|', ["overseas", "mainland"], []),
    ("company.foreign_percent > 0.0", "|", ["activity", "operator", "company"], ["term", "param"]),
    ("company.foreign_percent > 0.0", "company.|", ["foreign_percent", "mainland_entity"], []),
    ("kind: conflict", "kind: |", ["conflict", "gap", "unused-term"], ["idle-clause"]),
    ("[user/closed,", "[u|,", ["user/closed", "small/open", "user/far", "small/cap", "company.foreign_percent"], ["term.far"]),
    (", small/open]", ", s|]", ["small/open", "user/closed"], ["small/cap", "term.far"]),
    ("[small/art-1]", "[s|]", ["small/art-1", "user/art-1"], ["small/open"]),
    ("each: activity", "each: |", ["product", "service", "activity"], []),
    ("rule: small/open", "rule: |", ["small/open", "user/closed"], ["user/far"]),
    ("state: open", "state: |", ["open", "fires"], []),
    ("decision: allow", "decision: |", ["allow", "needs-license"], []),
    ("[company.foreign_percent]", "[comp|]", ["company.foreign_percent", "services.*.hosting"], []),
    ("  - id: more\n", "  - id: more\n    |\n", ["each", "when", "never", "monotone", "trials"], ["id", "statement"]),
])  # fmt: skip
def test_what_may_be_written(file: str, old: str, new: str, some: list[str], none: list[str]) -> None:
    found = complete(*_with(file, old, new))
    labels = [one.label for one in found]
    assert [label for label in some if label not in labels] == [], labels
    assert [label for label in none if label in labels] == []
    assert len(labels) == len(set(labels))


def _with(file: str, old: str, new: str) -> tuple[Project, str, int]:
    project, index = opened(file, old, new)
    return project, file, index


def test_a_proposal_replaces_the_whole_name(file: str) -> None:
    project, index = opened(file, "[company.foreign_percent]", "[services.*.ho|sting]")
    [one] = [one for one in complete(project, file, index) if one.label == "services.*.hosting"]
    assert project.text(file).content[one.span.start : one.span.end] == "services.*.ho"


@pytest.mark.parametrize(("old", "new", "symbol", "part", "defined"), [
    ("user/closed", "user/clo|sed", Symbol("rule", "user", "closed"), "user/closed", "closed"),
    ("small/cap", "small/c|ap", Symbol("parameter", "small", "cap"), "param.cap", "cap"),
    ("small/art-1", "small/ar|t-1", Symbol("article", "small", "art-1"), "art. 1", "art-1"),
    ("rule: small/open", "rule: small/op|en", Symbol("rule", "small", "open"), "small/open", "open"),
    ("when: company.foreign_percent", "when: company.foreign_per|cent",
     Symbol("fact", "", "company.foreign_percent"), "Foreign share", "foreign_percent"),
    ("[company.foreign_percent]", "[company.foreign_per|cent]",
     Symbol("fact", "", "company.foreign_percent"), "Foreign share", "foreign_percent"),
])  # fmt: skip
def test_the_meaning_and_the_way_to_a_definition(
    file: str, old: str, new: str, symbol: Symbol, part: str, defined: str
) -> None:
    project, index = opened(file, old, new)
    assert symbol in symbols_at(project, file, index)
    assert part in (hover(project, file, index) or "")
    [place] = find_definitions(project, file, [symbol])
    assert project.text(place.file).content[place.span.start : place.span.end] == defined
    assert file in {one.file for one in find_references(project, file, [symbol])}


@pytest.mark.parametrize(("old", "new", "message"), [
    ("> 0.0", "> |\"x\"", "A number cannot be ordered"),
    ("company.foreign_percent > 0.0", "company.foreign_percnt > 0.0|", "company has no 'foreign_percnt'."),
    ("id: more", "id: never-open|", "Another property has the same id."),
])  # fmt: skip
def test_a_fault_is_marked_where_it_stands(file: str, old: str, new: str, message: str) -> None:
    project, _index = opened(file, old, new)
    told = [one.message for one in project.check(file)[file]]
    assert any(message in one for one in told), told
