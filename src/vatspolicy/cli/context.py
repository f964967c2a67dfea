"""Options that commands share, as one object: the law, the day, the language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from vatspolicy import clock
from vatspolicy.cli.console import abort, warn
from vatspolicy.cli.declaration import Option
from vatspolicy.cli.parameters import (
    ASIDE,
    BundleOption,
    DayOption,
    KeyOption,
    Lang,
    LangOption,
    LaunchDayOption,
    PoliciesOption,
    SkipVerifyOption,
)
from vatspolicy.cli.settings import FILE
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import ExitCode, find_specs
from vatspolicy.i18n import _

if TYPE_CHECKING:
    from vatspolicy.bundles.select import LawStack, SelectedLaw
    from vatspolicy.gate.waivers import WaiverSet
    from vatspolicy.policies.bundle import Bundle
    from vatspolicy.profile.profile import Profile


@dataclass(frozen=True)
class LawOptions:
    """The law that a command decides under."""

    policies: PoliciesOption = ()
    bundle: BundleOption = None
    key: KeyOption = None
    skip_verify: SkipVerifyOption = False

    def select(self, specs: Iterable[str] = (), locks: bool = True) -> SelectedLaw:
        """Return the law, loaded. Locks are looked for here, and beside and above the specs.

        A lock of specs that are to be decided without its bundle ends the command.

        Raises:
            InvalidInput: for a bundle that may not be used, and for a law that cannot be loaded.
        """
        return self.choose(specs, locks).load()

    def choose(self, specs: Iterable[str] = (), locks: bool = True) -> LawStack:
        """Return the law before it is loaded, with its bundle verified. Raises InvalidInput."""
        from vatspolicy.bundles.select import choose_law, find_locks, split_layers
        from vatspolicy.policies.files import is_layer

        if self.bundle is None:
            if self.key is not None or self.skip_verify:
                abort(_("--key and --skip-verify belong to --bundle."))
            specs = tuple(specs)
            if locks and (found := find_locks(find_files(specs))):
                message = _("{lock} pins a bundle, and none was given with --bundle.", lock=found[0])
                if specs:
                    abort(message, ExitCode.INVALID)
                warn(message)
            base, layers = split_layers(self.policies)
            return choose_law(base, layers=layers)
        if any(folder.is_dir() and not is_layer(folder) for folder in self.policies):
            abort(_("--policies and --bundle are two laws; name one. Above a bundle stand layers (layer.yaml)."))
        if self.skip_verify and self.key is not None:
            abort(_("--key and --skip-verify contradict each other."))
        if self.skip_verify:
            warn(_("the signature of the bundle is not verified (--skip-verify)."))
        found = find_locks(find_files(specs)) if locks else []
        return choose_law(None, self.bundle, self.key, self.skip_verify, found, self.policies)

    def refuse_shipped(self, files: Iterable[Path]) -> None:
        """End the command before it edits a file of the law that is installed with the program."""
        for file in files:
            if not self.policies and file.is_absolute():
                abort(_("{file} belongs to the shipped law. Name a folder with --policies.", file=file))

    def around(self, files: Iterable[Path]) -> LawOptions:
        """Return the same options, with the folder of policies that holds the files if no law is named.

        That folder is the nearest one above a file with a bundle.yaml, or with a layer.yaml (above the shipped law).
        """
        if self.policies or self.bundle is not None:
            return self
        above = (folder for file in files for folder in file.absolute().parents)
        heads = ("bundle.yaml", "layer.yaml")
        found = next((folder for folder in above if any((folder / head).is_file() for head in heads)), None)
        return replace(self, policies=() if found is None else (found,))

    def load(self) -> Bundle:
        """Return the bundle of the law, for a command that needs nothing else of it."""
        return self.select().bundle


def find_files(specs: Iterable[str]) -> list[str]:
    """Return the files behind specs, or those to be written; what cannot be searched is reported when it is decided."""
    found: list[str] = []
    for spec in specs:
        try:
            found += find_specs(spec) or [spec]
        except InvalidInput:
            continue
    return found


@dataclass(frozen=True)
class CommandContext:
    """The law and the language of a command."""

    law: LawOptions = LawOptions()
    lang: LangOption = Lang.EN


@dataclass(frozen=True)
class DayContext(CommandContext):
    """The context of a command about the law of one day."""

    as_of: DayOption = None

    def day(self, *bundles: Bundle) -> str:
        """Return the day of the law; end the command if a bundle does not cover it."""
        day = self.as_of or clock.today()
        for bundle in bundles:
            require_covered(bundle, day)
        return day


@dataclass(frozen=True)
class SpecContext(CommandContext):
    """The context of a command about a spec, whose launch day is the day of the law unless another one is given."""

    as_of: LaunchDayOption = None


@dataclass(frozen=True)
class GrantOptions:
    """The opinions that count for a command, and who may grant them."""

    opinions: Annotated[
        Path | None,
        Option("--opinions", metavar="FILE", help="Granted opinions: those of a profile that count.", panel=ASIDE),
    ] = None
    approvers: Annotated[
        Path | None, Option("--approvers", metavar="FILE", help="Who may grant which opinions.", panel=ASIDE)
    ] = None

    def load(self) -> WaiverSet | None:
        """Return the granted opinions and the approvers; None without a file. Raises InvalidInput."""
        if self.opinions is None and self.approvers is None:
            return None
        from vatspolicy.gate.waivers import load_waiver_set

        found = load_waiver_set(approvers=self.approvers, opinions=self.opinions)
        if found.problems:
            raise InvalidInput(found.problems)
        return found


def warn_of_claims(profile: Profile) -> None:
    """Warn that no opinion of a profile counts for a command that takes no granted ones."""
    if profile.facts["opinions"]:
        warn(
            _(
                "the opinions in {file} are claims, and none counts here. check --opinions counts granted ones.",
                file=profile.document.file,
            )
        )


def require_arguments(specs: Sequence[str]) -> None:
    """End the command if no spec is named."""
    if not specs:
        abort(_("no spec is given: name files, folders or globs, or set specs in {file}.", file=FILE))


def require_specs(specs: Sequence[str], from_stdin: bool = True) -> list[str]:
    """Return the files behind arguments, each once; end the command if there is none behind one of them.

    Without `from_stdin`, `-` names no file. Raises InvalidInput if the search is not complete.
    """
    require_arguments(specs)
    files: dict[str, None] = {}
    for spec in specs:
        found = find_specs(spec) if from_stdin or spec != "-" else []
        if not found:
            abort(_("no spec found at {argument!r}.", argument=spec), ExitCode.NOTHING)
        files |= dict.fromkeys(found)
    return list(files)


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
        known = bundle.known_until
        abort(
            _(
                "{option} {day} is more than five years after {known}, the day on which the law was last checked.",
                option=option,
                day=day,
                known=known,
            )
        )
