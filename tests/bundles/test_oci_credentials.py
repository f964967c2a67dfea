"""Credentials of registries: Docker's configuration and its helpers; what a helper says stands in no message."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.bundles.test_oci import project, pull, push, refused, registry
from tests.support.console import Console
from tests.support.oci_registry import Registry
from vatspolicy.bundles import oci_client
from vatspolicy.bundles.oci_client import Credentials, find_credentials, parse_reference
from vatspolicy.errors import InvalidInput

__all__ = ["project", "registry"]


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder of PATH."""
    made = tmp_path_factory.mktemp("programs")
    monkeypatch.setenv("PATH", str(made))
    return made


def write_helper(folder: Path, text: str, name: str = "docker-credential-test") -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def configure(console: Console, registry: Registry, **data: Any) -> None:
    console.write("docker/config.json", json.dumps(data or {"credHelpers": {registry.host: "test"}}))


def answer(**more: str) -> str:
    return f"read host; echo '{json.dumps({'Username': 'user', 'Secret': 'secret', **more})}'"


@pytest.mark.parametrize("auth", ["basic", "bearer"])
@pytest.mark.parametrize("where", ["credHelpers", "credsStore"])
def test_a_helper_gives_user_and_password(
    project: Console, registry: Registry, folder: Path, auth: str, where: str
) -> None:
    registry.auth = auth
    configure(project, registry, **{where: {registry.host: "test"} if where == "credHelpers" else "test"})
    write_helper(
        folder,
        'read host; [ "$1" = get ] && [ -f config.json ] || exit 9; '
        'echo "{\\"ServerURL\\": \\"https://$host\\", \\"Username\\": \\"user\\", \\"Secret\\": \\"secret\\"}"',
    )
    assert push(project, registry).code == 0
    assert pull(project, registry).code == 0


def test_the_helper_of_a_host_goes_before_the_store_and_the_store_before_the_file(
    project: Console, registry: Registry, folder: Path
) -> None:
    registry.auth = "basic"
    wrong = {"auth": base64.b64encode(b"user:wrong").decode()}
    write_helper(folder, answer())
    write_helper(folder, answer(Secret="wrong"), "docker-credential-other")
    host = registry.host
    configure(project, registry, credHelpers={host: "test"}, credsStore="other", auths={host: wrong})
    assert push(project, registry).code == 0
    configure(project, registry, credsStore="test", auths={host: wrong})
    assert push(project, registry).code == 0
    configure(project, registry, credHelpers={"example.org": "other"}, auths=registry.credentials["auths"])
    assert push(project, registry).code == 0


def test_a_helper_without_an_entry_leaves_it_to_the_file(project: Console, registry: Registry, folder: Path) -> None:
    registry.auth = "basic"
    write_helper(folder, "echo credentials not found in native keychain; exit 1")
    configure(project, registry, credsStore="test", **registry.credentials)
    assert push(project, registry).code == 0
    configure(project, registry, credsStore="test")
    assert "refuses access (401)" in refused(project, registry)


def test_an_identity_token_goes_to_the_token_service(project: Console, registry: Registry, folder: Path) -> None:
    registry.auth, registry.identity = "bearer", "id3ntity"
    write_helper(folder, answer(Username="<token>", Secret="id3ntity"))
    configure(project, registry)
    assert push(project, registry).code == 0
    configure(project, registry, auths={registry.host: {"identitytoken": "id3ntity"}})
    assert pull(project, registry).code == 0
    registry.auth = "basic"
    assert "refuses access (401)" in refused_again(project, registry)


def refused_again(project: Console, registry: Registry) -> str:
    (project.folder / "pulled.tar.gz").unlink()
    return refused(project, registry)


def test_no_helper_runs_unless_the_registry_asks(project: Console, registry: Registry, folder: Path) -> None:
    configure(project, registry)
    write_helper(folder, f": >{folder}/ran")
    assert push(project, registry).code == 0
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("echo s3cret; exit 4", "fails (exit code 4)"),
        ("echo s3cret", "does not return a user and a password"),
        ("echo '[\"s3cret\"]'", "does not return a user and a password"),
        ('echo \'{"Username": "user", "Secret": ["s3cret"]}\'', "does not return a user and a password"),
        ('echo \'{"Username": "s3cret"}\'', "does not return a user and a password"),
        (answer(ServerURL="other.example.org", Secret="s3cret"), "returns credentials for another host"),
        (answer(ServerURL="https://[", Secret="s3cret"), "returns credentials for another host"),
        ("while :; do echo s3crets3crets3crets3crets3crets3crets3cret; done", "returns too much output"),
        ("echo s3cret; while :; do :; done", "does not answer within 1 s"),
        ("exec 1>&-; while :; do :; done", "does not answer within 1 s"),
        ("(while :; do :; done) & echo s3cret", "does not answer within 1 s"),
    ],
)
def test_a_helper_that_cannot_be_used(
    project: Console, registry: Registry, folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    monkeypatch.setattr(oci_client, "HELPER_TIMEOUT", 1)
    registry.auth = "basic"
    configure(project, registry)
    write_helper(folder, f"echo $$ >{folder}/id; {text}")
    began = time.monotonic()
    said = refused(project, registry)
    assert message in said
    assert "docker-credential-test" in said
    assert "s3cret" not in said
    assert time.monotonic() - began < 20
    leader = (folder / "id").read_text().strip()
    while find_group(leader) and time.monotonic() - began < 30:
        time.sleep(0.05)
    assert find_group(leader) == []
    assert {authorization for *_, authorization in registry.seen} == {None}


def find_group(leader: str) -> list[str]:
    """The processes of a group that still run."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _parent, group = file.read_text().rpartition(")")[2].split()[:3]
            if group == leader and state != "Z":
                found.append(file.parent.name)
    return found


def test_a_helper_is_looked_up_on_absolute_folders_of_path_only(
    project: Console, registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    registry.auth = "basic"
    configure(project, registry)
    monkeypatch.chdir(project.folder)
    write_helper(project.folder, answer())
    write_helper(project.folder / "bin", answer())
    link = tmp_path_factory.mktemp("link") / "here"
    link.symlink_to(project.folder)
    for path in ("bin", "./bin", "", ":", ".", str(project.folder), str(link)):
        monkeypatch.setenv("PATH", path)
        assert "docker-credential-test is not found" in refused(project, registry)
    monkeypatch.setenv("PATH", f"bin:{project.folder / 'bin'}")
    assert push(project, registry).code == 0


@pytest.mark.parametrize("name", ["../test", "/bin/sh", "", "x/y", "a b", "-x", 7, ["test"]])
def test_names_of_helpers(project: Console, registry: Registry, folder: Path, name: Any) -> None:
    registry.auth = "basic"
    write_helper(folder, answer())
    configure(project, registry, credsStore=name)
    assert ("cannot be used" if name else "refuses access") in refused(project, registry)


@pytest.mark.parametrize("text", ["[]", "7", "{", '{"auths": []}', '{"credHelpers": 7}', "[" * 100_000])
def test_a_configuration_that_is_none_holds_nothing(project: Console, registry: Registry, text: str) -> None:
    registry.auth = "basic"
    project.write("docker/config.json", text)
    assert "refuses access" in refused(project, registry)


def test_credentials_of_a_helper_do_not_follow_a_redirect(project: Console, registry: Registry, folder: Path) -> None:
    from tests.support.oci_registry import run_registry

    with run_registry() as storage:
        registry.auth = "bearer"
        write_helper(folder, answer())
        configure(project, registry)
        push(project, registry)
        storage.blobs = registry.blobs
        registry.blobs_at = f"http://{storage.host}"
        assert pull(project, registry).code == 0
        assert [authorization for *_, authorization in storage.seen] == [None]
        registry.token_at = f"http://{storage.host}/token"
        (project.folder / "pulled.tar.gz").unlink()
        assert "refuses access" in refused(project, registry)
        assert len(storage.seen) == 1, "the token service redirects nobody"


# --- Docker Hub -------------------------------------------------------------------------------------------------------

HUB_KEY = "https://index.docker.io/v1/"
HUB_NAMES = ("docker.io", "index.docker.io", "registry-1.docker.io", "Docker.io")


def encoded(secret: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"user:{secret}".encode()).decode()}


@pytest.mark.parametrize("host", HUB_NAMES)
def test_docker_hub_has_one_api(host: str) -> None:
    reference = parse_reference(f"oci://{host}/law/bundle:v1")
    assert reference.base == "https://registry-1.docker.io/v2/law/bundle"
    assert str(reference) == f"oci://{host}/law/bundle:v1"


@pytest.mark.parametrize("host", ["hub.docker.io", "docker.io:5000", "docker.io.example.org", "notdocker.io"])
def test_other_hosts_are_not_docker_hub(project: Console, host: str) -> None:
    assert parse_reference(f"oci://{host}/law/bundle:v1").base == f"https://{host}/v2/law/bundle"
    project.write("docker/config.json", json.dumps({"auths": {HUB_KEY: encoded("secret")}}))
    assert find_credentials(host, "x") is None


@pytest.mark.parametrize("host", HUB_NAMES)
def test_docker_hub_goes_by_the_name_that_docker_login_writes(project: Console, folder: Path, host: str) -> None:
    project.write("docker/config.json", json.dumps({"auths": {HUB_KEY: encoded("secret"), host: encoded("wrong")}}))
    assert find_credentials(host, "x") == Credentials(encoded("secret")["auth"])
    project.write("docker/config.json", json.dumps({"auths": {host: encoded("own"), "docker.org": encoded("wrong")}}))
    assert find_credentials(host, "x") == Credentials(encoded("own")["auth"])
    write_helper(
        folder,
        f'read host; [ "$host" = {HUB_KEY} ] || exit 9; '
        f"echo '{json.dumps({'ServerURL': HUB_KEY, 'Username': 'user', 'Secret': 'secret'})}'",
    )
    for data in ({"credHelpers": {HUB_KEY: "test"}, "credsStore": "other"}, {"credsStore": "test"}):
        project.write("docker/config.json", json.dumps({**data, "auths": {HUB_KEY: {}}}))
        assert find_credentials(host, "x") == Credentials(encoded("secret")["auth"])
    write_helper(folder, answer(ServerURL="https://hub.docker.com/v1/", Secret="s3cret"))
    with pytest.raises(InvalidInput) as caught:
        find_credentials(host, "x")
    assert "returns credentials for another host" in caught.value.problems[0].message


def test_credentials_of_docker_hub_go_to_its_api(
    project: Console, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oci_client, "HUB", registry.host)
    registry.auth = "basic"
    project.write("docker/config.json", json.dumps({"auths": {HUB_KEY: encoded("secret")}}))
    ran = project("bundle", "push", "bundle.tar.gz", "oci://docker.io/law/bundle:v7")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("oci://docker.io/law/bundle@sha256:")
    assert {header for *_, header in registry.seen} == {None, f"Basic {encoded('secret')['auth']}"}
