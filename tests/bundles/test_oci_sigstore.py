"""Sigstore bundles in registries: attached by push, verified by pull and update before anything is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bundles.test_oci import log_in, run_distribution
from tests.support.console import Console
from tests.support.law_builder import bundle_of
from tests.support.layer_builder import LAW
from tests.support.oci_registry import Registry, run_registry
from tests.support.sigstore_authority import IDENTITY, ISSUER, Authority
from tests.support.specs import SHOP
from vatspolicy.bundles import oci
from vatspolicy.bundles.bundle_file import build_bundle_file, pack
from vatspolicy.bundles.lockfile import read_lock
from vatspolicy.bundles.oci import digest_of

pytest.importorskip("sigstore")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def registry(request: pytest.FixtureRequest) -> Iterator[Registry]:
    """A registry that lists referrers; see `also_tagged`."""
    with run_registry() as made:
        made.lists_referrers = getattr(request, "param", "listed") == "listed"
        yield made


also_tagged = pytest.mark.parametrize("registry", ["listed", "tagged"], indirect=True)
"""Tests that ask also a registry that knows no referrers, so that a tag lists them."""


@pytest.fixture(scope="module")
def prepared(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with policies, the bundle 7 and its Sigstore bundle."""
    folder = tmp_path_factory.mktemp("prepared")
    bundle_of(folder / "policies", **LAW)
    content = pack(build_bundle_file(folder / "policies", 7).files)
    (folder / "bundle.tar.gz").write_bytes(content)
    (folder / "bundle.tar.gz.sigstore.json").write_text(json.dumps(authority.sign(content)), encoding="utf-8")
    (folder / "shop.yaml").write_text(SHOP, encoding="utf-8")
    return folder


@pytest.fixture
def project(console: Console, authority: Authority, prepared: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """The bundle 7 with its Sigstore bundle, a policy about its signer, and a Docker configuration of our own."""
    monkeypatch.setenv("DOCKER_CONFIG", str(console.folder / "docker"))
    shutil.copytree(prepared, console.folder, dirs_exist_ok=True)
    console.write("trusted_root.json", authority.trusted_root())
    write_policy(console, "signer.json")
    return console


def write_policy(console: Console, name: str, **fields: Any) -> None:
    data = {"trusted_root": "trusted_root.json", "issuer": ISSUER, "identity": IDENTITY, **fields}
    console.write(name, json.dumps(data))


def build(console: Console, authority: Authority, number: int, name: str = "bundle.tar.gz", **more: Any) -> None:
    assert console("bundle", "build", "--law", "policies", "--number", str(number), "-o", name).code == 0
    made = authority.sign((console.folder / name).read_bytes(), **more)
    console.write(f"{name}.sigstore.json", json.dumps(made))


def where(registry: Registry, tag: str = "v7") -> str:
    return f"oci://{registry.host}/law/bundle:{tag}"


def push(console: Console, registry: Registry, tag: str = "v7", *options: str) -> Any:
    return console("bundle", "push", "bundle.tar.gz", where(registry, tag), *options)


def pull(console: Console, registry: Registry, *options: str, key: str = "signer.json", tag: str = "v7") -> Any:
    return console("bundle", "pull", where(registry, tag), "--key", key, "-o", "pulled/b.tar.gz", *options)


def refused(console: Console, registry: Registry, *options: str, key: str = "signer.json") -> str:
    ran = pull(console, registry, *options, key=key)
    assert (ran.code, ran.out) == (3, ""), ran.err
    assert not (console.folder / "pulled").exists()
    return str(ran.err)


def read(console: Console, name: str) -> bytes:
    return (console.folder / name).read_bytes()


@also_tagged
def test_what_push_attaches_pull_verifies_and_writes(project: Console, registry: Registry) -> None:
    ran = push(project, registry)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[1] == "bundle.tar.gz.sigstore.json attached"
    assert push(project, registry).out == ran.out
    referrers = [json.loads(one) for one in registry.manifests.values() if b'"subject"' in one]
    assert {one["subject"]["digest"] for one in referrers} == {digest_of(registry.manifests["v7"])}
    tag = digest_of(registry.manifests["v7"]).replace(":", "-")
    assert (tag in registry.manifests) == (not registry.lists_referrers)
    if tag in registry.manifests:
        assert len(json.loads(registry.manifests[tag])["manifests"]) == 1, "the second push adds nothing"
    ran = pull(project, registry)
    assert (ran.code, ran.err, f"signed by {IDENTITY} (sigstore)" in ran.out) == (0, "", True)
    assert read(project, "pulled/b.tar.gz") == read(project, "bundle.tar.gz")
    assert read(project, "pulled/b.tar.gz.sigstore.json") == read(project, "bundle.tar.gz.sigstore.json")
    assert project("bundle", "verify", "pulled/b.tar.gz", "--key", "signer.json").code == 0


@also_tagged
def test_the_sigstore_bundle_may_be_a_file(project: Console, registry: Registry) -> None:
    (project.folder / "bundle.tar.gz.sigstore.json").rename(project.folder / "proof.json")
    assert push(project, registry).out.count("\n") == 1
    assert "no Sigstore bundle attached" in refused(project, registry)
    assert "none.json cannot be read" in refused(project, registry, "--sigstore", "none.json")
    assert pull(project, registry, "--sigstore", "proof.json").code == 0
    assert read(project, "pulled/b.tar.gz.sigstore.json") == read(project, "proof.json")
    project("bundle", "keygen", "release")
    assert pull(project, registry, "--sigstore", "proof.json", key="release.pub").code == 2
    assert push(project, registry, "again", "--sigstore", "proof.json").code == 0
    assert pull(project, registry, tag="again").code == 0


def test_push_attaches_nothing_of_another_file(project: Console, registry: Registry, authority: Authority) -> None:
    for text in (json.dumps(authority.sign(b"another file")), "hello", "{}", "[]"):
        project.write("bundle.tar.gz.sigstore.json", text)
        ran = push(project, registry)
        assert (ran.code, "not a Sigstore bundle of bundle.tar.gz" in ran.err) == (3, True)
    made = {**authority.sign(read(project, "bundle.tar.gz")), "mediaType": "text/plain"}
    project.write("bundle.tar.gz.sigstore.json", json.dumps(made))
    assert "unknown type" in push(project, registry).err
    assert "v7" not in registry.manifests


def test_nothing_is_written_unless_the_signer_is_proved(
    project: Console, registry: Registry, authority: Authority
) -> None:
    content = read(project, "bundle.tar.gz")
    write_policy(project, "other.json", identity=IDENTITY + "x")
    push(project, registry)
    assert "does not prove" in refused(project, registry, key="other.json"), "another identity"
    for name in ("certificateAuthorities", "ctlogs", "tlogs"):
        for span in (
            {"start": "2020-01-01T00:00:00Z", "end": "2026-01-01T00:00:00Z"},
            {"start": "2026-06-01T00:00:00Z"},
        ):
            write_root(project, authority, name, span)
            assert "does not prove" in refused(project, registry, key="ended.json"), (name, span)
    assert "has no scope" in refused(project, registry, "--scope", "x")
    for data in (
        Authority().sign(content),
        authority.sign(content, identity=IDENTITY + "x"),
        authority.sign(b"another artifact"),
        {**authority.sign(b"another artifact"), "messageSignature": authority.sign(content)["messageSignature"]},
    ):
        replace_proof(registry, json.dumps(data).encode())
        assert "does not prove" in refused(project, registry)
    assert pull(project, registry, "--skip-verify", key="").code == 2
    assert not (project.folder / "pulled").exists()


def write_root(console: Console, authority: Authority, name: str, span: dict[str, str]) -> None:
    """Write a trust root in which one authority or log was valid at another time, and a policy with it."""
    data = json.loads(authority.trusted_root())
    data[name][0].get("publicKey", data[name][0])["validFor"] = span
    console.write("ended-root.json", json.dumps(data))
    write_policy(console, "ended.json", trusted_root="ended-root.json")


def test_a_trust_root_that_has_ended_since_proves_what_was_signed_before(
    project: Console, registry: Registry, authority: Authority
) -> None:
    push(project, registry)
    write_root(
        project, authority, "certificateAuthorities", {"start": "2020-01-01T00:00:00Z", "end": "2026-06-01T00:00:00Z"}
    )
    assert pull(project, registry, key="ended.json").code == 0


def replace_proof(registry: Registry, proof: bytes) -> None:
    """Let the registry serve another Sigstore bundle under right digests."""
    old = next(one for one in registry.manifests.values() if b'"subject"' in one)
    data = json.loads(old)
    data["layers"][0] |= {"digest": digest_of(proof), "size": len(proof)}
    new = json.dumps(data).encode()
    registry.blobs[digest_of(proof)] = proof
    for name, manifest in list(registry.manifests.items()):
        if manifest == old:
            del registry.manifests[name]
    registry.manifests[digest_of(new)] = new
    tag = data["subject"]["digest"].replace(":", "-")
    if tag in registry.manifests:
        index = json.loads(registry.manifests[tag])
        index["manifests"][0] |= {"digest": digest_of(new), "size": len(new)}
        registry.manifests[tag] = json.dumps(index).encode()


@also_tagged
def test_one_of_several_attached_is_enough(project: Console, registry: Registry) -> None:
    content = read(project, "bundle.tar.gz")
    for number in range(3):
        project.write(f"{number}.json", json.dumps(Authority().sign(content)))
        assert push(project, registry, "v7", "--sigstore", f"{number}.json").code == 0
    assert "does not prove" in refused(project, registry)
    assert push(project, registry).code == 0
    assert pull(project, registry).code == 0
    assert read(project, "pulled/b.tar.gz.sigstore.json") == read(project, "bundle.tar.gz.sigstore.json")


@also_tagged
def test_lists_of_referrers_that_cannot_be_used(project: Console, registry: Registry) -> None:
    push(project, registry)
    digest = digest_of(registry.manifests["v7"])
    artifact = "application/vnd.dev.sigstore.bundle.v0.3+json"
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json"}
    entry: dict[str, Any] = {"artifactType": artifact, "digest": f"sha256:{'0' * 64}", "size": 9}
    lists: list[tuple[Any, str]] = [
        ([], "list of referrers cannot be read"),
        ({**index, "manifests": 7}, "list of referrers cannot be read"),
        ({**index, "manifests": [7]}, "list of referrers cannot be read"),
        ({**index, "mediaType": "x", "manifests": []}, "list of referrers cannot be read"),
        ({**index, "manifests": []}, "no Sigstore bundle attached"),
        ({**index, "manifests": [{**entry, "digest": "../x"}, {**entry, "artifactType": "x"}]}, "no Sigstore bundle"),
        ({**index, "manifests": [{**entry, "digest": digest}]}, "no Sigstore bundle attached"),
        ({**index, "manifests": [entry]}, "404 MANIFEST_UNKNOWN"),
    ]
    for data, message in lists:
        registry.referrers = registry.manifests[digest.replace(":", "-")] = json.dumps(data).encode()
        assert message in refused(project, registry)
    registry.manifests[entry["digest"]] = registry.manifests["v7"]
    assert "The manifest does not match its digest" in refused(project, registry)
    many = {**index, "manifests": [{**entry, "digest": digest}] * 10_000}
    registry.referrers = registry.manifests[digest.replace(":", "-")] = json.dumps(many).encode()
    registry.seen.clear()
    assert "no Sigstore bundle attached" in refused(project, registry)
    assert len(registry.seen) < 25


def list_many(registry: Registry, others: int) -> list[str]:
    """Let the list begin with artifacts of another kind; return the addresses that are then asked for."""
    registry.per_page, registry.referrers = 4, b""
    digest = digest_of(registry.manifests["v7"])
    other = {"subject": {"digest": digest}, "artifactType": "application/vnd.example.sbom.v1"}
    before = {str(n): json.dumps({**other, "annotations": {"n": str(n)}}).encode() for n in range(others)}
    registry.manifests = before | registry.manifests
    registry.seen.clear()
    return [f"/v2/law/bundle/referrers/{digest}?page={page}" for page in range(1, others // 4 + 1)]


def test_the_proof_is_found_on_a_further_page(project: Console, registry: Registry) -> None:
    registry.auth = "bearer"
    project.write("docker/config.json", json.dumps(registry.credentials))
    assert push(project, registry).code == 0
    pages = list_many(registry, 10)
    assert pull(project, registry).code == 0
    assert [path for _, path, _ in registry.seen if "page=" in path] == pages
    assert all(header == "Bearer t0ken" for _, path, header in registry.seen if "page=" in path)


def test_no_page_is_asked_for_once_there_are_enough_proofs(
    project: Console, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oci, "MAX_PROOFS", 1)
    assert push(project, registry).code == 0
    list_many(registry, 0)
    registry.link = '<{path}?page={page}>; rel="next"'
    assert pull(project, registry).code == 0
    assert not [path for _, path, _ in registry.seen if "page=" in path]


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ('<{path}?page={page}>; rel="next"', "does not end within 64 pages"),
        ('<{path}?page=1>; rel="next"', "does not end within 64 pages"),
        ('<http://127.0.0.1:1{path}?page={page}>; rel="next"', "on another host"),
        ('<//registry.example.org{path}>; rel="next"', "on another host"),
        ("<https://registry.example.org{path}>; rel=next", "on another host"),
        ('<file:///etc/passwd>; rel="next"', "on another host"),
        ('<http://[>; rel="next"', "an invalid address"),
        ('{path}?page={page}; rel="next"', "an invalid address"),
        ('<{path}?page={page}> rel="next"', "an invalid address"),
        ('<{path}?page={page}; rel="next"', "an invalid address"),
        ('</v2/nowhere>; rel="next"', "404"),
        ('</v2/law/bundle/manifests/v7>; rel="next"', "list of referrers cannot be read"),
    ],
)
def test_pages_that_lead_astray_are_refused(project: Console, registry: Registry, link: str, message: str) -> None:
    """Nothing is written although the first page has the proof: the list was not read as the registry has it."""
    assert push(project, registry).code == 0
    registry.link, registry.per_page = link, 1
    registry.seen.clear()
    assert message in refused(project, registry)
    assert len(registry.seen) < 70


def test_pages_have_a_size_together(project: Console, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    assert push(project, registry).code == 0
    list_many(registry, 40)
    monkeypatch.setattr(oci, "MAX_LISTED", 4000)
    assert "more data than it announced" in refused(project, registry)
    assert 1 < len([path for _, path, _ in registry.seen if "referrers" in path]) < 11


def test_an_update_takes_both_files_into_use(project: Console, registry: Registry, authority: Authority) -> None:
    push(project, registry)
    build(project, authority, 6, "in-use.tar.gz")
    assert project("bundle", "pin", "in-use.tar.gz", "--key", "signer.json").code == 0
    given = ("update", "shop.yaml", "--bundle", "in-use.tar.gz", "--key", "signer.json", "--from")
    assert project(*given, where(registry), "--check").code == 1
    ran = project(*given, where(registry), "--apply")
    assert (ran.code, ran.err) == (0, "")
    assert read(project, "in-use.tar.gz") == read(project, "bundle.tar.gz")
    assert read(project, "in-use.tar.gz.sigstore.json") == read(project, "bundle.tar.gz.sigstore.json")
    assert read_lock(project.folder / "vatspolicy.lock").key == IDENTITY
    assert project("check", "shop.yaml", "--bundle", "in-use.tar.gz", "--key", "signer.json", "--no-fail").code == 0


@pytest.mark.parametrize("failing", ["in-use.tar.gz.sigstore.json", "in-use.tar.gz", "vatspolicy.lock"])
def test_an_update_that_fails_leaves_all_files(
    project: Console, registry: Registry, authority: Authority, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    from vatspolicy import output

    push(project, registry)
    build(project, authority, 6, "in-use.tar.gz")
    assert project("bundle", "pin", "in-use.tar.gz", "--key", "signer.json").code == 0
    names = ("in-use.tar.gz", "in-use.tar.gz.sigstore.json", "vatspolicy.lock")
    before = [read(project, name) for name in names]
    write = output.write_bytes
    failed: list[Path] = []

    def fail(path: Path, content: Any) -> None:
        if path.name == failing and not failed:
            failed.append(path)
            raise OSError(28, "No space left on device")
        write(path, content)

    monkeypatch.setattr(output, "write_bytes", fail)
    given = ("update", "shop.yaml", "--bundle", "in-use.tar.gz", "--key", "signer.json", "--from")
    assert project(*given, where(registry), "--apply").code == 70
    assert failed
    assert [read(project, name) for name in names] == before


@pytest.mark.parametrize("source", ["releases/7.tar.gz", "releases", "git"])
def test_updates_from_files_and_git_bring_the_sigstore_bundle(
    project: Console, authority: Authority, source: str
) -> None:
    from tests.support.repositories import git

    build(project, authority, 6, "in-use.tar.gz")
    build(project, authority, 7, "releases/7.tar.gz")
    if source == "git":
        folder = project.folder / "releases"
        git(folder, "init", "--quiet")
        git(folder, "add", "7.tar.gz", "7.tar.gz.sigstore.json")
        git(folder, "commit", "--quiet", "-m", "7")
        git(folder, "tag", "v7")
        source = "git+releases@v7:7.tar.gz"
    given = ("update", "shop.yaml", "--bundle", "in-use.tar.gz", "--key", "signer.json", "--from", source)
    assert project(*given, "--apply").code == 0
    assert read(project, "in-use.tar.gz.sigstore.json") == read(project, "releases/7.tar.gz.sigstore.json")
    assert project("check", "shop.yaml", "--bundle", "in-use.tar.gz", "--key", "signer.json", "--no-fail").code == 0


def test_an_update_by_a_key_says_that_a_sigstore_bundle_is_stale(project: Console, authority: Authority) -> None:
    project("bundle", "keygen", "release")
    for number, name in ((6, "in-use.tar.gz"), (7, "newer.tar.gz")):
        build(project, authority, number, name)
        project("bundle", "sign", name, "--key", "release.pem")
    given = ("update", "shop.yaml", "--bundle", "in-use.tar.gz", "--key", "release.pub", "--from", "newer.tar.gz")
    ran = project(*given, "--apply")
    assert (ran.code, "in-use.tar.gz.sigstore.json belongs to the older bundle" in ran.err) == (0, True)
    assert project(*given, "--apply", "--sigstore", "newer.tar.gz.sigstore.json").code == 2


def test_a_pull_without_proof_says_that_a_sigstore_bundle_is_stale(project: Console, registry: Registry) -> None:
    push(project, registry)
    assert pull(project, registry).code == 0
    ran = project("bundle", "pull", where(registry), "--skip-verify", "-o", "pulled/b.tar.gz")
    assert (ran.code, "b.tar.gz.sigstore.json belongs to the older bundle" in ran.err) == (0, True)


def test_in_a_registry_that_others_wrote(project: Console, tmp_path_factory: pytest.TempPathFactory) -> None:
    with run_distribution(tmp_path_factory.mktemp("registry")) as host:
        registry = Registry(int(host.rpartition(":")[2]))
        log_in(project, registry)
        ran = push(project, registry)
        assert (ran.code, ran.err) == (0, "")
        assert push(project, registry).out == ran.out
        assert pull(project, registry).code == 0
        assert read(project, "pulled/b.tar.gz.sigstore.json") == read(project, "bundle.tar.gz.sigstore.json")
        write_policy(project, "other.json", identity=IDENTITY + "x")
        ran = pull(project, registry, key="other.json")
        assert (ran.code, "does not prove" in ran.err) == (3, True)
