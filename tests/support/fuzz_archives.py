"""Archives and bundles as fuzzers edit them: what holds them together is made after the edit.

A byte that is changed in an archive or a bundle breaks a checksum or a digest, and the reader refuses it at the door.
"""

from __future__ import annotations

import base64
import functools
import io
import json
import re
import tarfile
from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.bundles.bundle_file import MANIFEST, ROOT, SIGNATURES, content_digest, revision
from vatspolicy.bundles.keys import ED25519, Key
from vatspolicy.bundles.signature import file_digest, make_token
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.files import HEAD, LayerFiles

OPEN = "?"
"""A digest, hash or revision that is put in when the bundle is made; any other one stays as it is."""
_BLOCK = 512
_HEADER = re.compile(rb"^=== (.*)\n", re.MULTILINE)


def pack_tar(files: Iterable[tuple[str, bytes]]) -> bytes:
    """An archive of members, which may come twice or have odd names."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def mend_checksums(data: bytes) -> bytes:
    """An archive with the right checksum in each header, which are found as its reader finds them."""
    mended, place = bytearray(data), 0
    while any(header := mended[place : place + _BLOCK]) and len(header) == _BLOCK:
        header[148:156] = b" " * 8
        mended[place + 148 : place + 156] = b"%06o\0 " % sum(header)
        size = header[124:136].strip(b"\0 ")
        blocks = -(-int(size, 8) // _BLOCK) if re.fullmatch(rb"[0-7]+", size) else 0
        place += _BLOCK * (1 + blocks)
    return bytes(mended)


def write_members(files: Mapping[str, bytes]) -> bytes:
    """A bundle as text: each member after a line `=== NAME`."""
    return b"".join(b"=== %s\n%s" % (name.encode(), content.rstrip(b"\n") + b"\n") for name, content in files.items())


def make_bundle(text: bytes) -> bytes | None:
    """The bundle that a text describes: with the shipped schemas, unless it has some, and with each digest that is open.

    None if no archive can have such names.
    """
    parts = _HEADER.split(text)[1:]
    members = [
        (name.decode("utf-8", "replace"), content) for name, content in zip(parts[::2], parts[1::2], strict=True)
    ]
    if not any(name.startswith("schemas/") for name, _ in members):
        members += [(f"schemas/{name}", content) for name, content in SchemaSet.shipped().files.items()]
    files = dict(members)
    for name, seal in ((MANIFEST, _seal_manifest), (SIGNATURES, _sign)):
        try:
            files[name] = seal(files)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue  # it stays as it is
    try:
        return pack_tar((name, files[name] if name in (MANIFEST, SIGNATURES) else content) for name, content in members)
    except ValueError:
        return None


def _seal_manifest(files: Mapping[str, bytes]) -> bytes:
    data = json.loads(files[MANIFEST])
    ours = data["metadata"][ROOT]
    if ours["digest"] == OPEN:
        ours["digest"] = content_digest(files)
    if data["revision"] == OPEN:
        data["revision"] = revision(ours["version"], ours["number"], ours["digest"])
    for layer in ours.get("layers", []):
        if layer["digest"] == OPEN:
            own = {name: content for name, content in files.items() if name.startswith(layer["folder"] + "/")}
            head = f"{layer['folder']}/{HEAD}"
            layer["digest"] = LayerFiles((head, own.pop(head)), tuple(sorted(own.items()))).digest
    return json.dumps(data).encode()


def _sign(files: Mapping[str, bytes]) -> bytes:
    """Sign the claims that stand in place of a signature."""
    claims = json.loads(files[SIGNATURES])
    for entry in claims["files"]:
        if entry["hash"] == OPEN:
            entry["hash"] = file_digest(entry["name"], files[entry["name"]], entry["algorithm"])
    return json.dumps({"signatures": [make_token(claims, signing_key())]}).encode()


@functools.cache
def signing_key() -> Key:
    """The key of all bundles of fuzzers."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Key("fuzz", ED25519, True, Ed25519PrivateKey.from_private_bytes(b"k" * 32))


def describe(files: Mapping[str, bytes]) -> bytes:
    """A whole bundle as text, without its schemas and with every digest open."""
    kept = {name: content for name, content in files.items() if not name.startswith("schemas/")}
    data: dict[str, Any] = json.loads(kept[MANIFEST])
    data["revision"] = data["metadata"][ROOT]["digest"] = OPEN
    for layer in data["metadata"][ROOT].get("layers", []):
        layer["digest"] = OPEN
    kept[MANIFEST] = json.dumps(data, indent=1).encode()
    if SIGNATURES in kept:
        body = json.loads(kept[SIGNATURES])["signatures"][0].split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        claims["files"] = [entry | {"hash": OPEN} for entry in claims["files"]]
        kept[SIGNATURES] = json.dumps(claims, indent=1).encode()
    return write_members(kept)
