"""Checks of tests and fixtures: the names in their expectations exist."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath

from vatspolicy.authoring.lint.policy_checks import CheckedPolicy, Found
from vatspolicy.authoring.testing.case_names import find_marks
from vatspolicy.authoring.testing.cases import fixture_cases, load_tests, test_entries
from vatspolicy.core.documents import Document, Path
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Policy
from vatspolicy.core.profile.vocabulary import words
from vatspolicy.errors import InvalidInput, Problem, suggest
from vatspolicy.i18n import _


def tests(file: CheckedPolicy) -> Found:
    """Yield unknown rules and instruments in the tests of a policy."""
    document = load_tests(file.bundle, file.policy)
    if document is None:
        return
    rules = [rule.id for rule in file.policy.rules]
    for entry, case in test_entries(document):
        for name in case["expect"]:
            if name not in rules:
                place: Path = (*entry, "expect", name)
                message = _("There is no rule {name!r} in this file.", name=name)
                yield "unknown-name", document.problem(place, message, suggest(name, rules), key=True)
        for name in case.get("authority", ()):
            if name not in file.bundle.instruments:
                place = (*entry[:2], "authority", name)
                message, hint = _("There is no instrument {name!r}.", name=name), suggest(name, file.bundle.instruments)
                yield "unknown-name", document.problem(place, message, hint, key=True)


def fixtures(bundle: Bundle, folder: FilePath) -> Found:
    """Yield unknown names in the expectations of fixtures, and the problems of fixtures that cannot be used."""
    rules = [rule.name for policy in bundle.policies.values() for rule in policy.rules]
    instruments = list(bundle.instruments)
    anything = [*rules, *instruments, *words("reason", bundle.schemas)]
    known = {"rules": rules, "advice": rules, "duties": instruments, "needs": instruments, "absent": anything}
    try:
        for case in fixture_cases(bundle, folder):
            for key, names in known.items():
                for name in _named(case.expect, key):
                    if name not in names:
                        message = _missing(key, name)
                        yield "unknown-name", Problem(case.file, case.line, 1, key, message, suggest(name, names))
    except InvalidInput as error:
        yield from (("invalid-fixture", problem) for problem in error.problems)


def _named(expect: Mapping[str, Iterable[str]], key: str) -> Iterable[str]:
    """Return the names under a key; a need has an instrument, a class and a route."""
    return [name.partition(" ")[0] if key == "needs" else name for name in expect.get(key, ())]


def _missing(key: str, name: str) -> str:
    if key in ("rules", "advice"):
        return _("There is no rule {name!r}.", name=name)
    return (
        _("There is no rule, instrument or reason {name!r}.", name=name)
        if key == "absent"
        else _("There is no instrument {name!r}.", name=name)
    )


def marked_words(documents: Iterable[Document]) -> Found:
    """Yield the marks that an update of expectations has left at names and comments."""
    for document in documents:
        for line in find_marks(document):
            message = _("An update changed what this test expects.")
            hint = _("Correct its name and comments where they no longer fit, then delete this line.")
            yield "words-to-check", Problem(document.file, line, 1, "", message, hint)


def documents_of_tests(bundle: Bundle, policies: Iterable[Policy]) -> Iterable[Document]:
    """Yield the test files next to policies."""
    for policy in policies:
        document = load_tests(bundle, policy)
        if document is not None:
            yield document
