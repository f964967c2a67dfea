"""`vatspolicy fmt`: what it changes, what it never changes, and what git shows with its help."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.console import Console
from tests.support.effort import LONG, trials
from tests.support.members import for_each
from tests.support.shipped import FIXTURES, POLICIES, ROOT, policy_file
from tests.support.specs import SHOP
from vatspolicy.authoring.formatter import format_text
from vatspolicy.authoring.formatter.textconv import clauses, normal_text
from vatspolicy.core.documents import load_document, parse_document
from vatspolicy.errors import InvalidInput

SHIPPED = sorted([*POLICIES.rglob("*.yaml"), *FIXTURES.rglob("*.yaml")])

MESSY = """\
# yaml-language-server: $schema=../schemas/policy.schema.json
version:   "1.0.0"   # semantic
id: two
rules:
- when: >-
        service.audience == "public" && ("saas" in service.offers || "own-shop" in service.offers) && service.audience != "own-group"
  id: first   # for ever
  # the reason of the prohibition
  deny: {curable: true, reason: PROHIBITED-SECTOR}
  each: service


  message: { zh: "拒绝，不得经营", en: 'Refused, "by law".' }
  cite: [ art-1 ]
  # the end of the rules
effective: {"from": "2020-01-01"}
terms:
    busy: >
      service.audience ==
      "public"
articles:
    art-1:
        verification: unverified
        en: |-
          One.
          Two.
# the end of the file
"""

TIDY = """\
# yaml-language-server: $schema=../schemas/policy.schema.json
id: two
version: '1.0.0'  # semantic
effective: {from: '2020-01-01'}
articles:
  art-1:
    en: |-
      One.
      Two.
    verification: unverified
terms:
  busy: >
    service.audience ==
    "public"
rules:
- id: first  # for ever
  cite: [art-1]
  each: service
  when: >-
    service.audience == "public" && ("saas" in service.offers || "own-shop" in service.offers)
    && service.audience != "own-group"
  # the reason of the prohibition
  deny: {reason: PROHIBITED-SECTOR, curable: true}

  message: {en: 'Refused, "by law".', zh: 拒绝，不得经营}
  # the end of the rules
# the end of the file
"""


def laid_out(text: str, name: str = "some.yaml") -> str:
    return format_text(parse_document(text, name))


def comments(text: str) -> list[str]:
    """The comments of a text without a # in any value."""
    return sorted(part.strip() for line in text.splitlines() if (part := "#".join(line.split("#")[1:])))


# --- what is changed --------------------------------------------------------------------------------------------------


def test_a_messy_policy_becomes_tidy() -> None:
    assert laid_out(MESSY).splitlines() == TIDY.splitlines()
    assert laid_out(TIDY) == TIDY


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a:   1\n", "a: 1\n"),
        ("a: 1", "a: 1\n"),
        ("---\na: 1\n", "a: 1\n"),
        ("a: [1,2 , 3]\n", "a: [1, 2, 3]\n"),
        ("a: {b: 1,\n    c: 2}\n", "a: {b: 1,\n    c: 2}\n"),
        ("a: {b: 1,\n  c: [1,\n   2]}\n", "a: {b: 1,\n  c: [1,\n    2]}\n"),
        ('a: "b"\n', "a: b\n"),
        ('a: "true"\n', "a: 'true'\n"),
        ("a: 'b'\n", "a: 'b'\n"),
        ('a: "1"\n', "a: '1'\n"),
        ('a: "x: y"\n', "a: 'x: y'\n"),
        ('a: "it\'s # one"\n', "a: 'it''s # one'\n"),
        ('a: ["b, c"]\n', "a: ['b, c']\n"),
        ('a: "b\\tc"\n', 'a: "b\\tc"\n'),
        ('"a": 1\n', "a: 1\n"),
        ('"1": 1\n', "'1': 1\n"),
        ("a:\n    b:\n        c: 1\n", "a:\n  b:\n    c: 1\n"),
        ("a:\n   - 1\n   - b: 2\n     c: 3\n", "a:\n  - 1\n  - b: 2\n    c: 3\n"),
        ("a:\n- 1\nb:\n  - 2\n", "a:\n- 1\nb:\n- 2\n"),
        ("a:\n  -\n    b: 1\n", "a:\n  - b: 1\n"),
        ("a: 1\n\n\n\nb: 2\n\n\n", "a: 1\n\nb: 2\n"),
        ("a: one\n  two\n", "a: one two\n"),
        ("a: [1, # one\n  2]\n", "a:\n  - 1  # one\n  - 2\n"),
        ("a:\n  [1, 2]\n", "a:\n  [1, 2]\n"),
        ("a: |+\n  x\n\nb: 1\n", "a: |+\n  x\n\nb: 1\n"),
        ("a: >-  # why\n    x\n    y\n", "a: >-  # why\n  x\n  y\n"),
        ("a: |2-\n   x\n", "a: ' x'\n"),
        ("a: &x [1]\nb: *x\n", "a: &x [1]\nb: *x\n"),
        ("a: 1 # one\n#two\nb: 2\n", "a: 1  # one\n#two\nb: 2\n"),
        ("a:\n  b: 1\n  # last of a\nc: 2\n", "a:\n  b: 1\n  # last of a\nc: 2\n"),
        ("a:\n    b: 1\n    # next\n    c: 2\n", "a:\n  b: 1\n  # next\n  c: 2\n"),
        ("a:\n  - b: 1\n# c:\n  # d: 1\n", "a:\n  - b: 1\n# c:\n  # d: 1\n"),
        ("a:\n    b: 1\n    # c:\n      # d: 1\n    e: 1\n", "a:\n  b: 1\n  # c:\n    # d: 1\n  e: 1\n"),
        ("# head\n\na: 1\n", "# head\na: 1\n"),
        ("[1,  2]\n", "[1, 2]\n"),
        ("a: {}\nb: []\n", "a: {}\nb: []\n"),
    ],
)
def test_layout(before: str, after: str) -> None:
    assert laid_out(before) == after
    assert laid_out(after) == after


def test_an_expression_is_folded_where_it_is_too_wide() -> None:
    wide = " && ".join(f'service.fact_{n} == "a && b"' for n in range(6))
    text = laid_out(f"rules:\n  - when: '{wide}'\n")
    rows = text.splitlines()[2:]
    assert text.splitlines()[1] == "  - when: >-"
    assert max(map(len, text.splitlines())) <= 120
    assert all(row.lstrip().startswith("&& ") for row in rows[1:])
    assert parse_document(text, "a.yaml").data["rules"][0]["when"] == wide


def test_a_sentence_is_never_broken() -> None:
    text = f"note: {'很长的一句话，' * 30}\n"
    assert laid_out(text) == text


def test_a_break_of_the_author_stays() -> None:
    text = "terms:\n  a: >-\n    data.ciio\n    || data.sensitive\n"
    assert laid_out(text) == text


def test_the_order_of_facts_is_the_authors() -> None:
    text = "services: []\nproduct: {title: x, id: z}\nschema: 2\n"
    assert laid_out(text) == text


# --- what is never changed --------------------------------------------------------------------------------------------


@for_each(SHIPPED)
def test_shipped_files_are_laid_out(path: Path) -> None:
    document = load_document(path)
    assert format_text(document) == document.text


def test_comments_and_data_survive_whatever_stands_where() -> None:
    """Shipped files with comments, blank lines, other quotes and another depth strewn in."""
    rng = random.Random(20260101)
    for path in rng.sample(SHIPPED, 60 if LONG else 30):
        source = path.read_text(encoding="utf-8")
        lines: list[str] = []
        for number, line in enumerate(source.splitlines()):
            pad = " " * (len(line) - len(line.lstrip()))
            inside = _inside_a_text(source, number)
            if not inside and rng.random() < 0.1:
                lines.append(rng.choice(["", "", f"{pad}# above {number}", f"{pad}#above {number}"]))
            behind = not inside and rng.random() < 0.1 and line.endswith(("]", "}", "e", "s", ":"))
            lines.append(f"{line}   # behind {number}" if behind else line)
        text = "\n".join(lines)
        before = parse_document(text, path.name)
        after = format_text(before)
        assert parse_document(after, path.name).data == before.data
        assert comments(after) == comments(text)
        assert format_text(parse_document(after, path.name)) == after


def _inside_a_text(source: str, number: int) -> bool:
    """Whether a line is, or follows within, a value that goes over several lines."""
    for event in _events(source):
        if event.start_mark.line <= number <= event.end_mark.line and event.start_mark.line < event.end_mark.line:
            return True
    return False


_KNOWN: dict[str, list[Any]] = {}


def _events(source: str) -> list[Any]:
    if source not in _KNOWN:
        _KNOWN[source] = [event for event in yaml.parse(source) if isinstance(event, yaml.ScalarEvent)]
    return _KNOWN[source]


words = st.text(st.sampled_from("ab -:#,{}[]'\"&*!|>%@`?=\\.0123电信\t"), max_size=12)
keys = st.text(st.sampled_from("abcde"), min_size=1, max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


@settings(derandomize=True, max_examples=trials(900), deadline=None)
@given(values, st.sampled_from([None, True, False]), st.sampled_from([None, '"', "'", "|", ">"]), st.integers(2, 5))
def test_any_data_in_any_style_survive(value: Any, flow: bool | None, style: str | None, indent: int) -> None:
    text = yaml.safe_dump({"a": value}, default_flow_style=flow, default_style=style, indent=indent, allow_unicode=True)
    try:
        document = parse_document(text, "any.yaml")
    except InvalidInput:  # such as tags, which PyYAML writes where every scalar is quoted
        return
    after = format_text(document)
    again = parse_document(after, "any.yaml")
    assert again.data == document.data
    assert format_text(again) == after


# --- the command ------------------------------------------------------------------------------------------------------


def test_check_names_files_and_writes_nothing(console: Console) -> None:
    console.write("policies/two.yaml", MESSY)
    console.write("policies/shop.yaml", SHOP)
    ran = console("fmt", "--check")
    assert (ran.code, ran.out) == (1, "policies/two.yaml: not in the format of vatspolicy fmt\n")
    assert (console.folder / "policies/two.yaml").read_text() == MESSY


def test_files_are_written(console: Console) -> None:
    console.write("policies/two.yaml", MESSY)
    ran = console("fmt", "policies")
    assert (ran.code, ran.out, ran.err) == (0, "", "files read: 1; changed: 1.\n")
    assert (console.folder / "policies/two.yaml").read_text(encoding="utf-8") == TIDY
    assert console("fmt", "--check", "policies/two.yaml").code == 0


def test_windows_line_ends_are_a_difference(console: Console) -> None:
    (console.folder / "a.yaml").write_bytes(b"a: 1\r\n")
    assert console("fmt", "--check", "a.yaml").code == 1
    assert console("fmt", "a.yaml").code == 0
    assert (console.folder / "a.yaml").read_bytes() == b"a: 1\n"


def test_standard_input(console: Console) -> None:
    ran = console("fmt", "-", stdin=MESSY)
    assert (ran.code, ran.out, ran.err) == (0, TIDY, "")


def test_a_difference_is_shown(console: Console) -> None:
    console.write("a.yaml", "a:   1\nb: 2")
    ran = console("fmt", "--diff", "a.yaml")
    assert ran.code == 0
    assert "-a:   1\n" in ran.out
    assert "+a: 1\n" in ran.out
    assert console("fmt", "--diff", "--check", "a.yaml").code == 1
    assert (console.folder / "a.yaml").read_text() == "a:   1\nb: 2"


def test_what_cannot_be_read_is_left_alone(console: Console) -> None:
    console.write("bad.yaml", "a: [1\n")
    console.write("good.yaml", "a:   1\n")
    ran = console("fmt", "bad.yaml", "good.yaml", "missing.yaml")
    assert ran.code == 3
    assert "bad.yaml:1:4" in ran.err
    assert (console.folder / "good.yaml").read_text() == "a: 1\n"
    assert (console.folder / "bad.yaml").read_text() == "a: [1\n"


def test_nothing_to_format(console: Console) -> None:
    assert console("fmt").code == 5
    assert console("fmt", "--textconv", "a.yaml", "--check").code == 2


# --- text for git -----------------------------------------------------------------------------------------------------


def test_layout_makes_no_difference_to_the_normal_text(console: Console) -> None:
    console.write("a.yaml", MESSY)
    console.write("b.yaml", TIDY)
    one, two = (console("fmt", "--textconv", name).out for name in ("a.yaml", "b.yaml"))
    assert one == two
    assert "- id: first  # rule two/first" in one
    assert "#" not in one.replace("# rule two/first", "").replace("# term two/busy", "").replace(
        "# article two/art-1", ""
    )


@settings(derandomize=True, max_examples=trials(600), deadline=None)
@given(values, values)
def test_different_data_have_different_normal_texts(one: Any, two: Any) -> None:
    assert (normal_text({"a": one}) == normal_text({"a": two})) is (_typed(one) == _typed(two))


def _typed(value: Any) -> Any:
    """A value that equals only its like: True is not 1."""
    match value:
        case dict():
            return {key: _typed(child) for key, child in value.items()}
        case list():
            return [_typed(child) for child in value]
        case _:
            return (type(value), value)


def test_spaces_in_an_expression_make_no_difference() -> None:
    assert clauses("a&&!( b||c.exists( x,x in  param.y) )  ||  d >= 1") == [
        "a",
        "&& !(b || c.exists(x, x in param.y))",
        "|| d >= 1",
    ]
    assert clauses('a == "x  && y"') == ['a == "x  && y"']


def test_a_file_that_cannot_be_read_is_shown_as_it_is(console: Console) -> None:
    console.write("bad.yaml", "a: [1\n")
    ran = console("fmt", "--textconv", "bad.yaml")
    assert (ran.code, ran.out) == (0, "a: [1\n")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one policy, configured as CONTRIBUTING.md says."""
    (tmp_path / "policies").mkdir()
    shutil.copy(ROOT / ".gitattributes", tmp_path)
    for name in ("vats-pilot-2024", "vats-pilot-2024.test"):
        shutil.copy(policy_file(name), tmp_path / "policies")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    git(tmp_path, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "one")
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name, value in re.findall(r"^\$ git config (diff\.vatspolicy\.\w+) '(.*)'$", text, re.MULTILINE):
        program = f'"{sys.executable}" -c "from vatspolicy.cli import main; main()"'
        git(tmp_path, "config", name, value.replace("vatspolicy fmt", f"{program} fmt"))
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, encoding="utf-8", check=True)
    return done.stdout


def edit(folder: Path, before: str, after: str, name: str = "vats-pilot-2024.yaml") -> None:
    path = folder / "policies" / name
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_git_shows_the_rule_and_no_layout(repository: Path) -> None:
    edit(
        repository,
        "term.foreign && term.carries_music && term.reaches_mainland",
        ">-\n      term.foreign\n      && term.carries_music\n      && term.reaches_mainland\n    # yes",
    )
    assert git(repository, "diff") == ""
    edit(repository, "&& term.carries_music", "|| term.carries_music")
    shown = git(repository, "diff", "-U0")
    assert [line for line in shown.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")] == [
        "-      && term.carries_music",
        "+      || term.carries_music",
    ]
    assert "@@   - id: music-in-the-pilot  # rule vats-pilot-2024/music-in-the-pilot" in shown


def test_git_names_parameters_and_tests_without_the_normal_text_too(repository: Path) -> None:
    edit(repository, "value: true}", "value: false}")
    edit(repository, "as_of: '2024-04-07'", "as_of: '2024-04-06'", "vats-pilot-2024.test.yaml")
    shown = git(repository, "diff", "-U0", "--no-textconv")
    heads = re.findall(r"^@@.*@@ (.*)$", shown, re.MULTILINE)
    assert heads[0].startswith("  - {it: opens on the launch day")
    assert heads[1].startswith("  launched:")
