"""`vatspolicy update`: show what a newer bundle changes for the specs here, and take it into use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vatspolicy import clock
from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, abort_unwritten, publish, refuse_if, refuse_link, report_problems
from vatspolicy.cli.context import CommandContext, require_specs
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import _

if TYPE_CHECKING:
    from vatspolicy.bundles.bundle_file import BundleFile
    from vatspolicy.bundles.lockfile import Lock
    from vatspolicy.bundles.signature import Signature
    from vatspolicy.cli.bundle_sources import FetchedBundle
    from vatspolicy.gate.law_update import BundleName


UpdateFormat = Literal["text", "json", "markdown"]


def update(
    context: CommandContext,
    source: str = opt.input_(
        opt.REQUIRED,
        "--from SOURCE",
        "The newer bundle: a file, a folder or git+REPOSITORY@TAG:PATH.",
    ),
    specs: Sequence[str] = opt.SPECS,
    check: bool = opt.output(False, "--check", "Show what the newer bundle changes; write nothing."),
    apply: bool = opt.output(False, "--apply", "Put the newer bundle in place of the one in use."),
    sigstore: Path | None = opt.SIGSTORE,
    format: UpdateFormat = opt.format_option("text", UpdateFormat),
    outputs: opt.Outputs = opt.output_option(UpdateFormat),
) -> ExitCode:
    """Compare the bundle in use (--bundle, or bundle of vatspolicy.toml) with a newer one, for the specs here.

    Exit code of --check: 0 nothing newer, 1 there is a newer bundle. Of --apply: 0. Both: 3 if a bundle, a lock or a
    spec cannot be used; then nothing is written.

    Example: vatspolicy update --check --from releases/
    """
    from vatspolicy.bundles.select import find_locks, read_layers
    from vatspolicy.bundles.signature import read_proof, wants_proof
    from vatspolicy.cli.bundle_sources import fetch_bundle
    from vatspolicy.gate.law_update import FORMAT as VERSION
    from vatspolicy.gate.law_update import LawUpdate, SpecUpdate, compare_specs
    from vatspolicy.reports.law_update import render

    law = context.law
    refuse_if(check == apply, _("pass --check or --apply."))
    if law.bundle is None:
        abort(_("no bundle is in use: choose one with --bundle, or set bundle in {file}.", file=opt.FILE))
    refuse_if(law.skip_verify, _("update always verifies the bundle; omit --skip-verify."))
    files = require_specs(specs, from_stdin=False)
    old = law.select(specs)
    locks = find_locks(files)
    wanted = wants_proof(law.key)
    refuse_if(sigstore and not wanted, _("--sigstore needs a signer policy (--key)."))
    proof = read_proof(source, sigstore) if sigstore else None
    fetched = fetch_bundle(source, wanted and proof is None)
    if proof is not None:
        fetched = fetched._replace(proofs=(proof,))
    assert old.bundle_file is not None
    newer = _is_newer(old.bundle_file, fetched.bundle_file)
    signature = _verify(fetched, law.key, locks) if newer else None
    entries: list[SpecUpdate] = []
    if newer:
        new = fetched.bundle_file.load(read_layers(law.policies))
        entries, problems = compare_specs(old.bundle, new, files, clock.today())
        if problems:
            report_problems(InvalidInput(problems))
            return ExitCode.INVALID
        if apply:
            _apply(law.bundle, fetched, signature, locks or [Path("vatspolicy.lock")])
    before, after = _name(old.bundle_file), _name(fetched.bundle_file)
    law_update = LawUpdate(VERSION, newer, newer and apply, before, after, tuple(entries))
    publish(lambda name, _color: render(name, law_update, context.lang), format, outputs)
    return ExitCode.FAILED if newer and check else ExitCode.OK


def _name(bundle_file: BundleFile) -> BundleName:
    from vatspolicy.gate.law_update import BundleName

    return BundleName(bundle_file.revision, bundle_file.number, bundle_file.digest)


def _is_newer(old: BundleFile, new: BundleFile) -> bool:
    """Return True for a higher number. Raises InvalidInput for a different bundle with the same number."""
    from vatspolicy.bundles.bundle_file import BundleFileError

    if old.number == new.number and old.digest != new.digest:
        raise BundleFileError(new.file, _("It has the number of the bundle in use, but it is a different bundle."))
    return new.number > old.number


def _verify(fetched: FetchedBundle, key: Path | None, locks: Sequence[Path]) -> Signature | None:
    """Verify a newer bundle like the bundle in use, with the same key and scope."""
    from vatspolicy.bundles.lockfile import read_lock
    from vatspolicy.bundles.signature import Evidence, verify_bundle

    pinned: list[Lock] = [read_lock(path) for path in locks]
    scope = next((lock.scope for lock in pinned), "")
    signature = verify_bundle(fetched.bundle_file, key, scope, Evidence(fetched.content, fetched.proofs))
    for lock in pinned:
        lock.check_key(fetched.bundle_file, signature)
    return signature


def _apply(bundle: Path, fetched: FetchedBundle, signature: Signature | None, locks: Sequence[Path]) -> None:
    """Write the newer bundle and its locks, or leave all files as they were."""
    from vatspolicy.bundles.lockfile import replace_bundle
    from vatspolicy.bundles.signature import proof_path
    from vatspolicy.cli.bundle_sources import warn_of_stale_proof

    for path in (bundle, proof_path(bundle), *locks):
        refuse_link(path)
    try:
        replace_bundle(bundle, fetched.content, fetched.bundle_file, signature, locks)
    except OSError as error:
        abort_unwritten(error.filename or bundle, error)
    warn_of_stale_proof(bundle, signature)


command = opt.Command(update, "update", opt.RULES, 240)
