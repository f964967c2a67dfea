"""Tests that would kill a survivor: made from profiles, and written next to the policies.

A suggested test expects the state that the law has now. Its author compares that with the article.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from vatspolicy.authoring.formatter import format_text
from vatspolicy.authoring.mutation.distinction import Distinction, MutantComparison
from vatspolicy.authoring.mutation.mutants import Mutant
from vatspolicy.authoring.mutation.ruleset import AlteredBundle, apply_mutant
from vatspolicy.authoring.mutation.run import MutationTrial
from vatspolicy.authoring.testing.case_names import Changes, name_by_facts
from vatspolicy.authoring.testing.cases import Case, load_tests, read_case_profile, whole_base
from vatspolicy.authoring.testing.rule_states import state_of, subjects
from vatspolicy.authoring.testing.updates import UpdatedFile
from vatspolicy.core.documents import parse_document
from vatspolicy.core.documents.plain import Facts, Fields, Tree
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.documents.yaml_tree import YamlCollection, YamlEntry, parse_tree
from vatspolicy.core.documents.yaml_writer import build_tree, dump_yaml, write_inline, write_tree
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.files import TESTS_ENDING
from vatspolicy.core.policies.model import Policy, Rule
from vatspolicy.core.profile.profile import Profile
from vatspolicy.errors import InvalidInput

FIRST_DAY, LIKELY_DAY = "0001-01-01", "2000-01-01"
_MADE_UP = {"schema", "product.id"}


@dataclass(frozen=True)
class SuggestedTest:
    """A test that passes on the law and fails on a mutant."""

    policy: str
    file: str
    """File of tests that it belongs to."""
    entry: Fields
    """The entry of `cases`."""
    table: str = ""
    """Name of the table that it can be a row of; empty if it stands alone."""

    @property
    def text(self) -> str:
        """The entry as a line of YAML."""
        return f"- {write_inline(build_tree(self.entry, flow=True))}"


@dataclass
class _CasesFile:
    """The tests of a policy, as suggestions need them."""

    policy: Policy
    name: str
    base: Fields
    days: list[str]
    """Days of the cases, the most frequent first."""


@dataclass
class SuggestionMaker:
    """Makes tests of a bundle's policies from profiles that distinguish a mutant from the law."""

    trial: MutationTrial
    _files: dict[str, _CasesFile] = field(default_factory=dict)

    @property
    def bundle(self) -> Bundle:
        """The law."""
        return self.trial.bundle

    def suggest(self, mutant: Mutant) -> SuggestedTest | None:
        """Return a test that kills a mutant, or None if the solver is not installed or finds none."""
        other = apply_mutant(self.bundle, mutant)
        try:
            tests = (self._make(mutant, other, one) for one in MutantComparison(self.bundle, mutant).find())
            return next((test for test in tests if test is not None), None)
        except RecursionError:
            return None

    def _smallest(self, comparison: _Comparison, changes: Changes, day: str) -> tuple[Changes, str]:
        """Return the fewest changes that show the difference, on a day of other tests if possible."""
        day = next((usual for usual in comparison.file.days if comparison.differs(changes, usual)), day)
        changes = comparison.reduce(changes, day)
        return changes, next((usual for usual in comparison.file.days if comparison.differs(changes, usual)), day)

    def case_of(self, test: SuggestedTest) -> Case:
        """Return a suggested test as a case that can be run."""
        return _case_of(self.bundle, self.file_of(self.bundle.policies[test.policy]), test.entry)

    def file_of(self, policy: Policy) -> _CasesFile:
        """Return the tests of a policy."""
        if policy.id not in self._files:
            document = load_tests(self.bundle, policy)
            data = document.data if document is not None else {"base": {}, "cases": []}
            days = Counter(case["as_of"] for case in data["cases"])
            name = policy.file.removesuffix(".yaml") + TESTS_ENDING
            self._files[policy.id] = _CasesFile(policy, name, data["base"], [day for day, _ in days.most_common()])
        return self._files[policy.id]

    def _make(self, mutant: Mutant, other: AlteredBundle, distinction: Distinction) -> SuggestedTest | None:
        rule = distinction.rule
        file = self.file_of(self.bundle.policies[rule.policy])
        comparison = _Comparison(self.bundle, other, mutant, rule, file, distinction.instrument)
        found: list[tuple[Changes, str]] = []
        for profile in (distinction.profile, *_by_company(distinction.profile)):
            base = whole_base(file.base)
            changes = tuple(_changes(base, _with_names_of(base, profile)))
            if comparison.differs(changes, distinction.as_of):
                found.append(self._smallest(comparison, changes, distinction.as_of))
        if not found:
            return None
        entry = comparison.entry(*min(found, key=lambda one: _size(one[0])))
        if not comparison.kills(entry):
            return None
        return SuggestedTest(rule.policy, file.name, entry, mutant.table.replace("{rule}", rule.id))


@dataclass
class _Comparison:
    """States of one rule under the law and under a mutant, for profiles near the base of a file of tests."""

    bundle: Bundle
    other: Bundle
    mutant: Mutant
    rule: Rule
    file: _CasesFile
    instrument: str | None
    """The instrument whose authorities the test expects, if the mistake is about them."""
    certain: bool = False
    """True if the first profile is decided on both sides, so that the others must be, too."""
    started: bool = False

    def profile(self, changes: Changes) -> Profile | None:
        """Return the base with changes, or None if that is not a profile."""
        entry = {"set": {p: v for p, v in changes if v is not None}, "unset": [p for p, v in changes if v is None]}
        try:
            return read_case_profile(whole_base(self.file.base), entry, "suggestion", self.bundle.schemas)
        except (InvalidInput, KeyError, TypeError, ValueError):
            return None

    def differs(self, changes: Changes, day: str) -> bool:
        """Return True if a test on this profile and day fails on the mutant."""
        profile = self.profile(changes)
        if profile is None or day < self.bundle.covers_from:
            return False
        sides = [self.observe(bundle, profile, day) for bundle in (self.bundle, self.other)]
        if self.instrument is not None:
            return sides[0] != sides[1] and "" not in sides[0].values()
        found = [set(side.values()) or {"silent"} for side in sides]
        certain = all("unknown" not in states for states in found)
        if not self.started:
            self.started, self.certain = True, certain
        if self.certain and not certain:
            return False
        return found[0] != found[1] if len(found[0]) == 1 else sides[0] != sides[1]

    def observe(self, bundle: Bundle, profile: Profile, day: str) -> Mapping[str, str]:
        """Return the state of the rule by subject; for authorities, those of the last subject."""
        ruleset = bundle.on(day)
        found = list(subjects(ruleset, profile, day))
        if self.instrument is not None:
            return {"": " ".join(ruleset.authorities(self.instrument, found[-1][2])) if found else ""}
        return {
            name: state_of(ruleset, self.rule, activation) for each, name, activation in found if each == self.rule.each
        }

    # --- fewer facts

    def reduce(self, changes: Changes, day: str) -> Changes:
        """Return the changes necessary for the difference."""
        likely = tuple((path, _likely(value)) for path, value in changes)
        changes = likely if self.differs(likely, day) else changes
        refused: set[str] = set()
        while True:
            for smaller in _smaller(changes):
                key = repr(smaller)
                if key not in refused and self.differs(smaller, day):
                    changes = smaller
                    break
                refused.add(key)
            else:
                return changes

    # --- the test

    def entry(self, changes: Changes, day: str) -> dict[str, Tree]:
        """Return the entry of `cases`."""
        profile = self.profile(changes)
        assert profile is not None
        states, others = (self.observe(bundle, profile, day) for bundle in (self.bundle, self.other))
        entry: dict[str, Tree] = {"it": name_by_facts(self.rule.id, day, changes, self.bundle.schemas), "as_of": day}
        sets, unset = {p: v for p, v in changes if v is not None}, [p for p, v in changes if v is None]
        entry |= {"set": sets} if sets else {}
        entry |= {"unset": unset} if unset else {}
        if self.instrument is not None:
            bodies = states[""].split()
            ruleset = self.bundle.on(day)
            own = {
                state_of(ruleset, self.rule, activation)
                for each, _, activation in subjects(ruleset, profile, day)
                if each == self.rule.each
            }
            return {
                **entry,
                "expect": {self.rule.id: min(own, default="silent")},
                "authority": {self.instrument: bodies},
            }
        if len(set(states.values())) > 1:
            subject = next(name for name in states if states[name] != others.get(name))
            return {**entry, "expect": {self.rule.id: states[subject]}, "subject": subject}
        return {**entry, "expect": {self.rule.id: next(iter(states.values()), "silent")}}

    def kills(self, entry: Fields) -> bool:
        """Return True if a test passes on the law and fails on the mutant."""
        here, there = (_case_of(bundle, self.file, entry) for bundle in (self.bundle, self.other))
        return not here.run() and bool(there.run())


def _case_of(bundle: Bundle, file: _CasesFile, entry: Fields) -> Case:
    profile = read_case_profile(whole_base(file.base), entry, file.name, bundle.schemas)
    name = f"{file.policy.id}: it {entry['it']}"
    return Case(file.name, 1, name, bundle, profile, entry["as_of"], entry, file.policy)


# --- changes of a base


def _changes(base: Tree, data: Tree, path: str = "") -> Iterator[tuple[str, Tree]]:
    """Yield the changes from a base to `data`. Invented names of a witness become those of the base."""
    data = _plain(data)
    if data == base or path in _MADE_UP:
        return
    if isinstance(base, Mapping) and isinstance(data, Mapping):
        for key in dict.fromkeys((*base, *data)):
            inner = f"{path}.{key}" if path else str(key)
            if key not in data:
                yield from [(inner, None)] if inner not in _MADE_UP and not inner.endswith(".id") else []
            else:
                yield from _changes(base.get(key), data[key], inner)
    elif path == "services" and isinstance(base, list):
        for index, (one, two) in enumerate(zip(base, data, strict=False)):
            yield from _changes(one, two, f"services.{index}")
        yield from ((f"services.{index}", data[index]) for index in range(len(base), len(data)))
        yield from ((f"services.{index}", None) for index in reversed(range(len(data), len(base))))
    elif isinstance(data, Mapping) and not data and base is None:
        return
    else:
        yield path, data


def _with_names_of(base: Fields, profile: Facts) -> Facts:
    """Return a profile whose services have the ids of those of a base."""
    pairs = list(zip(profile["services"], base["services"], strict=False))
    names = {one["id"]: two["id"] for one, two in pairs}
    services = [{**one, "id": two["id"]} for one, two in pairs] + profile["services"][len(pairs) :]
    opinions = [
        {**one, "service": names.get(one["service"], one["service"])} if "service" in one else one
        for one in profile.get("opinions", ())
    ]
    return {**profile, "services": services, **({"opinions": opinions} if opinions else {})}


def _by_company(data: Facts) -> Iterator[Facts]:
    """Yield a profile whose company is the operator, with the facts of the partner that operates its services."""
    if "partner" not in data:
        return
    services = [
        {**one, "operated_by": "company"} if one.get("operated_by") in ("partner", "contract-controlled") else one
        for one in data["services"]
    ]
    deals = [{**one, "target": "company"} if one.get("target") == "partner" else one for one in data.get("deals", ())]
    rest = {key: value for key, value in data.items() if key not in ("partner", "deals")}
    company = {**data["company"], **data["partner"]}
    yield {**rest, "company": company, "services": services, **({"deals": deals} if deals else {})}


def _size(changes: Changes) -> int:
    """Return the amount of text in the changes."""

    def count(value: Tree) -> int:
        if isinstance(value, Mapping):
            return 1 + sum(map(count, value.values()))
        return 1 + sum(map(count, value)) if isinstance(value, list) else 1

    return sum(map(count, (value for _, value in changes)))


def _plain(data: Tree) -> Tree:
    """Return data with places written as codes where nothing else is stated of them."""
    if isinstance(data, Mapping):
        return data["at"] if data.keys() == {"at"} else {key: _plain(value) for key, value in data.items()}
    return [_plain(value) for value in data] if isinstance(data, list) else data


def _smaller(changes: Changes) -> Iterator[Changes]:
    """Yield the changes with less in them: half of them, all but one that removes or sets a fact, a smaller value."""
    if len(changes) > 3:
        half = len(changes) // 2
        yield from (changes[:half], changes[half:])
    for removed in (True, False):
        for index, (_, value) in enumerate(changes):
            if (value is None) is removed:
                yield (*changes[:index], *changes[index + 1 :])
    for index, (path, value) in enumerate(changes):
        for less in _parts(value):
            yield (*changes[:index], (path, less), *changes[index + 1 :])


def _likely(value: Tree) -> Tree:
    """Return a value with a likely day in place of the first day of the calendar, which a solver prefers."""
    if isinstance(value, Mapping):
        return {key: _likely(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_likely(inner) for inner in value]
    return LIKELY_DAY if value == FIRST_DAY else value


def _parts(value: Tree) -> Iterator[Tree]:
    """Yield a value without one of its members or facts."""
    if isinstance(value, list):
        for index, member in enumerate(value):
            if len(value) > 1:
                yield [*value[:index], *value[index + 1 :]]
            yield from ([*value[:index], less, *value[index + 1 :]] for less in _parts(member))
    elif isinstance(value, Mapping):
        for key in value:
            if len(value) > 1 and key != "id":
                yield {name: kept for name, kept in value.items() if name != key}


def key_of(entry: Fields) -> str:
    """Return a text that is equal for tests that differ in their name only."""
    return json.dumps({name: value for name, value in entry.items() if name != "it"}, sort_keys=True)


# --- suggested tests in the files of tests beside policies: each on a line, those of one list as rows of a table


PROPOSED = "# Proposed by `vatspolicy test --write-tests` from here on."
"""Comment above the first proposed test; tests by counsel are above it."""

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
    added = [YamlEntry(None, _build_case(case)) for case in arrange(tests, names)]
    if PROPOSED not in text:
        added[0].lead.append(PROPOSED)
    cases.entries += added
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
    """Return tests as one case with rows; facts that all of them set, or remove, are above the rows."""
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
