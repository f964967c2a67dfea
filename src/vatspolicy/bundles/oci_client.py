"""HTTP for OCI registries: references, bounded answers, redirects without credentials, tokens and passwords.

Credentials go to the registry, and to the token service that it names over TLS (or on this machine). They never go to
the target of a redirect. All requests of a client share one deadline.
"""

from __future__ import annotations

import base64
import contextvars
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit

from vatspolicy.bundles.bundle_file import BundleFileError
from vatspolicy.i18n import _

_TARGET = re.compile(r"[ \t,]*<([^<>]*)>[ \t]*")
_PARAMETER = re.compile(
    r';[ \t]*(?:([!#$%&\'*+.^_`|~0-9A-Za-z-]+)[ \t]*(?:=[ \t]*("(?:[^"\\]|\\.)*"|[^",;\s]*)[ \t]*)?)?'
)
_ESCAPE = re.compile(r"\\(.)")


def find_link(header: str, relation: str) -> str | None:
    """Return the first address of a relation, which may be relative; None if there is none.

    Raises ValueError for a header that cannot be read to its end.
    """
    link, at, text = None, 0, header.strip(" \t,")
    while at < len(text):
        target = _TARGET.match(text, at)
        if target is None:
            raise ValueError(header)
        at = target.end()
        relations: list[str] | None = None
        while parameter := _PARAMETER.match(text, at):
            at = parameter.end()
            if (parameter[1] or "").lower() == "rel" and relations is None:  # further ones do not count
                relations = _unquote(parameter[2] or "").lower().split()
        if at < len(text) and text[at] != ",":
            raise ValueError(header)
        if link is None and relation in (relations or ()):
            link = target[1]
    return link


def _unquote(text: str) -> str:
    return _ESCAPE.sub(r"\1", text[1:-1]) if text.startswith('"') else text


# --- references: oci://HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]


SCHEME = "oci://"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    r"oci://(?P<host>(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?)"
    rf"/(?P<repository>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
"""Names as the OCI distribution specification (1.1) allows them."""
HUB = "registry-1.docker.io"
"""Host that serves the API of Docker Hub."""
_HUB_NAMES = ("docker.io", "index.docker.io", HUB)
_HUB_KEY = "https://index.docker.io/v1/"
"""Name of Docker Hub in Docker's configuration and for credential helpers, as `docker login` writes it."""
_LOCAL = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?")


@dataclass(frozen=True)
class Reference:
    """A manifest in a repository of a registry, by tag, by digest, or by both, of which the digest counts."""

    host: str
    """Host with its port, if there is one."""
    repository: str
    tag: str | None
    digest: str | None

    @property
    def base(self) -> str:
        """Address of the API of the repository: HTTPS, or HTTP on this machine."""
        host = HUB if is_hub(self.host) else self.host
        return f"{'http' if is_local(host) else 'https'}://{host}/v2/{self.repository}"

    @property
    def manifest(self) -> str:
        """The identifier of the manifest in the API: the digest, or the tag."""
        return self.digest or self.tag or "latest"

    def at(self, digest: str) -> str:
        """Return the reference to a manifest of the repository by its digest."""
        return f"{SCHEME}{self.host}/{self.repository}@{digest}"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{SCHEME}{self.host}/{self.repository}{tag}{f'@{self.digest}' if self.digest else ''}"


def parse_reference(text: str) -> Reference:
    """Parse a reference. Raises BundleFileError."""
    match = _REFERENCE.fullmatch(text)
    if match is None or len(match["repository"]) > 255:
        hint = _("For example, oci://registry.example.org/law/bundle:v1.")
        raise BundleFileError(text, _("The address of a bundle in a registry is oci://HOST/REPOSITORY:TAG."), hint)
    return Reference(match["host"], match["repository"], match["tag"], match["digest"])


def is_local(host: str) -> bool:
    """Return True for this machine, the only host contacted without TLS."""
    return _LOCAL.fullmatch(host) is not None


def is_hub(host: str) -> bool:
    """Return True for a name of Docker Hub."""
    return host.lower() in _HUB_NAMES


def login_names(host: str) -> tuple[str, ...]:
    """Return the names under which Docker's configuration may hold the credentials of a host; the first one counts."""
    return (_HUB_KEY, host, f"https://{host}") if is_hub(host) else (host, f"https://{host}")


def is_digest(text: object) -> bool:
    """Return True for a SHA-256 digest, the only supported kind."""
    return isinstance(text, str) and re.fullmatch(r"sha256:[0-9a-f]{64}", text) is not None


# --- requests


TIMEOUT = 60
"""Maximum seconds without data from a registry."""
DEADLINE = 300
"""Seconds for all requests of a download or an upload together."""
MAX_SMALL = 4 * 2**20
"""Maximum size of a manifest (as the specification says) and of any other answer but a blob."""
MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_CHALLENGE = re.compile(r'([a-zA-Z_]+)="([^"]*)"')
_VISIBLE = re.compile(r"[\x21-\x7e]+")


class RegistryAnswer(NamedTuple):
    """An answer of a registry."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class RegistryClient:
    """Requests to one repository."""

    def __init__(self, reference: Reference, actions: str) -> None:
        self.reference, self.actions = reference, actions
        """`actions` are the permissions requested for a token: pull, or pull,push."""
        self._authorization: str | None = None
        self._end = time.monotonic() + DEADLINE

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        max_bytes: int = MAX_SMALL,
    ) -> RegistryAnswer:
        """Send a request to the registry, with credentials if it asks for them. Raises BundleFileError.

        An answer of 4xx or 5xx is returned. A redirect is followed for GET and HEAD, without credentials.
        """
        answer = self._send(method, url, headers or {}, body, max_bytes, self._authorization)
        if answer.status == 401 and self._authorization is None:
            self._authorization = self._authorize(answer.headers.get("www-authenticate", ""))
            answer = self._send(method, url, headers or {}, body, max_bytes, self._authorization)
        for _step in range(MAX_REDIRECTS):
            if answer.status not in _REDIRECTS or method not in ("GET", "HEAD"):
                return answer
            url = self._join(url, answer.headers.get("location", ""))
            self._require_tls(url)
            answer = self._send(method, url, headers or {}, None, max_bytes, None)
        return self.fail(_("The registry redirects in a circle."))

    def own_address(self, location: str | None, base: str) -> str:
        """Return the address for an upload. Raises BundleFileError for another host."""
        url = self._join(base, location or "")
        if not location or not self._is_own(url):
            self.fail(_("The registry sends the upload to another host."))
        return url

    def next_page(self, answer: RegistryAnswer, url: str) -> str | None:
        """Return the address of the page after an answer; None for the last one.

        Raises BundleFileError for a `Link` that cannot be read, or that leads to another host.
        """
        try:
            link = find_link(answer.headers.get("link", ""), "next")
        except ValueError:
            self.fail(_("The registry redirects to an invalid address."))
        if link is None:
            return None
        following = urldefrag(self._join(url, link)).url
        if not self._is_own(following):
            self.fail(_("The registry continues a list on another host."))
        return following

    def _is_own(self, url: str) -> bool:
        """Return whether an address has the scheme, the host and the port of the registry."""
        return urlsplit(url)[:2] == urlsplit(self.reference.base)[:2]

    def _join(self, base: str, location: str) -> str:
        """Resolve a location against an address. Raises BundleFileError for an invalid location."""
        try:
            url = urljoin(base, location)
            urlsplit(url)
        except ValueError:
            self.fail(_("The registry redirects to an invalid address."))
        return url

    def fail(self, message: str, hint: str = "") -> NoReturn:
        """Raise BundleFileError about the reference."""
        raise BundleFileError(str(self.reference), message, hint)

    def refuse(self, answer: RegistryAnswer) -> NoReturn:
        """Raise BundleFileError for an answer that is an error, with the registry's code for it."""
        if answer.status in (401, 403):
            hint = _("Log in first (docker login, oras login).")
            self.fail(_("The registry refuses access ({status}).", status=answer.status), hint)
        try:
            code = str(json.loads(answer.content)["errors"][0]["code"])
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            code = ""
        reason = code if re.fullmatch(r"[A-Z_]{1,40}", code) else http.client.responses.get(answer.status, "")
        self.fail(_("The registry answers {status} {code}.", status=answer.status, code=reason))

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        max_bytes: int,
        authorization: str | None,
    ) -> RegistryAnswer:
        own = {"Authorization": authorization} if authorization else {}
        request = urllib.request.Request(url, body, {**headers, **own}, method=method)  # noqa: S310 - checked before
        local = is_local(urlsplit(url).netloc)
        proxies = [urllib.request.ProxyHandler({})] if local else []
        opener = urllib.request.build_opener(_NoRedirect, *proxies)

        def receive() -> RegistryAnswer:
            try:
                with opener.open(request, timeout=TIMEOUT) as response:
                    return self._read(response.status, response.headers, response, max_bytes)
            except urllib.error.HTTPError as error:
                with error:
                    return self._read(error.code, error.headers, error, MAX_SMALL)

        try:
            return _run_until(self._end, receive)
        except _TooLate:
            return self.fail(_("The registry takes longer than {n} s.", n=DEADLINE))
        except http.client.HTTPException:
            return self.fail(_("The registry sends an unreadable response."))
        except (OSError, OverflowError, ValueError) as error:
            reason = getattr(error, "reason", None)
            why = (
                getattr(reason, "strerror", None) or getattr(error, "strerror", None) or type(reason or error).__name__
            )
            return self.fail(_("The registry cannot be reached: {reason}.", reason=why))

    def _read(self, status: int, headers: Any, stream: IO[bytes], max_bytes: int) -> RegistryAnswer:
        content = bytearray()
        while part := stream.read(min(2**16, max_bytes + 1 - len(content))):
            content += part
            if len(content) > max_bytes:
                self.fail(_("The registry sends more data than it announced, or than a bundle may contain."))
        named = {name.lower(): value for name, value in headers.items()}
        if links := headers.get_all("link"):  # a list of links may be spread over several fields
            named["link"] = ", ".join(links)
        return RegistryAnswer(status, named, bytes(content))

    def _require_tls(self, url: str) -> None:
        parts = urlsplit(url)
        local = is_local(parts.netloc) and is_local(self.reference.host)
        if parts.username or not parts.netloc or parts.scheme not in (("http", "https") if local else ("https",)):
            self.fail(_("The registry redirects to an address without TLS."))

    # --- credentials

    def _authorize(self, challenge: str) -> str:
        """Return the header that answers a challenge: a token or a password."""
        scheme, _gap, rest = challenge.partition(" ")
        credentials = find_credentials(self.reference.host, str(self.reference))
        if scheme.lower() == "basic" and credentials is not None and credentials.basic is not None:
            return f"Basic {credentials.basic}"
        asked = dict(_CHALLENGE.findall(rest))
        if scheme.lower() != "bearer" or "realm" not in asked:
            self.refuse(RegistryAnswer(401, {}, b""))
        self._require_tls(self._join(self.reference.base, asked["realm"]))
        scope = f"repository:{self.reference.repository}:{self.actions}"
        fields = {**({"service": asked["service"]} if "service" in asked else {}), "scope": scope}
        if credentials is not None and credentials.identity is not None:
            grant = {"grant_type": "refresh_token", "client_id": "vatspolicy", "refresh_token": credentials.identity}
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            body = urlencode({**fields, **grant}).encode()
            answer = self._send("POST", asked["realm"], form, body, MAX_SMALL, None)
        else:
            joint = "&" if urlsplit(asked["realm"]).query else "?"
            basic = f"Basic {credentials.basic}" if credentials else None
            answer = self._send("GET", f"{asked['realm']}{joint}{urlencode(fields)}", {}, None, MAX_SMALL, basic)
        return f"Bearer {self._read_token(answer)}"

    def _read_token(self, answer: RegistryAnswer) -> str:
        """Return the token in the answer of a token service."""
        if answer.status != 200:
            self.refuse(answer._replace(status=401) if answer.status in _REDIRECTS else answer)
        try:
            data = json.loads(answer.content)
            token = data.get("token") or data["access_token"]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            token = None
        if not isinstance(token, str) or not _VISIBLE.fullmatch(token):
            self.fail(_("The token service of the registry does not return a token."))
        return token


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def http_error_302(self, *_: Any, **__: Any) -> None:
        """Do not follow redirects: the client decides which headers to forward."""
        return

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _TooLate(Exception):
    """The deadline has passed."""


def _run_until(end: float, function: Callable[[], RegistryAnswer]) -> RegistryAnswer:
    """Call a function with a deadline on the monotonic clock, and return its result. Raises _TooLate, or its error.

    It runs in a thread: timeouts of sockets begin anew with each byte, and names are looked up without any. A thread
    that is late is left behind; what it holds is bounded, and it does not keep the program.
    """
    answers: list[RegistryAnswer] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(function())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True)
    thread.start()
    thread.join(max(end - time.monotonic(), 0))
    if errors:
        raise errors[0]
    if not answers:
        raise _TooLate
    return answers[0]


# --- credentials: Docker's configuration, and the helpers that it names


HELPER_TIMEOUT = 30
"""Seconds that a credential helper may take."""
_MAX_BYTES = 2**20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_IDENTITY = "<token>"
"""User name with which a helper marks the secret as an identity token."""
_NOTHING = (b"credentials not found", b"no credentials server URL", b"no credentials username")
"""Response of a helper without credentials for a host, as defined by Docker's library for helpers."""


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
    credentials = _ask_helper(helper, names[0], path.parent, place) if helper else None
    return credentials or _read_entry(_find_entry(data.get("auths"), names))


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
        raise BundleFileError(place, _("The name of the credential helper in Docker's configuration cannot be used."))
    program = f"docker-credential-{name}"
    status, output = _run(program, asked, folder, place)
    if status:
        if output.strip().startswith(_NOTHING):
            return None
        _fail(place, _("The credential helper {program} fails (exit code {status}).", program=program, status=status))
    answer = _read_answer(output)
    if answer is None:
        _fail(place, _("The credential helper {program} does not return a user and a password.", program=program))
    server, user, secret = answer
    if server and _host_of(server) != _host_of(asked):
        _fail(place, _("The credential helper {program} returns credentials for another host.", program=program))
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
    raise BundleFileError(place, message, hint or _("Its output is hidden: it may contain a password."))


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
            program = shutil.which(os.path.join(folder, name))
            if program:
                return program
    return None


def _run(program: str, asked: str, folder: Path, place: str) -> tuple[int, bytes]:
    """Return the exit code and the output of a credential helper asked about a server. Raises BundleFileError."""
    path = find_program(program, os.environ.get("PATH", os.defpath))
    if path is None:
        hint = _("Install it. vatspolicy does not search the working directory or relative folders in PATH.")
        _fail(place, _("The credential helper {program} is not found.", program=program), hint)
    try:
        process = subprocess.Popen(
            [path, "get"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,  # a program may read files in its working directory
            start_new_session=True,
        )
    except (OSError, ValueError):
        _fail(place, _("The credential helper {program} cannot be started.", program=program))
    output: dict[str, bytes] = {}
    reader = threading.Thread(target=_talk, args=(process, asked, output), daemon=True)
    reader.start()
    reader.join(HELPER_TIMEOUT)
    late = _("The credential helper {program} does not answer within {n} s.", program=program, n=HELPER_TIMEOUT)
    try:
        if "content" not in output:
            _fail(place, late)
        if len(output["content"]) > _MAX_BYTES:
            _fail(place, _("The credential helper {program} returns too much output.", program=program))
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
    with suppress(OSError, ValueError):  # it may exit without reading, or be killed
        process.stdin.write(asked.encode() + b"\n")
        process.stdin.close()
    with suppress(OSError, ValueError), process.stdout:
        output["content"] = process.stdout.read(_MAX_BYTES + 1)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a helper and all its child processes."""
    with suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
    process.wait()
