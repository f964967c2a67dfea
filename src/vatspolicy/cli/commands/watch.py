"""`vatspolicy watch`: lint, tests and the effect of each edit of a policy, as soon as its file is saved."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, print_result, report_problems, warn
from vatspolicy.cli.context import LawOptions
from vatspolicy.i18n import Language, Listing, _, translate

if TYPE_CHECKING:
    from vatspolicy.authoring.edit_review import Baseline
    from vatspolicy.authoring.testing.cases import Case
    from vatspolicy.bundles.select import LawStack
    from vatspolicy.core.policies.bundle import Bundle
    from vatspolicy.core.policies.model import Policy

PAUSE = 0.2
"""Seconds between two checks of the files."""


def wait() -> None:
    """Wait until the files are examined again."""
    time.sleep(PAUSE)


def watch(
    law: LawOptions,
    fixtures: Path | None = opt.FIXTURES,
    base: str = opt.input_("HEAD", "--base REVISION", "Commit that each edit is compared with."),
    today: str | None = opt.TODAY,
    lang: Language = opt.LANG,
) -> int:
    """Watch policies, their schemas, and the layers above them. When a policy or its tests are saved, run lint and the
    tests of that policy under the layers up to its own, and show the rules and the decisions of fixtures that changed
    since a commit in the whole stack, with proofs if the extra smt is installed. A schema concerns every policy.

    A file that cannot be read is reported, and watching goes on. Ctrl-C ends it with 0.

    Example: vatspolicy watch --law policies -p rules/company
    """
    import dataclasses

    from vatspolicy import clock

    if law == LawOptions():
        law = dataclasses.replace(law, law=Path("policies"))
    stack = law.choose(locks="warn")
    _require_folders(stack)
    try:
        _Watch(stack, fixtures, base, today or clock.today(), lang).run()
    except KeyboardInterrupt:
        print_result("\n")
    return 0


def _require_folders(stack: LawStack) -> None:
    """End the command if there is no folder to watch, or if a folder holds no law."""
    from vatspolicy.core.policies.files import HEAD, RELEASE

    if stack.bundle_file is not None and not stack.layers:
        reason = _("watch does not watch a bundle such as {file}. Choose a layer with -p.", file=stack.bundle_file.file)
        abort(reason)
    if stack.folder is not None and not (stack.folder / RELEASE).is_file():
        abort(_("{folder} does not contain policies. Choose a folder with a bundle.yaml.", folder=stack.folder))
    for folder in stack.layers:
        if not (folder / HEAD).is_file() or (folder / RELEASE).exists():
            abort(_("{folder} is not a layer, a folder with layer.yaml and without bundle.yaml.", folder=folder))


class _Watch:
    """The law in memory, and the law that it is compared with."""

    def __init__(self, stack: LawStack, fixtures: Path | None, base: str, today: str, lang: Language) -> None:
        from vatspolicy.authoring.watched_files import WatchedFiles

        self.stack, self.fixtures, self.base, self.today, self.lang = stack, fixtures, base, today, lang
        self.folders = [*([stack.folder] if stack.folder is not None else []), *stack.layers]
        folder = stack.folder
        beside = folder.parent / "schemas" if folder is not None and folder.name == "policies" else None
        self.schemas = beside if beside is not None and beside.is_dir() else None
        self.watched = [*self.folders, *(path for path in (self.schemas, fixtures) if path is not None)]
        self.files = WatchedFiles(self.watched)
        self.cases: Sequence[Case] | None = None
        self.baseline: Baseline | None = None
        self.unsettled: list[str] = []
        """Changed rules of the last save whose effect no known product shows."""

    def run(self) -> None:
        """Answer each save until the program is interrupted."""
        bundle = self._load(self.stack)
        self.baseline = self._read_baseline(bundle) if bundle is not None else None
        folders = Listing(map(str, self.watched))
        self._say(_("Watching {count} files in {folder}. Ctrl-C ends.", count=len(self.files), folder=folders))
        if self.stack.bundle_file is not None:
            notice = _(
                "{file} is a bundle: watch reads it once and does not watch it.", file=self.stack.bundle_file.file
            )
            self._say(notice)
        elif self.stack.folder is None:
            self._say(_("watch does not watch the shipped law below the layers."))
        while True:
            wait()
            if saved := self.files.changed():
                self._answer(saved)

    def _answer(self, saved: Sequence[Path]) -> None:
        began = time.perf_counter()
        for path in saved:
            print_result(f"\n{path}\n")
        read = [folder for folder in (self.fixtures, self.schemas) if folder is not None]
        if any(path.is_relative_to(folder) for path in saved for folder in read):
            self.cases = None
        bundle = self._load(self.stack)
        if bundle is None:
            return
        if self.baseline is None:  # the law could not be read before
            self.baseline = self._read_baseline(bundle)
        for text in self._tell(bundle, saved):
            print_result(text)
        self._say(_("{seconds} s", seconds=f"{time.perf_counter() - began:.1f}"))
        self._prove(bundle)

    def _prove(self, bundle: Bundle) -> None:
        """Compare over all profiles the rules whose effect no known product shows, until the next save."""
        from vatspolicy.reports.edit_review import verdict_text

        if self.baseline is not None:
            for verdict in self.baseline.prove(bundle, self.unsettled):
                print_result(f"{verdict_text(verdict, self.lang)}\n")
                if self.files.have_changed():
                    return

    def _load(self, stack: LawStack) -> Bundle | None:
        """Return the law; report its problems and return None if it cannot be loaded."""
        from vatspolicy.errors import InvalidInput

        try:
            return stack.load().bundle
        except InvalidInput as error:
            report_problems(error)
            return None

    def _read_baseline(self, bundle: Bundle) -> Baseline | None:
        """Return the law of the commit; report the reason and return None if it cannot be read."""
        from vatspolicy.authoring.edit_review import read_baseline
        from vatspolicy.errors import InvalidInput
        from vatspolicy.git import SourceError

        try:
            baseline = read_baseline(self.base, self.stack, bundle.schemas)
            baseline.prepare(self._fixture_cases(bundle))
            return baseline
        except (SourceError, InvalidInput) as error:
            reason = str(error) if isinstance(error, SourceError) else _("its policies or a fixture cannot be loaded.")
            warn(_("edits cannot be compared with {base}: {reason}", base=self.base, reason=reason))
            return None

    def _tell(self, bundle: Bundle, saved: Sequence[Path]) -> Iterator[str]:
        """Yield the reports on the saved files. Unreadable files are reported separately."""
        from vatspolicy.authoring.lint.run import run_lint
        from vatspolicy.authoring.testing.cases import cases_of
        from vatspolicy.authoring.testing.runner import RunResult, run_cases
        from vatspolicy.errors import InvalidInput
        from vatspolicy.reports import edit_review, lint, test_run

        lang, self.unsettled = self.lang, []
        policies, whole = self._find_policies(bundle, saved)
        try:
            for part, own in self._split(bundle, policies):
                yield lint.text(run_lint(part, today=self.today, only=own), lang)
                if cases := [case for policy in own for case in cases_of(part, policy)]:
                    yield test_run.text(RunResult(part, run_cases(cases)), lang)
            fixtures = [case for case in self._fixture_cases(bundle) if any(_is_of(case, path) for path in saved)]
            if fixtures:
                yield test_run.text(RunResult(bundle, run_cases(fixtures)), lang)
            if self.baseline is not None and (policies or whole):
                concerned = None if whole else frozenset(policy.id for policy in policies)
                review = self.baseline.review(bundle, concerned, self._fixture_cases(bundle))
                self.unsettled = review.open_rules
                yield edit_review.text(review, self.base, lang)
        except InvalidInput as error:
            report_problems(error)

    def _find_policies(self, bundle: Bundle, saved: Sequence[Path]) -> tuple[list[Policy], bool]:
        """Return the policies that saved files hold or test, and whether one of the files concerns all policies."""
        from vatspolicy.authoring.lint.run import select_policies
        from vatspolicy.errors import InvalidInput

        if self.schemas is not None and any(path.is_relative_to(self.schemas) for path in saved):
            return list(bundle.policies.values()), True
        policies: list[Policy] = []
        whole = False
        for path in saved:
            try:
                policies += (policy for policy in select_policies(bundle, [path]) if policy not in policies)
            except InvalidInput:  # a fixture; or layer.yaml, bundle.yaml, a file that was removed
                whole = whole or any(path.is_relative_to(folder) for folder in self.folders)
        return policies, whole

    def _split(self, bundle: Bundle, policies: Sequence[Policy]) -> Iterator[tuple[Bundle, list[Policy]]]:
        """Yield policies by their layers, the lowest first, each with the law up to that layer, as `test` runs it."""
        import dataclasses

        watched = self.stack.layers
        lowest = len(bundle.layers) - len(watched)
        places = {id: position - lowest + 1 for position, layer in enumerate(bundle.layers) for id in layer.policies}
        count = {policy.id: max(places.get(policy.id, 0), 0) for policy in policies}
        for number in sorted(set(count.values())):
            stack = dataclasses.replace(self.stack, layers=watched[:number])
            part = bundle if number == len(watched) else self._load(stack)
            if part is not None:
                yield part, [part.policies[id] for id in count if count[id] == number]

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


command = opt.Command(watch, "watch", opt.RULES, 160)
