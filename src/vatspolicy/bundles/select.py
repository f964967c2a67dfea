"""Selection of the law: the shipped policies, a folder, or a verified bundle file."""

from __future__ import annotations

import os
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


def find_locks(specs: Iterable[str] = ()) -> list[Path]:
    """Return the locks in the working directory, and beside and above each spec.

    Above a spec in the working directory, the search ends there. A link that leads nowhere is found, too, and fails.
    """
    from pathlib import Path

    here = Path.cwd()
    folders = {Path(): None}
    for folder in dict.fromkeys(Path(spec).parent for spec in specs if spec != "-"):
        absolute = here / folder
        try:
            absolute = absolute.resolve()
        except (OSError, RuntimeError, ValueError):
            continue  # reading the spec says why
        for place in (here / folder, absolute):
            for above in (place, *place.parents):
                if above == here:
                    break
                folders[above.relative_to(here) if above.is_relative_to(here) else above] = None
    return [path for folder in folders if os.path.lexists(path := folder / LOCK)]


@contextmanager
def select_law(
    folder: Path | None = None,
    file: Path | None = None,
    key: Path | None = None,
    skip_verify: bool = False,
    locks: Iterable[Path] | None = None,
) -> Iterator[SelectedLaw]:
    """Yield the law of a bundle file, a folder, or the shipped policies. Raises InvalidInput.

    The `locks` (those of the working directory, if none are named) must pin the bundle.
    """
    if file is None:
        from vatspolicy.policies.bundle import load_bundle

        yield SelectedLaw(load_bundle(folder), folder)
        return
    from vatspolicy.bundles.bundle_file import read_bundle_file
    from vatspolicy.bundles.lockfile import read_lock

    bundle_file = read_bundle_file(file)
    found = [read_lock(path) for path in (find_locks() if locks is None else locks)]
    signature = check(bundle_file, key, skip_verify, found)
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
