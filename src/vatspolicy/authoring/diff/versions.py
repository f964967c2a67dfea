"""Whether the version of the bundle, the versions of its files and the changelog say what the change does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vatspolicy.authoring.diff.revision import LawRevision
from vatspolicy.authoring.diff.schemas import SchemaChange
from vatspolicy.authoring.diff.structure import LAW, Change

LEVELS = ("none", "patch", "minor", "major")
_HEADING = re.compile(r"^##\s+\[?v?(\d+\.\d+\.\d+)\]?(.*)$", re.MULTILINE)

Version = tuple[int, int, int]


@dataclass(frozen=True)
class Fault:
    """Something a reviewer has to insist on."""

    code: str
    """version, changelog, file-version or review."""
    subject: str
    """What it is about: a version, or a policy."""
    file: str
    line: int


@dataclass(frozen=True)
class Release:
    """What the change does to the version, and what was done about it."""

    before: str
    after: str
    level: str
    """none, patch, minor or major: by what the change was measured to do."""
    because: tuple[str, ...]
    """Why: rule-removed, policy-removed, schema-breaks, decisions-change, law-added, text-changed."""
    needed: str | None
    """The least version that fits; None where any does."""
    faults: tuple[Fault, ...]


def check_release(
    base: LawRevision,
    head: LawRevision,
    changes: Sequence[Change],
    schemas: Sequence[SchemaChange],
    decisions_change: bool,
) -> Release:
    """The release that the change needs, against the one it has."""
    before, after = base.bundle.version, head.bundle.version
    level, because = _level(changes, schemas, decisions_change)
    released = _released(before, base.source.changelog)
    needed = _next(released, level) if released else None
    least = max(needed or _parse(before), _parse(before))
    faults = []
    if _parse(after) < least:
        faults.append(Fault("version", _text(least), head.release.file, head.release.mark(("version",))[0]))
    if level in ("minor", "major") and head.source.changelog is not None:
        faults += [] if _has_entry(base, head) else [Fault("changelog", after, "CHANGELOG.md", 1)]
    faults += _file_faults(base, head, changes)
    return Release(before, after, level, because, _text(needed) if needed else None, tuple(faults))


def _level(
    changes: Sequence[Change], schemas: Sequence[SchemaChange], decisions_change: bool
) -> tuple[str, tuple[str, ...]]:
    reasons = {
        "rule-removed": ("major", any(c.kind == "rule" and c.change == "removed" for c in changes)),
        "policy-removed": ("major", any(c.kind == "policy" and c.change == "removed" for c in changes)),
        "schema-breaks": ("major", any(change.breaking for change in schemas)),
        "decisions-change": ("minor", decisions_change),
        "law-added": ("minor", any(c.change == "added" and c.kind in LAW for c in changes)),
        "text-changed": ("patch", bool(schemas) or any(c.kind not in ("tests", "fixture") for c in changes)),
    }
    level = max((level for level, holds in reasons.values() if holds), key=LEVELS.index, default="none")
    return level, tuple(name for name, (of, holds) in reasons.items() if holds and of == level)


def _released(version: str, changelog: str | None) -> Version | None:
    """The version that the base has released: its own, or the one before it while the changelog calls it unreleased."""
    headings = [(_parse(found[1]), "unreleased" in found[2].lower()) for found in _HEADING.finditer(changelog or "")]
    own = _parse(version)
    if all(heading != own for heading, _ in headings):
        return own
    return max((heading for heading, is_open in headings if heading <= own and not is_open), default=None)


def _next(version: Version, level: str) -> Version:
    """The least version after a change of a level. Below 1.0.0 a breaking change raises the second number."""
    major, minor, patch = version
    match level:
        case "major" if major:
            return (major + 1, 0, 0)
        case "major" | "minor":
            return (major, minor + 1, 0)
        case "patch":
            return (major, minor, patch + 1)
        case _:
            return version


def _has_entry(base: LawRevision, head: LawRevision) -> bool:
    """Whether the changelog of the head says something new under its version, or under what is unreleased."""
    new = _entries(head.source.changelog or "", head.bundle.version)
    return bool(new - _entries(base.source.changelog or "", head.bundle.version))


def _entries(changelog: str, version: str) -> set[str]:
    """Lines under the heading of a version, or under a heading `Unreleased`."""
    lines: set[str] = set()
    inside = False
    for line in changelog.splitlines():
        if line.startswith("## "):
            found = _HEADING.match(line)
            inside = found[1] == version if found else "unreleased" in line.lower()
        elif inside and line.strip():
            lines.add(line.strip())
    return lines


def _file_faults(base: LawRevision, head: LawRevision, changes: Sequence[Change]) -> list[Fault]:
    """Files whose past was rewritten under their old version, and reviews of a text that has changed since."""
    faults = []
    touched = {c.policy for c in changes if c.kind in (*LAW, "article")}
    mended = {c.policy for c in changes if c.mends}
    for id in sorted(touched & head.documents.keys() & base.documents.keys()):
        old, new = base.documents[id], head.documents[id]
        if id in mended and _parse(new.data["version"]) <= _parse(old.data["version"]):
            faults.append(Fault("file-version", id, new.file, new.mark(("version",))[0]))
    for id, document in sorted(head.documents.items()):
        review = document.data.get("review")
        old_review = base.documents[id].data.get("review") if id in base.documents else None
        if review and (review["version"] != document.data["version"] or (id in touched and review == old_review)):
            faults.append(Fault("review", id, document.file, document.mark(("review",))[0]))
    return faults


def _parse(text: str) -> Version:
    major, minor, patch = (int(part) for part in text.split("."))
    return (major, minor, patch)


def _text(version: Version) -> str:
    return ".".join(map(str, version))
