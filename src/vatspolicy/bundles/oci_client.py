"""HTTP for OCI registries: bounded answers, redirects without credentials, tokens and passwords.

Credentials go to the registry, and to the token service that it names over TLS (or on this machine). They never go to
the target of a redirect. All requests of a client share one deadline.
"""

from __future__ import annotations

import contextvars
import http.client
import json
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import IO, Any, NamedTuple, NoReturn
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit

from vatspolicy.bundles.bundle_file import BundleFileError
from vatspolicy.bundles.oci_credentials import find_credentials
from vatspolicy.bundles.oci_link import find_link
from vatspolicy.bundles.oci_reference import Reference, is_local
from vatspolicy.i18n import _

TIMEOUT = 60
"""Seconds that a registry may be silent."""
DEADLINE = 300
"""Seconds for all requests of a download or an upload together."""
MAX_SMALL = 4 * 2**20
"""Maximum size of a manifest (as the specification says) and of any other answer but a blob."""
MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_CHALLENGE = re.compile(r'([a-zA-Z_]+)="([^"]*)"')
_VISIBLE = re.compile(r"[\x21-\x7e]+")


class Answer(NamedTuple):
    """An answer of a registry."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class RegistryClient:
    """Requests to one repository."""

    def __init__(self, reference: Reference, actions: str) -> None:
        self.reference, self.actions = reference, actions
        """`actions` is what a token is asked for: pull, or pull,push."""
        self._authorization: str | None = None
        self._end = time.monotonic() + DEADLINE

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        max_bytes: int = MAX_SMALL,
    ) -> Answer:
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
        """Return an address that the registry sends an upload to. Raises BundleFileError for another host."""
        url = self._join(base, location or "")
        if not location or not self._is_own(url):
            self.fail(_("The registry sends the upload to another host."))
        return url

    def next_page(self, answer: Answer, url: str) -> str | None:
        """Return the address of the page after an answer; None for the last one.

        Raises BundleFileError for a `Link` that cannot be read, or that leads to another host.
        """
        try:
            found = find_link(answer.headers.get("link", ""), "next")
        except ValueError:
            self.fail(_("The registry leads to an address that cannot be read."))
        if found is None:
            return None
        following = urldefrag(self._join(url, found)).url
        if not self._is_own(following):
            self.fail(_("The registry continues a list on another host."))
        return following

    def _is_own(self, url: str) -> bool:
        """Return whether an address has the scheme, the host and the port of the registry."""
        return urlsplit(url)[:2] == urlsplit(self.reference.base)[:2]

    def _join(self, base: str, location: str) -> str:
        """Return the address that a location is, read from another. Raises BundleFileError for one that is none."""
        try:
            url = urljoin(base, location)
            urlsplit(url)
        except ValueError:
            self.fail(_("The registry leads to an address that cannot be read."))
        return url

    def fail(self, message: str, hint: str = "") -> NoReturn:
        """Raise BundleFileError about the reference."""
        raise BundleFileError(str(self.reference), message, hint)

    def refuse(self, answer: Answer) -> NoReturn:
        """Raise BundleFileError for an answer that is an error, with the registry's code for it."""
        if answer.status in (401, 403):
            hint = _("Log in first (docker login, oras login).")
            self.fail(_("The registry refuses access ({status}).", status=answer.status), hint)
        try:
            code = str(json.loads(answer.content)["errors"][0]["code"])
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            code = ""
        known = code if re.fullmatch(r"[A-Z_]{1,40}", code) else http.client.responses.get(answer.status, "")
        self.fail(_("The registry answers {status} {code}.", status=answer.status, code=known))

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        max_bytes: int,
        authorization: str | None,
    ) -> Answer:
        own = {"Authorization": authorization} if authorization else {}
        request = urllib.request.Request(url, body, {**headers, **own}, method=method)  # noqa: S310 - checked before
        local = is_local(urlsplit(url).netloc)
        proxies = [urllib.request.ProxyHandler({})] if local else []
        opener = urllib.request.build_opener(_NoRedirect, *proxies)

        def receive() -> Answer:
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
            return self.fail(_("The registry sends an answer that cannot be read."))
        except (OSError, OverflowError, ValueError) as error:
            reason = getattr(error, "reason", None)
            why = (
                getattr(reason, "strerror", None) or getattr(error, "strerror", None) or type(reason or error).__name__
            )
            return self.fail(_("The registry cannot be reached: {reason}.", reason=why))

    def _read(self, status: int, headers: Any, stream: IO[bytes], max_bytes: int) -> Answer:
        content = bytearray()
        while part := stream.read(min(2**16, max_bytes + 1 - len(content))):
            content += part
            if len(content) > max_bytes:
                self.fail(_("The registry sends more than it said, or than a bundle may have."))
        named = {name.lower(): value for name, value in headers.items()}
        if links := headers.get_all("link"):  # a list of links may be spread over several fields
            named["link"] = ", ".join(links)
        return Answer(status, named, bytes(content))

    def _require_tls(self, url: str) -> None:
        parts = urlsplit(url)
        local = is_local(parts.netloc) and is_local(self.reference.host)
        if parts.username or not parts.netloc or parts.scheme not in (("http", "https") if local else ("https",)):
            self.fail(_("The registry leads to an address without TLS."))

    # --- credentials

    def _authorize(self, challenge: str) -> str:
        """Return the header that answers a challenge: a token or a password."""
        scheme, _gap, rest = challenge.partition(" ")
        found = find_credentials(self.reference.host, str(self.reference))
        if scheme.lower() == "basic":
            if found is None or found.basic is None:
                self.refuse(Answer(401, {}, b""))
            return f"Basic {found.basic}"
        asked = dict(_CHALLENGE.findall(rest))
        if scheme.lower() != "bearer" or "realm" not in asked:
            self.refuse(Answer(401, {}, b""))
        self._require_tls(self._join(self.reference.base, asked["realm"]))
        scope = f"repository:{self.reference.repository}:{self.actions}"
        fields = {**({"service": asked["service"]} if "service" in asked else {}), "scope": scope}
        if found is not None and found.identity is not None:
            grant = {"grant_type": "refresh_token", "client_id": "vatspolicy", "refresh_token": found.identity}
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            body = urlencode({**fields, **grant}).encode()
            answer = self._send("POST", asked["realm"], form, body, MAX_SMALL, None)
        else:
            joint = "&" if urlsplit(asked["realm"]).query else "?"
            basic = f"Basic {found.basic}" if found else None
            answer = self._send("GET", f"{asked['realm']}{joint}{urlencode(fields)}", {}, None, MAX_SMALL, basic)
        if answer.status != 200:
            self.refuse(answer._replace(status=401) if answer.status in _REDIRECTS else answer)
        try:
            data = json.loads(answer.content)
            token = data.get("token") or data["access_token"]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            token = None
        if not isinstance(token, str) or not _VISIBLE.fullmatch(token):
            self.fail(_("The token service of the registry gives no token."))
        return f"Bearer {token}"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def http_error_302(self, *_: Any, **__: Any) -> None:
        """Follow nothing, and read no address: the client decides what goes along."""
        return

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _TooLate(Exception):
    """The deadline has passed."""


def _run_until(end: float, function: Callable[[], Answer]) -> Answer:
    """Return what a function returns by a moment of the monotonic clock, or raise what it raises. Raises _TooLate.

    It runs in a thread: timeouts of sockets begin anew with each byte, and names are looked up without any. A thread
    that is late is left behind; what it holds is bounded, and it does not keep the program.
    """
    answers: list[Answer] = []
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
