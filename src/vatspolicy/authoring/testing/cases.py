"""Test cases: the tests next to policies, and fixtures, which are profiles with expected decisions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import NamedTuple

from vatspolicy.authoring.testing.decision_differences import decision_reasons, differences
from vatspolicy.authoring.testing.rule_states import explain_state, name_state, state_of, subjects
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.documents import Document, Path, load_document, recall_document
from vatspolicy.core.documents.plain import Fields, Tree
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.files import TESTS_ENDING
from vatspolicy.core.policies.model import Policy, Rule
from vatspolicy.core.policies.modelled import TESTS, Reader, UnknownField
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.edits import change
from vatspolicy.core.profile.profile import Profile, open_part, read_granted
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import Listing, _

STRAY_HINT = _("Write the tests of ID.yaml in ID.test.yaml, in the same folder.")


class ObservedRule(NamedTuple):
    """A rule that a test names, with the states that it has for the subjects of the profile."""

    id: str
    rule: Rule | None
    """None if the policy has no such rule."""
    wanted: str
    states: Mapping[str, list[Activation]]
    """Activations by the state that they give."""

    @property
    def differs(self) -> bool:
        """True if the state differs from the expected state; an unmet need fires."""
        found = set(self.states)
        return found != {self.wanted} and not (self.wanted == "fires" and found == {"unmet"})


@dataclass(frozen=True)
class Case:
    """One test of a policy, or one expected decision of a fixture."""

    file: str
    line: int
    name: str
    bundle: Bundle
    profile: Profile
    as_of: str
    expect: Fields
    policy: Policy | None
    """The policy whose rules are tested; None for a fixture."""
    place: Path = ()
    """Place of the entry in the file of the expectations."""

    @property
    def skipped(self) -> str | None:
        """Reason for skipping the case, or None. A skipped case does not count for coverage."""
        reason: str | None = self.expect.get("skip")
        return reason

    def run(self) -> list[str]:
        """Return one sentence for each difference from the expectation; none if the test passes."""
        if self.policy is None:
            return list(differences(evaluate(self.bundle, self.profile, self.as_of), self.expect))
        return [*self._state_differences(), *self._authority_differences()]

    def explain(self) -> list[str]:
        """Return a sentence for each clause that decides the difference: the clause, its value, the facts it reads."""
        ruleset = self.bundle.on(self.as_of)
        if self.policy is None:
            return list(decision_reasons(self.bundle, self.profile, self.as_of, self.expect))
        return [
            sentence
            for observed in self.observe()
            if observed.differs and observed.rule is not None
            for activation in [activation for state in observed.states.values() for activation in state]
            for sentence in explain_state(self.bundle, ruleset, observed.rule, activation)
        ]

    def observe(self) -> Iterator[ObservedRule]:
        """Yield the rules that a test of a policy names, with the states that they have."""
        assert self.policy is not None
        ruleset, scopes = self._scopes()
        for id, state in self.expect["expect"].items():
            rule = next((rule for rule in self.policy.rules if rule.id == id), None)
            found: dict[str, list[Activation]] = {}
            for each, _name, activation in scopes:
                if rule is not None and each == rule.each:
                    found.setdefault(state_of(ruleset, rule, activation), []).append(activation)
            yield ObservedRule(id, rule, state, found or {"silent": []})

    def authorities(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the instruments for which a test expects authorities, each with its own ones."""
        ruleset, scopes = self._scopes()
        activation = scopes[-1][2] if scopes else None
        for instrument in self.expect.get("authority", {}):
            known = activation is not None and instrument in ruleset.instruments
            yield instrument, ruleset.authorities(instrument, activation) if known and activation is not None else ()

    def _scopes(self) -> tuple[RuleSet, list[tuple[str, str, Activation]]]:
        """Return the rule set of the day, and the subjects of the test."""
        ruleset, wanted = self.bundle.on(self.as_of), self.expect.get("subject")
        found = subjects(ruleset, self.profile, self.as_of)
        return ruleset, [subject for subject in found if wanted in (None, subject[1])]

    def _state_differences(self) -> Iterator[str]:
        for observed in self.observe():
            states = [name_state(state) for state in sorted(observed.states)]
            if observed.rule is None:
                yield _("There is no rule {name!r} in this file.", name=observed.id)
            elif len(states) > 1:
                yield _(
                    "{id} is {found} for several subjects; choose one under subject.",
                    id=observed.id,
                    found=Listing(states, "and"),
                )
            elif observed.differs:
                yield _(
                    "{id} is {found}, not {state}.", id=observed.id, found=states[0], state=name_state(observed.wanted)
                )

    def _authority_differences(self) -> Iterator[str]:
        for instrument, actual in self.authorities():
            bodies = self.expect["authority"][instrument]
            if set(actual) != set(bodies):
                yield _(
                    "The authority for {instrument} is {found}, not {bodies}.",
                    instrument=instrument,
                    found=Listing(actual or [_("nobody")]),
                    bodies=Listing(bodies),
                )


def policy_cases(bundle: Bundle) -> Iterator[Case]:
    """Yield every test of the policies of a bundle, or of its top layer if it has layers.

    Raises InvalidInput for tests that cannot be run.
    """
    if stray := list(stray_tests(bundle)):
        raise InvalidInput(stray)
    for policy in bundle.own_policies:
        yield from cases_of(bundle, policy)


def cases_of(bundle: Bundle, policy: Policy) -> Iterator[Case]:
    """Yield the tests of a policy `x.yaml` from `x.test.yaml`; none if that file does not exist.

    Raises InvalidInput for a file of another form, when a test's facts are not a profile, and for a field of the
    policy that the test runner does not know.
    """
    document = load_tests(bundle, policy)
    if document is None:
        return
    refuse_unknown_fields(policy, TESTS)
    base = whole_base(document.data["base"])
    for place, entry in test_entries(document):
        line, _ = document.mark(place)
        profile = read_case_profile(base, entry, f"{document.file}:{line}", bundle.schemas)
        name = f"{policy.id}: it {entry['it']}"
        yield Case(document.file, line, name, bundle, profile, entry["as_of"], entry, policy, place)


def refuse_unknown_fields(policy: Policy, reader: Reader) -> None:
    """Raise InvalidInput for a rule of a policy with a field that a reader of the law does not know."""
    for rule in policy.rules:
        try:
            reader.check([rule])
        except UnknownField as error:
            problem = Problem(policy.file, rule.line, 1, "", _("{reason}.", reason=error))
            raise InvalidInput([problem]) from None


def test_entries(document: Document) -> Iterator[tuple[Path, dict[str, Tree]]]:
    """Yield the cases of a file of tests, each with its place. Each row of a matrix is its own case.

    A row changes facts on top of its case; its name says which.
    """
    for index, entry in enumerate(document.data["cases"]):
        if "rows" not in entry:
            yield ("cases", index), entry
        for number, row in enumerate(entry.get("rows", ())):
            changes = dict.fromkeys((*row.get("set", {}), *row.get("unset", ())))
            told = [row["as_of"]] if "as_of" in row else []
            told += [f"{path}: {_shown(row.get('set', {}).get(path))}" for path in changes]
            merged = {
                "it": f"{entry['it']} ({', '.join(told) or number + 1})",
                "as_of": row.get("as_of", entry["as_of"]),
                "set": {**entry.get("set", {}), **row.get("set", {})},
                "unset": [*(path for path in entry.get("unset", ()) if path not in changes), *row.get("unset", ())],
                "expect": row["expect"],
            }
            kept = {key: entry[key] for key in ("skip", "authority", "subject") if key in entry}
            yield ("cases", index, "rows", number), {**merged, **kept}


def _shown(value: Tree) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def load_tests(bundle: Bundle, policy: Policy) -> Document | None:
    """Return the tests next to a policy (policy-tests.schema.json), or None. Raises InvalidInput."""
    document = bundle.tests_of(policy)
    problems = validate(document, "policy-tests", bundle.schemas) if document is not None else []
    if problems:
        raise InvalidInput(problems)
    return document


def stray_tests(bundle: Bundle) -> Iterator[Problem]:
    """Yield a problem for each test file in the policies folder that is not next to its policy."""
    beside = {policy.file.removesuffix(".yaml") + TESTS_ENDING for policy in bundle.policies.values()}
    folder = bundle.layers[-1].folder if bundle.layers else bundle.folder
    for path in sorted(FilePath(folder).rglob(f"*{TESTS_ENDING}")) if beside else ():
        if str(path) not in beside:
            yield Problem(str(path), 1, 1, "", _("No policy belongs to these tests."), STRAY_HINT)


def whole_base(base: Fields) -> dict[str, Tree]:
    """Return a base with the keys that every profile has."""
    return {"schema": 2, "product": {"id": "test"}, "company": {}, "services": [], **base}


def read_case_profile(base: Fields, entry: Fields, where: str, schemas: SchemaSet) -> Profile:
    """Return the profile of a case: the base with the changes of the case. Raises InvalidInput."""
    document = recall_document(json.dumps(base, ensure_ascii=False).encode(), where)  # cases of a file share its base
    return read_granted(change(document, _changes(entry)), schemas)


def _changes(entry: Fields) -> Iterable[tuple[str, Tree]]:
    yield from entry.get("set", {}).items()
    yield from ((path, None) for path in entry.get("unset", []))


def fixture_cases(bundle: Bundle, folder: FilePath) -> Iterator[Case]:
    """Yield every expected decision of the fixtures of a folder. Raises InvalidInput for an invalid fixture."""
    for path in sorted(folder.rglob("*.yaml")):
        if not path.name.endswith(".expect.yaml"):
            yield from one_fixture(bundle, path)


def one_fixture(bundle: Bundle, path: FilePath) -> Iterator[Case]:
    """Yield the expected decisions of a profile `x.yaml` from `x.expect.yaml`."""
    beside = path.with_name(path.name.removesuffix(".yaml") + ".expect.yaml")
    if not beside.is_file():
        raise InvalidInput(
            [Problem(str(path), 1, 1, "", _("{name} is missing next to this fixture.", name=beside.name))]
        )
    expected = load_document(beside)
    problems = validate(expected, "fixture", bundle.schemas)
    if problems:
        raise InvalidInput(problems)
    document = load_document(path)
    for index, entry in enumerate(expected.data["decisions"]):
        line, __ = expected.mark(("decisions", index))
        part = entry.get("part", "")
        profile = read_granted(open_part(document, part, _changes(entry), bundle.schemas), bundle.schemas)
        name = f"{path.stem}{part and f'#{part}'}: as of {entry['as_of']}" + (
            f", {entry['it']}" if "it" in entry else ""
        )
        yield Case(str(beside), line, name, bundle, profile, entry["as_of"], entry, None, ("decisions", index))
