"""What is in a bundle's file: read whole, and checked against its own manifest."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vatspolicy.bundles.archive import ArchiveError, read_archive
from vatspolicy.compile_cache import digest
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.policies.bundle import Bundle, build_bundle

MANIFEST, SIGNATURES, DATA = ".manifest", ".signatures.json", "vatspolicy/data.json"
ROOT = "vatspolicy"
"""The root that the data have in OPA, and the name of our part of the manifest's metadata."""
DELTA = "patch.json"
"""OPA's bundles of changes, which are unsigned by design; there are none here."""
FORMAT = 1
"""Version of our part of the manifest."""


class BundleFileError(InvalidInput):
    """A bundle that is not used; one problem, about the file."""

    def __init__(self, file: str, message: str, hint: str = "") -> None:
        super().__init__([Problem(file, 1, 1, "", message, hint)])


@dataclass(frozen=True)
class BundleFile:
    """A bundle's file, whole and consistent; who made it, its signature says."""

    file: str
    files: Mapping[str, bytes] = field(repr=False)
    """Every file by its name, which has slashes and begins with none."""
    version: str
    number: int
    """Grows with every release: a bundle with a lower one is older."""
    digest: str
    """SHA-256 over names and bytes of everything but manifest and signature: `sha256:` and 64 digits."""

    @property
    def revision(self) -> str:
        """OPA's name for this state of the bundle: version, number and the beginning of the digest."""
        return revision(self.version, self.number, self.digest)

    @property
    def signed(self) -> bool:
        """Whether there is a signature, whoever made it."""
        return SIGNATURES in self.files

    @functools.cached_property
    def policies(self) -> list[tuple[str, bytes]]:
        """Names and bytes of the policies, in the order of a folder's."""
        found = [name for name in self.files if name.startswith("policies/") and name.endswith(".yaml")]
        return [(name, self.files[name]) for name in sorted(found, key=lambda name: name.split("/"))]

    @functools.cached_property
    def schemas(self) -> SchemaSet:
        """Schemas that it decides under; the shipped set where they are the same."""
        found = [name.split("/") for name in self.files if name.startswith("schemas/") and name.endswith(".json")]
        own = SchemaSet({parts[1]: self.files["/".join(parts)] for parts in found if len(parts) == 2})
        return SchemaSet.shipped() if own == SchemaSet.shipped() else own

    def load(self) -> Bundle:
        """Compile its policies under its own schemas. Raises InvalidInput."""
        try:
            bundle = build_bundle(self.policies, self.schemas)
        except (FileNotFoundError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, InvalidInput):
                raise
            raise BundleFileError(self.file, "Its schemas cannot be used by this version of the program.") from None
        if bundle.version != self.version:
            raise BundleFileError(self.file, "Manifest and policies/bundle.yaml state different versions.")
        return bundle


def revision(version: str, number: int, content: str) -> str:
    """The revision of a manifest: 0.1.0+17.3f2ac1d0e5b7."""
    return f"{version}+{number}.{content.removeprefix('sha256:')[:12]}"


def content_digest(files: Mapping[str, bytes]) -> str:
    """Digest of everything in a bundle but manifest and signature, which speak of it."""
    names = sorted(files.keys() - {MANIFEST, SIGNATURES})
    return "sha256:" + digest(part for name in names for part in (name.encode(), files[name]))


def read_bundle_file(path: Path, content: Mapping[str, bytes] | None = None) -> BundleFile:
    """The bundle in a file (`content`: what is in it, where that is known). Raises PackageError.

    It is whole and what its manifest says; who made it is for `signature.verify` to find out.
    """
    file = str(path)
    if content is None:
        try:
            content = dict(read_archive(path))
        except ArchiveError as error:
            raise BundleFileError(file, str(error)) from None
    for name in content:
        if name.rpartition("/")[2] == DELTA:
            raise BundleFileError(file, f"It holds {name!r}; a bundle of changes (delta) is never used.")
    if MANIFEST not in content:
        raise BundleFileError(file, "It has no .manifest.", "Build one with vatspolicy bundle build.")
    ours = _manifest(file, content[MANIFEST])
    package = BundleFile(file, content, ours["version"], ours["number"], content_digest(content))
    if ours["digest"] != package.digest:
        raise BundleFileError(
            file, "Its files are not those of its manifest.", "Something was changed, added or removed."
        )
    if ours["revision"] != package.revision:
        raise BundleFileError(file, "The revision of its manifest is not what its version, number and digest make.")
    if not package.policies or not package.schemas.files:
        raise BundleFileError(file, "It holds no policies, or no schemas.")
    return package


def _manifest(file: str, content: bytes) -> dict[str, Any]:
    """Our part of a manifest, with its revision. Raises PackageError."""
    try:
        data = json.loads(content)
        ours = data["metadata"][ROOT]
        found = {"revision": data["revision"], **{key: ours[key] for key in ("format", "version", "number", "digest")}}
        roots = data["roots"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BundleFileError(file, "Its .manifest was not written by vatspolicy bundle build.") from None
    texts = all(isinstance(found[key], str) for key in ("revision", "version", "digest"))
    number = found["number"]
    if not texts or not isinstance(number, int) or isinstance(number, bool) or number < 0 or roots != [ROOT]:
        raise BundleFileError(file, "Its .manifest was not written by vatspolicy bundle build.")
    if found["format"] != FORMAT:
        raise BundleFileError(file, "Its format is not known to this version of the program.")
    return found
