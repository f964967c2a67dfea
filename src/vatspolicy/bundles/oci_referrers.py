"""Sigstore bundles that are attached to a bundle in a registry: referrers of its manifest.

A registry lists referrers itself, or a tag named after the digest does (distribution specification 1.1).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from vatspolicy.bundles.oci_client import MAX_SMALL, RegistryClient
from vatspolicy.bundles.oci_content import (
    EMPTY,
    MANIFEST,
    TITLE,
    describe,
    encode,
    find_layer,
    pull_blob,
    pull_manifest,
    push_blob,
    push_manifest,
)
from vatspolicy.bundles.oci_reference import is_digest
from vatspolicy.i18n import _

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
"""Statuses of registries that list no referrers themselves."""


def push_proof(client: RegistryClient, manifest: bytes, proof: bytes) -> None:
    """Attach a Sigstore bundle to the manifest of a bundle. Raises BundleFileError."""
    kind = _find_type(proof)
    if kind is None:
        client.fail(_("Its Sigstore bundle is of an unknown kind."))
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
    listed = [one for one in _read_tag(client, subject["digest"]) if one.get("digest") != entry["digest"]]
    index = encode({"schemaVersion": 2, "mediaType": INDEX, "manifests": [*listed, entry]})
    push_manifest(client, _tag_of(subject["digest"]), index, INDEX)


def pull_proofs(client: RegistryClient, digest: str) -> tuple[bytes, ...]:
    """Return the Sigstore bundles attached to a manifest; nothing of them is verified. Raises BundleFileError."""
    kinds = (
        one
        for one in _list_referrers(client, digest)
        if is_digest(one.get("digest")) and str(one.get("artifactType")).startswith(SIGSTORE)
    )
    proofs = (_pull_proof(client, one["digest"]) for one in list(islice(kinds, MAX_PROOFS)))
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
    found = find_layer(pull_manifest(client, digest))
    if found is None or found.size > MAX_SMALL:
        return None
    if not found.artifact.startswith(SIGSTORE) or not found.media_type.startswith(SIGSTORE):
        return None
    return pull_blob(client, found.digest, found.size)


def _tag_of(digest: str) -> str:
    return digest.replace(":", "-")


def _read_tag(client: RegistryClient, digest: str) -> list[dict[str, Any]]:
    """Return the referrers that the tag of a manifest lists; none without the tag."""
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
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        client.fail(_("The registry's list of referrers cannot be read."))
    return listed


def _find_type(proof: bytes) -> str | None:
    try:
        kind = json.loads(proof)["mediaType"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return kind if isinstance(kind, str) and kind.startswith(SIGSTORE) else None
