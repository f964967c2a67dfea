"""Keyless signatures of bundles: a Sigstore bundle beside the file, verified offline with a trust root that is given.

The library `sigstore` (an extra) does the work: the certificate with the timestamp of its log, the entry of the
transparency log, and the signature. Nothing is fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

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


class Evidence(NamedTuple):
    """The bytes of a bundle's file, and Sigstore bundles of which one must prove who signed them."""

    content: bytes
    proofs: Sequence[bytes]


def proof_path(path: Path) -> Path:
    """Return the place of the Sigstore bundle beside the file of a bundle."""
    return path.with_name(path.name + ENDING)


def read_proof(file: str, path: Path) -> bytes:
    """Return the Sigstore bundle in a file. Raises BundleFileError, which names the bundle `file`."""
    proof = _read(file, path, _MAX_SMALL)
    if _is_old_format(proof):
        message = _("{path} is in the old format of cosign, which is not a Sigstore bundle.", path=path.name)
        raise BundleFileError(file, message, _("Sign with cosign sign-blob --new-bundle-format."))
    return proof


def _is_old_format(proof: bytes) -> bool:
    """Return True for what cosign 1 and 2 write without `--new-bundle-format`."""
    try:
        data = json.loads(proof)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and "base64Signature" in data


def signs(proof: bytes, content: bytes) -> bool:
    """Return True if a Sigstore bundle says that it signs a file of this content. Who signed is not verified."""
    try:
        digest = json.loads(proof)["messageSignature"]["messageDigest"]["digest"]
        return base64.b64decode(digest) == hashlib.sha256(content).digest()
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def verify_sigstore(
    bundle_file: BundleFile, policy: SignerPolicy, scope: str = "", evidence: Evidence | None = None
) -> Signature:
    """Verify the Sigstore bundle of a bundle: one of the evidence, or the one beside its file. Raises BundleFileError.

    The file is read anew, and must hold what was read before: its bytes are what was signed.
    """
    file = bundle_file.file
    if scope:
        raise BundleFileError(file, _("Its signature has {said}.", said="no scope"))
    if evidence is None:
        path = Path(file)
        evidence = Evidence(_read(file, path, MAX_BYTES), [read_proof(file, proof_path(path))])
    if not evidence.proofs:
        hint = _("Attach one with vatspolicy bundle push, or name its file with --sigstore.")
        raise BundleFileError(file, _("No Sigstore bundle is attached to it."), hint)
    root = _read(policy.file, policy.trusted_root, _MAX_SMALL)
    proof = _find_valid(file, evidence, root, policy)
    if read_bundle_bytes(file, evidence.content).files != bundle_file.files:
        raise BundleFileError(file, _("It has changed while it was read."))
    return Signature(policy.identity or policy.repository, ALGORITHM, "", proof)


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


def _find_valid(file: str, evidence: Evidence, root: bytes, policy: SignerPolicy) -> bytes:
    """Return the first Sigstore bundle that proves who signed a file. Raises BundleFileError if none does."""
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
        Verifier(trusted_root=TrustedRoot(RootData.from_json(root)))
    except Exception:  # any error of the library
        raise BundleFileError(policy.file, _("Its trust root cannot be used.")) from None
    for proof in evidence.proofs:
        try:
            bundle = Bundle.from_json(proof)
            then = _limit(root, bundle.signing_certificate.not_valid_before_utc)
            verifier = Verifier(trusted_root=TrustedRoot(RootData.from_json(then)))
            verifier.verify_artifact(evidence.content, bundle, who)
        except Exception:  # noqa: S112 - any error of the library; its text may quote the file
            continue
        return proof
    message = _(
        "Its Sigstore bundle does not prove that {signer} signed it.", signer=policy.identity or policy.repository
    )
    raise BundleFileError(file, message, _("The bundle was changed, or somebody else signed it."))


def _limit(root: bytes, moment: datetime) -> bytes:
    """Return a trust root with the authorities and logs of which it says that they were valid at a moment.

    The library takes those that have ended, too, whenever a certificate was issued. A certificate is valid for ten
    minutes, and the logs prove that it was used in that time.
    """
    data = json.loads(root)
    for name in ("certificateAuthorities", "ctlogs", "tlogs", "timestampAuthorities"):
        data[name] = [one for one in data.get(name) or [] if _is_valid(one, moment)]
    return json.dumps(data).encode()


def _is_valid(one: dict[str, Any], moment: datetime) -> bool:
    span = one.get("publicKey", one).get("validFor") or {}
    start, end = (datetime.fromisoformat(span[name]) if name in span else moment for name in ("start", "end"))
    return start <= moment <= end
