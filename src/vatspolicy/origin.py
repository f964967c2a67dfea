"""The origin of this copy of vatspolicy: the address of its repository, and the command that installs an extra.

A build writes both into the package (hatch_build.py). A copy that runs from a checkout takes the address from git.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping

RECORD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_resources", "origin.json")
"""The record of a build: `repository`, the address; `published`, True for a package on the index."""

_CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def install(extra: str) -> str:
    """Return the command that installs an extra: by name if this package is published, else from a checkout."""
    package = "vatspolicy" if _record().get("published") is True else "."
    return f"pip install '{package}[{extra}]'"


def requirement(version: str) -> str | None:
    """Return the requirement with which pip installs this version elsewhere, or None if its address is unknown."""
    if _record().get("published") is True:
        return f"vatspolicy=={version}"
    address = repository()
    return f"vatspolicy @ git+{address}" if address else None


def repository() -> str | None:
    """Return the web address of the repository (`https://host/owner/name`), or None if it is not known."""
    address = _record().get("repository")
    return (address if isinstance(address, str) else None) or _address_of(_CHECKOUT)


def page(path: str, anchor: str = "") -> str | None:
    """Return the address of a page of the documentation, or None if the repository is not known."""
    address = repository()
    if address is None:
        return None
    return f"{address}/blob/HEAD/docs/{path}" + (f"#{anchor}" if anchor else "")


def web_address(remote: str) -> str | None:
    """Return the web address of a remote of git, or None if it has none. Credentials in it are omitted."""
    import re

    start = r"(?:https?://(?:[^@/\s]+@)?|ssh://(?:[^@/\s]+@)?|[\w.-]+@)"
    match = re.fullmatch(start + r"([A-Za-z0-9][\w.-]*)(?::\d+)?[:/]([\w./~-]+)", remote.strip())
    return f"https://{match[1]}/{match[2].strip('/').removesuffix('.git')}" if match else None


@functools.cache
def _record() -> Mapping[str, object]:
    import json

    try:
        with open(RECORD, "rb") as file:
            record = json.load(file)
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


@functools.cache
def _address_of(folder: str) -> str | None:
    import subprocess

    if not os.path.exists(os.path.join(folder, ".git")):
        return None
    command = ["git", "-C", folder, "config", "--get", "remote.origin.url"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    return web_address(answer.stdout)
