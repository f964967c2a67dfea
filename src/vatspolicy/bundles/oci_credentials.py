"""Users and passwords of registries: Docker's configuration, and the credential helpers that it names.

A helper is a program `docker-credential-NAME`. It is looked up in the absolute folders of PATH, never in the working
directory, and it has a time and a size. Its output stands in no message, because it may hold a password.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from urllib.parse import urlsplit

from vatspolicy.bundles.bundle_file import BundleFileError
from vatspolicy.bundles.oci_reference import login_names
from vatspolicy.i18n import _

TIMEOUT = 30
"""Seconds that a credential helper may take."""
_MAX_BYTES = 2**20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_IDENTITY = "<token>"
"""User name by which a helper says that the secret is an identity token."""
_NOTHING = (b"credentials not found", b"no credentials server URL", b"no credentials username")
"""The answer of a helper that has nothing for a host, in the words of Docker's library for helpers."""


class Credentials(NamedTuple):
    """Credentials for a registry: user and password, or an identity token for its token service."""

    basic: str | None
    """User and password, joined by a colon, in Base64."""
    identity: str | None = None


def find_credentials(host: str, place: str) -> Credentials | None:
    """Return the credentials of a host, or None if Docker's configuration has none. `place` is for messages.

    Raises BundleFileError for a credential helper that cannot be used, or that answers for another host.
    """
    folder = os.environ.get("DOCKER_CONFIG")
    path = ((Path(folder) if folder else Path.home() / ".docker") / "config.json").absolute()
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    names = login_names(host)
    helper = _find_entry(data.get("credHelpers"), names) or data.get("credsStore")
    found = _ask_helper(helper, names[0], path.parent, place) if helper else None
    return found or _read_entry(_find_entry(data.get("auths"), names))


def _find_entry(entries: Any, names: Iterable[str]) -> Any:
    """Return the first entry of some names that is not empty."""
    return next(filter(None, map(entries.get, names)), None) if isinstance(entries, dict) else None


def _read_entry(entry: Any) -> Credentials | None:
    """Return the credentials in an entry of `auths`."""
    if not isinstance(entry, dict):
        return None
    if isinstance(identity := entry.get("identitytoken"), str) and identity:
        return Credentials(None, identity)
    try:
        text = entry.get("auth") or _encode(entry["username"], entry["password"])
        base64.b64decode(text, validate=True)
    except (ValueError, KeyError, TypeError):
        return None
    return Credentials(text) if isinstance(text, str) else None


def _encode(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


# --- helpers


def _ask_helper(name: Any, asked: str, folder: Path, place: str) -> Credentials | None:
    """Return the answer of a credential helper for a host, or for the name of Docker Hub; None if it has nothing.

    Raises BundleFileError.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BundleFileError(place, _("Docker's configuration names a credential helper that has no usable name."))
    program = f"docker-credential-{name}"
    status, output = _run(program, asked, folder, place)
    if status:
        if output.strip().startswith(_NOTHING):
            return None
        _fail(place, _("The credential helper {program} fails (exit code {status}).", program=program, status=status))
    answer = _read_answer(output)
    if answer is None:
        _fail(place, _("The credential helper {program} answers without a user and a password.", program=program))
    server, user, secret = answer
    if server and _host_of(server) != _host_of(asked):
        _fail(place, _("The credential helper {program} answers for another host.", program=program))
    if user == _IDENTITY:
        return Credentials(None, secret)
    return Credentials(_encode(user, secret)) if user or secret else None


def _read_answer(output: bytes) -> tuple[str, str, str] | None:
    """Return server (may be empty), user and secret of the answer of a helper."""
    try:
        data = json.loads(output)
        answer = (data.get("ServerURL") or "", data["Username"], data["Secret"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return answer if all(isinstance(text, str) for text in answer) else None


def _fail(place: str, message: str, hint: str = "") -> NoReturn:
    raise BundleFileError(place, message, hint or _("Its output is not shown: it may hold a password."))


def _host_of(server: str) -> str:
    try:
        return urlsplit(server if "://" in server else f"//{server}").netloc.lower()
    except ValueError:
        return ""


def find_program(name: str, path: str) -> str | None:
    """Return the program of a name in the folders of PATH, without relative ones and the working directory."""
    here = os.path.realpath(os.curdir)
    for folder in path.split(os.pathsep):
        if os.path.isabs(folder) and os.path.realpath(folder) != here:
            found = shutil.which(os.path.join(folder, name))
            if found:
                return found
    return None


def _run(program: str, asked: str, folder: Path, place: str) -> tuple[int, bytes]:
    """Return the exit code and the output of a helper that is asked for a server. Raises BundleFileError."""
    found = find_program(program, os.environ.get("PATH", os.defpath))
    if found is None:
        hint = _("Install it. Folders of PATH that are relative, or the working directory, are not searched.")
        _fail(place, _("The credential helper {program} is not found.", program=program), hint)
    try:
        process = subprocess.Popen(
            [found, "get"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,  # a program may read files of the folder that it is started in
            start_new_session=True,
        )
    except (OSError, ValueError):
        _fail(place, _("The credential helper {program} cannot be started.", program=program))
    output: dict[str, bytes] = {}
    reader = threading.Thread(target=_talk, args=(process, asked, output), daemon=True)
    reader.start()
    reader.join(TIMEOUT)
    late = _("The credential helper {program} does not answer within {n} s.", program=program, n=TIMEOUT)
    try:
        if "content" not in output:
            _fail(place, late)
        if len(output["content"]) > _MAX_BYTES:
            _fail(place, _("The credential helper {program} answers without end.", program=program))
        try:
            return process.wait(1), output["content"]
        except subprocess.TimeoutExpired:
            _fail(place, late)
    except BaseException:
        _end(process)
        raise


def _talk(process: subprocess.Popen[bytes], asked: str, output: dict[str, bytes]) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError, ValueError):  # it may end without reading, or be ended
        process.stdin.write(asked.encode() + b"\n")
        process.stdin.close()
    with suppress(OSError, ValueError), process.stdout:
        output["content"] = process.stdout.read(_MAX_BYTES + 1)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a helper with all that it has started."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
    process.wait()
