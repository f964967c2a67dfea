"""The services of a Sigstore that a client asks while it signs: Fulcio certifies its key, Rekor enters its signature."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key, load_pem_public_key

from tests.support.sigstore_authority import Authority


def make_token(subject: str, issuer: str) -> str:
    """An identity token, of which a client reads the claims and Fulcio is asked to check the signature."""
    parts = ({"alg": "RS256"}, {"iss": issuer, "sub": subject, "aud": "sigstore", "exp": 4102444800, "iat": 0})
    head, claims = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return f"{head}.{claims}.AAAA"


def _claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    authority: Authority

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        match self.path:
            case "/api/v1/signingCert":
                self.answer("application/pem-certificate-chain", self.certify(asked))
            case "/api/v1/log/entries":
                self.answer("application/json", self.enter(asked))
            case _:
                self.send_error(404)

    def certify(self, asked: dict[str, Any]) -> bytes:
        """The certificate of the key that is asked for, for the identity of the token, with its authority's."""
        content = base64.b64decode(asked["publicKey"]["content"])
        key = load_pem_public_key(content) if content.startswith(b"-") else load_der_public_key(content)
        assert isinstance(key, ec.EllipticCurvePublicKey)
        claims = _claims(self.headers["Authorization"].removeprefix("Bearer "))
        proof = base64.b64decode(asked["signedEmailAddress"])
        key.verify(proof, claims["sub"].encode(), ec.ECDSA(hashes.SHA256()))
        made = self.authority.certify(key, claims["sub"], claims["iss"])
        return made.public_bytes(Encoding.PEM) + self.authority.root.public_bytes(Encoding.PEM)

    def enter(self, record: dict[str, Any]) -> bytes:
        """The entry of a record, as the interface of Rekor gives it."""
        made = self.authority.enter(record)
        proof = made["inclusionProof"]
        inclusion = {
            "checkpoint": proof["checkpoint"]["envelope"],
            "hashes": [base64.b64decode(one).hex() for one in proof["hashes"]],
            "logIndex": int(proof["logIndex"]),
            "rootHash": base64.b64decode(proof["rootHash"]).hex(),
            "treeSize": int(proof["treeSize"]),
        }
        promise = made["inclusionPromise"]["signedEntryTimestamp"]
        entry = {
            "body": made["canonicalizedBody"],
            "integratedTime": int(made["integratedTime"]),
            "logID": base64.b64decode(made["logId"]["keyId"]).hex(),
            "logIndex": int(made["logIndex"]),
            "verification": {"inclusionProof": inclusion, "signedEntryTimestamp": promise},
        }
        leaf = hashlib.sha256(b"\0" + base64.b64decode(made["canonicalizedBody"])).hexdigest()
        return json.dumps({leaf: entry}).encode()

    def answer(self, kind: str, content: bytes) -> None:
        self.send_response(201)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def run_services(authority: Authority) -> Iterator[str]:
    """Serve Fulcio and Rekor of an authority; give their address."""
    handler = type("Handler", (_Handler,), {"authority": authority})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
