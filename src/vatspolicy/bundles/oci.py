"""Bundles in OCI registries (distribution specification 1.1): an image manifest with one layer, the file of the bundle.

OPA reads the layer too: its media type is that of a gzipped layer of an image.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, NamedTuple

from vatspolicy.bundles.archive import MAX_BYTES
from vatspolicy.bundles.bundle_file import BundleFile
from vatspolicy.bundles.oci_client import RegistryClient
from vatspolicy.bundles.oci_reference import is_digest, parse_reference
from vatspolicy.i18n import _

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
ARTIFACT = "application/vnd.vatspolicy.bundle.v1"
"""Type of the artifact."""
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY = "application/vnd.oci.empty.v1+json"
"""Media type of the empty configuration `{}`."""
TITLE = "org.opencontainers.image.title"


class Pulled(NamedTuple):
    """A bundle's file from a registry. Its digests were checked; nobody has verified its signature."""

    content: bytes
    pinned: str
    """Reference by the digest of the manifest."""


def make_manifest(bundle_file: BundleFile, content: bytes) -> bytes:
    """Return the manifest of a bundle. It holds no time: equal bundles have equal manifests."""
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": ARTIFACT,
            "config": {"mediaType": EMPTY, "digest": digest_of(b"{}"), "size": 2},
            "layers": [
                {
                    "mediaType": LAYER,
                    "digest": digest_of(content),
                    "size": len(content),
                    "annotations": {TITLE: "bundle.tar.gz"},
                }
            ],
            "annotations": {
                "org.opencontainers.image.version": bundle_file.version,
                "org.opencontainers.image.revision": bundle_file.revision,
            },
        },
        separators=(",", ":"),
    ).encode()


def digest_of(content: bytes) -> str:
    """Return a digest as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def push_bundle(text: str, bundle_file: BundleFile, content: bytes) -> str:
    """Push the file of a bundle and return the reference by its digest. Raises BundleFileError."""
    reference = parse_reference(text)
    client = RegistryClient(reference, "pull,push")
    if reference.digest or not reference.tag:
        client.fail(_("A bundle is pushed under a tag."))
    if content[:2] != b"\x1f\x8b":
        client.fail(_("Only gzipped bundles (.tar.gz) are pushed."))
    for blob in (b"{}", content):
        _push_blob(client, blob)
    manifest = make_manifest(bundle_file, content)
    answer = client.request("PUT", f"{reference.base}/manifests/{reference.tag}", {"Content-Type": MANIFEST}, manifest)
    if answer.status != 201:
        client.refuse(answer)
    return reference.at(digest_of(manifest))


def _push_blob(client: RegistryClient, blob: bytes) -> None:
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


def pull_bundle(text: str) -> Pulled:
    """Return the file of a bundle, whose digests are right. Raises BundleFileError. Nothing is written."""
    reference = parse_reference(text)
    client = RegistryClient(reference, "pull")
    answer = client.request("GET", f"{reference.base}/manifests/{reference.manifest}", {"Accept": MANIFEST})
    if answer.status != 200:
        client.refuse(answer)
    digest = digest_of(answer.content)
    if digest != (reference.digest or digest):
        client.fail(_("The manifest is not the one of the digest."))
    layer = _find_layer(client, answer.content)
    blob = client.request("GET", f"{reference.base}/blobs/{layer['digest']}", max_bytes=layer["size"])
    if blob.status != 200:
        client.refuse(blob)
    if len(blob.content) != layer["size"] or digest_of(blob.content) != layer["digest"]:
        client.fail(_("The bundle is not the one of its digest."))
    return Pulled(blob.content, reference.at(digest))


def _find_layer(client: RegistryClient, manifest: bytes) -> dict[str, Any]:
    """Return the descriptor of the one layer of a manifest."""
    digest: Any = None
    size: Any = None
    try:
        data = json.loads(manifest)
        kinds = (data["schemaVersion"], data["mediaType"], data["artifactType"])
        (layer,) = data["layers"]
        if kinds == (2, MANIFEST, ARTIFACT) and layer["mediaType"] == LAYER:
            digest, size = layer["digest"], layer["size"]
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    if not is_digest(digest) or not isinstance(size, int) or isinstance(size, bool) or size < 1:
        client.fail(_("This is not a bundle of vatspolicy, but another artifact."))
    if size > MAX_BYTES:
        client.fail(_("It is larger than a bundle may be."))
    return {"digest": digest, "size": size}
