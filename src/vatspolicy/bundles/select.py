"""Selection of the law: the shipped policies, a folder, or a verified bundle file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import field, replace
from typing import TYPE_CHECKING

from vatspolicy.frozen import ValueObject, frozen
from vatspolicy.i18n import _

if TYPE_CHECKING:
    from pathlib import Path

    from vatspolicy.bundles.bundle_file import BundleFile
    from vatspolicy.bundles.lockfile import Lock
    from vatspolicy.bundles.signature import Signature
    from vatspolicy.core.policies.bundle import Bundle
    from vatspolicy.core.policies.files import LayerFiles

LOCK = "vatspolicy.lock"
"""Name of the lock file, which pins the bundle of a folder."""
_REPOSITORY = (".git", ".hg")


@frozen()
class SelectedLaw(ValueObject):
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


@frozen()
class LawStack(ValueObject):
    """The law before it is loaded: the shipped policies, a folder or a verified bundle file, with layers above it."""

    folder: Path | None = None
    """Folder of policies; None for a bundle file and for the shipped policies."""
    bundle_file: BundleFile | None = field(default=None, hash=False)
    signature: Signature | None = None
    """Verified signature of the bundle file."""
    layers: tuple[Path, ...] = ()

    def absolute(self) -> LawStack:
        """Return the same law with absolute folders."""
        folder = None if self.folder is None else self.folder.absolute()
        return replace(self, folder=folder, layers=tuple(layer.absolute() for layer in self.layers))

    def load(self) -> SelectedLaw:
        """Load the files as they are now; a bundle file is as it was when it was verified. Raises InvalidInput."""
        return SelectedLaw(self._load(), self.folder, self.bundle_file, self.signature, self.layers)

    def _load(self) -> Bundle:
        above = read_layers(self.layers)
        if self.bundle_file is not None:
            return self.bundle_file.load(above)
        from vatspolicy.core.policies.bundle import load_bundle

        return load_bundle(self.folder, layers=above) if above else load_bundle(self.folder)


def read_layers(folders: Iterable[Path]) -> list[LayerFiles]:
    """Read the layers of some folders. Raises InvalidInput."""
    from vatspolicy.core.policies.bundle import shown_folder
    from vatspolicy.core.policies.files import read_layer

    return [read_layer(folder, shown_folder(folder)) for folder in folders]


def project_folders() -> list[str]:
    """Return the working directory and the folders above it up to the root of the repository, as relative prefixes.

    Outside a repository no folder above counts: others could write there. A `.hg` ends no search inside a git
    repository, since a commit may hold it.
    """
    try:
        folder = os.getcwd()  # noqa: PTH109 - a plain check imports no pathlib for it
    except OSError:
        return [""]
    found, roots, above = [""], dict[str, int](), True
    while above:
        for name in _REPOSITORY:
            if os.path.exists(os.path.join(folder, name)):
                roots.setdefault(name, len(found))
        parent = os.path.dirname(folder)
        above, folder = parent != folder, parent
        found.append(os.path.join(os.pardir, found[-1]))
    return found[: next((roots[name] for name in _REPOSITORY if name in roots), 1)]


def find_locks(specs: Iterable[str] = ()) -> list[Path]:
    """Return the locks in the folders of the project, and in the folder of each spec and its parents.

    A link that leads nowhere is found, too, and fails.
    """
    from pathlib import Path

    here = Path.cwd()
    folders: dict[Path, None] = dict.fromkeys(map(Path, project_folders()))
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

    A bundle file is read and verified. The `locks` (those of the project, if none are named) must pin it, and allow no
    other law.

    Raises:
        InvalidInput
    """
    layers, locks = tuple(layers), find_locks() if locks is None else list(locks)
    if file is None:
        if locks:
            from vatspolicy.bundles.bundle_file import BundleFileError

            raise BundleFileError(str(locks[0]), _("It pins a bundle, but --bundle is missing."))
        return LawStack(folder, layers=layers)
    from vatspolicy.bundles.bundle_file import read_bundle_file
    from vatspolicy.bundles.lockfile import read_lock

    bundle_file = read_bundle_file(file)
    signature = check(bundle_file, key, skip_verify, map(read_lock, locks))
    return LawStack(None, bundle_file, signature, layers)


def check(bundle_file: BundleFile, key: Path | None, skip_verify: bool, locks: Iterable[Lock]) -> Signature | None:
    """Verify the signature and the locks of a bundle file. Raises InvalidInput."""
    from vatspolicy.bundles.bundle_file import BundleFileError
    from vatspolicy.bundles.signature import verify_bundle

    locks = tuple(locks)
    scopes = {lock.scope for lock in locks}
    if len(scopes) > 1:
        raise BundleFileError(bundle_file.file, _("The locks of these specs require bundles of different scopes."))
    for lock in locks:
        lock.check(bundle_file)
    if skip_verify:
        return None
    signature = verify_bundle(bundle_file, key, next(iter(scopes), ""))
    for lock in locks:
        lock.check_key(bundle_file, signature)
    return signature
