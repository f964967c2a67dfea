"""Bundle files: their content, checked against the manifest, and reproducible builds."""

from __future__ import annotations

import functools
import io
import json
import os
import re
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath
from typing import Any

from vatspolicy.bundles.archive import ArchiveError, read_archive, read_archive_bytes
from vatspolicy.compile_cache import digest
from vatspolicy.core.documents import recall_document
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle, Origin, build_bundle, read_sources
from vatspolicy.core.policies.files import HEAD, LayerFiles, is_law, read_layer
from vatspolicy.core.policies.layers import read_head
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _

MANIFEST, SIGNATURES, DATA = ".manifest", ".signatures.json", "vatspolicy/data.json"
ROOT = "vatspolicy"
"""Root of the data in OPA, and key of our part of the manifest's metadata."""
DELTA = "patch.json"
"""Name of OPA's delta bundles, which are unsigned by design and never accepted."""
FORMAT, LAYERED = 1, 2
"""Versions of our part of the manifest: without layers, and with them, which older programs must not leave out."""
LAYERS = "layers/"
"""Folder of the layers of a bundle."""
_LAYER = re.compile(r"layers/([1-9][0-9]{0,2})-[a-z0-9-]+/")
"""Folder of a layer: its place above the policies, which the digest covers so, and its name."""


class BundleFileError(InvalidInput):
    """Error for a rejected bundle; one problem, about the file."""

    def __init__(self, file: str, message: str, hint: str = "") -> None:
        super().__init__([Problem(file, 1, 1, "", message, hint)])


@dataclass(frozen=True)
class BundleFile:
    """Complete and consistent bundle file; its author is proved by its signature only."""

    file: str
    files: Mapping[str, bytes] = field(repr=False)
    """Files by name, with slashes and without a leading one."""
    version: str
    number: int
    """Release number; a bundle with a lower one is older."""
    digest: str
    """SHA-256 over names and bytes of everything but manifest and signature: `sha256:` and 64 digits."""
    layers: tuple[LayerFiles, ...] = field(default=(), repr=False)
    """Its layers, the lowest first."""

    @property
    def revision(self) -> str:
        """OPA revision: version, number and the beginning of the digest."""
        return revision(self.version, self.number, self.digest)

    @property
    def signed(self) -> bool:
        """True if there is a signature, by any key."""
        return SIGNATURES in self.files

    @functools.cached_property
    def policies(self) -> list[tuple[str, bytes]]:
        """Names and bytes of the policies, in the order of a folder's."""
        found = [name for name in self.files if name.startswith("policies/") and name.endswith(".yaml")]
        return [(name, self.files[name]) for name in sorted(found, key=lambda name: name.split("/"))]

    @functools.cached_property
    def schemas(self) -> SchemaSet:
        """Schemas of the bundle; the shipped set if they are equal."""
        found = [name.split("/") for name in self.files if name.startswith("schemas/") and name.endswith(".json")]
        own = SchemaSet({parts[1]: self.files["/".join(parts)] for parts in found if len(parts) == 2})
        return SchemaSet.shipped() if own == SchemaSet.shipped() else own

    def load(self, above: Sequence[LayerFiles] = ()) -> Bundle:
        """Compile its policies under its own schemas, with further layers above its own. Raises InvalidInput."""
        try:
            bundle = build_bundle(self.policies, self.schemas, [*self.layers, *above])
        except (FileNotFoundError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, InvalidInput):
                raise
            raise BundleFileError(self.file, _("Its schemas cannot be used by this version of the program.")) from None
        for position, (files, layer) in enumerate(zip(self.layers, bundle.layers[1:], strict=False), 1):
            if files.head[0] != f"{layer_folder(position, layer.name)}/{HEAD}":
                raise BundleFileError(self.file, _("The names of its layers differ from their folders."))
        if bundle.version != self.version:
            raise BundleFileError(self.file, _("Manifest and policies/bundle.yaml state different versions."))
        return replace(bundle, origin=Origin("bundle", self.file))


def revision(version: str, number: int, content: str) -> str:
    """Return the revision of a manifest, such as 0.1.0+17.3f2ac1d0e5b7."""
    return f"{version}+{number}.{content.removeprefix('sha256:')[:12]}"


def content_digest(files: Mapping[str, bytes]) -> str:
    """Return the digest of all files except manifest and signature, which contain it."""
    names = sorted(files.keys() - {MANIFEST, SIGNATURES})
    return "sha256:" + digest(part for name in names for part in (name.encode(), files[name]))


def read_bundle_bytes(name: str, content: bytes) -> BundleFile:
    """Read a bundle that is in memory, as `read_bundle_file` does; `name` is for messages. Raises BundleFileError."""
    try:
        files = dict(read_archive_bytes(name, content))
    except ArchiveError as error:
        raise BundleFileError(name, str(error)) from None
    return replace(read_bundle_file(Path(name), files), file=name)


def read_bundle_file(path: Path, content: Mapping[str, bytes] | None = None) -> BundleFile:
    """Read the bundle in a file, or in `content` if given. Raises BundleFileError.

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
            raise BundleFileError(file, _("It contains {name!r}; vatspolicy does not use delta bundles.", name=name))
    if MANIFEST not in content:
        raise BundleFileError(file, _("It has no .manifest."), _("Build one with vatspolicy bundle build."))
    ours = _manifest(file, content[MANIFEST])
    layers = _layers(file, content, ours["layers"])
    bundle_file = BundleFile(file, content, ours["version"], ours["number"], content_digest(content), layers)
    if ours["digest"] != bundle_file.digest:
        raise BundleFileError(
            file, _("Its files do not match its manifest."), _("A file was changed, added or removed.")
        )
    if ours["revision"] != bundle_file.revision:
        raise BundleFileError(file, _("The revision in its manifest does not match its version, number and digest."))
    if not bundle_file.policies or not bundle_file.schemas.files:
        raise BundleFileError(file, _("It contains no policies or no schemas."))
    return bundle_file


def _manifest(file: str, content: bytes) -> dict[str, Any]:
    """Return our part of a manifest, with its revision. Raises BundleFileError."""
    try:
        data = json.loads(content)
        ours = data["metadata"][ROOT]
        found = {"revision": data["revision"], **{key: ours[key] for key in ("format", "version", "number", "digest")}}
        roots = data["roots"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise BundleFileError(file, _("Its .manifest was not written by vatspolicy bundle build.")) from None
    texts = all(isinstance(found[key], str) for key in ("revision", "version", "digest"))
    number = found["number"]
    if not texts or not isinstance(number, int) or isinstance(number, bool) or number < 0 or roots != [ROOT]:
        raise BundleFileError(file, _("Its .manifest was not written by vatspolicy bundle build."))
    if found["format"] not in (FORMAT, LAYERED):
        raise BundleFileError(file, _("This version of the program does not know its format."))
    layers = ours.get("layers", [])
    if not isinstance(layers, list) or bool(layers) != (found["format"] == LAYERED):
        raise BundleFileError(file, _("Its .manifest was not written by vatspolicy bundle build."))
    return {**found, "layers": layers}


def layer_folder(place: int, name: str) -> str:
    """Return the folder of a layer in a bundle; `place` is 1 for the lowest one."""
    return f"{LAYERS}{place}-{name}"


def _layers(file: str, content: Mapping[str, bytes], listed: list[Any]) -> tuple[LayerFiles, ...]:
    """Return the layers of a bundle in their order. Raises BundleFileError unless the manifest lists exactly those."""
    by_folder: dict[tuple[int, str], dict[str, bytes]] = {}
    for name in content:
        if name.startswith(LAYERS):
            if not (found := _LAYER.match(name)):
                raise BundleFileError(file, _("It contains {name!r}, which does not belong to a layer.", name=name))
            by_folder.setdefault((int(found[1]), found[0]), {})[name] = content[name]
    layers = []
    for position, ((number, folder), own) in enumerate(sorted(by_folder.items()), 1):
        head = own.pop(folder + HEAD, None)
        if head is None or number != position or not all(name.endswith(".yaml") for name in own):
            raise BundleFileError(file, _("Its layers do not match its manifest."))
        layers.append(LayerFiles((folder + HEAD, head), tuple(sorted(own.items()))))
    if listed != [describe_layer(layer) for layer in layers]:
        raise BundleFileError(file, _("Its layers do not match its manifest."))
    return tuple(layers)


def describe_layer(layer: LayerFiles) -> dict[str, str]:
    """Return the entry of a manifest for a layer of a bundle: its folder and its digest."""
    return {"folder": layer.head[0].removesuffix(f"/{HEAD}"), "digest": layer.digest}


# --- builds: equal sources give equal bytes on every machine


_STORED = 65535
"""Maximum number of bytes of one stored block (RFC 1951, 3.2.4)."""


def build_bundle_file(
    folder: Path,
    number: int,
    file: str = "bundle.tar.gz",
    schemas: SchemaSet | None = None,
    layers: Sequence[Path] = (),
) -> BundleFile:
    """Return the bundle of a folder of policies, layers above it, and schemas, by default the shipped ones.

    Raises InvalidInput for policies that do not load.

    `number` is from 0 and greater than that of every release before.
    """
    schemas = schemas or SchemaSet.shipped()
    sources = _sources(folder)
    law = [(name, content) for name, content in sources.items() if name.endswith(".yaml")]
    above = [_moved(read_layer(one, str(one)), position) for position, one in enumerate(layers, 1)]
    bundle = build_bundle(law, schemas, above)
    files = {
        **sources,
        **{name: content for layer in above for name, content in (layer.head, *layer.sources)},
        **{f"schemas/{name}": content for name, content in schemas.files.items()},
        DATA: _json(_data(sources, above)),
    }
    digest = content_digest(files)
    files[MANIFEST] = _json(
        {
            "revision": revision(bundle.version, number, digest),
            "roots": [ROOT],
            "metadata": {
                ROOT: {
                    "format": LAYERED if above else FORMAT,
                    "version": bundle.version,
                    "number": number,
                    "digest": digest,
                    **({"layers": [describe_layer(layer) for layer in above]} if above else {}),
                },
            },
        }
    )
    return read_bundle_file(Path(file), files)


def _sources(folder: Path) -> dict[str, bytes]:
    """Return the policy files by their names in the bundle. Raises InvalidInput."""
    read_sources(folder)  # says what is wrong with a folder that has none
    paths = sorted(path for path in folder.rglob("*.yaml") if path.is_file())
    return {f"policies/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in paths}


def _moved(layer: LayerFiles, place: int) -> LayerFiles:
    """Return a layer under the names that it has in a bundle. Raises InvalidInput."""
    old = os.path.dirname(layer.head[0])
    new = layer_folder(place, read_head(*layer.head).data["name"])

    def move(name: str) -> str:
        return f"{new}/{PurePath(os.path.relpath(name, old)).as_posix()}"

    sources = tuple((move(name), content) for name, content in layer.sources)
    return LayerFiles((move(layer.head[0]), layer.head[1]), tuple(sorted(sources)))


def _data(sources: Mapping[str, bytes], layers: Sequence[LayerFiles] = ()) -> dict[str, Any]:
    """Return the law as plain data, which any OPA loads: the release, the policies by id, and those of each layer."""
    release, policies = None, {}
    for name, content in sources.items():
        base = PurePath(name).name
        if not is_law(base):
            continue
        data = recall_document(content, name).data
        if base == "bundle.yaml":
            release = data
        else:
            policies[data["id"]] = data
    above = [
        {"layer": read_head(*layer.head).data, "policies": _data(dict(layer.sources))["policies"]} for layer in layers
    ]
    return {"release": release, "policies": policies, **({"layers": above} if above else {})}


def _json(data: Any) -> bytes:
    return (json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n").encode()


def pack(files: Mapping[str, bytes], compress: bool = False) -> bytes:
    """Return the archive of files: sorted names, no owner, no time, mode 0644.

    It is stored and not compressed, because what zlib makes of one text differs between its versions and forks;
    `compress` makes it a fifth of the size, with bytes that are equal only where zlib is.
    """
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(files[name]), 0o644
            archive.addfile(info, io.BytesIO(files[name]))
    data = out.getvalue()
    head = b"\x1f\x8b\x08" + bytes(5) + (b"\x02\xff" if compress else b"\x00\xff")  # no name, time zero, system unknown
    tail = zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")
    return head + (_compressed(data) if compress else _stored(data)) + tail


def is_compressed(path: Path) -> bool:
    """Return True if an archive does not consist of stored blocks (RFC 1951, 3.2.4)."""
    with path.open("rb") as file:
        head = file.read(11)
    return head[:2] == b"\x1f\x8b" and len(head) == 11 and head[10] not in (0, 1)


def _compressed(data: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return compressor.compress(data) + compressor.flush()


def _stored(data: bytes) -> bytes:
    blocks = []
    for start in range(0, len(data), _STORED):
        block = data[start : start + _STORED]
        last = start + _STORED >= len(data)
        size = len(block).to_bytes(2, "little")
        blocks.append(bytes([last]) + size + bytes(255 - byte for byte in size) + block)
    return b"".join(blocks)
