"""A small OCI registry in this process, which keeps to the distribution specification and can be told to lie."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Registry:
    """State and behavior of a registry."""

    port: int = 0
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, bytes] = field(default_factory=dict)
    """Manifests by tag and by digest."""
    auth: str = ""
    """Empty, basic or bearer; the user is `user`, the password `secret`."""
    realm: str = ""
    """Token service that is not its own."""
    identity: str = ""
    """Identity token that the token service takes in place of user and password."""
    token_at: str = ""
    """Address that the token service redirects to."""
    lists_referrers: bool = False
    """True for a registry that knows the referrers of a manifest itself."""
    referrers: bytes = b""
    """List of referrers in place of the true one."""
    per_page: int = 0
    """Referrers on one page of the list; 0 for all on one."""
    link: str = ""
    """Header `Link` in place of the true one; `{page}` is the number of the next page."""
    pause: float = 0
    """Seconds before each answer."""
    blobs_at: str = ""
    """Base of the address that GET of a blob redirects to."""
    upload_at: str = ""
    """Base of the address that an upload is sent to."""
    seen: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Method, path and Authorization of every request."""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def credentials(self) -> dict[str, Any]:
        """Docker's config.json for the registry."""
        return {"auths": {self.host: {"auth": base64.b64encode(b"user:secret").decode()}}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    registry: Registry

    def answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def handle_all(self) -> None:
        registry = self.registry
        time.sleep(registry.pause)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        authorization = self.headers.get("Authorization")
        registry.seen.append((self.command, self.path, authorization))
        parts = urlsplit(self.path)
        basic = f"Basic {base64.b64encode(b'user:secret').decode()}"
        if parts.path == "/token":
            form = parse_qs(body.decode())
            known = authorization == basic
            if registry.identity:
                known = self.command == "POST" and form["refresh_token"] == [registry.identity]
            if registry.token_at:
                self.answer(307, Location=registry.token_at)
                return
            self.answer(200 if known else 401, json.dumps({"token": "t0ken"}).encode())
            return
        wanted = {"basic": basic, "bearer": "Bearer t0ken"}.get(registry.auth)
        if wanted and authorization != wanted and not parts.path.startswith("/storage"):
            realm = registry.realm or f"http://{registry.host}/token"
            told = 'Basic realm="x"' if registry.auth == "basic" else f'Bearer realm="{realm}",service="registry"'
            self.answer(401, b"{}", WWW_Authenticate=told)
            return
        self.route(parts.path, parse_qs(parts.query), body)

    def route(self, path: str, query: dict[str, list[str]], body: bytes) -> None:
        registry = self.registry
        name = path.rpartition("/")[2]
        if "/blobs/uploads/" in path and self.command == "POST":
            self.answer(202, Location=f"{registry.upload_at}/v2/law/bundle/blobs/uploads/one?state=x")
        elif "/blobs/uploads/" in path and self.command == "PUT":
            digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
            if query["digest"] != [digest]:
                self.answer(400, b'{"errors": [{"code": "DIGEST_INVALID"}]}')
                return
            registry.blobs[digest] = body
            self.answer(201, Location=f"/v2/law/bundle/blobs/{digest}")
        elif "/manifests/" in path and self.command == "PUT":
            digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
            data = json.loads(body)
            blobs = [data["config"], *data["layers"]] if "config" in data else []
            missing = [one for one in blobs if one["digest"] not in registry.blobs]
            missing += [one for one in data.get("manifests", []) if one["digest"] not in registry.manifests]
            if missing or name not in (digest, name.replace(":", "")):
                self.answer(404, b'{"errors": [{"code": "MANIFEST_BLOB_UNKNOWN"}]}')
                return
            registry.manifests |= {name: body, digest: body}
            subject = (
                {"OCI_Subject": data["subject"]["digest"]} if registry.lists_referrers and "subject" in data else {}
            )
            self.answer(201, Location=path, **subject)
        elif "/referrers/" in path and registry.lists_referrers:
            self.answer_referrers(path, query)
        elif "/manifests/" in path and name in registry.manifests:
            self.answer(200, registry.manifests[name], Content_Type="application/vnd.oci.image.manifest.v1+json")
        elif name in registry.blobs and registry.blobs_at and self.command == "GET" and path.startswith("/v2"):
            self.answer(307, Location=f"{registry.blobs_at}/storage/{name}")
        elif name in registry.blobs:
            self.answer(200, registry.blobs[name])
        else:
            self.answer(404, b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}')

    def answer_referrers(self, path: str, query: dict[str, list[str]]) -> None:
        """Answer with one page of the referrers."""
        registry = self.registry
        listed = registry.referrers or self.list_referrers(path.rpartition("/")[2])
        page, link = int(query.get("page", ["0"])[0]), {}
        if registry.per_page:
            index = json.loads(listed)
            entries, first = index["manifests"], page * registry.per_page
            index["manifests"] = entries[first : first + registry.per_page]
            listed = json.dumps(index).encode()
            if first + registry.per_page < len(entries):
                link = {"Link": f'<{path}?page={page + 1}>; rel="next"'}
        if registry.link:
            link = {"Link": registry.link.replace("{page}", str(page + 1)).replace("{path}", path)}
        self.answer(200, listed, **link)

    def list_referrers(self, subject: str) -> bytes:
        listed = []
        for content in dict.fromkeys(self.registry.manifests.values()):
            data = json.loads(content)
            if data.get("subject", {}).get("digest") == subject:
                digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
                listed.append({"digest": digest, "size": len(content), "artifactType": data["artifactType"]})
        return json.dumps({"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": listed}).encode()

    do_GET = do_HEAD = do_PUT = do_POST = handle_all  # noqa: N815 - names of the library

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def run_registry() -> Iterator[Registry]:
    """A registry that answers on this machine."""
    registry = Registry()
    handler = type("Handler", (_Handler,), {"registry": registry})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    registry.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
