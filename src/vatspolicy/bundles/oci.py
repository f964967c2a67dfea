"""Bundles in OCI registries (distribution specification 1.1): an image manifest with one layer, the file of the bundle.

OPA reads the layer too: its media type is that of a gzipped layer of an image.
"""

from __future__ import annotations

from typing import NamedTuple

from vatspolicy.bundles.archive import MAX_BYTES
from vatspolicy.bundles.bundle_file import BundleFile
from vatspolicy.bundles.oci_client import RegistryClient
from vatspolicy.bundles.oci_content import (
    EMPTY,
    MANIFEST,
    TITLE,
    describe,
    digest_of,
    encode,
    find_layer,
    pull_blob,
    pull_manifest,
    push_blob,
    push_manifest,
)
from vatspolicy.bundles.oci_reference import parse_reference
from vatspolicy.bundles.oci_referrers import pull_proofs, push_proof
from vatspolicy.i18n import _

ARTIFACT = "application/vnd.vatspolicy.bundle.v1"
"""Type of the artifact."""
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


class Pulled(NamedTuple):
    """A bundle's file from a registry. Its digests were checked; nobody has verified its signature."""

    content: bytes
    pinned: str
    """Reference by the digest of the manifest."""
    proofs: tuple[bytes, ...]
    """Sigstore bundles that are attached to it, if they were asked for."""


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
    """Return the file of a bundle, whose digests are right. Raises BundleFileError. Nothing is written."""
    reference = parse_reference(text)
    client = RegistryClient(reference, "pull")
    manifest = pull_manifest(client, reference.manifest)
    found = find_layer(manifest)
    if found is None or (found.artifact, found.media_type) != (ARTIFACT, LAYER):
        client.fail(_("This is not a bundle of vatspolicy, but another artifact."))
    if found.size > MAX_BYTES:
        client.fail(_("It is larger than a bundle may be."))
    digest = digest_of(manifest)
    proofs = pull_proofs(client, digest) if with_proofs else ()
    return Pulled(pull_blob(client, found.digest, found.size), reference.at(digest), proofs)
