"""Options that commands share, as one object: the law, the day, the language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vatspolicy import clock
from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, refuse_if, warn
from vatspolicy.core.policies.files import HEAD, RELEASE
from vatspolicy.errors import InvalidInput
from vatspolicy.frozen import ValueObject, frozen
from vatspolicy.gate.gate import Gate, find_specs
from vatspolicy.i18n import Language, _

if TYPE_CHECKING:
    from vatspolicy.bundles.select import LawStack, SelectedLaw
    from vatspolicy.core.policies.bundle import Bundle
    from vatspolicy.core.profile.profile import Profile
    from vatspolicy.gate.waivers.load import WaiverSet


Locks = Literal["obey", "warn"]
"""Effect of a lock on a command: commands on policies only `warn`."""


@frozen()
@opt.option_group
class LawOptions(ValueObject):
    """The law that a command decides under."""

    law: Path | None = opt.LAW
    policies: Sequence[Path] = opt.POLICIES
    bundle: Path | None = opt.BUNDLE
    key: Path | None = opt.KEY
    skip_verify: bool = opt.SKIP_VERIFY

    def select(self, specs: Iterable[str] = (), locks: Locks = "obey") -> SelectedLaw:
        """Load and return the law. Locks are searched here, and beside and above the specs.

        Raises:
            InvalidInput: for a law that a lock does not pin or that may not be used, and for one that cannot be loaded.
        """
        return self.choose(specs, locks).load()

    def choose(self, specs: Iterable[str] = (), locks: Locks = "obey") -> LawStack:
        """Return the law before it is loaded, with its bundle verified. Raises InvalidInput."""
        from vatspolicy.bundles.select import choose_law, find_locks

        if self.bundle is not None and re.match(r"\w+:/", str(self.bundle)):
            abort(_("--bundle takes a file. Download it first, for example with oras pull."))
        refuse_if(self.law is not None and self.bundle is not None, _("--law and --bundle cannot be combined."))
        if self.bundle is None and (self.key is not None or self.skip_verify):
            abort(_("--key and --skip-verify need --bundle."))
        refuse_if(self.skip_verify and self.key is not None, _("--key and --skip-verify cannot be combined."))
        if self.skip_verify:
            warn(_("the signature of the bundle is not verified (--skip-verify)."))
        lock_files = find_locks(find_files(specs))
        if locks == "warn" and self.bundle is None and lock_files:
            warn(_("{lock} pins a bundle, but --bundle is missing.", lock=lock_files[0]))
            lock_files = []
        return choose_law(self.law, self.bundle, self.key, self.skip_verify, lock_files, self.policies)

    def repeat(self) -> list[str]:
        """Return the options for the next suggested command."""
        from vatspolicy.reports.decision.summary import quote

        layers = (("-p", folder) for folder in self.policies)
        given = (("--law", self.law), ("--bundle", self.bundle), ("--key", self.key), *layers)
        words = [word for name, value in given if value for word in (name, quote(str(value)))]
        return [*words, "--skip-verify"] if self.skip_verify else words

    def refuse_shipped(self, files: Iterable[Path]) -> None:
        """End the command before it edits a file of the law that is installed with the program."""
        for file in files:
            if self.law is None and file.is_absolute():
                abort(_("{file} belongs to the shipped law. Choose a folder with --law.", file=file))

    def around(self, files: Iterable[Path]) -> LawOptions:
        """Return the same options, with the folder of policies that holds the files if no law is named.

        That folder is the nearest one above a file with a bundle.yaml, or with a layer.yaml (above the shipped law).
        """
        if self.law is not None or self.policies or self.bundle is not None:
            return self
        for folder in (folder for file in files for folder in file.absolute().parents):
            if (folder / RELEASE).is_file():
                return replace(self, law=folder)
            if (folder / HEAD).is_file():
                return replace(self, policies=(folder,))
        return self

    def load(self, specs: Iterable[str] = (), locks: Locks = "obey") -> Bundle:
        """Return the bundle of the law, for a command that needs only the bundle."""
        return self.select(specs, locks).bundle


def find_files(specs: Iterable[str]) -> list[str]:
    """Return the files of specs, or those to be written. Search errors are reported at the decision."""
    files: list[str] = []
    for spec in specs:
        try:
            files += find_specs(spec) or [spec]
        except InvalidInput:
            continue
    return files


@frozen()
@opt.option_group
class CommandContext(ValueObject):
    """The law and the language of a command."""

    law: LawOptions = LawOptions()
    lang: Language = opt.LANG


@frozen()
@opt.option_group
class DayContext(CommandContext):
    """The context of a command about the law of one day."""

    as_of: str | None = opt.DAY

    def day(self, *bundles: Bundle) -> str:
        """Return the day of the law; end the command if a bundle does not cover it."""
        day = self.as_of or clock.today()
        for bundle in bundles:
            require_covered(bundle, day)
        return day


@frozen()
@opt.option_group
class SpecContext(CommandContext):
    """The context of a command about a spec, whose launch day is the day of the law unless another one is given."""

    as_of: str | None = opt.LAUNCH_DAY

    def find_day(self, bundle: Bundle, profile: Profile) -> str:
        """Return the day of the law for a profile; end the command if the bundle does not cover the day given."""
        if self.as_of is not None:
            require_covered(bundle, self.as_of)
        return Gate(bundle, clock.today(), self.as_of, allow_past=True).find_day(profile)


@frozen()
@opt.option_group
class GrantOptions(ValueObject):
    """The opinions that count for a command, and the people who may grant them."""

    opinions: Path | None = opt.aside(None, "--opinions FILE", "Granted opinions: those of a profile that count.")
    approvers: Path | None = opt.aside(None, "--approvers FILE", "Who may grant which opinions.")

    def load(self) -> WaiverSet | None:
        """Return the granted opinions and the approvers; None if there are no files. Raises InvalidInput."""
        if self.opinions is None and self.approvers is None:
            return None
        from vatspolicy.gate.waivers.load import load_waiver_set

        waiver_set = load_waiver_set(approvers=self.approvers, opinions=self.opinions)
        if waiver_set.problems:
            raise InvalidInput(waiver_set.problems)
        return waiver_set


def load_claims(bundle: Bundle, spec: str, changes: opt.Changes, stdin_name: str | None) -> Profile:
    """Return the profile of a spec for a command without granted opinions, and warn if it claims some.

    Raises InvalidInput.
    """
    from vatspolicy.core.profile.profile import load_profile
    from vatspolicy.gate.opinions import check_opinions

    profile = load_profile(spec, changes, bundle.schemas, stdin_name)
    check_opinions(bundle, profile, clock.today())
    if profile.facts["opinions"]:
        file = profile.document.file
        warn(
            _(
                "the opinions in {file} are claims and do not count here. check --opinions counts granted opinions.",
                file=file,
            )
        )
    return profile


def require_arguments(specs: Sequence[str]) -> None:
    """End the command if no spec is named."""
    refuse_if(not specs, _("no spec given: pass files, folders or globs, or set specs in {file}.", file=opt.FILE))


def require_covered(bundle: Bundle, day: str, option: str = "--as-of") -> None:
    """End the command if the day of an option is before the first day that the bundle covers, or too far ahead."""
    if day < bundle.covers_from:
        abort(
            _(
                "{option} {day} is before {covers_from}, the first day that the bundle covers.",
                option=option,
                day=day,
                covers_from=bundle.covers_from,
            )
        )
    if day > bundle.covers_until:
        last = bundle.known_until
        abort(
            _(
                "{option} {day} is more than five years after {known}, the day on which the law was last checked.",
                option=option,
                day=day,
                known=last,
            )
        )
