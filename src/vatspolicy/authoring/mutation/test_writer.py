"""Suggested tests in the files of tests beside policies: each on a line, those of one list as rows of a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path as FilePath

from vatspolicy.authoring.formatter import format_text
from vatspolicy.authoring.mutation.suggestions import SuggestedTest, key_of
from vatspolicy.authoring.testing.cases import load_tests
from vatspolicy.authoring.testing.updates import UpdatedFile
from vatspolicy.core.documents import parse_document
from vatspolicy.core.documents.plain import Fields, Tree
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.documents.yaml_tree import YamlCollection, YamlEntry, parse_tree
from vatspolicy.core.documents.yaml_writer import build_tree, dump_yaml, write_tree
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.errors import InvalidInput

_MOST_ROWS = 64
"""Most rows of a table, as in policy-tests.schema.json."""

_SHARED = ("authority", "subject")
"""Keys that a case has for all of its rows."""


def add_tests(bundle: Bundle, tests: Iterable[SuggestedTest]) -> list[UpdatedFile]:
    """Return the files of tests with suggested tests at their end, in canonical layout.

    Raises:
        InvalidInput: A file would not be valid, as one with too many cases.
    """
    by_policy: dict[str, list[SuggestedTest]] = {}
    for test in tests:
        by_policy.setdefault(test.policy, []).append(test)
    return [_add(bundle, policy, found) for policy, found in by_policy.items()]


def _add(bundle: Bundle, id: str, tests: Sequence[SuggestedTest]) -> UpdatedFile:
    document = load_tests(bundle, bundle.policies[id])
    before = document.text if document is not None else ""
    text = before or dump_yaml({"base": {}, "cases": []})
    names = [case["it"] for case in document.data["cases"]] if document is not None else []
    tree = parse_tree(text)
    assert isinstance(tree.root, YamlCollection)
    [cases] = [entry.value for entry in tree.root.entries if entry.key is not None and entry.key.value == "cases"]
    assert isinstance(cases, YamlCollection)
    cases.flow = cases.flow and bool(cases.entries)
    cases.entries += (YamlEntry(None, _build_case(case)) for case in arrange(tests, names))
    written = parse_document(write_tree(tree), tests[0].file)
    problems = validate(written, "policy-tests", bundle.schemas)
    if problems:
        raise InvalidInput(problems)
    return UpdatedFile(FilePath(tests[0].file), before, format_text(written))


def arrange(tests: Iterable[SuggestedTest], taken: Iterable[str] = ()) -> Iterator[Fields]:
    """Yield the entries of `cases`: each test once, those that share a table as rows of it.

    `taken`: names that other cases have; an entry of the same name gets a number.
    """
    different = {key_of(test.entry): test for test in tests}.values()
    tables: dict[str, list[Fields]] = {}
    for test in different:
        tables.setdefault(_table_of(test), []).append(test.entry)
    names = Counter(taken)
    for test in different:
        rows = tables.pop(_table_of(test), [])
        for start in range(0, len(rows), _MOST_ROWS):
            part = rows[start : start + _MOST_ROWS]
            case = part[0] if len(part) == 1 else _table(test.table, part)
            names[case["it"]] += 1
            yield case if names[case["it"]] == 1 else {**case, "it": f"{case['it']} ({names[case['it']]})"}


def _table_of(test: SuggestedTest) -> str:
    """Return a text that is equal for tests that can be rows of one table, which share authorities and subject."""
    if not test.table:
        return key_of(test.entry)
    return key_of({"it": "", "table": test.table, **{name: test.entry.get(name) for name in _SHARED}})


def _table(it: str, entries: Sequence[Fields]) -> Fields:
    """Return tests as one case with rows; facts that all of them set, or remove, stand above the rows."""
    usual, _ = Counter(entry["as_of"] for entry in entries).most_common(1)[0]
    first = entries[0]
    common = {
        path: value
        for path, value in first.get("set", {}).items()
        if all(path in entry.get("set", {}) and entry["set"][path] == value for entry in entries)
    }
    removed = [path for path in first.get("unset", ()) if all(path in entry.get("unset", ()) for entry in entries)]
    rows = []
    for entry in entries:
        own = {path: value for path, value in entry.get("set", {}).items() if path not in common}
        unset = [path for path in entry.get("unset", ()) if path not in removed]
        row = {"as_of": entry["as_of"]} if entry["as_of"] != usual else {}
        rows.append({**row, **_stated(set=own, unset=unset), "expect": entry["expect"]})
    kept = {name: first[name] for name in _SHARED if name in first}
    return {"it": it, "as_of": usual, **_stated(set=common, unset=removed), "rows": rows, **kept}


def _stated(**parts: Tree) -> dict[str, Tree]:
    """Return the parts that are not empty."""
    return {name: part for name, part in parts.items() if part}


def _build_case(case: Fields) -> YamlCollection:
    """Return a case as YAML on one line; a table on one line for each row."""
    tree = build_tree(case, flow=True)
    assert isinstance(tree, YamlCollection)
    if "rows" in case:
        tree.flow = False
        [rows] = [entry.value for entry in tree.entries if entry.key is not None and entry.key.value == "rows"]
        assert isinstance(rows, YamlCollection)
        rows.flow = False
    return tree
