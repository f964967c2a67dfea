"""Selection of the law: the shipped policies, a folder, or a verified bundle file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vatspolicy.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

    from vatspolicy.bundles.bundle_file import BundleFile
    from vatspolicy.bundles.lockfile import Lock
    from vatspolicy.bundles.signature import Signature
    from vatspolicy.policies.bundle import Bundle
    from vatspolicy.policies.files import LayerFiles

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
    layers: tuple[Path, ...] = ()
    """Folders of the layers above the folder, the bundle file or the shipped policies."""

    @property
    def number(self) -> int:
        """Number of a release, which grows with every one; -1 for policies in a folder, which have none."""
        return self.bundle_file.number if self.bundle_file is not None else -1

    @property
    def expired(self) -> bool:
        """True from the moment on at which the signature of the bundle file does not hold any more."""
        return self.signature is not None and self.signature.expired

    @property
    def revision(self) -> str:
        """Revision of the bundle file, or version and digest of the policies."""
        own = f"{self.bundle.version}+{self.bundle.digest[:12]}"
        if self.bundle_file is None:
            return own
        return f"{self.bundle_file.revision}+{self.bundle.digest[:12]}" if self.layers else self.bundle_file.revision


@dataclass(frozen=True)
class LawStack:
    """The law before it is loaded: the shipped policies, a folder or a verified bundle file, with layers above it."""

    folder: Path | None = None
    """Folder of policies; None for a bundle file and for the shipped policies."""
    bundle_file: BundleFile | None = field(default=None, hash=False)
    signature: Signature | None = None
    """Verified signature of the bundle file."""
    layers: tuple[Path, ...] = ()

    def load(self) -> SelectedLaw:
        """Load the files as they are now; a bundle file is as it was when it was verified. Raises InvalidInput."""
        return SelectedLaw(self._load(), self.folder, self.bundle_file, self.signature, self.layers)

    def _load(self) -> Bundle:
        above = read_layers(self.layers)
        if self.bundle_file is not None:
            return self.bundle_file.load(above)
        from vatspolicy.policies.bundle import load_bundle

        return load_bundle(self.folder, layers=above) if above else load_bundle(self.folder)


def split_layers(folders: Sequence[Path]) -> tuple[Path | None, tuple[Path, ...]]:
    """Return the base (None: the shipped policies) and the layers above it, in their order.

    The first folder is the base, unless it is a layer itself.
    """
    from vatspolicy.policies.files import is_layer

    if not folders or is_layer(folders[0]):
        return None, tuple(folders)
    return folders[0], tuple(folders[1:])


def read_layers(folders: Iterable[Path]) -> list[LayerFiles]:
    """Read the layers of some folders. Raises InvalidInput."""
    from vatspolicy.policies.bundle import shown_folder
    from vatspolicy.policies.files import read_layer

    return [read_layer(folder, shown_folder(folder)) for folder in folders]


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


def choose_law(
    folder: Path | None = None,
    file: Path | None = None,
    key: Path | None = None,
    skip_verify: bool = False,
    locks: Iterable[Path] | None = None,
    layers: Iterable[Path] = (),
) -> LawStack:
    """Return the law of a bundle file, a folder, or the shipped policies, with layers above it.

    A bundle file is read and verified. The `locks` (those of the working directory, if none are named) must pin it.

    Raises:
        InvalidInput
    """
    layers = tuple(layers)
    if file is None:
        return LawStack(folder, layers=layers)
    from vatspolicy.bundles.bundle_file import read_bundle_file
    from vatspolicy.bundles.lockfile import read_lock

    bundle_file = read_bundle_file(file)
    found = [read_lock(path) for path in (find_locks() if locks is None else locks)]
    signature = check(bundle_file, key, skip_verify, found)
    return LawStack(None, bundle_file, signature, layers)


def check(bundle_file: BundleFile, key: Path | None, skip_verify: bool, locks: Iterable[Lock]) -> Signature | None:
    """Verify the signature and the locks of a bundle file. Raises InvalidInput."""
    from vatspolicy.bundles.bundle_file import BundleFileError
    from vatspolicy.bundles.verification import verify_bundle

    locks = tuple(locks)
    scopes = {lock.scope for lock in locks}
    if len(scopes) > 1:
        raise BundleFileError(bundle_file.file, _("The locks of these specs ask for bundles of different scopes."))
    for lock in locks:
        lock.check(bundle_file)
    if skip_verify:
        return None
    signature = verify_bundle(bundle_file, key, next(iter(scopes), ""))
    for lock in locks:
        lock.check_key(bundle_file, signature)
    return signature
