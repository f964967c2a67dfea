"""A Sigstore of our own: a certificate authority, a log of certificates and a transparency log, with their trust root."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

ISSUER = "https://token.actions.example.org"
REPOSITORY = "https://git.example.org/law/bundles"
IDENTITY = f"{REPOSITORY}/.github/workflows/release.yml@refs/tags/v7"
MOMENT = datetime.datetime(2026, 5, 1, 12, tzinfo=datetime.UTC)


def _new() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _der(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _sign(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _canonical(data: object) -> bytes:
    """Return data of plain ASCII and whole numbers as canonical JSON (RFC 8785)."""
    return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()


def _text(text: str) -> bytes:
    """A text in DER (UTF8String), as extensions of Fulcio have it."""
    content = text.encode()
    assert len(content) < 128
    return b"\x0c" + bytes([len(content)]) + content


@dataclass
class Authority:
    """The keys of the three services."""

    ca: ec.EllipticCurvePrivateKey = field(default_factory=_new)
    ct: ec.EllipticCurvePrivateKey = field(default_factory=_new)
    rekor: ec.EllipticCurvePrivateKey = field(default_factory=_new)

    def __post_init__(self) -> None:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self.root = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.ca.public_key())
            .serial_number(1)
            .not_valid_before(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
            .not_valid_after(datetime.datetime(2050, 1, 1, tzinfo=datetime.UTC))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.ca.public_key()), critical=False)
            .sign(self.ca, hashes.SHA256())
        )

    def trusted_root(self) -> str:
        """The trust root, as `trusted_root.json` holds it."""

        def log(key: ec.EllipticCurvePrivateKey, url: str) -> dict[str, Any]:
            valid = {"start": "2020-01-01T00:00:00Z"}
            public = {"rawBytes": _b64(_der(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": valid}
            id = {"keyId": _b64(hashlib.sha256(_der(key)).digest())}
            return {"baseUrl": url, "hashAlgorithm": "SHA2_256", "publicKey": public, "logId": id}

        authority = {
            "subject": {"organization": "test", "commonName": "Test authority"},
            "uri": "https://fulcio.example.org",
            "certChain": {"certificates": [{"rawBytes": _b64(self.root.public_bytes(Encoding.DER))}]},
            "validFor": {"start": "2020-01-01T00:00:00Z"},
        }
        return json.dumps(
            {
                "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [log(self.rekor, "https://rekor.example.org")],
                "certificateAuthorities": [authority],
                "ctlogs": [log(self.ct, "https://ct.example.org")],
                "timestampAuthorities": [],
            }
        )

    def certify(self, key: ec.EllipticCurvePublicKey, identity: str, issuer: str) -> x509.Certificate:
        """A certificate for a key, which is valid for ten minutes, with the timestamp of the log of certificates."""
        usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.root.subject)
            .public_key(key)
            .serial_number(2)
            .not_valid_before(MOMENT - datetime.timedelta(minutes=5))
            .not_valid_after(MOMENT + datetime.timedelta(minutes=5))
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.ca.public_key()), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity)]), critical=True)
        )
        for number, content in ((1, issuer.encode()), (8, _text(issuer)), (12, _text(REPOSITORY))):
            oid = ObjectIdentifier(f"1.3.6.1.4.1.57264.1.{number}")
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, content), critical=False)
        tbs = builder.sign(self.ca, hashes.SHA256()).tbs_certificate_bytes
        stamp = int(MOMENT.timestamp() * 1000)
        entry = hashlib.sha256(_der(self.ca)).digest() + struct.pack("!I", len(tbs))[1:] + tbs
        signature = _sign(self.ct, struct.pack("!BBQH", 0, 0, stamp, 1) + entry + b"\0\0")
        sct = b"\0" + hashlib.sha256(_der(self.ct)).digest() + struct.pack("!Q", stamp) + b"\0\0\x04\x03"
        sct += struct.pack("!H", len(signature)) + signature
        listed = struct.pack("!HH", len(sct) + 2, len(sct)) + sct
        assert len(listed) < 128 or len(listed) < 256
        value = b"\x04" + (bytes([len(listed)]) if len(listed) < 128 else b"\x81" + bytes([len(listed)])) + listed
        oid = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
        return builder.add_extension(x509.UnrecognizedExtension(oid, value), critical=False).sign(
            self.ca, hashes.SHA256()
        )

    def sign(
        self, content: bytes, identity: str = IDENTITY, issuer: str = ISSUER, moment: datetime.datetime = MOMENT
    ) -> dict[str, Any]:
        """The Sigstore bundle of a file: signature, certificate, and entry of the transparency log."""
        key = _new()
        certificate = self.certify(key.public_key(), identity, issuer)
        digest, signature = hashlib.sha256(content), _sign(key, content)
        signed_by = {"content": _b64(certificate.public_bytes(Encoding.PEM))}
        spec = {
            "data": {"hash": {"algorithm": "sha256", "value": digest.hexdigest()}},
            "signature": {"content": _b64(signature), "publicKey": signed_by},
        }
        entry = self.enter({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec}, moment)
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": _b64(certificate.public_bytes(Encoding.DER))},
                "tlogEntries": [entry],
            },
            "messageSignature": {
                "messageDigest": {"algorithm": "SHA2_256", "digest": _b64(digest.digest())},
                "signature": _b64(signature),
            },
        }

    def enter(self, record: dict[str, Any], moment: datetime.datetime = MOMENT) -> dict[str, Any]:
        """The entry of a record in the transparency log, as a Sigstore bundle has it: the second of two.

        A log numbers its entries from 0, but the libraries in Go take an entry 0 for one without a number.
        """
        body = _canonical(record)
        log, seconds = hashlib.sha256(_der(self.rekor)).digest(), int(moment.timestamp())
        promise = _canonical({"body": _b64(body), "integratedTime": seconds, "logID": log.hex(), "logIndex": 1})
        before = hashlib.sha256(b"\0an entry of somebody else").digest()
        root = hashlib.sha256(b"\1" + before + hashlib.sha256(b"\0" + body).digest()).digest()
        note = f"rekor.example.org\n2\n{_b64(root)}\n"
        signed_note = f"{note}\n— rekor.example.org {_b64(log[:4] + _sign(self.rekor, note.encode()))}\n"
        return {
            "logIndex": "1", "logId": {"keyId": _b64(log)},
            "kindVersion": {"kind": record["kind"], "version": record["apiVersion"]}, "integratedTime": str(seconds),
            "inclusionPromise": {"signedEntryTimestamp": _b64(_sign(self.rekor, promise))},
            "inclusionProof": {"logIndex": "1", "rootHash": _b64(root), "treeSize": "2", "hashes": [_b64(before)], "checkpoint": {"envelope": signed_note}},
            "canonicalizedBody": _b64(body),
        }  # fmt: skip
