"""Keyless signatures of bundles: a Sigstore bundle beside the file, verified offline with a trust root that is given.

The library `sigstore` (an extra) does the work: the certificate with the timestamp of its log, the entry of the
transparency log, and the signature. Nothing is fetched.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vatspolicy.bundles.archive import MAX_BYTES
from vatspolicy.bundles.bundle_file import BundleFile, BundleFileError, read_bundle_bytes
from vatspolicy.bundles.signature import Signature
from vatspolicy.i18n import _, reason_of
from vatspolicy.origin import install

ENDING = ".sigstore.json"
"""Ending of the file beside a bundle that holds its Sigstore bundle."""
ALGORITHM = "sigstore"
_MAX_SMALL = 4 * 2**20
_KEYS = {"trusted_root", "issuer", "identity", "repository"}


@dataclass(frozen=True)
class SignerPolicy:
    """Who must have signed, and the trust root by which that is known."""

    file: str
    trusted_root: Path
    issuer: str
    """Issuer of the identity, such as https://token.actions.githubusercontent.com."""
    identity: str | None = None
    """Subject of the certificate: an email address, or the address of a workflow with its ref."""
    repository: str | None = None
    """Address of the source repository, of which any workflow and ref will do."""


def read_policy(path: Path) -> SignerPolicy | None:
    """Return the policy in a file, or None for another file, such as a key. Raises BundleFileError for a wrong one."""
    try:
        with path.open("rb") as stream:
            data = json.loads(stream.read(_MAX_SMALL))
    except (OSError, ValueError, RecursionError):
        return None  # reading it as a key says why
    if not isinstance(data, dict) or "trusted_root" not in data:
        return None
    texts = all(isinstance(value, str) and value for value in data.values())
    who = data.keys() & {"identity", "repository"}
    if not texts or data.keys() - _KEYS or "issuer" not in data or len(who) != 1:
        hint = _("It has the keys trusted_root, issuer, and either identity or repository.")
        raise BundleFileError(str(path), _("This is not a policy about signers."), hint)
    root = path.parent / data["trusted_root"]
    return SignerPolicy(str(path), root, data["issuer"], data.get("identity"), data.get("repository"))


def verify_sigstore(bundle_file: BundleFile, policy: SignerPolicy, scope: str = "") -> Signature:
    """Verify the Sigstore bundle beside the file of a bundle. Raises BundleFileError.

    The file is read anew, and must hold what was read before: its bytes are what was signed.
    """
    file = bundle_file.file
    if scope:
        raise BundleFileError(file, _("Its signature has {said}.", said="no scope"))
    content = _read(file, Path(file), MAX_BYTES)
    proof = _read(file, Path(file + ENDING), _MAX_SMALL)
    root = _read(policy.file, policy.trusted_root, _MAX_SMALL)
    _verify(file, content, proof, root, policy)
    if read_bundle_bytes(file, content).files != bundle_file.files:
        raise BundleFileError(file, _("It has changed while it was read."))
    return Signature(policy.identity or policy.repository, ALGORITHM, "")


def _read(file: str, path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else _("its name is not usable")
        raise BundleFileError(file, _("{path} cannot be read: {reason}.", path=path.name, reason=reason)) from None
    if len(content) > limit:
        raise BundleFileError(file, _("{path} is too large.", path=path.name))
    return content


def _verify(file: str, content: bytes, proof: bytes, root: bytes, policy: SignerPolicy) -> None:
    try:
        from sigstore.models import Bundle, TrustedRoot
        from sigstore.verify import Verifier
        from sigstore.verify import policy as policies
        from sigstore_models.trustroot.v1 import TrustedRoot as RootData
    except ImportError:
        hint = f"Install it with: {install('sigstore')}"
        raise BundleFileError(file, _("Keyless signatures need the extra `sigstore`."), hint) from None
    who: Any
    if policy.identity is not None:
        who = policies.Identity(identity=policy.identity, issuer=policy.issuer)
    else:
        repository = policies.OIDCSourceRepositoryURI(str(policy.repository))
        who = policies.AllOf([policies.OIDCIssuerV2(policy.issuer), repository])
    try:
        verifier = Verifier(trusted_root=TrustedRoot(RootData.from_json(root)))
    except Exception:  # any error of the library
        raise BundleFileError(policy.file, _("Its trust root cannot be used.")) from None
    try:
        verifier.verify_artifact(content, Bundle.from_json(proof), who)
    except Exception:  # any error of the library; its text may quote the file
        signer = policy.identity or policy.repository
        message = _("Its Sigstore bundle does not prove that {signer} signed it.", signer=signer)
        raise BundleFileError(file, message, _("The bundle was changed, or somebody else signed it.")) from None
