"""Open files, their laws, and their findings."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from vatspolicy.authoring.analysis.settings import find_setting_problems
from vatspolicy.authoring.lint.finding import LintFinding
from vatspolicy.authoring.lint.run import run_lint
from vatspolicy.authoring.testing.cases import cases_of
from vatspolicy.authoring.testing.runner import CaseResult, run_cases
from vatspolicy.core.documents import Document, Path, parse_document
from vatspolicy.core.documents.reader import LIMITS
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.policies.files import HEAD, RELEASE, TESTS_ENDING
from vatspolicy.core.profile.profile import explain_spec, read_profile
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import Language
from vatspolicy.language_server import findings, kinds
from vatspolicy.language_server.editor_text import UTF_16, EditorText
from vatspolicy.language_server.findings import EditorFinding
from vatspolicy.language_server.law import EditedLaw, Problems, absolute, by_file
from vatspolicy.language_server.mentions import Owners

Findings = dict[str, list[EditorFinding]]
"""Findings by the absolute path of their file."""
Folders = tuple[FilePath | None, tuple[FilePath, ...]]
"""The base of a law, None for the shipped one, and its layers."""
_STRAY = ""
"""Policy of a test file without a policy."""


@dataclass
class Project:
    """The open files and their laws. Not thread-safe."""

    today: Callable[[], str]
    lang: Language = "en"
    named: Folders = (None, ())
    """The law for specs from `--law` and `-p`; by default, the folder around a spec."""
    encoding: str = UTF_16
    texts: dict[str, str] = field(default_factory=dict)
    """Open files by absolute path."""
    results: dict[str, tuple[CaseResult, ...]] = field(default_factory=dict)
    """Results of the tests of policies, by the id of the policy."""
    _parsed: dict[str, tuple[str, Document | None]] = field(default_factory=dict)
    """Files with the document in each."""
    _checked: dict[str, str] = field(default_factory=dict)
    """Open files with the text applied to their law."""
    _laws: dict[Folders, EditedLaw] = field(default_factory=dict)
    _shown: dict[str, tuple[str, EditorText]] = field(default_factory=dict)
    """Files with their last requested content and its text."""

    # --- files and laws

    def text(self, file: str) -> EditorText:
        """Return the text of a file, from the editor if open, else from disk; empty if it cannot be read."""
        content = self.texts.get(file)
        if content is None:
            content = read_from_disk(file) or ""
        kept = self._shown.get(file)
        if kept is None or kept[0] != content or kept[1].encoding != self.encoding:
            kept = self._shown[file] = content, EditorText.of(content, self.encoding)
        return kept[1]

    def law_of(self, file: str) -> EditedLaw:
        """Return the law that contains a file, or that decides it."""
        return self._law(self._folders(file))

    def _law(self, folders: Folders) -> EditedLaw:
        law = self._laws.get(folders)
        if law is None:
            law = self._laws[folders] = EditedLaw(*folders, self.texts)
            law.load()
        elif law.stale:
            law.load()
        return law

    def _folders(self, file: str) -> Folders:
        base, layers = self.named
        folder = kinds.find_law_folder(file)
        if folder is None:
            if not any(self.named):
                base = next(
                    (parent / "policies" for parent in FilePath(file).parents if _is_base(parent / "policies")), None
                )
            return base, layers
        own = [None if base is None else absolute(base), *map(absolute, layers)]
        if absolute(folder) in own:
            return base, layers[: own.index(absolute(folder))]
        return (folder, ()) if _is_base(folder) else (base, (folder,))

    def kind_of(self, file: str) -> str | None:
        """Return the name of the schema of a file; None for a file that vatspolicy does not read."""
        return kinds.find_kind(file, self.text(file).content, self.law_of(file).schemas)

    def document(self, file: str) -> Document | None:
        """Return a file as a document, from the editor or from disk; None if it cannot be read."""
        content = self.text(file).content
        kept = self._parsed.get(file)
        if kept is None or kept[0] != content:
            try:
                kept = content, parse_document(content, file)
            except InvalidInput:
                kept = content, None
            self._parsed[file] = kept
        return kept[1]

    def owners(self, file: str) -> Owners:
        """Return the policies whose names a file may use, from its open text or its last valid state."""
        law = self.law_of(file)
        policy = law.policy_of(file)
        if policy is None:
            return Owners(_STRAY, {}, ())
        document = None if file.endswith(TESTS_ENDING) else self.document(file)
        return law.names_of(policy.id, None if document is None else document.data)

    def laws_with(self, file: str) -> list[EditedLaw]:
        """Return every known law that contains the folder of a file: laws of open files, and the law of the options."""
        keys = dict.fromkeys(self._folders(edited) for edited in [file, *self.texts])
        if any(self.named):
            keys[self.named] = None
        folder = kinds.find_law_folder(file)
        laws = {law.folders: law for law in map(self._law, keys)}
        return [law for law in laws.values() if folder is not None and absolute(folder) in law.folders]

    def forget(self) -> None:
        """Read every law again when it is needed: files have changed on disk."""
        for law in self._laws.values():
            law.stale = True
        self.results.clear()
        self._checked.clear()

    # --- findings

    def check(self, file: str) -> Findings:
        """Return the loader's findings in a file, and resulting findings in others. Apply a valid policy to its law."""
        law, kind = self.law_of(file), self.kind_of(file)
        self._checked[file] = self.texts.get(file, "")
        problems: Problems = {file: []}
        if kind == kinds.POLICY and kinds.find_law_folder(file) is not None:
            problems |= law.edit_policy(file)
            self.results.clear()  # including policies that use it
        elif kind in (kinds.BUNDLE, kinds.LAYER):
            law.load()
            problems |= law.problems
        elif kind is not None:
            problems |= by_file(self._problems(file, kind, law))
            if kind == kinds.TESTS and not problems[file]:
                law.edit_tests(file)
                policy = law.policy_of(file)
                self.results.pop(policy.id if policy else "", None)
        return {name: findings.of_problems(here, self.text(name), self.lang) for name, here in problems.items()}

    def _problems(self, file: str, kind: str, law: EditedLaw) -> list[Problem]:
        try:
            document = parse_document(self.texts[file], file)
            if kind == kinds.PROFILE:
                read_profile(document, law.schemas)
                return []
            problems = validate(document, kind, law.schemas)
            return problems or (find_setting_problems(document) if kind == kinds.SETTINGS else [])
        except InvalidInput as error:
            return list((explain_spec(error, law.schemas) if kind == kinds.PROFILE else error).problems)

    def lint(self, file: str) -> Findings:
        """Return lint's findings in the policy of a file, or of its tests, and in these tests."""
        law = self.law_of(file)
        policy = law.policy_of(file)
        if law.bundle is None or policy is None or kinds.find_law_folder(file) is None:
            return {file: []}
        policy_file = absolute(policy.file)
        tests = kinds.tests_file(policy_file)
        try:
            report = run_lint(law.bundle, today=self.today(), only=[policy])
        except InvalidInput as error:  # in its tests, which may be in another file
            problems = by_file(error.problems)
            return {name: findings.of_problems(own, self.text(name), self.lang) for name, own in problems.items()}
        of_file: dict[str, list[LintFinding]] = {policy_file: []}
        if self.text(tests).content:
            of_file[tests] = []
        for finding in report.findings:
            of_file.setdefault(absolute(finding.problem.file), []).append(finding)
        return {name: findings.of_lint(group, self.text(name), self.lang) for name, group in of_file.items()}

    # --- tests

    def run_tests(self, file: str) -> tuple[CaseResult, ...]:
        """Run the tests of the policy of a file, unless their results are known; none if they cannot run."""
        self.take(file)
        law = self.law_of(file)
        policy = law.policy_of(file)
        if law.bundle is None or policy is None:
            return ()
        if policy.id not in self.results:
            try:
                self.results[policy.id] = run_cases(cases_of(law.bundle, policy))
            except InvalidInput:
                self.results[policy.id] = ()
        return self.results[policy.id]

    def run_case(self, file: str, place: Path) -> CaseResult | None:
        """Run one test of a policy now; None if the test does not exist."""
        self.take(file)
        law = self.law_of(file)
        policy = law.policy_of(file)
        if law.bundle is None or policy is None:
            return None
        try:
            cases = [case for case in cases_of(law.bundle, policy) if case.place == place]
        except InvalidInput:
            return None
        return run_cases(cases)[0] if cases else None

    def take(self, file: str) -> None:
        """Apply a policy and its tests to their law in their current state, if necessary."""
        for changed in (kinds.policy_file(file), kinds.tests_file(file)):
            if changed in self.texts and self._checked.get(changed) != self.texts[changed]:
                self.check(changed)


def read_from_disk(file: str) -> str | None:
    """Return the text of a file; None for a device, a pipe, and a file that is too large or cannot be read."""
    try:
        if not os.path.isfile(file):
            return None
        with open(file, "rb") as stream:
            content = stream.read(LIMITS.size + 1)
        return content.decode("utf-8") if len(content) <= LIMITS.size else None
    except (OSError, ValueError):
        return None


def _is_base(folder: FilePath) -> bool:
    return (folder / RELEASE).is_file() and not (folder / HEAD).is_file()
