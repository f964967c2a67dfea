"""Which law decides: the policies that ship, a folder of them, or a bundle's file that has been verified."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from vatspolicy.bundles.bundle_file import BundleFile
    from vatspolicy.bundles.lockfile import Lock
    from vatspolicy.bundles.signature import Signature
    from vatspolicy.policies.bundle import Bundle

LOCK = "vatspolicy.lock"
"""Name of the file that says which bundle decides in a folder."""


@dataclass(frozen=True)
class SelectedLaw:
    """The law that was chosen."""

    bundle: Bundle
    folder: Path | None = None
    """A folder of policies; None for a bundle's file, and for what ships."""
    bundle_file: BundleFile | None = None
    signature: Signature | None = None
    """Who signed the package, proved."""

    @property
    def revision(self) -> str:
        """Name of the state of the law: a package's revision, else version and digest of the policies."""
        return self.bundle_file.revision if self.bundle_file else f"{self.bundle.version}+{self.bundle.digest[:12]}"


@contextmanager
def select_law(
    folder: Path | None = None,
    file: Path | None = None,
    key: Path | None = None,
    skip_verify: bool = False,
    places: Iterable[Path] | None = None,
) -> Iterator[SelectedLaw]:
    """The law of a bundle's file, a folder, or what ships; for as long as the block lasts. Raises InvalidInput.

    A lock in one of the `places` (the working directory, if none is named) must pin the bundle.
    """
    if file is None:
        from vatspolicy.policies.bundle import load_bundle

        yield SelectedLaw(load_bundle(folder), folder)
        return
    from pathlib import Path

    from vatspolicy.bundles.bundle_file import read_bundle_file
    from vatspolicy.bundles.lockfile import read_lock

    bundle_file = read_bundle_file(file)
    beside = dict.fromkeys(place / LOCK for place in ((Path(),) if places is None else places))
    locks = [read_lock(path) for path in beside if path.exists()]
    signature = check(bundle_file, key, skip_verify, locks)
    yield SelectedLaw(bundle_file.load(), None, bundle_file, signature)


def check(bundle_file: BundleFile, key: Path | None, skip_verify: bool, locks: Iterable[Lock]) -> Signature | None:
    """Whether a bundle may be used: signature and locks. Raises InvalidInput."""
    from vatspolicy.bundles.bundle_file import BundleFileError
    from vatspolicy.bundles.keys import read_key
    from vatspolicy.bundles.signature import verify

    locks = tuple(locks)
    scopes = {lock.scope for lock in locks}
    if len(scopes) > 1:
        raise BundleFileError(bundle_file.file, "The locks of these specs ask for bundles of different scopes.")
    for lock in locks:
        lock.check(bundle_file)
    if skip_verify:
        return None
    signature = verify(bundle_file, read_key(key) if key else None, *scopes)
    for lock in locks:
        lock.check_key(bundle_file, signature)
    return signature
