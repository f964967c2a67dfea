"""Blobs and manifests of a repository, each checked against its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from vatspolicy.bundles.oci_client import RegistryClient
from vatspolicy.bundles.oci_reference import is_digest
from vatspolicy.i18n import _

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
"""Media type of the empty configuration `{}`."""
TITLE = "org.opencontainers.image.title"


def digest_of(content: bytes) -> str:
    """Return a digest as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def describe(media_type: str, content: bytes, **more: Any) -> dict[str, Any]:
    """Return the descriptor of a blob or of a manifest."""
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content), **more}


def encode(data: Mapping[str, Any]) -> bytes:
    """Return a manifest as bytes: equal data give equal bytes."""
    return json.dumps(data, separators=(",", ":")).encode()


def push_blob(client: RegistryClient, blob: bytes) -> None:
    """Push a blob, unless the repository has it. Raises BundleFileError."""
    base, digest = client.reference.base, digest_of(blob)
    if client.request("HEAD", f"{base}/blobs/{digest}").status == 200:
        return
    begun = client.request("POST", f"{base}/blobs/uploads/", {"Content-Length": "0"}, b"")
    if begun.status != 202:
        client.refuse(begun)
    url = client.own_address(begun.headers.get("location"), base)
    url += f"{'&' if '?' in url else '?'}digest={digest}"
    ended = client.request("PUT", url, {"Content-Type": "application/octet-stream"}, blob)
    if ended.status != 201:
        client.refuse(ended)


def push_manifest(client: RegistryClient, name: str, content: bytes, media_type: str = MANIFEST) -> Mapping[str, str]:
    """Push a manifest under a tag or its digest, and return the headers of the answer. Raises BundleFileError."""
    url = f"{client.reference.base}/manifests/{name}"
    answer = client.request("PUT", url, {"Content-Type": media_type}, content)
    if answer.status != 201:
        client.refuse(answer)
    return answer.headers


def pull_manifest(client: RegistryClient, name: str) -> bytes:
    """Return the manifest of a tag or of a digest. Raises BundleFileError, for one of another digest too."""
    answer = client.request("GET", f"{client.reference.base}/manifests/{name}", {"Accept": MANIFEST})
    if answer.status != 200:
        client.refuse(answer)
    if is_digest(name) and digest_of(answer.content) != name:
        client.fail(_("The manifest is not the one of the digest."))
    return answer.content


def pull_blob(client: RegistryClient, digest: str, size: int) -> bytes:
    """Return a blob. Raises BundleFileError for one of another digest or size."""
    blob = client.request("GET", f"{client.reference.base}/blobs/{digest}", max_bytes=size)
    if blob.status != 200:
        client.refuse(blob)
    if len(blob.content) != size or digest_of(blob.content) != digest:
        client.fail(_("The bundle is not the one of its digest."))
    return blob.content


class Layer(NamedTuple):
    """The one layer of a manifest."""

    artifact: str
    """Type of the artifact."""
    media_type: str
    digest: str
    size: int


def find_layer(manifest: bytes) -> Layer | None:
    """Return the layer of a manifest that has just one; None for another manifest."""
    try:
        data = json.loads(manifest)
        (layer,) = data["layers"]
        known = (data["schemaVersion"], data["mediaType"]) == (2, MANIFEST)
        texts, size = (data["artifactType"], layer["mediaType"], layer["digest"]), layer["size"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    usable = all(isinstance(text, str) for text in texts) and is_digest(texts[2])
    sized = isinstance(size, int) and not isinstance(size, bool) and size > 0
    return Layer(*texts, size) if known and usable and sized else None
