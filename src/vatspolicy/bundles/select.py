"""Selection of the law: the shipped policies, a folder, or a verified bundle file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vatspolicy.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

    from vatspolicy.bundles.bundle_file import BundleFile
    from vatspolicy.bundles.lockfile import Lock
    from vatspolicy.bundles.signature import Signature
    from vatspolicy.policies.bundle import Bundle

LOCK = "vatspolicy.lock"
"""Name of the lock file, which pins the bundle of a folder."""


@dataclass(frozen=True)
class SelectedLaw:
    """Selected law."""

    bundle: Bundle
    folder: Path | None = None
    """Folder of policies; None for a bundle file and for the shipped policies."""
    bundle_file: BundleFile | None = None
    signature: Signature | None = None
    """Verified signature of the bundle file."""

    @property
    def revision(self) -> str:
        """Revision of the bundle file, or version and digest of the policies."""
        return self.bundle_file.revision if self.bundle_file else f"{self.bundle.version}+{self.bundle.digest[:12]}"


@contextmanager
def select_law(
    folder: Path | None = None,
    file: Path | None = None,
    key: Path | None = None,
    skip_verify: bool = False,
    places: Iterable[Path] | None = None,
) -> Iterator[SelectedLaw]:
    """Yield the law of a bundle file, a folder, or the shipped policies. Raises InvalidInput.

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
    """Verify the signature and the locks of a bundle file. Raises InvalidInput."""
    from vatspolicy.bundles.bundle_file import BundleFileError
    from vatspolicy.bundles.keys import read_key
    from vatspolicy.bundles.signature import verify

    locks = tuple(locks)
    scopes = {lock.scope for lock in locks}
    if len(scopes) > 1:
        raise BundleFileError(bundle_file.file, _("The locks of these specs ask for bundles of different scopes."))
    for lock in locks:
        lock.check(bundle_file)
    if skip_verify:
        return None
    signature = verify(bundle_file, read_key(key) if key else None, *scopes)
    for lock in locks:
        lock.check_key(bundle_file, signature)
    return signature
