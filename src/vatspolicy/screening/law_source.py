"""Where the law of a run comes from, as plain data: each process that needs the law reads it from there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from vatspolicy.authoring.diff.sources import load_pair, read_pair
from vatspolicy.bundles.select import select_law
from vatspolicy.policies.bundle import Bundle


@dataclass(frozen=True)
class LawSource:
    """One law, or two to compare: what ships, a folder of policies, a bundle's file, or `diff`."""

    policies: Path | None = None
    bundle: Path | None = None
    key: Path | None = None
    """The public key that signed the bundle."""
    skip_verify: bool = False
    diff: tuple[str, str] | None = None
    """The state before a change and after it: git revisions, folders or bundles."""
    folder: Path = Path()
    """Where the names of `diff` are looked up."""

    @contextmanager
    def laws(self) -> Iterator[tuple[Bundle, Bundle | None]]:
        """The law to decide under and the law before the change or None, for as long as the block lasts.

        The schemas of the law to decide under are in use meanwhile. Raises InvalidInput, comparison.git.SourceError.
        """
        if self.diff is None:
            with select_law(self.policies, self.bundle, self.key, self.skip_verify) as found:
                yield found.bundle, None
            return
        with load_pair(*read_pair(*self.diff, self.folder)) as (base, head), head.in_use():
            yield head.bundle, base.bundle
