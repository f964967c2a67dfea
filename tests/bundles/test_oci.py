"""Bundles in registries: what is pulled is what was pushed, or nothing is written; credentials go nowhere else."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.law_builder import bundle_of
from tests.support.layer_builder import LAW
from tests.support.oci_registry import Registry, run_registry
from tests.support.programs import pick_port, require_program, run_program
from tests.support.specs import SHOP
from vatspolicy.bundles import oci_client
from vatspolicy.bundles.bundle_file import build_bundle_file, pack
from vatspolicy.bundles.keys import generate_keys, read_key
from vatspolicy.bundles.oci_client import MAX_SMALL, parse_reference
from vatspolicy.bundles.signature import sign
from vatspolicy.errors import InvalidInput


@pytest.fixture
def registry() -> Iterator[Registry]:
    with run_registry() as made:
        yield made


@cache
def signed_bundle() -> dict[str, bytes]:
    """A signed bundle 7 and the keys `release` and `other`, by the names of their files."""
    files: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        law = Path(folder) / "policies"
        bundle_of(law, **LAW)
        for name in ("other", "release"):
            private, public = generate_keys()
            files |= {f"{name}.pem": private.encode(), f"{name}.pub": public.encode()}
        (Path(folder) / "key").write_bytes(files["release.pem"])
        signed = sign(build_bundle_file(law, 7), read_key(Path(folder) / "key", private=True))
        return files | {"bundle.tar.gz": pack(signed.files)}


@pytest.fixture
def project(console: Console, monkeypatch: pytest.MonkeyPatch) -> Console:
    """Policies, their signed bundle 7, keys `release` and `other`, and a Docker configuration without credentials."""
    monkeypatch.setenv("DOCKER_CONFIG", str(console.folder / "docker"))
    bundle_of(console.folder / "policies", **LAW)
    for name, content in signed_bundle().items():
        (console.folder / name).write_bytes(content)
    return console


def log_in(console: Console, registry: Registry) -> None:
    console.write("docker/config.json", json.dumps(registry.credentials))


def push(console: Console, registry: Registry, tag: str = "v7") -> Any:
    return console("bundle", "push", "bundle.tar.gz", f"oci://{registry.host}/law/bundle:{tag}")


def pull(console: Console, registry: Registry, name: str = ":v7", *options: str) -> Any:
    return console(
        "bundle",
        "pull",
        f"oci://{registry.host}/law/bundle{name}",
        "-o",
        "pulled.tar.gz",
        *(options or ("--key", "release.pub")),
    )


def refused(console: Console, registry: Registry, name: str = ":v7", *options: str) -> str:
    ran = pull(console, registry, name, *options)
    assert (ran.code, ran.out) == (3, ""), ran.err
    assert not (console.folder / "pulled.tar.gz").exists()
    return str(ran.err)


# --- references ---------------------------------------------------------------------------------------------------------


def test_references_are_those_of_the_specification() -> None:
    digest = f"sha256:{'a' * 64}"
    found = parse_reference(f"oci://registry.example.org:5000/law/cn_bundle.x:v1.0-2@{digest}")
    assert (found.host, found.repository, found.tag, found.digest) == (
        "registry.example.org:5000",
        "law/cn_bundle.x",
        "v1.0-2",
        digest,
    )
    assert found.manifest == digest
    assert found.base == "https://registry.example.org:5000/v2/law/cn_bundle.x"
    for local in ("localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000"):
        assert parse_reference(f"oci://{local}/x").base.startswith(f"http://{local}/")
    for other in ("localhost.example.org", "127.0.0.1.example.org", "127.0.0.2"):
        assert parse_reference(f"oci://{other}/x").base.startswith("https://")
    for text in ("oci://x", "oci:///x", "oci://h/X", "oci://h/a//b", "oci://h/../x", "oci://u@h/x", "oci://h/x:", "oci://h/x@sha256:1",
                 "oci://h/x?y", "oci://h/x#y", "oci://h/x y", "oci://h/x\n", "https://h/x", f"oci://h/{'a' * 256}", "oci://h:123456/x"):  # fmt: skip
        with pytest.raises(InvalidInput, match="oci://HOST"):
            parse_reference(text)


# --- push and pull ------------------------------------------------------------------------------------------------------


def test_what_is_pulled_is_what_was_pushed(project: Console, registry: Registry) -> None:
    ran = push(project, registry)
    assert (ran.code, ran.err) == (0, "")
    pinned = ran.out.strip()
    manifest = registry.manifests["v7"]
    assert pinned == f"oci://{registry.host}/law/bundle@sha256:{hashlib.sha256(manifest).hexdigest()}"
    data = json.loads(manifest)
    content = (project.folder / "bundle.tar.gz").read_bytes()
    assert data["artifactType"] == "application/vnd.vatspolicy.bundle.v1"
    assert data["config"] == {
        "mediaType": "application/vnd.oci.empty.v1+json",
        "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "size": 2,
    }
    assert data["layers"][0]["digest"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert push(project, registry, "again").out == ran.out, "equal bundles have equal manifests"
    for name in (":v7", f"@{pinned.rpartition('@')[2]}", f":v7@{pinned.rpartition('@')[2]}"):
        ran = pull(project, registry, name)
        assert (ran.code, ran.err, ran.out.splitlines()[1]) == (0, "", pinned)
        assert (project.folder / "pulled.tar.gz").read_bytes() == content


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_registries_that_ask_for_a_user(project: Console, registry: Registry, auth: str) -> None:
    registry.auth = auth
    ran = push(project, registry)
    assert (ran.code, "refuses access" in ran.err) == (3, True)
    log_in(project, registry)
    assert push(project, registry).code == 0
    assert pull(project, registry).code == 0
    tokens = [path for _, path, _ in registry.seen if path.startswith("/token?")]
    assert ("/token?service=registry&scope=repository%3Alaw%2Fbundle%3Apull%2Cpush" in tokens) == (auth == "bearer")


def test_a_pull_does_not_go_back_unless_it_is_told_to(project: Console, registry: Registry) -> None:
    """A registry that serves an older bundle under a tag brings the older law back."""
    push(project, registry)
    for number, change in (("6", ""), ("7", "# another\n"), ("8", "")):
        policy = next(path for path in (project.folder / "policies").glob("*.yaml") if path.name != "bundle.yaml")
        policy.write_text(policy.read_text(encoding="utf-8") + change, encoding="utf-8")
        assert project("bundle", "build", "--law", "policies", "--number", number).code == 0
        assert project("bundle", "sign", "bundle.tar.gz", "--key", "release.pem").code == 0
        push(project, registry, f"n{number}{'x' if change else ''}")
    assert pull(project, registry, ":v7").code == 0
    kept = (project.folder / "pulled.tar.gz").read_bytes()
    for tag, message in (
        (":n6", "It is older than pulled.tar.gz (number 7)."),
        (":n7x", "It has the number of pulled.tar.gz, but it is a different bundle."),
    ):
        ran = pull(project, registry, tag)
        assert (ran.code, ran.out, message in ran.err) == (3, "", True), ran.err
        assert (project.folder / "pulled.tar.gz").read_bytes() == kept
    assert pull(project, registry, ":v7").code == 0, "the same one again"
    assert pull(project, registry, ":n8").code == 0, "a newer one"
    assert pull(project, registry, ":n6", "--key", "release.pub", "--allow-rollback").code == 0
    assert (project.folder / "pulled.tar.gz").read_bytes() != kept
    project.write("pulled.tar.gz", "no bundle")
    assert pull(project, registry).code == 3, "its number is not known"


def test_an_update_from_a_registry(project: Console, registry: Registry) -> None:
    project.write("shop.yaml", SHOP)
    project("bundle", "build", "--law", "policies", "--number", "6", "-o", "in-use.tar.gz")
    project("bundle", "sign", "in-use.tar.gz", "--key", "release.pem")
    push(project, registry)
    given = (
        "update",
        "shop.yaml",
        "--from",
        f"oci://{registry.host}/law/bundle:v7",
        "--bundle",
        "in-use.tar.gz",
        "--key",
        "release.pub",
    )
    assert project(*given, "--check").code == 1
    assert project(*given, "--apply").code == 0
    assert (project.folder / "in-use.tar.gz").read_bytes() == (project.folder / "bundle.tar.gz").read_bytes()


# --- what is refused ----------------------------------------------------------------------------------------------------


def test_nothing_is_written_unless_everything_is_right(project: Console, registry: Registry) -> None:
    push(project, registry)
    manifest, (layer, blob) = registry.manifests["v7"], max(registry.blobs.items(), key=lambda one: len(one[1]))
    assert "did not make its signature" in refused(project, registry, ":v7", "--key", "other.pub")
    assert "has no scope" in refused(project, registry, ":v7", "--key", "release.pub", "--scope", "x")
    assert "404 MANIFEST_UNKNOWN" in refused(project, registry, ":none")
    assert pull(project, registry, ":v7", "--scope", "").code == 2, "without a key nothing is pulled"
    digest = f"sha256:{'0' * 64}"
    registry.manifests[digest] = manifest
    assert "The manifest does not match its digest" in refused(project, registry, f"@{digest}")
    for wrong in (blob[:-1] + b"\1", blob[:-1], b""):
        registry.blobs[layer] = wrong
        assert "The bundle does not match its digest" in refused(project, registry)
    registry.blobs[layer] = blob + b"\0"
    assert "more data than it announced" in refused(project, registry)
    registry.blobs[layer] = blob
    whole = json.loads(manifest)
    huge = {**whole, "layers": [{**whole["layers"][0], "size": 2**40}]}
    artifacts: list[tuple[Any, str]] = [
        (huge, "exceeds the size limit"),
        ({**whole, "artifactType": "application/vnd.oci.image.config.v1+json"}, "not a vatspolicy bundle"),
        ({**whole, "layers": whole["layers"] * 2}, "not a vatspolicy bundle"),
        ({**whole, "layers": []}, "not a vatspolicy bundle"),
        ({**whole, "layers": [{**whole["layers"][0], "digest": "../../etc"}]}, "not a vatspolicy bundle"),
        ({**whole, "layers": [{**whole["layers"][0], "size": -1}]}, "not a vatspolicy bundle"),
        ({**whole, "layers": [{**whole["layers"][0], "mediaType": "text/plain"}]}, "not a vatspolicy bundle"),
        ([], "not a vatspolicy bundle"),
    ]
    for data, message in artifacts:
        registry.manifests["v7"] = json.dumps(data).encode()
        assert message in refused(project, registry)
    registry.manifests["v7"] = b" " * (MAX_SMALL + 1)
    assert "more data than it announced" in refused(project, registry)
    registry.manifests["v7"] = b"[" * 100_000
    assert "not a vatspolicy bundle" in refused(project, registry)
    fake = b"hello"
    digest = f"sha256:{hashlib.sha256(fake).hexdigest()}"
    registry.blobs[digest] = fake
    registry.manifests["v7"] = json.dumps(
        {**whole, "layers": [{**whole["layers"][0], "digest": digest, "size": len(fake)}]}
    ).encode()
    assert "not a complete tar archive" in refused(project, registry)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        registry.port = closed.getsockname()[1]
    assert "cannot be reached" in refused(project, registry)


def test_an_older_file_stays_if_a_pull_fails(project: Console, registry: Registry) -> None:
    project.write("pulled.tar.gz", "older")
    push(project, registry)
    assert pull(project, registry, ":v7", "--key", "other.pub").code == 3
    assert (project.folder / "pulled.tar.gz").read_text() == "older"


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_credentials_do_not_follow_a_redirect(project: Console, registry: Registry, auth: str) -> None:
    with run_registry() as storage:
        registry.auth = auth
        log_in(project, registry)
        push(project, registry)
        storage.blobs = registry.blobs
        registry.blobs_at = f"http://{storage.host}"
        assert pull(project, registry).code == 0
        assert [(method, authorization) for method, _, authorization in storage.seen] == [("GET", None)]
        (project.folder / "pulled.tar.gz").unlink()
        for target in ("http://example.org", "ftp://127.0.0.1", f"http://user:x@{storage.host}", "file:///etc"):
            registry.blobs_at = target
            assert "without TLS" in refused(project, registry)
        registry.auth, registry.blobs_at = "", f"http://{registry.host}/v2"  # to itself, again and again
        assert "in a circle" in refused(project, registry)


def test_credentials_go_to_no_other_host(project: Console, registry: Registry) -> None:
    with run_registry() as other:
        log_in(project, registry)
        registry.upload_at = f"http://{other.host}"
        ran = push(project, registry)
        assert (ran.code, "sends the upload to another host" in ran.err, other.seen) == (3, True, [])
        registry.upload_at = ""
        registry.auth, registry.realm = "bearer", "http://example.org/token"
        ran = push(project, registry)
        assert (ran.code, "without TLS" in ran.err) == (3, True)
        registry.auth = "basic"
        assert push(project, registry).code == 0
        assert push(project, other).code == 0
        assert {authorization for *_, authorization in other.seen} == {None}


def test_a_token_service_may_be_a_path_of_the_registry(project: Console, registry: Registry) -> None:
    log_in(project, registry)
    registry.auth, registry.realm = "bearer", "/token"
    ran = push(project, registry)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize("answer", [b"Content-Length: 9", b"Transfer-Encoding: chunked", b"Location: https://[x",
                                    b'WWW-Authenticate: Bearer realm="https://[x"', b"Location: http://localhost:99999/"])  # fmt: skip
@pytest.mark.parametrize("status", [200, 202, 302, 401, 404])
def test_an_answer_that_is_none_is_refused(project: Console, answer: bytes, status: int) -> None:
    whole = b"HTTP/1.1 %d x\r\n%s\r\n\r\nzz" % (status, answer)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(whole)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        for words in (("pull", "--key", "release.pub", "-o", "pulled.tar.gz"), ("push", "bundle.tar.gz")):
            ran = project("bundle", words[0], *words[1:], f"oci://127.0.0.1:{port}/law/bundle:v7")
            assert ran.code == 3, ran.err
        server.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    assert not (project.folder / "pulled.tar.gz").exists()


@pytest.mark.parametrize(
    "begin",
    [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 404 x\r\nContent-Length: 900\r\n\r\n",
    ],
)
def test_a_slow_registry_ends(project: Console, monkeypatch: pytest.MonkeyPatch, begin: bytes) -> None:
    """Each byte comes in time; all of them do not."""
    monkeypatch.setattr(oci_client, "DEADLINE", 1)
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.sendall(begin)
                    while not done.wait(0.1):
                        connection.sendall(b"1")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        began = time.monotonic()
        where = f"oci://127.0.0.1:{server.getsockname()[1]}/law/bundle:v7"
        ran = project("bundle", "pull", where, "--key", "release.pub")
        assert (ran.code, "takes longer than 1 s" in ran.err) == (3, True), ran.err
        assert time.monotonic() - began < 20
        done.set()
        thread.join(10)


def test_all_requests_of_a_download_share_one_deadline(
    project: Console, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(project, registry)
    monkeypatch.setattr(oci_client, "DEADLINE", 1.5)
    registry.pause = 1.0  # each of the two answers would come in time
    assert "takes longer" in refused(project, registry)


def test_only_what_can_be_pulled_is_pushed(project: Console, registry: Registry) -> None:
    project.write("hello.tar.gz", "hello")
    where = f"oci://{registry.host}/law/bundle"
    assert project("bundle", "push", "hello.tar.gz", f"{where}:v1").code == 3
    assert project("bundle", "push", "bundle.tar.gz", where).code == 3
    assert project("bundle", "push", "bundle.tar.gz", "registry/law:v1").code == 3
    assert registry.seen == []


# --- a registry of others -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def run_distribution(folder: Path) -> Iterator[str]:
    """The registry of the Distribution project, with a user; yields its host."""
    program = require_program("docker-registry", "registry")
    htpasswd = shutil.which("htpasswd")
    port = pick_port()
    auth = ""
    if htpasswd:
        made = subprocess.run([htpasswd, "-Bbn", "user", "secret"], capture_output=True, text=True, check=True)
        (folder / "htpasswd").write_text(made.stdout)
        auth = f"auth: {{htpasswd: {{realm: x, path: {folder / 'htpasswd'}}}}}\n"
    config = f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n{auth}"
    (folder / "config.yml").write_text(config)
    with run_program([program, "serve", folder / "config.yml"], port, folder / "log"):
        yield f"127.0.0.1:{port}"


def test_a_registry_that_others_wrote(project: Console, tmp_path_factory: pytest.TempPathFactory) -> None:
    with run_distribution(tmp_path_factory.mktemp("registry")) as host:
        registry = Registry(int(host.rpartition(":")[2]))
        log_in(project, registry)
        ran = push(project, registry)
        assert (ran.code, ran.err) == (0, "")
        assert pull(project, registry).code == 0
        assert (project.folder / "pulled.tar.gz").read_bytes() == (project.folder / "bundle.tar.gz").read_bytes()
        digest = ran.out.strip().rpartition("@")[2]
        assert pull(project, registry, f"@{digest}").code == 0
        (project.folder / "pulled.tar.gz").unlink()
        assert "404 MANIFEST_UNKNOWN" in refused(project, registry, ":none")
        request = urllib.request.Request(
            f"http://{host}/v2/law/bundle/tags/list", headers={"Authorization": "Basic dXNlcjpzZWNyZXQ="}
        )
        assert json.loads(urllib.request.urlopen(request).read())["tags"] == ["v7"]
