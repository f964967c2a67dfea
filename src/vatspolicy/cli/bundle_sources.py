"""Sources of a bundle: a file, a folder of releases, or a tag of a git repository."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from vatspolicy.bundles.archive import MAX_BYTES, is_archive
from vatspolicy.bundles.bundle_file import BundleFile, BundleFileError, read_bundle_bytes
from vatspolicy.bundles.signature import ENDING, Signature, proof_path, read_proof
from vatspolicy.cli.console import warn
from vatspolicy.git import Git, SourceError
from vatspolicy.i18n import _, reason_of

GIT = "git+"
_GIT = re.compile(r"git\+(?P<repository>.+)@(?P<tag>[^@:]+):(?P<path>[^:]+)")
_SCHEMES = ("https://", "ssh://", "file://")
TIMEOUT = 300
"""Seconds that git may take to fetch a tag."""


class FetchedBundle(NamedTuple):
    """A bundle with the bytes of its file; its signature is not verified."""

    bundle_file: BundleFile
    content: bytes
    proofs: tuple[bytes, ...] = ()
    """Sigstore bundles of the file, if requested."""


def fetch_bundle(source: str, with_proofs: bool = False) -> FetchedBundle:
    """Return the bundle of a source. Raises BundleFileError (an InvalidInput) if it cannot be read.

    A source is a file, a folder (its bundle of the highest number), or `git+REPOSITORY@TAG:PATH`, where TAG may be a
    pattern such as v* (its highest version). The Sigstore bundle is the file beside it.
    """
    if source.startswith(GIT):
        return _fetch_from_git(source, with_proofs)
    path = Path(source)
    bundle = _find_newest(source, path) if path.is_dir() else _read(source, read_file(path))
    if not with_proofs:
        return bundle
    file = bundle.bundle_file.file
    return bundle._replace(proofs=(read_proof(file, proof_path(Path(file))),))


def _read(name: str, content: bytes) -> FetchedBundle:
    return FetchedBundle(read_bundle_bytes(name, content), content)


def read_file(path: Path) -> bytes:
    """Return the bytes of a file that may be a bundle. Raises BundleFileError: too large, or unreadable."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else _("its name cannot be used")
        raise BundleFileError(str(path), _("It cannot be read: {reason}.", reason=reason)) from None
    if len(content) > MAX_BYTES:
        raise BundleFileError(str(path), _("It exceeds the size limit of a bundle."))
    return content


def warn_of_stale_proof(bundle: Path, signature: Signature | None) -> None:
    """Warn about an outdated Sigstore bundle next to a replaced file."""
    beside = proof_path(bundle)
    if beside.exists() and (signature is None or signature.proof is None):
        warn(
            _(
                "{path} belongs to the older bundle. Remove it, or replace it with the file of the newer bundle.",
                path=beside,
            )
        )


def _find_newest(source: str, folder: Path) -> FetchedBundle:
    """Return the bundle of the highest number in a folder. Every archive in it must be a bundle."""
    sources = [_read(str(path), read_file(path)) for path in sorted(folder.iterdir()) if is_archive(path.name)]
    if not sources:
        raise BundleFileError(source, _("The folder does not contain a bundle (.tar.gz, .tgz, .tar)."))
    best = max(sources, key=lambda source: source.bundle_file.number)
    same = {source.bundle_file.digest for source in sources if source.bundle_file.number == best.bundle_file.number}
    if len(same) > 1:
        raise BundleFileError(
            source, _("The folder contains two bundles with the number {n}.", n=best.bundle_file.number)
        )
    return best


def _fetch_from_git(source: str, with_proofs: bool) -> FetchedBundle:
    parsed = _GIT.fullmatch(source)
    if parsed is None:
        raise BundleFileError(source, _("The address of a bundle in git is git+REPOSITORY@TAG:PATH."))
    repository, path = parsed["repository"], parsed["path"]
    paths = [path, path + ENDING] if with_proofs else [path]
    remote = "://" in repository
    if repository.startswith("-") or (remote and not repository.startswith(_SCHEMES)):
        raise BundleFileError(source, _("A repository is a folder, or an address with https, ssh or file."))
    try:
        tag = _find_tag(source, repository, parsed["tag"])
        if not remote:
            contents = _read_blobs(source, Git(Path(repository)), tag, paths)
        else:
            with tempfile.TemporaryDirectory(prefix="vatspolicy-git-") as folder:
                options = ("--quiet", "--bare", "--depth=1", "--single-branch", "--no-tags", f"--branch={tag}")
                _git(source, "clone", *options, "--", repository, folder)
                contents = _read_blobs(source, Git(Path(folder)), tag, paths)
    except SourceError as error:
        raise BundleFileError(source, str(error)) from None
    return _read(source, contents[0])._replace(proofs=tuple(contents[1:]))


def _find_tag(source: str, repository: str, wanted: str) -> str:
    """Return the tag for a name or pattern; the highest version if several match."""
    command = ("ls-remote", "--tags", "--refs", "--sort=-version:refname", "--", repository, f"refs/tags/{wanted}")
    tags = [line.partition("refs/tags/")[2] for line in _git(source, *command).splitlines()]
    if not tags:
        raise BundleFileError(source, _("The repository has no tag {tag!r}.", tag=wanted))
    return tags[0]


def _read_blobs(source: str, git: Git, tag: str, paths: list[str]) -> list[bytes]:
    commit = git.commit(f"refs/tags/{tag}")
    files = dict(git.files(commit, paths, lambda name: name in paths))
    for path in paths:
        if path not in files:
            raise BundleFileError(source, _("The tag {tag!r} has no file {path!r}.", tag=tag, path=path))
    return [files[path] for path in paths]


def _git(source: str, *arguments: str) -> str:
    environment = {**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "https:ssh:file"}
    command = ["git", "--no-pager", *arguments]
    try:
        ran = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False
        )
    except FileNotFoundError:
        raise BundleFileError(source, _("git is not installed.")) from None
    except (OSError, ValueError, subprocess.TimeoutExpired):
        raise BundleFileError(source, _("git cannot fetch it.")) from None
    if ran.returncode:
        lines = ran.stderr.decode("utf-8", "replace").strip().splitlines() or [""]
        why = lines[-1].removeprefix("fatal: ").rstrip(".")
        raise BundleFileError(source, _("git cannot fetch it: {why}.", why=why))
    return ran.stdout.decode("utf-8", "replace")
