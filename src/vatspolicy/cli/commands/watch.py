"""`vatspolicy watch`: lint, tests and the effect of each edit of a policy, as soon as its file is saved."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vatspolicy.cli.console import abort, print_result, report_problems, warn
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import (
    DECISION,
    INPUT,
    RULES,
    FixturesOption,
    Lang,
    LangOption,
    PoliciesOption,
    parse_day,
)
from vatspolicy.i18n import _, translate

if TYPE_CHECKING:
    from vatspolicy.authoring.edit_review import Baseline
    from vatspolicy.authoring.testing.cases import Case
    from vatspolicy.i18n import Language
    from vatspolicy.policies.bundle import Bundle
    from vatspolicy.policies.model import Policy

PAUSE = 0.2
"""Seconds between two looks at the files."""


def wait() -> None:
    """Wait until the files are looked at again."""
    time.sleep(PAUSE)


def watch(
    policies: PoliciesOption = (),
    fixtures: FixturesOption = None,
    base: Annotated[
        str,
        typer.Option(metavar="REVISION", help="Commit that each edit is compared with.", rich_help_panel=INPUT),
    ] = "HEAD",
    today: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            callback=parse_day,
            help="The day that counts as today (default: today in China).",
            rich_help_panel=DECISION,
        ),
    ] = None,
    lang: LangOption = Lang.EN,
) -> int:
    """Watch a folder of policies. When a policy or its tests are saved, run lint and the tests of that policy, and show
    the rules and the decisions of fixtures that changed since a commit, with proofs if the extra smt is installed.

    A file that cannot be read is reported, and watching goes on. Ctrl-C ends it with 0.

    Example: vatspolicy watch -p policies
    """
    from vatspolicy import clock

    if len(policies) > 1:
        abort(_("watch takes one folder of policies."))
    folder = policies[0] if policies else Path("policies")
    if not (folder / "bundle.yaml").is_file():
        abort(_("There are no policies in {folder}. Name a folder that has a bundle.yaml.", folder=folder))
    try:
        _Watch(folder, fixtures, base, today or clock.today(), lang.value).run()
    except KeyboardInterrupt:
        print_result("\n")
    return 0


class _Watch:
    """The law in memory, and the law that it was compared with."""

    def __init__(self, folder: Path, fixtures: Path | None, base: str, today: str, lang: Language) -> None:
        from vatspolicy.authoring.watched_files import WatchedFiles

        self.folder, self.fixtures, self.base, self.today, self.lang = folder, fixtures, base, today, lang
        self.files = WatchedFiles([folder, *([fixtures] if fixtures is not None else [])])
        self.cases: Sequence[Case] | None = None
        self.baseline: Baseline | None = None
        self.unsettled: list[str] = []
        """Changed rules of the last save that known products do not tell apart."""

    def run(self) -> None:
        """Answer each save until the program is interrupted."""
        bundle = self._load()
        self.baseline = self._read_baseline(bundle) if bundle is not None else None
        self._say(_("Watching {count} files in {folder}. Ctrl-C ends.", count=len(self.files), folder=self.folder))
        while True:
            wait()
            if saved := self.files.changed():
                self._answer(saved)

    def _answer(self, saved: Sequence[Path]) -> None:
        from vatspolicy.authoring.lint.run import select_policies
        from vatspolicy.errors import InvalidInput

        began = time.perf_counter()
        for path in saved:
            print_result(f"\n{path}\n")
        if self.fixtures is not None and any(path.is_relative_to(self.fixtures) for path in saved):
            self.cases = None
        bundle = self._load()
        if bundle is None:
            return
        if self.baseline is None:  # the law could not be read before
            self.baseline = self._read_baseline(bundle)
        chosen: list[Policy] = []
        for path in saved:
            try:
                chosen += (policy for policy in select_policies(bundle, [path]) if policy not in chosen)
            except InvalidInput:
                continue  # a fixture, bundle.yaml, or a file that was removed
        for text in self._tell(bundle, chosen, saved):
            print_result(text)
        self._say(_("{seconds} s", seconds=f"{time.perf_counter() - began:.1f}"))
        self._prove(bundle)

    def _prove(self, bundle: Bundle) -> None:
        """Compare the rules that known products do not tell apart over all profiles, until the next save."""
        from vatspolicy.reports.edit_review import verdict_text

        if self.baseline is not None:
            for verdict in self.baseline.prove(bundle, self.unsettled):
                print_result(f"{verdict_text(verdict, self.lang)}\n")
                if self.files.have_changed():
                    return

    def _load(self) -> Bundle | None:
        """Return the law; report its problems and return None if it cannot be loaded."""
        from vatspolicy.errors import InvalidInput
        from vatspolicy.policies.bundle import load_bundle

        try:
            return load_bundle(self.folder)
        except InvalidInput as error:
            report_problems(error)
            return None

    def _read_baseline(self, bundle: Bundle) -> Baseline | None:
        """Return the law of the commit; say why and return None if it cannot be read."""
        from vatspolicy.authoring.diff.git import SourceError
        from vatspolicy.authoring.edit_review import read_baseline
        from vatspolicy.errors import InvalidInput

        try:
            baseline = read_baseline(self.base, self.folder.parent, bundle.schemas)
            baseline.prepare(self._fixture_cases(bundle))
            return baseline
        except (SourceError, InvalidInput) as error:
            reason = str(error) if isinstance(error, SourceError) else _("its policies or a fixture cannot be loaded.")
            warn(_("edits are not compared with {base}: {reason}", base=self.base, reason=reason))
            return None

    def _tell(self, bundle: Bundle, policies: Sequence[Policy], saved: Sequence[Path]) -> Iterator[str]:
        """Yield the reports on the policies and fixtures that were saved. What cannot be read is reported aside."""
        from vatspolicy.authoring.lint.run import run_lint
        from vatspolicy.authoring.testing.cases import cases_of
        from vatspolicy.authoring.testing.runner import RunResult, run_cases
        from vatspolicy.errors import InvalidInput
        from vatspolicy.reports import edit_review, lint, test_run

        lang, self.unsettled = self.lang, []
        try:
            if policies:
                yield lint.text(run_lint(bundle, today=self.today, only=policies), lang)
            cases = [case for policy in policies for case in cases_of(bundle, policy)]
            cases += (case for case in self._fixture_cases(bundle) if any(_is_of(case, path) for path in saved))
            if cases:
                yield test_run.text(RunResult(bundle, run_cases(cases)), lang)
            if self.baseline is not None:
                for policy in policies:
                    review = self.baseline.review(bundle, policy.id, self._fixture_cases(bundle))
                    self.unsettled += review.open_rules
                    yield edit_review.text(review, self.base, lang)
        except InvalidInput as error:
            report_problems(error)

    def _fixture_cases(self, bundle: Bundle) -> Sequence[Case]:
        """Return the expected decisions of all fixtures, under this law. Raises InvalidInput."""
        import dataclasses

        from vatspolicy.authoring.testing.cases import fixture_cases

        if self.cases is None:
            self.cases = list(fixture_cases(bundle, self.fixtures)) if self.fixtures is not None else []
            if self.baseline is not None:
                self.baseline.prepare(self.cases)
        return [dataclasses.replace(case, bundle=bundle) for case in self.cases]

    def _say(self, message: str) -> None:
        print_result(f"{translate(message, self.lang)}\n")


def _is_of(case: Case, path: Path) -> bool:
    """Return whether a file holds a fixture or its expectations."""
    return path.name.removesuffix(".yaml").removesuffix(".expect") == Path(case.file).name.removesuffix(".expect.yaml")


command = Command(watch, "watch", RULES)
