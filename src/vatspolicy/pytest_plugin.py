"""A pytest plugin that collects the tests of policies and the fixtures.

It collects nothing unless the project says where: `vatspolicy_policies` and `vatspolicy_fixtures` in the pytest
configuration name folders, relative to the root.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from vatspolicy.i18n import _

if TYPE_CHECKING:
    from vatspolicy.authoring.testing.cases import Case
    from vatspolicy.core.policies.bundle import Bundle


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare where policies and fixtures are."""
    parser.addini("vatspolicy_policies", "folder of policies whose tests are collected", default="")
    parser.addini("vatspolicy_fixtures", "folder of fixtures that are collected", default="")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect the tests of a policy, or a fixture."""
    if file_path.suffix != ".yaml":
        return None
    config = parent.config
    policies, fixtures = (_folder(config, name) for name in ("vatspolicy_policies", "vatspolicy_fixtures"))
    path = file_path.resolve()
    if policies and path.is_relative_to(policies) and file_path.name.endswith(".test.yaml"):
        return PolicyFile.from_parent(parent, path=file_path)
    if fixtures and path.is_relative_to(fixtures) and not file_path.name.endswith(".expect.yaml"):
        return FixtureFile.from_parent(parent, path=file_path)
    return None


def _folder(config: pytest.Config, name: str) -> Path | None:
    value = config.getini(name)
    return (config.rootpath / value).resolve() if value else None


def _bundle(config: pytest.Config) -> Bundle:
    """Return the bundle, which is loaded once a session."""
    from vatspolicy.core.policies.bundle import load_bundle

    if _BUNDLE not in config.stash:
        config.stash[_BUNDLE] = load_bundle(_folder(config, "vatspolicy_policies"))
    bundle: Bundle = config.stash[_BUNDLE]
    return bundle


_BUNDLE: pytest.StashKey[Any] = pytest.StashKey()


class _File(pytest.File):
    """A file of cases. An unusable one is reported in plain lines."""

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Return the problems without a traceback."""
        from vatspolicy.errors import InvalidInput

        return str(excinfo.value) if isinstance(excinfo.value, InvalidInput) else super().repr_failure(excinfo)


class PolicyFile(_File):
    """The tests of a policy, in a file beside it."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield one item per test."""
        from vatspolicy.authoring.testing.cases import STRAY_HINT, cases_of
        from vatspolicy.errors import InvalidInput, Problem

        bundle = _bundle(self.config)
        id = self.path.name.removesuffix(".test.yaml")
        if id not in bundle.policies:
            raise InvalidInput([Problem(str(self.path), 1, 1, "", _("No policy belongs to these tests."), STRAY_HINT)])
        for case in cases_of(bundle, bundle.policies[id]):
            yield CaseItem.from_parent(self, name=case.name.partition(": ")[2], case=case)


class FixtureFile(_File):
    """A fixture with its expected decisions."""

    def collect(self) -> Iterator[pytest.Item]:
        """Yield one item per expected decision."""
        from vatspolicy.authoring.testing.cases import one_fixture

        for case in one_fixture(_bundle(self.config), self.path):
            yield CaseItem.from_parent(self, name=case.name.partition(": ")[2], case=case)


class CaseFailedError(Exception):
    """Error for a case with an unexpected result."""


class CaseItem(pytest.Item):
    """A test case of a policy or fixture."""

    def __init__(self, *, case: Case, **rest: Any) -> None:
        super().__init__(**rest)
        self.case = case
        if case.skipped is not None:
            self.add_marker(pytest.mark.skip(reason=case.skipped))

    def runtest(self) -> None:
        """Raise if the result differs from the expectation."""
        problems = self.case.run()
        if problems:
            raise CaseFailedError("\n".join([*problems, *self.case.explain()]))

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        """Return the differences without a traceback."""
        if isinstance(excinfo.value, CaseFailedError):
            return f"{self.case.file}:{self.case.line}: {self.case.name}\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return file, line (from 0) and name."""
        return self.path, self.case.line - 1, self.case.name
