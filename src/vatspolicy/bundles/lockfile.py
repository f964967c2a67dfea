"""The lock file: the pinned bundle of a project. No other or older bundle is accepted until it is pinned again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from vatspolicy.bundles.bundle_file import BundleFile, BundleFileError
from vatspolicy.bundles.signature import Signature
from vatspolicy.core.documents import Document, load_document
from vatspolicy.errors import InvalidInput
from vatspolicy.i18n import _
from vatspolicy.output import write_file

_FIELDS = {"version": str, "number": int, "digest": str, "key": str, "scope": str}
_NEEDED = ("version", "number", "digest")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Lock:
    """Pinned bundle."""

    file: str
    version: str
    number: int
    digest: str
    key: str | None = None
    """Id of the signing key; None for an unsigned bundle."""
    scope: str = ""

    def check(self, bundle_file: BundleFile) -> None:
        """Raise BundleFileError for another bundle than the pinned one."""
        here = f"{self.version} (number {self.number})"
        hint = _("After a review, pin it: vatspolicy bundle pin {file}", file=bundle_file.file)
        if bundle_file.number < self.number:
            raise BundleFileError(
                bundle_file.file,
                _("It is older than the bundle that {file} pins, {here}.", file=self.file, here=here),
                _("After a review, pin it: vatspolicy bundle pin {file} --allow-rollback", file=bundle_file.file),
            )
        if (bundle_file.digest, bundle_file.number) != (self.digest, self.number):
            raise BundleFileError(
                bundle_file.file,
                _("It differs from the bundle that {file} pins, {here}.", file=self.file, here=here),
                hint,
            )

    def check_key(self, bundle_file: BundleFile, signature: Signature | None) -> None:
        """Raise BundleFileError if the signing key is not the pinned one."""
        key = signature.key if signature else None
        if key != self.key:
            said = f"the key {self.key}" if self.key else "no key"
            raise BundleFileError(
                bundle_file.file,
                _(
                    "{file} pins a bundle signed by {said}, and this bundle is not signed by it.",
                    file=self.file,
                    said=said,
                ),
            )


def read_lock(path: Path) -> Lock:
    """Read the lock in a file. Raises InvalidInput."""
    document = load_document(path)
    data = document.data
    if not isinstance(data, dict):
        raise InvalidInput([document.problem((), _("A lock must have the keys version, number and digest."))])
    for name, value in data.items():
        if name not in _FIELDS:
            raise _problem_with(document, name, _("A lock has no key {name!r}.", name=name))
        if not isinstance(value, _FIELDS[name]) or isinstance(value, bool):
            raise _problem_with(document, name, _("This value is not allowed here."))
    for name in _NEEDED:
        if name not in data:
            raise InvalidInput([document.problem((), _("The lock has no {name!r}.", name=name))])
    if not _DIGEST.fullmatch(data["digest"]):
        raise _problem_with(document, "digest", _("A digest is `sha256:` and 64 hexadecimal digits."))
    return Lock(str(path), **data)


def _problem_with(document: Document, name: str, message: str) -> InvalidInput:
    return InvalidInput([document.problem((name,), message, _("Write the lock with vatspolicy bundle pin."))])


def pin(path: Path, bundle_file: BundleFile, signature: Signature | None, allow_rollback: bool = False) -> Lock:
    """Write the lock for a bundle, whose signature has been verified.

    Raises BundleFileError for a bundle that is older than the one pinned now, or another one of the same number, unless
    `allow_rollback`; InvalidInput for a lock that cannot be read; OSError.
    """
    from vatspolicy.core.documents.yaml_writer import dump_yaml

    if path.exists() and not allow_rollback:
        now = read_lock(path)
        hint = _("To do so anyway, pass --allow-rollback.")
        if bundle_file.number < now.number:
            raise BundleFileError(
                bundle_file.file, _("It is older than the pinned bundle (number {number}).", number=now.number), hint
            )
        if bundle_file.number == now.number and bundle_file.digest != now.digest:
            raise BundleFileError(
                bundle_file.file, _("It has the number of the pinned bundle, but it is a different bundle."), hint
            )
    key, scope = (signature.key, signature.scope) if signature else (None, "")
    lock = Lock(str(path), bundle_file.version, bundle_file.number, bundle_file.digest, key, scope)
    data = {name: value for name in _FIELDS if (value := getattr(lock, name)) not in (None, "")}
    head = "# Which bundle of policies decides here. Written by `vatspolicy bundle pin`, after a review."
    write_file(path, dump_yaml(data, [head]))
    return lock
