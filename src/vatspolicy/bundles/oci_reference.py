"""References to bundles in OCI registries: oci://HOST[:PORT]/REPOSITORY[:TAG][@DIGEST]."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vatspolicy.bundles.bundle_file import BundleFileError
from vatspolicy.i18n import _

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
        """The digest, or else the tag: what names the manifest in the API."""
        return self.digest or self.tag or "latest"

    def at(self, digest: str) -> str:
        """Return the reference to a manifest of the repository by its digest."""
        return f"{SCHEME}{self.host}/{self.repository}@{digest}"

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{SCHEME}{self.host}/{self.repository}{tag}{f'@{self.digest}' if self.digest else ''}"


def parse_reference(text: str) -> Reference:
    """Return the reference that a text is. Raises BundleFileError."""
    found = _REFERENCE.fullmatch(text)
    if found is None or len(found["repository"]) > 255:
        hint = _("Such as oci://registry.example.org/law/bundle:v1.")
        raise BundleFileError(text, _("Write a bundle in a registry as oci://HOST/REPOSITORY:TAG."), hint)
    return Reference(found["host"], found["repository"], found["tag"], found["digest"])


def is_local(host: str) -> bool:
    """Return True for this machine, which alone is spoken to without TLS."""
    return _LOCAL.fullmatch(host) is not None


def is_hub(host: str) -> bool:
    """Return True for a name of Docker Hub."""
    return host.lower() in _HUB_NAMES


def login_names(host: str) -> tuple[str, ...]:
    """Return the names under which Docker's configuration may hold the credentials of a host; the first one counts."""
    return (_HUB_KEY, host, f"https://{host}") if is_hub(host) else (host, f"https://{host}")


def is_digest(text: object) -> bool:
    """Return True for a digest of SHA-256, the only one that is used."""
    return isinstance(text, str) and re.fullmatch(r"sha256:[0-9a-f]{64}", text) is not None
