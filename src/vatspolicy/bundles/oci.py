"""Bundles in OCI registries (distribution specification 1.1): manifests, blobs, and signatures that refer to them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

from vatspolicy.bundles.archive import MAX_BYTES
from vatspolicy.bundles.bundle_file import BundleFile
from vatspolicy.bundles.oci_client import MAX_SMALL, RegistryClient, is_digest, parse_reference
from vatspolicy.i18n import _

# --- blobs and manifests of a repository, each checked against its digest


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
    """Return the manifest of a tag or of a digest. Raises BundleFileError, also if the digest differs."""
    answer = client.request("GET", f"{client.reference.base}/manifests/{name}", {"Accept": MANIFEST})
    if answer.status != 200:
        client.refuse(answer)
    if is_digest(name) and digest_of(answer.content) != name:
        client.fail(_("The manifest does not match its digest."))
    return answer.content


def pull_blob(client: RegistryClient, digest: str, size: int) -> bytes:
    """Return a blob. Raises BundleFileError for one of another digest or size."""
    blob = client.request("GET", f"{client.reference.base}/blobs/{digest}", max_bytes=size)
    if blob.status != 200:
        client.refuse(blob)
    if len(blob.content) != size or digest_of(blob.content) != digest:
        client.fail(_("The bundle does not match its digest."))
    return blob.content


class ManifestLayer(NamedTuple):
    """The one layer of a manifest."""

    artifact: str
    """Type of the artifact."""
    media_type: str
    digest: str
    size: int


def find_layer(manifest: bytes) -> ManifestLayer | None:
    """Return the layer of a manifest with exactly one layer; None for any other manifest."""
    try:
        data = json.loads(manifest)
        (layer,) = data["layers"]
        versioned = (data["schemaVersion"], data["mediaType"]) == (2, MANIFEST)
        texts, size = (data["artifactType"], layer["mediaType"], layer["digest"]), layer["size"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    usable = all(isinstance(text, str) for text in texts) and is_digest(texts[2])
    sized = isinstance(size, int) and not isinstance(size, bool) and size > 0
    return ManifestLayer(*texts, size) if versioned and usable and sized else None


# --- sigstore bundles that are attached to a bundle in a registry: referrers of its manifest
#
# A registry lists referrers itself, or a tag named after the digest does (distribution specification 1.1).


INDEX = "application/vnd.oci.image.index.v1+json"
SIGSTORE = "application/vnd.dev.sigstore.bundle"
"""Beginning of the media types of Sigstore bundles, which are the types of the artifacts too."""
MAX_PROOFS = 16
"""Maximum number of attached Sigstore bundles that are read."""
MAX_PAGES = 64
"""Maximum number of pages of a registry's list of referrers."""
MAX_LISTED = 4 * MAX_SMALL
"""Maximum size of these pages together, in bytes."""
_UNKNOWN = (400, 404, 405, 501)
"""Statuses of registries that do not list referrers."""


def push_proof(client: RegistryClient, manifest: bytes, proof: bytes) -> None:
    """Attach a Sigstore bundle to the manifest of a bundle. Raises BundleFileError."""
    kind = _find_type(proof)
    if kind is None:
        client.fail(_("Its Sigstore bundle has an unknown type."))
    for blob in (b"{}", proof):
        push_blob(client, blob)
    subject = describe(MANIFEST, manifest)
    made = encode(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": kind,
            "config": describe(EMPTY, b"{}"),
            "layers": [describe(kind, proof, annotations={TITLE: "bundle.tar.gz.sigstore.json"})],
            "subject": subject,
        }
    )
    entry = describe(MANIFEST, made, artifactType=kind)
    if push_manifest(client, entry["digest"], made).get("oci-subject") == subject["digest"]:
        return
    listed = [other for other in _read_tag(client, subject["digest"]) if other.get("digest") != entry["digest"]]
    index = encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": [*listed, entry]})
    push_manifest(client, _tag_of(subject["digest"]), index, INDEX)


def pull_proofs(client: RegistryClient, digest: str) -> tuple[bytes, ...]:
    """Return the Sigstore bundles attached to a manifest; nothing of them is verified. Raises BundleFileError."""
    kinds = (
        referrer
        for referrer in _list_referrers(client, digest)
        if is_digest(referrer.get("digest")) and str(referrer.get("artifactType")).startswith(SIGSTORE)
    )
    proofs = (_pull_proof(client, entry["digest"]) for entry in list(islice(kinds, MAX_PROOFS)))
    return tuple(proof for proof in proofs if proof is not None)


def _list_referrers(client: RegistryClient, digest: str) -> Iterator[dict[str, Any]]:
    """Yield the referrers of a manifest, each page of the registry when it is reached. Raises BundleFileError.

    A list that is too long, or that cannot be read to its end, is an error: the rest may hold the proof.
    """
    query = urlencode({"artifactType": f"{SIGSTORE}.v0.3+json"})
    url: str | None = f"{client.reference.base}/referrers/{digest}?{query}"
    left = MAX_LISTED
    for page in range(MAX_PAGES):
        assert url is not None
        answer = client.request("GET", url, {"Accept": INDEX}, max_bytes=min(left, MAX_SMALL))
        if page == 0 and answer.status in _UNKNOWN:
            yield from _read_tag(client, digest)
            return
        if answer.status != 200:
            client.refuse(answer)
        yield from _entries(client, answer.content)
        left -= len(answer.content)
        url = client.next_page(answer, url)
        if url is None:
            return
    client.fail(_("The registry's list of referrers does not end within {n} pages.", n=MAX_PAGES))


def _pull_proof(client: RegistryClient, digest: str) -> bytes | None:
    """Return the Sigstore bundle in an artifact; None for another artifact."""
    layer = find_layer(pull_manifest(client, digest))
    if layer is None or layer.size > MAX_SMALL:
        return None
    if not layer.artifact.startswith(SIGSTORE) or not layer.media_type.startswith(SIGSTORE):
        return None
    return pull_blob(client, layer.digest, layer.size)


def _tag_of(digest: str) -> str:
    return digest.replace(":", "-")


def _read_tag(client: RegistryClient, digest: str) -> list[dict[str, Any]]:
    """Return the referrers that the tag of a manifest lists; none if the tag does not exist."""
    answer = client.request("GET", f"{client.reference.base}/manifests/{_tag_of(digest)}", {"Accept": INDEX})
    if answer.status == 404:
        return []
    if answer.status != 200:
        client.refuse(answer)
    return _entries(client, answer.content)


def _entries(client: RegistryClient, index: bytes) -> list[dict[str, Any]]:
    try:
        data = json.loads(index)
        listed = data["manifests"] if data["mediaType"] == INDEX else None
    except (ValueError, KeyError, TypeError, RecursionError):
        listed = None
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        client.fail(_("The registry's list of referrers cannot be read."))
    return listed


def _find_type(proof: bytes) -> str | None:
    try:
        kind = json.loads(proof)["mediaType"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return kind if isinstance(kind, str) and kind.startswith(SIGSTORE) else None


# --- bundles in OCI registries
#
# Bundles in OCI registries (distribution specification 1.1): an image manifest with one layer, the file of the bundle.
#
# OPA reads the layer too: its media type is that of a gzipped layer of an image.


ARTIFACT = "application/vnd.vatspolicy.bundle.v1"
"""Type of the artifact."""
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


class Pulled(NamedTuple):
    """A bundle file from a registry, with checked digests but an unverified signature."""

    content: bytes
    pinned: str
    """Reference by the digest of the manifest."""
    proofs: tuple[bytes, ...]
    """Attached Sigstore bundles, if requested."""


def make_manifest(bundle_file: BundleFile, content: bytes) -> bytes:
    """Return the manifest of a bundle. It holds no time: equal bundles have equal manifests."""
    return encode(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": ARTIFACT,
            "config": describe(EMPTY, b"{}"),
            "layers": [describe(LAYER, content, annotations={TITLE: "bundle.tar.gz"})],
            "annotations": {
                "org.opencontainers.image.version": bundle_file.version,
                "org.opencontainers.image.revision": bundle_file.revision,
            },
        }
    )


def push_bundle(text: str, bundle_file: BundleFile, content: bytes, proof: bytes | None = None) -> str:
    """Push the file of a bundle, with a Sigstore bundle, and return the reference by its digest.

    Raises BundleFileError. The tag comes last: who pulls it finds the Sigstore bundle.
    """
    reference = parse_reference(text)
    client = RegistryClient(reference, "pull,push")
    if reference.digest or not reference.tag:
        client.fail(_("A bundle is pushed under a tag."))
    if content[:2] != b"\x1f\x8b":
        client.fail(_("Only gzipped bundles (.tar.gz) are pushed."))
    for blob in (b"{}", content):
        push_blob(client, blob)
    manifest = make_manifest(bundle_file, content)
    if proof is not None:
        push_manifest(client, digest_of(manifest), manifest)
        push_proof(client, manifest, proof)
    push_manifest(client, reference.tag, manifest)
    return reference.at(digest_of(manifest))


def pull_bundle(text: str, with_proofs: bool = False) -> Pulled:
    """Return the file of a bundle after checking its digests, without writing it. Raises BundleFileError."""
    reference = parse_reference(text)
    client = RegistryClient(reference, "pull")
    manifest = pull_manifest(client, reference.manifest)
    layer = find_layer(manifest)
    if layer is None or (layer.artifact, layer.media_type) != (ARTIFACT, LAYER):
        client.fail(_("This artifact is not a vatspolicy bundle."))
    if layer.size > MAX_BYTES:
        client.fail(_("It exceeds the size limit of a bundle."))
    digest = digest_of(manifest)
    proofs = pull_proofs(client, digest) if with_proofs else ()
    return Pulled(pull_blob(client, layer.digest, layer.size), reference.at(digest), proofs)
