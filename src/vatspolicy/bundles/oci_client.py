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
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn, TypeVar
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit

from vatspolicy.bundles.bundle_file import BundleFileError
from vatspolicy.i18n import _

_PARAMETER = r';[ \t]*(?:([!#$%&\'*+.^_`|~0-9A-Za-z-]++)[ \t]*(?:=[ \t]*("(?:[^"\\]|\\.)*+"|[^",;\s]*+)[ \t]*)?)?'
_LINK = re.compile(rf"[ \t,]*<([^<>]*)>[ \t]*((?:{_PARAMETER})*+)(?=,|\Z)")
_QUOTING = re.compile(r'\\(.)|"')


def find_link(header: str, relation: str) -> str | None:
    """Return the first address of a relation, which may be relative; None if there is none.

    Raises ValueError for a header that cannot be read to its end.
    """
    text, at, links = header.strip(" \t,"), 0, []
    while at < len(text):
        link = _LINK.match(text, at)
        if link is None:
            raise ValueError(header)
        at = link.end()
        relations = [value for name, value in re.findall(_PARAMETER, link[2]) if name.lower() == "rel"]
        if relation in _QUOTING.sub(r"\1", "".join(relations[:1])).lower().split():  # further ones do not count
            links.append(link[1])
    return links[0] if links else None


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
        host = HUB if self.host.lower() in _HUB_NAMES else self.host
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
    return Reference(**match.groupdict())


def is_local(host: str) -> bool:
    """Return True for this machine, the only host contacted without TLS."""
    return _LOCAL.fullmatch(host) is not None


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
    headers: Message
    content: bytes


class RegistryClient:
    """Requests to one repository."""

    def __init__(self, reference: Reference, actions: str) -> None:
        self.reference, self._actions = reference, actions
        """`_actions` are the permissions requested for a token: pull, or pull,push."""
        self._login: dict[str, str] = {}
        self._end = time.monotonic() + DEADLINE

    def request(
        self,
        method: str,
        path: str,
        accept: Collection[int],
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        max_bytes: int = MAX_SMALL,
    ) -> RegistryAnswer:
        """Send a request to the registry, with credentials if it asks for them, and return an answer.

        The path continues the address of the repository, or is an address of the registry. A redirect is followed for
        GET and HEAD, without credentials. Raises BundleFileError, also for an answer of another status than those to
        accept.
        """
        url = path if "://" in path else f"{self.reference.base}/{path}"
        given = headers or {}
        answer = self._send(method, url, {**given, **self._login}, body, max_bytes)
        if answer.status == 401 and not self._login:
            self._login = {"Authorization": self._authorize(answer.headers.get("www-authenticate", ""))}
            answer = self._send(method, url, {**given, **self._login}, body, max_bytes)
        for _step in range(MAX_REDIRECTS):
            if answer.status not in _REDIRECTS or method not in ("GET", "HEAD"):
                if answer.status not in accept:
                    self._refuse(answer.status, answer.content)
                return answer
            url = self._join(url, answer.headers.get("location", ""))
            self._require_tls(url)
            answer = self._send(method, url, given, None, max_bytes)
        return self.fail(_("The registry redirects in a circle."))

    def own_address(self, base: str, location: str | None, message: str) -> str:
        """Resolve a location against an address of the registry. Raises BundleFileError with the message.

        The result has the scheme, the host and the port of the registry.
        """
        url = urldefrag(self._join(base, location or "")).url
        if not location or urlsplit(url)[:2] != urlsplit(self.reference.base)[:2]:
            self.fail(message)
        return url

    def next_page(self, answer: RegistryAnswer, url: str) -> str | None:
        """Return the address of the page after an answer; None for the last one.

        Raises BundleFileError for a `Link` that cannot be read, or that leads to another host.
        """
        try:
            link = find_link(", ".join(answer.headers.get_all("link", [])), "next")
        except ValueError:
            self.fail(_("The registry redirects to an invalid address."))
        return link and self.own_address(url, link, _("The registry continues a list on another host."))

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

    def _refuse(self, status: int, content: bytes = b"") -> NoReturn:
        """Raise BundleFileError for an answer that is an error, with the registry's code for it."""
        if status in (401, 403):
            hint = _("Log in first (docker login, oras login).")
            self.fail(_("The registry refuses access ({status}).", status=status), hint)
        try:
            code = str(json.loads(content)["errors"][0]["code"])
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            code = ""
        reason = code if re.fullmatch(r"[A-Z_]{1,40}", code) else http.client.responses.get(status, "")
        self.fail(_("The registry answers {status} {code}.", status=status, code=reason))

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None, max_bytes: int = MAX_SMALL
    ) -> RegistryAnswer:
        request = urllib.request.Request(url, body, dict(headers), method=method)  # noqa: S310 - checked before
        opener = urllib.request.OpenerDirector()  # without a handler of redirects: they must not get the credentials
        for handler in (
            urllib.request.ProxyHandler({} if is_local(urlsplit(url).netloc) else None),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(),
            urllib.request.HTTPErrorProcessor(),
            urllib.request.HTTPDefaultErrorHandler(),
        ):
            opener.add_handler(handler)

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
            cause = error.reason if isinstance(error, urllib.error.URLError) else error
            why = getattr(cause, "strerror", None) or type(cause).__name__
            return self.fail(_("The registry cannot be reached: {reason}.", reason=why))

    def _read(self, status: int, headers: Message, stream: IO[bytes], max_bytes: int) -> RegistryAnswer:
        content = bytearray()
        while part := stream.read(min(2**16, max_bytes + 1 - len(content))):
            content += part
            if len(content) > max_bytes:
                self.fail(_("The registry sends more data than it announced, or than a bundle may contain."))
        return RegistryAnswer(status, headers, bytes(content))

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
        basic = {"Authorization": f"Basic {credentials.basic}"} if credentials and credentials.basic else {}
        if scheme.lower() == "basic" and basic:
            return basic["Authorization"]
        asked = dict(_CHALLENGE.findall(rest))
        if scheme.lower() != "bearer" or "realm" not in asked:
            self._refuse(401)
        realm = self._join(self.reference.base, asked["realm"])
        self._require_tls(realm)
        fields = {"service": asked["service"]} if "service" in asked else {}
        fields["scope"] = f"repository:{self.reference.repository}:{self._actions}"
        if credentials is not None and credentials.identity is not None:
            fields |= {"grant_type": "refresh_token", "client_id": "vatspolicy", "refresh_token": credentials.identity}
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = self._send("POST", realm, form, urlencode(fields).encode())
        else:
            joint = "&" if urlsplit(realm).query else "?"
            answer = self._send("GET", f"{realm}{joint}{urlencode(fields)}", basic)
        if answer.status != 200:
            self._refuse(401 if answer.status in _REDIRECTS else answer.status, answer.content)
        try:
            data = json.loads(answer.content)
            token = data.get("token") or data["access_token"]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            token = None
        if not isinstance(token, str) or not _VISIBLE.fullmatch(token):
            self.fail(_("The token service of the registry does not return a token."))
        return f"Bearer {token}"


class _TooLate(Exception):
    """The deadline has passed."""


_Result = TypeVar("_Result")


def _run_until(end: float, function: Callable[[], _Result]) -> _Result:
    """Call a function with a deadline on the monotonic clock, and return its result. Raises _TooLate, or its error.

    It runs in a thread: timeouts of sockets begin anew with each byte, and names are looked up without any. A thread
    that is late is left behind; what it holds is bounded, and it does not keep the program.
    """
    result: Future[_Result] = Future()

    def run() -> None:
        try:
            result.set_result(function())
        except BaseException as error:
            result.set_exception(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), daemon=True)
    thread.start()
    thread.join(max(end - time.monotonic(), 0))
    if not result.done():
        raise _TooLate
    return result.result()


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
    hub = (_HUB_KEY,) if host.lower() in _HUB_NAMES else ()
    names = (*hub, host, f"https://{host}")
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


def _ask_helper(name: Any, asked: str, folder: Path, place: str) -> Credentials | None:
    """Return the answer of a credential helper for a host, or for the name of Docker Hub; None if it has nothing.

    Raises BundleFileError.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BundleFileError(place, _("The name of the credential helper in Docker's configuration cannot be used."))
    program = f"docker-credential-{name}"

    def fail(message: str, hint: str = "") -> NoReturn:
        raise BundleFileError(place, message, hint or _("Its output is hidden: it may contain a password."))

    path = find_program(program, os.environ.get("PATH", os.defpath))
    if path is None:
        hint = _("Install it. vatspolicy does not search the working directory or relative folders in PATH.")
        fail(_("The credential helper {program} is not found.", program=program), hint)
    try:
        status, output = _run(path, asked, folder)
    except (_TooLate, subprocess.TimeoutExpired):
        fail(_("The credential helper {program} does not answer within {n} s.", program=program, n=HELPER_TIMEOUT))
    except OverflowError:
        fail(_("The credential helper {program} returns too much output.", program=program))
    except (OSError, ValueError):
        fail(_("The credential helper {program} cannot be started.", program=program))
    if status:
        if output.strip().startswith(_NOTHING):
            return None
        fail(_("The credential helper {program} fails (exit code {status}).", program=program, status=status))
    try:
        data = json.loads(output)
        answer = (data.get("ServerURL") or "", data["Username"], data["Secret"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        answer = (None, None, None)
    if not all(isinstance(text, str) for text in answer):
        fail(_("The credential helper {program} does not return a user and a password.", program=program))
    server, user, secret = answer
    if server and _host_of(server) != _host_of(asked):
        fail(_("The credential helper {program} returns credentials for another host.", program=program))
    if user == _IDENTITY:
        return Credentials(None, secret)
    return Credentials(_encode(user, secret)) if user or secret else None


def _host_of(server: str) -> str:
    try:
        return urlsplit(server if "://" in server else f"//{server}").netloc.lower()
    except ValueError:
        return ""


def find_program(name: str, path: str) -> str | None:
    """Return the program of a name in the folders of PATH, without relative ones and the working directory."""
    here = os.path.realpath(os.curdir)
    folders = (each for each in path.split(os.pathsep) if os.path.isabs(each) and os.path.realpath(each) != here)
    return next(filter(None, (shutil.which(os.path.join(folder, name)) for folder in folders)), None)


def _run(path: str, asked: str, folder: Path) -> tuple[int, bytes]:
    """Return the exit code and the output of a credential helper asked about a server.

    Raises _TooLate or TimeoutExpired if it does not end, OverflowError for too much output, and OSError or ValueError
    if it cannot be started. Then it is killed with all its child processes.
    """
    process = subprocess.Popen(
        [path, "get"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,  # a program may read files in its working directory
        start_new_session=True,
    )

    def talk() -> bytes:
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError, ValueError):  # it may exit without reading, or be killed
            process.stdin.write(asked.encode() + b"\n")
            process.stdin.close()
        with process.stdout:
            return process.stdout.read(_MAX_BYTES + 1)

    try:
        output = _run_until(time.monotonic() + HELPER_TIMEOUT, talk)
        if len(output) > _MAX_BYTES:
            raise OverflowError
        return process.wait(1), output
    except BaseException:
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
        process.wait()
        raise
