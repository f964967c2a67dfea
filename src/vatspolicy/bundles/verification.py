"""One way to verify a bundle, whatever the key is: a key file, or a policy about signers of Sigstore."""

from __future__ import annotations

from pathlib import Path

from vatspolicy.bundles.bundle_file import BundleFile
from vatspolicy.bundles.keys import read_key
from vatspolicy.bundles.signature import Signature, verify
from vatspolicy.bundles.sigstore_policy import Evidence, read_policy, verify_sigstore


def wants_proof(key: Path | None) -> bool:
    """Return True if a bundle is verified by a Sigstore bundle, since the key is a policy. Raises BundleFileError."""
    return key is not None and read_policy(key) is not None


def verify_bundle(
    bundle_file: BundleFile, key: Path | None, scope: str = "", evidence: Evidence | None = None
) -> Signature | None:
    """Verify the signature of a bundle by the key, or the policy, in a file; None for an unsigned one without a key.

    Without evidence, a policy is about the Sigstore bundle beside the file.
    Raises BundleFileError as `signature.verify` and `sigstore_policy.verify_sigstore` do.
    """
    policy = read_policy(key) if key is not None else None
    if policy is not None:
        return verify_sigstore(bundle_file, policy, scope, evidence)
    return verify(bundle_file, read_key(key) if key else None, scope)
