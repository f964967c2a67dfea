"""Signatures of bundles: OPA's (.signatures.json, a JWT over the digest of every file), and Sigstore's, without keys.

A Sigstore bundle stands beside the file and is verified offline with a trust root that is given. The library `sigstore`
(an extra) does the work: the certificate with the timestamp of its log, the entry of the transparency log, and the
signature. Nothing is fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from vatspolicy.bundles.archive import MAX_BYTES
from vatspolicy.bundles.bundle_file import SIGNATURES, BundleFile, BundleFileError, read_bundle_bytes
from vatspolicy.bundles.keys import Key, read_key
from vatspolicy.clock import in_china, seconds, seconds_at_end
from vatspolicy.i18n import _, reason_of
from vatspolicy.origin import install

ALGORITHMS = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-224": "sha224",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
    "SHA-512-224": "sha512_224",
    "SHA-512-256": "sha512_256",
}
"""Digest algorithms by OPA's names, with the names of hashlib."""
STRONG = ("SHA-256", "SHA-384", "SHA-512", "SHA-512-256")
"""Algorithms that are collision-resistant."""
STRUCTURED = ("data.json", ".manifest", "signatures.json")
"""Base names of files whose parsed data is hashed instead of their bytes."""

_ESCAPED = re.compile('["\\\\\x00-\x1f\u2028\u2029]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


class _Number(str):
    """Number as written: 1.0 is not 1."""


def file_digest(name: str, content: bytes, algorithm: str = "SHA-256") -> str:
    """Return the hex digest of a file of a bundle. Raises ValueError for an unknown algorithm or invalid JSON."""
    if algorithm not in ALGORITHMS:
        raise ValueError(f"there is no digest {algorithm!r}")
    if name.rpartition("/")[2] in STRUCTURED:
        content = canonical(content)
    return hashlib.new(ALGORITHMS[algorithm], content, usedforsecurity=False).hexdigest()


def canonical(content: bytes) -> bytes:
    """Return JSON as Go's encoder writes it in OPA: no space, sorted keys, numbers as written.

    Raises ValueError for invalid JSON or UTF-8, and for JSON that is nested too deep.
    """
    try:
        data = json.loads(
            content.decode("utf-8"), parse_int=_Number, parse_float=_Number, parse_constant=_refuse_constant
        )
        return _encode(data).encode("utf-8")
    except RecursionError:
        raise ValueError("nested too deep") from None


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _encode(value: Any) -> str:
    match value:
        case dict():
            return "{" + ",".join(f"{_text(key)}:{_encode(value[key])}" for key in sorted(value)) + "}"
        case list():
            return "[" + ",".join(map(_encode, value)) + "]"
        case _Number():
            return str(value)
        case str():
            return _text(value)
        case bool():
            return "true" if value else "false"
        case _:
            return "null"


def _text(text: str) -> str:
    """Return a JSON string; lone surrogates become the replacement character, as in Go."""
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return '"' + _ESCAPED.sub(lambda match: _SHORT.get(match[0]) or f"\\u{ord(match[0]):04x}", text) + '"'


_PLUGINS = (None, "", "_default")
"""Verification plugins that are supported: OPA's default only."""


@dataclass(frozen=True)
class Signature:
    """Content of a bundle's signature."""

    key: str | None
    """Id of the key."""
    algorithm: str
    scope: str
    """Scope of the bundle; empty if not stated."""
    expires: float | None = None
    """Time of expiry in seconds since 1970; None for a signature that does not expire."""

    @property
    def expired(self) -> bool:
        """True after it expires."""
        return self.expires is not None and self.expires <= seconds()


def sign(bundle_file: BundleFile, key: Key, scope: str = "", last_day: str | None = None) -> BundleFile:
    """Return the bundle with a new signature. Ed25519 gives equal bytes each time: nothing depends on the clock.

    After `last_day` (in China) the signature does not hold.

    Raises BundleFileError for a file whose data cannot be hashed.
    """
    files = {name: content for name, content in bundle_file.files.items() if name != SIGNATURES}
    claims: dict[str, Any] = {
        "files": [
            {"name": name, "hash": _digest(bundle_file.file, name, files[name], "SHA-256"), "algorithm": "SHA-256"}
            for name in sorted(files)
        ],
        "keyid": key.id,
    }
    if scope:
        claims["scope"] = scope
    if last_day is not None:
        claims["exp"] = seconds_at_end(last_day)
    content = json.dumps({"signatures": [make_token(claims, key)]}, separators=(",", ":")).encode() + b"\n"
    return replace(bundle_file, files={**files, SIGNATURES: content})


def make_token(claims: Mapping[str, Any], key: Key) -> str:
    """Return claims as a JWT signed by a private key. Ed25519 gives equal bytes each time."""
    import jwt

    material: Any = key.material  # a private one, which read_key made sure of
    payload = json.dumps(claims, sort_keys=True, separators=(",", ":")).encode()
    return jwt.api_jws.encode(payload, material, algorithm=key.algorithm, headers={"kid": key.id})


def verify(bundle_file: BundleFile, key: Key | None, scope: str = "") -> Signature | None:
    """Verify a bundle's signature and return it, or None for an unsigned bundle if no key is given.

    Raises BundleFileError: signed and no key, a key and not signed, another key, algorithm or scope, a file that is
    changed, missing, repeated or not listed, a signature that has expired or is not valid yet.
    """
    file = bundle_file.file
    if key is None:
        if bundle_file.signed:
            raise BundleFileError(file, _("It is signed, but --key is missing."), _("To verify it, pass --key."))
        return None
    if not bundle_file.signed:
        raise BundleFileError(file, _("It is not signed, so the key cannot verify it."))
    claims = _claims(file, _token(bundle_file), key)
    claim = claims.get("scope", "")
    if claim != scope:
        said = "another scope" if scope and claim else "no scope" if scope else "a scope that was not asked for"
        raise BundleFileError(file, _("Its signature has {said}.", said=said))
    expires = _check_time(file, claims)
    _compare(bundle_file, claims.get("files"))
    return Signature(key.id, key.algorithm, scope, expires=expires)


def read_claims(bundle_file: BundleFile) -> Signature | None:
    """Return the unverified claims of a signature, or None if there is none that can be read."""
    if not bundle_file.signed:
        return None
    try:
        head, body, _ = _token(bundle_file).split(".")
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (head, body))
        id = header.get("kid", claims.get("keyid"))
        key, expires = None if id is None else str(id), claims.get("exp")
        expires = expires if _is_moment(expires) else None
        return Signature(key, str(header["alg"]), str(claims.get("scope", "")), expires=expires)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, BundleFileError):
        return None


def _token(bundle_file: BundleFile) -> str:
    """Return the one token of .signatures.json. Raises BundleFileError."""
    try:
        data = json.loads(bundle_file.files[SIGNATURES])
        (token,) = data["signatures"]
        plugin = data.get("plugin")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BundleFileError(
            bundle_file.file, _("Its .signatures.json does not contain exactly one signature.")
        ) from None
    if not isinstance(token, str) or plugin not in _PLUGINS:
        raise BundleFileError(bundle_file.file, _("Its signature has an unknown type."))
    return token


def _claims(file: str, token: str, key: Key) -> Mapping[str, Any]:
    """Return the claims of a token that the key, or the private key of a public one, has signed.

    The header chooses nothing: neither key nor algorithm. Raises BundleFileError.
    """
    import jwt

    try:
        claims = json.loads(jwt.api_jws.decode(token, key.verifier, algorithms=[key.algorithm]))
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        message = _("The key {id} ({algorithm}) did not make its signature.", id=key.id, algorithm=key.algorithm)
        raise BundleFileError(file, message, _("The bundle was changed, or someone else signed it.")) from None
    if not isinstance(claims, dict):
        raise BundleFileError(file, _("Its signature has no valid list of files."))
    return claims


def _check_time(file: str, claims: Mapping[str, Any]) -> float | None:
    """Return the moment at which a signature expires. Raises BundleFileError if it has, or if it is not valid yet."""
    for name in ("exp", "nbf"):
        if name in claims and not _is_moment(claims[name]):
            raise BundleFileError(file, _("The value of {name!r} in its signature is not a number.", name=name))
    expires: float | None = claims.get("exp")
    now = seconds()
    if expires is not None and expires <= now:
        message = _("Its signature expired at {moment}.", moment=in_china(expires))
        raise BundleFileError(file, message, _("Take a newer bundle into use."))
    if claims.get("nbf", now) > now:
        message = _("Its signature is not valid before {moment}.", moment=in_china(claims["nbf"]))
        raise BundleFileError(file, message, _("Check the clock of this machine."))
    return expires


def _is_moment(value: Any) -> bool:
    """Return True for a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -math.inf < value < math.inf


def _compare(bundle_file: BundleFile, listed: Any) -> None:
    """Raise BundleFileError unless every file is listed once with its digest, and nothing else is."""
    file = bundle_file.file
    try:
        entries = [(entry["name"], entry["hash"], entry["algorithm"]) for entry in listed]
    except (KeyError, TypeError):
        raise BundleFileError(file, _("Its signature has no valid list of files.")) from None
    if not all(isinstance(part, str) for entry in entries for part in entry):
        raise BundleFileError(file, _("Its signature has no valid list of files."))
    names = [name.removeprefix("/") for name, __, __ in entries]
    present = bundle_file.files.keys() - {SIGNATURES}
    for name in names:
        if names.count(name) > 1:
            raise BundleFileError(file, _("Its signature lists {name!r} twice.", name=name))
        if name not in present:
            raise BundleFileError(file, _("Its signature lists {name!r}, which is missing.", name=name))
    for name in sorted(present - set(names)):
        raise BundleFileError(file, _("Its signature does not list {name!r}.", name=name))
    for name, (__, digest, algorithm) in zip(names, entries, strict=True):
        if algorithm not in STRONG:
            raise BundleFileError(
                file,
                _(
                    "Its signature hashes {name!r} with {algorithm}, which is too weak or unknown.",
                    name=name,
                    algorithm=algorithm,
                ),
            )
        if _digest(file, name, bundle_file.files[name], algorithm) != digest.lower():
            raise BundleFileError(file, _("{name!r} differs from the signed file.", name=name))


def _digest(file: str, name: str, content: bytes, algorithm: str) -> str:
    try:
        return file_digest(name, content, algorithm)
    except ValueError:
        raise BundleFileError(file, _("{name!r} is not JSON.", name=name)) from None


# --- Sigstore


ENDING = ".sigstore.json"
"""Ending of the file beside a bundle that holds its Sigstore bundle."""
_MAX_SMALL = 4 * 2**20
_KEYS = {"trusted_root", "issuer", "identity", "repository"}


@dataclass(frozen=True)
class SignerPolicy:
    """The required signer, and the trust root for verification."""

    file: str
    trusted_root: Path
    issuer: str
    """Issuer of the identity, such as https://token.actions.githubusercontent.com."""
    identity: str | None = None
    """Subject of the certificate: an email address, or the address of a workflow with its ref."""
    repository: str | None = None
    """Address of the source repository; any of its workflows and refs is accepted."""


def read_policy(path: Path) -> SignerPolicy | None:
    """Return the policy in a file, or None for another file, such as a key. Raises BundleFileError for a wrong one."""
    try:
        with path.open("rb") as stream:
            data = json.loads(stream.read(_MAX_SMALL))
    except (OSError, ValueError, RecursionError):
        return None  # reading it as a key reports the reason
    if not isinstance(data, dict) or "trusted_root" not in data:
        return None
    texts = all(isinstance(value, str) and value for value in data.values())
    who = data.keys() & {"identity", "repository"}
    if not texts or data.keys() - _KEYS or "issuer" not in data or len(who) != 1:
        hint = _("It must have the keys trusted_root, issuer, and either identity or repository.")
        raise BundleFileError(str(path), _("This file is not a signer policy."), hint)
    root = path.parent / data["trusted_root"]
    return SignerPolicy(str(path), root, data["issuer"], data.get("identity"), data.get("repository"))


def _is_old_format(proof: bytes) -> bool:
    """Return True for the format of cosign 1 and 2 without `--new-bundle-format`."""
    try:
        data = json.loads(proof)
    except (ValueError, RecursionError):
        return False
    return isinstance(data, dict) and "base64Signature" in data


def verify_sigstore(bundle_file: BundleFile, policy: SignerPolicy, scope: str = "") -> Signature:
    """Verify the Sigstore bundle beside the file of a bundle. Raises BundleFileError.

    The file is read anew, and must hold what was read before: its bytes are what was signed.
    """
    file, path = bundle_file.file, Path(bundle_file.file)
    if scope:
        raise BundleFileError(file, _("Its signature has {said}.", said="no scope"))
    beside = path.with_name(path.name + ENDING)
    content, proof = _read(file, path, MAX_BYTES), _read(file, beside, _MAX_SMALL)
    if _is_old_format(proof):
        message = _("{path} is in the old format of cosign, which is not a Sigstore bundle.", path=beside.name)
        raise BundleFileError(file, message, _("Sign with cosign sign-blob --new-bundle-format."))
    _prove(file, content, proof, _read(policy.file, policy.trusted_root, _MAX_SMALL), policy)
    if read_bundle_bytes(file, content).files != bundle_file.files:
        raise BundleFileError(file, _("It changed during reading."))
    return Signature(policy.identity or policy.repository, "sigstore", "")


def _read(file: str, path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(limit + 1)
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else _("its name cannot be used")
        raise BundleFileError(file, _("{path} cannot be read: {reason}.", path=path.name, reason=reason)) from None
    if len(content) > limit:
        raise BundleFileError(file, _("{path} is too large.", path=path.name))
    return content


def _prove(file: str, content: bytes, proof: bytes, root: bytes, policy: SignerPolicy) -> None:
    """Raise BundleFileError unless a Sigstore bundle proves who signed the content of a file."""
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
    try:
        bundle = Bundle.from_json(proof)
        then = _limit(root, bundle.signing_certificate.not_valid_before_utc)
        verifier = Verifier(trusted_root=TrustedRoot(RootData.from_json(then)))
        verifier.verify_artifact(content, bundle, who)
    except Exception:  # any error of the library; its text may quote the file
        message = _(
            "Its Sigstore bundle does not prove that {signer} signed it.", signer=policy.identity or policy.repository
        )
        raise BundleFileError(file, message, _("The bundle was changed, or someone else signed it.")) from None


def _limit(root: bytes, moment: datetime) -> bytes:
    """Return a trust root with the authorities and logs that it lists as valid at a moment.

    The library takes those that have ended, too, whenever a certificate was issued. A certificate is valid for ten
    minutes, and the logs prove that it was used in that time.
    """
    data = json.loads(root)
    for name in ("certificateAuthorities", "ctlogs", "tlogs", "timestampAuthorities"):
        data[name] = [entry for entry in data.get(name) or [] if _is_valid(entry, moment)]
    return json.dumps(data).encode()


def _is_valid(entry: dict[str, Any], moment: datetime) -> bool:
    span = entry.get("publicKey", entry).get("validFor") or {}
    start, end = (datetime.fromisoformat(span[name]) if name in span else moment for name in ("start", "end"))
    return start <= moment <= end


def verify_bundle(bundle_file: BundleFile, key: Path | None, scope: str = "") -> Signature | None:
    """Verify the signature of a bundle by the key, or the policy, in a file; None for an unsigned one without a key.

    Raises BundleFileError as `verify` and `verify_sigstore` do.
    """
    policy = read_policy(key) if key is not None else None
    if policy is not None:
        return verify_sigstore(bundle_file, policy, scope)
    return verify(bundle_file, read_key(key) if key else None, scope)
