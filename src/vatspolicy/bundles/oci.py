"""Bundles in OCI registries (distribution specification 1.1): manifests, blobs, and signatures that refer to them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

from vatspolicy.bundles.archive import MAX_BYTES
from vatspolicy.bundles.bundle_file import BundleFile
from vatspolicy.bundles.oci_client import MAX_SMALL, RegistryAnswer, RegistryClient, parse_reference
from vatspolicy.i18n import _

# --- blobs and manifests of a repository, each checked against its digest


MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_EMPTY = "application/vnd.oci.empty.v1+json"
"""Media type of the empty configuration `{}`."""
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
"""The only supported kind of digest."""


def digest_of(content: bytes) -> str:
    """Return a digest as registries write it."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _is_digest(text: object) -> bool:
    return isinstance(text, str) and _DIGEST.fullmatch(text) is not None


def _describe(media_type: str, content: bytes, **more: Any) -> dict[str, Any]:
    """Return the descriptor of a blob or of a manifest."""
    return {"mediaType": media_type, "digest": digest_of(content), "size": len(content), **more}


def _encode(media_type: str, **data: Any) -> bytes:
    """Return a manifest or an index as bytes: equal data give equal bytes."""
    return json.dumps({"schemaVersion": 2, "mediaType": media_type, **data}, separators=(",", ":")).encode()


def _encode_artifact(artifact: str, media_type: str, content: bytes, title: str, **more: Any) -> bytes:
    """Return the manifest of an artifact with one layer, the content, and no configuration."""
    layer = _describe(media_type, content, annotations={"org.opencontainers.image.title": title})
    return _encode(MANIFEST, artifactType=artifact, config=_describe(_EMPTY, b"{}"), layers=[layer], **more)


def _push_blobs(client: RegistryClient, content: bytes) -> None:
    """Push the blobs of an artifact, unless the repository has them. Raises BundleFileError."""
    for blob in (b"{}", content):
        digest = digest_of(blob)
        if client.request("HEAD", f"blobs/{digest}", accept=range(600)).status == 200:
            continue
        begun = client.request("POST", "blobs/uploads/", (202,), {"Content-Length": "0"}, b"")
        other = _("The registry sends the upload to another host.")
        url = client.own_address(client.reference.base, begun.headers.get("location"), other)
        url += f"{'&' if '?' in url else '?'}digest={digest}"
        client.request("PUT", url, (201,), {"Content-Type": "application/octet-stream"}, blob)


def _push_manifest(client: RegistryClient, name: str, content: bytes, media_type: str = MANIFEST) -> RegistryAnswer:
    """Push a manifest under a tag or its digest. Raises BundleFileError."""
    return client.request("PUT", f"manifests/{name}", (201,), {"Content-Type": media_type}, content)


def _pull_manifest(client: RegistryClient, name: str) -> bytes:
    """Return the manifest of a tag or of a digest. Raises BundleFileError, also if the digest differs."""
    content = client.request("GET", f"manifests/{name}", (200,), {"Accept": MANIFEST}).content
    if _is_digest(name) and digest_of(content) != name:
        client.fail(_("The manifest does not match its digest."))
    return content


def _pull_blob(client: RegistryClient, digest: str, size: int) -> bytes:
    """Return a blob. Raises BundleFileError for one of another digest or size."""
    content = client.request("GET", f"blobs/{digest}", (200,), max_bytes=size).content
    if len(content) != size or digest_of(content) != digest:
        client.fail(_("The bundle does not match its digest."))
    return content


class ManifestLayer(NamedTuple):
    """The one layer of a manifest."""

    artifact: str
    """Type of the artifact."""
    media_type: str
    digest: str
    size: int


def _find_layer(manifest: bytes) -> ManifestLayer | None:
    """Return the layer of a manifest with exactly one layer; None for any other manifest."""
    try:
        data = json.loads(manifest)
        (layer,) = data["layers"]
        versioned = (data["schemaVersion"], data["mediaType"]) == (2, MANIFEST)
        texts, size = (data["artifactType"], layer["mediaType"], layer["digest"]), layer["size"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    usable = all(isinstance(text, str) for text in texts) and _is_digest(texts[2])
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


def _push_proof(client: RegistryClient, manifest: bytes, proof: bytes) -> None:
    """Attach a Sigstore bundle to the manifest of a bundle. Raises BundleFileError."""
    try:
        kind = json.loads(proof)["mediaType"]
    except (ValueError, KeyError, TypeError, RecursionError):
        kind = None
    if not isinstance(kind, str) or not kind.startswith(SIGSTORE):
        client.fail(_("Its Sigstore bundle has an unknown type."))
    _push_blobs(client, proof)
    subject = _describe(MANIFEST, manifest)
    made = _encode_artifact(kind, kind, proof, "bundle.tar.gz.sigstore.json", subject=subject)
    entry = _describe(MANIFEST, made, artifactType=kind)
    if _push_manifest(client, entry["digest"], made).headers.get("oci-subject") == subject["digest"]:
        return
    listed = [other for other in _read_tag(client, subject["digest"]) if other.get("digest") != entry["digest"]]
    _push_manifest(client, _tag_of(subject["digest"]), _encode(INDEX, manifests=[*listed, entry]), INDEX)


def _pull_proofs(client: RegistryClient, digest: str) -> tuple[bytes, ...]:
    """Return the Sigstore bundles attached to a manifest; nothing of them is verified. Raises BundleFileError."""
    digests = (
        referrer["digest"]
        for referrer in _list_referrers(client, digest)
        if _is_digest(referrer.get("digest")) and str(referrer.get("artifactType")).startswith(SIGSTORE)
    )
    proofs = []
    for found in list(islice(digests, MAX_PROOFS)):
        layer = _find_layer(_pull_manifest(client, found))
        if layer is None or layer.size > MAX_SMALL:
            continue
        if layer.artifact.startswith(SIGSTORE) and layer.media_type.startswith(SIGSTORE):
            proofs.append(_pull_blob(client, layer.digest, layer.size))
    return tuple(proofs)


def _list_referrers(client: RegistryClient, digest: str) -> Iterator[dict[str, Any]]:
    """Yield the referrers of a manifest, each page of the registry when it is reached. Raises BundleFileError.

    A list that is too long, or that cannot be read to its end, is an error: the rest may hold the proof.
    """
    query = urlencode({"artifactType": f"{SIGSTORE}.v0.3+json"})
    url = f"{client.reference.base}/referrers/{digest}?{query}"
    left = MAX_LISTED
    accepted: tuple[int, ...] = (200, *_UNKNOWN)
    for _page in range(MAX_PAGES):
        answer = client.request("GET", url, accepted, {"Accept": INDEX}, max_bytes=min(left, MAX_SMALL))
        if answer.status in _UNKNOWN:
            yield from _read_tag(client, digest)
            return
        yield from _entries(client, answer.content)
        left -= len(answer.content)
        accepted = (200,)
        following = client.next_page(answer, url)
        if following is None:
            return
        url = following
    client.fail(_("The registry's list of referrers does not end within {n} pages.", n=MAX_PAGES))


def _tag_of(digest: str) -> str:
    return digest.replace(":", "-")


def _read_tag(client: RegistryClient, digest: str) -> list[dict[str, Any]]:
    """Return the referrers that the tag of a manifest lists; none if the tag does not exist."""
    answer = client.request("GET", f"manifests/{_tag_of(digest)}", (200, 404), {"Accept": INDEX})
    return _entries(client, answer.content) if answer.status == 200 else []


def _entries(client: RegistryClient, index: bytes) -> list[dict[str, Any]]:
    try:
        data = json.loads(index)
        listed = data["manifests"] if data["mediaType"] == INDEX else None
    except (ValueError, KeyError, TypeError, RecursionError):
        listed = None
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        client.fail(_("The registry's list of referrers cannot be read."))
    return listed


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


def push_bundle(text: str, bundle_file: BundleFile, content: bytes, proof: bytes | None = None) -> str:
    """Push the file of a bundle, with a Sigstore bundle, and return the reference by its digest.

    Raises BundleFileError. The tag comes last: who pulls it finds the Sigstore bundle. The manifest holds no time:
    equal bundles have equal manifests.
    """
    reference = parse_reference(text)
    client = RegistryClient(reference, "pull,push")
    if reference.digest or not reference.tag:
        client.fail(_("A bundle is pushed under a tag."))
    if content[:2] != b"\x1f\x8b":
        client.fail(_("Only gzipped bundles (.tar.gz) are pushed."))
    _push_blobs(client, content)
    annotations = {
        "org.opencontainers.image.version": bundle_file.version,
        "org.opencontainers.image.revision": bundle_file.revision,
    }
    manifest = _encode_artifact(ARTIFACT, LAYER, content, "bundle.tar.gz", annotations=annotations)
    if proof is not None:
        _push_manifest(client, digest_of(manifest), manifest)
        _push_proof(client, manifest, proof)
    _push_manifest(client, reference.tag, manifest)
    return reference.at(digest_of(manifest))


def pull_bundle(text: str, with_proofs: bool = False) -> Pulled:
    """Return the file of a bundle after checking its digests, without writing it. Raises BundleFileError."""
    reference = parse_reference(text)
    client = RegistryClient(reference, "pull")
    manifest = _pull_manifest(client, reference.manifest)
    layer = _find_layer(manifest)
    if layer is None or (layer.artifact, layer.media_type) != (ARTIFACT, LAYER):
        client.fail(_("This artifact is not a vatspolicy bundle."))
    if layer.size > MAX_BYTES:
        client.fail(_("It exceeds the size limit of a bundle."))
    digest = digest_of(manifest)
    proofs = _pull_proofs(client, digest) if with_proofs else ()
    return Pulled(_pull_blob(client, layer.digest, layer.size), reference.at(digest), proofs)
