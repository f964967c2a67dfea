"""Files below folders, and those changed since the last read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

State = tuple[int, int, int]
"""Time of the last change in nanoseconds, size in bytes, inode: editors that save by renaming keep the size."""


@dataclass
class WatchedFiles:
    """Policies, fixtures and schemas below some folders."""

    folders: Sequence[Path]
    _states: dict[Path, State] = field(init=False)

    def __post_init__(self) -> None:
        self._states = dict(self._look())

    def __len__(self) -> int:
        return len(self._states)

    def have_changed(self) -> bool:
        """Return whether a file was written, added or removed since the last call of `changed`."""
        return dict(self._look()) != self._states

    def changed(self) -> list[Path]:
        """Return the files that were written, added or removed since the last call, in order."""
        before, self._states = self._states, dict(self._look())
        return sorted(
            path for path in before.keys() | self._states.keys() if before.get(path) != self._states.get(path)
        )

    def _look(self) -> Iterator[tuple[Path, State]]:
        for folder in self.folders:
            for place, _, names in os.walk(folder):
                for name in names:
                    if name.endswith((".yaml", ".json")) and not name.startswith("."):
                        path = Path(place, name)
                        try:
                            status = path.stat()
                        except OSError:  # removed meanwhile
                            continue
                        yield path, (status.st_mtime_ns, status.st_size, status.st_ino)
