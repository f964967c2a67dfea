"""Reproducible builds: equal sources give equal bytes on every machine."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from vatspolicy.bundles.bundle_file import (
    DATA,
    FORMAT,
    LAYERED,
    MANIFEST,
    ROOT,
    BundleFile,
    content_digest,
    describe_layer,
    layer_folder,
    read_bundle_file,
    revision,
)
from vatspolicy.core.documents import recall_document
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import build_bundle, read_sources
from vatspolicy.core.policies.files import LayerFiles, is_law, read_layer
from vatspolicy.core.policies.layers import read_head

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
    above = [_moved(read_layer(one, str(one)), place) for place, one in enumerate(layers, 1)]
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
